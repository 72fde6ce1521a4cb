"""A copy of a document with the corrected lines put in; every other byte is as it was."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jacobians.claims.report_rows import Row, report_rows
from jacobians.claims.report_strings import changed

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of one line of the file, or of the notebook's cell, and what replaces them."""

    cell: int | None
    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """The corrected copy, how many lines were corrected, and what could not be put in."""

    content: bytes
    count: int
    notes: tuple[str, ...]


def fixed(content: bytes, report: DocumentReport) -> Fixed:
    """The file's content with the correction of every line in which a mistake was found by name."""
    mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
    encoding = _MARKS.get(mark, "utf-8")
    text = content[len(mark) :].decode(encoding)
    edits, count, notes = _edits(report)
    if not edits:
        return Fixed(content, 0, tuple(notes))
    if report.document.kind == "notebook":
        text, more = _in_notebook(text, edits)
        notes += more
    else:
        text = _replaced(text, edits)
    return Fixed(mark + text.encode(encoding, "backslashreplace"), count, tuple(notes))


def _edits(report: DocumentReport) -> tuple[list[Edit], int, list[str]]:
    """The edits, the number of rows they correct, and a note for each row that cannot be corrected in its place."""
    edits: list[Edit] = []
    notes: list[str] = []
    count = 0
    rows = [row for row in report_rows(report) if row.link.explanation and row.link.explanation.name and row.corrected]
    for formula in dict.fromkeys(row.formula for row in rows):
        own = [row for row in rows if row.formula is formula]
        found = list(_of_formula(own))
        if found and all(_stands(report, edit) for edit in found):
            edits += found
            count += len(own)
        else:
            notes.append(f"{own[0].where_at_fault}: put in the correction by hand: {own[0].corrected}")
    return edits, count, notes


def _of_formula(rows: Sequence[Row]) -> Iterator[Edit]:
    """The change of each line of a formula; nothing where its lines are not the same number as before."""
    formula, text = rows[0].formula, rows[0].formula.text
    for row in sorted(rows, key=lambda row: row.end, reverse=True):
        text = row.corrected_in(text)
    before, after = formula.text.split("\n"), text.split("\n")
    if len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True), 1):
            if old != new:
                begin, end, inserted = changed(old, new)
                line, column = formula.place(number, begin + 1)
                yield Edit(formula.cell, line, column, old[begin:end], inserted)


def _stands(report: DocumentReport, edit: Edit) -> bool:
    """Whether the document has the old text at that place: not where delimiters of two formulas lie in it."""
    lines = report.document.text.split("\n")
    first = report.document.cells[edit.cell - 1] - 1 if edit.cell else 0
    return lines[first + edit.line - 1].startswith(edit.old, edit.column - 1)


def _replaced(text: str, edits: Sequence[Edit]) -> str:
    """Text with its edits, its line ends kept."""
    lines = _LINE.findall(text)
    for edit in sorted(edits, key=lambda e: (e.line, e.column), reverse=True):
        line, begin = lines[edit.line - 1], edit.column - 1
        lines[edit.line - 1] = line[:begin] + edit.new + line[begin + len(edit.old) :]
    return "".join(lines)


# ----- notebooks -----


def _in_notebook(text: str, edits: Sequence[Edit]) -> tuple[str, list[str]]:
    """The JSON with its cells edited, laid out as it was where that is a layout that json writes."""
    notebook = json.loads(text)
    layout, notes = _layout(text, notebook)
    for number in dict.fromkeys(edit.cell for edit in edits if edit.cell):
        cell = notebook["cells"][number - 1]
        source = cell["source"]
        joined = _replaced("".join(source), [edit for edit in edits if edit.cell == number])
        cell["source"] = joined.splitlines(keepends=True) if isinstance(source, list) else joined
    return _dumped(notebook, *layout), notes


def _layout(text: str, notebook: Any) -> tuple[tuple[int | None, bool, str], list[str]]:
    """How the notebook was written: indentation, ASCII only, what follows the last brace."""
    end = text[len(text.rstrip()) :]
    layouts = [(indent, ascii_only, end) for indent in (1, 2, 4, None) for ascii_only in (False, True)]
    for layout in layouts:
        if _dumped(notebook, *layout) == text:
            return layout, []
    return layouts[0], ["the notebook's JSON has a layout of its own; the copy has that of Jupyter"]


def _dumped(notebook: Any, indent: int | None, ascii_only: bool, end: str) -> str:
    return json.dumps(notebook, indent=indent, ensure_ascii=ascii_only) + end
