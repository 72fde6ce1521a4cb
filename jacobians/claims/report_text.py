"""A report on a terminal or in a pipe: the lines with their marks, the problems in full, the summary."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from jacobians.claims.report_rows import MARKS, Row, notes, report_rows, source_line, summary
from jacobians.claims.report_strings import visible
from jacobians.claims.verdicts import Status

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport

STYLES: dict[Status, str] = {
    "true": "green",
    "false": "bold red",
    "ill-formed": "bold magenta",
    "layout": "yellow",
    "not understood": "cyan",
    "declaration": "dim",
}
#: Wider terminals are not filled; what is read by programs has lines as long as they are.
WIDEST, ENDLESS = 120, 100_000
#: Columns of prose in a pipe.
PROSE = 80


def check_console() -> Console:
    """As wide as the terminal; without one no line is cut and nothing is coloured."""
    found = Console(highlight=False)
    found.width = min(WIDEST, found.width) if found.is_terminal else ENDLESS
    return found


def report_text(report: DocumentReport, quiet: bool = False) -> str:
    """The report on one document as it is printed where there is no terminal."""
    out = Console(file=io.StringIO(), width=ENDLESS, highlight=False, force_terminal=False)
    with out.capture() as captured:
        print_report(out, report, quiet)
    return captured.get().rstrip("\n")


def print_report(out: Console, report: DocumentReport, quiet: bool = False) -> None:
    """The report on one document."""
    rows = report_rows(report)
    path = visible(report.document.path)
    if not quiet:
        out.print(Text(path, style="bold"))
        shown = [row for row in rows if row.claims]
        width = max((len(row.where) for row in shown), default=0)
        for row in shown:
            _print_row(out, row, path, width)
        _print_list(out, "Taken as definitions", [f"{d.place[0]}:{d.place[1]}: {d.said}" for d in report.definitions])
        _print_list(out, "Notes", [*report.notes, *notes(rows)])
    for row in rows:
        if row.number:
            if not quiet or row.number > 1:
                out.print()
            print_problem(out, row, path)
    if not quiet:
        out.print()
    out.print(Text(f"{path}: {summary(rows)}", style="bold"))


def _print_row(out: Console, row: Row, path: str, width: int) -> None:
    """On a terminal a mark and the place; for programs the verdict as a word and the whole place."""
    if out.is_terminal:
        mark, style = MARKS[row.link.status], STYLES[row.link.status]
        text = Text.assemble((f"  {mark}  ", style), (f"{row.where:>{width}}  ", "dim"))
        text.append(visible(row.text)).truncate(out.width, overflow="ellipsis")
    else:
        text = Text(f"{path}:{row.where}: {row.link.status}: {visible(row.text)}")
    out.print(text, soft_wrap=True)


def print_problem(out: Console, row: Row, path: str) -> None:
    """What, where, the smallest entry that shows it, the corrected line, the sentence for a student."""
    link, style = row.link, STYLES[row.link.status]
    out.print(Text(f"{path}:{row.where_at_fault}: ").append(row.title, style=style), soft_wrap=True)
    _print_source(out, row)
    for said in filter(None, (row.reason, row.entry)):
        _print_prose(out, said)
    explanation = link.explanation
    if row.corrected:
        head = "corrected: " if explanation and explanation.name else "right: "
        out.print(Text(f"  {head}").append(visible(row.corrected), style="green"), soft_wrap=True)
    if explanation and explanation.sentence:
        _print_prose(out, explanation.sentence)
    for note in link.notes:
        _print_prose(out, f"note: {note}")


def _print_source(out: Console, row: Row) -> None:
    """The line of the file, the part at fault underlined and, on a terminal, in colour."""
    source, style = visible(source_line(row)), STYLES[row.link.status]
    (line, begin), (last, end) = (row.formula.place(*place) for place in (row.fault[:2], row.fault[2:]))
    before, fault = source[: begin - 1], source[begin - 1 : None if last > line else end - 1]
    room = out.width - 4
    if cell_len(source) > room and cell_len(before) > room // 2:  # the part at fault stands in the first half
        before = "…" + before[max(1, len(before) - room // 2) :]
    behind = "" if last > line else source[end - 1 :]
    text = Text.assemble(before, (fault, style), behind)
    text.truncate(room, overflow="ellipsis")
    left = cell_len(before)
    marks = "^" + "~" * (min(cell_len(fault.rstrip()), room - left) - 1)
    out.print(Text.assemble(("  | ", "dim"), text), soft_wrap=True)
    out.print(Text.assemble(("  | ", "dim"), " " * left, (marks, style)), soft_wrap=True)


def _print_prose(out: Console, text: str) -> None:
    """Indented lines of at most the terminal's width."""
    for part in Text(visible(text)).wrap(out, min(out.width, PROSE) - 2):
        part.rstrip()
        out.print(Text("  ") + part, soft_wrap=True)


def _print_list(out: Console, title: str, items: Sequence[str]) -> None:
    if items:
        out.print(Text(f"\n{title}", style="bold"))
        for item in items:
            _print_prose(out, item)
