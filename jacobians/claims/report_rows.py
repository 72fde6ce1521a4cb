"""A report's rows: each line of each formula with its verdict, its text and its place in the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jacobians.claims.documents.document import Document, Formula
from jacobians.claims.redpen import Explanation
from jacobians.claims.report_strings import changed, offset, one_line, position
from jacobians.claims.verdicts import Link, Status, Verdict
from jacobians.notation.tree import Span
from jacobians.notation.tree_calculus import Membership

if TYPE_CHECKING:
    from jacobians.claims.document import DocumentReport

MARKS: dict[Status, str] = {
    "true": "✓",
    "false": "✗",
    "ill-formed": "⚠",
    "layout": "↔",
    "not understood": "?",
    "declaration": "·",
}
#: What is told in full: everything that was not shown to hold.
PROBLEMS: frozenset[Status] = frozenset(("false", "ill-formed", "layout", "not understood"))
_SEPARATORS = re.compile(r"(?:\\\\(?:\[[^\]]*\])?|\\begin\{[\w*]+\}(?:\{[lcr|]*\})?|\\q?quad|\\[,;:!]|[\s&,;.])+")
_END = re.compile(r"(?:\\\\|\\end\{[\w*]+\}|[\s&])+$")


@dataclass(frozen=True, slots=True)
class Row:
    """One verdict of a formula; `begin` and `end` are where its text stands in that of the formula."""

    document: Document
    formula: Formula
    link: Link
    begin: int
    end: int
    #: Counts the problems of a report from 1; 0 where there is nothing to tell.
    number: int = 0

    @property
    def text(self) -> str:
        """What the reader wrote, in one line."""
        return one_line(self.formula.text[self.begin : self.end])

    @property
    def title(self) -> str:
        """The verdict, and the mistake by its name where it has one."""
        if self.link.status == "layout":
            return f"layout: true where {self.link.convention}"
        name = self.link.explanation.name if self.link.explanation else ""
        return f"{self.link.status}: {name}" if name else self.link.status

    @property
    def reason(self) -> str:
        """Why, without what the title says already."""
        return self.link.reason.removeprefix(f"true where {self.link.convention}").lstrip("; ")

    @property
    def entry(self) -> str:
        """The smallest entry that shows it: `entry [1]: claimed 2.5, true -2.5`; empty where there is none."""
        entry = self.link.entry
        if entry is None:
            return ""
        at = f"{entry.where()}: " if entry.where() else ""
        return f"{at}claimed {entry.right:.6g}, true {entry.left:.6g}"

    @property
    def fault(self) -> Span:
        """The part at fault; the whole line where nothing narrower is known."""
        explanation = self.link.explanation
        span = (explanation.span if explanation else None) or self.link.span
        if span is None:
            begin, end = (position(self.formula.text, offset) for offset in (self._part_begin, self.end))
            span = Span(*begin, *end)
        return span

    @property
    def claims(self) -> bool:
        """Whether it equates anything; a symbol in a sentence does not."""
        return self.link.status != "declaration" or self.link.tree is not None

    @property
    def where(self) -> str:
        """Line and column in the file at which it starts: `12:5`, `cell 3:12:5`."""
        return self._where(*position(self.formula.text, self.begin))

    @property
    def where_at_fault(self) -> str:
        """The same of the part at fault."""
        return self._where(*self.fault[:2])

    def _where(self, line: int, column: int) -> str:
        cell = f"cell {self.formula.cell}:" if self.formula.cell else ""
        return cell + "{}:{}".format(*self.formula.place(line, column))

    @property
    def corrected(self) -> str:
        """The corrected line in the reader's notation, with the sign before it; empty where none was found."""
        explanation = self.link.explanation
        if explanation is None or not explanation.corrected:
            return ""
        if self.is_whole(explanation):
            return one_line(explanation.corrected)
        return one_line(f"{self.formula.text[self.begin : self._part_begin]}{explanation.corrected}")

    def corrected_in(self, text: str) -> str:
        """The formula, of which what follows this line may be corrected already, with this line corrected."""
        explanation = self.link.explanation
        assert explanation is not None
        begin, end, new = self._part_begin, self.end, explanation.corrected
        if self.is_whole(explanation):
            begin, end, new = changed(self.formula.text, new)
        return text[:begin] + new + text[end:]

    def is_whole(self, explanation: Explanation) -> bool:
        """Whether the correction is one of the whole formula rather than of one step of a chain."""
        before = self.formula.text[: self._part_begin]
        return explanation.left or (bool(before) and explanation.corrected.startswith(before))

    @property
    def _part_begin(self) -> int:
        """Where what is claimed starts, behind the sign of relation."""
        span = self.link.tree.span if self.link.tree is not None else None
        return self.begin if span is None else offset(self.formula.text, *span[:2])


