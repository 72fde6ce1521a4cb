"""Arithmetic on sums of terms in a program: hidden labels summed, equal deltas merged, and the dense array.

What is done depends on labels, types and 0/1 patterns alone, so it is recorded once and replayed on other values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jacobians.plans.patterns import Part, Pattern, numbered
from jacobians.plans.products import (
    RANK_ONE,
    Labelled,
    Sizes,
    aligned,
    alone,
    arranged,
    pair,
    pattern_array,
    scaled,
    times,
    volume,
)
from jacobians.plans.program import SUM, UNARY, DType, Program, replayed


class Recipe(NamedTuple):
    """What is done to some factors: a program of them, and the parts or the array that it ends with."""

    program: Program
    inputs: tuple[int, ...]
    result: Any


#: Factors of up to this many entries are multiplied by their term's coefficient at once.
SMALL = 10_000

_RECIPES: dict[Any, Recipe] = {}
_MOST = 4096


def recipe(
    P: Program, parts: Sequence[Part], what: str, record: Callable[..., Any], *more: Any
) -> tuple[Recipe, dict[int, int]]:
    """The recipe for parts of these labels and types, and which values of `P` its inputs are."""
    values = list(dict.fromkeys([v for part in parts for v in part.values]))
    place = {v: k for k, v in enumerate(values)}
    kinds = tuple([_kind(P, v) for v in values])
    terms = tuple([(part.pattern, tuple([place[v] for v in part.values]), part.coef) for part in parts])
    key = (what, terms, kinds, *more)
    if (known := _RECIPES.get(key)) is None:
        if len(_RECIPES) >= _MOST:
            _RECIPES.clear()
        own = Program()
        inputs = [_input(own, P, v, kind) for v, kind in zip(values, kinds, strict=True)]
        mine = [Part(pattern, tuple([inputs[k] for k in places]), coef) for pattern, places, coef in terms]
        known = _RECIPES[key] = Recipe(own, tuple(inputs), record(own, mine, *more))
    return known, dict(zip(known.inputs, values, strict=True))


def _input(own: Program, P: Program, value: int, kind: Any) -> int:
    if isinstance(kind, tuple):
        return own.constant(P.constants[value])
    return own.add(f"x{len(own.code)}", (), P.shape(value), P.dtype(value), kind="input")


def _kind(P: Program, value: int) -> Any:
    """All that is known of a factor: its type; for a 0/1 pattern that is known now, which one."""
    constant = P.constants.get(value)
    if isinstance(constant, np.ndarray) and constant.dtype == bool:
        return ("pattern", constant.shape, constant.tobytes())
    return P.dtype(value).char


# ----- terms -----


def simplified(P: Program, parts: Sequence[Part]) -> list[Part]:
    """Hidden labels summed, factors inside the labels of others multiplied in, terms with equal deltas added."""
    if all(_plain(part) for part in parts) and len({part.pattern.ties for part in parts}) == len(parts):
        return list(parts)
    found, names = recipe(P, parts, "merge", _merge)
    return [
        Part(part.pattern, tuple([replayed(found.program, P, names, v) for v in part.values]), part.coef)
        for part in found.result
    ]


def price(P: Program, parts: Sequence[Part]) -> int:
    """The multiplications that `simplified` would take."""
    found, _ = recipe(P, parts, "merge", _merge)
    return found.program.cost(v for part in found.result for v in part.values)


def _plain(part: Part) -> bool:
    return not part.values or (
        part.coef == 1 and len(part.values) == 1 and {*part.pattern.factors[0]} <= {*part.pattern.axes}
    )


def common_type(P: Program, parts: Sequence[Part]) -> DType:
    """The type of the factors that hold numbers; float64 where there are none."""
    kinds = [P.dtype(v) for part in parts for v in part.values if P.dtype(v) != bool]
    return np.result_type(*kinds) if kinds else np.dtype(np.float64)


def _merge(P: Program, parts: Sequence[Part]) -> list[Part]:
    dtype = common_type(P, parts)
    groups: dict[tuple[int, ...], list[Part]] = {}
    for part in parts:
        groups.setdefault(part.pattern.ties, []).append(part)
    merged = []
    for group in groups.values():
        pattern = group[0].pattern
        factors, coef = _group(P, group, dtype)
        factors, coef = _weighted(P, factors, coef, dtype)
        if coef:
            spec = numbered([f.labels for f in factors], pattern.out, pattern.inp, dict(enumerate(pattern.sizes)))
            merged.append(Part(spec, tuple(f.value for f in factors), coef))
    return merged


def _group(P: Program, group: Sequence[Part], dtype: DType) -> tuple[list[Labelled], float]:
    """Terms with equal deltas as one."""
    terms = [(contracted(P, part, dtype), part.coef) for part in group]
    if len(terms) == 1:
        return terms[0]
    ways = [_joined(P, terms, group[0].pattern)]
    if (early := _factored(P, group, dtype)) is not None:
        ways.append(early)
    return min(ways, key=lambda way: P.cost(f.value for f in way[0]))


def _joined(
    P: Program, terms: Sequence[tuple[list[Labelled], float]], pattern: Pattern
) -> tuple[list[Labelled], float]:
    shared, rest = common(terms)
    total = added(P, rest, axes_once(pattern), pattern.sizes)
    if total is None:
        return shared, sum(coef for _, coef in rest)
    return _absorbed(P, [*shared, total], pattern), 1.0


def _factored(P: Program, group: Sequence[Part], dtype: DType) -> tuple[list[Labelled], float] | None:
    """Factors that all terms share taken out before the sums over hidden labels, where they share hidden labels."""
    raw = [
        ([Labelled(v, a) for v, a in zip(part.values, part.pattern.factors, strict=True)], part.coef) for part in group
    ]
    shared, rest = common(raw)
    pattern = group[0].pattern
    sizes = dict(enumerate(pattern.sizes))
    keep = {*pattern.axes, *(a for f in shared for a in f.labels)}
    hidden = keep - {*pattern.axes}
    if not hidden or any(
        part.pattern.sizes[a] != sizes[a] for part in group for a in hidden if a < len(part.pattern.sizes)
    ):
        return None
    terms = []
    for part, (factors, coef) in zip(group, rest, strict=True):
        inner = part.pattern._replace(factors=tuple(f.labels for f in factors), out=tuple(sorted(keep)), inp=())
        terms.append((contracted(P, Part(inner, tuple(f.value for f in factors), 1.0), dtype), coef))
    total = added(P, terms, sorted(keep), sizes)
    factors = [*shared] if total is None else [*shared, total]
    whole = pattern._replace(factors=tuple(f.labels for f in factors))
    coef = sum(c for _, c in rest) if total is None else 1.0
    return contracted(P, Part(whole, tuple(f.value for f in factors), 1.0), dtype), coef


def axes_once(pattern: Pattern) -> list[int]:
    return list(dict.fromkeys(pattern.axes))


def _weighted(P: Program, factors: list[Labelled], coef: float, dtype: DType) -> tuple[list[Labelled], float]:
    """The coefficient multiplied into the smallest factor, so that it is done once for all that follows."""
    if coef == 1 or not factors:
        return factors, coef
    least = min(range(len(factors)), key=lambda k: math.prod(P.shape(factors[k].value)))
    f = factors[least]
    if math.prod(P.shape(f.value)) > SMALL:  # later there may be a smaller one
        return factors, coef
    value = scaled(P, P.numbers(f.value, dtype), coef)
    return [Labelled(value, f.labels) if k == least else g for k, g in enumerate(factors)], 1.0


def common(
    terms: Sequence[tuple[list[Labelled], float]],
) -> tuple[list[Labelled], list[tuple[list[Labelled], float]]]:
    """The factors that all terms share, and the terms without them: the distributive law."""
    shared: list[Labelled] = []
    left = [list(factors) for factors, _ in terms]
    for f in terms[0][0]:
        if all(f in factors for factors in left):
            shared.append(f)
            for factors in left:
                factors.remove(f)
    return shared, [(factors, coef) for factors, (_, coef) in zip(left, terms, strict=True)]


def _same(group: Sequence[tuple[list[Labelled], Part]]) -> list[tuple[list[Labelled], float]]:
    """The factors of all terms with the axis labels of the first."""
    first = group[0][1].pattern.axes
    result = []
    for factors, part in group:
        name = dict(zip(part.pattern.axes, first, strict=True))
        result.append(([Labelled(f.value, tuple(name[a] for a in f.labels)) for f in factors], part.coef))
    return result


def contracted(P: Program, part: Part, dtype: DType) -> list[Labelled]:
    """The factors after all the arithmetic that keeps the structure, as `arithmetic.contract`."""
    axes, sizes = set(part.pattern.axes), dict(enumerate(part.pattern.sizes))
    factors = [Labelled(v, labels) for v, labels in zip(part.values, part.pattern.factors, strict=True)]

    def needed(*without: int) -> set[int]:
        return axes.union(*(f.labels for k, f in enumerate(factors) if k not in without))

    for k, f in enumerate(factors):
        keep = needed(k)
        if len(set(f.labels)) < len(f.labels) or not keep.issuperset(f.labels):
            factors[k] = alone(P, Labelled(P.numbers(f.value, dtype), f.labels), keep)
    while best := _cheapest(P, factors, axes, sizes, needed):
        i, j = best
        product = pair(P, factors[i], factors[j], needed(i, j), sizes, dtype)
        factors = [f for k, f in enumerate(factors) if k not in best]
        factors.append(product)
    return _absorbed(P, factors, part.pattern)


def _cheapest(
    P: Program, factors: list[Labelled], axes: set[int], sizes: Sizes, needed: Callable[..., set[int]]
) -> tuple[int, int] | None:
    """The pair of factors that shares a hidden label and costs the least; a lookup costs what it gives."""
    best: tuple[int, int, int] | None = None
    for j, f in enumerate(factors):
        for i, g in enumerate(factors[:j]):
            shared = {*f.labels} & {*g.labels}
            if shared <= axes:
                continue
            keep = needed(i, j)
            union = {*f.labels, *g.labels}
            lookup = any(pattern_array(P, h) is not None for h in (f, g))
            cost = volume(union & keep if lookup else union, sizes)
            if best is None or cost < best[0]:
                best = (cost, i, j)
    return None if best is None else best[1:]


def _absorbed(P: Program, factors: list[Labelled], pattern: Pattern) -> list[Labelled]:
    """Factors whose labels another one has too are multiplied into it; outer products stay apart."""
    kept: list[Labelled] = []
    for f in sorted(factors, key=lambda f: -len(f.labels)):
        host = next((k for k, g in enumerate(kept) if {*f.labels} <= {*g.labels}), None)
        if host is None:
            kept.append(f)
            continue
        big = kept[host]
        order = big.labels
        value = times(P, big.value, aligned(P, f, order))
        kept[host] = Labelled(value, order)
    position = {a: k for k, a in enumerate(pattern.axes)}
    return sorted(kept, key=lambda f: min((position[a] for a in f.labels), default=-1))


# ----- sums of products -----


def product(
    P: Program, factors: Sequence[Labelled], coef: float, order: Sequence[int], sizes: Sizes
) -> Labelled | None:
    """coef times the product of factors, over the labels that they have; None where there are no factors."""
    if not factors:
        return None
    left = sorted(factors, key=lambda f: volume(f.labels, sizes))
    dtype = np.result_type(*(P.dtype(f.value) for f in factors))
    if all(P.dtype(f.value) == bool for f in factors):
        dtype = np.dtype(np.float64)
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
    """The product of two factors with axes in this order; a large outer product is a matrix product of rank one."""
    first, second = (a, b) if labels[: len(a.labels)] and set(labels[: len(a.labels)]) == {*a.labels} else (b, a)
    apart = not {*a.labels} & {*b.labels}
    split = len(first.labels)
    if apart and a.labels and b.labels and {*labels[:split]} == {*first.labels}:
        rows, columns = volume(first.labels, sizes), volume(second.labels, sizes)
        if rows * columns >= RANK_ONE and min(rows, columns) > 1:
            A = P.reshape(arranged(P, first, labels[:split]), (rows, 1))
            B = P.reshape(arranged(P, second, labels[split:]), (1, columns))
            dtype = np.result_type(P.dtype(A), P.dtype(B))
            value = P.call("dot", A, B, shape=(rows, columns), dtype=dtype, multiplications=rows * columns)
            return P.reshape(value, tuple(sizes[x] for x in labels))
    return times(P, aligned(P, a, labels), aligned(P, b, labels))


def summed(
    P: Program, terms: Sequence[tuple[list[Labelled], float]], order: Sequence[int], sizes: Sizes
) -> Labelled | None:
    """The sum of terms, factors that all of them share taken out; None where there are only numbers."""
    shared, rest = common(terms) if len(terms) > 1 else ([], terms)
    total = added(P, rest, order, sizes)
    if total is None:
        number = sum(coef for _, coef in rest)
        return product(P, shared, number, order, sizes)
    return product(P, [*shared, total], 1.0, order, sizes) if shared else total


def added(
    P: Program, terms: Sequence[tuple[list[Labelled], float]], order: Sequence[int], sizes: Sizes
) -> Labelled | None:
    """The sum of terms over the axes that any of them has."""
    if all(c < 0 for _, c in terms) and any(factors for factors, _ in terms):  # the sign goes into a small factor
        first = next(k for k, (factors, _) in enumerate(terms) if factors)
        values = [(product(P, f, c if k == first else abs(c), order, sizes), c) for k, (f, c) in enumerate(terms)]
        values[first] = (values[first][0], 1.0)
    else:
        values = [(product(P, factors, abs(c), order, sizes), c) for factors, c in terms]
    if all(v is None for v, _ in values):
        return None
    held = tuple(a for a in order if any(v is not None and a in v.labels for v, _ in values))
    total: int | None = None
    shape = tuple(sizes[a] for a in held)
    values.sort(key=lambda v: v[1] < 0)
    for v, c in values:
        if v is None:
            text, value = repr(abs(c)), None
        else:
            text, value = "{1}", aligned(P, v, held)
        total = _plus(P, total, value, text, c < 0, shape)
    assert total is not None
    if P.shape(total) != shape:
        total = P.add(f"np.broadcast_to({{0}}, {shape})", (total,), shape, P.dtype(total))
    return Labelled(total, held)


def _plus(P: Program, total: int | None, value: int | None, number: str, minus: bool, shape: tuple[int, ...]) -> int:
    """total + value or total - value, where either may be a number."""
    sign = "-" if minus else "+"
    if total is None and value is not None:
        return P.add("-{0}", (value,), P.shape(value), P.dtype(value), UNARY) if minus else value
    if total is None:
        return P.constant(np.float64(number) * (-1 if minus else 1))
    if value is None:
        return P.add(f"{{0}} {sign} {number}", (total,), P.shape(total), P.dtype(total), SUM)
    shape = np.broadcast_shapes(P.shape(total), P.shape(value))
    dtype = np.result_type(P.dtype(total), P.dtype(value))
    return P.add(f"{{0}} {sign} {{1}}", (total, value), shape, dtype, SUM)
