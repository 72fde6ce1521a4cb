"""Index formulas, one per op of `jacobians/ops/cosine.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.losses import reduced
from symbolic.scope import Scope


def cosine_similarity(s: Scope, *n: Any) -> Any:
    """sum_i x_i y_i / (|x| |y|)."""
    product = s.sum("i", lambda i: s.x[*n, i] * s.y[*n, i])
    return product / sp.sqrt(s.sum("i", lambda i: s.x[*n, i] ** 2)) / sp.sqrt(s.sum("i", lambda i: s.y[*n, i] ** 2))


@reduced
def cosine_embedding_loss(s: Scope, *n: Any) -> Any:
    """1 - cos for t = 1, max(0, cos - margin) for t = -1; (1 + t)/2 and (1 - t)/2 choose one of the two."""
    cosine = cosine_similarity(s, *n)
    above = cosine - sp.Rational(str(s.op.margin))
    t, on = s.t[n], sp.Piecewise((1, above > 0), (0, True))
    return (1 + t) / 2 * (1 - cosine) + (1 - t) / 2 * above * on


def info_nce(s: Scope, *index: Any) -> Any:
    """-log(exp(S_nn) / sum_m exp(S_nm)), S the scores over the temperature; the reduction is over the rows."""
    temperature = sp.Rational(str(s.op.temperature))

    def length(x: Any, n: Any) -> Any:
        return sp.sqrt(s.sum("d", lambda d: x[n, d] ** 2)) if s.op.normalize else 1

    def score(n: Any, m: Any) -> Any:
        product = s.sum("d", lambda d: s.Q[n, d] * s.K[m, d])
        return product / length(s.Q, n) / length(s.K, m) / temperature

    def row(n: Any) -> Any:
        return sp.log(s.sum("n", lambda m: sp.exp(score(n, m)))) - score(n, n)

    if index:
        return row(*index)
    total = s.sum("n", row)
    return total / s.size("n") if s.op.reduction == "mean" else total


FORMULAS: dict[str, Callable[..., Any]] = {
    "cosine_similarity": cosine_similarity,
    "cosine_embedding_loss": cosine_embedding_loss,
    "info_nce": info_nce,
}
