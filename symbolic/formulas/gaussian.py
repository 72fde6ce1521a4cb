"""Index formulas, one per op of `jacobians/ops/gaussian.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


@reduced
def gaussian_nll(s: Scope, *n: Any) -> Any:
    """-log of the density of N(mu, v) at y, without its factor 1/sqrt(2 pi) unless `full`."""

    def entry(i: Any) -> Any:
        mu, v, y = s.mu[*n, i], s.v[*n, i], s.y[*n, i]
        constant = sp.log(2 * sp.pi) / 2 if s.op.full else 0
        return (y - mu) ** 2 / (2 * v) + sp.log(v) / 2 + constant

    return s.sum("i", entry)


@reduced
def standard_normal_kl(s: Scope, *n: Any) -> Any:
    """-1/2 sum_i (1 + log sigma_i^2 - mu_i^2 - sigma_i^2)."""
    return -s.sum("i", lambda i: 1 + s.s[*n, i] - s.mu[*n, i] ** 2 - sp.exp(s.s[*n, i])) / 2


@reduced
def gaussian_kl(s: Scope, *n: Any) -> Any:
    """sum_i (log(sigma_2 / sigma_1) + (sigma_1^2 + (mu_1 - mu_2)^2) / (2 sigma_2^2) - 1/2)."""

    def entry(i: Any) -> Any:
        distance = s.mu_1[*n, i] - s.mu_2[*n, i]
        logarithm = (s.s_2[*n, i] - s.s_1[*n, i]) / 2
        return logarithm + (sp.exp(s.s_1[*n, i]) + distance**2) / (2 * sp.exp(s.s_2[*n, i])) - sp.Rational(1, 2)

    return s.sum("i", entry)


FORMULAS: dict[str, Callable[..., Any]] = {
    "gaussian_nll": gaussian_nll,
    "standard_normal_kl": standard_normal_kl,
    "gaussian_kl": gaussian_kl,
}
