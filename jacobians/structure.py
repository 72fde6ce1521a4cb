"""What labels alone tell: ties of axes, their names, single entries and slices without the whole."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jacobians.errors import EntryError, shape_text
from jacobians.terms import Array, Factor, Labels, Term


def ties(term: Term) -> tuple[int, ...]:
    """For each axis the number of the first axis with its label: (0, 0, 2) for `i -> o | o i`."""
    axes = (*term.out, *term.inp)
    return tuple(axes.index(a) for a in axes)


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


def entry(terms: Sequence[Term], index: Sequence[int | slice], dtype: np.dtype[Any]) -> Any:
    """The number at integer indices, straight from the factors; None where an index is a slice, or a label summed."""
    if any(isinstance(k, slice) for k in index) or any(term.hidden for term in terms):
        return None
    total: Any = 0.0
    for term in terms:
        at = dict(zip((*term.out, *term.inp), index, strict=True))
        if all(at[a] == k for a, k in zip((*term.out, *term.inp), index, strict=True)):  # else a delta is 0
            total += math.prod((f.value[tuple([at[a] for a in f.labels])] for f in term.factors), start=term.coef)
    return dtype.type(total)


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
        picked = range(term.sizes[a])[k]
        label, here = a, at.get(a)
        if isinstance(here, slice):
            sizes[a] = len(picked)
        elif here is not None or k != slice(None):
            # tied axes: a row of the identity for a label that is fixed elsewhere, some rows of it for a slice
            label = _new_label(a, sizes)
            sizes[label] = len(picked)
            hits = _identity_rows(picked, term.sizes[a], here)
            name = f"[{{0}} = {here}]" if here is not None and k == slice(None) else "[slice]"
            extra.append(Factor(hits, (label,) if here is not None else (label, a), name))
        stay[axis >= n_out].append(label)
    out, inp = (tuple(s) for s in stay)
    factors = (*extra, *(_picked(f, at) for f in term.factors))
    kept = {*out, *inp, *(a for f in factors for a in f.labels)}
    # ones summed over a label that is left in no factor cannot arise: such a label is fixed or on an axis
    return Term(factors, out, inp, {a: n for a, n in sizes.items() if a in kept}, term.coef)


def _identity_rows(picked: range, size: int, column: int | None) -> Array:
    """Some rows of the identity, or one column of them."""
    if column is None:
        return np.equal.outer(np.arange(picked.start, picked.stop, picked.step), np.arange(size))
    hits = np.zeros(len(picked), bool)
    if column in picked:
        hits[picked.index(column)] = True
    return hits


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
