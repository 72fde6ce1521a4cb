"""The matrix vec(output) x vec(input) in symbols: `[w_1 w_2 w_3 0 0; 0 w_1 w_2 w_3 0; ...]` for a convolution.

A cell is a sum of products of entries of the factors, written out from the very terms that print. Indices count from
1, as in mathematics and in the LaTeX of the slices; an index that can only be 1 is left out. 0/1 patterns become zeros.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from jacobians.errors import FormError
from jacobians.forms.entries import bmatrix
from jacobians.forms.tensor import prove
from jacobians.printing import LATEX, TEXT, Style, entry_latex, entry_text, nice, untransposed
from jacobians.structure import axis_names
from jacobians.terms import Array, Factor, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian, Vec

#: More cells than this, or more products in all cells together, are no help to a reader.
CELLS, PRODUCTS = 400, 4000
#: Index combinations of one term that are looked through.
COMBINATIONS = 10**6

#: A rule between two rows or columns: none, between blocks, between blocks of blocks.
Rule = Literal[0, 1, 2]


class Symbol(NamedTuple):
    """One entry of a factor: `W`, ("1", "2")."""

    name: str
    at: tuple[str, ...]


@dataclass(slots=True)
class Product:
    """A coefficient times symbols, in the order in which they print."""

    coef: float
    symbols: tuple[Symbol, ...]


#: How a symbol is written: name and index.
Entry = Callable[[str, tuple[str, ...]], str]
#: The sum in one cell: products by their symbols in sorted order, so that like products add up.
Cell = dict[tuple[Symbol, ...], Product]


@dataclass(frozen=True, eq=False)
class SymbolMatrix:
    """The cells by row and column, the value of every symbol, and where blocks meet."""

    cells: tuple[tuple[Cell, ...], ...]
    values: dict[Symbol, float]
    row_rules: tuple[Rule, ...]
    column_rules: tuple[Rule, ...]
    heading: str

    def matrix(self) -> Array:
        """The matrix, evaluated from the symbols."""
        return np.array([[self._value(cell) for cell in row] for row in self.cells])

    def _value(self, cell: Cell) -> float:
        return math.fsum(p.coef * math.prod(self.values[s] for s in p.symbols) for p in cell.values())

    def text(self) -> str:
        """Rows in brackets, columns aligned, rules between blocks; above them, what rows and columns run over."""
        cells = [[written(cell, TEXT, entry_text) for cell in row] for row in self.cells]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        gap = 2 if any(" " in c for row in cells for c in row) else 1
        lines = [self.heading] if self.heading else []
        for row, rule in zip(cells, (*self.row_rules, 0), strict=True):
            lines.append(self._line([c.center(w) for c, w in zip(row, widths, strict=True)], gap, " "))
            if rule:
                fill = "─═"[rule - 1]
                lines.append(self._line([fill * w for w in widths], gap, fill))
        return "\n".join(lines)

    def _line(self, parts: Sequence[str], gap: int, fill: str) -> str:
        """One line; where a rule between rows meets one between columns they cross."""
        signs = {" ": " │║", "─": "─┼╫", "═": "═╪╬"}[fill]
        gaps = (fill * gap if not rule else f"{fill}{signs[rule]}{fill}" for rule in self.column_rules)
        return f"[{parts[0]}" + "".join(g + part for g, part in zip(gaps, parts[1:], strict=True)) + "]"

    def latex(self) -> str:
        """A bmatrix; with blocks, an array with lines between the columns and room between the rows of blocks."""
        cells = [[written(cell, LATEX, entry_latex) for cell in row] for row in self.cells]
        if not any((*self.row_rules, *self.column_rules)):
            return bmatrix(np.array(cells, object))
        columns = "c" + "".join(("", "|", "||")[rule] + "c" for rule in self.column_rules)
        ends = [r" \\ " if not rule else rf" \\[{6 * rule}pt] " for rule in self.row_rules]
        rows = [" & ".join(row) for row in cells]
        body = "".join(row + end for row, end in zip(rows, (*ends, ""), strict=True))
        return rf"\left[\begin{{array}}{{{columns}}} {body} \end{{array}}\right]"


def symbols(J: Jacobian, vec: Vec = "row") -> SymbolMatrix:
    """The matrix of `J.matrix(vec)` in symbols, proved equal.

    Raises:
        FormError: too large to read, two arrays under one name, or it could not be proved.
    """
    shape = math.prod(J.out_shape), math.prod(J.in_shape)
    if J.size > CELLS:
        raise FormError(
            f"symbols: the matrix {shape[0]} x {shape[1]} has {J.size:,} entries, at most {CELLS} are written in "
            "symbols; take a smaller example of the same kind, or J.text('index')"
        )
    cells: list[list[Cell]] = [[{} for _ in range(shape[1])] for _ in range(shape[0])]
    values: dict[Symbol, float] = {}
    left = PRODUCTS
    for term in J.shown.terms:
        left -= _write(term, vec, cells, values, left)
    found = SymbolMatrix(
        tuple(tuple({k: p for k, p in cell.items() if p.coef} for cell in row) for row in cells),
        values,
        _rules(J.out_shape, vec),
        _rules(J.in_shape, vec),
        _heading(J, vec),
    )
    prove(f"symbols, vec={vec!r}", found.matrix(), J.matrix(vec))
    return found


def _write(term: Term, vec: Vec, cells: list[list[Cell]], values: dict[Symbol, float], room: int) -> int:
    """Add the products of one term to the cells they belong to; how many there are."""
    numbers = [f for f in term.factors if _is_number(f)]
    named = [f for f in term.factors if not _is_number(f)]
    combinations = _combinations(term, numbers)
    if len(combinations) > room:
        raise FormError(
            f"symbols: the cells are sums of {PRODUCTS - room + len(combinations):,} products in all, at most "
            f"{PRODUCTS:,} are written; take a smaller example of the same kind, or J.text('index')"
        )
    for at in combinations:
        where = dict(zip(term.sizes, map(int, at), strict=True))
        coef = term.coef * math.prod(float(f.value[tuple(where[a] for a in f.labels)]) for f in numbers)
        product = tuple(_symbol(f, where, values) for f in named)
        row, column = (_position(labels, where, term, vec) for labels in (term.out, term.inp))
        cells[row][column].setdefault(tuple(sorted(product)), Product(0.0, product)).coef += coef
    return len(combinations)


def _is_number(f: Factor) -> bool:
    """A 0/1 pattern, or what is named by its labels' values: it prints as a number."""
    return f.value.dtype == bool or "{" in f.name


