"""Check a claim: read it, judge every line of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from jacobians.claims.conditions import condition, conditions
from jacobians.claims.context import Context
from jacobians.claims.context_text import read_context
from jacobians.claims.definitions import is_objective, is_tuple
from jacobians.claims.errors import ClaimError
from jacobians.claims.judge import Judge
from jacobians.claims.statements import in_order, is_update
from jacobians.claims.verdicts import Link, Verdict
from jacobians.errors import InputError, MathSyntaxError
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain


def check(model: Model | Context | str | None, claim: str, explain: bool = True) -> Verdict:
    r"""The verdict on a claim: `jac.check(model, r"\frac{\partial L}{\partial W_1} = \delta_1 x^\top")`.

    `model` is a Model, the text of a model with its conventions (see `claims.context_text`), or None for claims that
    need none. The claim is LaTeX, plain notation or Python code. With `explain` the red pen names the mistake.

    Raises:
        InputError: `claim` is no text; MathSyntaxError, ModelError: the text of the model cannot be read.
    """
    if not isinstance(claim, str):
        raise InputError(f"check: expected the claim as text, got {type(claim).__name__}")
    return Checker(_with_open_names(context_of(model), claim)).check(claim, explain)


def _with_open_names(context: Context, claim: str) -> Context:
    """The context with the variables that nobody declares, of its own equations and of the claim."""
    from jacobians.claims.open_sizes import with_sizes
    from jacobians.claims.surfaces import read_claim

    try:
        return with_sizes(context, read_claim(claim, context)[1], strict=False)
    except MathSyntaxError:  # the checker says so
        return context


def context_of(model: Model | Context | str | None) -> Context:
    """The context of whatever describes a network."""
    if isinstance(model, Context):
        return model
    if isinstance(model, Model):
        return Context.of_model(model)
    if model is None:
        return Context()
    if isinstance(model, str):
        return read_context(model)
    raise InputError(f"check: expected a Model, the text of one, or None, got {type(model).__name__}")


class Checker:
    """Checks claims of one context; what was computed for one claim serves the next."""

    def __init__(self, context: Context) -> None:
        self.context, self.judge = context, Judge(context)

    def check(self, claim: str, explain: bool = True, surface: str = "") -> Verdict:
        """The verdict on a text: all its statements, each a chain of equalities or a declaration."""
        from jacobians.claims.surfaces import read_claim

        try:
            surface, trees = read_claim(claim, self.context, surface)
        except MathSyntaxError as error:
            link = Link(
                "not understood",
                None,
                error.problem,
                span=t.Span(error.line, error.column, error.line, error.column + 1),
            )
            return Verdict(claim, (link,), None, surface)
        trees = in_order(trees, self.context, surface)
        self.judge.given = conditions(trees, self.context)
        links = [link for tree in trees for link in self.links(tree)] or [
            Link("declaration", None, "nothing is claimed")
        ]
        verdict = Verdict(claim, tuple(links), trees[0] if len(trees) == 1 else None, surface)
        if explain:
            from jacobians.claims.redpen import explained

            verdict = explained(self.judge, verdict, trees)
        return verdict

    def links(self, tree: t.Tree) -> list[Link]:
        """One verdict for each line of a chain."""
        if isinstance(tree, c.Membership):
            return self.membership(tree)
        if not isinstance(tree, t.Chain):
            return [Link("declaration", tree, "nothing is claimed")]
        if condition(tree, self.context) is not None:
            return [Link("declaration", tree, "a condition") for _ in tree.parts[1:]]
        if is_update(tree):
            note = f"an assignment: {to_plain(tree.parts[0])} on the right is the value before, later the new one"
            return [Link("declaration", tree, "nothing is claimed", (note,))]
        return self.chain([part.element if isinstance(part, c.Membership) else part for part in tree.parts])

    def chain(self, parts: Sequence[t.Tree]) -> list[Link]:
        """Each line against the head, and against the line before it."""
        head, links = parts[0], list[Link]()
        if isinstance(head, t.Prime) and isinstance(parts[1], c.Partial) and parts[1].of == head.operand:
            return [Link("declaration", parts[1], "the prime says nothing else"), *self.chain(parts[1:])]
        if len(parts) > 2 and isinstance(parts[-1], t.Number) and all(isinstance(p, t.Name) for p in parts[:-1]):
            return [self.judge.link(part, parts[-1]) for part in parts[:-1]]  # a = b = 0, of whatever shapes
        for before, part in itertools.pairwise(parts):
            links.append(self.line(head, before, part, links[-1] if links else None))
        return links

    def line(self, head: t.Tree, before: t.Tree, part: t.Tree, above: Link | None) -> Link:
        """One line; `above` is the verdict on the line before, None where that is the head."""
        if (head, part) in self.context.definitions:
            return self.definition(head, part)
        if is_objective(part) or (is_tuple(part) and self.is_new(head)):
            return Link("declaration", part, "nothing is claimed")
        link = self.judge.link(head, part)
        if above is None:
            return link
        if link.status == "not understood":
            return self.from_line_above(link, before, part, above)
        return self.stepped(link, before, part, above)

    def is_new(self, head: t.Tree) -> bool:
        """Whether nothing says yet what a name means."""
        return isinstance(head, t.Name) and not self.context.symbols().declared(head.text)

    def definition(self, head: t.Tree, part: t.Tree) -> Link:
        """What a document defines is true by itself, unless it has no meaning."""
        link = self.judge.link(head, part)
        if link.status == "ill-formed":
            return link
        return Link("declaration", part, f"taken as the definition of {to_plain(head)}")

    def from_line_above(self, link: Link, before: t.Tree, part: t.Tree, above: Link) -> Link:
        """Entries need the letters of the line above: J = da_i/dw_kl = {0 if i != k ...}."""
        if above.status != "true":
            return link
        step = self.judge.link(before, part)
        if step.status == "not understood":
            return link
        return replace(step, step=step.status == "true", notes=(*step.notes, "compared with the line above"))

    def stepped(self, link: Link, before: t.Tree, part: t.Tree, above: Link) -> Link:
        """The verdict with what the step from the line before says."""
        step = self.judge.holds(before, part)
        if link.status == "true" and not step and above.status in ("false", "ill-formed"):
            note = "the line above is wrong; this one is right again"
            return replace(link, notes=(*link.notes, note), step=False)
        if link.status in ("false", "ill-formed") and step:
            note = "the step from the line above is right: the mistake is in that line"
            return replace(link, notes=(*link.notes, note), step=True)
        return replace(link, step=step)

    def membership(self, tree: c.Membership) -> list[Link]:
        r"""`x \in R^n`: nothing claimed of a name; of an expression its sizes."""
        return [Link("declaration", tree, "sizes are stated")]


__all__ = ["Checker", "ClaimError", "check", "context_of"]
