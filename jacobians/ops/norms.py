"""Norms along an axis, and x divided by its norm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError, labels_text, shape_text
from jacobians.op import Op, Rule, term
from jacobians.ops.axis import AlongAxis, Reduction
from jacobians.ops.elementary import Reciprocal
from jacobians.ops.elementwise import Abs, Slope
from jacobians.terms import Array, as_array


def scaled(x: Array, axis: int | None) -> tuple[Array, Array, Array]:
    """A power of two near the largest |x|, x divided by it, and the norm of that: no square over- or underflows."""
    largest = np.max(np.abs(x.real), axis=axis, keepdims=True)
    scale = np.ldexp(as_array(0.5, largest.dtype), np.frexp(largest)[1])
    direction = x / scale
    return scale, direction, np.sqrt(np.sum(direction * direction, axis=axis, keepdims=True))


class Norm(Reduction):
    """y = sqrt(sum_i x_i^2), along one axis or over all of them (Euclid's norm; Frobenius' of a matrix).

    It has no derivative at x = 0: there, asking for the Jacobian is an error.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = sqrt(sum_i x_i^2)
    Jacobians: dy/dx = 1/y x_i   (| i)
    Source:    Petersen, Pedersen, "The Matrix Cookbook" (2012), section 2.6
    """

    def compute(self, x: Array) -> Array:
        scale, _, root = scaled(x, self.axis)
        return np.squeeze(scale * root, axis=self.axis)

    def d_x(self, x: Array, y: Array) -> Rule:
        refuse_zero(self, x, "its norm has no derivative there; squared_norm has")
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"{n}, {i} -> {n} | {i}", ("1/y", 1 / y), ("x", x))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/y": (Reciprocal(), {"x": "y"})}


class SquaredNorm(Reduction):
    """y = sum_i x_i^2, along one axis or over all of them.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = sum_i x_i^2
    Jacobians: dy/dx = 2 x_i   (| i)
    Source:    Petersen, Pedersen, "The Matrix Cookbook" (2012), section 2.6
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.sum(x * x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"{i} -> {n} | {i}", ("x", x), coef=2)


class L1Norm(Reduction):
    """y = sum_i |x_i|, along one axis or over all of them; sign(0) = 0 at the kinks.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = sum_i |x_i|
    Jacobians: dy/dx = sign(x)_i   (| i)
    Source:    own derivation, checked by the contract test
    """

    analytic = False

    def compute(self, x: Array) -> Array:
        return as_array(np.sum(np.abs(x), axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"{i} -> {n} | {i}", ("sign(x)", np.sign(x)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"sign(x)": (Slope(Abs()), {"x": "x"})}

    def kink_distance(self, **inputs: Array) -> float:
        """The smallest |x_i|."""
        return float(np.min(np.abs(inputs["x"])))


class Normalize(AlongAxis):
    """u_i = x_i / |x| with |x| = sqrt(sum_k x_k^2), along one axis or over all of them; x = 0 is refused.

    Shapes:    x (... i) -> u (... i); the axis i may stand anywhere
    Formula:   u_i = x_i / norm(x)
    Jacobians: du/dx = δ_ij 1/norm(x) - 1/norm(x) u_i u_j   (i | j)
    Source:    Petersen, Pedersen, "The Matrix Cookbook" (2012), section 2.6
    """

    symbol = "u"

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=0), cls(axis=1), cls(axis=None))

    def check(self, **inputs: Array) -> None:
        refuse_zero(self, inputs["x"], "it has no direction")

    def compute(self, x: Array) -> Array:
        _, direction, root = scaled(x, self.axis)
        with np.errstate(invalid="ignore"):  # inf / inf is NaN, and that passes on
            return as_array(direction / root)

    def d_x(self, x: Array, u: Array) -> Sequence[Rule]:
        i, n, j = self.labels(x.ndim).patterns()
        shrink = ("1/norm(x)", 1 / Norm(self.axis).compute(x))
        return [
            term(f"{n} -> {i} | {i}", shrink),
            term(f"{n}, {i}, {j} -> {i} | {j}", shrink, ("u", u), ("u", u), coef=-1),
        ]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"norm(x)": (Norm(self.axis), {"x": "x"}), "1/norm(x)": (Reciprocal(), {"x": "norm(x)"})}


def refuse_zero(op: AlongAxis, x: Array, why: str) -> None:
    """An InputError where x is zero along the op's axis, that says at which batch indices."""
    zero = np.atleast_1d(np.all(x == 0, axis=op.axis))
    if not zero.any():
        return
    batch = op.labels(x.ndim).batch
    place = f" at {labels_text(batch)} = {shape_text(map(int, np.argwhere(zero)[0]))}" if batch else ""
    raise InputError(f"{op.label}.x: expected x != 0, got x = 0{place}; {why}")


OPS: tuple[Op, ...] = (Norm(), SquaredNorm(), L1Norm(), Normalize())
