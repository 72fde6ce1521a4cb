"""Softmax and its kin: a diagonal minus an outer product along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jacobians.constructors import delta_einsum
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Signature, term
from jacobians.ops.axis import AlongAxis, Reduction, first_largest
from jacobians.terms import Array, as_array

#: From this probability on, 1 - p is taken from the other probabilities: the difference has lost its last digits.
SATURATED = 0.9


class Exponentials(NamedTuple):
    """`weight` = exp(x - max x), its sum less 1 as `tail`, and the difference as `shifted` + `rounding`."""

    largest: Array
    top: Array
    shifted: Array
    rounding: Array
    weight: Array
    tail: Array

    @property
    def probability(self) -> Array:
        return as_array(self.weight / (1 + self.tail))

    @property
    def sure(self) -> Array:
        """True at a probability close to 1."""
        return self.largest & (self.probability > SATURATED)

    @property
    def doubt(self) -> Array:
        """The probabilities, less 1 where `sure`; without the cancellation of p - 1."""
        return np.where(self.sure, -self.tail / (1 + self.tail), self.probability)


def exponentials(x: Array, axis: int | None) -> Exponentials:
    """What softmax, log_softmax and logsumexp are made of, right to the last digits for every finite x.

    x - max x keeps its rounding error: at a difference of 700 that error alone would spoil two digits of exp.
    """
    largest = first_largest(x.real, axis)  # by the real part: complex steps must not change the order
    top = np.max(x.real, axis=axis, keepdims=True)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
        shifted, rounding = _difference(x, top)
        weight = np.exp(shifted) * (1 + rounding)
        tail = np.sum(np.where(largest, np.expm1(shifted), weight), axis=axis, keepdims=True)
    return Exponentials(largest, top, shifted, rounding, weight, tail)


def _difference(a: Array, b: Array) -> tuple[Array, Array]:
    """a - b rounded, and what the rounding lost: the TwoSum of Knuth, "The Art of Computer Programming" 2, 4.2.2."""
    rounded = a - b
    back = rounded - a
    lost = (a - (rounded - back)) - (b + back)
    return rounded, np.where(np.isfinite(rounded), lost, 0)


class _Distribution(AlongAxis):
    """Softmax and its logarithm: the Jacobian is held without cancellation where a p_i is close to 1."""

    over_all = False

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=0), cls(axis=1))

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        e = exponentials(arrays["x"], self.axis)
        if not e.sure.any():
            return textbook
        exact = self._near_one(e)
        return Jacobian(exact.terms, exact.out_shape, exact.in_shape, lambda: textbook)

    def _near_one(self, e: Exponentials) -> Jacobian:
        """The same Jacobian by q = p - t, where t is 1 at the p_i close to 1 and 0 elsewhere."""
        raise NotImplementedError


class Softmax(_Distribution):
    """p_i = exp(x_i) / sum_k exp(x_k), along one axis.

    Where a p_i is close to 1, the Jacobian is held as δ_ij q_i - p_i q_j - q_i t_j with q = p - t, t = 1 at that entry
    and 0 elsewhere: the same value without the cancellation of p_i - p_i p_i.

    Shapes:    x (... i) -> p (... i); the axis i may stand anywhere
    Formula:   p_i = exp(x_i) / sum_k exp(x_k)
    Jacobians: dp/dx = δ_ij p_i - p_i p_j   (i | j)
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 4.1; Jacobian: own derivation
    """

    symbol = "p"

    def compute(self, x: Array) -> Array:
        return exponentials(x, self.axis).probability

    def d_x(self, p: Array) -> Sequence[Rule]:
        i, _, j = self.labels(p.ndim).patterns()
        return [
            term(f"{i} -> {i} | {i}", ("p", p)),
            term(f"{i}, {j} -> {i} | {j}", ("p", p), ("p", p), coef=-1),
        ]

    def _near_one(self, e: Exponentials) -> Jacobian:
        i, _, j = self.labels(e.weight.ndim).patterns()
        p, q, t = ("p", e.probability), ("q", e.doubt), ("t", e.sure.astype(e.weight.dtype))
        diagonal = delta_einsum(f"{i} -> {i} | {i}", q)
        outer = f"{i}, {j} -> {i} | {j}"
        return diagonal - delta_einsum(outer, p, q) - delta_einsum(outer, q, t)


class SoftmaxOverAll(Softmax):
    """p = exp(x) / sum of exp(x) over all axes: the slope of logsumexp(x)."""

    over_all = True

    def __init__(self) -> None:
        super().__init__(axis=None)


class LogSoftmax(_Distribution):
    """y_i = x_i - log(sum_k exp(x_k)), along one axis.

    Where a probability p_i is close to 1, the Jacobian is held as δ_ij - t_j - q_j with q = p - t, t = 1 at that entry
    and 0 elsewhere: the same value without the cancellation of 1 - p_i.

    Shapes:    x (... i) -> y (... i); the axis i may stand anywhere
    Formula:   y_i = x_i - log(sum_k exp(x_k))
    Jacobians: dy/dx = δ_ij - softmax(x)_j   (i | j)
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        e = exponentials(x, self.axis)
        return (e.shifted - np.log1p(e.tail)) + e.rounding

    def d_x(self, x: Array) -> Sequence[Rule]:
        i, _, j = self.labels(x.ndim).patterns()
        p = exponentials(x, self.axis).probability
        return [term(f"-> {i} | {i}"), term(f"{j} -> {i} | {j}", ("softmax(x)", p), coef=-1)]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"softmax(x)": (Softmax(self.axis), {"x": "x"})}

    def _near_one(self, e: Exponentials) -> Jacobian:
        labels = self.labels(e.weight.ndim)
        i, _, j = labels.patterns()
        sizes = dict(zip(labels.x, e.weight.shape, strict=True))
        along = {a: sizes[a] for a in labels.along}
        t, q = ("t", e.sure.astype(e.weight.dtype)), ("q", e.doubt)
        rows = f"{j} -> {i} | {j}"
        return delta_einsum(f"-> {i} | {i}", **sizes) - delta_einsum(rows, t, **along) - delta_einsum(rows, q, **along)


class LogSumExp(Reduction):
    """y = log(sum_i exp(x_i)), along one axis or over all of them.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = log(sum_i exp(x_i))
    Jacobians: dy/dx = softmax(x)_i   (| i)
    Source:    Boyd, Vandenberghe, "Convex Optimization" (2004), section 3.1.5; Jacobian: own derivation
    """

    name = "logsumexp"

    def compute(self, x: Array) -> Array:
        e = exponentials(x, self.axis)
        y = np.where(np.isinf(e.top), e.top, e.top + np.log1p(e.tail))
        return np.squeeze(y, axis=self.axis)

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"{i} -> {n} | {i}", ("softmax(x)", exponentials(x, self.axis).probability))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        op = SoftmaxOverAll() if self.axis is None else Softmax(self.axis)
        return {"softmax(x)": (op, {"x": "x"})}


OPS: tuple[Op, ...] = (Softmax(), LogSoftmax(), LogSumExp())
