"""Many documents with one key: a row for each claim as CSV or JSON, a row for each document on a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from jacobians.claims.report_rows import MARKS, Row, report_rows
from jacobians.claims.report_strings import visible

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport

COLUMNS = ("document", "claim", "place", "status", "mistake", "points", "deviation", "formula", "corrected")
NO_CLAIMS, UNREADABLE = "no claims", "unreadable"
#: What a spreadsheet would compute instead of showing.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")


def records(report: DocumentReport) -> list[dict[str, Any]]:
    """One record for each claim of a document, numbered from 1; one that says so where there is none."""
    path = report.document.path
    claims = [row for row in report_rows(report) if row.link.status != "declaration"]
    return [_record(path, number, row) for number, row in enumerate(claims, 1)] or [without_claims(path, NO_CLAIMS)]


def _record(path: str, number: int, row: Row) -> dict[str, Any]:
    explanation = row.link.explanation
    values = (
        path,
        number,
        row.where,
        row.link.status,
        explanation.name if explanation else "",
        row.link.evidence.points,
        row.link.evidence.deviation,
        row.text,
        row.corrected,
    )
    return dict(zip(COLUMNS, values, strict=True))


def without_claims(path: str, status: str, reason: str = "") -> dict[str, Any]:
    """The record of a document that claims nothing or could not be read, so that none is missing from the table."""
    return dict.fromkeys(COLUMNS, "") | {"document": path, "status": status, "mistake": reason}


def written(rows: Sequence[dict[str, Any]], path: Path) -> str:
    """The table in the format that the name of the file tells: .csv or .json."""
    if path.suffix.lower() == ".json":
        return json.dumps(list(rows), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Text that a spreadsheet shows as it is: an apostrophe before what it would compute."""
    text = visible(value) if isinstance(value, str) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_COMPUTED) else text


def print_table(out: Console, rows: Sequence[dict[str, Any]], paths: Sequence[str]) -> None:
    """How many claims of each document have which verdict, and its mistakes by name."""
    statuses = [status for status in (*MARKS, NO_CLAIMS, UNREADABLE) if any(row["status"] == status for row in rows)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    for status in statuses:
        table.add_column(status, justify="right")
    table.add_column("mistakes", overflow="fold")
    for path in paths:
        own = [row for row in rows if row["document"] == path]
        counts = Counter(row["status"] for row in own)
        mistakes = Counter(row["mistake"] for row in own if row["mistake"])
        named = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in mistakes.items())
        table.add_row(Text(visible(path)), *(str(counts[s] or "") for s in statuses), Text(visible(named)))
    out.print(table)
