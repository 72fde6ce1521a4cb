"""Rectifiers, kinked at 0 or smoothed: accurate to rounding for every finite input, in value and derivative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians import special
from jacobians.errors import unknown
from jacobians.op import Op
from jacobians.ops.elementwise import Elementwise, real_option
from jacobians.terms import Array, as_array


class ReLU(Elementwise):
    """y = max(x, 0).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = max(x_i, 0); relu'(x) = 1 for x > 0, else 0, also at the kink x = 0
    Jacobians: dy/dx = δ_ii' relu'(x)_i   (i | i')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 6.37 with slope 0
    """

    name = "relu"
    analytic = False
    piecewise_linear = True

    def kinks(self) -> Sequence[float]:
        return (0.0,)

    def compute(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def derivative(self, x: Array) -> Array:
        return np.sign(np.maximum(x, 0.0))  # faster than np.heaviside, and relu(x) itself is often there already


class LeakyReLU(Elementwise):
    """y = x for x > 0, `slope` times x else.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = max(x_i, 0) + slope min(x_i, 0); leaky_relu'(x) = 1 for x > 0, else slope, also at the kink x = 0
    Jacobians: dy/dx = δ_ii' leaky_relu'(x)_i   (i | i')
    Source:    Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models" (2013)
    """

    name = "leaky_relu"
    analytic = False
    piecewise_linear = True

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = real_option("LeakyReLU", "slope", slope)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(-0.3))

    def kinks(self) -> Sequence[float]:
        return (0.0,) if self.slope != 1 else ()

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.where(x <= 0, self.slope * x, x)

    def derivative(self, x: Array) -> Array:
        return np.where(x <= 0, self.slope, np.where(x > 0, 1.0, x))  # NaN stays NaN


class ELU(Elementwise):
    """y = x for x > 0, alpha (exp(x) - 1) else.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i for x_i > 0, else alpha (exp(x_i) - 1); elu'(x) = 1 for x > 0, else alpha exp(x)
    Jacobians: dy/dx = δ_ii' elu'(x)_i   (i | i')
    Source:    Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by ELUs" (2016), eq. 15
    """

    analytic = False

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = real_option("ELU", "alpha", alpha)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(1.7))

    def kinks(self) -> Sequence[float]:
        return (0.0,) if self.alpha != 1 else ()

    def compute(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))

    def derivative(self, x: Array) -> Array:
        return np.where(x > 0, 1.0, self.alpha * np.exp(np.minimum(x, 0.0)))

    def curvature(self, x: Array) -> Array:
        """That of the exponential at x = 0, where the slope has a kink."""
        return np.where(x > 0, 0.0, self.alpha * np.exp(np.minimum(x, 0.0)))


class SELU(ELU):
    """y = 1.0507 times elu(x) with alpha = 1.67326: activations keep mean 0 and variance 1.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = c x_i for x_i > 0, else c alpha (exp(x_i) - 1), with c = 1.0507 and alpha = 1.67326;
               selu'(x) = c for x > 0, else c alpha exp(x), also at the kink x = 0
    Jacobians: dy/dx = δ_ii' selu'(x)_i   (i | i')
    Source:    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks" (2017), eq. 2 and 14
    """

    scale = 1.0507009873554805

    def __init__(self) -> None:
        super().__init__(1.6732632423543772)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(),)

    def compute(self, x: Array) -> Array:
        return self.scale * super().compute(x)

    def derivative(self, x: Array) -> Array:
        return self.scale * super().derivative(x)

    def curvature(self, x: Array) -> Array:
        return self.scale * super().curvature(x)

    def __repr__(self) -> str:
        return "SELU()"


class SiLU(Elementwise):
    """y = x sigmoid(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i / (1 + exp(-x_i)); silu'(x) = sigmoid(x) (1 + x (1 - sigmoid(x)))
    Jacobians: dy/dx = δ_ii' silu'(x)_i   (i | i')
    Source:    Elfwing, Uchibe, Doya, "Sigmoid-Weighted Linear Units" (2018), eq. 3 and 6
    """

    name = "silu"

    def compute(self, x: Array) -> Array:
        return special.damped(x, special.sigmoid(x))

    def derivative(self, x: Array) -> Array:
        return special.sigmoid(x) + special.damped(x, special.sigmoid_slope(x))

    def curvature(self, x: Array) -> Array:
        return as_array(special.sigmoid_slope(x) * (2 - special.bounded(x, 1e4) * np.tanh(x / 2)))


class Mish(Elementwise):
    """y = x tanh(log(1 + exp(x))).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i tanh(log(1 + exp(x_i))); mish'(x) = t + x (1 - t^2) sigmoid(x), where y = x t
    Jacobians: dy/dx = δ_ii' mish'(x)_i   (i | i')
    Source:    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function" (2020), eq. 1
    """

    def compute(self, x: Array) -> Array:
        gate, _ = self._gate(x)
        return special.damped(x, gate)

    def derivative(self, x: Array) -> Array:
        gate, slope = self._gate(x)
        return gate + special.damped(x, slope)

    def curvature(self, x: Array) -> Array:
        gate, slope = self._gate(x)
        bend = special.sigmoid(-x) - 2 * gate * special.sigmoid(x)  # the slope's own derivative, divided by it
        return as_array(slope * (2 + special.bounded(x, 1e4) * bend))

    def _gate(self, x: Array) -> tuple[Array, Array]:
        """t = tanh(log(1 + exp(x))) = (e^2x + 2 e^x) / (e^2x + 2 e^x + 2) and its derivative, in exp(-|x|)."""
        e = np.exp(-special.magnitude(x))
        left, right = x.real < 0, 1 + 2 * e
        under = np.where(left, e * (e + 2) + 2, right + 2 * e * e)
        gate = np.where(left, e * (e + 2), right) / under
        return gate, 4 * np.where(left, e, e * e) * (1 + e) / (under * under)


class GELU(Elementwise):
    """y = x Phi(x) with the normal distribution function Phi, or its approximation by tanh.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i (1 + erf(x_i / sqrt(2))) / 2;
               gelu'(x) = (1 + erf(x / sqrt(2))) / 2 + x exp(-x^2 / 2) / sqrt(2 pi);
               for approximation = "tanh": y_i = x_i (1 + tanh(sqrt(2/pi) (x_i + 0.044715 x_i^3))) / 2
    Jacobians: dy/dx = δ_ii' gelu'(x)_i   (i | i')
    Source:    Hendrycks, Gimpel, "Gaussian Error Linear Units (GELUs)" (2016), section 2
    """

    def __init__(self, approximation: str = "none") -> None:
        if approximation not in ("none", "tanh"):
            raise unknown("GELU", "approximation", approximation, ("none", "tanh"))
        self.approximation = approximation

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls("tanh"))

    def compute(self, x: Array) -> Array:
        gate = special.normal_cdf(x) if self.approximation == "none" else special.sigmoid(*_gelu_cubic(x))
        return special.damped(x, gate)

    def derivative(self, x: Array) -> Array:
        if self.approximation == "none":
            return special.normal_cdf(x) + special.damped(x, special.normal_density(x))
        cubic, low = _gelu_cubic(x)
        near = special.bounded(x, 30.0)
        growth = _GELU_1 + 3 * _GELU_3 * near * near
        return special.sigmoid(cubic, low) + near * growth * special.sigmoid_slope(cubic, low)

    def curvature(self, x: Array) -> Array:
        near = special.bounded(x, 40.0)  # the density has died out beyond
        if self.approximation == "none":
            return as_array(special.normal_density(x) * (2 - near * near))
        cubic, low = _gelu_cubic(x)
        growth = _GELU_1 + 3 * _GELU_3 * near * near
        bend = 6 * _GELU_3 * near - growth * growth * np.tanh(cubic / 2)
        return special.sigmoid_slope(cubic, low) * (2 * growth + near * bend)


#: 2 sqrt(2/pi) and 0.044715 times that, each with what float64 rounds off.
_GELU_1, _GELU_1_LOW = 1.5957691216057308, -9.96930880911092e-17
_GELU_3, _GELU_3_LOW = 0.07135481627260025, -6.175149918155315e-19


def _gelu_cubic(x: Array) -> tuple[Array, Array]:
    """v = 2 sqrt(2/pi) (x + 0.044715 x^3), so that (1 + tanh(v/2)) / 2 = sigmoid(v), and what is rounded off in v."""
    x = special.bounded(x, 30.0)  # sigmoid(v) is 0 or 1 beyond
    cubic = x * (_GELU_1 + _GELU_3 * x * x)
    real = x.real.astype(np.float64)
    square, low_square = special.exact_product(real, real)
    third, low_third = special.exact_product(square, _GELU_3)
    first, low_first = special.exact_product(real, _GELU_1)
    third, low_cube = special.exact_product(third, real)
    low_third = real * (low_third + _GELU_3 * low_square + _GELU_3_LOW * square) + low_cube
    total, low_total = special.exact_sum(first, third)
    low = (total - cubic.real) + (low_total + low_first + real * _GELU_1_LOW + low_third)
    return cubic, low.astype(cubic.real.dtype)


OPS: tuple[Op, ...] = (ReLU(), LeakyReLU(), ELU(), SELU(), SiLU(), Mish(), GELU())
