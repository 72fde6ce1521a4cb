"""Cross-entropies from logits: the derivative is probability minus target.

It prints in that textbook form, and is held as one factor without its cancellation: 1 - p is taken from the other
probabilities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from jacobians.jacobian import Jacobian
from jacobians.op import Op, Rule, Shape, Signature, term
from jacobians.ops.activations import Sigmoid
from jacobians.ops.likelihood import UNIT, check_classes, check_probabilities, of_class, one_hot
from jacobians.ops.losses import Loss, total
from jacobians.ops.reduce import Sum
from jacobians.ops.softmax import LogSoftmax, Softmax, exponentials
from jacobians.special import damped, sigmoid, softplus
from jacobians.terms import Array, Factor, as_array, build_term


class FromLogits(Loss):
    """A loss whose derivative by the logits z is probability minus target, held as `slope` without cancellation."""

    def slope(self, **inputs: Array) -> Array:
        """The derivative of each sample's loss by its logits, to the last digits."""
        raise NotImplementedError

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        textbook = super()._jacobian
        if wrt != "z":
            return textbook(wrt, arrays, signature, sizes)
        labels, shape = signature.inputs["z"], arrays["z"].shape
        slope = Factor(self.slope(**arrays), labels, f"d{self.symbol}/dz")
        exact = build_term(f"{self.label}.d_z", [slope], signature.output, labels, {}, self.weight(shape))
        out = tuple([sizes[a] for a in signature.output])
        return Jacobian((exact,), out, shape, lambda: self.printed(textbook(wrt, arrays, signature, sizes)))


class BinaryCrossEntropyLogits(FromLogits):
    """L = -sum_i (y_i log p_i + (1 - y_i) log(1 - p_i)) with p = sigmoid(z), for targets y in [0, 1].

    Shapes:    z (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = sum_i (y_i log(1 + exp(-z_i)) + (1 - y_i) log(1 + exp(z_i)))
    Jacobians: dL/dz = sigmoid(z)_i - y_i   (| i)
               dL/dy = -z_i                 (| i)    all times 1/N for the mean over N samples
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eqs. 5.18 and 5.21
    """

    inputs = {"z": "... i", "y": "... i"}
    domain = {"y": UNIT}

    def check(self, **inputs: Array) -> None:
        check_probabilities(f"{self.label}.y", inputs["y"])

    def per_sample(self, z: Array, y: Array) -> Array:
        return total(damped(softplus(-z), y) + damped(softplus(z), 1 - y))

    def slope(self, **inputs: Array) -> Array:
        z, y = inputs["z"], inputs["y"]
        return as_array((1 - y) * sigmoid(z) - y * sigmoid(-z))

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        each = "... i -> ... | ... i"
        return [term(each, ("sigmoid(z)", sigmoid(z))), term(each, ("y", y), coef=-1)]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"sigmoid(z)": (Sigmoid(), {"x": "z"})}

    def d_y(self, z: Array) -> Rule:
        return term("... i -> ... | ... i", ("z", z), coef=-1)


class CrossEntropy(FromLogits):
    """L = -sum_i y_i log p_i with p = softmax(z); y is one-hot, or soft, or has any other sum: no check on it.

    For targets that sum to 1 the Jacobian by z prints and is softmax(z)_i - y_i.

    Shapes:    z (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i y_i log(exp(z_i) / sum_j exp(z_j))
    Jacobians: dL/dz = sum(y) softmax(z)_i - y_i   (| i)
               dL/dy = -log_softmax(z)_i           (| i)    all times 1/N for the mean over N samples
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), sec. 6.2.2.3; Jacobians: own derivation
    """

    inputs = {"z": "... i", "y": "... i"}
    domain = {"y": (0.0, 1.0)}
    distributions = ("y",)

    def per_sample(self, z: Array, y: Array) -> Array:
        return -total(damped(log_softmax(z), y))

    def slope(self, **inputs: Array) -> Array:
        z, y = inputs["z"], inputs["y"]
        p, other = softmax_and_rest(z)
        return as_array(p * sum_of_others(y) - y * other)  # sum(y) p_i - y_i sum(p), without the y_i p_i in both

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        softmax = ("softmax(z)", softmax_and_rest(z)[0])
        first = term("..., ... i -> ... | ... i", ("sum(y)", y.sum(axis=-1)), softmax)
        return [first, term("... i -> ... | ... i", ("y", y), coef=-1)]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "sum(y)": (Sum(axis=-1), {"x": "y"}),
            "softmax(z)": (Softmax(), {"x": "z"}),
            "log_softmax(z)": (LogSoftmax(), {"x": "z"}),
        }

    def printed(self, J: Jacobian) -> Jacobian:
        """Without sum(y) where that is 1."""

        def is_one(f: Factor) -> bool:
            return f.name == "sum(y)" and bool(np.allclose(f.value, 1, rtol=0, atol=1e-12))

        terms = (replace(t, factors=tuple(f for f in t.factors if not is_one(f))) for t in J.terms)
        return Jacobian(terms, J.out_shape, J.in_shape)

    def d_y(self, z: Array) -> Rule:
        return term("... i -> ... | ... i", ("log_softmax(z)", log_softmax(z)), coef=-1)


class CrossEntropyIndex(FromLogits):
    """L = -log p_i with p = softmax(z) and i = y, the class of the sample.

    Shapes:    z (... i), y (...) integers 0 <= y < i -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i [i = y] log(exp(z_i) / sum_j exp(z_j))
    Jacobians: dL/dz = softmax(z)_i - [i = y]   (| i)    times 1/N for the mean over N samples
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), sec. 6.2.2.3; Jacobian: own derivation
    """

    inputs = {"z": "... i", "y": "..."}
    data = {"y": "class indices are not differentiable"}

    def check(self, **inputs: Array) -> None:
        check_classes(f"{self.label}.y", inputs["y"], inputs["z"].shape[-1])

    def per_sample(self, z: Array, y: Array) -> Array:
        return -of_class(log_softmax(z), y)

    def slope(self, **inputs: Array) -> Array:
        z, y = inputs["z"], inputs["y"]
        p, other = softmax_and_rest(z)
        return np.where(one_hot(y, z.shape[-1])[1], -other, p)

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        each = "... i -> ... | ... i"
        return [term(each, ("softmax(z)", softmax_and_rest(z)[0])), term(each, one_hot(y, z.shape[-1]), coef=-1)]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"softmax(z)": (Softmax(), {"x": "z"})}

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "y": np.asarray(rng.integers(0, shapes["z"][-1], shapes["y"]))}


def log_softmax(z: Array) -> Array:
    """log p for p = softmax(z), a sum of numbers of one sign."""
    e = exponentials(z, -1)
    return (e.shifted - np.log1p(e.tail)) + e.rounding


def softmax_and_rest(z: Array) -> tuple[Array, Array]:
    """Softmax p and 1 - p, both to the last digits."""
    e = exponentials(z, -1)
    return e.probability, np.where(e.sure, -e.doubt, 1 - e.probability)


def sum_of_others(y: Array) -> Array:
    """The sum of y_j over all j but i, without the cancellation of sum(y) - y_i."""
    none = np.zeros_like(y[..., :1])
    before = np.concatenate((none, np.cumsum(y[..., :-1], axis=-1)), axis=-1)
    after = np.concatenate((np.cumsum(y[..., :0:-1], axis=-1)[..., ::-1], none), axis=-1)
    return as_array(before + after)


OPS: tuple[Op, ...] = (BinaryCrossEntropyLogits(), CrossEntropy(), CrossEntropyIndex())
