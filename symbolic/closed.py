"""The Jacobian of one op in closed form: the terms of its rule, with SymPy expressions for factors.

A factor is an input, the output, a 0/1 pattern, or what `Op.parts` says: then it comes from the index formula of that
part. The slope of a function of one variable is found by SymPy once, with one symbol, and put in entry by entry. So no
entry of the Jacobian is differentiated; `symbolic.derive` does that, and shares neither rules nor parts with this file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import sympy as sp

from jacobians.errors import FormError
from jacobians.jacobian import Jacobian
from jacobians.op import Op, Shape
from jacobians.ops.elementwise import Elementwise, Slope
from jacobians.terms import Factor, Term
from symbolic.derive import output_entries
from symbolic.patterns import pattern
from symbolic.products import ONE, ZERO, Entries, exact, filled
from symbolic.scope import Expr
from symbolic.shorten import name_entries

_WORD = re.compile(r"[^\W\d]\w*")


class Values:
    """The inputs of an op as arrays of expressions; by name, what its rules are made of: the output and the parts."""

    def __init__(self, op: Op, inputs: Mapping[str, Entries], output: Callable[[], Entries] | None = None) -> None:
        """`output` gives the entries of the output by the names that they have; without it they are written out."""
        self.op, self.inputs, self.parts = op, inputs, op.parts()
        self._output = output or (lambda: written_out(op, inputs))
        self._found: dict[str, Entries] = dict(inputs)

    def __call__(self, name: str) -> Entries:
        """The entries of an input, of the output by its symbol, or of a part."""
        if name not in self._found:
            self._found[name] = self._output() if name == self.op.symbol else self._part(name)
        return self._found[name]

    def _part(self, name: str) -> Entries:
        if name not in self.parts:
            raise no_closed_form(self.op, f"{name} is neither an input nor the output nor one of its parts")
        made, sources = self.parts[name]
        inputs = {key: self(source) for key, source in sources.items()}
        return self._slopes(made.of, inputs["x"]) if isinstance(made, Slope) else written_out(made, inputs)

    def _slopes(self, of: Elementwise, x: Entries) -> Entries:
        """f'(x) for every entry of x, by the entries of f(x) where f is the op itself."""
        f = function(of)
        if of is self.op and f.slope_by_output.has(f.y):
            y = self(self.op.symbol)
            return _each(x.shape, lambda k: f.slope_by_output.xreplace({f.x: x[k], f.y: y[k]}))
        return _each(x.shape, lambda k: put(f.slope, f.x, x[k]))

    def factor(self, f: Factor) -> Entries:
        """The entries of a factor of the op's rule."""
        if f.value.dtype == bool:
            return self._pattern(f)
        if f.name in self.op.constants:
            return _each(f.value.shape, lambda k: exact(float(f.value[k])))
        return self(f.name)

    def _pattern(self, f: Factor) -> Entries:
        """The 0/1 pattern as it stands where it depends on no value, else as cases."""
        words = set(_WORD.findall(f.name))
        if not words & {*self.inputs, self.op.symbol, *self.parts, *self.op.inner_names(), "argmax", "argmin"}:
            return _each(f.value.shape, lambda k: ONE if f.value[k] else ZERO)
        if (cases := pattern(f.name, f.value.shape, self)) is None:
            raise no_closed_form(self.op, f"the pattern {f.name} depends on the order of values")
        return cases


def _each(shape: Shape, entry: Callable[[tuple[int, ...]], Expr]) -> Entries:
    """The array of entry(index)."""
    result = np.empty(shape, object)
    for k in np.ndindex(shape):
        result[k] = entry(k)
    return result


def written_out(op: Op, inputs: Mapping[str, Entries]) -> Entries:
    """The output of an op, or of a part of one, as expressions of the entries of its inputs."""
    if isinstance(op, Elementwise):
        f, x = function(op), inputs["x"]
        return _each(x.shape, lambda k: put(f.value, f.x, x[k]))
    return output_entries(op, inputs)


def no_closed_form(op: Op, reason: str) -> FormError:
    """The error where an op's terms do not tell its entries."""
    return FormError(f'{op.label}: no closed form of its entries: {reason}; use method="differentiate"')


# ----- terms -----


def local(op: Op, wrt: str, values: Values) -> Jacobian:
    """d output / d input with SymPy expressions for factors.

    Raises:
        FormError: a factor has no closed form, or the terms depend on more than labels and sizes.
    """
    J = structure(op, wrt, {name: array.shape for name, array in values.inputs.items()})
    return Jacobian([_in_symbols(t, values) for t in J.terms], J.out_shape, J.in_shape)


def _in_symbols(t: Term, values: Values) -> Term:
    factors = [Factor(values.factor(f), f.labels, f.name) for f in t.factors]
    if t.coef == int(t.coef):
        return replace(t, factors=tuple(factors))
    number = Factor(filled((), exact(t.coef)), (), "")
    return replace(t, factors=(number, *factors), coef=1.0)


def structure(op: Op, wrt: str, shapes: Mapping[str, Shape]) -> Jacobian:
    """The terms of the op's rule at a point: only labels, numbers in front and patterns are of use.

    A second point tells whether they depend on the point.
    """
    J, other = (_rule(op, wrt, shapes, seed) for seed in (0, 1))
    same = len(J.terms) == len(other.terms) and all(
        t.coef == u.coef and t.pattern == u.pattern and [f.name for f in t.factors] == [f.name for f in u.factors]
        for t, u in zip(J.terms, other.terms, strict=True)
    )
    if not same:
        raise no_closed_form(op, f"the terms of its Jacobian by {wrt} depend on the values")
    return J


def _rule(op: Op, wrt: str, shapes: Mapping[str, Shape], seed: int) -> Jacobian:
    arrays, signature, sizes = op._bind(op.sample(np.random.default_rng(seed), shapes))
    return Op._jacobian(op, wrt, arrays, signature, sizes)  # the rule, where the op holds another form


# ----- functions of one variable -----


@dataclass(frozen=True)
class _Same:
    """An elementwise function, equal to every other of the same class and options."""

    key: tuple[object, ...]
    op: Elementwise = field(compare=False)


@dataclass(frozen=True)
class _Function:
    """f(x) and f'(x), which lacks the number that the rule writes before it; the slope also by y = f(x), if shorter."""

    x: Expr
    y: Expr
    value: Expr
    slope: Expr
    slope_by_output: Expr


def function(op: Elementwise) -> _Function:
    """The function of an elementwise op and its slope, found by SymPy once."""
    return _function(_Same((type(op), *vars(op).items()), op))


@lru_cache(maxsize=256)
def _function(same: _Same) -> _Function:
    x, y = sp.Dummy("x", real=True), sp.Dummy("y", real=True)
    value = output_entries(same.op, {"x": filled((), x)})[()]
    slope = sp.diff(value, x) / exact(same.op.coef)
    return _Function(x, y, value, slope, name_entries(slope, value, y, [{}]))


def put(expr: Expr, x: Expr, value: Expr) -> Expr:
    """`expr` with `value` for the symbol x; functions of sums stay as they are.

    SymPy would ask whether the sum is 0, negative or periodic, which takes longer than everything else.
    """
    if expr == x:
        return value
    if not expr.has(x):
        return expr
    args = [put(a, x, value) for a in expr.args]
    plain = isinstance(expr, sp.Function) and not isinstance(expr, sp.Piecewise) and args[0].is_Add
    return expr.func(*args, evaluate=False) if plain else expr.func(*args)
