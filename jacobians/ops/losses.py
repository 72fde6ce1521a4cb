"""What every loss shares, the losses of a residual, and hinge: a number for each sample, then a reduction over samples.

A subclass gives each sample's loss and rules with patterns `... i -> ... | ... i`; the reduction is written once, here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jacobians.errors import InputError, shape_text, unknown
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.elementwise import Abs, Clip, Slope
from jacobians.ops.labels import entry_at
from jacobians.ops.pointwise import Subtract
from jacobians.terms import Array, as_array

REDUCTIONS = ("none", "sum", "mean")


class Loss(Op):
    """The loss of each sample (one vector along the last axis), then none, the sum or the mean over all samples."""

    output = "..."
    symbol = "L"
    reduction: str

    def __init__(self, reduction: str = "mean") -> None:
        """Choose how the losses of the samples become one number; without batch axes all choices are equal."""
        if reduction not in REDUCTIONS:
            raise unknown(self.label, "reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def per_sample(self, *args: Any, **kwargs: Any) -> Array:
        """The loss of each sample, with the batch axes."""
        raise NotImplementedError

    def compute(self, **inputs: Array) -> Array:
        losses = self.per_sample(**inputs)
        return losses if self.reduction == "none" else getattr(np, self.reduction)(losses)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        signature = super().signature(shapes)
        return signature if self.reduction == "none" else replace(signature, output=())

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule | Sequence[Rule]:
        rules = super().rule(wrt, known)
        if self.reduction == "none":
            return rules
        weight = self.weight(known(next(iter(self.inputs))).shape)
        return [_summed(r, weight) for r in ([rules] if isinstance(rules, Rule) else rules)]

    def weight(self, shape: Sequence[int]) -> float:
        """What a sample counts in the loss, for samples along the last axis of an array of this shape."""
        return 1 / math.prod(shape[:-1]) if self.reduction == "mean" else 1.0

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """As for every op, but two batch axes have the smallest sizes: every sample is one more summand of the loss."""
        many = super().example_shapes(sizes)
        if len(many) < 3:
            return many
        return [*many[:2], super().example_shapes((sizes[2], *sizes[:2], *sizes[3:]))[2]]

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return tuple(cls(reduction=reduction) for reduction in ("mean", "sum", "none"))


def _summed(rule: Rule, weight: float) -> Rule:
    """The rule of one sample's loss as the rule of the sum: the samples' labels leave the output.

    They stay on the input, so no label is left without an axis: the sum over samples meets one delta.
    """
    factors, _, inp = rule.pattern.replace("|", "->").split("->")
    assert "..." in inp, rule.pattern
    return replace(rule, pattern=f"{factors} -> | {inp}", coef=weight * rule.coef)


def total(entries: Array) -> Array:
    """The sum over the entries of each sample."""
    return as_array(np.sum(entries, axis=-1))


def first_true(mask: Array) -> tuple[int, ...]:
    """The first index where a mask holds."""
    return tuple(int(k) for k in np.argwhere(mask)[0])


class Residual(Loss):
    """A penalty of each entry of a - y; a sample's loss is their sum, or with `mean` their mean."""

    inputs = {"a": "... i", "y": "... i"}
    mean: bool

    def __init__(self, mean: bool = False, reduction: str = "mean") -> None:
        """Choose the mean over a sample's entries rather than their sum, and the reduction over samples."""
        self.mean = mean
        super().__init__(reduction)

    def penalty(self, d: Array) -> Array:
        """The loss of each entry of the residual d."""
        raise NotImplementedError

    def slope(self, d: Array) -> tuple[float, str, Array]:
        """Its derivative: number, name, array."""
        raise NotImplementedError

    def per_sample(self, a: Array, y: Array) -> Array:
        penalties = self.penalty(a - y)
        return total(penalties) / (a.shape[-1] if self.mean else 1)

    def d_a(self, a: Array, y: Array) -> Rule:
        number, name, slope = self.slope(a - y)
        return term("... i -> ... | ... i", (name, slope), coef=number / a.shape[-1] if self.mean else number)

    def d_y(self, a: Array, y: Array) -> Rule:
        rule = self.d_a(a, y)
        return replace(rule, coef=-rule.coef)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"a - y": (Subtract(), {"x": "a", "y": "y"})}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (*super().variants(), cls(mean=True))


class SquaredError(Residual):
    """L = 1/2 sum_i (a_i - y_i)^2; half=False leaves out the 1/2, mean=True divides by the number of entries.

    Shapes:    a (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = 1/2 sum_i (a_i - y_i)^2
    Jacobians: dL/da = (a - y)_i    (| i)
               dL/dy = -(a - y)_i   (| i)    all times 1/N for the mean over N samples
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eq. 5.11; Jacobians: own derivation
    """

    def __init__(self, half: bool = True, mean: bool = False, reduction: str = "mean") -> None:
        """Choose the factor 1/2, the mean over a sample's entries, and the reduction over samples."""
        self.half = half
        super().__init__(mean, reduction)

    def penalty(self, d: Array) -> Array:
        return d * d * (0.5 if self.half else 1.0)

    def slope(self, d: Array) -> tuple[float, str, Array]:
        return 1.0 if self.half else 2.0, "a - y", d

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (*super().variants(), cls(half=False, mean=True, reduction="sum"))


