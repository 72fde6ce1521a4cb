r"""How wide and how high a formula is in displayed type, in em of the text: the rules of TeX in short.

The widths of the signs are those of Computer Modern, which LaTeX and KaTeX share; the tests compare with what pdflatex
measures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from symbolic.documents.math_list import (
    LARGE,
    SIZED,
    SPACES,
    Cover,
    Fence,
    Fraction,
    Group,
    Node,
    Scripts,
    Sign,
    Table,
    Words,
    math_list,
)

#: Widths of the italic letters of formulas, in thousandths of an em.
ITALIC = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        map(
            int,
            "529 429 433 520 466 597 513 576 345 469 552 318 878 600 485 503 482 479 469 361 572 521 743 572 526 509 "
            "750 809 786 856 796 782 786 912 518 651 921 681 1079 912 791 781 791 767 671 723 792 806 1083 907 803 754"
            "".split(),
        ),
        strict=True,
    )
)
#: Of other signs.
SIGNS = {
    **dict.fromkeys(r"+ - = < > \odot \times \otimes \le \ge \ne \pm \approx \equiv \sim \top".split(), 778),
    **dict.fromkeys(r"( ) \langle \rangle".split(), 389),
    **dict.fromkeys(r"[ ] | : , . \lvert \rvert \cdot \vdots \prime".split(), 278),
    **dict.fromkeys(r"\lVert \rVert \circ * /".split(), 500),
    **dict.fromkeys(r"\dots \cdots \ddots".split(), 1333),
    **dict.fromkeys(r"\to \mapsto \infty".split(), 1000),
    **{r"\sum": 1444, r"\prod": 1278, r"\nabla": 833, r"\in": 667, r"\intercal": 556, r"\ell": 417, ":=": 1056},
}
#: A sign that is not listed; most Greek letters are as wide or narrower.
AVERAGE = 620
#: Letters of words, on average of each group.
LETTERS = (("ijl.,:;'!", 0.28), (" ftrs()-", 0.38), ("mMW", 0.92), ("wABCDEFGHKLNOPQRTUVXYZÄÖÜ", 0.73))
OTHER_LETTER = 0.52
#: An upright letter of a formula, on average, and a digit.
UPRIGHT, DIGIT = 500, 500
SCRIPT = 0.73
THIN, MEDIUM, THICK = 1 / 6, 2 / 9, 5 / 18
#: Behind a script, and on both sides of a fraction.
SCRIPT_SPACE, FRACTION_SPACE = 0.05, 0.24
#: Between the columns of a matrix, around it, and how far its rows are apart at least.
COLUMN_SPACE, ROW = 1.0, 1.2
#: A bracket around a matrix.
FENCE = 0.6


class Bracket(NamedTuple):
    """A size of brackets: what it holds is lower than `limit`."""

    limit: float
    height: float
    width: float
    command: str


#: The brackets that \left takes, with the commands for the same sizes.
BRACKETS = (
    Bracket(0.92, 1.0, 0.39, r"\big"),
    Bracket(1.0, 1.2, 0.46, r"\big"),
    Bracket(2.2, 1.8, 0.6, r"\Big"),
    Bracket(2.3, 2.4, 0.74, r"\bigg"),
    Bracket(math.inf, 3.0, 0.79, r"\Bigg"),
)
#: The height of a letter with its depth.
LETTER = 0.7
Style = Literal["display", "text", "script"]


class Size(NamedTuple):
    """Width and height with depth, in em."""

    width: float
    height: float = 1.0

    def scaled(self, factor: float) -> Size:
        """In another size of type."""
        return Size(self.width * factor, self.height * factor)


@lru_cache(maxsize=4096)
def size_of(tex: str) -> Size:
    """Width and height of a displayed formula."""
    return measured(math_list(tex))


def width_of(tex: str) -> float:
    """The width of a displayed formula in em."""
    return size_of(tex).width


def measured(node: Node, style: Style = "display") -> Size:
    """Width and height in a style of TeX; scripts are measured before they are made small."""
    match node:
        case Group(items):
            return _row(items, style)
        case Sign():
            return _sign(node, style)
        case Scripts():
            return _scripts(node, style)
        case Fraction():
            return _fraction(node, style)
        case Cover(command, body):
            return _cover(command, body, style)
        case Words(text):
            return Size(words_width(text))
        case Fence(body=body):
            inner = measured(body, style)
            bracket = bracket_for(inner.height)
            return Size(inner.width + 2 * bracket.width, max(inner.height, bracket.height))
        case Table():
            return _table(node)
    return Size(AVERAGE / 1000)


def bracket_for(height: float) -> Bracket:
    """The bracket for a formula of this height."""
    return next(bracket for bracket in BRACKETS if height < bracket.limit)


def _row(items: Sequence[Node], style: Style) -> Size:
    sizes = [measured(item, style) for item in items]
    between = 0.0 if style == "script" else _spaces([_kind(item) for item in items])
    return Size(sum(s.width for s in sizes) + between, max((s.height for s in sizes), default=LETTER))


def _spaces(kinds: Sequence[str]) -> float:
    """What TeX puts between the atoms of a row."""
    total = 0.0
    for before, kind, behind in zip(["open", *kinds], kinds, [*kinds[1:], "close"], strict=False):
        if kind == "binary":
            total += 2 * MEDIUM
        elif kind == "relation":
            total += 2 * THICK
        elif kind == "comma":
            total += THIN
        elif kind in ("operator", "inner"):
            total += THIN * (before in ("letter", "close")) + THIN * (behind in ("letter", "operator", "inner"))
    return total


def _kind(node: Node) -> str:
    """What a node is to its neighbours."""
    if isinstance(node, Scripts):
        return _kind(node.base)
    if isinstance(node, Cover) and node.command == r"\operatorname":
        return "operator"
    if isinstance(node, Fence):
        return "inner"
    return node.kind if isinstance(node, Sign) else "letter"


def _sign(sign: Sign, style: Style) -> Size:
    tex = sign.tex
    if tex in SPACES:
        return Size(SPACES[tex], 0.0)
    if tex in (r"\sum", r"\prod"):
        return Size(SIGNS[tex] / 1000, 1.6) if style == "display" else Size(SIGNS[tex] / 1400, 1.0)
    if tex in SIGNS:
        return Size(SIGNS[tex] / 1000, 1.0 if sign.kind in ("open", "close") else LETTER)
    if SIZED.match(tex):
        bracket = next(b for b in BRACKETS[::-1] if tex.startswith(b.command))
        return Size(bracket.width, bracket.height)
    if sign.kind == "operator":  # \tanh in upright type
        return Size((len(tex) - 1) * UPRIGHT / 1000, LETTER)
    return Size((DIGIT if tex.isdigit() else ITALIC.get(tex, AVERAGE)) / 1000, LETTER)


def _fraction(node: Fraction, style: Style) -> Size:
    small = node.small or style != "display"
    above, below = (measured(part, "script" if small else "text") for part in (node.above, node.below))
    size = Size(max(above.width, below.width), above.height + below.height + 0.6)
    size = size.scaled(SCRIPT) if small and style != "script" else size
    return Size(size.width + FRACTION_SPACE, size.height)


def _scripts(node: Scripts, style: Style) -> Size:
    base = measured(node.base, style)
    factor = 0.85 if style == "script" else SCRIPT
    above, below = (_row(part, "script").scaled(factor) for part in (node.above, node.below))
    if style == "display" and isinstance(node.base, Sign) and node.base.tex in LARGE:
        limits = sum(part.height + 0.25 for part, given in ((above, node.above), (below, node.below)) if given)
        return Size(max(base.width, above.width, below.width), base.height + limits)
    height = base.height + 0.5 * above.height * bool(node.above) + 0.35 * below.height * bool(node.below)
    return Size(base.width + max(above.width, below.width) + SCRIPT_SPACE, height)


def _cover(command: str, body: Node, style: Style) -> Size:
    inner = measured(body, style)
    if command == r"\sqrt":
        return Size(inner.width + 0.85, inner.height + 0.35)
    if command in (r"\boldsymbol", r"\mathbf"):
        return Size(inner.width * 1.12, inner.height)
    if command in (r"\mathrm", r"\operatorname") and isinstance(body, Group):
        return Size(len(body.items) * UPRIGHT / 1000, LETTER)
    return inner


def _table(table: Table) -> Size:
    """Columns as wide as their widest cells."""
    cells = [[measured(cell, "text") for cell in row] for row in table.rows]
    columns = max((len(row) for row in cells), default=0)
    widths = [max((row[k].width for row in cells if k < len(row)), default=0.0) for k in range(columns)]
    height = sum(max([ROW, *(cell.height + 0.2 for cell in row)]) for row in cells)
    size = Size(sum(widths) + (columns - 1) * COLUMN_SPACE + 2 * FENCE, height)
    return size.scaled(SCRIPT) if table.name in ("smallmatrix", "substack") else size


def words_width(text: str) -> float:
    """The width of words in em, with the formulas between dollar signs in them."""
    parts = text.split("$")
    words = sum(_letters(part) for part in parts[::2])
    return words + sum(measured(math_list(part), "text").width for part in parts[1::2])


def _letters(text: str) -> float:
    return sum(next((width for signs, width in LETTERS if sign in signs), OTHER_LETTER) for sign in text)
