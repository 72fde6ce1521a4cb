"""Large products shared among threads: NumPy lets go of the interpreter while it multiplies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from jacobians.terms import Array

#: Products with fewer entries than this are not worth sharing.
LARGE = 50_000

Task = tuple[Callable[..., Any], Array, Array, Array]


def shared(tasks: Sequence[Task], threads: int) -> None:
    """Do all tasks (function, a, b, out): large ones in pieces along the first axis, one for each thread."""
    pieces = []
    for function, a, b, out in tasks:
        if out.size < LARGE or out.shape[0] < threads:
            function(a, b, out=out)
            continue
        ends = [len(out) * k // threads for k in range(threads + 1)]
        for start, stop in zip(ends, ends[1:], strict=False):
            pieces.append((function, _rows(a, out, start, stop), _rows(b, out, start, stop), out[start:stop]))
    if pieces:
        first, *rest = pieces
        waiting = [_pool(threads).submit(function, a, b, out=out) for function, a, b, out in rest]
        function, a, b, out = first
        function(a, b, out=out)
        for future in waiting:
            future.result()


def _rows(operand: Array, out: Array, start: int, stop: int) -> Array:
    """The part of an operand that the rows of the product need."""
    if operand.ndim < out.ndim or operand.shape[0] == 1:
        return operand
    return operand[start:stop]


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
