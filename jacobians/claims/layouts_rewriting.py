"""A claim in another convention: what it says of each derivative stays, how it is written changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jacobians.claims.context import Context
from jacobians.claims.conventions import LAYOUTS
from jacobians.claims.layouts import investigated
from jacobians.claims.layouts_changes import LaidOut, other_product, swapped
from jacobians.claims.layouts_detective import Detective, Sides, sides
from jacobians.claims.layouts_report import LayoutReport
from jacobians.claims.layouts_table import (
    CHOICES,
    LAYOUT,
    OTIMES,
    QUESTION_OF,
    QUESTIONS,
    VEC,
    VECTORS,
    Choice,
    Conventions,
    answer,
    choice_named,
    chosen,
    settings_of,
)
from jacobians.claims.layouts_transpose import Transposer
from jacobians.claims.surfaces import READERS
from jacobians.errors import InputError, MathSyntaxError
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.patching import patched

#: Where a gradient is neither row nor column, formulas are written with it as the one or the other.
WRITTEN_AS = {
    "function-first": ("mixed", "row-gradients", "numerator", "denominator"),
    "variable-first": ("denominator", "mixed", "row-gradients", "numerator"),
}
Change = Callable[[t.Tree], t.Tree]


def rewritten(model: Model | Context | str | None, claim: str, to: str = "denominator", frm: str | None = None) -> str:
    r"""The claim in another convention, in its own notation; what is transposed is so inside, `B^T A^T` for `(A B)^T`.

    `to` and `frm` are names of conventions: mixed, denominator, numerator, row-gradients, function-first,
    variable-first; columns, rows; column-vec, row-vec; outer-product, Kronecker. Without `frm` it is found out in which
    one the claim is right; a claim that is right in `to` already comes back as it is. The result has been judged there.

    >>> rewritten("x : 2\nW : 3 x 2\nV : 5 x 3\ny = W @ x\nz = V @ y", "D(z, x) = D(z, y) @ D(y, x)")
    'D(z, x) = D(y, x) @ D(z, y)'

    Raises:
        InputError: the claim is right in no convention, or not in `frm`, or cannot be written in `to`; no such
            convention. MathSyntaxError, ModelError: the claim or the model cannot be read.
    """
    target = choice_named(to, "rewritten")
    start = None if frm is None else choice_named(frm, "rewritten")
    if start is not None and QUESTION_OF[start] is not QUESTION_OF[target]:
        raise InputError(f"rewritten: expected frm and to of one kind, got {start} and {target}; leave frm out")
    detective, report = investigated(model, claim)
    source = _source(detective, report, start, QUESTIONS.index(QUESTION_OF[target]))
    goal = chosen(source, target)
    statements = [sides(tree) for tree in detective.chains]
    if start is None and detective.finding(statements, goal, direct=True).right:
        return claim
    return Rewriting(detective, source, goal).text()


def _source(detective: Detective, report: LayoutReport, start: Choice | None, question: int) -> Conventions:
    """The conventions in which the claim is right, the nearest to those of the document.

    Raises:
        InputError: there are none.
    """
    if report.found is None:
        raise InputError(
            f"rewritten: {detective.claim} is right in no convention that is known; `check` says what is wrong with it"
        )
    if start is None:
        return report.found
    made = chosen(report.found, start)
    finding = detective.finding([sides(tree) for tree in detective.chains], made, direct=True)
    if finding.right:
        return made
    raise InputError(
        f"rewritten: expected a claim that is right in the convention {start}, got {detective.claim}: "
        f"{finding.reason}; it is right in {answer(report.found, QUESTIONS[question])}"
    )


def with_forms(detective: Detective, report: LayoutReport) -> LayoutReport:
    """The report with the claim in every convention that it is wrong in."""
    assert report.found is not None
    forms, problems = dict[str, str](), dict[str, str]()
    for finding in report.findings:
        if finding.right:
            continue
        try:
            forms[report.names(finding)] = Rewriting(detective, report.found, finding.conventions).text()
        except InputError as error:
            problems[report.names(finding)] = str(error).removeprefix("rewritten: ")
    return replace(report, forms=forms, problems=problems)


class Rewriting:
    """From one combination of conventions to another, one question after the other."""

    def __init__(self, detective: Detective, source: Conventions, goal: Conventions) -> None:
        self.detective, self.goal = detective, goal
        self.here = self.strict(source)
        #: Where every gradient is a row or a column.
        layout = WRITTEN_AS.get(answer(goal, LAYOUT).key)
        self.there = goal if layout is None else chosen(goal, CHOICES[layout[0]])

    def strict(self, source: Conventions) -> Conventions:
        """The conventions with gradients that are rows or columns, as the claim has them."""
        names = WRITTEN_AS.get(answer(source, LAYOUT).key)
        if names is None:
            return source
        statements = [sides(tree) for tree in self.detective.chains]
        for name in names:
            found = chosen(source, CHOICES[name])
            if self.detective.finding(statements, found, direct=True).right:
                return found
        raise InputError(
            f"rewritten: {self.detective.claim} has gradients that are rows in one place and columns in another; "
            "write transposes where they are rows"
        )

    def text(self) -> str:
        """The text with the statements rewritten, which is read and judged again.

        Raises:
            InputError: there is no such text.
        """
        detective, surface = self.detective, self.detective.surface
        text: str = detective.claim
        if any(old is not new for old, new in zip(detective.written, detective.trees, strict=True)):
            raise InputError(f"rewritten: {text!r} assigns to one name twice; rewrite one statement at a time")
        for tree in reversed(detective.chains):  # the last first: places before it stay where they are
            text = patched(text, tree, self.statement(tree), surface, self._reads(text, tree))  # type: ignore[arg-type]
        try:
            trees = READERS[surface](text, detective.context)
        except MathSyntaxError as error:
            raise InputError(f"rewritten: expected a formula in {surface}, got {text!r}: {error.problem}") from None
        statements = [sides(tree) for tree in trees if isinstance(tree, t.Chain)]
        finding = detective.finding(statements, self.goal, direct=True)
        if not finding.right:
            names = ", ".join(b.key for a, b in zip(self.here, self.goal, strict=True) if a is not b)
            raise InputError(f"rewritten: no form of {detective.claim} was found for {names}: {finding.reason}")
        return text

    def _reads(self, source: str, tree: t.Chain) -> Callable[[str], t.Tree | None] | None:
        """Reads the text of one statement again, where it is the only one."""
        if len(self.detective.trees) > 1:
            return None

        def reads(text: str) -> t.Tree | None:
            try:
                found = READERS[self.detective.surface](text, self.detective.context)
            except MathSyntaxError:
                return None
            return found[0] if len(found) == 1 else None

        return reads

    def statement(self, tree: t.Chain) -> t.Chain:
        """A chain of equations in the other conventions."""
        parts, here = sides(tree), self.here
        for question in QUESTIONS:
            after = chosen(here, answer(self.there, question))
            if after is not here and after != here:
                parts = self.changed(parts, here, after)
                here = after
        made = tuple(
            replace(old, element=new) if isinstance(old, c.Membership) else new
            for old, new in zip(tree.parts, parts, strict=True)
        )
        return replace(tree, parts=made)

    def changed(self, parts: Sides, here: Conventions, after: Conventions) -> Sides:
        """The sides with one question answered otherwise."""
        question = next(q for q in QUESTIONS if answer(here, q) is not answer(after, q))
        change = self.change(question, here, after)
        made = tuple(change(part) for part in parts)
        if question in (VEC, OTIMES) or all(a is b for a, b in zip(made, parts, strict=True)):
            return made
        kept = frozenset(id(part) for side in parts for part in side.walk())
        return self.transposer(after, kept).equation(made)

    def transposer(self, conventions: Conventions, kept: frozenset[int] = frozenset()) -> Transposer:
        """What pushes transposes inside, for formulas in these conventions."""
        detective = self.detective
        settings = settings_of(conventions, detective.context.settings)
        rows = answer(conventions, VECTORS).value == "rows"
        return Transposer(
            lambda tree: detective.value(tree, conventions), detective.judge.is_elementwise, settings, rows, kept
        )

    def change(self, question: object, here: Conventions, after: Conventions) -> Change:
        """What puts every part that means something else into the new convention."""
        if question is LAYOUT:
            old, new = (LAYOUTS[answer(x, LAYOUT).value] for x in (here, after))
            kinds = {name: f.kind for name, f in self.detective.context.functions.items()}
            return LaidOut(self.transposer(here), kinds, old, new).side
        if question is VECTORS:
            return lambda tree: self.detective.turned(tree, self.detective.is_own(here))
        if question is VEC:
            return swapped if answer(here, OTIMES).value == "Kronecker" else lambda tree: tree
        return lambda tree: other_product(tree, self.transposer(here), answer(after, OTIMES).key)
