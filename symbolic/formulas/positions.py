"""Index formulas, one per op of `jacobians/ops/positions.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from jacobians.errors import FormError
from symbolic.scope import Scope


def angle(s: Scope, t: Any, k: Any) -> Any:
    """theta_tk = (t + offset) base^(-2k/d)."""
    return (t + s.op.offset) * sp.Float(s.op.base, 40) ** (-2 * sp.sympify(k) / s.size("d"))


def parity(d: Any) -> tuple[Any, Any]:
    """The pair that d belongs to, and its place there, for a given d."""
    if not sp.sympify(d).is_Integer:
        raise FormError("which pair an entry belongs to depends on the parity of its index")
    return divmod(int(d), 2)


def rotary_embedding(s: Scope, *index: Any) -> Any:
    """The real and the imaginary part of (x_a + i x_b) exp(i theta) for the pair of entries a, b."""
    *n, t, d = index
    if s.op.layout == "half":
        if not sp.sympify(d).is_Integer:
            raise FormError("which pair an entry belongs to depends on whether its index is below d/2")
        second, k = divmod(int(d), int(s.size("d")) // 2)
        a, b = k, k + int(s.size("d")) // 2
    else:
        k, second = parity(d)
        a, b = 2 * k, 2 * k + 1
    theta, x, y = angle(s, t, k), s.x[*n, t, a], s.x[*n, t, b]
    return y * sp.cos(theta) + x * sp.sin(theta) if second else x * sp.cos(theta) - y * sp.sin(theta)


def sinusoidal_positions(s: Scope, *index: Any) -> Any:
    """x_td + sin(theta) at even d, + cos(theta) at odd d."""
    *_, t, d = index
    k = sp.floor(sp.sympify(d) / 2)
    theta = angle(s, t, k)
    return s.x[index] + sp.Piecewise((sp.sin(theta), sp.Eq(2 * k, d)), (sp.cos(theta), True))


FORMULAS: dict[str, Callable[..., Any]] = {
    "rotary_embedding": rotary_embedding,
    "sinusoidal_positions": sinusoidal_positions,
}
