"""The axes of products: which sizes a product makes equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jacobians.claims.axes import NUMBER, Axes, Misfit
from jacobians.claims.products import meaning
from jacobians.notation import tree as t

if TYPE_CHECKING:
    from jacobians.claims.axes import AxesReader


def product(reader: AxesReader, a: Axes, b: Axes, sign: str, at: t.Tree) -> Axes | None:
    """The axes of a product, by what its sign means in the document."""
    if not a.cells or not b.cells:
        return a if a.cells else b
    kind = meaning(sign, reader.context.settings)
    if kind == "elementwise":
        return reader.all_same(a, b, at)
    if kind != "matrix product":
        return Axes((*a.cells, *b.cells)) if kind == "outer product" else None
    if sign == "·" and len(a.cells) == len(b.cells) == 1 and a.side == b.side:
        reader.all_same(a, b, at)
        return NUMBER
    return matrix(reader, a, b, at)


def matrix(reader: AxesReader, a: Axes, b: Axes, at: t.Tree) -> Axes | None:
    """The axes of a matrix product, with vectors as the columns or rows that they are."""
    ranks = len(a.cells), len(b.cells)
    if ranks == (1, 1):
        sides = (a.side, b.side)
        if sides == ("column", "column") or sides == ("row", "row"):
            reader.misfits.append(Misfit(at))
            return None
        if a.side == "column" or b.side == "row":
            return Axes((*a.cells, *b.cells))
        reader.same(a.cells[0], b.cells[0], at)
        return NUMBER
    if max(ranks) > 2:
        return None
    if (ranks == (2, 1) and b.side == "row") or (ranks == (1, 2) and a.side == "column"):
        reader.misfits.append(Misfit(at))
        return None
    reader.same(a.cells[-1], b.cells[0], at)
    made = (*a.cells[:-1], *b.cells[1:])
    return Axes(made, "row" if ranks == (1, 2) else "column")
