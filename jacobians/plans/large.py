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
    _in_blocks((spec, a, b, out), out.nbytes)
    return out


def shared(tasks: Sequence[Task], threads: int) -> None:
    """Do all products: large ones in pieces along the first axis of the result, one for each thread."""
    pieces = [(piece, task[-1].nbytes) for task in tasks for piece in _pieces(task, threads)]
    _together([partial(_in_blocks, piece, whole) for piece, whole in pieces], threads)


def _in_blocks(task: Task, whole: int) -> None:
    """A product, or a piece of one whose result has so many bytes."""
    blocks = 1 if whole < IN_BLOCKS else task[-1].nbytes // BLOCK
    for spec, a, b, out in _pieces(task, blocks):
        np.einsum(spec, a, b, out=out)


def cleared(arrays: Sequence[Array], threads: int) -> None:
    """Fill arrays with zeros."""
    flat = [array.reshape(-1) for array in arrays]
    _together([partial(part.fill, 0) for array in flat for part in _parts(array, threads)], threads)


def _together(calls: Sequence[Callable[[], object]], threads: int) -> None:
    """All calls, each thread the same share of them; this thread is one."""
    own, *others = [share for k in range(threads) if (share := calls[k::threads])] or [[]]
    waiting = [_pool(threads).submit(_one_by_one, share) for share in others]
    _one_by_one(own)
    for future in waiting:
        future.result()


def _one_by_one(calls: Sequence[Callable[[], object]]) -> None:
    for call in calls:
        call()


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
