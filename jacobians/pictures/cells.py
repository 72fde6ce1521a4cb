"""What a block picture shows of a Jacobian: which entries can differ from zero, and what is written into the cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from jacobians.dense import dense_sum
from jacobians.errors import FormError, shape_text, unknown
from jacobians.forms.symbols import symbols, written
from jacobians.pictures.lettering import formula, number
from jacobians.printing import LATEX, TEXT, entry_latex, entry_text
from jacobians.support import supports
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: What is written into the cells.
Content = Literal["numbers", "symbols", "none"]
#: More entries than this are no picture any more; up to so many have something written into them.
ENTRIES, WRITTEN = 20_000, 150


@dataclass(frozen=True, eq=False)
class Cells:
    """For every entry whether the structure allows it to differ from zero, and its letters (None: nothing)."""

    possible: Array
    letters: Array

    def __getitem__(self, index: tuple[int, ...] | int) -> Cells:
        """A part, as of an array."""
        return Cells(self.possible[index], self.letters[index])

    def reshape(self, *shape: int) -> Cells:
        """The same cells in another shape, last axis first."""
        return Cells(self.possible.reshape(shape), self.letters.reshape(shape))

    @property
    def longest(self) -> float:
        """The width of the widest letters, in parts of their size."""
        return max((label.width for label in self.letters.ravel() if label), default=0.0)


def cells(J: Jacobian, content: Content) -> Cells:
    """The cells of a Jacobian, outputs first.

    Raises:
        FormError: no entries or too many for a picture, or no symbols for them.
        InputError: another `content`.
    """
    if content not in get_args(Content):
        raise unknown("Jacobian.picture", "cells", content, get_args(Content))
    if not J.size:
        raise FormError(f"picture: the shape {shape_text(J.out_shape)} | {shape_text(J.in_shape)} has no entries")
    if J.size > ENTRIES:
        raise FormError(
            f"picture: the shape {shape_text(J.out_shape)} | {shape_text(J.in_shape)} has {J.size:,} entries, at most "
            f"{ENTRIES:,} are drawn as cells; take a smaller example of the same kind, or kind='diagram', whose size "
            "does not depend on the shape"
        )
    return Cells(possible(J), _letters(J, content))


def possible(J: Jacobian) -> Array:
    """True where deltas and 0/1 patterns allow an entry to differ from zero."""
    mask = np.ones(J.shape, bool)
    for form in (J, J.shown):  # each leaves at least the true ones; patterns multiplied away are in the second only
        mask &= dense_sum(supports(form.terms), J.shape, np.dtype(np.float64)) != 0
    return mask


def _letters(J: Jacobian, content: Content) -> Array:
    letters = np.full(J.shape, None, object)
    if content == "symbols":
        flat = letters.reshape(-1)
        for k, cell in enumerate(c for row in symbols(J).cells for c in row):
            flat[k] = formula(written(cell, TEXT, entry_text), written(cell, LATEX, entry_latex))
    elif content == "numbers" and J.size <= WRITTEN:
        array = J.dense()
        for at in np.ndindex(J.shape):
            letters[at] = number(array[at])
    return letters


def structure(mask: Array) -> str:
    """The shape of a matrix of true and false in one word."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return "zero"
    if mask.all():
        return "dense"
    low, high = int((columns - rows).min()), int((columns - rows).max())
    if low == high == 0 and mask.shape[0] == mask.shape[1]:
        return "diagonal"
    if low >= 0 or high <= 0:
        if high - low < min(mask.shape) // 2:
            return f"banded, diagonals {low} to {high}" if low < high else f"one diagonal, {low}"
        return "upper triangular" if low >= 0 else "lower triangular"
    return f"banded, diagonals {low} to {high}" if high - low < min(mask.shape) - 1 else "sparse"


def caption(J: Jacobian, mask: Array) -> str:
    """`(4 | 4, 5): 20 of 80 entries can differ from zero`, for a matrix its structure."""
    sides = " | ".join(", ".join(map(str, s)) or "scalar" for s in (J.out_shape, J.in_shape))
    kind = f"{structure(mask)}, " if mask.ndim == 2 else ""
    many = int(np.count_nonzero(mask))
    return f"({sides}): {kind}{many:,} of {math.prod(J.shape):,} entries can differ from zero"
