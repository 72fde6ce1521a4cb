"""Index formulas, one per op of `jacobians/ops/norms.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.axis import along
from symbolic.scope import Scope


def squared_norm(s: Scope, *index: Any) -> Any:
    """y = sum_i x_i^2."""
    x, labels = along(s, index)
    return s.total(labels, lambda *k: x(*k) ** 2)


def norm(s: Scope, *index: Any) -> Any:
    """y = sqrt(sum_i x_i^2)."""
    return sp.sqrt(squared_norm(s, *index))


def l1_norm(s: Scope, *index: Any) -> Any:
    """y = sum_i |x_i|; SymPy's derivative of |x| is sign(x), 0 at the kink as here."""
    x, labels = along(s, index)
    return s.total(labels, lambda *k: sp.Abs(x(*k)))


def normalize(s: Scope, *index: Any) -> Any:
    """u_i = x_i / sqrt(sum_k x_k^2)."""
    return s.x[index] / norm(s, *index)


FORMULAS: dict[str, Callable[..., Any]] = {
    "norm": norm,
    "squared_norm": squared_norm,
    "l1_norm": l1_norm,
    "normalize": normalize,
}
