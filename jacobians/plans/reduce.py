"""The arithmetic on sums of terms that keeps their structure: hidden labels summed, terms with equal deltas merged."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from jacobians.plans.patterns import Part, Pattern, numbered
from jacobians.plans.products import (
    Labelled,
    Sizes,
    aligned,
    alone,
    pair,
    pattern_array,
    scaled,
    times,
    volume,
)
from jacobians.plans.program import DType, Program, replayed
from jacobians.plans.recipes import recipe
from jacobians.plans.sums import Weighted, added, common

#: Factors of up to this many entries are multiplied by their term's coefficient at once.
SMALL = 10_000


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
    kinds = [P.dtype(v) for part in parts for v in part.values if P.dtype(v).kind != "b"]
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


def _group(P: Program, group: Sequence[Part], dtype: DType) -> Weighted:
    """Terms with equal deltas as one."""
    terms = [(contracted(P, part, dtype), part.coef) for part in group]
    if len(terms) == 1:
        return terms[0]
    ways = [_joined(P, terms, group[0].pattern, dtype)]
    if (early := _factored(P, group, dtype)) is not None:
        ways.append(early)
    return min(ways, key=lambda way: P.cost(f.value for f in way[0]))


def _joined(P: Program, terms: Sequence[Weighted], pattern: Pattern, dtype: DType) -> Weighted:
    shared, rest = common(terms)
    total = added(P, rest, axes_once(pattern), pattern.sizes, dtype)
    if total is None:
        return shared, sum(coef for _, coef in rest)
    return _absorbed(P, [*shared, total], pattern), 1.0


def _factored(P: Program, group: Sequence[Part], dtype: DType) -> Weighted | None:
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
    total = added(P, terms, sorted(keep), sizes, dtype)
    factors = [*shared] if total is None else [*shared, total]
    whole = pattern._replace(factors=tuple(f.labels for f in factors))
    coef = sum(c for _, c in rest) if total is None else 1.0
    return contracted(P, Part(whole, tuple(f.value for f in factors), 1.0), dtype), coef


def axes_once(pattern: Pattern) -> list[int]:
    """The labels of the axes, each once."""
    return list(dict.fromkeys(pattern.axes))


def _weighted(P: Program, factors: list[Labelled], coef: float, dtype: DType) -> Weighted:
    """The coefficient multiplied into the smallest factor, so that it is done once for all that follows."""
    if coef == 1 or not factors:
        return factors, coef
    least = min(range(len(factors)), key=lambda k: math.prod(P.shape(factors[k].value)))
    f = factors[least]
    if math.prod(P.shape(f.value)) > SMALL:  # later there may be a smaller one
        return factors, coef
    value = scaled(P, P.numbers(f.value, dtype), coef)
    return [Labelled(value, f.labels) if k == least else g for k, g in enumerate(factors)], 1.0


def same_axes(group: Sequence[tuple[list[Labelled], Part]]) -> list[Weighted]:
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
