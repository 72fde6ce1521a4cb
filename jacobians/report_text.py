"""How a report looks: a row for each Jacobian, a column for each witness, numbered notes, the verdict last."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jacobians.report import Comparison, Report
from jacobians.witnesses import INDEPENDENT, WITNESSES

#: Names listed in one sentence before the rest is only counted.
LISTED = 5


def render(report: Report) -> RenderableType:
    """The table, the notes, the verdict."""
    notes: dict[str, int] = {}
    for c in report.comparisons:
        if c.reason:
            notes.setdefault(c.reason, len(notes) + 1)
    lines = [Text(f"[{number}] {reason}", style="dim") for reason, number in notes.items()]
    style = "green" if report.ok else "bold red" if report.disagreements else "yellow"
    return Group(_table(report, notes), *lines, Text(report.verdict, style=style))


def _table(report: Report, notes: dict[str, int]) -> Table:
    said = {(c.name, c.witness): c for c in report.comparisons}
    columns = [w for w in WITNESSES if any(c.witness == w for c in report.comparisons)]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Jacobian", overflow="fold")
    table.add_column("shape", overflow="fold")
    for witness in columns:
        table.add_column(witness.replace("differences", "differ-\nences").replace(" ", "\n"), justify="right")
    rows = {c.name: c for c in report.comparisons}
    for name, c in rows.items():
        table.add_row(name, _shape(c), *(_cell(said.get((name, w)), notes) for w in columns))
    return table


def _shape(c: Comparison) -> str:
    return "×".join(map(str, c.shape)) or "number"


def _cell(c: Comparison | None, notes: dict[str, int]) -> Text:
    if c is None:
        return Text("")
    if c.disagreement is None:
        return Text(f"[{notes[c.reason]}]", style="dim")
    number = _number(c.disagreement)
    return Text(number) if c.ok else Text(f"✗ {number}", style="bold red")


def _number(disagreement: float | None) -> str:
    return f"{disagreement:.0e}" if disagreement else "0"


def verdict(report: Report) -> str:
    """Plain sentences: what disagrees, what is not finite, what nobody could be asked about; or that all agree."""
    count = len({c.name for c in report.comparisons})
    sentences = [*_disagreement(report, count), *_gaps(report)]
    if sentences:
        return " ".join(sentences)
    if not count:
        return "There is no Jacobian to check: no node depends on a differentiable leaf."
    worst = max((c for c in report.comparisons if c.ok), key=lambda c: c.disagreement or 0.0)
    many = f"All {count} Jacobians agree" if count > 1 else f"{worst.name} agrees"
    return (
        f"{many} with every witness that could be asked; "
        f"largest relative disagreement {_number(worst.disagreement)} ({worst.name}, {worst.witness})."
    )


def _disagreement(report: Report, count: int) -> Iterable[str]:
    wrong = report.disagreements
    if wrong:
        names = dict.fromkeys(c.name for c in wrong)
        verb = "disagrees" if len(names) == 1 else "disagree"
        yield f"{len(names)} of {count} Jacobians {verb}. The first in the order of the network is {culprit(wrong)}."


def culprit(wrong: Iterable[Comparison]) -> Comparison:
    """Of the first node that has a wrong Jacobian the one by the nearest source; an independent witness' word on it."""
    first = next(iter(wrong)).of
    nearest = [c for c in wrong if c.of == first]
    return next((c for c in reversed(nearest) if c.witness in INDEPENDENT), nearest[-1])


def _gaps(report: Report) -> Iterable[str]:
    if report.not_finite:
        yield f"Not verified: NaN or inf in {_listed(report.not_finite)}."
    if report.unverified and not report.not_finite:
        yield f"No independent witness could be asked about {_listed(report.unverified)}; the notes say why."


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    rest = f" and {len(shown) - LISTED} more" if len(shown) > LISTED else ""
    return ", ".join(shown[:LISTED]) + rest
