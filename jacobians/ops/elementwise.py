"""Elementwise ops, y_i = f(x_i): one delta per axis times f'(x). The base class, piecewise linear maps, undefined g."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from jacobians.errors import InputError, shape_text
from jacobians.op import Op, Rule, Shape, term
from jacobians.terms import Array, as_array


class Elementwise(Op):
    """y = f(x) for every entry of an array of any rank: a subclass gives f as `compute` and f' as `derivative`.

    The factor of the Jacobian prints as `f'(x)`; where it has a better name, that is `slope_name`, and a number
    that stands before it is `coef`: d(x^2)/dx is 2 times `x`. The second derivative of f is `curvature`, or what
    `parts` says of the slope where another op computes that.
    """

    inputs = {"x": "..."}
    output = "..."
    letters = "ijklm"
    #: What the factor of the Jacobian is called; `tanh'(x)` made from the op's name where not given.
    slope_name: ClassVar[str] = ""
    #: The number before the factor.
    coef: ClassVar[float] = 1.0
    #: Whether f' only jumps, so that the second derivative is 0 wherever there is one.
    piecewise_linear: ClassVar[bool] = False

    def derivative(self, x: Array) -> Array:
        """f'(x), entry by entry, divided by `coef`."""
        raise NotImplementedError

    def curvature(self, x: Array) -> Array:
        """f''(x), entry by entry, divided by `coef`."""
        raise InputError(f"{self.label}: no second derivative: nothing gives it; define {self.label}.curvature(x)")

    @property
    def called(self) -> str:
        """The name of the function in formulas."""
        return self.name

    def slope_text(self) -> str:
        """What the factor of the Jacobian is called."""
        return self.slope_name or f"{self.called}'(x)"

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {self.slope_text(): (Slope(self), {"x": "x"})}

    def kinks(self) -> Sequence[float]:
        """Where f has no derivative although it is continuous."""
        return ()

    def kink_distance(self, **inputs: Array) -> float:
        return min((float(np.min(np.abs(inputs["x"] - k))) for k in self.kinks()), default=float("inf"))

    def d_x(self, x: Array) -> Rule | Sequence[Rule]:
        return term("... -> ... | ...", (self.slope_text(), self.derivative(x)), coef=self.coef)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{"x": (sizes[0],)}, {"x": (sizes[0], sizes[1])}, {"x": ()}]


class Slope(Elementwise):
    """y = f'(x) for an elementwise f: what the factor of f's Jacobian is an op of, so that it has a derivative too."""

    def __init__(self, of: Elementwise) -> None:
        self.of = of

    def compute(self, x: Array) -> Array:
        return self.of.derivative(x)

    def d_x(self, x: Array) -> Rule | Sequence[Rule]:
        if self.of.piecewise_linear:
            return ()
        return term("... -> ... | ...", (f"{self.of.called}''(x)", self.of.curvature(x)))


def require(where: str, x: Array, allowed: Array, expected: str, advice: str) -> None:
    """Raise for the first finite entry that is not allowed; NaN and infinities pass."""
    bad = np.argwhere(~allowed & np.isfinite(x))
    if len(bad):
        index = tuple(int(k) for k in bad[0])
        at = f" at index {shape_text(index)}" if index else ""
        raise InputError(
            f"{where}: expected entries {expected} in the array of shape {shape_text(x.shape)}, "
            f"got {x[index]:.6g}{at}; {advice}"
        )


def real_option(where: str, name: str, value: Any) -> float:
    """An option as a float; refuses what is no finite real number."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        raise InputError(f"{where}: option {name} must be a finite real number, got {value!r}; as in {name}=0.5")
    return float(value)


# ----- linear maps: a coefficient and deltas, no array -----


class Affine(Elementwise):
    """y = c x + a constant: the Jacobian is the number `multiplier` times deltas, whatever x is."""

    @property
    def multiplier(self) -> float:
        """The c of y = c x + a constant."""
        return 1.0

    def d_x(self) -> Rule:  # type: ignore[override]  # needs no value
        return term("-> ... | ...", coef=self.multiplier)


class Identity(Affine):
    """y = x.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i
    Jacobians: dy/dx = δ_ii'   (i | i')
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        return x


