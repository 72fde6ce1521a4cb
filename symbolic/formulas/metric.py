"""Index formulas, one per op of `jacobians/ops/metric.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


def squared_distance(s: Scope, x: Any, y: Any, n: tuple[Any, ...]) -> Any:
    """sum_i (x_i - y_i)^2."""
    return s.sum("i", lambda i: (x[*n, i] - y[*n, i]) ** 2)


@reduced
def triplet_loss(s: Scope, *n: Any) -> Any:
    """max(0, |a - p| - |a - n| + margin), with squares of both norms or without."""
    to_p, to_n = squared_distance(s, s.a, s.p, n), squared_distance(s, s.a, s.n, n)
    if not s.op.squared:
        to_p, to_n = sp.sqrt(to_p), sp.sqrt(to_n)
    gap = to_p - to_n + sp.Rational(str(s.op.margin))
    return sp.Piecewise((gap, gap > 0), (0, True))


@reduced
def contrastive_loss(s: Scope, *n: Any) -> Any:
    """(1 - t) D^2 / 2 + t max(0, margin - D)^2 / 2 with D = |x - y|."""
    square, margin = squared_distance(s, s.x, s.y, n), sp.Rational(str(s.op.margin))
    overlap = margin - sp.sqrt(square)
    pushed = sp.Piecewise((overlap**2, overlap > 0), (0, True))
    return (1 - s.t[n]) * square / 2 + s.t[n] * pushed / 2


FORMULAS: dict[str, Callable[..., Any]] = {"triplet_loss": triplet_loss, "contrastive_loss": contrastive_loss}
