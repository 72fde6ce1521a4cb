"""A report as Markdown: the document as it stands, a mark behind each formula, and the details at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from jacobians.claims.report_pieces import Piece, between, cut
from jacobians.claims.report_rows import MARKS, Row, notes, report_rows, summary
from jacobians.claims.report_strings import visible

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport


def report_markdown(report: DocumentReport) -> str:
    """The annotated document."""
    rows, text = report_rows(report), report.document.text
    pieces = cut(report.document, rows)
    body = "".join(
        part if isinstance(part, str) else _annotated(part, text) for part in between(text, pieces, 0, len(text))
    )
    return f"{body.rstrip()}\n\n---\n\n" + "\n".join(_verdicts(report, rows)) + "\n"


def _annotated(piece: Piece, text: str) -> str:
    """The formula with one mark for each of its lines; behind a display in a line of their own."""
    marks = " ".join(_mark(row) for row in piece.rows if row.link.status != "declaration")
    formula = text[piece.begin : piece.end]
    if not marks:
        return formula
    alone = piece.formula.display and text[piece.end : piece.end + 1] in ("\n", "")
    return f"{formula}\n{_quotation(formula)}{marks}" if alone else f"{formula} {marks}"


def _quotation(formula: str) -> str:
    """What stands before the last line of a display: the signs of a quotation, the indentation in a list."""
    found = re.match(r"[ \t>]*", formula.rpartition("\n")[2])
    return found.group() if found else ""


def _mark(row: Row) -> str:
    sign = MARKS[row.link.status]
    return f"**{sign} {row.number}**" if row.number else sign


def _verdicts(report: DocumentReport, rows: Sequence[Row]) -> Iterator[str]:
    """Summary, problems, definitions, notes."""
    found = summary(rows)
    yield f"## Verdicts\n\n**{_escaped(report.document.path)}**: {found}"
    problems = [row for row in rows if row.number]
    if problems:
        yield ""
    for row in problems:
        yield f"{row.number}. **{_escaped(row.title)}** ({row.where_at_fault})"
        yield from (f"   - {fact}" for fact in _facts(row))
    definitions = [f"{d.place[0]}:{d.place[1]}: {_quoted(d.said)}" for d in report.definitions]
    for title, items in (("Taken as definitions", definitions), ("Notes", [*report.notes, *notes(rows)])):
        if items:
            yield f"\n{title}:\n"
            yield from (f"- {item if item in definitions else _escaped(item)}" for item in items)


def _facts(row: Row) -> Iterator[str]:
    explanation = row.link.explanation
    yield f"line: {_quoted(row.text)}"
    yield from map(_escaped, filter(None, (row.reason, row.entry)))
    if row.corrected:
        yield f"{'corrected' if explanation and explanation.name else 'right'}: {_quoted(row.corrected)}"
    if explanation and explanation.sentence:
        yield _escaped(explanation.sentence)
    yield from (f"note: {_escaped(note)}" for note in row.link.notes)


def _quoted(text: str) -> str:
    """As code, whatever backticks it has."""
    text = visible(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    gap = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{gap}{text}{gap}{fence}"


def _escaped(text: str) -> str:
    """Plain words: no sign of Markdown or HTML in them means anything."""
    return re.sub(r"([\\`*_\[\]<>$#|~])", r"\\\1", visible(text))
