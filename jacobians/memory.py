"""Large arrays that are almost all zeros: memory is taken only where something is written.

NumPy asks for large arrays in pages of 2 MB, each of which is filled with zeros as soon as one entry is written. The
diagonals of a Jacobian touch all of them. In pages of 4 kB the kernel fills the few that are written; all others stay
the one page of zeros that it has for everybody.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Hashable, Iterable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import DTypeLike

from jacobians.terms import Array

#: Arrays from this many bytes on are new memory in any case; smaller ones come faster from memory that was used before.
LARGE = 2**25
PAGE = 4096
#: A small page costs about as much as this many of those that come by the large page.
DEAR = 8

_PRIVATE = getattr(mmap, "MAP_PRIVATE", 0) | getattr(mmap, "MAP_ANONYMOUS", 0)
_SMALL_PAGES = getattr(mmap, "MADV_NOHUGEPAGE", None)

#: So many stretches of so many entries each.
Stretches = tuple[int, int]


def stretches(axes: Sequence[Hashable], shape: Sequence[int]) -> Stretches:
    """Where axes with equal labels have equal indices: how many stretches of neighbouring entries that leaves."""
    entries = math.prod(dict(zip(axes, shape, strict=True)).values())
    run = 1
    for a, n in zip(reversed(axes), reversed(shape), strict=True):
        if axes.count(a) > 1:
            break
        run *= n
    return entries // max(run, 1), run


def mostly_untouched(shape: Sequence[int], itemsize: int, written: Iterable[Stretches]) -> bool:
    """Whether an array is large and what is written touches few of its pages."""
    nbytes = math.prod(shape) * itemsize
    if nbytes < LARGE:
        return False
    return sum(runs * (run * itemsize // PAGE + 2) for runs, run in written) * DEAR <= nbytes // PAGE


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> Array:
    """`np.zeros` in small pages, where the system has them."""
    kind = np.dtype(dtype)
    nbytes = math.prod(shape) * kind.itemsize
    if not _PRIVATE or not nbytes:
        return np.zeros(shape, kind)
    try:
        taken = mmap.mmap(-1, nbytes, flags=_PRIVATE)
    except OSError:  # NumPy's error says how much is missing
        return np.zeros(shape, kind)
    if _SMALL_PAGES is not None:
        with suppress(OSError):  # a kernel that has no large pages
            taken.madvise(_SMALL_PAGES)
    return np.ndarray(shape, kind, taken)
