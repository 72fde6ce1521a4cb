"""Index formulas of the ops that only factors of Jacobians come from (`Op.parts`), for given sizes.

Factors that the ops of `jacobians.OPS` compute have their formulas there.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from symbolic.formulas.axis import along
from symbolic.formulas.linear_attention import phi
from symbolic.formulas.matrix import cofactor
from symbolic.formulas.normalization import number
from symbolic.formulas.softmax import softmax
from symbolic.scope import Scope


def deviation(s: Scope, *index: Any) -> Any:
    """x_i - mean(x)."""
    x, labels = along(s, index)
    return s.x[index] - s.total(labels, x) / sp.Mul(*map(s.size, labels))


def product_of_others(s: Scope, *index: Any) -> Any:
    """The product of all x_k but x_i."""
    x, labels = along(s, index)
    own = tuple(k for a, k in zip(s.labels["x"], index, strict=True) if a in labels)
    others = product(*(range(int(s.size(a))) for a in labels))
    return sp.Mul(*(x(*k) for k in others if k != own))


def inverse_sigma(s: Scope, *index: Any) -> Any:
    """1 / sqrt(var(x) + eps) of what is normalized together, or of its mean or total square."""
    of = s.op.of
    x = s.x
    layout = of.layout(x.ndim)
    at = dict(zip(layout.sigma, index, strict=True))
    every = np.ones(x.shape, bool)
    for axis, a in enumerate(layout.x):
        if a in at:
            place = np.arange(x.shape[axis]).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
            mates = next((m for labels, _, m in of.mates(x.shape) if labels[0] == a), np.eye(x.shape[axis], dtype=bool))
            every &= mates[at[a]][place]
    entries = list(x[every])
    mean = sp.Add(*entries) / len(entries) if of.centred else 0
    square = sp.Add(*((entry - mean) ** 2 for entry in entries))
    return 1 / sp.sqrt((square / len(entries) if of.mean else square) + number(of.eps))


def total_weight(s: Scope, *index: Any) -> Any:
    """sum_sd phi(Q_td) phi(K_sd)."""
    *n, t = index
    return s.sum("s", lambda k: s.sum("d", lambda d: phi(s.Q[*n, t, d]) * phi(s.K[*n, k, d])))


def bernoulli_slope(s: Scope, *i: Any) -> Any:
    """(p - y) / (p (1 - p))."""
    p = s.p[i]
    return (p - s.y[i]) / (p * (1 - p))


FORMULAS: dict[str, Callable[..., Any]] = {
    "softmax_over_all": softmax,
    "deviation": deviation,
    "product_of_others": product_of_others,
    "cofactors": cofactor,
    "inverse_sigma": inverse_sigma,
    "phi": lambda s, *i: phi(s.x[i]),
    "total": total_weight,
    "bernoulli_slope": bernoulli_slope,
}
