"""What multiplies arrays: contracting a term, adding terms, counting the multiplications (`dense.py` writes arrays).

Every product of two factors goes through `multiply`, one matrix product of NumPy where a label is summed and one
broadcast product where none is, so `counted()` sees them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from jacobians.terms import Array, Factor, Term, common_dtype

DType = np.dtype[Any]


@dataclass
class Tally:
    """Multiplications of array entries so far; `dry` counts without computing."""

    multiplications: int = 0
    dry: bool = False


_TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counted(dry: bool = False) -> Iterator[Tally]:
    """Count the multiplications inside the block; with `dry`, arrays keep their shapes and nothing is computed."""
    token = _TALLY.set(tally := Tally(dry=dry))
    try:
        yield tally
    finally:
        _TALLY.reset(token)


def blank(shape: Sequence[int], dtype: DType) -> Array:
    """An array of that shape that takes no memory: what a dry run passes on."""
    return np.broadcast_to(np.zeros((), dtype), tuple(shape))


def multiply(a: Factor, b: Factor, keep: set[str]) -> Factor:
    """The product of two factors, summed over the labels that are not kept."""
    labels = tuple(dict.fromkeys((*a.labels, *b.labels)))
    out = tuple(x for x in labels if x in keep)
    sizes = dict(zip((*a.labels, *b.labels), (*a.value.shape, *b.value.shape), strict=True))
    tally = _TALLY.get()
    if tally is not None:
        tally.multiplications += math.prod(sizes[x] for x in labels)
        if tally.dry:
            dtype = np.result_type(a.value, b.value)
            return Factor(blank([sizes[x] for x in out], dtype), out, _product_name(a, b))
    both = [x for x in a.labels if x in b.labels]
    summed = [x for x in both if x not in keep]
    batch = [x for x in both if x in keep]
    left = [x for x in a.labels if x not in both]
    right = [x for x in b.labels if x not in both]
    if not summed:
        value = np.asanyarray(aligned(a, labels) * aligned(b, labels))
        return Factor(value, labels, _product_name(a, b))
    # (batch, left, summed) @ (batch, summed, right): one call of BLAS, or one per batch entry
    A = _grouped(a, batch, left, summed, sizes)
    B = _grouped(b, batch, summed, right, sizes)
    order = (*batch, *left, *right)
    value = np.matmul(A, B).reshape([sizes[x] for x in order])
    return Factor(value.transpose([order.index(x) for x in out]), out, _product_name(a, b))


def _product_name(a: Factor, b: Factor) -> str:
    return _short(f"{a.name} {b.name}")


def _short(name: str) -> str:
    """A name that is short enough to read; products and sums of many factors are just M."""
    return name if len(name) <= 60 else "M"


def _grouped(f: Factor, batch: list[str], rows: list[str], columns: list[str], sizes: Mapping[str, int]) -> Array:
    """The factor as a stack of matrices, shape (*batch, rows, columns)."""
    order = [f.labels.index(x) for x in (*batch, *rows, *columns)]
    shape = [*(sizes[x] for x in batch), math.prod(sizes[x] for x in rows), math.prod(sizes[x] for x in columns)]
    return f.value.transpose(order).reshape(shape)


def aligned(f: Factor, labels: Sequence[str]) -> Array:
    """The factor's array with its axes in the order of `labels`, axes of size 1 where it lacks a label."""
    order = sorted(range(len(f.labels)), key=lambda k: labels.index(f.labels[k]))
    size = dict(zip(f.labels, f.value.shape, strict=True))
    return f.value.transpose(order).reshape([size.get(a, 1) for a in labels])


def alone(f: Factor, keep: set[str]) -> Factor:
    """A factor by itself: a repeated label takes the diagonal, a label not kept is summed."""
    once = tuple(dict.fromkeys(f.labels))
    out = tuple(a for a in once if a in keep)
    if out == f.labels:
        return f
    ids = {a: k for k, a in enumerate(once)}
    value = np.einsum(f.value, [ids[a] for a in f.labels], [ids[a] for a in out])
    return Factor(np.asanyarray(value, f.value.dtype), out, f.name)


def _numbers(f: Factor, dtype: DType) -> Factor:
    return Factor(f.value.astype(dtype), f.labels, f.name) if f.value.dtype == bool else f


