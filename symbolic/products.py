"""What multiplies arrays of SymPy expressions: the arithmetic of terms whose factors hold symbols.

A sum is one `Add` of all its summands rather than many of two, each of which would sort them anew; products with 0 and
1, of which patterns are full, never reach SymPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from jacobians.jacobian import Jacobian
from jacobians.structure import ties
from jacobians.terms import Factor, Labels, Term
from symbolic.formulas.elementwise import number
from symbolic.scope import Expr

Entries = np.ndarray[Any, Any]  # of dtype object

ZERO, ONE = sp.S.Zero, sp.S.One


def filled(shape: Sequence[int], value: Expr) -> Entries:
    """An array with one expression everywhere."""
    array = np.empty(tuple(shape), object)
    array.fill(value)
    return array


def exact(value: float) -> Expr:
    """The number a float stands for: 1/3 for 0.333..., 1/sqrt(3) for 0.577..., else the float itself."""
    near = number(value * value)
    if near.q <= 10_000 and float(root := sp.sqrt(near)) == abs(value):
        return sp.sign(number(value)) * root
    return number(value)


def _times(a: Expr, b: Expr) -> Expr:
    if a is ZERO or b is ZERO:
        return ZERO
    if a is ONE:
        return b
    return a if b is ONE else sp.Mul(a, b)


def _plus(a: Expr, b: Expr) -> Expr:
    if a is ZERO:
        return b
    return a if b is ZERO else sp.Add(a, b)


_TIMES, _PLUS = np.frompyfunc(_times, 2, 1), np.frompyfunc(_plus, 2, 1)


def _array(value: Any, shape: Sequence[int]) -> Entries:
    """What a universal function gave, which is a bare expression for arrays without axes."""
    if isinstance(value, np.ndarray):
        return value.reshape(tuple(shape))
    return filled(shape, value)


def _aligned(f: Factor, labels: Sequence[str]) -> Entries:
    """The array with an axis for each of the labels, of size 1 where the factor does not have it."""
    order = sorted(range(len(f.labels)), key=lambda k: labels.index(f.labels[k]))
    size = dict(zip(f.labels, f.value.shape, strict=True))
    return f.value.transpose(order).reshape([size.get(a, 1) for a in labels])


def _summed(value: Entries, labels: Labels, keep: Labels) -> Entries:
    """The sums over the labels that are not kept."""
    gone = [a for a in labels if a not in keep]
    if not gone:
        return value
    sizes = dict(zip(labels, value.shape, strict=True))
    rows = value.transpose([labels.index(a) for a in (*keep, *gone)])
    rows = rows.reshape(math.prod(sizes[a] for a in keep), -1)
    sums = np.empty(len(rows), object)
    sums[:] = [sp.Add(*(entry for entry in row if entry is not ZERO)) for row in rows]
    return sums.reshape([sizes[a] for a in keep])


def multiply(a: Factor, b: Factor, keep: set[str]) -> Factor:
    """The product of two factors, summed over the labels that are not kept."""
    labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
    out = tuple(x for x in labels if x in keep)
    sizes = dict(zip((*a.labels, *b.labels), (*a.value.shape, *b.value.shape), strict=True))
    product = _array(_TIMES(_aligned(a, labels), _aligned(b, labels)), [sizes[x] for x in labels])
    return Factor(_summed(product, labels, out), out, "")


def _lone(f: Factor, keep: set[str]) -> Factor:
    """A factor by itself: a repeated label takes the diagonal, a label not kept is summed."""
    once = tuple(dict.fromkeys(f.labels))
    value = f.value
    if once != f.labels:
        ids = {a: k for k, a in enumerate(once)}
        value = np.einsum(value, [ids[a] for a in f.labels], [ids[a] for a in once])  # a view
    out = tuple(a for a in once if a in keep)
    return Factor(_summed(value, once, out), out, f.name)


def _cheapest(factors: Sequence[Factor], axes: set[str], sizes: Mapping[str, int]) -> tuple[int, int] | None:
    """The pair of factors that shares a hidden label and costs the fewest multiplications."""
    pairs = [
        (math.prod(sizes[a] for a in {*f.labels, *g.labels}), j, i)
        for i, f in enumerate(factors)
        for j, g in enumerate(factors[:i])
        if any(a not in axes for a in {*f.labels} & {*g.labels})
    ]
    return min(pairs)[1:] if pairs else None


def contract(term: Term) -> Term:
    """Hidden labels summed, factors inside another's labels and the number in front multiplied in; deltas stay."""
    axes = {*term.out, *term.inp}
    factors = list(term.factors)

    def needed(*without: int) -> set[str]:
        return axes.union(*(f.labels for k, f in enumerate(factors) if k not in without))

    factors[:] = [_lone(f, needed(k)) for k, f in enumerate(factors)]
    while pair := _cheapest(factors, axes, term.sizes):
        first, second = pair
        factors[first] = multiply(factors[first], factors[second], needed(first, second))
        del factors[second]
    if term.coef != 1:
        factors.append(Factor(filled((), number(term.coef)), (), ""))
    factors.sort(key=lambda f: f.value.size)  # a number goes into the smallest array
    kept: list[Factor] = []
    for k, f in enumerate(factors):
        host = next((j for j in range(k + 1, len(factors)) if {*f.labels} <= {*factors[j].labels}), None)
        if host is None:
            kept.append(f)
        else:
            factors[host] = multiply(factors[host], f, axes)
    sizes = {a: n for a, n in term.sizes.items() if a in axes}
    return Term(tuple(kept), term.out, term.inp, sizes)


def merge(J: Jacobian) -> Jacobian:
    """Contracted, and terms with equal deltas added into one."""
    groups: dict[tuple[int, ...], list[Term]] = {}
    for t in J.terms:
        contracted = contract(t)
        groups.setdefault(ties(contracted), []).append(contracted)
    terms = (_added(group) if len(group) > 1 else group[0] for group in groups.values())
    return Jacobian(terms, J.out_shape, J.in_shape)


def _added(terms: Sequence[Term]) -> Term:
    """Contracted terms with equal deltas as one, with one factor."""
    first = terms[0]
    axes = tuple(dict.fromkeys((*first.out, *first.inp)))
    same = [t.relabel(dict(zip((*t.out, *t.inp), (*first.out, *first.inp), strict=True))) for t in terms]
    held = tuple(a for a in axes if any(a in f.labels for t in same for f in t.factors))
    shape = [first.sizes[a] for a in held]
    total = _array(reduce(_PLUS, (_product(t.factors, held) for t in same)), shape)
    return replace(first, factors=(Factor(total, held, ""),))


def _product(factors: Iterable[Factor], labels: Sequence[str]) -> Entries:
    """The product of factors without hidden labels, on axes for `labels` that are as long as they need be."""
    product: Any = filled([1] * len(labels), ONE)
    for f in sorted(factors, key=lambda f: f.value.size):
        product = _TIMES(product, _aligned(f, labels))
    return product if isinstance(product, np.ndarray) else filled((), product)


def dense(J: Jacobian) -> Entries:
    """All entries, axes outputs first."""
    full = filled(J.shape, ZERO)
    for t in map(contract, J.terms):
        axes = (*t.out, *t.inp)
        once = list(dict.fromkeys(axes))
        ids = {a: k for k, a in enumerate(once)}
        diagonal = np.einsum(full, [ids[a] for a in axes], [ids[a] for a in once]) if axes else full  # a writable view
        product = _product(t.factors, once)
        diagonal[...] = product if len(J.terms) == 1 else _PLUS(diagonal, product)
    return full
