"""From a document to verdicts on every line of mathematics in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jacobians.claims.check import Checker, context_of
from jacobians.claims.context import Context
from jacobians.claims.discovery import Discovery, Found, discover
from jacobians.claims.documents import Document, Formula, read_document, read_side_file
from jacobians.claims.documents.passage import Place
from jacobians.claims.named import statement_name
from jacobians.claims.regions import Regions
from jacobians.claims.scope import names_reached
from jacobians.claims.verdicts import SEVERITY, Link, Status, Verdict
from jacobians.errors import JacobiansError
from jacobians.model import Model
from jacobians.notation.to_plain import to_plain

#: Where an equals sign claims nothing: in limits of sums and in other subscripts.
_SUBSCRIPT = re.compile(r"_\s*(?:\{[^{}]*\}|\S)")
_EQUALITY = re.compile(r"=|≡|≔|\\(?:equiv|triangleq|coloneqq|doteq)\b")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chain: its verdict, and where it starts in the file (line and column from 1)."""

    link: Link
    place: Place

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"line": self.place[0], "column": self.place[1], **self.link.as_dict()}


@dataclass(frozen=True, slots=True)
class FormulaReport:
    """A formula of the document with the verdict on it, line by line."""

    formula: Formula
    verdict: Verdict
    lines: tuple[Line, ...]

    @property
    def place(self) -> Place:
        """Where it starts in the file."""
        return self.formula.starts[0]

    @property
    def status(self) -> Status:
        """The status of its worst line."""
        return self.verdict.status

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "text": self.formula.text,
            "line": self.place[0],
            "column": self.place[1],
            "cell": self.formula.cell,
            "heading": list(self.formula.heading),
            "status": self.status,
            "lines": [line.as_dict() for line in self.lines],
        }


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """The verdicts on all formulas of a document, what was taken as definitions, and what was passed over."""

    document: Document
    formulas: tuple[FormulaReport, ...]
    definitions: tuple[Found, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> Iterator[Line]:
        """All lines, in the order of the document."""
        return (line for formula in self.formulas for line in formula.lines)

    @property
    def counts(self) -> dict[Status, int]:
        """How many lines have each status, from good to bad."""
        found = Counter(line.link.status for line in self.lines)
        return {status: found[status] for status in SEVERITY if found[status]}

    @property
    def ok(self) -> bool:
        """Whether every claim holds."""
        return self.exit_status == 0

    @property
    def exit_status(self) -> int:
        """0 where all claims hold, 1 where at least one was not shown to."""
        return int(any(line.link.status not in ("true", "declaration") for line in self.lines))

    def __bool__(self) -> bool:
        return self.ok

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "path": self.document.path,
            "counts": dict(self.counts),
            "exit_status": self.exit_status,
            "definitions": [
                {"name": f.name, "taken_as": f.said, "line": f.place[0], "column": f.place[1]} for f in self.definitions
            ],
            "notes": list(self.notes),
            "formulas": [formula.as_dict() for formula in self.formulas],
        }


def check_document(
    document: Document | Path | str,
    model: Model | Context | str | None = None,
    side: Path | str | None = None,
    explain: bool = True,
) -> DocumentReport:
    """A verdict for every line of mathematics in a document (.md, .tex, .ipynb, text).

    What names mean is said by `model` for the whole document; else by the document's own model blocks, each until the
    next one, and by a `side` file whose headings name the document's, by default `notes.model.md` beside `notes.md`;
    and by what the document itself defines.

    Raises:
        InputError: a file that cannot be read; MathSyntaxError, ModelError: a `model` or a side file that makes none.
    """
    notes: list[str] = []
    if not isinstance(document, Document):
        side = side or _beside(Path(document), notes)
        document = read_document(document)
    given = None if model is None else context_of(model)
    regions = Regions(document, given, read_side_file(side) if side else [])
    checks = _Checks(document, explain)
    formulas = tuple(checks.formula(number, regions.at(number)) for number in regions.formulas)
    return DocumentReport(document, formulas, checks.found, (*document.notes, *notes, *regions.notes))


