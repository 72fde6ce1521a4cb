r"""The Jacobians of an op as its sheet shows them: entry by entry, and as a matrix where that is proved.

The index form is that of the op's own rule, with letters for sizes: it is there at once. SymPy's derivative of the
formula, `symbolic.latex(op, wrt, "index")`, is the second opinion; that the two are equal is what the tests compare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from jacobians.errors import FormError
from jacobians.forms import tensor
from jacobians.forms.writers import Writer
from jacobians.jacobian import Jacobian
from jacobians.notation import name_to_latex
from jacobians.op import Op
from jacobians.printing import LATEX, Style, index_latex, term_parts
from jacobians.sheet import sheet
from jacobians.structure import axis_names
from jacobians.terms import Factor, Labels
from symbolic.index import Frame, frame
from symbolic.latex import with_letters
from symbolic.scope import Expr

#: `1/sigma`, `1/y^2`: an entry of it is one over an entry.
_INVERSE = re.compile(r"1/([A-Za-z]\w*)(?:\^(\d+))?")


#: Stands in no formula.
_BETWEEN = "\n"


@dataclass(frozen=True)
class Entry:
    """The Jacobian by one input; all texts are LaTeX for math mode."""

    wrt: str
    #: The entry of the output and that of the input: `a_{o}`, `W_{o' i}`.
    of: str
    at: str
    index: str
    #: The same as a matrix or a tensor, empty where there is no such form.
    matrix: str
    #: The number of axes, outputs and inputs.
    axes: int
    #: The size of the input that the numbers are for, empty where the formula holds for all.
    example: str = ""

    @property
    def head(self) -> str:
        """The left side of the equation."""
        return rf"\frac{{\partial {self.of}}}{{\partial {self.at}}}"


@lru_cache(maxsize=256)
def entries(op: Op) -> tuple[Entry, ...]:
    """By every differentiable input."""
    return tuple(entry(op, wrt) for wrt in op.differentiable())


def entry(op: Op, wrt: str) -> Entry:
    """By one input."""
    f = frame(op, wrt)
    letters = sizes_by_axis(f)
    of, at = (name_to_latex(name, [a.name for a in axes]) for name, axes in ((op.symbol, f.out), (wrt, f.inp)))
    try:
        index, matrix = with_letters(op, wrt, _both, letters).split(_BETWEEN)
    except FormError:  # the matrix form may be another one for other sizes
        try:
            index, matrix = with_letters(op, wrt, _index, letters), ""
        except FormError:
            return _of_example(op, wrt)
    return Entry(wrt, of, at, index, matrix, len(f.out) + len(f.inp))


def _both(J: Jacobian, writer: Writer) -> str:
    """The index form, and the matrix form or nothing."""
    try:
        matrix = tensor(J).write(writer)
    except FormError:
        matrix = ""
    return f"{_index(J, writer)}{_BETWEEN}{matrix}"


def _index(J: Jacobian, writer: Writer) -> str:
    """The index form; sizes in 0/1 patterns, such as `[o = 13 i + j]`, are letters too."""

    def factor(f: Factor, labels: Labels) -> str:
        if inverse := _INVERSE.fullmatch(f.name):
            power = f"^{{{inverse[2]}}}" if inverse[2] else ""
            return rf"\frac{{1}}{{{name_to_latex(inverse[1], labels)}{power}}}"
        written = LATEX.factor(f, labels)
        return re.sub(r"\d+", lambda m: writer.size(int(m[0])), written) if "{" in f.name else written

    return factored(J, replace(LATEX, factor=factor, number=lambda x: writer.number(float(x))))


def factored(J: Jacobian, style: Style) -> str:
    r"""The index form with what all terms share before a bracket: `p_{i} (\delta_{i j} - p_{j})`."""
    terms = J.shown.terms
    names = axis_names(terms, len(J.shape))
    signed = [term_parts(term, names, style) for term in terms]
    shared = _shared([parts for _, parts in signed])
    if len(signed) < 2 or not shared:
        return index_latex(J, style)
    minus = signed[0][0]
    inside = ""
    for negative, parts in signed:
        rest = " ".join(_without(parts, shared)) or "1"
        inside += ("" if not inside else " - " if negative != minus else " + ") + rest
    return f"{'-' if minus else ''}{' '.join(shared)} ({inside})"


def _shared(terms: list[list[str]]) -> list[str]:
    """The factors of the first term that all have, as often as all have them; entries under a sum with their sum."""
    rest = [list(parts) for parts in terms]
    shared = []
    for part in terms[0]:
        if all(part in parts for parts in rest):
            shared.append(part)
            for parts in rest:
                parts.remove(part)
    return shared


def _without(parts: list[str], shared: list[str]) -> list[str]:
    left = list(parts)
    for part in shared:
        left.remove(part)
    return left


def _of_example(op: Op, wrt: str) -> Entry:
    """With the numbers of a small example, where they depend on more than the sizes of the axes."""
    page = sheet(op)
    J = page.jacobians[wrt]
    names, n = axis_names(J.shown.terms, len(J.shape)), len(J.out_shape)
    of, at = name_to_latex(op.symbol, names[:n]), name_to_latex(wrt, names[n:])
    shape = r" \times ".join(map(str, page.inputs[wrt].shape))
    return Entry(wrt, of, at, factored(J, LATEX), "", len(J.shape), shape)


def sizes_by_axis(f: Frame) -> Mapping[Expr, str]:
    """`n_{i}` for the size of the axis i; n where there is only one axis, N for the number of samples n."""
    signature = f.scope.labels
    labels = dict.fromkeys((*f.scope.output, *(a for spec in signature.values() for a in spec)))
    free = {f.scope.size(a): a for a in labels if f.scope.size(a).is_Symbol}
    return {size: "n" if len(free) == 1 and a != "n" else "N" if a == "n" else f"n_{{{a}}}" for size, a in free.items()}
