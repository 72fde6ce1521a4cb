"""Further losses of classifiers, from logits: label smoothing, and focal losses with two classes and with many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.activations import LogSigmoid, Sigmoid
from jacobians.ops.elementary import Exp, Power
from jacobians.ops.elementwise import Multiple, Shift, real_option
from jacobians.ops.likelihood import check_classes, of_class, one_hot
from jacobians.ops.logits import CrossEntropy, CrossEntropyIndex, FromLogits, softmax_and_rest
from jacobians.ops.losses import first_true, total
from jacobians.ops.metric import at_least_zero
from jacobians.ops.pointwise import Hadamard
from jacobians.ops.preference import LogProbability
from jacobians.ops.softmax import Softmax, exponentials
from jacobians.special import sigmoid, softplus
from jacobians.terms import Array, as_array

Named = tuple[str, Array]
VECTOR = "... i -> ... | ... i"


class LabelSmoothing(CrossEntropyIndex):
    """L = -sum_i q_i log p_i with p = softmax(z) and q_i = (1 - smoothing) [i = y] + smoothing / n for n classes.

    Shapes:    z (... i), y (...) integers 0 <= y < i -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i ((1 - smoothing) [i = y] + smoothing / n) log(exp(z_i) / sum_j exp(z_j))
    Jacobians: dL/dz = softmax(z)_i - 9/10 [i = y] - 1/20   (| i)    for smoothing=0.1 and 2 classes
               times 1/N for the mean over N samples
    Source:    Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016), sec. 7
    """

    def __init__(self, smoothing: float = 0.1, reduction: str = "mean") -> None:
        """Take the probability that is spread evenly over all classes, and the reduction over samples."""
        self.smoothing = real_option(self.label, "smoothing", smoothing)
        if not 0 <= self.smoothing <= 1:
            raise InputError(f"{self.label}: expected a smoothing from 0 to 1, got {smoothing!r}")
        super().__init__(reduction)

    def targets(self, z: Array, y: Array) -> Array:
        """The smoothed probabilities of each sample."""
        classes = z.shape[-1]
        own = one_hot(y, classes)[1].astype(z.real.dtype)
        return as_array((1 - self.smoothing) * own + self.smoothing / classes)

    def per_sample(self, z: Array, y: Array) -> Array:
        return CrossEntropy().per_sample(z, self.targets(z, y))

    def slope(self, **inputs: Array) -> Array:
        z, y = inputs["z"], inputs["y"]
        return CrossEntropy().slope(z=z, y=self.targets(z, y))

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        classes = z.shape[-1]
        probability = term(VECTOR, ("softmax(z)", softmax_and_rest(z)[0]))
        own = term(VECTOR, one_hot(y, classes), coef=self.smoothing - 1)
        spread = term("-> ... | ... i", coef=-self.smoothing / classes)
        return [probability, own, spread] if self.smoothing else [probability, own]

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"softmax(z)": (Softmax(), {"x": "z"})}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(smoothing=0.35, reduction="none"), cls(smoothing=0, reduction="sum"))


# ----- focal losses: q is the probability that the logits give to what is true, u the logit of q -----


def focused(u: Array, gamma: float) -> Array:
    """-(1 - q)^gamma log q for q = sigmoid(u)."""
    return softplus(-u) * np.exp(-gamma * softplus(u))


def focus(u: Array, gamma: float) -> Array:
    """Minus the derivative of `focused` by log q: (1 - q)^gamma - gamma q (1 - q)^(gamma - 1) log q."""
    odds = np.exp(-np.abs(u))  # of what is less probable
    # -q log q / (1 - q) is exp(u) log(1 + exp(-u)), which is 1 where q is close to 1
    sure = np.where(odds == 0, 1, np.log1p(odds) / np.where(odds == 0, 1, odds))
    ratio = np.where(u > 0, sure, odds * softplus(-u))
    return as_array(np.exp(-gamma * softplus(u)) * (1 + gamma * ratio))


class Focal(FromLogits):
    """What both focal losses share: rules with the factor `focus` written out in q."""

    gamma: float

    def rules(self, labels: str, u: Array, *more: Named, targets: Sequence[tuple[float, Named]]) -> Sequence[Rule]:
        """`focus`, term by term, and factors with the same labels before it, times each of the targets."""
        summands = [
            (1.0, [*more, *self.power(self.gamma, u)]),
            (-self.gamma, [*more, ("q", sigmoid(u)), *self.power(self.gamma - 1, u), ("log(q)", -softplus(-u))]),
        ]
        return [
            term(f"{labels}, " * len(factors) + VECTOR, *factors, target, coef=number * sign)
            for number, factors in summands
            for sign, target in targets
            if number
        ]

    @staticmethod
    def power(exponent: float, u: Array) -> list[Named]:
        """(1 - q)^exponent as a factor; none for exponent 0."""
        name = power_name(exponent)
        with np.errstate(divide="ignore"):  # inf for 1 - q = 0 and an exponent below 0, which only prints
            return [(name, sigmoid(-u) ** exponent)] if name else []

    def powers(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        """How the powers of 1 - q come about."""
        exponents = [e for e in (self.gamma, self.gamma - 1) if e not in (0, 1)]
        return {power_name(e): (Power(e), {"x": "1 - q"}) for e in exponents}

    def inner_names(self) -> tuple[str, ...]:
        return ("q",)


def power_name(exponent: float) -> str:
    """`(1 - q)^2`."""
    if exponent in (0, 1):
        return "1 - q" if exponent else ""
    return f"(1 - q)^{exponent:g}" if exponent > 0 else f"(1 - q)^({exponent:g})"


class FocalLoss(Focal):
    """L = -alpha (1 - q)^gamma log q with q = softmax(z)_y, the probability of the sample's class: many classes.

    gamma = 0 and alpha = 1 give cross-entropy. The Jacobian is held as one factor, without the cancellation of 1 - q.

    Shapes:    z (... i), y (...) integers 0 <= y < i -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -alpha (1 - q)^gamma log q with q = sum_i [i = y] exp(z_i) / sum_j exp(z_j)
    Jacobians: dL/dz = (1 - q)^2 softmax(z)_i - (1 - q)^2 [i = y]
                       - 2 q (1 - q) log(q) softmax(z)_i + 2 q (1 - q) log(q) [i = y]   (| i)
               for gamma=2 and alpha=1; times 1/N for the mean over N samples
    Source:    Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection" (2017), eq. 5; own derivation
    """

    inputs = {"z": "... i", "y": "..."}
    data = {"y": "class indices are not differentiable"}

    def __init__(self, gamma: float = 2.0, alpha: float = 1.0, reduction: str = "mean") -> None:
        """Take how much sure samples count less, the weight of all samples, and the reduction over samples."""
        self.gamma = at_least_zero(self.label, "gamma", gamma)
        self.alpha = real_option(self.label, "alpha", alpha)
        super().__init__(reduction)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        if shapes["z"][-1:] == (1,):
            got = shape_text(shapes["z"])
            raise ShapeError(
                f"{self.label}.z: expected 2 classes or more, got {got} with 1; for one class take the binary one"
            )
        return super().signature(shapes)

    def check(self, **inputs: Array) -> None:
        check_classes(f"{self.label}.y", inputs["y"], inputs["z"].shape[-1])

    def logit(self, z: Array, y: Array) -> Array:
        """log(q / (1 - q)): the logit of the class less log sum exp of the others."""
        others = z[~one_hot(y, z.shape[-1])[1]].reshape(*z.shape[:-1], -1)
        e = exponentials(others, -1)
        return (of_class(z, y) - e.top[..., 0]) - np.log1p(e.tail[..., 0])

    def per_sample(self, z: Array, y: Array) -> Array:
        return self.alpha * focused(self.logit(z, y), self.gamma)

    def slope(self, **inputs: Array) -> Array:
        weight = self.alpha * focus(self.logit(**inputs), self.gamma)
        return as_array(weight[..., None] * CrossEntropyIndex().slope(**inputs))

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        p, own = ("softmax(z)", softmax_and_rest(z)[0]), one_hot(y, z.shape[-1])
        return self.rules("...", self.logit(z, y), targets=[(self.alpha, p), (-self.alpha, own)])

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {
            "softmax(z)": (Softmax(), {"x": "z"}),
            "log(q)": (LogProbability(), {"z": "z", "a": "y"}),
            "q": (Exp(), {"x": "log(q)"}),
            "-q": (Multiple(-1.0), {"x": "q"}),
            "1 - q": (Shift(1.0), {"x": "-q"}),
            **self.powers(),
        }

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "y": np.asarray(rng.integers(0, shapes["z"][-1], shapes["y"]))}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (
            cls(),
            cls(gamma=0.5, alpha=0.25, reduction="sum"),
            cls(gamma=1, reduction="none"),
            cls(gamma=0, alpha=3),
        )


class BinaryFocalLoss(Focal):
    """L = -sum_i alpha_i (1 - q_i)^gamma log q_i with p = sigmoid(z), q_i = p_i for y_i = 1 and 1 - p_i for y_i = 0.

    alpha_i is alpha for y_i = 1 and 1 - alpha for y_i = 0; alpha=None leaves it out. The Jacobian is held as one
    factor, without the cancellation of 1 - q.

    Shapes:    z (... i), y (... i) 0 or 1 -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = -sum_i alpha_i (1 - q_i)^gamma log q_i with q = sigmoid((2 y - 1) z);
               alpha_i is alpha for y_i = 1, and 1 - alpha for y_i = 0
    Jacobians: dL/dz = alpha_i ((1 - q)^2)_i sigmoid(z)_i - alpha_i ((1 - q)^2)_i y_i
                       - 2 alpha_i q_i (1 - q)_i log(q)_i sigmoid(z)_i + 2 alpha_i q_i (1 - q)_i log(q)_i y_i   (| i)
               for gamma=2; times 1/N for the mean over N samples
    Source:    Lin, Goyal, Girshick, He, Dollár, "Focal Loss for Dense Object Detection" (2017), eq. 5 and appendix B
    """

    inputs = {"z": "... i", "y": "... i"}
    data = {"y": "targets are 0 or 1"}

    def __init__(self, gamma: float = 2.0, alpha: float | None = 0.25, reduction: str = "mean") -> None:
        """Take how much sure entries count less, the weight of y = 1, and the reduction over samples."""
        self.gamma = at_least_zero(self.label, "gamma", gamma)
        self.alpha = None if alpha is None else real_option(self.label, "alpha", alpha)
        if self.alpha is not None and not 0 <= self.alpha <= 1:
            raise InputError(f"{self.label}: expected an alpha from 0 to 1, or None, got {alpha!r}")
        super().__init__(reduction)

    def check(self, **inputs: Array) -> None:
        y = inputs["y"]
        if (bad := (y != 0) & (y != 1)).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.y: expected targets 0 or 1, got {y[at]} at {shape_text(at)} of {shape_text(y.shape)}; "
                "for targets -1, 1 pass (y + 1) / 2"
            )

    def weights(self, y: Array) -> Array:
        """alpha_i, or ones."""
        return np.ones(y.shape) if self.alpha is None else np.where(y == 1, self.alpha, 1 - self.alpha)

    def per_sample(self, z: Array, y: Array) -> Array:
        weights = self.weights(y).astype(z.real.dtype)
        return total(weights * focused(signs(z, y) * z, self.gamma))

    def slope(self, **inputs: Array) -> Array:
        z, y = inputs["z"], inputs["y"]
        u = signs(z, y) * z
        slope = self.weights(y) * focus(u, self.gamma) * signs(z, y) * -sigmoid(-u)
        return as_array(slope.astype(z.dtype))

    def d_z(self, z: Array, y: Array) -> Sequence[Rule]:
        weights = [] if self.alpha is None else [("alpha", self.weights(y).astype(z.dtype))]
        p, target = ("sigmoid(z)", sigmoid(z)), ("y", y.astype(z.dtype))
        return self.rules("... i", signs(z, y) * z, *weights, targets=[(1.0, p), (-1.0, target)])

    def inner_names(self) -> tuple[str, ...]:
        return ("alpha", "q")

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        alpha = 0.5 if self.alpha is None else self.alpha
        return {
            "sigmoid(z)": (Sigmoid(), {"x": "z"}),
            "2*y": (Multiple(2.0), {"x": "y"}),
            "2*y - 1": (Shift(-1.0), {"x": "2*y"}),
            "u": (Hadamard(), {"x": "2*y - 1", "y": "z"}),
            "-u": (Multiple(-1.0), {"x": "u"}),
            "q": (Sigmoid(), {"x": "u"}),
            "1 - q": (Sigmoid(), {"x": "-u"}),
            "log(q)": (LogSigmoid(), {"x": "u"}),
            "(2*alpha - 1)*y": (Multiple(2 * alpha - 1), {"x": "y"}),
            "alpha": (Shift(1 - alpha), {"x": "(2*alpha - 1)*y"}),
            **self.powers(),
        }

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "y": rng.integers(0, 2, shapes["y"])}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(gamma=1.5, alpha=None, reduction="sum"), cls(gamma=1, alpha=0.7, reduction="none"))


def signs(z: Array, y: Array) -> Array:
    """1 where y = 1, -1 where y = 0."""
    return (2 * y - 1).astype(z.real.dtype)


OPS: tuple[Op, ...] = (LabelSmoothing(), FocalLoss(), BinaryFocalLoss())
