"""The derivative in index notation, with symbolic sizes: `KroneckerDelta(o, o')*x[i]`.

SymPy differentiates the op's formula; an entry by an entry of the same input is a product of Kronecker deltas, and a
sum over a delta collapses. That an index lies in its range is known, so no condition says so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sympy as sp

from jacobians.errors import FormError
from jacobians.op import Op, Shape
from jacobians.structure import axis_names
from jacobians.terms import free_label
from symbolic.derive import shapes_of
from symbolic.formulas import FORMULAS
from symbolic.scope import Expr, Scalar, Symbolic, with_deltas
from symbolic.shorten import name_entries, outermost, tidy

Ranges = Mapping[Expr, Expr]  # index symbol -> size


@dataclass(frozen=True)
class Frame:
    """The index symbols of a Jacobian's axes, the scope of the formula, and the shapes that fixed the ranks."""

    op: Op
    wrt: str
    scope: Symbolic
    out: tuple[Expr, ...]
    inp: tuple[Expr, ...]
    ranges: Ranges

    @property
    def entry(self) -> Expr:
        """The output entry by its own letter: `p[i]`."""
        return sp.IndexedBase(self.op.symbol, real=True)[self.out] if self.out else sp.Symbol(self.op.symbol, real=True)


def frame(op: Op, wrt: str, shapes: Mapping[str, Shape] | None = None) -> Frame:
    """Axes named as the numeric Jacobian prints them; `shapes` fixes the ranks, by default the plainest."""
    op.require_input(wrt)
    shapes = shapes_of(op, shapes)
    signature, sizes = op.sizes(shapes)
    J = op.jacobian(wrt, **op.sample(np.random.default_rng(0), shapes))
    axes = [sp.Symbol(name, integer=True, nonnegative=True) for name in axis_names(J.shown.terms, len(J.shape))]
    scope = Symbolic(op, signature, frozenset(a for a, n in sizes.items() if n == 1))
    labels = (*signature.output, *signature.inputs[wrt])
    ranges = {axis: scope.size(a) for axis, a in zip(axes, labels, strict=True)}
    n = len(J.out_shape)
    return Frame(op, wrt, scope, tuple(axes[:n]), tuple(axes[n:]), ranges)


def index_form(op: Op, wrt: str, shapes: Mapping[str, Shape] | None = None, name_output: bool = True) -> Expr:
    """An entry of the Jacobian with index symbols and symbolic sizes `n_i`; `shapes` says with which ranks.

    With `name_output` the output is written by its letter: softmax gives p[i]*(KroneckerDelta(i, j) - p[j]).

    Raises:
        FormError: the formula needs numbers for its sizes (determinant, inverse, maximum).
        InputError: `wrt` is no differentiable input.
    """
    return derived(frame(op, wrt, shapes), name_output)


def derived(f: Frame, name_output: bool = True) -> Expr:
    """The index form on given axes."""
    output = _output(f)
    base = getattr(f.scope, f.wrt)
    at = tuple(sp.Integer(0) if f.ranges[k] == 1 else k for k in f.inp)
    raw = _derivative(output, base.symbol if isinstance(base, Scalar) else base, at, f.ranges)
    summands: dict[Expr, Expr] = {}
    for deltas, coefficient in _by_deltas(raw):
        equal = {b: a for d in deltas for a, b in _ordered(d, f)}
        product = sp.Mul(*deltas)
        summands[product] = summands.get(product, 0) + canonical(coefficient.xreplace(equal), f.ranges)
    if any(c.atoms(sp.Dummy) for c in summands.values()):
        raise _no_form(f, "SymPy took the cases of its formula out of a sum that they depend on")
    whole = sp.factor_terms(sp.Add(*(deltas * tidy(coefficient) for deltas, coefficient in summands.items())))
    if name_output and f.op.symbol not in f.op.input_names():
        return name_entries(whole, canonical(output, f.ranges), f.entry, _reindexed(f))
    return whole


def _output(f: Frame) -> Expr:
    try:
        return with_deltas(sp.sympify(FORMULAS[f.op.name](f.scope, *f.out)))
    except FormError as error:
        raise _no_form(f, str(error)) from None
    except (TypeError, ValueError, IndexError, NotImplementedError) as error:
        raise _no_form(f, f"its formula is written out entry by entry ({error})") from None


def _no_form(f: Frame, reason: str) -> FormError:
    return FormError(
        f"{f.op.label}: no index form with symbolic sizes: {reason}; use symbolic.entries(op, {f.wrt!r}, sizes)"
    )


def _reindexed(f: Frame) -> Iterator[dict[Expr, Expr]]:
    """All ways to read the output entry with input axes of the same size for its indices."""
    choices = [[i, *(k for k in f.inp if f.ranges[k] == f.ranges[i])] for i in f.out]
    for chosen in itertools.product(*choices):
        yield dict(zip(f.out, chosen, strict=True))


def _ordered(delta: Expr, f: Frame) -> list[tuple[Expr, Expr]]:
    """A delta as (index to keep, input index to replace by it)."""
    a, b = delta.args
    if b not in f.inp:
        a, b = b, a
    return [(a, b)] if b in f.inp else []


# ----- differentiation -----


