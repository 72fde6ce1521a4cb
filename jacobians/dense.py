"""Writing the dense array of a sum of terms: structural zeros stay untouched, the rest is written in place.

The array comes as zero pages; each term writes to a view of the entries that its deltas leave, and of those to the ones
that its 0/1 patterns leave. No temporary array of the size of the result is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce

import numpy as np

from jacobians import memory
from jacobians.arithmetic import DType, by_size, dry, multiply, sum_hidden
from jacobians.errors import InputError, shape_error
from jacobians.listed import ROW, join, listed, product
from jacobians.structure import axis_names
from jacobians.terms import Array, Factor, Term

#: Entries that fit a processor's cache: larger sums of products are made in blocks.
BLOCK = 2**15
#: A product of matrices is written in this many blocks, each of them a temporary array.
BLOCKS = 32
#: Patterns with a larger share of ones are multiplied as numbers.
DENSEST = 1 / 16


def dense_sum(terms: Iterable[Term], shape: Sequence[int], dtype: DType, out: Array | None = None) -> Array:
    """The dense array of a sum of terms, axes outputs first; in `out`, of that shape and type, where it is given."""
    terms = tuple(terms)
    full = _zeros(terms, tuple(shape), dtype) if out is None else out
    if out is not None and not (terms and _covers(terms[0])):
        full.fill(0)
    for k, term in enumerate(terms):
        write_dense(term, full, add=k > 0)
    return full


def _zeros(terms: Sequence[Term], shape: tuple[int, ...], dtype: DType) -> Array:
    written = [memory.stretches((*t.out, *t.inp), shape) for t in terms]
    if memory.mostly_untouched(shape, dtype.itemsize, written):
        return memory.zeros(shape, dtype)
    return np.zeros(shape, dtype)


def checked_out(out: object, terms: Sequence[Term], shape: Sequence[int], dtype: DType) -> Array:
    """The array that `J.dense(out=...)` writes to.

    Raises:
        ShapeError: it has another shape.
        InputError: no array of that type that can be written to and that holds none of the factors.
    """
    where = "Jacobian.dense(out)"
    wanted = f"an array such as np.empty({tuple(shape)}, np.{dtype})"
    if not isinstance(out, np.ndarray):
        raise InputError(f"{where}: expected {wanted}, got {type(out).__name__}")
    if out.shape != tuple(shape):
        raise shape_error(where, axis_names(terms, len(shape)), shape, out.shape)
    if out.dtype != dtype:
        raise InputError(f"{where}: expected {wanted}, got the type {out.dtype}")
    if not out.flags.writeable:
        raise InputError(f"{where}: expected an array that can be written to, got a read-only one; give {wanted}")
    for f in (f for t in terms for f in t.factors):
        if np.may_share_memory(out, f.value):
            raise InputError(
                f"{where}: expected memory of its own, got that of the factor {f.name}, which would be overwritten; "
                f"give {wanted}"
            )
    return out


def _covers(term: Term) -> bool:
    """Whether the term writes every entry: no delta and no pattern."""
    axes = (*term.out, *term.inp)
    return len(set(axes)) == len(axes) and all(f.value.dtype != bool for f in term.factors)


def write_dense(term: Term, full: Array, add: bool = True) -> None:
    """Add the term to `full`, an array of its output and input axes: only the entries that deltas and patterns leave.

    Without `add`, `full` holds zeros, and the entries are written.
    """
    axes = (*term.out, *term.inp)
    once = tuple(dict.fromkeys(axes))
    view = full
    if len(once) < len(axes):
        ids = {a: k for k, a in enumerate(once)}
        view = np.einsum(full, [ids[a] for a in axes], [ids[a] for a in once])  # a writable view of the diagonal
    if view.size <= BLOCK or not any(f.value.dtype == bool for f in term.factors):
        _write_sum(term, once, view, add)
    else:
        _write_listed(term, once, view, add)


def _write_listed(term: Term, once: Sequence[str], view: Array, add: bool) -> None:
    """Write a term with 0/1 patterns: their non-zeros are listed, and only the entries there are touched."""
    factors = product(listed(term, view.dtype, DENSEST), {*once}, term.sizes)
    plain = [f.values for f in factors if not f.at]
    lists = [f for f in factors if f.at]
    if not lists:
        _write_sum(replace(term, factors=tuple(plain)), once, view, add)
        return
    hits = reduce(partial(join, keep={*once}), lists)
    rest = [a for a in once if a not in hits.at]
    arrays = by_size((hits.values, *plain), (ROW, *rest))
    values = arrays[0] * term.coef if term.coef != 1 else arrays[0]
    values = reduce(np.multiply, arrays[1:], values)
    part = view.transpose([once.index(a) for a in (*hits.at, *rest)])
    at = tuple(hits.at.values())
    if add:
        part[at] += values
    else:
        part[at] = values


def _write_sum(term: Term, once: Sequence[str], view: Array, add: bool) -> None:
    """Write a term to a view of its axes: hidden labels are summed, a large last product of matrices in blocks."""
    term = sum_hidden(term, view.size / BLOCKS if view.size > BLOCK else math.inf)
    hidden = {*term.hidden}
    pair = [f for f in term.factors if hidden.intersection(f.labels)]
    if not pair:
        _write_product(term.factors, term.coef, once, view, add)
        return
    label = max((a for f in pair for a in f.labels if a not in hidden), key=lambda a: term.sizes[a])
    for part in _parts(term.sizes[label], BLOCKS):
        one, two, *others = (_cut(f, label, part) for f in (*pair, *(f for f in term.factors if f not in pair)))
        here = view[(slice(None),) * once.index(label) + (part,)]
        _write_product((multiply(one, two, {*once}), *others), term.coef, once, here, add)


def _parts(size: int, many: int) -> Iterator[slice]:
    step = -(-size // many)
    return (slice(k, k + step) for k in range(0, size, step))


def _cut(f: Factor, label: str, part: slice) -> Factor:
    """The factor at some indices of a label."""
    at = tuple(part if a == label else slice(None) for a in f.labels)
    return Factor(f.value[at], f.labels, f.name)


def _write_product(factors: Iterable[Factor], coef: float, once: Sequence[str], view: Array, add: bool) -> None:
    """Write coef times the product of factors without hidden labels."""
    arrays = by_size(factors, once)
    if dry():
        return
    if coef != 1 or not arrays:
        arrays.insert(0, np.full((1,) * view.ndim, coef, view.dtype))
    times = partial(np.multiply, dtype=view.dtype)
    if view.size <= BLOCK:
        arrays = [reduce(times, arrays)]
    while len(arrays) > 1 and BLOCKS * math.prod(np.broadcast_shapes(arrays[0].shape, arrays[1].shape)) <= view.size:
        arrays[:2] = [times(*arrays[:2])]
    _fill(view, arrays, add)


def _fill(view: Array, arrays: Sequence[Array], add: bool) -> None:
    """Write or add the broadcast product; where it needs a temporary array, in blocks that fit the cache."""
    if len(arrays) > (1 if add else 2) and view.size > BLOCK:
        axis = int(np.argmax(view.shape))
        for part in _parts(view.shape[axis], 2):
            at = (slice(None),) * axis + (part,)
            _fill(view[at], [a[at] if a.shape[axis] > 1 else a for a in arrays], add)
        return
    *most, last = arrays
    if not most:
        if add:
            view += last
        else:
            view[...] = last
        return
    core = reduce(partial(np.multiply, dtype=view.dtype), most)
    if add:
        view += core * last
    else:
        np.multiply(core, last, out=view, dtype=view.dtype)
