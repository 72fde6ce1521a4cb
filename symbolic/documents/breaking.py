r"""Wide lines in rows: broken before relations, then before + and -, then before the signs of products.

A row that goes on begins with its sign and is indented. Where no sign helps, factors that stand side by side are
parted, with a \cdot, or a bracket is broken, which gets a fixed size then: whichever takes fewer rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from symbolic.documents.math_list import (
    BINARY,
    RELATIONS,
    SIZED,
    Cover,
    Fence,
    Fraction,
    Group,
    Node,
    Scripts,
    Sign,
    math_list,
)
from symbolic.documents.widths import bracket_for, size_of, width_of

#: What stands before a row that goes on.
INDENT, INDENT_WIDTH = r"\qquad ", 2.0
#: Signs by how readily a row ends before them.
SIGNS = (("=", ":=", r"\le", r"\ge"), ("+", "-"), (r"\odot", r"\circ", r"\otimes", r"\times"), (r"\cdot",))
#: Nothing may come between these and what they work on.
_BOUND = frozenset((r"\partial", r"\nabla")) | BINARY | RELATIONS


def rows(tex: str, width: float) -> list[str]:
    r"""The formula in rows of at most `width` em, where it can be broken; from the second on each is indented."""
    first, *more = _Breaker(width).rows(tex)
    return [first, *(INDENT + row for row in more)]


class _Piece(NamedTuple):
    """A part of a formula, and the sign that joins it to the part before where the source has none."""

    tex: str
    sign: str = ""


class _Breaker:
    """Breaks formulas for one width."""

    def __init__(self, width: float) -> None:
        self.width = width

    def fits(self, row: str, first: bool) -> bool:
        return width_of(row if first else INDENT + row) <= self.width

    def rows(self, tex: str, first: bool = True) -> list[str]:
        """Rows; all but the `first` of the formula will be indented."""
        if self.fits(tex, first):
            return [tex]
        for pieces in (way(tex) for way in map(_before, SIGNS)):
            if len(pieces) > 1:
                return self.packed(pieces, first)
        others = [self.packed(pieces, first) for pieces in (_factors(tex), _in_brackets(tex)) if len(pieces) > 1]
        if others:
            return min(others, key=len)
        operator = _as_operator(tex)
        return [tex] if operator is None else self.rows(operator, first)

    def packed(self, pieces: Sequence[_Piece], first: bool) -> list[str]:
        """As many pieces in a row as there is room for; a piece that is too wide by itself is broken further."""
        rows: list[str] = []
        row, taken = "", 0.0
        for tex, sign in pieces:
            indented = not first or bool(rows)
            added = width_of(INDENT + tex) - INDENT_WIDTH
            if taken + added + INDENT_WIDTH * indented <= self.width:
                row, taken = f"{row} {tex}" if row else tex, taken + added
                continue
            if row:
                rows.append(row.removesuffix(r"\,").rstrip())
                tex = f"{sign} {tex}" if sign else tex
            *done, row = self.rows(tex, first and not rows)
            rows += done
            taken = width_of(INDENT + row) - INDENT_WIDTH
        return [*rows, row]


def _before(signs: Sequence[str]) -> Callable[[str], list[_Piece]]:
    """Pieces that begin with one of the signs."""

    def pieces(tex: str) -> list[_Piece]:
        found = math_list(tex)
        cuts = [
            start
            for start, item in zip(found.starts[1:], found.items[1:], strict=False)
            if isinstance(item, Sign) and item.kind in ("binary", "relation") and item.tex in signs
        ]
        return _cut(tex, [start for start in cuts if not _open(found, start)])

    return pieces


def _factors(tex: str) -> list[_Piece]:
    r"""Factors that stand side by side with a blank or `\,` between them."""
    found = math_list(tex)
    solid = [(i, s) for i, s in zip(found.items, found.starts, strict=False) if i != Sign(r"\,", "space")]
    cuts = [
        start
        for (before, _), (item, start) in itertools.pairwise(solid)
        if _joined(before, item) and tex[start - 1] in " ," and not _open(found, start)
    ]
    return [_Piece(piece.tex, r"\cdot" * bool(number)) for number, piece in enumerate(_cut(tex, cuts))]


def _joined(before: Node, behind: Node) -> bool:
    """Whether two neighbours are factors of a product."""
    start = behind.base if isinstance(behind, Scripts) else behind
    if isinstance(start, Sign) and start.kind not in ("letter", "operator", "open"):
        return False
    match before:
        case Sign(tex, kind):
            return kind == "letter" and tex not in _BOUND
        case Scripts(Sign() | Cover(r"\operatorname") as base):
            return _joined(base, behind)
        case Fraction(Group((Sign(r"\partial"),))):  # it works on what follows
            return False
        case Cover(r"\operatorname" | r"\mathrm"):
            return False
    return True


def _open(found: Group, cut: int) -> bool:
    """Whether a bracket that is written as a plain sign is open at this place; those of `_in_brackets` do not count."""
    before = [
        i.base if isinstance(i, Scripts) else i for i, at in zip(found.items, found.starts, strict=False) if at < cut
    ]
    kinds = [sign.kind for sign in before if isinstance(sign, Sign) and not SIZED.match(sign.tex)]
    return kinds.count("open") > kinds.count("close")


def _in_brackets(tex: str) -> list[_Piece]:
    r"""The widest bracket in a fixed size, so that what is in it can be broken."""
    found = math_list(tex)
    fences = [
        (width_of(tex[start:end]), start, item)
        for start, end, item in zip(found.starts, found.starts[1:], found.items, strict=False)
        if isinstance(item, Fence) or (isinstance(item, Scripts) and isinstance(item.base, Fence))
    ]
    if not fences:
        return []
    _, start, item = max(fences, key=lambda fence: fence[0])
    fence = item.base if isinstance(item, Scripts) else item
    assert isinstance(fence, Fence)
    opened, closed = fence.body.starts[0], fence.body.starts[-1]
    body, behind = tex[opened:closed], tex[closed + len(r"\right") + len(fence.right) :]
    for way in (*map(_before, SIGNS), _factors):
        if len(pieces := way(body)) > 1:
            big = bracket_for(size_of(body).height).command
            first, *middle, last = pieces
            return [
                first._replace(tex=rf"{tex[:start]}{big}l{fence.left} {first.tex}"),
                *middle,
                last._replace(tex=rf"{last.tex} {big}r{fence.right}{behind}"),
            ]
    return []


def _as_operator(tex: str) -> str | None:
    r"""The first `\frac{\partial \left(...\right)}{\partial x}` as `\frac{\partial}{\partial x} \left(...\right)`."""
    found = math_list(tex)
    for item, (start, end) in zip(found.items, itertools.pairwise(found.starts), strict=True):
        match item:
            case Fraction(Group((Sign(r"\partial"), Fence()), (_, inner, close)), Group(_, below)):
                by, of = tex[below[0] : below[-1]], tex[inner:close]
                return rf"{tex[:start]}\frac{{\partial}}{{{by}}} {of} {tex[end:]}".rstrip()
    return None


def _cut(tex: str, places: Sequence[int]) -> list[_Piece]:
    ends = [0, *places, len(tex)]
    return [_Piece(tex[start:end].strip()) for start, end in itertools.pairwise(ends)]