def report_rows(report: DocumentReport) -> list[Row]:
    """Every line of a document's mathematics, in order, problems numbered."""
    rows: list[Row] = []
    number = 0
    for part in report.formulas:
        for link, begin, end in pieces(part.formula, part.verdict):
            number += link.status in PROBLEMS
            shown = number if link.status in PROBLEMS else 0
            rows.append(Row(report.document, part.formula, link, begin, end, shown))
    return rows


def pieces(formula: Formula, verdict: Verdict) -> Iterator[tuple[Link, int, int]]:
    """Each verdict of a formula with the text that it is about: of a chain the sign and what follows it."""
    text = formula.text
    ends = [_end(text, link) for link in verdict.links]
    for link, end in zip(verdict.links, ends, strict=True):
        span = link.tree.span if link.tree is not None else None
        if span is not None and isinstance(link.tree, Membership):
            begin = offset(text, *span[:2])
        elif span is not None and formula.surface == "code":  # what stands between statements is no part of them
            begin = offset(text, span.line, 1)
        else:
            begin = max((other for other in ends if other < end), default=0)
        separator = _SEPARATORS.match(text, begin, end)
        yield link, separator.end() if separator else begin, end


def _end(text: str, link: Link) -> int:
    span = link.tree.span if link.tree is not None else None
    if span is not None:
        return offset(text, *span[2:])
    found = _END.search(text)
    return found.start() if found else len(text)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many lines have which verdict, and what the true ones rest on."""

    counts: dict[Status, int]
    points: int
    instances: tuple[str, ...]
    deviation: float

    @property
    def verdicts(self) -> str:
        """`3 claims: 2 true, 1 false`."""
        total = sum(self.counts.values())
        counts = ", ".join(f"{self.counts[status]} {status}" for status in MARKS if self.counts.get(status))
        return f"{total} claim{'s' * (total != 1)}: {counts}" if total else "nothing is claimed"

    @property
    def evidence(self) -> str:
        """What was compared."""
        if not self.points:
            return "nothing was compared"
        sizes = " and ".join(self.instances)
        return f"compared at {self.points} points ({sizes}), largest deviation {self.deviation:.1g} where true"

    def __str__(self) -> str:
        return f"{self.verdicts}; {self.evidence}" if self.counts else self.verdicts


def summary(rows: Iterable[Row]) -> Summary:
    """The summary of some rows, of one document or of many."""
    links = [row.link for row in rows if row.link.status != "declaration"]
    instances = dict.fromkeys(name for link in links for name in link.evidence.instances)
    return Summary(
        dict(Counter(link.status for link in links)),
        sum(link.evidence.points for link in links),
        tuple(instances),
        max((link.evidence.deviation for link in links if link.status == "true"), default=0.0),
    )


def notes(rows: Iterable[Row]) -> Iterator[str]:
    """The readings that were chosen for rows that are no problem, each with the places where."""
    places: dict[str, list[str]] = {}
    for row in rows:
        for note in row.link.notes if not row.number else ():
            places.setdefault(note, []).append(row.where)
    for note, where in places.items():
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        yield f"{', '.join(where[:3])}{more}: {note}"


def source_line(row: Row) -> str:
    """The line of the file in which the part at fault starts."""
    number, cell = row.formula.place(*row.fault[:2])[0], row.formula.cell
    first = row.document.cells[cell - 1] - 1 if cell else 0
    lines = row.document.text.split("\n")
    return lines[first + number - 1] if first + number <= len(lines) else ""
