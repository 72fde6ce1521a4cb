"""A report as one HTML page that needs no network: the document as it reads, each formula with its verdicts.

What the document says is data throughout: it is escaped, its links and pictures stay text, KaTeX does not trust it, and
the page's content security policy admits no script and no style but the page's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING

from jacobians.claims.report_pieces import Piece, between, cut
from jacobians.claims.report_prose import prose_html
from jacobians.claims.report_rows import MARKS, Row, notes, report_rows, summary
from jacobians.claims.report_strings import visible
from jacobians.katex.page import offline_page

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport
    from jacobians.claims.documents.document import Document

_TEMPLATES = Path(__file__).parent / "templates"
_CELL = re.compile(r"\[cell \d+: (\w+)\]")


def report_html(report: DocumentReport) -> str:
    """The page."""
    rows = report_rows(report)
    body = f"{_head(report, rows)}\n<main>\n{_document(report.document, rows)}\n</main>\n{_foot(report, rows)}"
    macros = escape(dumps(report.document.macros.split("\n")), quote=True)
    return page(
        visible(report.document.path), f'<div id="report" data-macros="{macros}">\n{body}\n</div>', _tex(report)
    )


def page(title: str, body: str, tex: str) -> str:
    """A page with KaTeX and the fonts that `tex` needs, under a policy that admits nothing else."""
    style, script = ((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return offline_page(title, body, tex, style, script)


def _tex(report: DocumentReport) -> str:
    return "\n".join([report.document.macros, *(part.formula.text for part in report.formulas)])


# ----- the document -----


def _document(document: Document, rows: Sequence[Row]) -> str:
    pieces = cut(document, rows)
    if document.kind != "notebook":
        return prose_html([*between(document.text, pieces, 0, len(document.text))], document.kind)
    return "\n".join(_cells(document, pieces))


def _cells(document: Document, pieces: Sequence[Piece]) -> Iterable[str]:
    """The cells of a notebook, each in its own language."""
    starts = [*(m.start() for m in _cell_heads(document)), len(document.text) + 1]
    for number, head in enumerate(_cell_heads(document)):
        kind = "markdown" if head[1] == "markdown" else "plain"
        content = [*between(document.text, pieces, head.end() + 1, starts[number + 1] - 1)]
        yield f'<section class="cell {kind}">{prose_html(content, kind)}</section>'


def _cell_heads(document: Document) -> list[re.Match[str]]:
    """The lines that number the cells."""
    lines, heads, offset = document.text.split("\n"), [], 0
    numbered = {first - 2 for first in document.cells}
    for number, line in enumerate(lines):
        found = _CELL.match(document.text, offset) if number in numbered else None
        heads += [found] if found else []
        offset += len(line) + 1
    return heads


# ----- around it -----


def _head(report: DocumentReport, rows: Sequence[Row]) -> str:
    """The summary: counts, what was compared, every problem with a link to it."""
    found = summary(rows)
    chips = " ".join(
        f'<span class="chip {_class(status)}">{MARKS[status]} {found.counts[status]} {status}</span>'
        for status in MARKS
        if found.counts.get(status)
    )
    problems = "".join(
        f'<li value="{row.number}"><a class="{_class(row.link.status)}" href="#problem-{row.number}">'
        f"{escape(visible(row.title))}</a> <small>{row.where_at_fault}</small></li>"
        for row in rows
        if row.number
    )
    listed = f"<ol>{problems}</ol>" if problems else ""
    return f"""<header>
<h1>{escape(visible(report.document.path))}</h1>
<p>{chips or "nothing is claimed"}</p>
<p class="evidence">{escape(found.evidence)}</p>
{listed}
</header>"""


def _class(status: str) -> str:
    return status.replace(" ", "-")


def _foot(report: DocumentReport, rows: Sequence[Row]) -> str:
    said = [f"{d.place[0]}:{d.place[1]}: {d.said}" for d in report.definitions]
    parts = [_list("Taken as definitions", said), _list("Notes", [*report.notes, *notes(rows)])]
    return f"<footer>{''.join(parts)}</footer>"


def _list(title: str, items: Sequence[str]) -> str:
    shown = "".join(f"<li>{escape(visible(item))}</li>" for item in items)
    return f"<details><summary>{title} ({len(items)})</summary><ul>{shown}</ul></details>" if items else ""