class AbsoluteError(Residual):
    """L = sum_i |a_i - y_i|; the derivative of |d| at d = 0 is taken as 0. mean=True divides by the number of entries.

    Shapes:    a (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = sum_i |a_i - y_i|
    Jacobians: dL/da = sign(a - y)_i    (| i)
               dL/dy = -sign(a - y)_i   (| i)    all times 1/N for the mean over N samples
    Source:    Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning" (2009), sec. 10.6
    """

    analytic = False

    def penalty(self, d: Array) -> Array:
        return np.abs(d)

    def slope(self, d: Array) -> tuple[float, str, Array]:
        return 1.0, "sign(a - y)", np.sign(d)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {**super().parts(), "sign(a - y)": (Slope(Abs()), {"x": "a - y"})}

    def kink_distance(self, **inputs: Array) -> float:
        return float(np.min(np.abs(inputs["a"] - inputs["y"])))


class Huber(Residual):
    """L = sum_i h(a_i - y_i) with h(d) = d^2 / 2 for |d| <= delta, delta (|d| - delta / 2) beyond: no kink.

    Shapes:    a (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = sum_i c_i (|d_i| - c_i / 2) with d = a - y and c = min(|d|, delta)
    Jacobians: dL/da = clip(a - y, -1, 1)_i    (| i)
               dL/dy = -clip(a - y, -1, 1)_i   (| i)    for delta = 1; all times 1/N for the mean over N samples
    Source:    Huber, "Robust Estimation of a Location Parameter" (1964)
    """

    analytic = False

    def __init__(self, delta: float = 1.0, mean: bool = False, reduction: str = "mean") -> None:
        """Take the residual where the parabola becomes a line, the mean over entries, the reduction over samples."""
        if not 0 < delta < math.inf:
            raise InputError(f"{self.label}: expected a positive finite delta, got {delta!r}")
        self.delta = delta
        super().__init__(mean, reduction)

    def penalty(self, d: Array) -> Array:
        size = np.abs(d)
        near = np.minimum(size, self.delta)
        return near * (size - near / 2)

    def slope(self, d: Array) -> tuple[float, str, Array]:
        return 1.0, self._clipped, np.clip(d, -self.delta, self.delta)

    @property
    def _clipped(self) -> str:
        return f"clip(a - y, {-self.delta:g}, {self.delta:g})"

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {**super().parts(), self._clipped: (Clip(-self.delta, self.delta), {"x": "a - y"})}

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (*super().variants(), cls(delta=0.25))


class Hinge(Loss):
    """L = sum_i max(0, 1 - y_i a_i) for targets y_i = -1 or 1; the derivative at the kink y_i a_i = 1 is taken as 0.

    Shapes:    a (... i), y (... i) -> L (), the mean over samples; reduction="none": L (...)
    Formula:   L = sum_i max(0, 1 - y_i a_i)
    Jacobians: dL/da = -y_i [y[i] * a[i] < 1]   (| i)    times 1/N for the mean over N samples
    Source:    Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning" (2009), eq. 12.25
    """

    inputs = {"a": "... i", "y": "... i"}
    data = {"y": "targets are -1 or 1"}
    analytic = False

    def per_sample(self, a: Array, y: Array) -> Array:
        return total(np.maximum(0.0, 1 - y.astype(a.dtype) * a))

    def d_a(self, a: Array, y: Array) -> Rule:
        active = (f"[{entry_at('y', y.ndim)} * {entry_at('a', a.ndim)} < 1]", y * a < 1)
        return term("... i, ... i -> ... | ... i", ("y", y.astype(a.dtype)), active, coef=-1)

    def kink_distance(self, **inputs: Array) -> float:
        return float(np.min(np.abs(1 - inputs["y"] * inputs["a"])))

    def check(self, **inputs: Array) -> None:
        y = inputs["y"]
        if (bad := np.abs(y) != 1).any():
            at = first_true(bad)
            raise InputError(
                f"{self.label}.y: expected targets -1 or 1, got {y[at]} at {shape_text(at)} of "
                f"{shape_text(y.shape)}; for classes 0, 1 pass 2 y - 1"
            )

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
        return {**super().sample(rng, shapes), "y": rng.choice([-1, 1], shapes["y"])}


OPS: tuple[Op, ...] = (SquaredError(), AbsoluteError(), Huber(), Hinge())
