"""A claim in another convention: what it says of each derivative stays, how it is written changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from jacobians.claims.context import Context
from jacobians.claims.conventions import LAYOUTS, Layout
from jacobians.claims.layouts import Detective, LayoutReport, Sides, context_of_claim, sides
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
from jacobians.claims.layouts_transpose import Transposer, product
from jacobians.claims.products import meaning
from jacobians.claims.surfaces import READERS
from jacobians.errors import InputError, MathSyntaxError
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.patching import patched
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain

#: Where a gradient is neither row nor column, formulas are written with it as the one or the other.
WRITTEN_AS = {
    "function-first": ("mixed", "row-gradients", "numerator", "denominator"),
    "variable-first": ("denominator", "mixed", "row-gradients", "numerator"),
}
Change = Callable[[t.Tree], t.Tree]


def rewritten(model: Model | Context | str | None, claim: str, to: str = "denominator", frm: str | None = None) -> str:
    r"""The claim in another convention, in its own notation: `(A B)^T = B^T A^T` pushed inside, derivatives as they are.

    `to` and `frm` are names of conventions: mixed, denominator, numerator, row-gradients, function-first,
    variable-first; columns, rows; column-vec, row-vec; outer-product, Kronecker. Without `frm` it is found out in which
    one the claim is right; a claim that is right in `to` already comes back as it is. The result has been judged there.

    >>> rewritten("x : 2\ny : 3\nz : 5\nf, g : function", "D(z, x) = D(z, y) @ D(y, x)") # doctest: +SKIP
    'D(z, x) = D(y, x) @ D(z, y)'

    Raises:
        InputError: the claim is right in no convention, or not in `frm`, or cannot be written in `to`; no such
            convention. MathSyntaxError, ModelError: the claim or the model cannot be read.
    """
    target = choice_named(to, "rewritten")
    start = None if frm is None else choice_named(frm, "rewritten")
    if start is not None and QUESTION_OF[start] is not QUESTION_OF[target]:
        raise InputError(f"rewritten: expected frm and to of one kind, got {start} and {target}; leave frm out")
    detective = Detective(context_of_claim(model, claim), claim)
    source = _source(detective, start, QUESTIONS.index(QUESTION_OF[target]))
    goal = chosen(source, target)
    statements = [sides(tree) for tree in detective.chains]
    if start is None and detective.finding(statements, goal, direct=True).right:
        return claim
    return Rewriting(detective, source, goal).text()


def _source(detective: Detective, start: Choice | None, question: int) -> Conventions:
    """The conventions in which the claim is right, the nearest to those of the document.

    Raises:
        InputError: there are none.
    """
    report = detective.report()
    if report.found is None:
        raise InputError(
            f"rewritten: {detective.claim} is right in no convention that is known; `check` says what is wrong with it"
        )
    if start is None:
        return report.found
    statements = [sides(tree) for tree in detective.chains]
    made = chosen(report.found, start)
    near = [made] + [chosen(f.conventions, start) for f in report.right]
    for conventions in near:
        if detective.finding(statements, conventions, direct=True).right:
            return conventions
    reason = detective.finding(statements, made).reason
    raise InputError(
        f"rewritten: expected a claim that is right in the convention {start}, got {detective.claim}: {reason}; "
        f"it is right in {answer(report.found, QUESTIONS[question])}"
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
        return Transposer(
            lambda tree: detective.value(tree, conventions), detective.judge.is_elementwise, settings, kept
        )

    def change(self, question: object, here: Conventions, after: Conventions) -> Change:
        """What puts every part that means something else into the new convention."""
        if question is LAYOUT:
            old, new = (LAYOUTS[answer(x, LAYOUT).value] for x in (here, after))
            return LaidOut(self.transposer(here), old, new).side
        if question is VECTORS:
            own = self.detective.home
            other = next(choice for choice in VECTORS.choices if choice is not answer(own, VECTORS))
            return lambda tree: self.detective.seen(tree, chosen(own, other))
        settings = settings_of(here, self.detective.context.settings)
        if question is VEC:
            return lambda tree: _swapped(tree, meaning("⊗", settings) == "Kronecker")
        return lambda tree: self.product_sign(tree, here, answer(after, OTIMES).key)

    def product_sign(self, tree: t.Tree, here: Conventions, to: str) -> t.Tree:
        """a ⊗ b of two columns as an outer product is a ⊗ b^T as a Kronecker product."""
        tree = rebuilt(tree, lambda part: self.product_sign(part, here, to))
        if not (isinstance(tree, t.Binary) and tree.op == "⊗"):
            return tree
        transposer = self.transposer(here)
        if transposer.rank(tree.left) == transposer.rank(tree.right) == 1:
            return replace(tree, right=transposer.turned(tree.right))
        if 0 in (transposer.rank(tree.left), transposer.rank(tree.right)):
            return tree
        raise InputError(f"rewritten: {to_plain(tree)} of matrices has no form for {to}; write it by its entries")


def _swapped(tree: t.Tree, kronecker: bool) -> t.Tree:
    """vec(A X B) is (B^T ⊗ A) vec X for columns and (A ⊗ B^T) vec X for rows."""
    tree = rebuilt(tree, lambda part: _swapped(part, kronecker))
    if kronecker and isinstance(tree, t.Binary) and tree.op == "⊗":
        return replace(tree, left=tree.right, right=tree.left)
    return tree


class LaidOut:
    """Puts D^T for every derivative D that is another one's transpose in the new layout."""

    def __init__(self, transposer: Transposer, old: Layout, new: Layout) -> None:
        self.transposer, self.old, self.new = transposer, old, new

    def side(self, tree: t.Tree) -> t.Tree:
        """One side of an equation, or a part of it."""
        match tree:
            case c.Partial() | c.JacobianOf():
                return self.derivative(tree)
            case c.Gradient():
                return tree
            case t.Binary() | t.Juxtaposition() if self.transposer.kind(tree) == "matrix product":
                factors, signs = self.transposer.factors(tree)
                if any(self.is_moved(factor) for factor in factors):
                    return self.reversed_chain(factors, signs)
        return rebuilt(tree, self.side)

    def derivative(self, tree: t.Tree) -> t.Tree:
        """A derivative of at most two axes.

        Raises:
            InputError: it has more, in another order.
        """
        if self.is_moved(tree):
            raise InputError(
                f"rewritten: {to_plain(tree)} has more than two axes, which stand in another order there; "
                "write it by its entries"
            )
        out, inputs = self.axes(tree)
        if out == 0:
            differs = self.row(self.old, inputs) != self.row(self.new, inputs)
        else:
            differs = out == 1 and inputs < 2 and self.old.inputs_first != self.new.inputs_first
        return t.Transpose(tree) if differs else tree

    def row(self, layout: Layout, inputs: int) -> bool:
        """Whether the gradient of a number is transposed."""
        return layout.gradient == "row" if inputs == 1 else inputs == 2 and layout.matrix_turned

    def axes(self, tree: t.Tree) -> tuple[int, int]:
        """How many axes a derivative has of its output and of its input."""
        rank = self.transposer.rank
        if not isinstance(tree, c.Partial):
            return 1, rank(tree) - 1
        return max(rank(tree.of), 0) + (max(rank(tree.second), 0) if tree.second else 0), max(rank(tree.by), 0)

    def is_moved(self, tree: t.Tree) -> bool:
        """Whether it is a derivative of more than two axes, which stand in another order there."""
        if not isinstance(tree, c.Partial | c.JacobianOf) or self.old.inputs_first == self.new.inputs_first:
            return False
        out, inputs = self.axes(tree)
        return out + inputs > 2 and inputs > 0 < out

    def reversed_chain(self, factors: Sequence[t.Tree], signs: Sequence[str]) -> t.Tree:
        """The chain rule with all axes in between summed: the factors in reverse, derivatives as they are."""
        turned: list[Any] = [
            factor if isinstance(factor, c.Partial | c.JacobianOf) else self.transposer.turned(factor)
            for factor in factors
        ]
        return product(turned[::-1], list(signs)[::-1])
