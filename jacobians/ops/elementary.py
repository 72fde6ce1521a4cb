"""Elementary functions, entry by entry: powers, exponentials, trigonometric functions, erf."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacobians import special
from jacobians.op import Op, Rule, Shape, term
from jacobians.ops.elementwise import Elementwise, real_option, require
from jacobians.terms import Array, as_array


class Exp(Elementwise):
    """y = exp(x); inf where that exceeds the largest number.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = exp(x_i)
    Jacobians: dy/dx = δ_ii' exp(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "exp(x)"

    @np.errstate(over="ignore")
    def compute(self, x: Array) -> Array:
        return np.exp(x)

    def derivative(self, x: Array) -> Array:
        return self.compute(x)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"exp(x)": (self, {"x": "x"})}


class Log(Elementwise):
    """y = log(x), the natural logarithm, for x > 0.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = log(x_i)
    Jacobians: dy/dx = δ_ii' (1/x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "1/x"
    domain = (0.2, 3.0)

    def check(self, **inputs: Array) -> None:
        x = inputs["x"]
        require("Log.x", x, x > 0, "> 0", "add a small positive number or mask the entry")

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.log(x)

    def derivative(self, x: Array) -> Array:
        return 1 / x

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/x": (Reciprocal(), {"x": "x"})}


class Sqrt(Elementwise):
    """y = sqrt(x) for x >= 0; no derivative at 0.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = sqrt(x_i)
    Jacobians: dy/dx = 1/2 δ_ii' (1/sqrt(x))_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "1/sqrt(x)"
    coef = 0.5
    domain = (0.2, 3.0)

    def check(self, **inputs: Array) -> None:
        x = inputs["x"]
        require("Sqrt.x", x, x >= 0, ">= 0", "take the square root of a square or mask the entry")

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.sqrt(x)

    def derivative(self, x: Array) -> Array:
        require("Sqrt.x", x, x > 0, "> 0, where the derivative is finite,", "add a small positive number")
        return 1 / self.compute(x)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/sqrt(x)": (Power(-0.5), {"x": "x"})}


class Square(Elementwise):
    """y = x^2.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i^2
    Jacobians: dy/dx = 2 δ_ii' x_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "x"
    coef = 2.0

    @np.errstate(over="ignore")
    def compute(self, x: Array) -> Array:
        return x * x

    def derivative(self, x: Array) -> Array:
        return x


class Power(Elementwise):
    """y = x^p with a fixed real p; negative x only for a whole p, 0 only where value and derivative are finite.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i^p
    Jacobians: dy/dx = 3 δ_ii' (x^2)_i   (i | i')   for p = 3
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, exponent: float = 3.0) -> None:
        self.exponent = real_option("Power", "exponent", exponent)
        self._whole = self.exponent.is_integer()

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return tuple(cls(p) for p in (3, -2, 0.5, 2.5, 1, 0))

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        x = np.asarray(rng.uniform(0.3, 2.0, shapes["x"]))
        return {"x": x * rng.choice([-1.0, 1.0], x.shape) if self._whole else x}

    def interval(self, name: str) -> tuple[float, float]:
        """A power that is not whole needs positive numbers."""
        return super().interval(name) if self._whole else (0.3, 2.0)

    def check(self, **inputs: Array) -> None:
        x, where, shown = inputs["x"], "Power.x", f"for the exponent {self.exponent:g}"
        if not self._whole:
            require(where, x, x >= 0, f">= 0 {shown}", "negative entries need a whole exponent")
        if self.exponent < 0:
            require(where, x, x != 0, f"other than 0 {shown}", "mask the entry")

    @np.errstate(over="ignore", invalid="ignore")
    def compute(self, x: Array) -> Array:
        return x**self.exponent

    def d_x(self, x: Array) -> Rule | Sequence[Rule]:
        p = self.exponent
        if p == 0:
            return ()
        if p < 1:
            require("Power.x", x, x != 0, f"other than 0 for the derivative of x^{p:g}", "mask the entry")
        less, low = special.exact_sum(p, -1.0)
        slope = Power(less).compute(x) * np.where(x > 0, x, 1.0) ** low  # p - 1 is rounded: 1e-300^low shows it
        return term("... -> ... | ...", (_power(less), slope), coef=p)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        less = self.exponent - 1
        return {_power(less): (Power(less), {"x": "x"})}


