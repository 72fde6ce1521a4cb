"""Index formulas, one per op of `jacobians/ops/classification.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.likelihood import of_class
from symbolic.formulas.logits import log_softmax
from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


@reduced
def label_smoothing(s: Scope, *n: Any) -> Any:
    """-(1 - e) sum_i [i = y] log p_i - e / n sum_i log p_i with p = softmax(z)."""
    e = sp.Rational(str(s.op.smoothing))
    own = of_class(s, n, lambda i: log_softmax(s, n, i))
    return -(1 - e) * own - e / s.size("i") * s.sum("i", lambda i: log_softmax(s, n, i))


@reduced
def focal_loss(s: Scope, *n: Any) -> Any:
    """-alpha (1 - q)^gamma log q with q = softmax(z)_y."""
    q = of_class(s, n, lambda i: sp.exp(s.z[*n, i])) / s.sum("i", lambda i: sp.exp(s.z[*n, i]))
    return -sp.Rational(str(s.op.alpha)) * (1 - q) ** sp.Rational(str(s.op.gamma)) * sp.log(q)


@reduced
def binary_focal_loss(s: Scope, *n: Any) -> Any:
    """-sum_i alpha_i (1 - q_i)^gamma log q_i with q_i = p_i where y_i = 1, else 1 - p_i."""

    def entry(i: Any) -> Any:
        p, y = 1 / (1 + sp.exp(-s.z[*n, i])), s.y[*n, i]
        q = y * p + (1 - y) * (1 - p)
        alpha = (
            1 if s.op.alpha is None else y * sp.Rational(str(s.op.alpha)) + (1 - y) * (1 - sp.Rational(str(s.op.alpha)))
        )
        return -alpha * (1 - q) ** sp.Rational(str(s.op.gamma)) * sp.log(q)

    return s.sum("i", entry)


FORMULAS: dict[str, Callable[..., Any]] = {
    "label_smoothing": label_smoothing,
    "focal_loss": focal_loss,
    "binary_focal_loss": binary_focal_loss,
}
