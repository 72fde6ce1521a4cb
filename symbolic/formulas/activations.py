"""Index formulas of the sigmoids and their piecewise relatives."""

from __future__ import annotations

from typing import Any

import sympy as sp

from symbolic.formulas.elementwise import Formula, clip, entrywise, entrywise_with_options, number


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + sp.exp(-x))


def softplus(x: Any, beta: Any) -> Any:
    """log(1 + exp(beta x)) / beta."""
    return sp.log(1 + sp.exp(beta * x)) / beta


FORMULAS: dict[str, Formula] = {
    "tanh": entrywise(sp.tanh),
    "sigmoid": entrywise(sigmoid),
    "log_sigmoid": entrywise(lambda x: sp.log(sigmoid(x))),
    "softplus": entrywise_with_options(lambda x, op: softplus(x, number(op.beta))),
    "softsign": entrywise(lambda x: x / (1 + sp.Abs(x))),
    "hard_tanh": entrywise(lambda x: clip(x, -1, 1)),
}
