"""Affine maps: a delta ties the output to the row (or column) of W."""

from __future__ import annotations

from jacobians.op import Op, Rule, term
from jacobians.terms import Array


class LinearMap(Op):
    """a = W x.

    Shapes:    x (... i), W (o i) -> a (... o)
    Formula:   a_o = sum_i W_oi x_i
    Jacobians: da/dx = W_oi        (o | i)
               da/dW = δ_oo' x_i   (o | o' i)
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i", "W": "o i"}
    output = "... o"
    symbol = "a"

    def compute(self, x: Array, W: Array) -> Array:
        return x @ W.T

    def d_x(self, W: Array) -> Rule:
        return term("o i -> ... o | ... i", ("W", W))

    def d_W(self, x: Array) -> Rule:
        return term("... i -> ... o | o i", ("x", x))  # Id (x) x


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


class LinearRows(Op):
    """a = x W + b, the row form: a batch of samples is a matrix with a sample per row.

    Shapes:    x (... i), W (i o), b (o) -> a (... o)
    Formula:   a_o = sum_i x_i W_io + b_o
    Jacobians: da/dx = W_io        (o | i)
               da/dW = δ_oo' x_i   (o | i o')
               da/db = δ_oo'       (o | o')
    Source:    Zhang, Lipton, Li, Smola, "Dive into Deep Learning" (2023), softmax regression; own derivation
    """

    inputs = {"x": "... i", "W": "i o", "b": "o"}
    output = "... o"
    symbol = "a"

    def compute(self, x: Array, W: Array, b: Array) -> Array:
        return x @ W + b

    def d_x(self, W: Array) -> Rule:
        return term("i o -> ... o | ... i", ("W", W))

    def d_W(self, x: Array) -> Rule:
        return term("... i -> ... o | i o", ("x", x))  # x (x) Id

    def d_b(self) -> Rule:
        return term("-> ... o | o")


OPS: tuple[Op, ...] = (Linear(), LinearMap(), LinearRows())
