"""Index formulas, one per op of `jacobians/ops/losses.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.scope import Scope

Formula = Callable[..., Any]


def reduced(loss: Formula) -> Formula:
    """The formula of a sample's loss `loss(s, *n)` with the op's reduction over samples."""

    def formula(s: Scope, *index: Any) -> Any:
        if s.op.reduction == "none":
            return loss(s, *index)
        samples = next(iter(s.labels.values()))[:-1]
        total = s.total(samples, lambda *n: loss(s, *n))
        return total / sp.Mul(*map(s.size, samples)) if s.op.reduction == "mean" else total

    formula.__doc__ = loss.__doc__
    return formula


def over_entries(penalty: Callable[[Scope, Any], Any]) -> Formula:
    """The sum, or with `mean` the mean, of the penalties of a - y."""

    def loss(s: Scope, *n: Any) -> Any:
        total = s.sum("i", lambda i: penalty(s, s.a[*n, i] - s.y[*n, i]))
        return total / s.size("i") if s.op.mean else total

    loss.__doc__ = penalty.__doc__
    return reduced(loss)


@over_entries
def squared_error(s: Scope, d: Any) -> Any:
    """d^2, or half of it."""
    return d**2 / 2 if s.op.half else d**2


@over_entries
def absolute_error(s: Scope, d: Any) -> Any:
    """|d|."""
    return sp.Abs(d)


@over_entries
def huber(s: Scope, d: Any) -> Any:
    """A parabola up to delta, then a line."""
    delta = sp.Rational(s.op.delta)
    return sp.Piecewise((d**2 / 2, sp.Abs(d) <= delta), (delta * (sp.Abs(d) - delta / 2), True))


@reduced
def hinge(s: Scope, *n: Any) -> Any:
    """The sum of max(0, 1 - y_i a_i)."""

    def entry(i: Any) -> Any:
        margin = s.y[*n, i] * s.a[*n, i]
        return sp.Piecewise((1 - margin, margin < 1), (0, True))

    return s.sum("i", entry)


FORMULAS: dict[str, Formula] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "hinge": hinge,
}
