"""The derivatives of single nodes, with the factors called as the network calls them."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from jacobians.jacobian import Jacobian
from jacobians.notation import rename
from jacobians.second import split
from jacobians.terms import Array, Factor, Term

if TYPE_CHECKING:
    from jacobians.node import Node
    from jacobians.run import Run

#: A word in a factor's name that is neither an option nor its value: `softmax` and `X` in softmax(X, axis=0).
_WORD = re.compile(r"(?<![\w=])[^\W\d]\w*(?![\w=])")


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
    for inner in node.op.inner_names():
        own = inner if node.hidden else f"{inner}_{name}"  # the f of two LSTM cells is not one f
        while own in run.model.shapes:
            own = f"{own}_{_equation(node)}"
        names[inner] = own

    def called(f: Factor) -> Factor:
        return _apart(run, node, _by_equation(run, replace(f, name=rename(f.name, names))))

    def terms(K: Jacobian) -> list[Term]:
        return [replace(t, factors=tuple(map(called, t.factors))) for t in K.terms]

    return Jacobian(terms(J), J.out_shape, J.in_shape, lambda: Jacobian(terms(J.shown), J.out_shape, J.in_shape))


def _equation(node: Node) -> str:
    return node.part_of or node.name


def _by_equation(run: Run, f: Factor) -> Factor:
    """A factor that a named node computes is called by its name: with p = softmax(z), softmax(z) is p."""
    name = run.named_by_equation.get("".join(f.name.split()))
    return f if name is None or not np.array_equal(run.values[name], f.value) else replace(f, name=name)


def _apart(run: Run, node: Node, f: Factor) -> Factor:
    """A factor whose name another node has given to other numbers is called by its own node as well.

    Two norms within one equation have two xhat, two slopes of leaky_relu two derivatives: xhat and xhat_r.
    """
    if f.value.dtype == bool or "{" in f.name or (own := _own_identifier(run, f.name)) is None:
        return f
    for k in itertools.count():
        end = "" if k == 0 else f"_{_equation(node)}" + (str(k) if k > 1 else "")
        name = f.name[: own.end()] + end + f.name[own.end() :]
        if own[0] + end in run.model.shapes:
            continue
        owner, value = run.named_factors.setdefault(name, (node.name, f.value))
        if owner == node.name or _same_numbers(value, f.value):
            return replace(f, name=name)
    raise AssertionError(f.name)


def _own_identifier(run: Run, name: str) -> re.Match[str] | None:
    """The word in a factor's name that can be called otherwise: no leaf or node, no option, no function if possible."""
    words = [word for word in _WORD.finditer(name) if word[0] not in run.model.shapes]
    values = [word for word in words if not re.match(r"'*\(", name[word.end() :])]
    return next(iter(values or words), None)


def _same_numbers(a: Array, b: Array) -> bool:
    """Whether two arrays hold the same numbers up to rounding, in whatever layout."""
    if a is b:
        return True
    return a.size == b.size and np.allclose(np.sort(a, None), np.sort(b, None), rtol=1e-9, atol=0, equal_nan=True)
