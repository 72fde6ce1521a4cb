"""Index formulas of the elementwise ops that are linear, piecewise linear or undefined."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import sympy as sp

from jacobians.ops.elementwise import Undefined
from symbolic.scope import Scope

Formula = Callable[..., Any]


def entrywise(f: Callable[[Any], Any]) -> Formula:
    """y_i = f(x_i)."""
    return lambda s, *i: f(s.x[i])


def entrywise_with_options(f: Callable[[Any, Any], Any]) -> Formula:
    """y_i = f(x_i, op), where f reads the op's options."""
    return lambda s, *i: f(s.x[i], s.op)


def number(value: float) -> Any:
    """A fraction where the float is one with a small denominator (0.01 is 1/100), else the float itself, exactly."""
    near = Fraction(value).limit_denominator(10_000)
    exact = near if float(near) == value else Fraction(value)
    return sp.Rational(exact.numerator, exact.denominator)


def clip(x: Any, low: Any, high: Any) -> Any:
    """The nearest number between low and high."""
    return sp.Piecewise((low, x <= low), (high, x >= high), (x, True))


class Unknown(sp.Function):  # type: ignore[misc]  # SymPy is not typed
    """A function of which only the name is known; subclasses are made by `unknown`.

    Its derivative is g', a function of the same kind. Numbers put in are evaluated with the op's own random function,
    the derivative by mpmath's numerical differentiation.
    """

    nargs = 1
    op: Undefined
    order: int

    def fdiff(self, argindex: int = 1) -> Any:
        return unknown(self.op.function, self.order + 1)(self.args[0])

    def _eval_evalf(self, prec: int) -> Any:
        point = self.args[0].evalf(prec)
        if not point.is_Float:
            return None
        a, sines = self.op.coefficients()
        with mpmath.workprec(2 * prec):
            value = mpmath.diff(
                lambda t: a * t + mpmath.fsum(b * mpmath.sin(w * t + c) for b, w, c in sines),
                mpmath.mpf(point._mpf_),
                self.order,
            )
        return sp.Float._new(value._mpf_, prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        name = sp.latex(sp.Symbol(self.op.function)) + "'" * self.order
        power = f"^{{{exp}}}" if exp else ""
        return rf"{{{name}}}{power}\left({printer._print(self.args[0])}\right)"


@lru_cache(maxsize=256)
def unknown(name: str, order: int = 0) -> Any:
    """The function g with its name, or its derivative of some order: always the same class for the same name."""
    made_by: Any = type(Unknown)  # SymPy's own metaclass
    return made_by(name + "'" * order, (Unknown,), {"op": Undefined(name), "order": order})


def undefined(s: Scope, *i: Any) -> Any:
    """g(x_i)."""
    return unknown(s.op.function)(s.x[i])


FORMULAS: dict[str, Formula] = {
    "identity": entrywise(lambda x: x),
    "multiple": entrywise_with_options(lambda x, op: number(op.factor) * x),
    "shift": entrywise_with_options(lambda x, op: x + number(op.offset)),
    "abs": entrywise(sp.Abs),
    "clip": entrywise_with_options(lambda x, op: clip(x, number(op.low), number(op.high))),
    "undefined": undefined,
}
