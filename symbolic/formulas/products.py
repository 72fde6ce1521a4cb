"""Index formulas, one per op of `jacobians/ops/products.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.scope import Scope


def matmul(s: Scope, *index: Any) -> Any:
    """C_ik = sum_j A_ij B_jk; an index that A or B does not have is left out."""
    at = dict(zip(s.output, index, strict=True))

    def entry(name: str, j: Any) -> Any:
        return getattr(s, name)[tuple({**at, "j": j}[a] for a in s.labels[name])]

    return s.sum("j", lambda j: entry("A", j) * entry("B", j))


def outer(s: Scope, *index: Any) -> Any:
    """A_ij = x_i y_j."""
    *n, i, j = index
    return s.x[*n, i] * s.y[*n, j]


def inner(s: Scope, *n: Any) -> Any:
    """s = sum_i x_i y_i."""
    return s.sum("i", lambda i: s.x[*n, i] * s.y[*n, i])


def quadratic(s: Scope, *n: Any) -> Any:
    """q = sum_i sum_j x_i A_ij x_j; j runs over the values of i."""
    return s.sum("i", lambda i: s.sum("i", lambda j: s.x[*n, i] * s.A[i, j] * s.x[*n, j]))


def bilinear(s: Scope, *index: Any) -> Any:
    """y_k = sum_i sum_j x1_i A_kij x2_j + b_k."""
    *n, k = index
    total = s.sum("i", lambda i: s.sum("j", lambda j: s.x1[*n, i] * s.A[k, i, j] * s.x2[*n, j]))
    return total + s.b[k] if s.op.bias else total


FORMULAS: dict[str, Callable[..., Any]] = {
    "matmul": matmul,
    "outer": outer,
    "inner": inner,
    "quadratic": quadratic,
    "bilinear": bilinear,
}
