"""Between our axis order (outputs first, inputs last) and SymPy's `derive_by_array` (the variable first).

No other file knows SymPy's order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

NDimArray = Any  # SymPy is not typed


def from_sympy(array: NDimArray, in_rank: int) -> NDimArray:
    """An array with the variable's `in_rank` axes first, in our order."""
    rank = array.rank()
    return _permuted(array, [*range(in_rank, rank), *range(in_rank)])


def to_sympy(array: NDimArray, out_rank: int) -> NDimArray:
    """An array with the `out_rank` output axes first, in the order of `derive_by_array`."""
    rank = array.rank()
    return _permuted(array, [*range(out_rank, rank), *range(out_rank)])


def _permuted(array: NDimArray, order: list[int]) -> NDimArray:
    return sp.ImmutableDenseNDimArray(sp.permutedims(array, order)) if array.rank() > 1 else array


def nd_array(entries: np.ndarray[Any, Any]) -> NDimArray:
    """An object array of expressions as SymPy's array, same axes."""
    return sp.ImmutableDenseNDimArray(list(entries.ravel()), entries.shape)
