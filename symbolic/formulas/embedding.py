"""Index formulas, one per op of `jacobians/ops/embedding.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.scope import Scope


def embedding(s: Scope, *index: Any) -> Any:
    """y_nd = sum_v [v = indices_n] E_vd."""
    *n, d = index
    return s.sum("v", lambda v: sp.Piecewise((s.E[v, d], sp.Eq(s.indices[tuple(n)], v)), (0, True)))


def one_hot(s: Scope, *index: Any) -> Any:
    """y_ni = [i = indices_n]."""
    *n, i = index
    return sp.Piecewise((1, sp.Eq(s.indices[tuple(n)], i)), (0, True))


FORMULAS: dict[str, Callable[..., Any]] = {"embedding": embedding, "one_hot": one_hot}
