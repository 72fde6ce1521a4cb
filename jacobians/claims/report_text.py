"""A report on a terminal or in a pipe: the lines with their marks, the problems in full, the summary."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from jacobians.claims.report_rows import MARKS, Row, notes, report_rows, source_line, summary, visible
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


class CheckConsole(Console):
    """A console that says when nobody reads on, instead of ending the program with a status that means something else."""

    def on_broken_pipe(self) -> None:
        """Raise the error that the command turns into one message."""
        raise


def check_console() -> Console:
    """As wide as the terminal; without one no line is cut and nothing is coloured."""
    found = CheckConsole(highlight=False)
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
    out.print(Text(f"{path}: {summary(rows)}", style="bold"), soft_wrap=True)


def _print_row(out: Console, row: Row, path: str, width: int) -> None:
    """On a terminal a mark and the place; for programs the verdict as a word and the whole place."""
    if out.is_terminal:
        text = Text(f"  {MARKS[row.link.status]}  ", style=STYLES[row.link.status])
        text.append(f"{row.where:>{width}}  ", style="dim").append(visible(row.text), style="default")
        text.truncate(out.width, overflow="ellipsis")
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
    source = visible(source_line(row))
    (line, begin), (last, end) = (row.formula.place(*place) for place in (row.fault[:2], row.fault[2:]))
    end = len(source) + 1 if last > line else end  # what goes on in the next line is underlined to the end of this one
    begin, end = begin - 1, max(end - 1, begin)
    room = out.width - 4
    first = max(0, min(begin - room // 4, len(source) - room)) if cell_len(source) > room else 0
    text = Text(source, overflow="ellipsis")
    text.stylize(STYLES[row.link.status], begin, end)
    left = cell_len(source[first:begin])
    marked = max(1, min(cell_len(source[begin:end].rstrip()), room - left))
    out.print(Text("  | ", style="dim") + _cut(text[first:], room), soft_wrap=True)
    out.print(Text("  | ", style="dim") + Text(" " * left + "^" + "~" * (marked - 1), style=STYLES[row.link.status]), soft_wrap=True)


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


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