class Multiple(Affine):
    """y = c x with a fixed number c (`factor`); where c is itself an input, use `scale`.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = c x_i
    Jacobians: dy/dx = 2 δ_ii'   (i | i')   for c = 2
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, factor: float = 2.0) -> None:
        self.factor = real_option("Multiple", "factor", factor)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(-0.5))

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        return self.factor * x

    @property
    def multiplier(self) -> float:
        return self.factor


class Shift(Affine):
    """y = x + c with a fixed number c (`offset`).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = x_i + c
    Jacobians: dy/dx = δ_ii'   (i | i')
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, offset: float = 1.0) -> None:
        self.offset = real_option("Shift", "offset", offset)

    def compute(self, x: Array) -> Array:
        return x + self.offset


# ----- piecewise linear maps -----


class Abs(Elementwise):
    """y = |x|.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = |x_i|; the derivative is the sign of x_i, and 0 at the kink x_i = 0
    Jacobians: dy/dx = δ_ii' sign(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    slope_name = "sign(x)"
    analytic = False
    piecewise_linear = True

    def kinks(self) -> Sequence[float]:
        return (0.0,)

    def compute(self, x: Array) -> Array:
        return np.abs(x)

    def derivative(self, x: Array) -> Array:
        return np.sign(x)


class Clip(Elementwise):
    """y = x between `low` and `high`, the nearer bound elsewhere.

    Shapes:    x (...) -> y (...)
    Formula:   y_i = min(max(x_i, low), high); clip'(x) = 1 for low < x < high, else 0, also at the kinks low and high
    Jacobians: dy/dx = δ_ii' clip'(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    analytic = False
    piecewise_linear = True

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low, self.high = real_option("Clip", "low", low), real_option("Clip", "high", high)
        if not self.low < self.high:
            raise InputError(
                f"Clip: expected low < high, got low = {self.low:g}, high = {self.high:g}; "
                "exchange them or move them apart"
            )

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(-0.5, 1.5))

    def kinks(self) -> Sequence[float]:
        return (self.low, self.high)

    def compute(self, x: Array) -> Array:
        return np.clip(x, self.low, self.high)

    def derivative(self, x: Array) -> Array:
        return np.heaviside(x - self.low, 0.0) * np.heaviside(self.high - x, 0.0)


# ----- a function that nobody defined -----


class Undefined(Elementwise):
    """y = g(x) for a smooth function g of which only the name is known: what holds for g holds for every activation.

    Its numbers come from a fixed function made from the name: g(x) = a x + the sum of three b sin(w x + c).

    Shapes:    x (...) -> y (...)
    Formula:   y_i = g(x_i)
    Jacobians: dy/dx = δ_ii' g'(x)_i   (i | i')
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, name: str = "g") -> None:
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise InputError(
                f"Undefined: option name must be letters, digits or _ and begin with a letter, "
                f"got {name!r}; as in name='g'"
            )
        self.function = name

    @property
    def called(self) -> str:
        return self.function

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls("h"))

    def coefficients(self) -> tuple[float, list[tuple[float, float, float]]]:
        """The a and the (b, w, c) of each sine: three-digit numbers from the name's hash."""
        import hashlib  # loads OpenSSL, for this op alone

        digest = hashlib.sha256(self.function.encode()).digest()
        a, *rest = (int.from_bytes(digest[2 * k : 2 * k + 2]) % 1000 / 1000 for k in range(10))
        sines = [(0.1 + 0.4 * b, 0.5 + w, 6 * c) for b, w, c in zip(rest[::3], rest[1::3], rest[2::3], strict=True)]
        return 0.2 + 0.6 * a, sines

    @np.errstate(invalid="ignore")
    def compute(self, x: Array) -> Array:
        a, sines = self.coefficients()
        return as_array(a * x + sum(b * np.sin(w * x + c) for b, w, c in sines))

    @np.errstate(invalid="ignore")
    def derivative(self, x: Array) -> Array:
        a, sines = self.coefficients()
        return as_array(a + sum(b * w * np.cos(w * x + c) for b, w, c in sines))

    @np.errstate(invalid="ignore")
    def curvature(self, x: Array) -> Array:
        _, sines = self.coefficients()
        return as_array(-sum(b * w * w * np.sin(w * x + c) for b, w, c in sines))

    def __repr__(self) -> str:
        return f"Undefined(name={self.function!r})"


OPS: tuple[Op, ...] = (Identity(), Multiple(), Shift(), Abs(), Clip(), Undefined())
