"""Index formulas, one per op of `jacobians/ops/attention.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.scope import Scope


def seen(s: Scope, t: Any, k: Any, weight: Any, *n: Any) -> Any:
    """The weight of key k for query t where the query may attend to it, else 0."""
    if s.op.mask:
        weight *= s.mask[(*n, t, k) if len(s.labels["mask"]) > 2 else (t, k)]
    return sp.Piecewise((weight, sp.Le(k, t)), (0, True)) if s.op.causal else weight


def weight(s: Scope, t: Any, k: Any, *n: Any) -> Any:
    """exp(scale sum_d Q_td K_kd), what softmax divides by its sum."""
    scale = 1 / sp.sqrt(s.size("d")) if s.op.scale is None else sp.Float(s.op.scale, 30)
    return seen(s, t, k, sp.exp(scale * s.sum("d", lambda d: s.Q[*n, t, d] * s.K[*n, k, d])), *n)


def attention_weights(s: Scope, *index: Any) -> Any:
    """P_ts = exp(scale Q_t . K_s) / sum_r exp(scale Q_t . K_r)."""
    *n, t, k = index
    return weight(s, t, k, *n) / s.sum("s", lambda r: weight(s, t, r, *n))


def attention(s: Scope, *index: Any) -> Any:
    """O_te = sum_s P_ts V_se."""
    *n, t, e = index
    total = s.sum("s", lambda k: weight(s, t, k, *n))
    return s.sum("s", lambda k: weight(s, t, k, *n) * s.V[*n, k, e]) / total


FORMULAS: dict[str, Callable[..., Any]] = {"attention_weights": attention_weights, "attention": attention}
