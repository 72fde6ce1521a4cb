"""Attention: weights that are a softmax of scores, and the mean of the values under them.

The derivative of such a mean is weight times (value - mean). Where one weight is close to 1 that difference cancels, so
it is held in a form that does not, and prints in the textbook's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from jacobians.constructors import delta_einsum
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Shape, Signature, term
from jacobians.ops.mask import Masked
from jacobians.ops.softmax import SATURATED, exponentials
from jacobians.special import exact_product, exact_sum
from jacobians.terms import Array, as_array

#: Scores made of larger products than this are summed with their rounding errors: the exponential would show them.
LARGE = 30.0


class ScaledDotProduct(Masked):
    """What the weights and the output of scaled dot-product attention share."""

    def __init__(self, causal: bool = False, scale: float | None = None, mask: bool = False) -> None:
        """Let query t see keys s <= t only; take the factor of the scores (None: 1/sqrt(d)); take a mask as input."""
        number = isinstance(scale, int | float | np.number) and not isinstance(scale, bool)
        if scale is not None and not (number and math.isfinite(scale)):
            raise InputError(f"{self.label}: expected a finite scale, or None for 1/sqrt(d), got {scale!r}")
        self.causal = causal
        self.scale = scale if scale is None else float(scale)
        self.mask = mask

    def factor(self, Q: Array) -> float:
        """The number that the scores are multiplied by."""
        return 1 / math.sqrt(Q.shape[-1]) if self.scale is None else self.scale

    def weights(self, Q: Array, K: Array, mask: Array | None) -> Array:
        """P = softmax(scale Q K^T) over the keys that each query may attend to."""
        allowed = self.allowed(Q.shape[-2], K.shape[-2], mask)
        r = self.factor(Q)
        left = Fraction(1, 2) * Fraction(r) * (1 - Q.shape[-1] * Fraction(r) ** 2) if self.scale is None else 0
        with np.errstate(invalid="ignore", over="ignore"):  # inf and NaN pass on
            scores = _scores(Q, K, allowed, (r, float(left)))
            return exponentials(np.where(allowed, scores, -np.inf), -1).probability

    def exact(self, wrt: str, b: str, P: Array, arrays: Mapping[str, Array]) -> Jacobian:
        """The Jacobian by Q or K, but for the scale, without cancellation; `b` are the labels of the batch axes."""
        raise NotImplementedError

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        P = self.weights(arrays["Q"], arrays["K"], arrays.get("mask"))
        r = self.factor(arrays["Q"])
        if wrt == "V" or not ((P > SATURATED).any() or _large(arrays["Q"], arrays["K"], r)):
            return textbook
        with np.errstate(invalid="ignore"):  # NaN passes on
            exact = r * self.exact(wrt, " ".join(signature.axes), P, arrays)
        return Jacobian(exact.terms, textbook.out_shape, textbook.in_shape, lambda: textbook)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(causal=True, scale=0.3), cls(mask=True), cls(causal=True, mask=True))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """d = 4 in the plainest, so that 1/sqrt(d) prints as 1/2; fewer queries than keys, and more."""
        t, s, e, *_ = sizes
        plain, stacked, twice = ((), t, s, 4, e), ((2,), 3, 2, 1, 1), ((2, 3), 5, 7, 2, 3)
        cases: list[dict[str, Shape]] = [
            {"Q": (*n, t, d), "K": (*n, s, d), "V": (*n, s, e), "mask": (*n[:1], t, s) if len(n) < 2 else (t, s)}
            for n, t, s, d, e in (plain, stacked, twice)
        ]
        return [{name: shapes[name] for name in self.declared()} for shapes in cases]


def _scores(Q: Array, K: Array, allowed: Array, scale: tuple[float, float]) -> Array:
    """The scores (r + rest) Q K^T for scale = (r, rest); less the largest of their row where they are large.

    At scores of 1e4 their rounding alone would spoil four digits of the exponential, so the error of each is kept
    until the largest is taken away.
    """
    r, rest = scale
    scores = Q @ np.swapaxes(K, -1, -2) * r
    a, b = Q.real.astype(np.float64), K.real.astype(np.float64)
    if not _large(a, b, r):
        return as_array(scores)
    high, low = _dot(a, b)
    product, error = exact_product(high, r)
    error = (product - scores.real) + (error + (low * r + high * rest))
    top = np.argmax(np.where(allowed, scores.real, -np.inf), axis=-1, keepdims=True)
    shifted = scores - np.take_along_axis(scores.real, top, -1)
    return as_array(shifted + (error - np.take_along_axis(error, top, -1)), scores.dtype)


def _large(a: Array, b: Array, r: float) -> bool:
    """Whether scores are sums of large products, but finite."""
    return bool(LARGE < np.max(np.abs(a) @ np.swapaxes(np.abs(b), -1, -2)) * abs(r) < math.inf)


def _dot(a: Array, b: Array) -> tuple[Array, Array]:
    """The products a b^T of rows, and what was rounded off.

    Source: Ogita, Rump, Oishi, "Accurate Sum and Dot Product", SIAM Journal on Scientific Computing 26 (2005).
    """
    high, low = np.zeros(()), np.zeros(())
    for k in range(a.shape[-1]):
        product, error = exact_product(a[..., :, None, k], b[..., None, :, k])
        high, lost = exact_sum(high, product)
        low = low + (error + lost)
    return high, low


class AttentionWeights(ScaledDotProduct):
    """P = softmax(scale Q K^T) over the keys, a row of weights per query.

    scale=None means 1/sqrt(d), which is 1/2 in the example. With causal=True query t sees the keys s <= t, counted
    from the first of each (as PyTorch does), also where there are more queries than keys. With mask=True the input
    mask (t s), or (... t s), is True or 1 where a query may attend to a key. Where a weight is close to 1 or
    scores are large, the Jacobian is held without the cancellation of 1 - P_ts.

    Shapes:    Q (... t d), K (... s d), mask (t s) if mask=True -> P (... t s)
    Formula:   P_ts = exp(S_ts) / sum_r exp(S_tr) with S_ts = sum_d Q_td K_sd / sqrt(n_d)
    Jacobians: dP/dQ = 1/2 δ_tt' P_ts K_sd - 1/2 δ_tt' Σ_r P_ts P_tr K_rd   (t s | t' d)
               dP/dK = 1/2 δ_sr P_ts Q_td - 1/2 P_ts P_tr Q_td              (t s | r d)
    Source:    Vaswani et al., "Attention Is All You Need" (2017), eq. 1; Jacobians: own derivation
    """

    inputs = {"Q": "... t d", "K": "... s d", "mask": "t s"}
    output = "... t s"
    symbol = "P"

    def compute(self, Q: Array, K: Array, mask: Array | None = None) -> Array:
        return self.weights(Q, K, mask)

    def d_Q(self, Q: Array, K: Array, P: Array) -> Sequence[Rule]:
        r, p, k = self.factor(Q), ("P", P), ("K", K)
        return [
            term("... t s, ... s d -> ... t s | ... t d", p, k, coef=r),
            term("... t s, ... t r, ... r d -> ... t s | ... t d", p, p, k, coef=-r),
        ]

    def d_K(self, Q: Array, P: Array) -> Sequence[Rule]:
        r, p, q = self.factor(Q), ("P", P), ("Q", Q)
        return [
            term("... t s, ... t d -> ... t s | ... s d", p, q, coef=r),
            term("... t s, ... t r, ... t d -> ... t s | ... r d", p, p, q, coef=-r),
        ]

    def exact(self, wrt: str, b: str, P: Array, arrays: Mapping[str, Array]) -> Jacobian:
        """P_ts (K_sd - sum_r P_tr K_rd) by Q; by the scores, as softmax holds it, δ_sr q_s - P_s q_r - q_s t_r.

        There q = P - t, and t is 1 at the weight close to 1 and 0 elsewhere.
        """
        if wrt == "Q":
            return delta_einsum(f"{b} t s d -> {b} t s | {b} t d", P[..., None] * difference(P, arrays["K"]))
        sure = P > SATURATED
        rest = np.sum(np.where(sure, 0, P), axis=-1, keepdims=True)
        t, q, Q = sure.astype(P.dtype), np.where(sure, -rest, P), arrays["Q"]
        outer = f"{b} t s, {b} t r, {b} t d -> {b} t s | {b} r d"
        diagonal = delta_einsum(f"{b} t s, {b} t d -> {b} t s | {b} s d", q, Q)
        return diagonal - delta_einsum(outer, P, q, Q) - delta_einsum(outer, q, t, Q)


class Attention(ScaledDotProduct):
    """O = P V with P = softmax(scale Q K^T): scaled dot-product attention; each row of Q, K, V is a position.

    scale=None means 1/sqrt(d), which is 1/2 in the example. With causal=True query t sees the keys s <= t, counted
    from the first of each (as PyTorch does), also where there are more queries than keys. With mask=True the input
    mask (t s), or (... t s), is True or 1 where a query may attend to a key. Where a weight is close to 1 or
    scores are large, the Jacobian is held with P_ts (V_se - O_te) as one factor, without its cancellation.

    Shapes:    Q (... t d), K (... s d), V (... s e), mask (t s) if mask=True -> O (... t e)
    Formula:   O_te = sum_s P_ts V_se with P_ts = exp(S_ts) / sum_r exp(S_tr), S_ts = sum_d Q_td K_sd / sqrt(n_d)
    Jacobians: dO/dQ = 1/2 δ_tt' Σ_s P_ts V_se K_sd - 1/2 δ_tt' Σ_s O_te P_ts K_sd   (t e | t' d)
               dO/dK = 1/2 P_ts V_se Q_td - 1/2 O_te P_ts Q_td                       (t e | s d)
               dO/dV = δ_ee' P_ts                                                    (t e | s e')
    Source:    Vaswani et al., "Attention Is All You Need" (2017), eq. 1; Jacobians: own derivation
    """

    inputs = {"Q": "... t d", "K": "... s d", "V": "... s e", "mask": "t s"}
    output = "... t e"
    symbol = "O"

    def compute(self, Q: Array, K: Array, V: Array, mask: Array | None = None) -> Array:
        return as_array(self.weights(Q, K, mask) @ V)

    def d_Q(self, Q: Array, K: Array, V: Array, mask: Array | None, O: Array) -> Sequence[Rule]:
        r, p, k = self.factor(Q), ("P", self.weights(Q, K, mask)), ("K", K)
        return [
            term("... t s, ... s e, ... s d -> ... t e | ... t d", p, ("V", V), k, coef=r),
            term("... t e, ... t s, ... s d -> ... t e | ... t d", ("O", O), p, k, coef=-r),
        ]

    def d_K(self, Q: Array, K: Array, V: Array, mask: Array | None, O: Array) -> Sequence[Rule]:
        r, p, q = self.factor(Q), ("P", self.weights(Q, K, mask)), ("Q", Q)
        return [
            term("... t s, ... s e, ... t d -> ... t e | ... s d", p, ("V", V), q, coef=r),
            term("... t e, ... t s, ... t d -> ... t e | ... s d", ("O", O), p, q, coef=-r),
        ]

    def d_V(self, Q: Array, K: Array, mask: Array | None) -> Rule:
        return term("... t s -> ... t e | ... s e", ("P", self.weights(Q, K, mask)))

    def exact(self, wrt: str, b: str, P: Array, arrays: Mapping[str, Array]) -> Jacobian:
        C = P[..., None] * difference(P, arrays["V"])
        if wrt == "Q":  # the sum of C over s is 0, so it does not see what the keys have in common
            return delta_einsum(f"{b} t s e, {b} t s d -> {b} t e | {b} t d", C, difference(P, arrays["K"]))
        return delta_einsum(f"{b} t s e, {b} t d -> {b} t e | {b} s d", C, arrays["Q"])

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        names = ("Q", "K", "mask") if self.mask else ("Q", "K")
        return {"P": (AttentionWeights(self.causal, self.scale, self.mask), {name: name for name in names})}

    def inner_names(self) -> tuple[str, ...]:
        return ("P",)


def difference(P: Array, V: Array) -> Array:
    """V_se - O_te for the mean O = P V, with axes (... t s e), without its cancellation where a P_ts is close to 1.

    Values are taken relative to that of the key with the largest weight, which then adds nothing to the mean.
    """
    top = np.argmax(P, axis=-1)[..., None]
    relative = V[..., None, :, :] - np.take_along_axis(V, top, axis=-2)[..., :, None, :]
    return as_array(relative - np.sum(P[..., None] * relative, axis=-2, keepdims=True))


OPS: tuple[Op, ...] = (AttentionWeights(), Attention())
