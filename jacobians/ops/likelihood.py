"""Negative log likelihoods from probabilities and log-probabilities, and KL.

0 log 0 is 0. A point where the loss itself is infinite is refused; where only a derivative is infinite, that derivative
is inf.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, Rule, Shape, term
from jacobians.ops.elementary import Log
from jacobians.ops.elementwise import Multiple, Shift
from jacobians.ops.labels import entry_at
from jacobians.ops.losses import Loss, first_true, total
from jacobians.ops.pointwise import Divide, Subtract
from jacobians.terms import Array, as_array

#: Where random probabilities are drawn.
UNIT = (0.05, 0.95)


def check_probabilities(where: str, p: Array) -> None:
    """Refuse numbers outside [0, 1]; NaN passes."""
    if (bad := (p < 0) | (p > 1)).any():
        at = first_true(bad)
        raise InputError(
            f"{where}: expected probabilities in [0, 1], got {p[at]} at {shape_text(at)} of {shape_text(p.shape)}; "
            "for logits take the loss from logits"
        )


def check_finite_loss(where: str, p: Array, bad: Array, because: str) -> None:
    """Refuse a probability that makes the loss infinite."""
    if bad.any():
        at = first_true(bad)
        raise InputError(
            f"{where}: expected {because}, got {p[at]} at {shape_text(at)} of {shape_text(p.shape)}, where the loss is "
            "infinite; move it inside, or take the loss from logits"
        )


def minus_log(p: Array, weight: Array) -> Array:
    """-weight log p, 0 where both are 0."""
    return -weight * np.log(np.where((p == 0) & (weight == 0), 1, p))


class BinaryCrossEntropy(Loss):
    """L = -sum_i (y_i log p_i + (1 - y_i) log(1 - p_i)) for probabilities p, y in [0, 1].

    Shapes:    p (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i (y_i log p_i + (1 - y_i) log(1 - p_i))
    Jacobians: dL/dp = ((p - y)/(p*(1 - p)))_i    (| i)
               dL/dy = (log(1 - p) - log(p))_i   (| i)    all times 1/N for the mean over N samples
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eq. 5.21; Jacobians: own derivation
    """

    inputs = {"p": "... i", "y": "... i"}
    domain = UNIT

    def check(self, **inputs: Array) -> None:
        p, y = inputs["p"], inputs["y"]
        check_probabilities(f"{self.label}.p", p)
        check_probabilities(f"{self.label}.y", y)
        check_finite_loss(f"{self.label}.p", p, (p == 0) & (y > 0), "p > 0 where y > 0")
        check_finite_loss(f"{self.label}.p", p, (p == 1) & (y < 1), "p < 1 where y < 1")

    def per_sample(self, p: Array, y: Array) -> Array:
        never = -(1 - y) * np.log1p(-np.where((p == 1) & (y == 1), 0, p))
        return total(minus_log(p, y) + never)

    def d_p(self, p: Array, y: Array) -> Rule:
        return term("... i -> ... | ... i", ("(p - y)/(p*(1 - p))", BernoulliSlope().compute(p, y)))

    def d_y(self, p: Array) -> Rule:
        with np.errstate(divide="ignore"):  # infinite at p = 0 and p = 1, and said so
            return term("... i -> ... | ... i", ("log(1 - p) - log(p)", np.log1p(-p) - np.log(p)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "(p - y)/(p*(1 - p))": (BernoulliSlope(), {"p": "p", "y": "y"}),
            "-p": (Multiple(-1.0), {"x": "p"}),
            "1 - p": (Shift(1.0), {"x": "-p"}),
            "log(p)": (Log(), {"x": "p"}),
            "log(1 - p)": (Log(), {"x": "1 - p"}),
            "log(1 - p) - log(p)": (Subtract(), {"x": "log(1 - p)", "y": "log(p)"}),
        }


class BernoulliSlope(Op):
    """s = (p - y) / (p (1 - p)), the slope of binary cross-entropy; 0 / 0 at p = y = 0 or 1 is its limit."""

    inputs = {"p": "...", "y": "..."}
    output = "..."
    symbol = "s"

    def compute(self, p: Array, y: Array) -> Array:
        spread = p * (1 - p)
        # at p = y = 0 only the second logarithm of the loss is left, at p = y = 1 only the first one
        return np.where(spread == 0, 1 - 2 * y, (p - y) / np.where(spread == 0, 1, spread))

    def d_p(self, p: Array, y: Array) -> Rule:
        square = _quotient(y, p * p) + _quotient(1 - y, (1 - p) * (1 - p))
        return term("... -> ... | ...", ("y/p^2 + (1 - y)/(1 - p)^2", square))

    def d_y(self, p: Array) -> Rule:
        with np.errstate(divide="ignore"):  # infinite at p = 0 and p = 1
            return term("... -> ... | ...", ("1/(p*(1 - p))", 1 / (p * (1 - p))), coef=-1)


class NegativeLogLikelihood(Loss):
    """L = -q_i with i = y, the class of the sample, for log-probabilities q.

    Shapes:    q (... i), y (...) integers 0 <= y < i -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i [i = y] q_i
    Jacobians: dL/dq = -[i = y]   (| i)    times 1/N for the mean over N samples
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), sec. 6.2.1.1; Jacobian: own derivation
    """

    inputs = {"q": "... i", "y": "..."}
    data = {"y": "class indices are not differentiable"}

    def check(self, **inputs: Array) -> None:
        check_classes(f"{self.label}.y", inputs["y"], inputs["q"].shape[-1])

    def per_sample(self, q: Array, y: Array) -> Array:
        return -of_class(q, y)

    def d_q(self, q: Array, y: Array) -> Rule:
        return term("... i -> ... | ... i", one_hot(y, q.shape[-1]), coef=-1)

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "y": np.asarray(rng.integers(0, shapes["q"][-1], shapes["y"]))}


def check_classes(where: str, y: Array, classes: int) -> None:
    """Refuse what is no class index."""
    if (bad := ~((y >= 0) & (y < classes) & (y == np.floor(y)))).any():
        at = first_true(bad)
        raise InputError(
            f"{where}: expected class indices 0 <= y < {classes} of {classes} classes, got {y[at]} at sample "
            f"{shape_text(at)}; classes count from 0"
        )


def of_class(x: Array, y: Array) -> Array:
    """The entry of each sample's own class."""
    return as_array(np.take_along_axis(x, y.astype(int)[..., None], axis=-1)[..., 0])


