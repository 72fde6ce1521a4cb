"""The call: a model, what is differentiated, by what, in which style."""

from __future__ import annotations

from dataclasses import replace

from jacobians.claims.check import context_of
from jacobians.claims.context import Context
from jacobians.errors import InputError, unknown
from jacobians.model import Model
from jacobians.notation import tree as t
from jacobians.notation.options import Notation
from symbolic.steps.derivation import DETAILS, STYLES, Derivation, Detail, Style
from symbolic.steps.graph import Graph, checked
from symbolic.steps.index import IndexStyle


def derivation(
    model: Model | Context | str,
    of: str | None = None,
    wrt: str | None = None,
    style: Style = "index",
    detail: Detail = "lecture",
    notation: Notation | None = None,
) -> Derivation:
    context = context_of(model)
    context = replace(context, loss=of)
    of_, wrt_ = t.Name(of), wrt if isinstance(wrt, t.Tree) else t.Name(wrt)
    graph = Graph(context, of_, wrt_)
    parts = IndexStyle(graph).parts()
    return Derivation(context, of_, wrt_, style, tuple(parts), detail, notation or Notation())