def sum_hidden(term: Term, most: float = math.inf) -> Term:
    """The same term with no hidden label left: factors that share one are multiplied, cheapest pair first.

    A last product with more than `most` entries is left to be done.
    """
    axes = {*term.out, *term.inp}
    if all(len(set(f.labels)) == len(f.labels) and axes.issuperset(f.labels) for f in term.factors):
        return term
    factors = [_numbers(f, term.dtype) for f in term.factors]

    def needed(*without: int) -> set[str]:
        return axes.union(*(f.labels for k, f in enumerate(factors) if k not in without))

    factors[:] = [alone(f, needed(k)) for k, f in enumerate(factors)]
    while pair := _cheapest(factors, axes, term.sizes):
        first, second = pair
        keep = needed(first, second)
        labels = {*factors[first].labels, *factors[second].labels} & keep
        if labels and keep == axes and math.prod(term.sizes[a] for a in labels) > most:
            return replace(term, factors=tuple(factors))
        factors[first] = multiply(factors[first], factors[second], keep)
        del factors[second]
    return replace(term, factors=tuple(factors), sizes={a: n for a, n in term.sizes.items() if a in axes})


def _cheapest(factors: list[Factor], axes: set[str], sizes: Mapping[str, int]) -> tuple[int, int] | None:
    """The pair of factors that shares a hidden label and costs the fewest multiplications."""
    pairs = [
        (math.prod(sizes[a] for a in {*f.labels, *g.labels}), i, j)
        for i, f in enumerate(factors)
        for j, g in enumerate(factors[:i])
        if any(a not in axes for a in {*f.labels} & {*g.labels})
    ]
    if not pairs:
        return None
    _, i, j = min(pairs)
    return j, i


def contract(term: Term) -> Term:
    """All the arithmetic that keeps the structure: hidden labels summed, factors inside another's labels multiplied in.

    Deltas, and factors that share no label (an outer product), stay apart.
    """
    term = sum_hidden(term)
    if len(term.factors) < 2:
        return term
    factors: list[Factor] = []
    for f in sorted(term.factors, key=lambda f: -len(f.labels)):
        host = next((k for k, g in enumerate(factors) if {*f.labels} <= {*g.labels}), None)
        if host is None:
            factors.append(f)
        else:
            big, small = (_numbers(g, term.dtype) for g in (factors[host], f))
            factors[host] = multiply(big, small, {*term.out, *term.inp})
    order = {a: k for k, a in enumerate((*term.out, *term.inp))}
    factors.sort(key=lambda f: min((order[a] for a in f.labels), default=-1))
    return replace(term, factors=tuple(factors))


def product(factors: Iterable[Factor], labels: list[str], coef: float, dtype: DType) -> Array:
    """coef times the product of factors without hidden labels, broadcast over `labels`."""
    arrays = by_size(factors, labels)
    if arrays and dry():
        return blank(np.broadcast_shapes(*(a.shape for a in arrays)), dtype)
    core = np.full((), coef, dtype)
    for array in arrays:
        core = core * array
    return np.asanyarray(core, dtype)  # the product of arrays without axes is a scalar of NumPy


def by_size(factors: Iterable[Factor], labels: Sequence[str]) -> list[Array]:
    """The factors' arrays aligned to the labels, smallest first; their broadcast product in this order is counted."""
    arrays = sorted((aligned(f, labels) for f in factors), key=lambda array: array.size)
    tally = _TALLY.get()
    if tally is not None:
        shapes = [np.broadcast_shapes(*(a.shape for a in arrays[: k + 1])) for k in range(1, len(arrays))]
        tally.multiplications += sum(map(math.prod, shapes))
    return arrays


def dry() -> bool:
    """Whether products are counted and not computed."""
    tally = _TALLY.get()
    return tally is not None and tally.dry


def add_terms(terms: Sequence[Term]) -> Term:
    """Terms with equal deltas and no hidden label as one: their products over the common axis labels, summed."""
    first = terms[0]
    if not any(t.factors for t in terms):  # bare deltas: only their coefficients add
        return Term((), first.out, first.inp, first.sizes, sum(t.coef for t in terms))
    axes = list(dict.fromkeys((*first.out, *first.inp)))
    dtype = common_dtype(terms)
    values = []
    for term in terms:
        same = term.relabel(dict(zip((*term.out, *term.inp), (*first.out, *first.inp), strict=True)))
        value = product(same.factors, axes, same.coef, dtype)
        values.append(value.reshape(value.shape or (1,) * len(axes)))
    held = [a for k, a in enumerate(axes) if any(v.shape[k] == first.sizes[a] for v in values)]
    shape = tuple(first.sizes[a] for a in held)
    tally = _TALLY.get()
    dry = tally is not None and tally.dry
    value = blank(shape, values[0].dtype) if dry else reduce(np.add, values).reshape(shape)
    name = _short(" + ".join(dict.fromkeys(" ".join(f.name for f in t.factors) or "1" for t in terms)))
    return Term((Factor(value, tuple(held), name),), first.out, first.inp, first.sizes)
