"""Index formulas of the activations with a parameter that is an input, and of maxout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import sympy as sp

from jacobians.ops.parametric import PReLU
from symbolic.formulas.activations import sigmoid
from symbolic.formulas.axis import along
from symbolic.scope import Scope


def prelu(s: Scope, *index: Any) -> Any:
    """y_i = x_i for x_i > 0, else a x_i; a of the channel, where there are several."""
    axis = cast(PReLU, s.op).axis
    x, a = s.x[index], s.a[() if axis is None else (index[axis],)]
    return sp.Piecewise((x, x > 0), (a * x, True))


def swish(s: Scope, *i: Any) -> Any:
    """y_i = x_i / (1 + exp(-beta x_i))."""
    return s.x[i] * sigmoid(s.beta[()] * s.x[i])


def temperature_softmax(s: Scope, *index: Any) -> Any:
    """p_i = exp(x_i / T) / sum_k exp(x_k / T)."""
    x, labels = along(s, index)
    T = s.T[()]
    return sp.exp(s.x[index] / T) / s.total(labels, lambda *k: sp.exp(x(*k) / T))


def maxout(s: Scope, *index: Any) -> Any:
    """y_o = max_k (sum_i x_i W_iok + b_ok), for a given number of pieces only."""
    *n, o = index

    def piece(k: int) -> Any:
        z = s.sum("i", lambda i: s.x[*n, i] * s.W[i, o, k])
        return z + s.b[o, k] if s.op.bias else z

    return sp.Max(*(piece(k) for k in range(int(s.size("k")))), evaluate=False)


FORMULAS: dict[str, Callable[..., Any]] = {
    "prelu": prelu,
    "swish": swish,
    "temperature_softmax": temperature_softmax,
    "maxout": maxout,
}