def _derivative(expr: Expr, base: Expr, at: tuple[Expr, ...], ranges: Ranges) -> Expr:
    """d expr / d base[at]: slopes by SymPy, times the derivatives of the sums and entries that `expr` is made of."""
    sums = [s for s in outermost(expr, sp.Sum | sp.Product) if s.has(base)]
    held = {s: sp.Dummy(real=True) for s in sums}
    expr = expr.xreplace(held)
    entries = {base} if base.is_Symbol else {e for e in expr.atoms(sp.Indexed) if e.base == base}
    held |= {e: sp.Dummy(real=True) for e in entries if expr.has(e)}
    expr = expr.xreplace(held)
    back = {d: atom for atom, d in held.items()}
    return sp.Add(*(sp.diff(expr, d).xreplace(back) * _inner(atom, base, at, ranges) for atom, d in held.items()))


def _inner(atom: Expr, base: Expr, at: tuple[Expr, ...], ranges: Ranges) -> Expr:
    if isinstance(atom, sp.Indexed):
        return sp.Mul(*(sp.KroneckerDelta(a, b) for a, b in zip(atom.indices, at, strict=True)))
    if atom == base:
        return sp.Integer(1)
    body, (k, low, high) = atom.function, atom.limits[-1]
    if len(atom.limits) > 1:
        body = atom.func(body, *atom.limits[:-1])
    inside = _derivative(body, base, at, {**ranges, k: high + 1})
    if isinstance(atom, sp.Product):  # one factor differentiated, the ones before and after it kept
        m = sp.Dummy(k.name, integer=True)
        rest = sp.Product(body.xreplace({k: m}), (m, low, k - 1)) * sp.Product(body.xreplace({k: m}), (m, k + 1, high))
        inside = inside * rest
    return _collapsed(inside, k, low, high, ranges)


def _collapsed(body: Expr, k: Expr, low: Expr, high: Expr, ranges: Ranges) -> Expr:
    """The sum over k: a delta with k picks one summand, the rest is pulled apart into what can be summed."""
    for delta in body.atoms(sp.KroneckerDelta):
        distance = sp.expand(delta.args[0] - delta.args[1])
        if (coefficient := distance.coeff(k)) in (1, -1) and not (rest := distance - coefficient * k).has(k):
            index = -coefficient * rest
            slope, left = _linear(body, delta)
            picked = _guarded(slope.xreplace({k: index}), index, low, high, ranges)
            return picked + _collapsed(left, k, low, high, ranges)
    total = []
    for summand in sp.Add.make_args(sp.expand_mul(body)):
        fixed, moving = summand.as_independent(k, as_Add=False)
        total.append(fixed * ((high - low + 1) if moving == 1 else sp.Sum(moving, (k, low, high))))
    return sp.Add(*total)


def _guarded(expr: Expr, index: Expr, low: Expr, high: Expr, ranges: Ranges) -> Expr:
    """`expr` where the index lies in low..high; the conditions that every index fulfils are left out."""
    given = index.is_Integer or index.is_Symbol or isinstance(index, sp.Indexed)  # an index, not a computed place
    above = (
        sp.true
        if given and ranges.get(index, high + 1) == high + 1 and not high.free_symbols & set(ranges)
        else sp.Le(index, high)
    )
    below = sp.true if given and low == 0 else sp.Ge(index, low)
    inside = sp.And(below, above)
    return expr if inside == True else expr * sp.Piecewise((1, inside), (0, True))  # noqa: E712  (SymPy's true)


def _linear(expr: Expr, atom: Expr) -> tuple[Expr, Expr]:
    """expr = slope * atom + rest."""
    d = sp.Dummy()
    expr = expr.xreplace({atom: d})
    return sp.diff(expr, d), expr.xreplace({d: sp.Integer(0)})


def _by_deltas(expr: Expr) -> Iterator[tuple[tuple[Expr, ...], Expr]]:
    """The summands of an expression that is linear in each delta: (deltas, coefficient)."""
    deltas = sorted(set(outermost(expr, sp.KroneckerDelta)), key=str)
    free = [d for d in deltas if not _inside_sum(expr, d)]
    if not free:
        if expr != 0:
            yield (), expr
        return
    slope, rest = _linear(expr, free[0])
    for more, coefficient in _by_deltas(slope):
        yield (free[0], *more), coefficient
    yield from _by_deltas(rest)


def _inside_sum(expr: Expr, delta: Expr) -> bool:
    return any(s.has(delta) for s in outermost(expr, sp.Sum | sp.Product))


# ----- form -----


def canonical(expr: Expr, ranges: Ranges, taken: frozenset[str] = frozenset()) -> Expr:
    """Summation indices with names of their own, the same for equal sums, so that equal sums are equal."""
    taken = taken or frozenset(a.name for a in ranges)
    if not expr.has(sp.Sum, sp.Product):
        return expr
    if isinstance(expr, sp.Sum | sp.Product):
        limits: list[tuple[Expr, ...]] = []
        names, body = taken, expr.function
        for k, low, high in reversed(expr.limits):
            name = free_label(k.name, names)
            new, names = sp.Symbol(name, integer=True, nonnegative=True), names | {name}
            body = body.xreplace({k: new})
            limits = [tuple(x.xreplace({k: new}) for x in limit) for limit in limits]
            limits.insert(0, (new, low, high))
        return expr.func(canonical(body, ranges, names), *limits)
    return expr.func(*(canonical(a, ranges, taken) for a in expr.args))
