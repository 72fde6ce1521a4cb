r"""A Jacobian of any size: letters for its sizes, dots where entries go on regularly.

`\begin{bmatrix} x_{1} & \cdots & x_{n} \\ 0 & \cdots & 0 \\ \vdots & & \vdots \end{bmatrix}`: deltas tell where zeros
are. Dots stand only between entries of one form, `x_1`, `x_n` or 0, 0, and what they leave out has that form too. On a
diagonal they run along it; where that leaves entries beside the diagonal that are not zero, the entry i, j is added.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.errors import FormError, shape_text
from jacobians.forms.entries import bmatrix, slice_list
from jacobians.forms.writers import Writer
from jacobians.notation import name_to_latex
from jacobians.printing import LATEX, index_latex, index_letters, label_latex, nice, untransposed
from jacobians.structure import axis_names
from jacobians.terms import Labels, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: Letters for sizes, in the order of the axes.
SIZES = "mnklqrst"
#: The indices of a row of entries that may be shown: the first ones, the last ones (`-1` is the one before the last).
#: GAP are the dots; the plainest come first.
GAP = "..."
CHOICES = (("1", GAP, "n"), ("1", "2", GAP, "n"), ("1", GAP, "-1", "n"), ("1", "2", "3", GAP, "n"))
#: All indices that differ for the reader: ANY stands for one between the others.
ANY = "any"
ORDER = ("1", "2", "3", ANY, "-1", "n")
#: What an index is written as where only the form of an entry matters.
FORM = r"\bullet"


def general(J: Jacobian, of: str = "J", wrt: str = "", writer: Writer | None = None) -> str:
    """The vector, the matrix, or the slices 1, 2, ..., m of a Jacobian for sizes of any value.

    A `writer` knows the letters of the sizes and what coefficients come from them; without one coefficients have to be
    1 or -1, since any other could come from a size.

    Raises:
        FormError: a shape that is none of these, or a structure in which the labels do not tell what is zero.
    """
    pattern = _Pattern(J, writer)
    if len(J.shape) < 3:
        return pattern.matrix(())
    slices = [(k if k != "n" else pattern.size[0], pattern.matrix((k,))) for k in ("1", "2", "n")]
    return slice_list([*slices[:2], ("", ""), slices[2]], of, wrt)


class _Pattern:
    """The entries of a Jacobian by the indices 1, 2, 3, ..., n of its axes."""

    def __init__(self, J: Jacobian, writer: Writer | None) -> None:
        self.J, self.terms = J, J.shown.terms
        self._refuse(known=writer is not None)
        self.names = axis_names(self.terms, len(J.shape))
        self.number = writer.number if writer else (lambda x: LATEX.number(nice(x)))
        self.size = [writer.size(n) for n in J.shape] if writer else self._sizes()
        if fixed := [n for n in self.size if n.isdigit()]:
            raise FormError(
                f"general form: an axis has the size {fixed[0]}, whatever the other sizes are; use 'index', or "
                "'symbols' for given sizes"
            )

    def _refuse(self, known: bool) -> None:
        J = self.J
        instead = "; use J.latex('index'), or J.latex('symbols') for these sizes"
        if not (1 <= len(J.shape) <= 3) or (len(J.shape) == 3 and len(J.out_shape) != 1):
            raise FormError(
                f"general form: expected a vector, a matrix, or slices of one output axis, got the shape "
                f"{shape_text(J.out_shape)} | {shape_text(J.in_shape)}{instead}"
            )
        for f in (f for t in self.terms for f in t.factors):
            if f.value.dtype == bool or "{" in f.name:
                raise FormError(
                    f"general form: the 0/1 pattern {f.name} decides what is zero, not the labels alone{instead}"
                )
        if other := [t.coef for t in self.terms if not known and abs(t.coef) != 1]:
            raise FormError(
                f"general form: whether the coefficient {other[0]:.6g} depends on a size is not known from one "
                "Jacobian; use symbolic.latex(op, wrt, 'general'), or J.latex('index')"
            )

    def _sizes(self) -> list[str]:
        """A letter for every axis; axes that a delta ties in any term have the same."""
        first: list[int] = []
        for axis in range(len(self.names)):
            tied = [first[k] for k in range(axis) for t in self.terms if _axes(t)[k] == _axes(t)[axis]]
            first.append(min(tied, default=axis))
        taken = {*self.names, *(f.name for t in self.terms for f in t.factors)}
        free = [a for a in SIZES if a not in taken][len({*first}) == 1 :]  # one size alone is called n
        letters = dict(zip(dict.fromkeys(first), free, strict=False))
        return [letters[k] for k in first]

    # ----- one entry -----

    def formula(self) -> str:
        """The entry at the axes' own letters, with deltas."""
        parts = []
        for term in self.terms:
            name = index_letters(term, self.names)
            tied = [(name[a], b) for a, b in zip(_axes(term), self.names, strict=True) if name[a] != b]
            letters = {a: label_latex(b) for a, b in name.items()}
            parts.append((term.coef, self._product(term, letters, [LATEX.delta(a, b) for a, b in tied])))
        return _sum(parts)

    def entry(self, at: Sequence[str], written: Mapping[int, str] | None = None) -> str:
        """The entry at indices such as ("1", "n"); `written` says how the index of an axis prints instead."""
        shown = [(written or {}).get(k, self.index(k, i)) for k, i in enumerate(at)]
        here = [t for t in self.terms if all(at[_axes(t).index(a)] == i for a, i in zip(_axes(t), at, strict=True))]
        return _sum([(t.coef, self._product(t, dict(zip(_axes(t), shown, strict=True)))) for t in here])

    def index(self, axis: int, index: str) -> str:
        """`1`, `n-1`, `n`, with the letter of the axis."""
        return {"n": self.size[axis], "-1": f"{self.size[axis]}-1"}.get(index, index)

    def _product(self, term: Term, index: Mapping[str, str], deltas: Sequence[str] = ()) -> str:
        """The product of a term without its sign."""
        letter = index_letters(term, self.names, self.size)
        summed = {a: label_latex(letter[a]) for a in term.hidden}
        parts = [*deltas]
        parts += [rf"\sum_{{{', '.join(summed.values())}}}"] if summed else []
        for f in term.factors:
            name, labels = untransposed(f.name, tuple({**index, **summed}[a] for a in f.labels))
            parts.append(name_to_latex(name, labels, factor=True))
        if abs(term.coef) != 1 or not parts:
            parts.insert(0, self.number(abs(term.coef)))
        return " ".join(parts)

    # ----- matrices -----

    def matrix(self, fixed: tuple[str, ...]) -> str:
        """The matrix over the last two axes (a transposed row over the last one), the ones before at fixed indices."""
        rank = len(self.names) - len(fixed)
        one = ("1",)
        rows, columns = (CHOICES, CHOICES) if rank == 2 else ((one,), CHOICES)
        plain = sorted(itertools.product(rows, columns), key=lambda pair: len(pair[0]) + len(pair[1]))
        here = fixed if rank == 2 else (*fixed, None)
        for chosen in plain:
            if self._regular(here, *chosen):
                found = bmatrix(np.array(self._cells(here, *chosen), object))
                return found if rank == 2 else found + r"^{\top}"
        if rank == 2 and self.size[-1] == self.size[-2] and self._on_diagonal(here):
            return self._diagonal(here)
        raise FormError(
            f"general form: the entries of {index_latex(self.J)} do not go on in one form from index to index; use "
            "J.latex('index'), or J.latex('symbols') for these sizes"
        )

    def _at(self, here: tuple[str | None, ...], row: str, column: str) -> tuple[str, ...]:
        """Indices of all axes; of a vector the row is no axis."""
        return (*(i for i in here if i is not None), *(() if None in here else (row,)), column)

    def _form(self, here: tuple[str | None, ...], row: str, column: str, over: Sequence[int]) -> str:
        """The entry with the indices of the axes `over` (from the end) left open."""
        at = self._at(here, row, column)
        return self.entry(at, {len(at) - k: FORM for k in over})

    def _regular(self, here: tuple[str | None, ...], rows: Sequence[str], columns: Sequence[str]) -> bool:
        """Whether all dots stand between, and for, entries of one form."""
        blocks: list[tuple[list[str], list[str], tuple[int, ...]]] = [
            *((_around(rows), [c], (2,)) for c in columns if c != GAP),
            *(([r], _around(columns), (1,)) for r in rows if r != GAP),
        ]
        blocks.append((_around(rows), _around(columns), (1, 2)))
        return all(
            len({self._form(here, r, c, over) for r in some for c in others}) <= 1 for some, others, over in blocks
        )

    def _cells(self, here: tuple[str | None, ...], rows: Sequence[str], columns: Sequence[str]) -> list[list[str]]:
        dots = {(True, True): r"\ddots", (True, False): r"\vdots", (False, True): r"\cdots"}
        return [[dots.get((r == GAP, c == GAP)) or self.entry(self._at(here, r, c)) for c in columns] for r in rows]

    # ----- diagonals -----

    def _on_diagonal(self, here: tuple[str | None, ...]) -> bool:
        """Whether the entries of the diagonal have one form, and all others another one."""
        diagonal = {self._form(here, k, k, (1, 2)) for k in ORDER}
        beside = {self._form(here, r, c, (1, 2)) for r, c in itertools.permutations(ORDER, 2)}
        return len(diagonal) == len(beside) == 1

    def _diagonal(self, here: tuple[str | None, ...]) -> str:
        shown = ("1", "2", GAP, "n")
        cells = self._cells(here, shown, shown)
        if cells[0][1] == "0" == cells[1][0]:  # dots run along the diagonal and along the zeros on both sides of it
            cells[1][2:] = [r"\ddots", r"\vdots"]
            cells[2] = [r"\vdots", r"\ddots", r"\ddots", "0"]
            cells[3][1:3] = [r"\cdots", "0"]
            return bmatrix(np.array(cells, object))
        place = ", ".join(map(label_latex, self.names))
        return rf"{bmatrix(np.array(cells, object))} \quad (\text{{entry }} {place}\colon {self.formula()})"


def _axes(term: Term) -> Labels:
    return (*term.out, *term.inp)


def _sum(parts: Sequence[tuple[float, str]]) -> str:
    """Products without their signs, by the signs of their coefficients; 0 where there are none."""
    signed = [(math.copysign(1, coef) < 0, text) for coef, text in parts]
    first = [("-" if negative else "") + text for negative, text in signed[:1]]
    return "".join([*first, *((" - " if negative else " + ") + text for negative, text in signed[1:])]) or "0"


def _around(indices: Sequence[str]) -> list[str]:
    """The indices beside the dots and all that the dots stand for; none where there are no dots."""
    if GAP not in indices:
        return []
    at = indices.index(GAP)
    first, last = ORDER.index(indices[at - 1]), ORDER.index(indices[at + 1])
    return list(ORDER[first : last + 1])
