"""Index formulas, one per op of `jacobians/ops/join.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.pick import choose
from symbolic.scope import Scope


def concat(s: Scope, *index: Any) -> Any:
    """x1 up to its size, then x2 up to its, and so on."""
    axis = s.op.axis % len(index)
    *names, last = s.op.input_names()
    start: Any = 0
    cases: list[tuple[Any, Callable[[], Any]]] = []
    for name in names:
        stop = start + s.size(s.labels[name][axis])
        cases.append((index[axis] < stop, _part(s, name, axis, index, start)))
        start = stop
    return choose(*cases, (True, _part(s, last, axis, index, start)))


def _part(s: Scope, name: str, axis: int, index: tuple[Any, ...], start: Any) -> Callable[[], Any]:
    return lambda: getattr(s, name)[*index[:axis], index[axis] - start, *index[axis + 1 :]]


def stack(s: Scope, *index: Any) -> Any:
    """x1 at 0, x2 at 1, and so on."""
    axis = s.op.axis % len(index)
    rest = (*index[:axis], *index[axis + 1 :])
    return choose(
        *(
            (sp.Eq(index[axis], k), lambda name=name: getattr(s, name)[rest])
            for k, name in enumerate(s.op.input_names())
        )
    )


def pad(s: Scope, *index: Any) -> Any:
    """x between the margins, the constant on them."""
    lead = len(index) - len(s.op.width)
    old, inside = list(index[:lead]), []
    for k, label, (before, _) in zip(index[lead:], s.labels["x"][lead:], s.op.width, strict=True):
        old.append(k - before)
        inside += [k >= before, k < before + s.size(label)]
    return choose((sp.And(*inside), lambda: s.x[*old]), (True, lambda: sp.Rational(s.op.value)))


FORMULAS: dict[str, Callable[..., Any]] = {"concat": concat, "stack": stack, "pad": pad}
