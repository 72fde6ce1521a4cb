"""Sigmoids and their piecewise relatives: accurate to rounding for every finite input, in value and derivative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians import special
from jacobians.errors import InputError
from jacobians.op import Op
from jacobians.ops.elementwise import Clip, Elementwise, real_option
from jacobians.terms import Array


class Tanh(Elementwise):
    """y = tanh(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = tanh(x_i); tanh'(x) = 1 - tanh(x)^2
    Jacobians: dy/dx = δ_ii' tanh'(x)_i   (i | i')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.3.2
    """

    def compute(self, x: Array) -> Array:
        return np.tanh(x)

    def derivative(self, x: Array) -> Array:
        with np.errstate(over="ignore"):  # 1 / cosh is 0 there, as it should be
            return np.square(np.reciprocal(np.cosh(x)))  # 1 - tanh(x)^2 cancels for large x

    def curvature(self, x: Array) -> Array:
        return -2 * np.tanh(x) * self.derivative(x)


class Sigmoid(Elementwise):
    """y = 1 / (1 + exp(-x)).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = 1 / (1 + exp(-x_i)); sigmoid'(x) = sigmoid(x) (1 - sigmoid(x))
    Jacobians: dy/dx = δ_ii' sigmoid'(x)_i   (i | i')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 3.30 and 3.32
    """

    def compute(self, x: Array) -> Array:
        return special.sigmoid(x)

    def derivative(self, x: Array) -> Array:
        return special.sigmoid_slope(x)

    def curvature(self, x: Array) -> Array:
        return -np.tanh(x / 2) * special.sigmoid_slope(x)  # 1 - 2 sigmoid(x) without its cancellation


class LogSigmoid(Elementwise):
    """y = log(1 / (1 + exp(-x))).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = -log(1 + exp(-x_i)); log_sigmoid'(x) = 1 - sigmoid(x)
    Jacobians: dy/dx = δ_ii' log_sigmoid'(x)_i   (i | i')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 3.34
    """

    def compute(self, x: Array) -> Array:
        return -special.softplus(-x)

    def derivative(self, x: Array) -> Array:
        return special.sigmoid(-x)

    def curvature(self, x: Array) -> Array:
        return -special.sigmoid_slope(x)


class Softsign(Elementwise):
    """y = x / (1 + |x|).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i / (1 + |x_i|); softsign'(x) = 1 / (1 + |x|)^2, also at 0, where |x| alone has a kink
    Jacobians: dy/dx = δ_ii' softsign'(x)_i   (i | i')
    Source:    Bergstra, Desjardins, Lamblin, Bengio, "Quadratic Polynomials Learn Better Image Features" (2009)
    """

    def compute(self, x: Array) -> Array:
        size = special.magnitude(x)
        small, large = np.where(size.real < 1, size, 1.0), np.where(size.real < 1, 1.0, size)  # infinite x gives 1
        ratio = small / (1 / large + small)
        return np.where(x.real < 0, -ratio, ratio)

    def derivative(self, x: Array) -> Array:
        return (1 / (1 + np.abs(x))) ** 2

    def curvature(self, x: Array) -> Array:
        """0 at x = 0, where the slope has a kink."""
        return -2 * np.sign(x) * (1 / (1 + np.abs(x))) ** 3


class Softplus(Elementwise):
    """y = log(1 + exp(beta x)) / beta.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = log(1 + exp(beta x_i)) / beta; softplus'(x) = sigmoid(beta x)
    Jacobians: dy/dx = δ_ii' softplus'(x)_i   (i | i')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 3.31
    """

    def __init__(self, beta: float = 1.0) -> None:
        self.beta = real_option("Softplus", "beta", beta)
        if self.beta <= 0:
            raise InputError(f"Softplus: option beta must be positive, got {beta!r}; use the default beta=1.0")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(2.3))

    def compute(self, x: Array) -> Array:
        return special.softplus(*special.multiple(x, self.beta)) / self.beta

    def derivative(self, x: Array) -> Array:
        return special.sigmoid(*special.multiple(x, self.beta))

    def curvature(self, x: Array) -> Array:
        return self.beta * special.sigmoid_slope(*special.multiple(x, self.beta))


class HardTanh(Clip):
    """y = x between -1 and 1, the nearer bound elsewhere.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = min(max(x_i, -1), 1); hard_tanh'(x) = 1 for -1 < x < 1, else 0, also at the kinks -1 and 1
    Jacobians: dy/dx = δ_ii' hard_tanh'(x)_i   (i | i')
    Source:    Collobert, "Large Scale Machine Learning" (2004)
    """

    def __init__(self) -> None:
        super().__init__(-1.0, 1.0)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(),)

    def __repr__(self) -> str:
        return "HardTanh()"


OPS: tuple[Op, ...] = (Tanh(), Sigmoid(), LogSigmoid(), Softplus(), Softsign(), HardTanh())
