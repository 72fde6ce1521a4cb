"""Factors by their non-zeros: what keeps 0/1 patterns (of convolutions, pooling, reshapes) from being multiplied out.

A pattern is the list of the index tuples where it is 1. Two factors are multiplied by joining their lists on the labels
they share; labels that a list does not hold stay axes of its values, so numbers are lists with one row and no label.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jacobians.arithmetic import DType, alone, multiply
from jacobians.terms import Array, Factor, Labels, Term

#: The label of the axis that counts the rows of a list; no label of a term is called so.
ROW = "#"
INDEX = np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Listed:
    """Row r of the values (axes ROW, then labels) belongs to the indices at[a][r] of the listed labels a.

    Without listed labels the values have no axis ROW. No two rows have the same indices.
    """

    at: Mapping[str, Array]
    values: Factor

    @property
    def rows(self) -> int:
        return self.values.value.shape[0] if self.at else 1

    @property
    def plain(self) -> Labels:
        """The labels that are axes of the values."""
        return self.values.labels[1:] if self.at else self.values.labels

    @property
    def labels(self) -> Labels:
        return (*self.at, *self.plain)

    @property
    def table(self) -> Array:
        """The values with an axis for the rows, be it of one row."""
        return self.values.value if self.at else self.values.value[None]


def listed(term: Term, dtype: DType, densest: float = 1.0) -> list[Listed]:
    """The factors of a term by their non-zeros, hidden labels summed; patterns fuller than `densest` are numbers."""
    axes = {*term.out, *term.inp}
    factors = [_listed(f, dtype, densest) for f in term.factors]
    factors = [_kept(f, _needed(factors, axes, k), term.sizes) for k, f in enumerate(factors)]
    while pair := _cheapest(factors, axes, term.sizes):
        keep = _needed(factors, axes, *pair)
        first, second = (factors[k] for k in pair)
        factors = [f for k, f in enumerate(factors) if k not in pair]
        factors.append(_kept(join(first, second, keep), keep, term.sizes))
    return factors


def product(factors: Sequence[Listed], axes: set[str], sizes: Mapping[str, int]) -> list[Listed]:
    """Factors that share labels as one, so that no two of the result share any."""
    factors = list(factors)
    while pair := _cheapest(factors, set(), sizes):
        first, second = (factors[k] for k in pair)
        factors = [f for k, f in enumerate(factors) if k not in pair]
        factors.append(join(first, second, axes))
    return factors


def join(a: Listed, b: Listed, keep: set[str]) -> Listed:
    """The product of two factors, summed over the labels that both have as axes and that are not kept."""
    mine, theirs = _matches(a, b)
    at = {x: k if mine is None else k[mine] for x, k in a.at.items()}
    at |= {x: k if theirs is None else k[theirs] for x, k in b.at.items() if x not in at}
    values = multiply(_spread(a, mine, at), _spread(b, theirs, at), {*keep, ROW})
    if at and values.labels[0] != ROW:
        first = values.labels.index(ROW)
        labels = (ROW, *values.labels[:first], *values.labels[first + 1 :])
        values = Factor(np.moveaxis(values.value, first, 0), labels, values.name)
    return Listed(at, values)


def _listed(f: Factor, dtype: DType, densest: float) -> Listed:
    """A pattern by its non-zeros; numbers as they are."""
    if f.value.dtype != bool:
        return Listed({}, f)
    if not f.labels or np.count_nonzero(f.value) > densest * f.value.size:
        return Listed({}, Factor(f.value.astype(dtype), f.labels, f.name))
    hits = f.value.nonzero()
    once = {a: hits[f.labels.index(a)] for a in f.labels}
    if len(once) < len(f.labels):  # a repeated label: where its indices agree
        agree = np.logical_and.reduce([k == once[a] for a, k in zip(f.labels, hits, strict=True)])
        once = {a: k[agree] for a, k in once.items()}
    rows = len(next(iter(once.values())))
    return Listed(once, Factor(np.ones(rows, dtype), (ROW,), f.name))


def _needed(factors: Sequence[Listed], axes: set[str], *without: int) -> set[str]:
    return axes.union(*(f.labels for k, f in enumerate(factors) if k not in without))


def _cheapest(factors: Sequence[Listed], axes: set[str], sizes: Mapping[str, int]) -> tuple[int, int] | None:
    """The pair that shares a label outside `axes` and gives the fewest values, as far as the lists' lengths tell."""
    pairs = []
    for (i, f), (j, g) in itertools.combinations(enumerate(factors), 2):
        shared = {*f.labels} & {*g.labels}
        if shared - axes:
            met = math.prod(sizes[a] for a in {*f.at} & {*g.at})
            plain = math.prod(sizes[a] for a in {*f.plain, *g.plain} - {*f.at, *g.at})
            pairs.append((f.rows * g.rows * plain / max(met, 1), i, j))
    return min(pairs)[1:] if pairs else None


