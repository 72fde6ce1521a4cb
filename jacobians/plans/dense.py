"""The dense array of a sum of terms, as instructions: zeros and only the entries that deltas and patterns leave.

Terms without a delta between axes are full: they are one matrix product where they are a sum of outer products, and
else sums of broadcast products. What a delta leaves is written into a view of the diagonal; where 0/1 patterns that are
known while planning leave few entries, those are written at their places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from jacobians import memory
from jacobians.plans.patterns import Part
from jacobians.plans.products import LARGE, Labelled, Sizes, aligned, volume
from jacobians.plans.program import OWN, PRODUCT, SUM, UNARY, DType, Program, Shape, replayed
from jacobians.plans.recipes import recipe
from jacobians.plans.reduce import axes_once, common_type, contracted, same_axes
from jacobians.plans.scatter import scattered
from jacobians.plans.sums import Weighted, common, product, summed


def dense(P: Program, parts: Sequence[Part], shape: Shape) -> int:
    """The value of the dense array: an array of its own, outputs first."""
    found, names = recipe(P, parts, "dense", _dense, shape)
    result = replayed(found.program, P, names, found.result)
    return in_order(P, result)


def in_order(P: Program, value: int) -> int:
    """The value as an array of its own, laid out in the order of its axes."""
    at = P.code[value]
    if at.shape and owned(P, value):
        if contiguous(P, value):
            return value
        if call := ORDERED.get(at.template):
            cost = P.multiplications.get(value, 0)
            return P.add(f"np.{call}({{0}}, {{1}}, order='C')", at.operands, at.shape, at.dtype, multiplications=cost)
    return P.add("np.array({0}, order='C')", (value,), at.shape, at.dtype, kind="fresh")


def owned(P: Program, value: int) -> bool:
    """Whether an array is new and nobody else's, so that it may be handed out."""
    at = P.code[value]
    if at.kind in ("fresh", "write"):
        return True
    if at.template.startswith("{0}.reshape("):
        return owned(P, at.operands[0])
    return (
        at.level in (SUM, PRODUCT, UNARY)
        or at.template.startswith((*OWN, "{0}.sum(", "{0}.take("))
        or "order='C'" in at.template
    )


def contiguous(P: Program, value: int) -> bool:
    """Whether an array is known to be laid out in the order of its axes."""
    at = P.code[value]
    if at.kind == "write" or at.template.startswith("{0}.reshape("):
        return contiguous(P, at.operands[0])
    return owned(P, value) and (len(at.shape) < 2 or P.straight[value])


#: Operations that can be told to lay out their result in the order of its axes.
ORDERED = {"{0} * {1}": "multiply", "{0} + {1}": "add", "{0} - {1}": "subtract"}

#: Entries of a matrix product in a batch that are worth a call of BLAS.
WORTH_A_CALL = 256

Group = list[tuple[list[Labelled], Part]]


def _dense(P: Program, parts: Sequence[Part], shape: Shape) -> int:
    dtype = common_type(P, parts)
    sparse = {k: s for k, part in enumerate(parts) if (s := scattered(P, part, shape)) is not None}
    groups: dict[tuple[int, ...], Group] = {}
    for k, part in enumerate(parts):
        if k not in sparse:
            groups.setdefault(part.pattern.ties, []).append((contracted(P, part, dtype), part))
    full = groups.pop(tuple(range(len(shape))), [])
    total = _full(P, full, shape, dtype) if full else None
    if total is None:
        written = [memory.stretches(group[0][1].pattern.axes, shape) for group in groups.values()]
        written += [(math.prod(P.shape(places)), 1) for places, _ in sparse.values()]
        total = _zeros(P, shape, dtype, memory.mostly_untouched(shape, dtype.itemsize, written))
        first = True
    else:
        total, first = _fresh(P, total, shape, dtype, bool(groups or sparse)), False
    for group in groups.values():
        total = _on_diagonal(P, total, group, shape, "=" if first else "+=")
        first = False
    for places, value in sparse.values():
        total = P.write(f"{{0}}.reshape(-1)[{{1}}] {'=' if first else '+='} {{2}}", total, places, value)
        first = False
    return total


def _zeros(P: Program, shape: Shape, dtype: DType, untouched: bool) -> int:
    size = str(shape[0]) if len(shape) == 1 else str(shape)
    call = "memory.zeros" if untouched else "np.zeros"
    return P.add(f"{call}({shape if untouched else size}{_typed(dtype)})", (), shape, dtype, kind="fresh")


def _typed(dtype: DType) -> str:
    return "" if dtype == np.float64 else f", np.{dtype.name}"


