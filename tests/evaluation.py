"""Numbers for SymPy expressions: put in from the leaves up, each shared part once, sums and cases as they are written.

SymPy's own `subs` and `doit` rewrite the whole expression first, which takes a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Mapping

import mpmath
import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from symbolic.scope import symbols

DIGITS = 30

FUNCTIONS = {
    sp.exp: mpmath.exp,
    sp.log: mpmath.log,
    sp.tanh: mpmath.tanh,
    sp.sin: mpmath.sin,
    sp.cos: mpmath.cos,
    sp.tan: mpmath.tan,
    sp.atan: mpmath.atan,
    sp.asinh: mpmath.asinh,
    sp.erf: mpmath.erf,
    sp.Abs: abs,
    sp.sign: mpmath.sign,
    sp.floor: mpmath.floor,
    sp.ceiling: mpmath.ceil,
    sp.Max: max,
    sp.Min: min,
}
RELATIONS = {
    sp.Eq: lambda a, b: a == b,
    sp.Ne: lambda a, b: a != b,
    sp.Lt: lambda a, b: a < b,
    sp.Le: lambda a, b: a <= b,
    sp.Gt: lambda a, b: a > b,
    sp.Ge: lambda a, b: a >= b,
}


def exact(number):
    """A number of NumPy as one of mpmath; whole numbers stay whole."""
    return int(number) if np.asarray(number).dtype.kind in "iub" else mpmath.mpf(float(number))


def to_mpmath(number):
    """A number of SymPy as one of mpmath."""
    return mpmath.mpf(sp.Float(sp.N(number, DIGITS), DIGITS)._mpf_)


class Evaluation:
    """Expressions at a point: numbers for symbols, arrays for `x[i, j]`."""

    def __init__(self, letters: Mapping, arrays: Mapping | None = None) -> None:
        self.letters, self.arrays = dict(letters), dict(arrays or {})
        self._known: dict = {}

    def define(self, symbol, expr) -> None:
        """From now on the symbol has the value of the expression."""
        self.letters[symbol] = self.value(expr)

    def array(self, entries: np.ndarray) -> np.ndarray:
        """The numbers of an array of expressions."""
        with mpmath.workdps(DIGITS):
            flat = [float(self.value(e)) for e in entries.ravel()]
        return np.array(flat).reshape(entries.shape)

    def at(self, letters: Mapping) -> Evaluation:
        """The same with other numbers for some symbols."""
        return Evaluation({**self.letters, **letters}, self.arrays)

    def value(self, e):
        """The number of an expression, the truth of a condition."""
        if (found := self._known.get(e)) is None:
            found = self._known[e] = self._value(e)
        return found

    def _value(self, e):
        if e.is_Symbol:
            return self.letters[e]
        if e.is_Integer:
            return int(e)
        if e.is_Rational:
            return mpmath.mpf(e.p) / e.q
        if e.is_number and not e.args:
            return to_mpmath(e)
        if isinstance(e, sp.Indexed):
            return self.arrays[str(e.base)][tuple(int(self.value(i)) for i in e.indices)]
        if isinstance(e, sp.Sum | sp.Product):
            return self._total(e)
        if e.is_Mul:
            return self._product(e)
        if isinstance(e, sp.Piecewise):
            return next(self.value(case) for case, holds in e.args if self.value(holds))
        return self._applied(e)

    def _total(self, e):
        """The sum or product over the last index of what is left."""
        *limits, (k, low, high) = e.limits
        body = e.func(e.function, *limits) if limits else e.function
        values = (self.at({k: n}).value(body) for n in range(int(self.value(low)), int(self.value(high)) + 1))
        return mpmath.fsum(values) if isinstance(e, sp.Sum) else mpmath.fprod(values)

    def _product(self, e):
        """Cases and deltas first: where they are 0, the other factors may have indices out of range."""
        product = 1
        for a in sorted(e.args, key=lambda a: not isinstance(a, sp.Piecewise | sp.KroneckerDelta)):
            if isinstance(product, int) and product == 0:
                return 0
            product = product * self.value(a)
        return product

    def _applied(self, e):
        if e in (sp.true, sp.false):
            return bool(e)
        args = [self.value(a) for a in e.args]
        if isinstance(e, Relational):
            return RELATIONS[e.func](*args)
        if isinstance(e, sp.And | sp.Or):
            return (all if isinstance(e, sp.And) else any)(args)
        if isinstance(e, sp.Not):
            return not args[0]
        if isinstance(e, sp.KroneckerDelta):
            return int(args[0] == args[1])
        if e.is_Add:
            return sum(args)
        if e.is_Pow:
            return self._power(*args)
        if e.func in FUNCTIONS:
            return FUNCTIONS[e.func](*args)
        return to_mpmath(e.func(*(sp.Integer(a) if isinstance(a, int) else sp.Float(a, DIGITS) for a in args)))

    def _power(self, base, exponent):
        whole = isinstance(base, int) and isinstance(exponent, int) and exponent >= 0
        return base**exponent if whole else mpmath.power(base, exponent)


def letters(point: Mapping[str, np.ndarray]) -> dict:
    """The numbers of the symbols `W_0_1` for the entries of arrays."""
    return {
        symbol: exact(np.asarray(array)[k])
        for name, array in point.items()
        for k, symbol in np.ndenumerate(symbols(name, np.shape(array)))
    }


def object_array(array) -> np.ndarray:
    """SymPy's array as one of NumPy."""
    flat = np.empty(len(array.args[0]), object)
    flat[:] = list(array.args[0])
    return flat.reshape(tuple(map(int, array.shape)))
