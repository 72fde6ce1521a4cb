"""Large products: in blocks that fit a cache, and shared among threads while NumPy lets go of the interpreter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from jacobians import memory
from jacobians.terms import Array

#: Products with fewer entries than this are not worth sharing.
LARGE = 500_000

#: Products of this many bytes are written in blocks of so many.
IN_BLOCKS, BLOCK = memory.LARGE, 2**20

#: The two operands and the result of `np.einsum(spec, a, b, out=out)`.
Task = tuple[str, Array, Array, Array]


def multiplied(spec: str, a: Array, b: Array, out: Array) -> Array:
    """`np.einsum(spec, a, b, out=out)`, which fills with zeros first: those of a block are still in the cache."""
    blocks = 1 if out.nbytes < IN_BLOCKS else out.nbytes // BLOCK
    for piece in _pieces((spec, a, b, out), blocks):
        np.einsum(piece[0], piece[1], piece[2], out=piece[3])
    return out


def shared(tasks: Sequence[Task], threads: int) -> None:
    """Do all products: large ones in pieces along the first axis of the result, one for each thread."""
    pieces = [piece for task in tasks for piece in _pieces(task, threads)]
    _together([partial(multiplied, spec, a, b, out) for spec, a, b, out in pieces], threads)


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
    return [array[start:stop] for start, stop in _ends(array, threads)]


def _pieces(task: Task, many: int) -> list[Task]:
    """The product in pieces along the first axis of the result; small ones whole."""
    spec, a, b, out = task
    operands, labels = spec.split("->")
    one, two = operands.split(",")
    return [
        (spec, _rows(a, one, labels[0], start, stop), _rows(b, two, labels[0], start, stop), out[start:stop])
        for start, stop in _ends(out, many)
    ]


def _ends(array: Array, many: int) -> Iterable[tuple[int, int]]:
    """Where pieces along the first axis start and stop."""
    rows = len(array)
    many = min(many, rows) if array.size >= LARGE else 1
    return pairwise(rows * k // many for k in range(many + 1))


def _rows(operand: Array, labels: str, label: str, start: int, stop: int) -> Array:
    """The part of an operand that some rows of the result need."""
    sized = zip(labels, operand.shape, strict=True)  # an axis of size 1 is the same for all rows
    return operand[tuple(slice(start, stop) if a == label and n > 1 else slice(None) for a, n in sized)]


@lru_cache(maxsize=4)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
