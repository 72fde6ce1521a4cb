"""Index formulas, one per op of `jacobians/ops/softmax.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.axis import along
from symbolic.scope import Scope


def softmax(s: Scope, *index: Any) -> Any:
    """p_i = exp(x_i) / sum_k exp(x_k)."""
    x, labels = along(s, index)
    return sp.exp(s.x[index]) / s.total(labels, lambda *k: sp.exp(x(*k)))


def log_softmax(s: Scope, *index: Any) -> Any:
    """y_i = x_i - log(sum_k exp(x_k))."""
    x, labels = along(s, index)
    return s.x[index] - sp.log(s.total(labels, lambda *k: sp.exp(x(*k))))


def logsumexp(s: Scope, *index: Any) -> Any:
    """y = log(sum_k exp(x_k))."""
    x, labels = along(s, index)
    return sp.log(s.total(labels, lambda *k: sp.exp(x(*k))))


FORMULAS: dict[str, Callable[..., Any]] = {"softmax": softmax, "log_softmax": log_softmax, "logsumexp": logsumexp}
