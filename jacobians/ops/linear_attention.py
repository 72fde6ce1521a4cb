"""Linear attention: weights without a softmax, so that keys and values are summed before the queries come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.constructors import delta_einsum
from jacobians.errors import InputError, shape_text
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Shape, Signature, term
from jacobians.ops.attention import difference
from jacobians.ops.elementary import Reciprocal
from jacobians.ops.elementwise import Elementwise, Slope
from jacobians.ops.losses import first_true
from jacobians.ops.mask import BATCH
from jacobians.ops.softmax import SATURATED
from jacobians.terms import Array, as_array

#: The smallest sum of weights that is divided by.
SMALLEST = 1e-280


class LinearAttention(Op):
    """O = (phi(Q) phi(K)^T V) / (phi(Q) phi(K)^T 1) with phi(x) = elu(x) + 1 > 0: attention without a softmax.

    The weights are P_ts = phi(Q)_t . phi(K)_s / z_t with z_t = sum_s phi(Q)_t . phi(K)_s; V and the sums over s come
    before the queries, so the cost grows linearly with the number of keys. phi' is 1 above 0 and
    exp(x) below. Where a weight is close to 1, the Jacobian is held with V_se - O_te as one factor,
    without its cancellation.

    Shapes:    Q (... t d), K (... s d), V (... s e) -> O (... t e)
    Formula:   O_te = (sum_s sum_d phi(Q_td) phi(K_sd) V_se) / z_t
               with z_t = sum_s sum_d phi(Q_td) phi(K_sd), phi(x) = elu(x) + 1
    Jacobians: dO/dQ = δ_tt' Σ_s (1/z)_t phi'(Q)_td phi(K)_sd V_se - δ_tt' Σ_s (1/z)_t phi'(Q)_td phi(K)_sd O_te
                       (t e | t' d)
               dO/dK = (1/z)_t phi(Q)_td phi'(K)_sd V_se - (1/z)_t phi(Q)_td phi'(K)_sd O_te (t e | s d)
               dO/dV = δ_ee' Σ_d (1/z)_t phi(Q)_td phi(K)_sd (t e | s e')
    Source:    Katharopoulos et al., "Transformers are RNNs" (2020), eqs. 5 and 7; Jacobians: own derivation
    """

    inputs = {"Q": "... t d", "K": "... s d", "V": "... s e"}
    output = "... t e"
    symbol = "O"
    letters = BATCH

    def compute(self, Q: Array, K: Array, V: Array) -> Array:
        left, right = _feature(Q), np.swapaxes(_feature(K), -1, -2)
        return as_array(left @ (right @ V) / (left @ right.sum(axis=-1)[..., None]))

    def check(self, **inputs: Array) -> None:
        z = (_feature(inputs["Q"]) @ np.swapaxes(_feature(inputs["K"]), -1, -2)).sum(axis=-1)
        if (lost := z < SMALLEST).any():
            at = first_true(lost)
            raise InputError(
                f"{self.label}.Q: expected a sum of phi(Q) phi(K) of at least {SMALLEST:g} for every query, got "
                f"{z[at]:.3g} for query {shape_text(at)} of {shape_text(z.shape)}: the weights would be 0/0; "
                "scale or shift Q and K, which are far below 0"
            )

    def d_Q(self, Q: Array, K: Array, V: Array, O: Array) -> Sequence[Rule]:
        slope, right, c = ("phi'(Q)", _feature_slope(Q)), ("phi(K)", _feature(K)), ("1/z", _inverse(Q, K))
        each = "... t, ... t d, ... s d, ... {} e -> ... t e | ... t d"
        return [
            term(each.format("s"), c, slope, right, ("V", V)),
            term(each.format("t"), c, slope, right, ("O", O), coef=-1),
        ]

    def d_K(self, Q: Array, K: Array, V: Array, O: Array) -> Sequence[Rule]:
        left, slope, c = ("phi(Q)", _feature(Q)), ("phi'(K)", _feature_slope(K)), ("1/z", _inverse(Q, K))
        each = "... t, ... t d, ... s d, ... {} e -> ... t e | ... s d"
        return [
            term(each.format("s"), c, left, slope, ("V", V)),
            term(each.format("t"), c, left, slope, ("O", O), coef=-1),
        ]

    def d_V(self, Q: Array, K: Array) -> Rule:
        left, right, c = ("phi(Q)", _feature(Q)), ("phi(K)", _feature(K)), ("1/z", _inverse(Q, K))
        return term("... t, ... t d, ... s d -> ... t e | ... s e", c, left, right)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        features: dict[str, tuple[Op, Mapping[str, str]]] = {f"phi({x})": (Feature(), {"x": x}) for x in "QK"}
        slopes = {f"phi'({x})": (Slope(Feature()), {"x": x}) for x in "QK"}
        return features | slopes | {"z": (Total(), {"Q": "Q", "K": "K"}), "1/z": (Reciprocal(), {"x": "z"})}

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Small in the plainest: SymPy takes long over the two cases of phi."""
        t, s, *_ = sizes
        return [
            {"Q": (*n, t, d), "K": (*n, s, d), "V": (*n, s, e)}
            for n, t, s, d, e in (((), t, s, 2, 4), ((2,), 3, 5, 7, 4), ((2, 3), 4, 5, 7, 1))
        ]

    def inner_names(self) -> tuple[str, ...]:
        return ("z",)

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        Q, K, V = arrays["Q"], arrays["K"], arrays["V"]
        c = _inverse(Q, K)
        P = c[..., None] * (_feature(Q) @ np.swapaxes(_feature(K), -1, -2))
        if wrt == "V" or not (P > SATURATED).any():
            return textbook
        b, other = " ".join(signature.axes), "t" if wrt == "Q" else "s"
        left, right = (_feature_slope(Q), _feature(K)) if wrt == "Q" else (_feature(Q), _feature_slope(K))
        pattern = f"{b} t, {b} t d, {b} s d, {b} t s e -> {b} t e | {b} {other} d"
        exact = delta_einsum(pattern, c, left, right, difference(P, V))
        return Jacobian(exact.terms, textbook.out_shape, textbook.in_shape, lambda: textbook)


