"""Large products shared among threads: NumPy lets go of the interpreter while it multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
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
    if pieces:
        waiting = [_pool(threads).submit(_multiply, *piece) for piece in pieces[1:]]
        _multiply(*pieces[0])
        for future in waiting:
            future.result()


def _multiply(spec: str, a: Array, b: Array, out: Array) -> None:
    np.einsum(spec, a, b, out=out)


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
