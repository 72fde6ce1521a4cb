"""A formula of an HTML report: its verdict marks, and the details of what does not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from json import dumps

from jacobians.claims.report_pieces import Piece
from jacobians.claims.report_rows import MARKS, Row
from jacobians.claims.report_strings import offset, visible, visible_lines
from jacobians.claims.verdicts import Status

#: Readable on a light and on a dark page.
COLOURS: dict[Status, str] = {
    "true": "#2a9148",
    "false": "#dd3a3a",
    "ill-formed": "#b14fc9",
    "layout": "#b87a0a",
    "not understood": "#1f8fb3",
    "declaration": "#8a8f98",
}
_UNBALANCED = re.compile(r"\\(?:left|right|begin|end|\\)|(?<!\\)&")


def formula_html(piece: Piece) -> str:
    """The formula, rendered in the browser from its source, with a mark for each of its lines."""
    formula = piece.formula
    if formula.surface != "latex":
        return _listing(piece)
    several = len(piece.rows) > 1
    marked = _marked(formula.text, piece.rows if several else [], _at_fault(piece.rows))
    signs = " ".join(filter(None, map(_mark, piece.rows)))
    marks = f' <span class="{"marks" if several else "mark-beside"}">{signs}</span>' if signs else ""
    kind = "display" if formula.display else "inline"
    return f'<span class="formula {kind}">{_tex(formula.text, marked)}{marks}</span>'


def _tex(text: str, marked: str = "") -> str:
    """Source for the browser to render: it takes the first of the ways to write it that KaTeX accepts."""
    first, second = (escape(dumps([way, rf"\begin{{aligned}}{way}\end{{aligned}}"])) for way in (marked or text, text))
    return f'<code class="tex" data-marked="{first}" data-plain="{second}">{escape(visible(text))}</code>'


def _mark(row: Row) -> str:
    """A mark to click on where there is something to tell."""
    status = row.link.status.replace(" ", "-")
    if row.number:
        sign = f"{MARKS[row.link.status]}<sup>{row.number}</sup>"
        return f'<a class="mark {status}" href="#problem-{row.number}" title="{escape(visible(row.title))}">{sign}</a>'
    if row.link.status == "declaration":
        return ""
    said = f"{row.link.status}: {row.link.evidence}" if row.link.evidence.points else row.link.status
    return f'<span class="mark {status}" title="{escape(said)}">{MARKS[row.link.status]}</span>'


# ----- marks inside the formula -----


def _marked(text: str, rows: Sequence[Row], faults: Sequence[tuple[int, int, str]]) -> str:
    """LaTeX with a mark behind each line and the parts at fault in colour."""
    added: list[tuple[int, int, str]] = []
    for row in rows:
        if row.link.status != "declaration":
            number = f"^{{{row.number}}}" if row.number else ""
            sign = rf"\;\textcolor{{{COLOURS[row.link.status]}}}{{\text{{{MARKS[row.link.status]}}}{number}}}"
            added.append((row.end, 1, sign))
    for begin, end, colour in faults:
        added += [(begin, 2, rf"\textcolor{{{colour}}}{{"), (end, 0, "}")]
    for place, _, insertion in sorted(added, reverse=True):
        text = text[:place] + insertion + text[place:]
    return text


def _at_fault(rows: Sequence[Row]) -> list[tuple[int, int, str]]:
    """The parts at fault that braces may be put around."""
    found: list[tuple[int, int, str]] = []
    for row in rows:
        if row.number and row.link.tree is not None:
            text = row.formula.text
            begin, end = offset(text, *row.fault[:2]), offset(text, *row.fault[2:])
            part = text[begin:end]
            if (
                part.count("{") == part.count("}")
                and not _UNBALANCED.search(part)
                and row.begin <= begin < end <= row.end
            ):
                found.append((begin, end, COLOURS[row.link.status]))
    return found


# ----- code and plain notation -----


def _listing(piece: Piece) -> str:
    """Source with a mark at the end of each line that claims something."""
    text, parts, position = piece.formula.text, [], 0
    for row in sorted(piece.rows, key=lambda row: row.end):
        parts += [escape(visible_lines(text[position : row.end])), " " * (row.link.status != "declaration"), _mark(row)]
        position = row.end
    shown = "".join(parts) + escape(visible_lines(text[position:]))
    if piece.formula.display or "\n" in text:
        return f'<span class="formula display listing"><code>{shown}</code></span>'
    return f'<span class="formula inline"><code>{shown}</code></span>'


# ----- details -----


def details_html(piece: Piece) -> str:
    """What is to be told about a formula's lines that do not hold."""
    return "".join(_details(row) for row in piece.rows if row.number)


def _details(row: Row) -> str:
    status = row.link.status.replace(" ", "-")
    facts = [
        ("Line", _code(row, row.formula.text[row.begin : row.end])),
        ("Why", escape(visible(row.reason))),
        ("Shown by", escape(row.entry)),
        ("Corrected" if row.link.explanation and row.link.explanation.name else "Right", _code(row, row.corrected)),
        ("", escape(visible(row.link.explanation.sentence)) if row.link.explanation else ""),
        *(("Note", escape(visible(note))) for note in row.link.notes),
    ]
    listed = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts if fact)
    return (
        f'<details class="problem {status}" open><summary><b>{MARKS[row.link.status]} {row.number}</b> '
        f"{escape(visible(row.title))} <small>{row.where_at_fault}</small></summary>"
        f'<dl id="problem-{row.number}">{listed}</dl></details>'
    )


def _code(row: Row, text: str) -> str:
    if not text:
        return ""
    if row.formula.surface != "latex":
        return f"<code>{escape(visible(text))}</code>"
    return _tex(text)
