"""Index formulas, one per op of `jacobians/ops/channel_norms.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.normalization import number, standardized
from symbolic.scope import Scope


def _scaled(s: Scope, channel: Any, xhat: Any) -> Any:
    """gamma_c xhat + beta_c, or xhat alone."""
    return s.gamma[channel] * xhat + s.beta[channel] if s.op.affine else xhat


def batch_norm(s: Scope, *index: Any) -> Any:
    """y_nc = gamma_c (x_nc - mean(x)_c) / sqrt(var(x)_c + eps) + beta_c, over all n and all further axes."""
    c = index[1]
    batch, _, *rest = s.labels["x"]
    labels = (batch, *rest)
    count = sp.Mul(*map(s.size, labels))
    xhat = standardized(
        s.x[index], lambda body: s.total(labels, lambda n, *k: body(s.x[n, c, *k])), count, number(s.op.eps)
    )
    return _scaled(s, c, xhat)


def batch_norm_inference(s: Scope, *index: Any) -> Any:
    """y_nc = gamma_c (x_nc - mean_c) / sqrt(var_c + eps) + beta_c."""
    c = index[1]
    return _scaled(s, c, (s.x[index] - s.mean[c]) / sp.sqrt(s.var[c] + number(s.op.eps)))


def instance_norm(s: Scope, *index: Any) -> Any:
    """y_ncs = gamma_c (x_ncs - mean(x)_nc) / sqrt(var(x)_nc + eps) + beta_c, over all axes after n and c."""
    n, c = index[:2]
    labels = s.labels["x"][2:]
    count = sp.Mul(*map(s.size, labels))
    xhat = standardized(
        s.x[index], lambda body: s.total(labels, lambda *k: body(s.x[n, c, *k])), count, number(s.op.eps)
    )
    return _scaled(s, c, xhat)


def group_norm(s: Scope, *index: Any) -> Any:
    """y_nc = gamma_c (x_nc - mean) / sqrt(var + eps) + beta_c, over the channels of c's group and all further axes."""
    n, c = index[:2]
    channels, *rest = s.labels["x"][1:]
    members = s.size(channels) / s.op.groups
    first = sp.floor(c / members) * members

    def total(body: Callable[[Any], Any]) -> Any:
        return s.sum(channels, lambda d: s.total(tuple(rest), lambda *k: body(s.x[n, d, *k])), first, first + members)

    count = members * sp.Mul(*map(s.size, rest))
    return _scaled(s, c, standardized(s.x[index], total, count, number(s.op.eps)))


FORMULAS: dict[str, Callable[..., Any]] = {
    "batch_norm": batch_norm,
    "batch_norm_inference": batch_norm_inference,
    "instance_norm": instance_norm,
    "group_norm": group_norm,
}