def _fresh(P: Program, value: int, shape: Shape, dtype: DType, changed: bool) -> int:
    """A full array that may be written into."""
    if P.shape(value) != shape:
        target = P.add(f"np.empty({shape}{_typed(dtype)})", (), shape, dtype, kind="fresh")
        return P.write("{0}[...] = {1}", target, value)
    return _unshared(P, in_order(P, value)) if changed else value


def _unshared(P: Program, value: int) -> int:
    """The array computed for itself: equal instructions are one, so that others may read what they give."""
    at = P.code[value]
    if at.kind != "value":
        return value
    if at.template.startswith("{0}.reshape("):
        return P.reshape(_unshared(P, at.operands[0]), at.shape)
    cost = P.multiplications.get(value, 0)
    return P.add(at.template, at.operands, at.shape, at.dtype, at.level, "fresh", cost)


# ----- terms without deltas -----


def _full(P: Program, group: Group, shape: Shape, dtype: DType) -> int:
    """The sum of terms whose axes all have labels of their own."""
    order = axes_once(group[0][1].pattern)
    sizes = group[0][1].pattern.sizes
    terms = same_axes(group)
    if len(terms) > 1 and (joined := _low_rank(P, terms, order, sizes, dtype)) is not None:
        return joined
    if len(terms) > 1 and math.prod(shape) >= LARGE and not common(terms)[0]:
        return _piled(P, terms, order, sizes, dtype)
    total = summed(P, terms, order, sizes, dtype)
    if total is None:
        return P.constant(np.full((1,) * len(shape), sum(c for _, c in terms), dtype))
    return aligned(P, total, order)


def _piled(P: Program, terms: Sequence[Weighted], order: list[int], sizes: Sizes, dtype: DType) -> int:
    """The first of large terms as a new array, the others added to it in place."""
    terms = sorted(terms, key=lambda t: (len({a for f in t[0] for a in f.labels}) < len(order), t[1] < 0))
    (factors, coef), *rest = terms
    first = product(P, factors, coef, order, sizes, dtype)
    total = _unshared(P, in_order(P, _whole(P, first, order, sizes, coef, dtype)))
    for factors, coef in rest:
        more = product(P, factors, abs(coef), order, sizes, dtype)
        sign = "-=" if coef < 0 else "+="
        if more is None:
            total = P.write(f"{{0}}[...] {sign} {abs(coef)!r}", total)
        else:
            total = P.write(f"{{0}}[...] {sign} {{1}}", total, aligned(P, more, order))
    return total


def _whole(P: Program, found: Labelled | None, order: list[int], sizes: Sizes, coef: float, dtype: DType) -> int:
    """A term over all axes, also those that it is the same along."""
    shape = tuple(sizes[a] for a in order)
    if found is None:
        return P.add(f"np.full({shape}, {coef!r}{_typed(dtype)})", (), shape, dtype, kind="fresh")
    value = aligned(P, found, order)
    if P.shape(value) == shape:
        return value
    return P.add(f"np.array(np.broadcast_to({{0}}, {shape}), order='C')", (value,), shape, P.dtype(value), kind="fresh")


def _low_rank(P: Program, terms: Sequence[Weighted], order: list[int], sizes: Sizes, dtype: DType) -> int | None:
    """Terms that are outer products of the same rows and columns, as one matrix product of their stacked factors.

    Leading axes may be those of a batch: a product for each of their entries.
    """
    if volume(order, sizes) < LARGE:
        return None
    for first, middle in _splits(len(order)):
        batch, rows, columns = order[:first], order[first:middle], order[middle:]
        left, right = {*batch, *rows}, {*batch, *columns}
        if all({*f.labels} <= left or {*f.labels} <= right for factors, _ in terms for f in factors):
            break
    else:
        return None
    many, n, m = (volume(axes, sizes) for axes in (batch, rows, columns))
    if len(terms) * 4 > min(n, m) or (batch and n * m < WORTH_A_CALL):
        return None
    over = [[f for f in factors if {*f.labels} <= left] for factors, _ in terms]
    rest = [[f for f in factors if not {*f.labels} <= left] for factors, _ in terms]
    A = [_column(P, f, c, [*batch, *rows], sizes, dtype) for f, (_, c) in zip(over, terms, strict=True)]
    B = [_column(P, f, 1.0, [*batch, *columns], sizes, dtype) for f in rest]
    lead = (many,) if batch else ()
    one = P.transpose(_stacked(P, A, (*lead, n), dtype), (1, 2, 0) if batch else (1, 0))
    two = P.transpose(_stacked(P, B, (*lead, m), dtype), (1, 0, 2) if batch else (0, 1))
    cost = many * n * m * len(terms)
    value = P.call("matmul", one, two, shape=(*lead, n, m), dtype=dtype, multiplications=cost)
    return P.reshape(value, tuple(sizes[a] for a in order))


