"""Index formulas, one per op of `jacobians/ops/likelihood.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


def of_class(s: Scope, n: tuple[Any, ...], entry: Callable[[Any], Any]) -> Any:
    """The entry whose index i is the class y of the sample: sum_i [i = y] entry(i)."""
    return s.sum("i", lambda i: sp.Piecewise((entry(i), sp.Eq(s.y[n], i)), (0, True)))


@reduced
def binary_cross_entropy(s: Scope, *n: Any) -> Any:
    """-sum_i (y_i log p_i + (1 - y_i) log(1 - p_i))."""

    def entry(i: Any) -> Any:
        p, y = s.p[*n, i], s.y[*n, i]
        return y * sp.log(p) + (1 - y) * sp.log(1 - p)

    return -s.sum("i", entry)


@reduced
def negative_log_likelihood(s: Scope, *n: Any) -> Any:
    """-sum_i [i = y] q_i."""
    return -of_class(s, n, lambda i: s.q[*n, i])


@reduced
def kl(s: Scope, *n: Any) -> Any:
    """sum_i p_i log(p_i / q_i)."""
    return s.sum("i", lambda i: s.p[*n, i] * sp.log(s.p[*n, i] / s.q[*n, i]))


FORMULAS: dict[str, Callable[..., Any]] = {
    "binary_cross_entropy": binary_cross_entropy,
    "negative_log_likelihood": negative_log_likelihood,
    "kl": kl,
}
