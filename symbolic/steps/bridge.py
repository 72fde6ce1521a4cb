"""The bridge: how one gets from one line to another, by named rules; or that the two lines are unequal, and why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from jacobians.claims.check import context_of
from jacobians.claims.context import Context
from jacobians.claims.open_sizes import with_sizes
from jacobians.claims.redpen import explained
from jacobians.claims.verdicts import Link, Verdict
from jacobians.errors import InputError, MathSyntaxError
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.options import Notation
from jacobians.notation.to_plain import to_plain
from symbolic.steps.bridge_arrays import Arrays
from symbolic.steps.bridge_components import InComponents
from symbolic.steps.bridge_lines import Line, as_claim, read_line
from symbolic.steps.bridge_search import Limits
from symbolic.steps.bridge_world import World
from symbolic.steps.components import array
from symbolic.steps.derivation import Derivation, Part, Reason, Step
from symbolic.steps.language import rule_name

Status = Literal["same", "steps", "equal", "unequal", "not understood"]
SAID: dict[Status, str] = {
    "same": "the two lines are the same",
    "steps": "",
    "equal": "the two lines are equal, but no chain of known rules was found between them",
    "unequal": "the two lines are not equal",
    "not understood": "the lines cannot be compared",
}


@dataclass(frozen=True)
class Bridge:
    """The way from one line to another.

    `same`: there is nothing between; `steps`: the derivation has every line between, each checked; `equal`: the lines
    are equal at all points that were tried, but no way was found; `unequal`: the verdict says where and why not;
    `not understood`: the verdict says what is not.
    """

    status: Status
    verdict: Verdict
    derivation: Derivation | None = None

    def __bool__(self) -> bool:
        return self.status in ("same", "steps", "equal")

    @property
    def lines(self) -> tuple[Step, ...]:
        """The lines after the first one, each with its reason; none where there is no derivation."""
        return self.derivation.parts[0].steps if self.derivation is not None else ()

    def __str__(self) -> str:
        if self.derivation is None:
            return f"{SAID[self.status]}\n{self.verdict}"
        notation = self.derivation.notation
        written = [(to_plain(s.line), _in_words(s.reason, notation)) for s in self.lines]
        width = max(len(line) for line, _ in written)
        head = to_plain(self.derivation.parts[0].head)
        return "\n".join([head, *(f"  = {line:{width}}   {reason}" for line, reason in written)])

    def latex(self) -> str:
        """The lines as LaTeX.

        Raises:
            InputError: there is no derivation.
        """
        if self.derivation is None:
            raise InputError(f"bridge: expected steps between the lines, but {SAID[self.status]}; print the bridge")
        return self.derivation.latex()


def bridge(
    line_a: str | t.Tree,
    line_b: str | t.Tree,
    model: Model | Context | str | None,
    notation: Notation | None = None,
    limits: Limits | None = None,
) -> Bridge:
    """The named steps from one line to another, as in "how do I get from (7) to (8)?".

    A line is LaTeX, plain text or a tree; of `lhs = rhs` the right side counts. `model` says what the names mean: a
    Model, the text of one, or a Context. Whether the lines are equal is decided by evaluating both; then a way is
    searched from both ends, by rules that are each applied at any place, and every line on it is evaluated again.

    Raises:
        InputError: a line or the model is of another kind; MathSyntaxError, ModelError: the text of the model cannot
            be read.
    """
    context = context_of(model)
    try:
        one, other = read_line(line_a, context, "line_a"), read_line(line_b, context, "line_b")
    except MathSyntaxError as error:
        text = " = ".join(x if isinstance(x, str) else to_plain(x) for x in (line_a, line_b))
        return Bridge("not understood", Verdict(text, (Link("not understood", None, str(error)),)))
    context = with_sizes(context, [t.Chain((one.tree, other.tree))], strict=False)
    world = World(context)
    link = world.judge.link(one.tree, other.tree)
    if link.status != "true":
        return _unequal(world, link, one, other)
    verdict = Verdict(f"{one.text} = {other.text}", (link,))
    if one.tree == other.tree:
        return Bridge("same", verdict)
    part = _way(world, one.tree, other.tree, limits or Limits())
    if part is None:
        return Bridge("equal", verdict)
    of, wrt = _subject(world, part)
    return Bridge(
        "steps", verdict, Derivation(context, of, wrt, "index", (part,), "every step", notation or Notation())
    )


def _unequal(world: World, link: Link, one: Line, other: Line) -> Bridge:
    """What differs, and the red pen's word on it."""
    status: Status = "not understood" if link.status == "not understood" else "unequal"
    claim = as_claim(one, other, world.context)
    if claim is None:
        return Bridge(status, Verdict(f"{one.text} = {other.text}", (link,)))
    text, surface, chain = claim
    verdict = Verdict(text, (world.judge.link(*chain.parts),), chain, surface)
    return Bridge(status, explained(world.judge, verdict, [chain]))


def _way(world: World, one: t.Tree, other: t.Tree, limits: Limits) -> Part | None:
    """The first way that was found: between whole arrays, else in components."""
    end = time.thread_time() + limits.seconds
    for kind in (Arrays, InComponents):
        rest = limits._replace(seconds=end - time.thread_time())
        found = kind(world, one, other, rest).way() if rest.seconds > 0 else None
        if found is not None:
            head, steps = found
            return Part(head, steps, Reason("bridge", {"of": one, "by": other}))
    return None


def _subject(world: World, part: Part) -> tuple[t.Tree, t.Tree]:
    """What is differentiated by what in the lines; where nothing is, both ends."""
    for line in (part.head, *(step.line for step in part.steps)):
        for tree in line.walk():
            if isinstance(tree, c.Partial):
                return array(tree.of), array(tree.by)
    return part.head, part.result


def _in_words(reason: Reason, notation: Notation) -> str:
    prose = rule_name(reason.rule, reason.facts, notation)
    return "".join(piece if isinstance(piece, str) else to_plain(piece) for piece in prose)


__all__ = ["Bridge", "Limits", "bridge"]
