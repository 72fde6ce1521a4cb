"""A document cut into prose and formulas, each formula with its delimiters, for reports that repeat the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from jacobians.claims.documents.document import Document, Formula
from jacobians.claims.report_rows import Row

_OPENING = re.compile(r"(?P<sign>\$\$?|\\\\?[(\[]|\\begin\{[\w*]+\}|`+)[\s>]*$")
_CLOSING = re.compile(r"[\s>]*(?P<sign>\$\$?|\\\\?[)\]]|\\end\{[\w*]+\}|`+)")
_FENCE = re.compile(r"(?:\A|(?<=\n))[ \t>]*(?P<sign>```+|~~~+)[^\n]*\n[ \t>]*$")
_FENCE_END = re.compile(r"\s*?\n[ \t>]*(?P<sign>```+|~~~+)[ \t]*(?=\n|\Z)")
#: How far around a formula its delimiters are looked for.
_NEAR = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A formula in the document's text, from its opening delimiter to behind its closing one."""

    formula: Formula
    rows: tuple[Row, ...]
    begin: int
    end: int


def cut(document: Document, rows: Sequence[Row]) -> list[Piece]:
    """Every formula with its place in the document's text, in order."""
    text = document.text
    line_starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    pieces: list[Piece] = []
    for _, group in groupby(rows, key=lambda row: id(row.formula)):
        together = tuple(group)
        begin, end = _range(document, together[0].formula, line_starts)
        piece = _enclosed(text, together, begin, end)
        if not pieces or piece.begin >= pieces[-1].end:
            pieces.append(piece)
    return pieces


def between(text: str, pieces: Sequence[Piece], begin: int, end: int) -> Iterator[str | Piece]:
    """Prose and formulas, in turn, of a part of the text."""
    for piece in pieces:
        if begin <= piece.begin and piece.end <= end:
            yield text[begin : piece.begin]
            yield piece
            begin = piece.end
    yield text[begin:end]


def _range(document: Document, formula: Formula, line_starts: Sequence[int]) -> tuple[int, int]:
    """Offsets of the formula without delimiters."""
    above = document.cells[formula.cell - 1] - 1 if formula.cell else 0
    first, column = formula.starts[0]
    last, start = formula.starts[-1]
    final = formula.text.rpartition("\n")[2]
    return line_starts[above + first - 1] + column - 1, line_starts[above + last - 1] + start - 1 + len(final)


def _enclosed(text: str, rows: tuple[Row, ...], begin: int, end: int) -> Piece:
    before, after = text[max(0, begin - _NEAR) : begin], text[end : end + _NEAR]
    fence, fence_end = _FENCE.search(before), _FENCE_END.match(after)
    if fence and fence_end:
        begin = begin - len(before) + fence.start("sign")
        return Piece(rows[0].formula, rows, begin, end + fence_end.end())
    opening, closing = _OPENING.search(before), _CLOSING.match(after)
    if opening and closing and _is_pair(opening["sign"], closing["sign"]):
        begin, end = begin - len(before) + opening.start(), end + closing.end()
    return Piece(rows[0].formula, rows, begin, end)


def _is_pair(opening: str, closing: str) -> bool:
    expected = opening.replace("(", ")").replace("[", "]").replace(r"\begin", r"\end")
    return expected == closing
