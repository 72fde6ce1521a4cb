"""The call: a model, what is differentiated, by what, in which style."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from jacobians.claims.context import Context
from jacobians.claims.instances import Instances
from jacobians.errors import InputError, unknown
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation.options import Notation
from jacobians.notation.to_plain import to_plain
from symbolic.steps.accumulation import BackwardStyle, ForwardStyle
from symbolic.steps.derivation import DETAILS, STYLES, WHOLE_JACOBIANS, Derivation, Detail, Part, Style
from symbolic.steps.differential import DifferentialStyle
from symbolic.steps.graph import Graph
from symbolic.steps.index import IndexStyle
from symbolic.steps.jacobians_of_ops import DependsOnSizesError
from symbolic.steps.matrix import MatrixStyle
from symbolic.steps.paths import PathsStyle
from symbolic.steps.reading import asked, starts
from symbolic.steps.tensor import TensorStyle
from symbolic.steps.written_out import with_entries

Made = TypeVar("Made")
#: What makes the parts of each style, from the graph.
MAKERS: dict[Style, Callable[[Graph], Maker]] = {
    "index": IndexStyle,
    "matrix": MatrixStyle,
    "differential": DifferentialStyle,
    "forward": ForwardStyle,
    "backward": BackwardStyle,
    "tensor": TensorStyle,
    "paths": PathsStyle,
}


class Maker(Protocol):
    """Makes the parts of one style."""

    def parts(self) -> list[Part]:
        """A part for every quantity that is derived on the way; the last one is the answer."""


def derivation(
    model: Model | Context | str,
    of: str | t.Tree | None = None,
    wrt: str | t.Tree | None = None,
    style: Style = "index",
    detail: Detail = "lecture",
    notation: Notation | None = None,
    entries: bool = False,
) -> Derivation:
    """The derivation of d of / d wrt, line by line, each with its reason: `derivation(model, "L", "W1").text()`.

    `model` is a Model, or the text of one, where layers may be general: `W^{(k)}`. `of` is by default the loss, `wrt`
    the first matrix. Sizes are letters where the model allows it; with `entries` they are the model's own, and the last
    part writes every entry of the answer out.

    Raises:
        InputError: an unknown name, style or detail; a style without meaning for what is asked, with the one to use.
    """
    _require(style, detail)
    ask = _Asked(style, detail, notation or Notation(), entries)
    return _in_first(model, entries, lambda instances: _derived(instances, of, wrt, ask))


def derivations(
    model: Model | Context | str,
    of: str | None = None,
    wrt: Iterable[str] | None = None,
    style: Style = "index",
    detail: Detail = "lecture",
    notation: Notation | None = None,
    entries: bool = False,
) -> dict[str, Derivation]:
    """The derivations of `of` by several quantities (default: all that it depends on and no equation defines).

    They share what is computed once for a model; else each is that of `derivation`.

    Raises:
        InputError: as `derivation`.
    """
    _require(style, detail)
    ask = _Asked(style, detail, notation or Notation(), entries)

    def every(instances: Instances) -> dict[str, Derivation]:
        names = _parameters(instances, of) if wrt is None else wrt
        return {name: _derived(instances, of, name, ask) for name in names}

    return _in_first(model, entries, every)


class _Asked(NamedTuple):
    """How a derivation is to be written."""

    style: Style
    detail: Detail
    notation: Notation
    entries: bool


def _in_first(model: Model | Context | str, entries: bool, make: Callable[[Instances], Made]) -> Made:
    """What is made in the first context that it can be made in: with letters for sizes, else with the given ones."""
    problem: DependsOnSizesError | None = None
    for instances in starts(model, with_letters=not entries):
        try:
            return make(instances)
        except DependsOnSizesError as error:
            problem = error
    assert problem is not None
    raise problem


def _require(style: str, detail: str) -> None:
    for what, value, allowed in (("style", style, STYLES), ("detail", detail, DETAILS)):
        if value not in allowed:
            raise unknown("derivation", what, value, allowed)


def _parameters(instances: Instances, of: str | None) -> tuple[str, ...]:
    """The leaves of real numbers that a quantity depends on; those of a layer in general by their letter."""
    context, top = instances.context, asked(instances, of, "of")
    names = [t.Name(x, t.Name(leaf.label) if leaf.label else None) for x, leaf in context.leaves.items()]
    graph = Graph(context, top, top, instances)
    real = [n for n in names if context.leaves[n.text].domain in ("real", "positive")]
    return tuple(to_plain(n) for n in real if graph.depends(top, n))


def _derived(instances: Instances, of: str | t.Tree | None, wrt: str | t.Tree | None, ask: _Asked) -> Derivation:
    context = instances.context
    top = asked(instances, of, "of")
    context.loss = top.text if top.label is None else context.loss  # δ is the gradient of what is differentiated
    by = asked(instances, wrt, "wrt")
    graph = Graph(context, top, by, instances)
    _require_meaning(graph)
    parts = MAKERS[ask.style](graph).parts()
    if any(isinstance(p, t.Iverson) for part in parts for step in part.steps for p in step.line.walk()):
        context = replace(context, settings=replace(context.settings, indices=0))  # patterns count from 0
    if ask.entries:
        parts = with_entries(graph, parts, context.settings.indices)
    if ask.style == "differential":
        context = replace(context, varying=graph.wrt)
    if ask.style in WHOLE_JACOBIANS:
        context = replace(context, settings=replace(context.settings, layout="row gradients"))
    found = Derivation(context, top, by, ask.style, tuple(parts), ask.detail, ask.notation)
    if context.model is not None:
        _require_true(found)
    return found


def _require_meaning(graph: Graph) -> None:
    """That there is something to derive.

    Raises:
        InputError: the derivative of any layer k, or of a function that nobody defined by its own argument.
    """
    of, wrt = graph.of, graph.wrt
    if of.label is not None and not graph.counted(of):
        raise InputError(
            f"derivation: of is {to_plain(of)}, a layer in general; expected the loss, or a layer by its number, as in "
            "z^{(3)}; wrt may be a layer in general"
        )
    if of != wrt and graph.uses(wrt) == [of] and graph.is_undefined(of):
        raise InputError(
            f"derivation: {to_plain(of)} = {to_plain(graph.equation(of) or of)} is a function that nobody defined; its "
            f"derivative by {to_plain(wrt)} is known no further; give an equation, or another wrt"
        )


def _require_true(found: Derivation) -> None:
    """That the lines hold where the equations of a model may mean something else in formulas.

    Raises:
        InputError: they do not.
    """
    for failure in found.check().failures():
        raise InputError(
            "derivation: an equation of the model means something else in formulas, so that a line is wrong: "
            f"{failure}; write that equation in other words"
        )
