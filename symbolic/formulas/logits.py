"""Index formulas, one per op of `jacobians/ops/logits.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.likelihood import of_class
from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


def log_softmax(s: Scope, n: tuple[Any, ...], i: Any) -> Any:
    """log(exp(z_i) / sum_j exp(z_j))."""
    return sp.log(sp.exp(s.z[*n, i]) / s.sum("i", lambda j: sp.exp(s.z[*n, j])))


@reduced
def binary_cross_entropy_logits(s: Scope, *n: Any) -> Any:
    """-sum_i (y_i log p_i + (1 - y_i) log(1 - p_i)) with p = sigmoid(z)."""

    def entry(i: Any) -> Any:
        p, y = 1 / (1 + sp.exp(-s.z[*n, i])), s.y[*n, i]
        return y * sp.log(p) + (1 - y) * sp.log(1 - p)

    return -s.sum("i", entry)


@reduced
def cross_entropy(s: Scope, *n: Any) -> Any:
    """-sum_i y_i log p_i with p = softmax(z)."""
    return -s.sum("i", lambda i: s.y[*n, i] * log_softmax(s, n, i))


@reduced
def cross_entropy_index(s: Scope, *n: Any) -> Any:
    """-sum_i [i = y] log p_i with p = softmax(z)."""
    return -of_class(s, n, lambda i: log_softmax(s, n, i))


FORMULAS: dict[str, Callable[..., Any]] = {
    "binary_cross_entropy_logits": binary_cross_entropy_logits,
    "cross_entropy": cross_entropy,
    "cross_entropy_index": cross_entropy_index,
}
