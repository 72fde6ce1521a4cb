"""Where the reports on documents go: standard output, a file, a folder; in which format."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from jacobians.errors import InputError

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport


class CheckFormat(StrEnum):
    """What the report is written as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


#: The ends of the names of reports in a folder.
SUFFIXES = {CheckFormat.TEXT: ".txt", CheckFormat.MARKDOWN: ".md", CheckFormat.HTML: ".html", CheckFormat.JSON: ".json"}


@dataclass(slots=True)
class Checked:
    """The reports, and for each document that could not be read why."""

    reports: list[DocumentReport] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def status(self, lenient: bool) -> int:
        """0 where all claims hold, 1 where one does not, 2 where a document could not be read."""
        good = {"true", "declaration", *(("layout", "not understood") if lenient else ())}
        found = {line.link.status for report in self.reports for line in report.lines}
        return 2 if self.failed else int(not found <= good)


def write_reports(checked: Checked, format: CheckFormat, output: Path | None, quiet: bool, lenient: bool) -> None:
    """Every report, on standard output, in one file, or in a folder with a file for each."""
    if output is not None and len(checked.reports) + len(checked.failed) > 1 and format is not CheckFormat.JSON:
        _write_folder(checked.reports, format, output, quiet)
    elif format is CheckFormat.JSON:
        _out(_json(checked, lenient), output)
    elif format is CheckFormat.TEXT and output is None:
        _print_all(checked.reports, quiet)
    elif format is CheckFormat.HTML and len(checked.reports) > 1:
        raise InputError("--format html: a page shows one document; name a folder for the pages with -o")
    else:
        for report in checked.reports:
            _out(_rendered(report, format, quiet), output)


def _rendered(report: DocumentReport, format: CheckFormat, quiet: bool) -> str:
    """The report on one document in one format."""
    if format is CheckFormat.HTML:
        from jacobians.claims.report_html import report_html

        return report_html(report)
    if format is CheckFormat.MARKDOWN:
        from jacobians.claims.report_markdown import report_markdown

        return report_markdown(report)
    from jacobians.claims.report_text import report_text

    return report_text(report, quiet)


def _print_all(reports: Sequence[DocumentReport], quiet: bool) -> None:
    from jacobians.claims.report_rows import report_rows, summary
    from jacobians.claims.report_text import check_console, print_report

    out = check_console()
    for number, report in enumerate(reports):
        if number:
            out.print()
        print_report(out, report, quiet)
    if len(reports) > 1:
        rows = (row for report in reports for row in report_rows(report))
        out.print(f"\n{len(reports)} documents, {summary(rows)}", markup=False)


def _json(checked: Checked, lenient: bool) -> str:
    import json

    found = [report.as_dict() for report in checked.reports]
    failed = [{"path": path, "error": reason} for path, reason in checked.failed.items()]
    data = {"exit_status": checked.status(lenient), "documents": [*found, *failed]}
    return json.dumps(data, indent=2, ensure_ascii=False)


def _write_folder(reports: Sequence[DocumentReport], format: CheckFormat, folder: Path, quiet: bool) -> None:
    """One report a document, named like the document; those of two folders with one name are told apart by a number."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"-o {folder}: expected a folder for the reports: {error.strerror}; name another") from None
    taken: set[str] = set()
    for report in reports:
        stem = Path(report.document.path).stem.strip("<>")
        name = next(n for n in (stem, *(f"{stem}-{k}" for k in range(2, len(reports) + 2))) if n not in taken)
        taken.add(name)
        _out(_rendered(report, format, quiet), folder / f"{name}{SUFFIXES[format]}")


def write_table(checked: Checked, path: Path) -> None:
    """A row for each claim in the file, and one for each document on standard output."""
    from jacobians.claims.report_table import UNREADABLE, print_table, records, without_claims, written
    from jacobians.claims.report_text import check_console

    rows = [row for report in checked.reports for row in records(report)]
    rows += [without_claims(name, UNREADABLE, reason) for name, reason in checked.failed.items()]
    print_table(check_console(), rows, [*(r.document.path for r in checked.reports), *checked.failed])
    _out(written(rows, path), path)


def write_fixed(report: DocumentReport, content: bytes, path: Path) -> None:
    """The corrected copy of a document, and what could not be put in."""
    from jacobians.claims.report_fix import fixed
    from jacobians.files import write_file

    found = fixed(content, report)
    write_file(path, found.content)
    for note in found.notes:
        say(f"{report.document.path}: {note}")
    say(f"written: {path} ({found.count} line{'s' * (found.count != 1)} corrected)")


def _out(content: str, path: Path | None) -> None:
    from jacobians.files import write_file

    if path is None:
        print(content)
    else:
        write_file(path, content.encode("utf-8", "backslashreplace"))
        say(f"written: {path}")


def say(message: str) -> None:
    """One message on the standard error."""
    from jacobians.claims.report_strings import visible_lines

    print(f"jacobians: {visible_lines(message)}", file=sys.stderr)