def _matches(a: Listed, b: Listed) -> tuple[Array | None, Array | None]:
    """The rows of both lists whose indices agree on the shared labels, pair by pair; None: all rows as they are."""
    if not a.at or not b.at:
        return None, None
    both = [x for x in a.at if x in b.at]
    if not both:
        return np.repeat(np.arange(a.rows), b.rows), np.tile(np.arange(b.rows), a.rows)
    ends = [1 + max(int(f.at[x].max(initial=0)) for f in (a, b)) for x in both]
    mine, theirs = (np.ravel_multi_index([f.at[x] for x in both], ends) for f in (a, b))
    order = np.argsort(theirs, kind="stable")
    first = np.searchsorted(theirs[order], mine, "left")
    many = np.searchsorted(theirs[order], mine, "right") - first
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return np.repeat(np.arange(a.rows), many), order[np.repeat(first, many) + within]


def _spread(f: Listed, rows: Array | None, at: Mapping[str, Array]) -> Factor:
    """The values at the rows of a join, and at its indices of their own axes."""
    here = [k for k, x in enumerate(f.values.labels) if x in at or (x == ROW and rows is not None)]
    if not here:
        return f.values
    rest = [k for k in range(len(f.values.labels)) if k not in here]
    picks = tuple(rows if x == ROW else at[x] for x in (f.values.labels[k] for k in here))
    value = f.values.value.transpose(*here, *rest)[picks]
    return Factor(value, (ROW, *(f.values.labels[k] for k in rest)), f.values.name)


def _kept(f: Listed, keep: set[str], sizes: Mapping[str, int]) -> Listed:
    """The factor summed over the labels that are not kept; as plain numbers where its list has become full."""
    values = alone(f.values, {*keep, ROW})
    at = {x: k for x, k in f.at.items() if x in keep}
    if not f.at:
        return Listed(at, values)
    if not at:
        return Listed(at, Factor(values.value.sum(axis=0), values.labels[1:], values.name))
    shape = [sizes[x] for x in at]
    if len(at) < len(f.at) and f.rows:
        key = np.ravel_multi_index(list(at.values()), shape)
        order = np.argsort(key, kind="stable")
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        if len(first) < len(order):
            at = {x: k[order[first]] for x, k in at.items()}
            values = replace(values, value=np.add.reduceat(values.value[order], first, axis=0))
    rows = values.value.shape[0]
    if rows < math.prod(shape):
        return Listed(at, values)
    full = np.empty((*shape, *values.value.shape[1:]), values.value.dtype)
    full[tuple(at.values())] = values.value
    return Listed({}, Factor(full, (*at, *values.labels[1:]), values.name))


def positions(f: Listed, steps: Mapping[str, int], sizes: Mapping[str, int], index: DType = INDEX) -> Array:
    """The sum over all labels of index times step: where the values stand, in some numbering; axes (ROW, *labels).

    A row of its own where there is no list; labels that the factor lacks follow as further axes.
    """
    at = np.zeros(f.rows, index)
    for a, k in f.at.items():
        at += np.asarray(steps[a] * k, index)
    for a in (*f.plain, *(a for a in steps if a not in f.labels)):
        at = at[..., None] + steps[a] * np.arange(sizes[a], dtype=index)
    return at


def summed_steps(labels: Iterable[str], shape: Sequence[int], order: int = 1) -> dict[str, int]:
    """For each label how far one more of it moves in an array of that shape, axes with equal labels together.

    order=1 numbers the array row by row (last axis first), order=-1 column by column.
    """
    steps: dict[str, int] = {}
    width = 1
    for a, n in list(zip(labels, shape, strict=True))[::-order]:
        steps[a] = steps.get(a, 0) + width
        width *= n
    return steps
