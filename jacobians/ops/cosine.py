"""The cosine of two vectors, and the losses made of it: cosine embedding and InfoNCE over a batch of pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jacobians.constructors import delta_einsum
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Signature, term
from jacobians.ops.elementary import Reciprocal
from jacobians.ops.elementwise import Multiple, real_option
from jacobians.ops.labels import entry_at
from jacobians.ops.logits import log_softmax, softmax_and_rest
from jacobians.ops.losses import Loss, total
from jacobians.ops.matrix import Transpose
from jacobians.ops.metric import VECTOR, Pair, direction, norm, refuse
from jacobians.ops.norms import Norm, Normalize
from jacobians.ops.products import Matmul
from jacobians.ops.softmax import Softmax
from jacobians.terms import Array, as_array


def refuse_zero(op: Op, **vectors: Array) -> None:
    """An InputError for a vector 0, which has no direction."""
    for name, x in vectors.items():
        zero = np.all(x == 0, axis=-1)
        refuse(f"{op.label}.{name}", zero, f"{name} != 0", f"{name} = 0", "it has no direction, so no cosine")


class CosineSimilarity(Op):
    """s = x^T y / (norm(x) norm(y)), the cosine of the angle between x and y; x = 0 and y = 0 are refused.

    Shapes:    x (... i), y (... i) -> s (...)
    Formula:   s = (sum_i x_i y_i) / (norm(x) norm(y))
    Jacobians: ds/dx = 1/norm(x) normalize(y)_i - s 1/norm(x) normalize(x)_i   (| i)
               ds/dy = 1/norm(y) normalize(x)_i - s 1/norm(y) normalize(y)_i   (| i)
    Source:    Manning, Raghavan, Schütze, "Introduction to Information Retrieval" (2008), eq. 6.10; own derivation
    """

    inputs = {"x": "... i", "y": "... i"}
    output = "..."
    symbol = "s"

    def check(self, **inputs: Array) -> None:
        refuse_zero(self, **inputs)

    def compute(self, x: Array, y: Array) -> Array:
        return total(Normalize(-1).compute(x) * Normalize(-1).compute(y))

    def d_x(self, x: Array, y: Array, s: Array) -> Sequence[Rule]:
        return _cosine_slope("x", x, "y", y, s)

    def d_y(self, x: Array, y: Array, s: Array) -> Sequence[Rule]:
        return _cosine_slope("y", y, "x", x, s)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {k: part for name in ("x", "y") for k, part in _direction_parts(name).items()}


def _cosine_slope(name: str, x: Array, other: str, y: Array, s: Array) -> Sequence[Rule]:
    """The part of the other direction that is perpendicular to x, over the length of x."""
    shrink = (f"1/norm({name})", 1 / norm(x))
    return [
        term(f"..., {VECTOR}", shrink, (f"normalize({other})", direction(y))),
        term(f"..., ..., {VECTOR}", ("s", s), shrink, (f"normalize({name})", direction(x)), coef=-1),
    ]


def _direction_parts(name: str) -> dict[str, tuple[Op, Mapping[str, str]]]:
    return {
        f"norm({name})": (Norm(-1), {"x": name}),
        f"1/norm({name})": (Reciprocal(), {"x": f"norm({name})"}),
        f"normalize({name})": (Normalize(-1), {"x": name}),
    }


class CosineEmbeddingLoss(Pair):
    """L = 1 - s for similar pairs (t = 1), max(0, s - margin) for dissimilar ones (t = -1), s the cosine of x and y.

    At the kink s = margin the derivative is taken as 0; x = 0 and y = 0 are refused.

    Shapes:    x (... i), y (... i), t (...) 1 or -1 -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = 1 - s for t = 1, else max(0, s - margin) for t = -1, with s = (sum_i x_i y_i) / (norm(x) norm(y))
    Jacobians: dL/dx = -[t = 1] 1/norm(x) normalize(y)_i + [t = 1] s 1/norm(x) normalize(x)_i
                       + [t = -1] [s > 0] 1/norm(x) normalize(y)_i - [t = -1] [s > 0] s 1/norm(x) normalize(x)_i   (| i)
               dL/dy = -[t = 1] 1/norm(y) normalize(x)_i + [t = 1] s 1/norm(y) normalize(y)_i
                       + [t = -1] [s > 0] 1/norm(y) normalize(x)_i - [t = -1] [s > 0] s 1/norm(y) normalize(y)_i   (| i)
               for margin=0; all times 1/N for the mean over N samples
    Source:    PyTorch, torch.nn.CosineEmbeddingLoss; Jacobians: own derivation
    """

    data = {"t": "labels are 1 or -1"}
    similar, dissimilar = 1, -1
    analytic = False

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        """Take the cosine up to which a dissimilar pair costs nothing, and the reduction over samples."""
        self.margin = real_option(self.label, "margin", margin)
        if not -1 <= self.margin <= 1:
            raise InputError(f"{self.label}: expected a margin from -1 to 1, as cosines are, got {margin!r}")
        super().__init__(reduction)

    def check(self, **inputs: Array) -> None:
        super().check(**inputs)
        refuse_zero(self, x=inputs["x"], y=inputs["y"])

    def per_sample(self, x: Array, y: Array, t: Array) -> Array:
        s = CosineSimilarity().compute(x, y)
        return np.where(t == self.similar, 1 - s, np.maximum(0, s - self.margin))

    def d_x(self, x: Array, y: Array, t: Array) -> Sequence[Rule]:
        return self.slope("x", x, "y", y, t)

    def d_y(self, x: Array, y: Array, t: Array) -> Sequence[Rule]:
        return self.slope("y", y, "x", x, t)

    def slope(self, name: str, x: Array, other: str, y: Array, t: Array) -> Sequence[Rule]:
        """Minus the derivative of the cosine for similar pairs, plus it for dissimilar ones at a positive hinge."""
        s = CosineSimilarity().compute(x, y)
        over = (f"[{entry_at('s', t.ndim)} > {self.margin:g}]", as_array(s > self.margin))
        cosine = _cosine_slope(name, x, other, y, s)
        return [
            *(_times(rule, self.pairs(t, self.similar), coef=-1) for rule in cosine),
            *(_times(rule, self.pairs(t, self.dissimilar), over) for rule in cosine),
        ]

    def kink_distance(self, **inputs: Array) -> float:
        """How far the cosine of a dissimilar pair is from the margin, for its steepness."""
        x, y = inputs["x"], inputs["y"]
        hinge = np.abs(CosineSimilarity().compute(x, y) - self.margin) * np.minimum(norm(x), norm(y))
        return float(np.min(np.where(inputs["t"] == self.dissimilar, hinge, np.inf)))

    def inner_names(self) -> tuple[str, ...]:
        return ("s",)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {**CosineSimilarity().parts(), "s": (CosineSimilarity(), {"x": "x", "y": "y"})}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(reduction="sum"), cls(margin=-0.4, reduction="none"))


def _times(rule: Rule, *factors: tuple[str, Array], coef: float = 1.0) -> Rule:
    """The rule with factors of the samples before its own."""
    pattern = "..., " * len(factors) + rule.pattern
    return replace(rule, pattern=pattern, factors=(*factors, *rule.factors), coef=coef * rule.coef)


class InfoNCE(Loss):
    """L_n = -log P_nn with P_n = softmax(Q_n K^T / temperature): row n of K is the positive of row n of Q.

    The samples are the rows of Q; the keys of the other rows are the negatives. normalize=True takes the rows
    u = Q / norm(Q) and v = K / norm(K), so that scores are cosines.

    Shapes:    Q (n d), K (n d) -> L (), the mean over rows; reduction="none": L (n)
    Formula:   L = -1/N sum_n log P_nn with P_nm = exp(S_nm) / sum_k exp(S_nk), S = Q K^T / temperature
    Jacobians: dL/dQ = 1/2 Σ_m P_nm K_md - 1/2 K_nd   (| n d)
               dL/dK = 1/2 Σ_n P_nm Q_nd - 1/2 Q_md   (| m d)    for N = 2 rows and temperature=1
    Source:    van den Oord, Li, Vinyals, "Representation Learning with Contrastive Predictive Coding" (2018), eq. 4
    """

    inputs = {"Q": "n d", "K": "n d"}
    output = "n"

    def __init__(self, temperature: float = 1.0, normalize: bool = False, reduction: str = "mean") -> None:
        """Take the temperature, whether scores are cosines, and the reduction over rows."""
        self.temperature = real_option(self.label, "temperature", temperature)
        if self.temperature <= 0:
            raise InputError(f"{self.label}: expected a temperature > 0, got {temperature!r}")
        self.normalize = normalize
        super().__init__(reduction)

    def check(self, **inputs: Array) -> None:
        if self.normalize:
            refuse_zero(self, **inputs)

    def rows(self, x: Array) -> Array:
        """What scores are inner products of."""
        return Normalize(-1).compute(x) if self.normalize else x

    def scores(self, Q: Array, K: Array) -> Array:
        """The inner products over the temperature, less the largest of each row: it cancels before it is divided."""
        products = self.rows(Q) @ self.rows(K).T
        return as_array((products - np.max(products.real, axis=-1, keepdims=True)) / self.temperature)

    def per_sample(self, Q: Array, K: Array) -> Array:
        return -np.diagonal(log_softmax(self.scores(Q, K)))

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Sequence[Rule]:
        """The terms with P, less the same terms at the positive m = n."""
        Q, K = known("Q"), known("K")
        made = self.terms(wrt, ("P", softmax_and_rest(self.scores(Q, K))[0]), Q, K)
        positive = (replace(r, pattern=r.pattern.partition(", ")[2].replace("m", "n")) for r in made)
        return [*made, *(replace(r, factors=r.factors[1:], coef=-r.coef) for r in positive)]

    def terms(self, wrt: str, slope: tuple[str, Array], Q: Array, K: Array) -> list[Rule]:
        """The chain rule on from the scores S_nm, for a slope of these labels."""
        own, far = ("n", "m") if wrt == "Q" else ("m", "n")
        (name, x), (other, y) = (("Q", Q), ("K", K)) if wrt == "Q" else (("K", K), ("Q", Q))
        ends = f" -> {'n' if self.reduction == 'none' else ''} | {own} d"
        coef = self.weight(Q.shape) / self.temperature
        if not self.normalize:
            return [term(f"n m, {far} d{ends}", slope, (other, y), coef=coef)]
        shrink, u, v = (
            (f"1/norm({name})", 1 / norm(x)),
            *((f"normalize({k})", direction(r)) for k, r in ((name, x), (other, y))),
        )
        return [
            term(f"n m, {own}, {far} d{ends}", slope, shrink, v, coef=coef),
            term(f"n m, {own}, {far} e, {own} e, {own} d{ends}", slope, shrink, v, u, u, coef=-coef),
        ]

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        """Held with P_nm - [m = n] as one factor, without its cancellation."""
        textbook = super()._jacobian(wrt, arrays, signature, sizes)
        P, other = softmax_and_rest(self.scores(**arrays))
        rules = self.terms(wrt, ("dL/dS", np.where(np.eye(len(P), dtype=bool), -other, P)), **arrays)
        held = (delta_einsum(r.pattern, *(value for _, value in r.factors)) * r.coef for r in rules)
        terms = [t for J in held for t in J.terms]
        return Jacobian(terms, textbook.out_shape, textbook.in_shape, lambda: textbook)

    def inner_names(self) -> tuple[str, ...]:
        return ("P",)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        u, v = ("normalize(Q)", "normalize(K)") if self.normalize else ("Q", "K")
        return {
            **_direction_parts("Q"),
            **_direction_parts("K"),
            f"{v}.T": (Transpose(), {"A": v}),
            f"{u} @ {v}.T": (Matmul(), {"A": u, "B": f"{v}.T"}),
            "S": (Multiple(1 / self.temperature), {"x": f"{u} @ {v}.T"}),
            "P": (Softmax(), {"x": "S"}),
        }

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (
            cls(),
            cls(temperature=0.3, normalize=True),
            cls(reduction="sum"),
            cls(normalize=True, reduction="none"),
        )


OPS: tuple[Op, ...] = (CosineSimilarity(), CosineEmbeddingLoss(), InfoNCE())
