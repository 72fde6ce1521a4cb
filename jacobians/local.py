"""The derivatives of single nodes, with the factors called as the network calls them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from jacobians.jacobian import Jacobian
from jacobians.notation import rename
from jacobians.second import split
from jacobians.terms import Factor, Term

if TYPE_CHECKING:
    from jacobians.run import Run


def first(run: Run, name: str, source: str) -> Jacobian:
    """d node / d source: the sum over the inputs of the op that the source feeds."""
    op, inputs = run.model.nodes[name].op, run.inputs(name)
    parts = [op.jacobian(key, **inputs) for key in _keys(run, name, source)]
    return _renamed(run, name, reduce(Jacobian.__add__, parts))


def second(run: Run, name: str, source: str, other: str) -> Jacobian:
    """The second derivative by two sources: node | source, other."""
    op, inputs = run.model.nodes[name].op, run.inputs(name)
    pairs = itertools.product(_keys(run, name, source), _keys(run, name, other))
    parts = [split(op.hessian(one, two, **inputs), run.values[name].ndim) for one, two in pairs]
    return _renamed(run, name, reduce(Jacobian.__add__, parts))


def _keys(run: Run, name: str, source: str) -> list[str]:
    """The differentiable inputs of a node's op that a source feeds."""
    node = run.model.nodes[name]
    fed = [key for key, s in node.sources.items() if s == source]
    keys = [key for key in fed if key not in node.op.data]
    if not keys:
        node.op.require_input(fed[0])
    return keys


def _renamed(run: Run, name: str, J: Jacobian) -> Jacobian:
    node = run.model.nodes[name]
    names = {key: run.model.display(s) for key, s in node.sources.items()} | {node.op.symbol: node.display}
    if not node.hidden:  # the f of two LSTM cells is not one f
        names |= {inner: f"{inner}_{name}" for inner in node.op.inner_names()}
    return _by_equation(run, J.renamed(lambda factor: rename(factor, names)))


def _by_equation(run: Run, J: Jacobian) -> Jacobian:
    """Factors that a named node computes are called by its name: with p = softmax(z), softmax(z) is p."""

    def called(f: Factor) -> Factor:
        name = run.named_by_equation.get("".join(f.name.split()))
        return f if name is None or not np.array_equal(run.values[name], f.value) else replace(f, name=name)

    def terms(K: Jacobian) -> list[Term]:
        return [replace(t, factors=tuple(map(called, t.factors))) for t in K.terms]

    return Jacobian(terms(J), J.out_shape, J.in_shape, lambda: Jacobian(terms(J.shown), J.out_shape, J.in_shape))
