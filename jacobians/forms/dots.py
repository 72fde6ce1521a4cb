r"""What dots in a shortened array stand for: a mark where it is not what stands beside them.

Between two equal entries a reader takes dots for more of the same: `0 & \cdots & 0` says that all of these are zero.
Where that is not so, the dots get a star; between different entries dots say nothing but that something was left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: Entries behind dots that are looked at one by one; of more than these only the structural zeros are known.
LOOKED_AT = 10**6
#: Where an axis is looked at: one index, or the range that was left out.
Part = int | slice


def misleading(J: Jacobian, array: Array, cut: Sequence[bool]) -> Array:
    """For every cell of the dotted matrices (the last two axes, or one) whether it is dots that need a star."""
    inner = min(2, array.ndim)
    places = [_places(n, short) for n, short in zip(J.shape, cut, strict=True)]
    lead = [[p for p in axis if isinstance(p, int)] for axis in places[: array.ndim - inner]]
    dotted = places[array.ndim - inner :]
    marks = np.zeros([*map(len, lead), *map(len, dotted)], bool)
    if not any(cut[array.ndim - inner :]):
        return marks
    for at in np.ndindex(*map(len, lead)):
        here = tuple(axis[k] for axis, k in zip(lead, at, strict=True))
        for cell in itertools.product(*(range(len(axis)) for axis in dotted)):
            part = tuple(axis[k] for axis, k in zip(dotted, cell, strict=True))
            if any(isinstance(p, slice) for p in part):
                before, after = _corners(part, cell, dotted)
                value = array[(*at, *before)]
                around = [array[(*at, *corner)] for corner in itertools.product(*zip(before, after, strict=True))]
                diagonal = value != 0 and any(other != value for other in around)
                alike = value == array[(*at, *after)]
                marks[(*at, *cell)] = alike and not _constant(J, (*here, *part), value, diagonal)
    return marks


def _places(size: int, short: bool) -> list[Part]:
    """The indices along an axis of the dotted array, with the range that the dots stand for."""
    if not short:
        return list(range(size))
    edge = int(np.get_printoptions()["edgeitems"])
    return [*range(edge), slice(edge, size - edge), *range(size - edge, size)]


def _corners(part: Sequence[Part], cell: Sequence[int], dotted: Sequence[Sequence[Part]]) -> list[tuple[int, ...]]:
    """The cells before and after dots, in the array without dots."""
    middles = [next((k for k, p in enumerate(axis) if isinstance(p, slice)), len(axis)) for axis in dotted]
    moved = [k - (k > middle) for k, middle in zip(cell, middles, strict=True)]
    return [tuple(k - back if isinstance(p, slice) else k for k, p in zip(moved, part, strict=True)) for back in (1, 0)]


def _constant(J: Jacobian, part: tuple[Part, ...], value: float, diagonal: bool) -> bool:
    """Whether all entries of a part, or all on its `diagonal`, are equal to a value, as far as can be told."""
    hidden = J[part]
    if hidden.size > LOOKED_AT:
        return bool(value == 0 and hidden.nnz == 0)
    array = hidden.dense()
    if array.ndim == 2 and diagonal:
        array = np.diagonal(array)
    return bool((array == value).all())