def one_hot(y: Array, classes: int) -> tuple[str, Array]:
    """The 0/1 pattern that is 1 at each sample's class, with its name."""
    return f"[{{{y.ndim}}} = {entry_at('y', y.ndim)}]", y[..., None] == np.arange(classes)


class KL(Loss):
    """L = sum_i p_i log(p_i / q_i), the Kullback-Leibler divergence of q from p, for p, q in [0, 1].

    Shapes:    p (... i), q (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = sum_i p_i log(p_i / q_i)
    Jacobians: dL/dp = (log(p/q) + 1)_i   (| i)
               dL/dq = -(p/q)_i           (| i)    all times 1/N for the mean over N samples
    Source:    Cover, Thomas, "Elements of Information Theory" (2006), eq. 2.26; Jacobians: own derivation
    """

    inputs = {"p": "... i", "q": "... i"}
    domain = UNIT
    distributions = ("p", "q")

    def check(self, **inputs: Array) -> None:
        p, q = inputs["p"], inputs["q"]
        check_probabilities(f"{self.label}.p", p)
        check_probabilities(f"{self.label}.q", q)
        check_finite_loss(f"{self.label}.q", q, (q == 0) & (p > 0), "q > 0 where p > 0")

    def per_sample(self, p: Array, q: Array) -> Array:
        return total(minus_log(q, p) - minus_log(p, p))

    def d_p(self, p: Array, q: Array) -> Rule:
        with np.errstate(divide="ignore", invalid="ignore"):  # -inf at p = 0 < q; NaN at p = q = 0, which has no limit
            return term("... i -> ... | ... i", ("log(p/q) + 1", np.log(p) - np.log(q) + 1))

    def d_q(self, p: Array, q: Array) -> Rule:
        return term("... i -> ... | ... i", ("p/q", _quotient(p, q)), coef=-1)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "p/q": (Divide(), {"x": "p", "y": "q"}),
            "log(p)": (Log(), {"x": "p"}),
            "log(q)": (Log(), {"x": "q"}),
            "log(p) - log(q)": (Subtract(), {"x": "log(p)", "y": "log(q)"}),
            "log(p/q) + 1": (Shift(1.0), {"x": "log(p) - log(q)"}),
        }


def _quotient(a: Array, b: Array) -> Array:
    """a / b, 0 where a is 0."""
    return np.where(a == 0, 0, a / np.where((a == 0) & (b == 0), 1, b))


OPS: tuple[Op, ...] = (BinaryCrossEntropy(), NegativeLogLikelihood(), KL())
