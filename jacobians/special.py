"""Sigmoid, softplus, the error function and the normal distribution, accurate to rounding far into their tails.

All of them take real and complex arrays and are analytic on each side of every `where`, so the complex step can check
them; comparisons look at the real part. An exponential turns an absolute error of its argument into a relative error
of its value, so an argument that is itself rounded comes with the part that was rounded off (`low`).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jacobians.terms import Array

#: Step and number of nodes of the trapezoidal rule for erfc; its error is about exp(-(pi / step)^2) = 7e-18.
_STEP, _NODES = 0.5, 13


def magnitude(x: Array) -> Array:
    """|x| for real x; -x or x, by the sign of the real part, for complex x."""
    return np.where(x.real < 0, -x, x)


def positive_part(x: Array) -> Array:
    """max(x, 0), NaN where x is; by the real part, and x itself at 0, where `magnitude` is x too."""
    return np.where(x.real < 0, 0.0, x)


def bounded(x: Array, limit: float) -> Array:
    """The nearest number of [-limit, limit], for functions that do not change beyond it; by the real part."""
    return np.where(x.real > limit, limit, np.where(x.real < -limit, -limit, x))


def damped(x: Array, weight: Array) -> Array:
    """The product of x and weight; 0 where the weight has died out, even if x is infinite."""
    return np.where(weight == 0, 0.0, x) * weight


def sigmoid(x: Array, low: Array | float = 0.0) -> Array:
    """1 / (1 + exp(-(x + low))) for a tiny low, without overflow."""
    e = np.exp(-magnitude(x))
    value: Array = np.where(x.real < 0, e, 1.0) / (1 + e)
    return value + low * sigmoid_slope(x) if np.any(low) else value


def sigmoid_slope(x: Array, low: Array | float = 0.0) -> Array:
    """The derivative of sigmoid at x + low, sigmoid(x) sigmoid(-x), accurate in both tails."""
    e = np.exp(-magnitude(x))
    value: Array = e / ((1 + e) * (1 + e))
    return value + low * value * (1 - 2 * sigmoid(x)) if np.any(low) else value


def softplus(x: Array, low: Array | float = 0.0) -> Array:
    """log(1 + exp(x + low)) for a tiny low, without overflow."""
    value = positive_part(x) + np.log1p(np.exp(-magnitude(x)))
    return value + low * sigmoid(x) if np.any(low) else value


def erf(x: Array) -> Array:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    outer = 1 - _scaled_erfc(magnitude(x)) * exp_minus_square(x)
    return np.where(abs(x.real) < 0.5, _erf_near_zero(x), np.where(x.real < 0, -outer, outer))


def normal_cdf(x: Array) -> Array:
    """The normal distribution function (1 + erf(x / sqrt 2)) / 2, accurate in its lower tail."""
    t = x / math.sqrt(2)
    tail = 0.5 * _scaled_erfc(magnitude(t)) * exp_minus_square(x, 0.5)
    return np.where(abs(t.real) < 0.5, 0.5 + 0.5 * _erf_near_zero(t), np.where(x.real < 0, tail, 1 - tail))


def normal_density(x: Array) -> Array:
    """exp(-x^2 / 2) / sqrt(2 pi)."""
    return exp_minus_square(x, 0.5) / math.sqrt(2 * math.pi)


def exp_minus_square(x: Array, scale: float = 1.0) -> Array:
    """exp(-scale x^2) for scale 1 or 1/2; the square is split so that its rounding does not show."""
    x = bounded(x, 40.0)  # exp(-40^2 / 2) is 0 in float64
    exact = np.round(x.real * 64) / 64  # few bits: its square has no rounding error
    return np.exp(-scale * exact * exact) * np.exp(-scale * (x - exact) * (x + exact))


def _erf_near_zero(x: Array) -> Array:
    """The Taylor series for |x| < 1/2."""
    x = bounded(x, 0.5)
    square, total = x * x, np.zeros_like(x)
    for n in reversed(range(14)):
        total = total * square + (-1) ** n / (math.factorial(n) * (2 * n + 1))
    return 2 / math.sqrt(math.pi) * x * total


def _scaled_erfc(x: Array) -> Array:
    """exp(x^2) erfc(x) for x >= 1/2 by the trapezoidal rule, and the residue of its pole.

    Source: Chiarella, Reichel, "On the Evaluation of Integrals Related to the Error Function", Math. Comp. 22 (1968).
    """
    x = np.where(x.real < 0.5, 0.5, x)
    total = 1 / x
    for n in range(1, _NODES + 1):
        square = (n * _STEP) ** 2
        total = total + 2 * math.exp(-square) / (x + square / x)
    near = bounded(x, 6.0)  # the pole lies inside the contour for x < pi / step, where the residue has died out
    residue = 2 * np.exp(near * near) / np.expm1(2 * math.pi / _STEP * near)
    return _STEP / math.pi * total - np.where(x.real < 6, residue, 0.0)


# ----- what float64 rounds off -----


def multiple(x: Array, factor: float) -> tuple[Array, Array]:
    """x times factor, and the part of it that was rounded off."""
    rounded, near = x * factor, abs(x.real) < 1e9
    product, low = exact_product(bounded(x.real, 1e9).astype(np.float64), factor)
    low = np.where(near, (product - rounded.real) + low, 0.0)
    return rounded, low.astype(rounded.real.dtype)


def exact_product(a: Array, b: Array | float) -> tuple[Array, Array]:
    """The float64 product a b and what was rounded off, for magnitudes far from overflow.

    Source: Dekker, "A Floating-Point Technique for Extending the Available Precision", Numer. Math. 18 (1971).
    """
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def exact_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """The float64 sum a + b and what was rounded off.

    Source: Knuth, "The Art of Computer Programming", volume 2, section 4.2.2, theorem B.
    """
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _halves(a: Any) -> tuple[Any, Any]:
    """a = high + low, each of at most 26 bits."""
    shifted = a * (2.0**27 + 1)
    high = shifted - (shifted - a)
    return high, a - high
