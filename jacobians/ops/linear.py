"""Affine maps: a delta ties the output to the row of W."""

from __future__ import annotations

from jacobians.op import Op, Rule, term
from jacobians.terms import Array


class Linear(Op):
    """a = W x + b.

    Shapes:    x (... i), W (o i), b (o) -> a (... o)
    Formula:   a_o = sum_i W_oi x_i + b_o
    Jacobians: da/dx = W_oi        (o | i)
               da/dW = δ_oo' x_i   (o | o' i)
               da/db = δ_oo'       (o | o')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 6.2; Jacobians: own derivation
    """

    inputs = {"x": "... i", "W": "o i", "b": "o"}
    output = "... o"
    symbol = "a"

    def compute(self, x: Array, W: Array, b: Array) -> Array:
        return x @ W.T + b

    def d_x(self, W: Array) -> Rule:
        return term("o i -> ... o | ... i", ("W", W))

    def d_W(self, x: Array) -> Rule:
        return term("... i -> ... o | o i", ("x", x))  # Id (x) x

    def d_b(self) -> Rule:
        return term("-> ... o | o")