class Total(Op):
    """z_t = sum_s sum_d phi(Q_td) phi(K_sd), what the weights of a query are divided by."""

    inputs = {"Q": "... t d", "K": "... s d"}
    output = "... t"
    symbol = "z"
    letters = BATCH

    def compute(self, Q: Array, K: Array) -> Array:
        return as_array(1 / _inverse(Q, K))

    def d_Q(self, Q: Array, K: Array) -> Rule:
        return term("... t d, ... s d -> ... t | ... t d", ("phi'(Q)", _feature_slope(Q)), ("phi(K)", _feature(K)))

    def d_K(self, Q: Array, K: Array) -> Rule:
        return term("... t d, ... s d -> ... t | ... s d", ("phi(Q)", _feature(Q)), ("phi'(K)", _feature_slope(K)))


class Feature(Elementwise):
    """phi(x) = elu(x) + 1."""

    name = "phi"

    def compute(self, x: Array) -> Array:
        return _feature(x)

    def derivative(self, x: Array) -> Array:
        return _feature_slope(x)

    def curvature(self, x: Array) -> Array:
        return np.where(x < 0, np.exp(np.minimum(x, 0)), np.zeros_like(x))


def _feature(x: Array) -> Array:
    """phi(x) = elu(x) + 1: exp(x) below 0, 1 + x above."""
    return np.where(x.real < 0, np.exp(np.where(x.real < 0, x, 0)), 1 + x)


def _feature_slope(x: Array) -> Array:
    return np.where(x < 0, np.exp(np.minimum(x, 0)), np.ones_like(x))


def _inverse(Q: Array, K: Array) -> Array:
    """1 over the sum of the weights of each query."""
    return as_array(1 / np.einsum("...td,...d->...t", _feature(Q), _feature(K).sum(axis=-2)))


OPS: tuple[Op, ...] = (LinearAttention(),)