def _beside(path: Path, notes: list[str]) -> Path | None:
    """The side file that has the document's name, and a note that it was used."""
    side = path.with_name(f"{path.stem}.model.md")
    if side == path or not side.is_file():
        return None
    notes.append(f"models are taken from {side.name}")
    return side


# ----- formulas -----


@dataclass(slots=True)
class _Checks:
    """Checks the formulas of a document; one checker for each context, so that values are kept."""

    document: Document
    explain: bool
    discoveries: dict[int, tuple[Context, Discovery]] = field(default_factory=dict)
    checkers: dict[int, Checker] = field(default_factory=dict)
    broken: dict[int, dict[str, str]] = field(default_factory=dict)

    def formula(self, number: int, start: Context | str) -> FormulaReport:
        part = self.document.parts[number]
        assert isinstance(part, Formula)
        if isinstance(start, str):
            return _reported(part, _alone(part, "not understood", start))
        if not _claims(part):
            return _reported(part, _alone(part, "declaration", "nothing is claimed"))
        try:
            verdict = self.checker(number, start).check(part.text, self.explain, part.surface)
        except (JacobiansError, ArithmeticError, RecursionError) as error:  # costs this formula its verdict, no other
            verdict = _alone(part, "not understood", str(error).partition("\n")[0])
        if not verdict.ok:
            verdict = self.resting(verdict, self.checker(number, start), number)
        return _reported(part, verdict)

    def resting(self, verdict: Verdict, checker: Checker, number: int) -> Verdict:
        """A line that rests on an equation of the document which has no meaning itself is not blamed for it."""
        if id(checker) not in self.broken:
            self.broken[id(checker)] = _without_meaning(checker)
        broken = self.broken[id(checker)]
        links = list(verdict.links)
        for k, link in enumerate(links):
            if link.status in ("true", "declaration") or link.tree is None:
                continue
            names = names_reached(checker.context, (verdict.tree or link.tree, link.tree))
            reason = next((broken[name] for name in sorted(names) if name in broken), "")
            own = any(pair[1] == link.tree for pair in checker.context.definitions)
            if reason and not own:
                links[k] = Link("not understood", link.tree, reason, span=link.span)
        return replace(verdict, links=tuple(links))

    def checker(self, number: int, start: Context) -> Checker:
        if id(start) not in self.discoveries:
            self.discoveries[id(start)] = (start, discover(self.document, start))
        context = self.discoveries[id(start)][1].context(number)
        if id(context) not in self.checkers:
            self.checkers[id(context)] = Checker(context)
        return self.checkers[id(context)]

    @property
    def found(self) -> tuple[Found, ...]:
        listed = {f: None for _, discovery in self.discoveries.values() for f in discovery.found}
        return tuple(sorted(listed, key=lambda f: f.place))


def _without_meaning(checker: Checker) -> dict[str, str]:
    """The quantities that the document defines in a way that has no meaning, and why a claim about them has none."""
    found = {}
    for head, right in checker.context.definitions:
        link = checker.judge.link(head, right)
        if link.status in ("ill-formed", "not understood") and (name := statement_name(head)) is not None:
            equation = f"{to_plain(head)} = {to_plain(right)}"
            found[name.text] = f"it rests on {equation}, where {link.reason}; declare sizes, as in `x : n`"
    return found


def _claims(part: Formula) -> bool:
    """Whether anything is equated: a formula without an equals sign outside of subscripts claims nothing."""
    return _EQUALITY.search(_SUBSCRIPT.sub("", part.text)) is not None


def _alone(part: Formula, status: Status, reason: str) -> Verdict:
    """One verdict on the whole formula."""
    return Verdict(part.text, (Link(status, reason=reason),), surface=part.surface)


def _reported(part: Formula, verdict: Verdict) -> FormulaReport:
    lines = []
    for link in verdict.links:
        span = link.tree.span if link.tree is not None and link.tree.span is not None else link.span
        place = part.place(span.line, span.column) if span is not None else part.starts[0]
        lines.append(Line(link, place))
    return FormulaReport(part, verdict, tuple(lines))
