"""Judges the formulas of one text in one combination of conventions after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from jacobians.claims.compare import Mismatch
from jacobians.claims.context import Context
from jacobians.claims.errors import NotUnderstood
from jacobians.claims.judge import Judge, Outcome
from jacobians.claims.layouts_report import Finding, LayoutReport
from jacobians.claims.layouts_rows import Turning
from jacobians.claims.layouts_table import (
    LAYOUT,
    OTIMES,
    QUESTIONS,
    VEC,
    VECTORS,
    Conventions,
    Question,
    answer,
    chosen,
    settings_of,
    usual,
)
from jacobians.claims.statements import in_order, is_update
from jacobians.claims.surfaces import read_claim
from jacobians.claims.values import Value
from jacobians.claims.verdicts import Status
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

Sides = tuple[t.Tree, ...]


class Detective:
    """Judges one text in one combination of conventions after the other."""

    def __init__(
        self, context: Context, claim: str, trees: list[t.Tree] | None = None, judge: Judge | None = None
    ) -> None:
        """What the text says in this context, or the `trees` that it was printed from."""
        self.context, self.judge, self.claim = context, judge or Judge(context), claim
        self.surface, self.written = read_claim(claim, context) if trees is None else ("tree", trees)
        self.trees = in_order(self.written, context, self.surface)
        self.home = usual(context.settings)
        self._values: dict[tuple[t.Tree, Conventions], Value | None] = {}
        lines = [line for tree in self.chains for line in _lines(sides(tree))]
        if trees is None and all((head, part) in context.definitions for head, _, part in lines):
            raise InputError(f"layouts: expected an equation that claims something, got {claim!r}; write left = right")

    @property
    def chains(self) -> list[t.Chain]:
        """The statements that equate something."""
        return [tree for tree in self.trees if isinstance(tree, t.Chain) and not is_update(tree)]

    # ----- one combination -----

    def finding(self, statements: Sequence[Sides], conventions: Conventions, direct: bool = False) -> Finding:
        """The verdict on statements in some conventions; with `direct` derivatives may be meant as direct ones."""
        settings = settings_of(conventions, self.context.settings)
        entries: t.Tree | None = None  # the line that says what the letters of entries count to
        for head, before, part in [line for parts in statements for line in _lines(parts)]:
            outcome = self.outcome(head, part, conventions)
            if before is head:
                entries = None
            elif isinstance(outcome.error, NotUnderstood):
                entries = entries or before
                head, outcome = entries, self.outcome(entries, part, conventions)
            if outcome.equal:
                continue
            left, right = self.seen(head, conventions), self.seen(part, conventions)
            if direct and self.judge.direct(left, right, settings) is not None:
                continue
            return Finding(conventions, _status(outcome), outcome.error.message if outcome.error else outcome.failed)
        return Finding(conventions, "true")

    def outcome(self, left: t.Tree, right: t.Tree, conventions: Conventions) -> Outcome:
        """What comes of one equation in some conventions."""
        settings = settings_of(conventions, self.context.settings)
        return self.judge.outcome(self.seen(left, conventions), self.seen(right, conventions), settings=settings)

    def seen(self, tree: t.Tree, conventions: Conventions) -> t.Tree:
        """The tree about the document's quantities: columns for rows and the other way round."""
        return tree if self.is_own(conventions) else self.turned(tree, own=False)

    def is_own(self, conventions: Conventions) -> bool:
        """Whether vectors are columns, or rows, as in the document."""
        return answer(conventions, VECTORS).value == self.context.settings.vectors

    def turned(self, tree: t.Tree, own: bool) -> t.Tree:
        """The tree with every vector and matrix transposed, see `layouts_rows`."""
        whole = (f.name for f in self.context.functions.values() if f.kind in ("number", "vector"))
        return Turning(self.rank, frozenset(whole), own).turned(tree)

    def rank(self, tree: t.Tree) -> int:
        """The number of axes of a quantity; 0 where it has no value."""
        value = self.value(tree, self.home)
        return 0 if value is None else value.rank

    def value(self, tree: t.Tree, conventions: Conventions) -> Value | None:
        """The value of a part of a formula in some conventions."""
        key = (tree, conventions)
        if key not in self._values:
            settings = settings_of(conventions, self.context.settings)
            self._values[key] = self.judge.value(self.seen(tree, conventions), settings)
        return self._values[key]

    # ----- all of them -----

    def report(self) -> LayoutReport:
        """The verdict in every combination that makes a difference."""
        statements = [sides(tree) for tree in self.chains]
        combined = list(self.combinations(list(self.questions())))
        for direct in (False, True):
            all_of = {x: self.finding(statements, x, direct) for x in combined}
            if any(finding.right for finding in all_of.values()):
                break
        if all(finding.status == "not understood" for finding in all_of.values()):
            raise InputError(f"{self.claim}: {all_of[self.home].reason}")
        right = [x for x in combined if all_of[x].right]
        found = min(right, key=lambda x: self.distance(x, self.home), default=None)
        questions = tuple(q for q in QUESTIONS if _matters(q, all_of, bool(right)))
        start = found or self.home
        listed = [all_of[x] for x in self.combinations(questions, start)]
        shown = tuple(f for f in listed if f.right or self.distance(f.conventions, start) < 2)
        return LayoutReport(self.claim, questions, shown, found, self.surface)

    def distance(self, one: Conventions, other: Conventions) -> int:
        """How many answers differ."""
        return sum(a is not b for a, b in zip(one, other, strict=True))

    def combinations(self, questions: Sequence[Question], start: Conventions | None = None) -> Iterator[Conventions]:
        """Every answer to these questions, the last one changing slowest; the others as at the start."""
        for choices in product(*(question.choices for question in reversed(questions))):
            made = start or self.home
            for choice in choices:
                made = chosen(made, choice)
            yield made

    def questions(self) -> Iterator[Question]:
        """What is left open by anything that stands in the formula."""
        parts = [part for tree in self.chains for part in tree.walk()]
        if any(isinstance(part, c.Partial | c.JacobianOf) for part in parts):
            yield LAYOUT
        if any(isinstance(part, t.Name) and self.rank(part) for part in parts):
            yield VECTORS
        if any(isinstance(part, t.Call) and part.function == "vec" for part in parts):
            yield VEC
        if any(isinstance(part, t.Binary) and part.op == "⊗" for part in parts):
            yield OTIMES


def _matters(question: Question, findings: dict[Conventions, Finding], is_right: bool) -> bool:
    """Whether another answer to this question alone makes another verdict."""
    for conventions, finding in findings.items():
        for choice in question.choices:
            other = findings.get(chosen(conventions, choice), finding)
            if other.right != finding.right or (not is_right and other.status != finding.status):
                return True
    return False


def sides(tree: t.Chain) -> Sides:
    """The sides of a chain of equations."""
    return tuple(part.element if isinstance(part, c.Membership) else part for part in tree.parts)


def _lines(parts: Sides) -> list[tuple[t.Tree, t.Tree, t.Tree]]:
    """Every line of a chain: its head, the line before, and the line itself."""
    return [(parts[0], before, part) for before, part in pairwise(parts)]


def _status(outcome: Outcome) -> Status:
    if isinstance(outcome.error, NotUnderstood):
        return "not understood"
    return "false" if outcome.error is None or isinstance(outcome.error, Mismatch) else "ill-formed"