def _splits(rank: int) -> Iterator[tuple[int, int]]:
    """Where the axes of a batch end and where those of the rows do, no batch first."""
    return ((first, middle) for first in range(rank - 1) for middle in range(first + 1, rank))


def _column(P: Program, factors: list[Labelled], coef: float, labels: list[int], sizes: Sizes, dtype: DType) -> int:
    """The factors over some of the axes as one vector."""
    found = product(P, factors, coef, labels, sizes, dtype)
    shape = tuple(sizes[a] for a in labels)
    if found is None:
        return P.constant(np.full(math.prod(shape), coef, dtype))
    value = aligned(P, found, labels)
    if P.shape(value) != shape:
        value = P.add(f"np.broadcast_to({{0}}, {shape})", (value,), shape, P.dtype(value))
    return P.reshape(value, (math.prod(shape),))


def _stacked(P: Program, rows: Sequence[int], shape: Shape, dtype: DType) -> int:
    slots = ", ".join(f"{{{k}}}" for k in range(len(rows)))
    flat = P.add(f"np.array(({slots}))", tuple(rows), (len(rows), math.prod(shape)), dtype)
    return P.reshape(flat, (len(rows), *shape))


# ----- terms with deltas -----


def _on_diagonal(P: Program, target: int, group: Group, shape: Shape, sign: str) -> int:
    """Terms with the same deltas, written to the entries that those leave."""
    pattern = group[0][1].pattern
    once, sizes = axes_once(pattern), pattern.sizes
    total = summed(P, same_axes(group), once, sizes, P.dtype(target))
    view, order = diagonal(pattern.axes, shape, contiguous(P, target))
    if total is None:
        number = sum(part.coef for _, part in group)
        return P.write(f"{view} {sign} {number!r}", target)
    value = aligned(P, total, once) if order is None else _merged(P, total, order, sizes)
    return P.write(f"{view} {sign} {{1}}", target, value)


def _merged(P: Program, total: Labelled, order: Sequence[Sequence[int]], sizes: Sizes) -> int:
    """The value with some neighbouring axes as one, for a reshaped view."""
    flat = [a for group in order for a in group]
    value = aligned(P, total, flat)
    shape = tuple(volume(group, sizes) for group in order)
    if all(len(group) == 1 for group in order):
        return value
    whole = tuple(sizes[a] for a in flat)
    if P.shape(value) != whole:
        value = P.add(f"np.broadcast_to({{0}}, {whole})", (value,), whole, P.dtype(value))
    return P.reshape(value, shape)


def diagonal(axes: Sequence[int], shape: Shape, contiguous: bool) -> tuple[str, list[list[int]] | None]:
    """Source of the view of the entries whose tied axes are equal, and how its axes group the labels.

    Neighbouring tied axes are a step through a reshaped array: (i i j) is `.reshape(n * n, m)[::n + 1]`.
    """
    runs = _runs(axes)
    if not contiguous or sum(len(labels) for labels, _ in runs) > len(set(axes)):
        letters = {a: chr(97 + k) for k, a in enumerate(dict.fromkeys(axes))}
        text = "".join(letters[a] for a in axes)
        return f"np.einsum('{text}->{''.join(letters.values())}', {{0}})[...]", None
    sizes = dict(zip(axes, shape, strict=True))
    numbers, index = [], []
    for labels, tied in runs:
        n = math.prod(sizes[a] for a in labels)
        numbers.append(n * n if tied else n)
        index.append(f"::{n + 1}" if tied else ":")
    while index[-1] == ":":
        index.pop()
    text = f".reshape({', '.join(map(str, numbers))})" if tuple(numbers) != shape else ""
    return f"{{0}}{text}[{', '.join(index)}]", [labels for labels, _ in runs]


def _runs(axes: Sequence[int]) -> list[tuple[list[int], bool]]:
    """Neighbouring axes that come twice in the same order (o, o' or o h, o' h') as one, the others one by one."""
    runs: list[tuple[list[int], bool]] = []
    k = 0
    while k < len(axes):
        length = next((n for n in range((len(axes) - k) // 2, 0, -1) if _twice(axes, k, n)), 0)
        runs.append((list(axes[k : k + max(length, 1)]), bool(length)))
        k += 2 * length or 1
    return runs


def _twice(axes: Sequence[int], start: int, n: int) -> bool:
    one = axes[start : start + n]
    return axes[start + n : start + 2 * n] == one and len(set(one)) == n