def _combinations(term: Term, numbers: Sequence[Factor]) -> Array:
    """The index combinations, labels in the order of `term.sizes`, at which no pattern is zero."""
    sizes = tuple(term.sizes.values())
    if math.prod(sizes) > COMBINATIONS:
        raise FormError(
            f"symbols: the term {term.pattern} has {math.prod(sizes):,} combinations of indices, at most "
            f"{COMBINATIONS:,} are looked through; take a smaller example of the same kind"
        )
    order = list(term.sizes)
    mask = np.ones(sizes, bool)
    for f in numbers:
        indices = np.ix_(*(np.arange(n) for n in sizes))
        mask &= f.value[tuple(indices[order.index(a)] for a in f.labels)] != 0
    return np.argwhere(mask)


def _symbol(f: Factor, where: dict[str, int], values: dict[Symbol, float]) -> Symbol:
    at = tuple(where[a] for a in f.labels)
    name, shown = untransposed(
        f.name, tuple(str(k + 1) if n > 1 else "" for k, n in zip(at, f.value.shape, strict=True))
    )
    symbol = Symbol(name, tuple(filter(None, shown)))
    value = float(f.value[at])
    if values.setdefault(symbol, value) != value and not math.isnan(value):
        raise FormError(
            f"symbols: {entry_text(*symbol)} would stand for {values[symbol]:.6g} and for {value:.6g}, since two "
            "different factors have this name; give them different names"
        )
    return symbol


def _position(labels: Sequence[str], where: dict[str, int], term: Term, vec: Vec) -> int:
    """Which row or column of the matrix."""
    position = 0
    for a in labels if vec == "row" else labels[::-1]:
        position = position * term.sizes[a] + where[a]
    return position


# ----- where blocks meet -----


def _rules(shape: Sequence[int], vec: Vec) -> tuple[Rule, ...]:
    """A rule where any axis but the one that runs first moves on; a double one where a third axis does."""
    axes = [range(n) for n in (shape if vec == "row" else shape[::-1]) if n > 1]
    return tuple(_rule(one, two) for one, two in itertools.pairwise(itertools.product(*axes)))


def _rule(one: Sequence[int], two: Sequence[int]) -> Rule:
    slowest = next(k for k, (a, b) in enumerate(zip(one, two, strict=True)) if a != b)
    return (0, 1, 2)[min(2, len(one) - 1 - slowest)]


def _heading(J: Jacobian, vec: Vec) -> str:
    """`rows (o, y), columns (c, x); the last index runs first`."""
    names = axis_names(J.shown.terms, len(J.shape))
    n = len(J.out_shape)
    sides = [("rows", names[:n]), ("columns", names[n:])]
    parts = [f"{side} {a[0] if len(a) == 1 else '(' + ', '.join(a) + ')'}" for side, a in sides if a]
    several = any(len(a) > 1 for _, a in sides)
    return ", ".join(parts) + (f"; the {'last' if vec == 'row' else 'first'} index runs first" if several else "")


# ----- how a cell is written -----


def written(cell: Cell, style: Style, entry: Entry) -> str:
    """`W_11 x_1 + 2 b_1`; 0 where the cell is empty."""
    result = ""
    for product in cell.values():
        negative = product.coef < 0
        sign = ("-" if negative else "") if not result else (" - " if negative else " + ")
        result += sign + " ".join(_factors(product, style, entry))
    return result or "0"


def _factors(product: Product, style: Style, entry: Entry) -> Iterator[str]:
    size = nice(abs(product.coef))
    if size != 1 or not product.symbols:
        yield style.number(size)
    yield from (entry(s.name, s.at) for s in product.symbols)
