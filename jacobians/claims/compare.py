"""Whether two values are equal: shapes first, then numbers, and the entry that shows a difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jacobians.claims.errors import IllFormed
from jacobians.claims.values import Array, Value, aligned, all_letters, letter_to_axis
from jacobians.errors import shape_text

#: Below, two numbers are equal; above `DIFFERENT` they are not; what lies between is computed with 50 digits.
SAME, DIFFERENT = 1e-9, 1e-4


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of both sides: where (letters with their values, then places along the axes), and both numbers."""

    place: tuple[tuple[str, int], ...]
    axes: tuple[int, ...]
    left: float
    right: float

    def where(self) -> str:
        """`i = 1, k = 2`, `[1, 2]`; nothing for a number."""
        letters = ", ".join(f"{letter} = {n}" for letter, n in self.place)
        return ", ".join(p for p in (letters, f"entry {list(self.axes)}" if self.axes else "") if p)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The largest deviation, relative to the largest number, and the entry that has it."""

    deviation: float
    entry: Entry | None = None
    by_entries: str = ""

    @property
    def equal(self) -> bool:
        return self.deviation < SAME


def compare(left: Value, right: Value, order: tuple[str, ...], base: int = 1) -> Comparison:
    """Compare two sides; `order` is the order in which the letters appear, for a whole array against its entries.

    Raises:
        IllFormed: shapes that differ, an index that is free on one side only.
    """
    left, right, by_entries = _entries_against_whole(left, right, order)
    left, right = _as_vectors(left, right)
    if left.rank != right.rank or left.shape != right.shape:
        if not (left.rank and right.rank) and _is_zero(left if not left.rank else right):
            pass  # "= 0" for an array of zeros
        else:
            raise Mismatch(f"the left side is {described(left)}, the right side {described(right)}")
    sides = {v.orientation for v in (left, right) if v.rank == 1}
    if {"column", "row"} <= sides:
        raise Mismatch(f"the left side is {described(left)}, the right side {described(right)}")
    letters = all_letters(left, right)
    rank = max(left.rank, right.rank)
    a, b = aligned(left, letters, rank)[()], aligned(right, letters, rank)[()]
    a, b = np.broadcast_arrays(a, b)
    result = _deviation(a, b, letters, base)
    extra = [x for x in right.letters if x not in left.letters]
    if extra and not result.equal:
        names = ", ".join(x.partition("#")[0] for x in extra)
        raise FreeIndex(f"the index {names} is free on the right side only; is a sum over {names} missing?", result)
    return Comparison(result.deviation, result.entry, by_entries)


class Mismatch(IllFormed):
    """Two sides that each have a value, of different shapes: the claim is false."""


class FreeIndex(IllFormed):
    """An index that is free on the right side only; the comparison shows the difference all the same."""

    def __init__(self, message: str, result: Comparison) -> None:
        super().__init__(message)
        self.result = result


def _is_zero(a: Value) -> bool:
    return not np.any(a.array)


def described(a: Value) -> str:
    """`a number`, `a column of size 3`, `of shape (2, 3)`."""
    if a.rank == 0:
        return "a number"
    if a.rank == 1:
        kind = "vector" if a.orientation == "free" else a.orientation
        return f"a {kind} of size {a.shape[0]}"
    return f"of shape {shape_text(a.shape)}"


def _entries_against_whole(left: Value, right: Value, order: tuple[str, ...]) -> tuple[Value, Value, str]:
    """`J_a(W) = da_i/dw_kl`: the letters of one side become axes where the other side is the whole array."""
    for whole, entries, swapped in ((left, right, False), (right, left, True)):
        if whole.letters or not entries.letters or entries.rank or len(entries.letters) != whole.rank:
            continue
        letters = tuple(x for x in order if x in entries.letters)
        if len(letters) != whole.rank:
            continue
        turned = letter_to_axis(entries, letters).as_("free")
        names = " ".join(x.partition("#")[0] for x in letters)
        note = f"one side is the whole array, the other its entry with the indices {names}"
        return (turned, whole, note) if swapped else (whole, turned, note)
    return left, right, ""


def _as_vectors(left: Value, right: Value) -> tuple[Value, Value]:
    """A matrix with one column is a column, one with one row is a row, where the other side is a vector or a number."""
    return _vector_like(left, right), _vector_like(right, left)


def _vector_like(a: Value, other: Value) -> Value:
    if a.rank and not other.rank and set(a.shape) == {1}:  # one entry is a number, where the other side is one
        lead = 1 + len(a.letters)
        return Value({(): a.array.reshape(a.array.shape[:lead])}, a.letters)
    if a.rank != 2 or other.rank != 1 or 1 not in a.shape:
        return a
    axis = 1 if a.shape[1] == 1 else 0
    place = 1 + len(a.letters) + axis
    orientation: Any = "column" if axis else "row"
    return Value({(): a.array.squeeze(place)}, a.letters, 1, orientation)


def _deviation(a: Array, b: Array, letters: tuple[str, ...], base: int) -> Comparison:
    with np.errstate(all="ignore"):
        difference = np.abs(a - b).astype(np.float64)
    if not np.all(np.isfinite(difference)):
        return Comparison(float("nan"))
    largest = max(
        float(np.max(np.abs(a).astype(float), initial=0.0)), float(np.max(np.abs(b).astype(float), initial=0.0))
    )
    if difference.size == 0:
        return Comparison(0.0)
    place = np.unravel_index(int(np.argmax(difference)), difference.shape)
    deviation = float(difference[place]) / max(largest, 1e-300) if difference[place] else 0.0
    if largest < 1e-12:
        deviation = 0.0
    named = tuple((x.partition("#")[0], int(n) + base) for x, n in zip(letters, place[1:], strict=False))
    axes = tuple(int(n) + base for n in place[1 + len(letters) :])
    return Comparison(deviation, Entry(named, axes, float(a[place]), float(b[place])))
