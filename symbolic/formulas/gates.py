"""Index formulas of the gated units and of dropout: each gate is written out where it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.activations import sigmoid
from symbolic.formulas.elementwise import number
from symbolic.scope import Scope

#: What a highway layer's transform may end in, but for relu.
SMOOTH: dict[str, Callable[[Any], Any]] = {"tanh": sp.tanh, "sigmoid": sigmoid, "identity": lambda z: z}


def rows(s: Scope, W: str, b: str, n: list[Any], o: Any) -> Any:
    """sum_i x_i W_io + b_o."""
    total = s.sum("i", lambda i: s.x[*n, i] * getattr(s, W)[i, o])
    return total + getattr(s, b)[o] if s.op.bias else total


def glu(s: Scope, *index: Any) -> Any:
    """y_o = (sum_i x_i W_io + b_o) sigmoid(sum_i x_i V_io + c_o)."""
    *n, o = index
    return rows(s, "W", "b", n, o) * sigmoid(rows(s, "V", "c", n, o))


def swiglu(s: Scope, *index: Any) -> Any:
    """y_o = u_o sigmoid(beta u_o) v_o with u = x W + b, v = x V + c."""
    *n, o = index
    u = rows(s, "W", "b", n, o)
    beta = s.beta[()] if s.op.learnt_beta else 1
    return u * sigmoid(beta * u) * rows(s, "V", "c", n, o)


def highway(s: Scope, *index: Any) -> Any:
    """y_i = T_i H_i + (1 - T_i) x_i."""
    *n, i = index

    def affine(end: str) -> Any:
        W, b = getattr(s, f"W_{end}"), getattr(s, f"b_{end}")
        return s.sum("i", lambda k: W[i, k] * s.x[*n, k]) + b[i]

    z, T = affine("H"), sigmoid(affine("T"))
    H = sp.Piecewise((z, z > 0), (0, True)) if s.op.activation == "relu" else SMOOTH[s.op.activation](z)
    return T * H + (1 - T) * s.x[index]


def dropout(s: Scope, *i: Any) -> Any:
    """y_i = x_i mask_i / (1 - rate)."""
    return s.x[i] * s.mask[i] / (1 - number(s.op.rate))


FORMULAS: dict[str, Callable[..., Any]] = {"glu": glu, "swiglu": swiglu, "highway": highway, "dropout": dropout}
