"""The cheapest call of NumPy for each step of arithmetic on labelled values: lookup, matrix or broadcast product."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from jacobians.plans.program import PRODUCT, UNARY, DType, Program
from jacobians.terms import Array

#: Products of fewer entries than this are broadcast, which takes the fewest calls.
LARGE = 5000


class Labelled(NamedTuple):
    """A value of the program with a label for each axis."""

    value: int
    labels: tuple[int, ...]


#: The size of each label.
Sizes = Mapping[int, int] | Sequence[int]


def volume(labels: Sequence[int] | set[int], sizes: Sizes) -> int:
    """The number of entries over these labels."""
    return math.prod([sizes[a] for a in labels])


def arranged(P: Program, f: Labelled, order: Sequence[int]) -> int:
    """The value with its axes in another order."""
    return P.transpose(f.value, [f.labels.index(a) for a in order])


def aligned(P: Program, f: Labelled, axes: Sequence[int]) -> int:
    """The value with its axes in the order of `axes`, size 1 where it lacks one; leading ones are left out."""
    value = arranged(P, f, [a for a in axes if a in f.labels])
    return P.spread(value, [a in f.labels for a in axes])


def alone(P: Program, f: Labelled, keep: set[int]) -> Labelled:
    """One factor by itself: a repeated label takes the diagonal, a label that is not kept is summed."""
    once = tuple(dict.fromkeys(f.labels))
    if len(once) < len(f.labels):
        letter = {a: chr(97 + k) for k, a in enumerate(once)}
        text = f"{''.join(letter[a] for a in f.labels)}->{''.join(letter.values())}"
        sizes = dict(zip(f.labels, P.shape(f.value), strict=True))
        shape = tuple(sizes[a] for a in once)
        f = Labelled(P.add(f"np.einsum('{text}', {{0}})", (f.value,), shape, P.dtype(f.value)), once)
    lost = [k for k, a in enumerate(f.labels) if a not in keep]
    if not lost:
        return f
    shape = tuple(n for k, n in enumerate(P.shape(f.value)) if k not in lost)
    axes = "" if len(lost) == len(f.labels) else str(lost[0]) if len(lost) == 1 else str(tuple(lost))
    dtype = P.dtype(f.value)
    value = P.add(f"{{0}}.sum({axes})", (f.value,), shape, dtype)
    return Labelled(value, tuple(a for a in f.labels if a in keep))


def pair(P: Program, a: Labelled, b: Labelled, keep: set[int], sizes: Sizes, dtype: DType) -> Labelled:
    """The product of two factors, summed over the labels that are not kept."""
    for one, two in ((a, b), (b, a)):
        if (taken := gathered(P, one, two, keep, sizes)) is not None:
            return taken
    a, b = (Labelled(P.numbers(f.value, dtype), f.labels) for f in (a, b))
    summed = [x for x in a.labels if x in b.labels and x not in keep]
    if not summed:
        both = tuple(sorted({*a.labels, *b.labels}))  # axes of the Jacobian in order, summed labels last
        return Labelled(times(P, aligned(P, a, both), aligned(P, b, both)), both)
    batch = [x for x in a.labels if x in b.labels and x in keep]
    left = [x for x in a.labels if x not in b.labels]
    right = [x for x in b.labels if x not in a.labels]
    if left and right and min(right) < min(left):  # the result's axes in the order of the Jacobian's
        a, b, left, right = b, a, right, left
    order = (*batch, *left, *right)
    cost = volume({*a.labels, *b.labels}, sizes)
    if batch and not left and not right:
        return Labelled(einsum(P, a, b, order, sizes), order)
    A, B = _matrix(P, a, batch, left, summed, sizes), _matrix(P, b, batch, summed, right, sizes)
    shape = P.shape(A)[:-1] + P.shape(B)[len(batch) + 1 :]
    # dot has the lower overhead, matmul is faster where the result is large
    call = "matmul" if batch or volume(order, sizes) >= LARGE else "dot"
    value = P.call(call, A, B, shape=shape, dtype=np.result_type(P.dtype(A), P.dtype(B)), multiplications=cost)
    return Labelled(P.reshape(value, tuple(sizes[x] for x in order)), order)


def _matrix(P: Program, f: Labelled, batch: list[int], rows: list[int], columns: list[int], sizes: Sizes) -> int:
    """A stack of matrices, or of vectors where there are no rows or no columns (and no batch)."""
    value = arranged(P, f, [*batch, *rows, *columns])
    grouped = [sizes[x] for x in batch]
    for group in (rows, columns):
        if group or batch:
            grouped.append(volume(group, sizes))
    return P.reshape(value, tuple(grouped))


def einsum(P: Program, a: Labelled, b: Labelled, out: Sequence[int], sizes: Sizes) -> int:
    """The product of two factors, summed over the labels that are not in `out`."""
    letter = {x: chr(97 + k) for k, x in enumerate(dict.fromkeys((*out, *a.labels, *b.labels)))}
    texts = ("".join(letter[x] for x in labels) for labels in (a.labels, b.labels, out))
    one, two, three = texts
    dtype = np.result_type(P.dtype(a.value), P.dtype(b.value))
    cost = volume(list(letter), sizes)
    template = f"np.einsum('{one},{two}->{three}', {{0}}, {{1}}, order='C')"
    return P.add(template, (a.value, b.value), tuple(sizes[x] for x in out), dtype, multiplications=cost)


def times(P: Program, a: int, b: int) -> int:
    """The broadcast product of two aligned values."""
    shape = np.broadcast_shapes(P.shape(a), P.shape(b))
    dtype = np.result_type(P.dtype(a), P.dtype(b))
    return P.add("{0} * {1}", (a, b), shape, dtype, PRODUCT, multiplications=math.prod(shape))


def scaled(P: Program, value: int, coef: float) -> int:
    """A number times a value."""
    if coef == 1:
        return value
    shape, dtype = P.shape(value), P.dtype(value)
    if coef == -1:
        return P.add("-{0}", (value,), shape, dtype, UNARY)
    return P.add(f"{coef!r} * {{0}}", (value,), shape, dtype, PRODUCT, multiplications=math.prod(shape))


# ----- 0/1 patterns that are known while planning -----


def pattern_array(P: Program, f: Labelled) -> Array | None:
    """The entries of a 0/1 pattern that is known now."""
    known = P.constants.get(f.value)
    return known if isinstance(known, np.ndarray) and known.dtype == bool and known.ndim else None


def gathered(P: Program, pattern: Labelled, f: Labelled, keep: set[int], sizes: Sizes) -> Labelled | None:
    """The sum over a label of a 0/1 pattern that picks at most one entry for all others: f at that entry, or 0."""
    hits = pattern_array(P, pattern)
    if hits is None or len(set(pattern.labels)) < len(pattern.labels):
        return None
    hidden = [a for a in pattern.labels if a not in keep]
    if len(hidden) != 1 or hidden[0] not in f.labels or any(a in f.labels for a in pattern.labels if a in keep):
        return None
    (a,) = hidden
    chosen = _choice(hits.tobytes(), hits.shape, pattern.labels.index(a))
    if chosen is None:
        return None
    at, whole = chosen
    axis = f.labels.index(a)
    source = f.value
    if not whole:  # entry n is an added 0
        source = _with_zero(P, f.value, axis)
    rest = tuple(b for b in pattern.labels if b != a)
    shape = P.shape(f.value)[:axis] + at.shape + P.shape(f.value)[axis + 1 :]
    value = P.add(f"{{0}}.take({{1}}, {axis})", (source, P.constant(at)), shape, P.dtype(f.value))
    return Labelled(value, f.labels[:axis] + rest + f.labels[axis + 1 :])


@lru_cache(maxsize=1024)
def _choice(entries: bytes, shape: tuple[int, ...], axis: int) -> tuple[Array, bool] | None:
    """Where along the axis the pattern is 1 (its size for nowhere), and whether it is everywhere; None for several."""
    hits = np.frombuffer(entries, bool).reshape(shape)
    count = hits.sum(axis=axis)
    if count.max(initial=0) > 1:
        return None
    at = np.where(count == 1, hits.argmax(axis=axis), shape[axis])
    return at, bool((count == 1).all())


def _with_zero(P: Program, value: int, axis: int) -> int:
    shape = list(P.shape(value))
    shape[axis] = 1
    zeros = P.constant(np.zeros(shape, P.dtype(value)))
    shape[axis] = P.shape(value)[axis] + 1
    return P.add(f"np.concatenate(({{0}}, {{1}}), {axis})", (value, zeros), tuple(shape), P.dtype(value))
