"""The index formula of `jacobians/ops/linear_attention.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from jacobians.errors import FormError
from symbolic.scope import Explicit, Scope


def phi(x: Any) -> Any:
    """elu(x) + 1."""
    return sp.Piecewise((x + 1, x > 0), (sp.exp(x), True))


def linear_attention(s: Scope, *index: Any) -> Any:
    """O_te = sum_sd phi(Q_td) phi(K_sd) V_se / sum_sd phi(Q_td) phi(K_sd)."""
    *n, t, e = index
    if not isinstance(s, Explicit):
        raise FormError("the cases of phi depend on the indices of a sum")

    def mean(value: Callable[[Any], Any]) -> Any:
        return s.sum("s", lambda k: s.sum("d", lambda d: phi(s.Q[*n, t, d]) * phi(s.K[*n, k, d]) * value(k)))

    return mean(lambda k: s.V[*n, k, e]) / mean(lambda k: 1)


FORMULAS: dict[str, Callable[..., Any]] = {"linear_attention": linear_attention}
