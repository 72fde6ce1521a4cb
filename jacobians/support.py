"""Which entries of a sum of terms can differ from zero, as deltas and 0/1 patterns tell: counted and listed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce

import numpy as np

from jacobians.arithmetic import DType
from jacobians.dense import dense_sum
from jacobians.listed import Listed, join, listed, positions, product, summed_steps
from jacobians.structure import select, ties
from jacobians.terms import Array, Factor, Term

NUMBERS = np.dtype(np.float64)
#: Entries that are listed at once where the supports of several terms overlap.
AT_ONCE = 2**24


def nonzeros(terms: Sequence[Term], shape: Sequence[int]) -> int:
    """The number of entries that the labels and the 0/1 patterns allow to differ from zero.

    One support is counted by its labels; several with deltas alone by inclusion and exclusion over the ties of the
    axes; several with patterns are listed, slab by slab where they are many.
    """
    wide = supports(terms)
    if len(wide) == 1:
        return entries(wide[0])
    if not any(t.factors for t in wide):
        return _by_ties([ties(t) for t in wide], shape)
    if not shape or sum(map(entries, wide)) <= AT_ONCE:
        return len(_places(wide, shape))
    slabs = ([t for term in wide if (t := select(term, [k, *map(slice, shape[1:])], 0))] for k in range(shape[0]))
    return sum(nonzeros(slab, shape[1:]) for slab in slabs)


def at_most(terms: Sequence[Term], shape: Sequence[int]) -> int:
    """A bound of `nonzeros` that lists nothing: overlaps of supports with patterns are counted more than once."""
    wide = supports(terms)
    if any(t.factors for t in wide):
        return min(math.prod(shape), sum(map(entries, wide)))
    return _by_ties([ties(t) for t in wide], shape)


def entries(term: Term) -> int:
    """The number of entries that one term allows to differ from zero: a product over its unconnected parts."""
    axes = {*term.out, *term.inp}
    many = 1
    for f in product(listed(_support(term), NUMBERS), axes, term.sizes):
        many *= f.rows * math.prod(term.sizes[a] for a in f.plain) if f.at else int(np.count_nonzero(f.values.value))
        axes.difference_update(f.labels)
    return many * math.prod(term.sizes[a] for a in axes)


def summed_over_pattern(terms: Sequence[Term], n_out: int, shape: Sequence[int], values: Array) -> Array:
    """For each output entry the sum of `values` over the input entries it can depend on; exact for integer objects."""
    wide = supports(terms)
    out_shape = tuple(shape[:n_out])
    if len(wide) == 1 and not wide[0].factors:
        one = Factor(np.asarray(values, object), wide[0].inp, "v")
        return dense_sum([Term((one,), wide[0].out, (), wide[0].sizes, 1)], out_shape, np.dtype(object))
    row, column = np.divmod(_places(wide, shape), math.prod(shape[n_out:]))
    sums = np.zeros(math.prod(out_shape), object)
    np.add.at(sums, row, np.asarray(values, object).ravel()[column])
    return sums.reshape(out_shape)


def supports(terms: Sequence[Term]) -> list[Term]:
    """The terms without their numbers; those that lie inside another one are left out where labels tell."""
    kept: list[Term] = []
    for term in map(_support, terms):
        if not any(term.same(other) for other in kept):
            kept.append(term)
    plain = {ties(t) for t in kept if not t.factors}

    def inside(t: Term) -> bool:
        mine = ties(t)
        return any(_meet(mine, other) == mine and (t.factors or other != mine) for other in plain)

    return [t for t in kept if not inside(t)]


def whole(term: Term, dtype: DType, densest: float = 1.0) -> Listed:
    """The term's product, without its coefficient, as one list with no hidden labels."""
    axes = {*term.out, *term.inp}
    parts = product(listed(term, dtype, densest), axes, term.sizes)
    one = Listed({}, Factor(np.ones((), dtype), (), ""))
    return reduce(partial(join, keep=axes), parts) if parts else one


def _support(term: Term) -> Term:
    """The term with its 0/1 patterns as its only factors."""
    patterns = tuple(f for f in term.factors if f.value.dtype == bool)
    kept = {*term.out, *term.inp, *(a for f in patterns for a in f.labels)}
    return replace(term, factors=patterns, sizes={a: n for a, n in term.sizes.items() if a in kept}, coef=1.0)


def _places(wide: Sequence[Term], shape: Sequence[int]) -> Array:
    """The entries of all supports, each once: their numbers in the array of that shape."""
    found = [np.zeros(0, np.int64)]
    for term in wide:
        f = whole(term, NUMBERS)
        if np.all(f.values.value):  # a pattern without a label may be 0
            found.append(positions(f, summed_steps((*term.out, *term.inp), shape), term.sizes).ravel())
    return np.unique(np.concatenate(found))


def _by_ties(patterns: Sequence[tuple[int, ...]], shape: Sequence[int]) -> int:
    """The entries in the union of ties of axes, by inclusion and exclusion."""
    total = 0
    for many in range(1, len(patterns) + 1):
        for chosen in itertools.combinations(patterns, many):
            tied = reduce(_meet, chosen)
            total += (-1) ** (many - 1) * math.prod(shape[k] for k in set(tied))
    return total


def _meet(p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:
    """The ties of both patterns together: the entries that lie in both."""
    root = list(p)
    for axis, first in enumerate(q):
        old, new = sorted((root[axis], root[first]), reverse=True)
        root = [new if r == old else r for r in root]
    return tuple(root.index(r) for r in root)
