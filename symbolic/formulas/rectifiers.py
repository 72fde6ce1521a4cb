"""Index formulas of the rectifiers."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.formulas.activations import sigmoid
from symbolic.formulas.elementwise import Formula, entrywise, entrywise_with_options, number

#: 0.044715, the constant of the tanh form of GELU.
CUBIC = sp.Rational(44715, 1_000_000)


def leaky(x: Any, slope: Any) -> Any:
    """max(x, 0) + slope min(x, 0)."""
    return sp.Piecewise((x, x > 0), (slope * x, True))


def elu(x: Any, alpha: Any) -> Any:
    """x for x > 0, else alpha (exp(x) - 1)."""
    return sp.Piecewise((x, x > 0), (alpha * (sp.exp(x) - 1), True))


def gelu(x: Any, op: Any) -> Any:
    """x (1 + erf(x / sqrt 2)) / 2, or its approximation by tanh."""
    if op.approximation == "tanh":
        return x / 2 * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + CUBIC * x**3)))
    return x / 2 * (1 + sp.erf(x / sp.sqrt(2)))


FORMULAS: dict[str, Formula] = {
    "relu": entrywise(lambda x: leaky(x, 0)),
    "leaky_relu": entrywise_with_options(lambda x, op: leaky(x, number(op.slope))),
    "elu": entrywise_with_options(lambda x, op: elu(x, number(op.alpha))),
    "selu": entrywise_with_options(lambda x, op: number(op.scale) * elu(x, number(op.alpha))),
    "silu": entrywise(lambda x: x * sigmoid(x)),
    "mish": entrywise(lambda x: x * sp.tanh(sp.log(1 + sp.exp(x)))),
    "gelu": entrywise_with_options(gelu),
}
