"""Index formulas, one per op of `jacobians/ops/preference.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.logits import log_softmax
from symbolic.formulas.losses import reduced
from symbolic.scope import Scope

Formula = Callable[..., Any]


def over_numbers(loss: Formula) -> Formula:
    """The formula of a loss whose samples are numbers, with the op's reduction over all of them."""

    def formula(s: Scope, *index: Any) -> Any:
        if s.op.reduction == "none":
            return loss(s, *index)
        samples = next(iter(s.labels.values()))
        total = s.total(samples, lambda *n: loss(s, *n))
        return total / sp.Mul(*map(s.size, samples)) if s.op.reduction == "mean" else total

    formula.__doc__ = loss.__doc__
    return formula


def log_sigmoid(u: Any) -> Any:
    """log(1 / (1 + exp(-u)))."""
    return -sp.log(1 + sp.exp(-u))


@over_numbers
def bradley_terry(s: Scope, *n: Any) -> Any:
    """-log sigmoid(r_w - r_l)."""
    return -log_sigmoid(s.r_w[n] - s.r_l[n])


@over_numbers
def dpo(s: Scope, *n: Any) -> Any:
    """-log sigmoid(h), or its mean over right and wrong labels."""
    h = sp.Rational(str(s.op.beta)) * ((s.logp_w[n] - s.ref_w[n]) - (s.logp_l[n] - s.ref_l[n]))
    wrong = sp.Rational(str(s.op.smoothing))
    return -(1 - wrong) * log_sigmoid(h) - wrong * log_sigmoid(-h)


def log_probability(s: Scope, *n: Any) -> Any:
    """sum_i [i = a] log softmax(z)_i."""
    return s.sum("i", lambda i: sp.Piecewise((log_softmax(s, n, i), sp.Eq(s.a[n], i)), (0, True)))


@reduced
def policy_gradient(s: Scope, *n: Any) -> Any:
    """-A log softmax(z)_a."""
    return -s.A[n] * log_probability(s, *n)


FORMULAS: dict[str, Formula] = {
    "bradley_terry": bradley_terry,
    "dpo": dpo,
    "log_probability": log_probability,
    "policy_gradient": policy_gradient,
}
