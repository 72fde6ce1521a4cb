"""Index formulas of the affine maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.scope import Scope


def linear(s: Scope, *index: Any) -> Any:
    """a_o = sum_i W_oi x_i + b_o."""
    *n, o = index
    return s.sum("i", lambda i: s.W[o, i] * s.x[*n, i]) + s.b[o]


def linear_map(s: Scope, *index: Any) -> Any:
    """a_o = sum_i W_oi x_i."""
    *n, o = index
    return s.sum("i", lambda i: s.W[o, i] * s.x[*n, i])


def linear_rows(s: Scope, *index: Any) -> Any:
    """a_o = sum_i x_i W_io + b_o."""
    *n, o = index
    return s.sum("i", lambda i: s.x[*n, i] * s.W[i, o]) + s.b[o]


FORMULAS: dict[str, Callable[..., Any]] = {"linear": linear, "linear_map": linear_map, "linear_rows": linear_rows}
