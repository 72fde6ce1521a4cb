"""Large products shared among threads: NumPy lets go of the interpreter while it multiplies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from jacobians.terms import Array

#: Products with fewer entries than this are not worth sharing.
LARGE = 50_000

#: The two operands and the result of `np.einsum(spec, a, b, out=out)`.
Task = tuple[str, Array, Array, Array]


def shared(tasks: Sequence[Task], threads: int) -> None:
    """Do all products: large ones in pieces along the first axis of the result, one for each thread."""
    pieces = [piece for task in tasks for piece in _pieces(task, threads)]
    _together([partial(np.einsum, spec, a, b, out=out) for spec, a, b, out in pieces], threads)


def cleared(arrays: Sequence[Array], threads: int) -> None:
    """Fill arrays with zeros."""
    flat = [array.reshape(-1) for array in arrays]
    _together([partial(part.fill, 0) for array in flat for part in _parts(array, threads)], threads)


def _together(calls: Sequence[Callable[[], object]], threads: int) -> None:
    """All calls, the first of them on this thread."""
    waiting = [_pool(threads).submit(call) for call in calls[1:]]
    for call in calls[:1]:
        call()
    for future in waiting:
        future.result()


def _parts(array: Array, threads: int) -> list[Array]:
    """The array in pieces along its first axis; small ones whole."""
    if array.size < LARGE or len(array) < threads:
        return [array]
    ends = [len(array) * k // threads for k in range(threads + 1)]
    return [array[start:stop] for start, stop in pairwise(ends)]


def _pieces(task: Task, threads: int) -> list[Task]:
    spec, a, b, out = task
    if out.size < LARGE or len(out) < threads:
        return [task]
    one, two, label = spec.partition(",")[0], spec.partition(",")[2].partition("->")[0], spec.partition("->")[2][0]
    ends = [len(out) * k // threads for k in range(threads + 1)]
    return [
        (spec, _rows(a, one, label, start, stop), _rows(b, two, label, start, stop), out[start:stop])
        for start, stop in pairwise(ends)
    ]


def _rows(operand: Array, labels: str, label: str, start: int, stop: int) -> Array:
    """The part of an operand that some rows of the result need."""
    return operand[tuple(slice(start, stop) if a == label else slice(None) for a in labels)]


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