class Reciprocal(Elementwise):
    """y = 1/x for x other than 0.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = 1 / x_i
    Jacobians: dy/dx = -δ_ii' (1/x^2)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "1/x^2"
    coef = -1.0
    domain = (0.3, 2.0)

    def check(self, **inputs: Array) -> None:
        x = inputs["x"]
        require("Reciprocal.x", x, x != 0, "other than 0", "mask the entry")

    @np.errstate(over="ignore")
    def compute(self, x: Array) -> Array:
        return 1 / x

    @np.errstate(over="ignore")
    def derivative(self, x: Array) -> Array:
        return (1 / x) * (1 / x)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"1/x^2": (Power(-2), {"x": "x"})}


class Sin(Elementwise):
    """y = sin(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = sin(x_i)
    Jacobians: dy/dx = δ_ii' cos(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "cos(x)"

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.sin(x)

    @np.errstate(invalid="ignore")
    def derivative(self, x: Array) -> Array:
        return np.cos(x)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"cos(x)": (Cos(), {"x": "x"})}


class Cos(Elementwise):
    """y = cos(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = cos(x_i)
    Jacobians: dy/dx = -δ_ii' sin(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "sin(x)"
    coef = -1.0

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.cos(x)

    @np.errstate(invalid="ignore")
    def derivative(self, x: Array) -> Array:
        return np.sin(x)

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"sin(x)": (Sin(), {"x": "x"})}


class Tan(Elementwise):
    """y = tan(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = tan(x_i)
    Jacobians: dy/dx = δ_ii' (1/cos(x)^2)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "1/cos(x)^2"
    domain = (-1.3, 1.3)

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return np.tan(x)

    @np.errstate(invalid="ignore")
    def derivative(self, x: Array) -> Array:
        return 1 / np.cos(x) ** 2

    @np.errstate(invalid="ignore")
    def curvature(self, x: Array) -> Array:
        return as_array(2 * np.tan(x) / np.cos(x) ** 2)


class Arctan(Elementwise):
    """y = arctan(x).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = arctan(x_i)
    Jacobians: dy/dx = δ_ii' (1/(1 + x^2))_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "1/(1 + x^2)"

    def compute(self, x: Array) -> Array:
        return np.arctan(x)

    def derivative(self, x: Array) -> Array:
        return (1 / np.hypot(1.0, x)) ** 2  # hypot: x^2 alone may overflow

    def curvature(self, x: Array) -> Array:
        root = np.hypot(1.0, x)
        return -2 * (x / root) * (1 / root) ** 3


class Arcsinh(Elementwise):
    """y = arcsinh(x), log(x + sqrt(1 + x^2)).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = arcsinh(x_i)
    Jacobians: dy/dx = δ_ii' (1/sqrt(1 + x^2))_i   (i | i')
    Source:    Abramowitz, Stegun, "Handbook of Mathematical Functions" (1964), eqs. 4.6.20 and 4.6.37
    """

    slope_name = "1/sqrt(1 + x^2)"

    def compute(self, x: Array) -> Array:
        return np.arcsinh(x)

    def derivative(self, x: Array) -> Array:
        return 1 / np.hypot(1.0, x)

    def curvature(self, x: Array) -> Array:
        root = np.hypot(1.0, x)
        return -(x / root) * (1 / root) ** 2


class Erf(Elementwise):
    """y = erf(x), the error function.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = erf(x_i), the integral of erf'(t) from 0 to x_i; erf'(x) = 2/sqrt(pi) exp(-x^2)
    Jacobians: dy/dx = δ_ii' erf'(x)_i   (i | i')
    Source:    Abramowitz, Stegun, "Handbook of Mathematical Functions" (1964), eq. 7.1.1
    """

    def compute(self, x: Array) -> Array:
        return special.erf(x)

    def derivative(self, x: Array) -> Array:
        return 2 / math.sqrt(math.pi) * special.exp_minus_square(x)

    def curvature(self, x: Array) -> Array:
        return -2 * special.bounded(x, 40.0) * self.derivative(x)


def _power(p: float) -> str:
    """`x^2`, `x^(-3)`, `x`: what a power is called in formulas."""
    return "x" if p == 1 else f"x^({p:g})" if p < 0 else f"x^{p:g}"


OPS: tuple[Op, ...] = (
    Exp(), Log(), Sqrt(), Square(), Power(), Reciprocal(), Sin(), Cos(), Tan(), Arctan(), Arcsinh(), Erf(),
)  # fmt: skip
