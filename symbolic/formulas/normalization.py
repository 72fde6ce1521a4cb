"""Index formulas, one per op of `jacobians/ops/normalization.py`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy as sp

from symbolic.scope import Scope

Body = Callable[[Any], Any]
Total = Callable[[Body], Any]


def number(eps: float | None) -> Any:
    """The option eps as it is written, 1e-05 as 1/100000; None stands for the precision of float64."""
    return sp.Rational(1, 2**52) if eps is None else sp.Rational(Fraction(repr(eps)))


def standardized(x: Any, total: Total, count: Any, eps: Any) -> Any:
    """(x - mean) / sqrt(var + eps); `total` sums a function of the entries that are normalized together."""
    mean = total(lambda entry: entry) / count
    var = total(lambda entry: (entry - mean) ** 2) / count
    return (x - mean) / sp.sqrt(var + eps)


def _over_last_axes(s: Scope, index: tuple[Any, ...]) -> tuple[Total, Any]:
    """The sum over the entries of a sample, and their number."""
    axes = s.op.axes
    labels, batch = s.labels["x"][-axes:], index[: len(index) - axes]
    return lambda body: s.total(labels, lambda *k: body(s.x[*batch, *k])), sp.Mul(*map(s.size, labels))


def layer_norm(s: Scope, *index: Any) -> Any:
    """y_i = gamma_i (x_i - mean(x)) / sqrt(var(x) + eps) + beta_i."""
    total, count = _over_last_axes(s, index)
    xhat = standardized(s.x[index], total, count, number(s.op.eps))
    own = index[-s.op.axes :]
    return s.gamma[own] * xhat + s.beta[own] if s.op.affine else xhat


def rms_norm(s: Scope, *index: Any) -> Any:
    """y_i = gamma_i x_i / sqrt(1/n sum_k x_k^2 + eps)."""
    total, count = _over_last_axes(s, index)
    xhat = s.x[index] / sp.sqrt(total(lambda entry: entry**2) / count + number(s.op.eps))
    return s.gamma[index[-s.op.axes :]] * xhat if s.op.affine else xhat


def weight_norm(s: Scope, o: Any, *index: Any) -> Any:
    """W_oi = g_o v_oi / sqrt(sum_k v_ok^2)."""
    norm = sp.sqrt(s.total(s.labels["v"][1:], lambda *k: s.v[o, *k] ** 2))
    direction = s.v[o, *index] / norm
    return s.g[o] * direction if s.op.affine else direction


FORMULAS: dict[str, Callable[..., Any]] = {"layer_norm": layer_norm, "rms_norm": rms_norm, "weight_norm": weight_norm}
