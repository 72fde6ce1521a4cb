"""The call: a model, what is differentiated, by what, in which style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from jacobians.claims.context import Context
from jacobians.errors import unknown
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation.options import Notation
from symbolic.steps.accumulation import BackwardStyle, ForwardStyle
from symbolic.steps.derivation import DETAILS, STYLES, Derivation, Detail, Part, Style
from symbolic.steps.differential import DifferentialStyle
from symbolic.steps.graph import Graph
from symbolic.steps.index import IndexStyle
from symbolic.steps.jacobians_of_ops import DependsOnSizesError
from symbolic.steps.matrix import MatrixStyle
from symbolic.steps.paths import PathsStyle
from symbolic.steps.reading import asked, contexts, for_loss
from symbolic.steps.tensor import TensorStyle
from symbolic.steps.written_out import with_entries

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
    for what, value, allowed in (("style", style, STYLES), ("detail", detail, DETAILS)):
        if value not in allowed:
            raise unknown("derivation", what, value, allowed)
    problem: DependsOnSizesError | None = None
    for context in contexts(model, with_letters=not entries):
        try:
            return _derived(context, of, wrt, style, detail, notation or Notation(), entries)
        except DependsOnSizesError as error:
            problem = error
    assert problem is not None
    raise problem


def _derived(
    context: Context,
    of: str | t.Tree | None,
    wrt: str | t.Tree | None,
    style: Style,
    detail: Detail,
    notation: Notation,
    entries: bool,
) -> Derivation:
    top = asked(context, of, "of")
    context = for_loss(context, top)
    by = asked(context, wrt, "wrt")
    graph = Graph(context, top, by)
    parts = MAKERS[style](graph).parts()
    if any(isinstance(p, t.Iverson) for part in parts for step in part.steps for p in step.line.walk()):
        context = replace(context, settings=replace(context.settings, indices=0))  # patterns count from 0
    if entries:
        parts = with_entries(Graph(context, top, by), parts)
    if style == "differential":
        context = replace(context, varying=graph.wrt)
    return Derivation(context, top, by, style, tuple(parts), detail, notation)
