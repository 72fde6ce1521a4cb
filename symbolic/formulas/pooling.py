"""Index formulas, one per op of `jacobians/ops/pooling.py`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.windows import each, entry_or_zero, over_window, within
from symbolic.scope import Scope

# ----- windows that slide -----


def max_pool(s: Scope, *index: Any) -> Any:
    """y_uv = the largest x[stride u + dilation p - padding, ...]; with padding or a last window that hangs over, the
    entries that x has, which is asked for given sizes only.
    """
    n, at, extents, strides, paddings = _sliding(s, index)
    steps = list(zip(strides, at, each(s.op.dilation, s.op.dims), paddings, strict=True))
    hanging = s.op.padding != 0 or s.op.ceil_mode
    sizes = [s.size(a) for a in s.labels["x"][len(n) :]]
    entries = []
    for offset in itertools.product(*map(range, extents)):
        place = [stride * u + dilation * p - pad for (stride, u, dilation, pad), p in zip(steps, offset, strict=True)]
        if not hanging or bool(within(place, sizes)):
            entries.append(s.x[(*n, *place)])
    return sp.Max(*entries)


def avg_pool(s: Scope, *index: Any) -> Any:
    """y_uv = the sum of x[stride u + p - padding, ...] over a window, by the number of entries that count."""
    n, at, extents, strides, paddings = _sliding(s, index)
    starts = [stride * u - pad for stride, u, pad in zip(strides, at, paddings, strict=True)]
    hanging = s.op.padding != 0 or s.op.ceil_mode

    def entry(*offset: Any) -> Any:
        place = [start + p for start, p in zip(starts, offset, strict=True)]
        return entry_or_zero(s, n, place, padded=hanging)

    sizes = [s.size(a) for a in s.labels["x"][len(n) :]]
    counts = [
        _count(s, start, extent, size, pad)
        for start, extent, size, pad in zip(starts, extents, sizes, paddings, strict=True)
    ]
    return over_window(s, extents, entry) / math.prod(counts)


def _sliding(s: Scope, index: tuple[Any, ...]) -> tuple[Any, ...]:
    """The batch indices, the window's, and size, stride and padding along each axis."""
    dims = s.op.dims
    sizes = each(s.op.size, dims)
    strides = sizes if s.op.stride is None else each(s.op.stride, dims)
    return index[:-dims], index[-dims:], sizes, strides, each(s.op.padding, dims)


def _count(s: Scope, start: Any, extent: int, size: Any, pad: int) -> Any:
    """How many entries of a window count: of x with its padding, or of x alone; for given sizes where that differs."""
    if s.op.count_include_pad:
        return extent if not s.op.ceil_mode else min(start + extent, size + pad) - start
    return extent if not s.op.ceil_mode and pad == 0 else min(start + extent, size) - max(start, 0)


# ----- windows that share x out, and all of x -----


def _bounds(s: Scope, index: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """From where to where window u of m goes on an axis of n: floor(n u / m) to ceil(n (u + 1) / m)."""
    dims = s.op.dims
    shared = zip(s.labels["x"][-dims:], index[-dims:], each(s.op.output_size, dims), strict=True)
    return [(s.size(a) * u // m, -(-s.size(a) * (u + 1) // m)) for a, u, m in shared]


def adaptive_max_pool(s: Scope, *index: Any) -> Any:
    """y_uv = the largest x_hw of the window, written out: for given sizes only."""
    n = index[: -s.op.dims]
    ranges = [range(int(start), int(stop)) for start, stop in _bounds(s, index)]
    return sp.Max(*(s.x[(*n, *place)] for place in itertools.product(*ranges)))


def adaptive_avg_pool(s: Scope, *index: Any) -> Any:
    """y_uv = the mean of the x_hw of the window."""
    n, bounds, names = index[: -s.op.dims], _bounds(s, index), s.labels["x"][-s.op.dims :]

    def over(*place: Any) -> Any:
        if len(place) == len(bounds):
            return s.x[(*n, *place)]
        k = len(place)
        return s.sum(names[k], lambda h: over(*place, h), *bounds[k])

    return over() / math.prod(stop - start for start, stop in bounds)


def global_max_pool(s: Scope, *index: Any) -> Any:
    """y = the largest x_hw, written out: for given sizes only."""
    sizes = [range(int(s.size(a))) for a in s.labels["x"][len(index) :]]
    return sp.Max(*(s.x[(*index, *place)] for place in itertools.product(*sizes)))


def global_avg_pool(s: Scope, *index: Any) -> Any:
    """y = the mean of the x_hw."""
    image = s.labels["x"][len(index) :]
    return s.total(image, lambda *place: s.x[(*index, *place)]) / math.prod(map(s.size, image))


FORMULAS: dict[str, Callable[..., Any]] = {
    **{f"max_pool{dims}d": max_pool for dims in (1, 2, 3)},
    **{f"avg_pool{dims}d": avg_pool for dims in (1, 2, 3)},
    **{f"adaptive_max_pool{dims}d": adaptive_max_pool for dims in (1, 2, 3)},
    **{f"adaptive_avg_pool{dims}d": adaptive_avg_pool for dims in (1, 2, 3)},
    "global_max_pool": global_max_pool,
    "global_avg_pool": global_avg_pool,
}
