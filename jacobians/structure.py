"""What labels alone tell: which entries can differ from zero; single entries and slices without the whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jacobians.dense import dense_sum, write_dense
from jacobians.errors import EntryError, shape_text
from jacobians.terms import Array, Factor, Labels, Term


def ties(term: Term) -> tuple[int, ...]:
    """For each axis the number of the first axis with its label: (0, 0, 2) for `i -> o | o i`."""
    axes = (*term.out, *term.inp)
    return tuple(axes.index(a) for a in axes)


def nonzeros(terms: Sequence[Term], shape: Sequence[int]) -> int:
    """The number of entries that the labels and the 0/1 patterns allow to differ from zero.

    Deltas are counted by inclusion and exclusion over the ties of the axes; where a 0/1 pattern takes part, its own
    zeros are left out too, as long as an array of `shape` in single bytes stays small.
    """
    if any(f.value.dtype == bool for t in terms for f in t.factors) and math.prod(shape) <= 2**24:
        return int(np.count_nonzero(_mask(terms, shape)))
    patterns = list(dict.fromkeys(ties(t) for t in terms))
    patterns = [p for p in patterns if not any(q != p and _meet(p, q) == p for q in patterns)]
    total = 0
    for many in range(1, len(patterns) + 1):
        for chosen in itertools.combinations(patterns, many):
            tied = chosen[0]
            for p in chosen[1:]:
                tied = _meet(tied, p)
            total += (-1) ** (many - 1) * math.prod(shape[k] for k in set(tied))
    return total


def summed_over_pattern(terms: Sequence[Term], n_out: int, shape: Sequence[int], values: Array) -> Array:
    """For each output entry the sum of `values` over the input entries it can depend on; exact for integer objects."""
    patterns = {ties(t): t for t in terms}
    widest = [t for p, t in patterns.items() if not any(q != p and _meet(p, q) == p for q in patterns)]
    if len(widest) > 1 or any(f.value.dtype == bool for t in terms for f in t.factors):
        mask = _mask(terms, shape).astype(object)
        return np.asarray(np.tensordot(mask, values, values.ndim), object)
    kept = [Term((Factor(np.asarray(values, object), t.inp, "v"),), t.out, (), t.sizes, 1) for t in widest]
    return dense_sum(kept, shape[:n_out], np.dtype(object))


def _meet(p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:
    """The ties of both patterns together: the entries that lie in both."""
    root = list(p)
    for axis, first in enumerate(q):
        old, new = sorted((root[axis], root[first]), reverse=True)
        root = [new if r == old else r for r in root]
    return tuple(root.index(r) for r in root)


def _mask(terms: Sequence[Term], shape: Sequence[int]) -> Array:
    """True where some term may differ from zero: patterns as they are, other factors taken as ones."""
    mask = np.zeros(tuple(shape), bool)
    for term in terms:
        ones = tuple(
            f if f.value.dtype == bool else Factor(np.broadcast_to(np.float64(1), f.value.shape), f.labels, f.name)
            for f in term.factors
        )
        count = np.zeros(tuple(shape))
        write_dense(Term(ones, term.out, term.inp, term.sizes), count)
        mask |= count != 0
    return mask


def full_index(index: Any, shape: Sequence[int]) -> list[int | slice]:
    """One non-negative integer or slice per axis, from what stood between the brackets of `J[...]`."""
    given = list(index) if isinstance(index, tuple) else [index]
    at = next((n for n, k in enumerate(given) if k is Ellipsis), None)  # `in` would compare arrays
    if at is not None:
        given[at : at + 1] = [slice(None)] * (len(shape) - len(given) + 1)
    if len(given) > len(shape):
        raise EntryError(f"J[...]: {len(given)} indices for the shape {shape_text(shape)}")
    given += [slice(None)] * (len(shape) - len(given))
    for axis, (k, size) in enumerate(zip(given, shape, strict=True)):
        if isinstance(k, slice):
            continue
        if not isinstance(k, int | np.integer) or isinstance(k, bool):
            raise EntryError(f"J[...], axis {axis}: expected an integer or a slice, got {k!r}")
        if not -size <= k < size:
            raise EntryError(f"J[...], axis {axis}: index {k} is out of range for size {size}")
        given[axis] = int(k) % size
    return given


def select(term: Term, index: Sequence[int | slice], n_out: int) -> Term | None:
    """The term at integer indices and slices of its axes; None where its deltas make it zero there."""
    axes = (*term.out, *term.inp)
    at: dict[str, int | slice] = {}
    for a, k in zip(axes, index, strict=True):
        if isinstance(k, int) and at.setdefault(a, k) != k:
            return None
        if isinstance(k, slice) and axes.count(a) == 1:
            at[a] = k  # no delta on this axis: the factors themselves are sliced
    extra: list[Factor] = []
    sizes = dict(term.sizes)
    stay: list[list[str]] = [[], []]
    for axis, (a, k) in enumerate(zip(axes, index, strict=True)):
        if isinstance(k, int):
            continue
        picked = np.arange(term.sizes[a])[k]
        label, here = a, at.get(a)
        if isinstance(here, slice):
            sizes[a] = picked.size
        elif here is not None or k != slice(None):
            # tied axes: a row of the identity for a label that is fixed elsewhere, some rows of it for a slice
            label = _new_label(a, sizes)
            sizes[label] = picked.size
            hits = picked == here if here is not None else picked[:, None] == np.arange(term.sizes[a])
            name = f"[{{0}} = {here}]" if here is not None and k == slice(None) else "[slice]"
            extra.append(Factor(hits, (label,) if here is not None else (label, a), name))
        stay[axis >= n_out].append(label)
    out, inp = (tuple(s) for s in stay)
    factors = (*extra, *(_picked(f, at) for f in term.factors))
    kept = {*out, *inp, *(a for f in factors for a in f.labels)}
    # ones summed over a label that is left in no factor cannot arise: such a label is fixed or on an axis
    return Term(factors, out, inp, {a: n for a, n in sizes.items() if a in kept}, term.coef)


def _picked(f: Factor, at: Mapping[str, int | slice]) -> Factor:
    """The factor at an index or a slice of some of its labels."""
    value = f.value[tuple(at.get(a, slice(None)) for a in f.labels)]
    return Factor(value, tuple(a for a in f.labels if not isinstance(at.get(a), int)), f.name)


def _new_label(near: str, taken: dict[str, int]) -> str:
    return next(name for name in (f"{near}{k}" for k in itertools.count(1)) if name not in taken)


def axis_names(terms: Sequence[Term], rank: int) -> Labels:
    """A different name for every axis: a label of some term at that axis, primed (o') where all of them are taken."""
    names: list[str] = []
    columns = list(zip(*((*t.out, *t.inp) for t in terms), strict=True)) or [("i",)] * rank
    for axis, labels in enumerate(columns):
        later = {a for column in columns[axis + 1 :] for a in column}
        free = [a for a in labels if a not in names]
        # a label that a later axis can only be named by is left to it where there is a choice
        best = next((a for a in free if a not in later), free[0] if free else None)
        names.append(best or _primed(labels[0], names))
    return tuple(names)


def _primed(label: str, taken: list[str]) -> str:
    return next(name for name in (label + "'" * k for k in itertools.count(1)) if name not in taken)
