"""Products of factors and sums of such products, as the cheapest calls of NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians.plans.products import LARGE, Labelled, Sizes, aligned, arranged, einsum, scaled, times, volume
from jacobians.plans.program import SUM, UNARY, DType, Program

#: The factors of a term and its coefficient.
Weighted = tuple[list[Labelled], float]


def common(
    terms: Sequence[Weighted],
) -> tuple[list[Labelled], list[Weighted]]:
    """The factors that all terms share, and the terms without them: the distributive law."""
    shared: list[Labelled] = []
    left = [list(factors) for factors, _ in terms]
    for f in terms[0][0]:
        if all(f in factors for factors in left):
            shared.append(f)
            for factors in left:
                factors.remove(f)
    return shared, [(factors, coef) for factors, (_, coef) in zip(left, terms, strict=True)]


def product(
    P: Program, factors: Sequence[Labelled], coef: float, order: Sequence[int], sizes: Sizes, numbers: DType
) -> Labelled | None:
    """coef times the product of factors, over the labels that they have; None where there are no factors.

    `numbers` is the type of a product of nothing but 0/1 patterns.
    """
    if not factors:
        return None
    left = sorted(factors, key=lambda f: volume(f.labels, sizes))
    dtype = np.result_type(*(P.dtype(f.value) for f in factors))
    if all(P.dtype(f.value).kind == "b" for f in factors):
        dtype = numbers
        left[0] = Labelled(P.numbers(left[0].value, dtype), left[0].labels)
    left[0] = Labelled(scaled(P, P.numbers(left[0].value, dtype), coef), left[0].labels)
    while len(left) > 1:
        a, b = left[0], left[1]
        labels = [x for x in order if x in a.labels or x in b.labels]
        value = outer(P, a, b, labels, sizes)
        left[:2] = [Labelled(value, tuple(labels))]
        left.sort(key=lambda f: volume(f.labels, sizes))
    (f,) = left
    labels = [x for x in order if x in f.labels]
    return Labelled(arranged(P, f, labels), tuple(labels))


def outer(P: Program, a: Labelled, b: Labelled, labels: Sequence[int], sizes: Sizes) -> int:
    """The product of two factors with axes in this order.

    Where the last axis is that of a vector for each entry of the other factor, einsum is the faster way for large ones.
    """
    vector, other = (a, b) if labels and labels[-1] in a.labels else (b, a)
    runs = {*vector.labels} - {*other.labels} == {*labels[-1:]}
    if volume(labels, sizes) < LARGE or not runs or "b" in (P.dtype(a.value).kind, P.dtype(b.value).kind):
        return times(P, aligned(P, a, labels), aligned(P, b, labels))
    return einsum(P, a, b, labels, sizes)


def summed(P: Program, terms: Sequence[Weighted], order: Sequence[int], sizes: Sizes, dtype: DType) -> Labelled | None:
    """The sum of terms, factors that all of them share taken out; None where there are only numbers."""
    shared, rest = common(terms) if len(terms) > 1 else ([], terms)
    total = added(P, rest, order, sizes, dtype)
    if total is None:
        number = sum(coef for _, coef in rest)
        return product(P, shared, number, order, sizes, dtype)
    return product(P, [*shared, total], 1.0, order, sizes, dtype) if shared else total


def added(P: Program, terms: Sequence[Weighted], order: Sequence[int], sizes: Sizes, dtype: DType) -> Labelled | None:
    """The sum of terms over the axes that any of them has."""
    if all(c < 0 for _, c in terms) and any(factors for factors, _ in terms):  # the sign goes into a small factor
        first = next(k for k, (factors, _) in enumerate(terms) if factors)
        values = [
            (product(P, f, c if k == first else abs(c), order, sizes, dtype), c) for k, (f, c) in enumerate(terms)
        ]
        values[first] = (values[first][0], 1.0)
    else:
        values = [(product(P, factors, abs(c), order, sizes, dtype), c) for factors, c in terms]
    if all(v is None for v, _ in values):
        return None
    held = tuple(a for a in order if any(v is not None and a in v.labels for v, _ in values))
    shape = tuple(sizes[a] for a in held)
    number = sum(c for v, c in values if v is None)
    (total, minus), *rest = sorted([(aligned(P, v, held), c < 0) for v, c in values if v is not None], key=_sign)
    if minus:
        template, level = (f"{number!r} - {{0}}", SUM) if number else ("-{0}", UNARY)
        total, number = P.add(template, (total,), P.shape(total), P.dtype(total), level), 0
    for value, minus in rest:
        total = _plus(P, total, value, "-" if minus else "+")
    if number:
        sign = "-" if number < 0 else "+"
        total = P.add(f"{{0}} {sign} {abs(number)!r}", (total,), P.shape(total), P.dtype(total), SUM)
    if P.shape(total) != shape:
        total = P.add(f"np.broadcast_to({{0}}, {shape})", (total,), shape, P.dtype(total))
    return Labelled(total, held)


def _sign(value: tuple[int, bool]) -> bool:
    return value[1]


def _plus(P: Program, total: int, value: int, sign: str) -> int:
    """total + value or total - value."""
    shape = np.broadcast_shapes(P.shape(total), P.shape(value))
    dtype = np.result_type(P.dtype(total), P.dtype(value))
    return P.add(f"{{0}} {sign} {{1}}", (total, value), shape, dtype, SUM)
