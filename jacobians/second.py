"""The second derivative of one op: the derivative of its Jacobian, from the terms of its rules.

Each term of a Jacobian is a product of factors, so the product rule takes one factor out at a time, F; what is left
is the term's derivative by F, with the labels of F as input axes. The chain rule goes on with the derivative of F:
deltas where F is the input itself, the op's own Jacobian where F is its output, nothing where F is a 0/1 pattern or
declared constant, else the Jacobian of the op that `Op.parts` says F comes from.

So the second order is made of the first: one engine and no second rule per op, which somebody would have to derive,
to write and to keep in step with the first one for every pair of inputs. What an op adds is where its factors come
from, and for a function of one variable its second derivative, `Elementwise.curvature`. A factor that nothing explains
is an error and never counts as a constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jacobians.constructors import identity, zero
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.terms import Array, Factor, Term, free_label

if TYPE_CHECKING:
    from jacobians.op import Op

#: How far a factor may be from the value of the op that it is said to come from, relative to the largest entry.
ROUNDING = 1e-9


def second_derivative(op: Op, J: Jacobian, wrt: str, other: str, inputs: Mapping[str, Array]) -> Jacobian:
    """d J / d other for the Jacobian J by `wrt`, with the terms of its rule: output | input wrt, input other.

    Raises:
        InputError: a factor of J that nothing explains.
    """
    known = _Known(op, inputs)
    total = zero(J.shape, inputs[other].shape)
    for term in J.terms:
        for k, factor in enumerate(term.factors):
            if factor.value.dtype == bool or factor.name in op.constants:
                continue
            inner = known.derivative(factor, wrt, other)
            if inner.terms:
                rest = term.factors[:k] + term.factors[k + 1 :]
                by_factor = Term(rest, (*term.out, *term.inp), factor.labels, term.sizes, term.coef)
                total = total + Jacobian([by_factor], J.shape, factor.value.shape) @ inner
    return split(total, len(J.out_shape))


class _Known:
    """The values that the factors of an op are made of, at one point, and their derivatives by its inputs."""

    def __init__(self, op: Op, inputs: Mapping[str, Array]) -> None:
        self.op, self.inputs, self.parts = op, inputs, op.parts()
        self._values: dict[str, Array] = dict(inputs)

    def value(self, name: str) -> Array:
        """The value of an input, of the output by its symbol, or of a part."""
        if name not in self._values:
            if name == self.op.symbol:
                self._values[name] = self.op.forward(**self.inputs)
            else:
                made, _ = self.parts[name]
                self._values[name] = made.forward(**self._sources(name))
        return self._values[name]

    def _sources(self, part: str) -> dict[str, Array]:
        _, sources = self.parts[part]
        return {key: self.value(source) for key, source in sources.items()}

    def derivative(self, factor: Factor, wrt: str, other: str) -> Jacobian:
        """The Jacobian of a factor of the rule by the input `other`."""
        op, name = self.op, factor.name
        where = f"{op.label}: no second derivative by {wrt} and {other}: the factor {name} of d{op.symbol}/d{wrt}"
        if name not in (*self.inputs, op.symbol, *self.parts):
            raise InputError(
                f"{where} is neither an input nor the output; name the op that makes it in {op.label}.parts()"
            )
        value = self.value(name)
        if value.shape != factor.value.shape:
            raise InputError(f"{where} has the shape {factor.value.shape}, what it is said to be has {value.shape}")
        if not _equal(factor.value, value):
            off = float(np.max(np.abs(factor.value - value)))
            raise InputError(f"{where} differs by up to {off:.3g} from what it is said to be")
        return self.by(name, other)

    def by(self, name: str, other: str) -> Jacobian:
        """d name / d other."""
        if name in self.inputs:
            shape = self.inputs[name].shape
            return identity(shape) if name == other else zero(shape, self.inputs[other].shape)
        if name == self.op.symbol:
            return self.op.jacobian(other, **self.inputs)
        made, sources = self.parts[name]
        total = zero(self.value(name).shape, self.inputs[other].shape)
        for key in made.differentiable():
            inner = self.by(sources[key], other)
            if inner.terms:
                total = (
                    total + _renamed(made.jacobian(key, **self._sources(name)), {**sources, made.symbol: name}) @ inner
                )
        return total


def _renamed(J: Jacobian, names: Mapping[str, str]) -> Jacobian:
    from jacobians.notation import rename

    return J.renamed(lambda factor: rename(factor, names))


def _equal(a: Array, b: Array) -> bool:
    """Equal up to rounding; NaN is equal to NaN."""
    single = np.float32 in (a.dtype, b.dtype)
    scale = float(np.max(np.abs(b), where=np.isfinite(b), initial=0.0))
    return bool(np.allclose(a, b, rtol=0, atol=(1e-4 if single else ROUNDING) * scale, equal_nan=True))


# ----- Jacobians with two inputs -----


def split(J: Jacobian, outputs: int) -> Jacobian:
    """The same array with the bar elsewhere: the first `outputs` axes are outputs, the rest are inputs."""

    def moved(terms: Sequence[Term]) -> list[Term]:
        axes = [(*t.out, *t.inp) for t in terms]
        return [replace(t, out=a[:outputs], inp=a[outputs:]) for t, a in zip(terms, axes, strict=True)]

    out, inp = J.shape[:outputs], J.shape[outputs:]
    return Jacobian(moved(J.terms), out, inp, lambda: Jacobian(moved(J.shown.terms), out, inp))


def outer(J: Jacobian, K: Jacobian) -> Jacobian:
    """The outer product J[a | i] K[b | j] with the axes [a, b | i, j]: how two inputs of an op move at once."""

    def product(left: Sequence[Term], right: Sequence[Term]) -> list[Term]:
        return [_side_by_side(t, u) for t in left for u in right]

    out, inp = J.out_shape + K.out_shape, J.in_shape + K.in_shape
    return Jacobian(
        product(J.terms, K.terms), out, inp, lambda: Jacobian(product(J.shown.terms, K.shown.terms), out, inp)
    )


def _side_by_side(t: Term, u: Term) -> Term:
    names: dict[str, str] = {}
    for a in u.sizes:
        names[a] = free_label(a, {*t.sizes, *names.values()})
    u = u.relabel(names)
    return Term((*t.factors, *u.factors), (*t.out, *u.out), (*t.inp, *u.inp), {**t.sizes, **u.sizes}, t.coef * u.coef)
