"""Labelled arrays with exact derivatives: what a part of a formula is worth, at several points at once.

The axes of every array are: draws of the random point | free index letters | structure | axes of seeds. A seed is a
quantity that something is differentiated by; the part of a value that belongs to the seeds (s,) is its derivative by s,
the part (s, t) the second derivative. Products and sums keep all parts exact (forward accumulation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from jacobians.claims.errors import IllFormed

Array = np.ndarray[Any, Any]
Orientation = Literal["column", "row", "free"]
#: Of a vector and of its transpose.
FLIPPED: dict[Orientation, Orientation] = {"column": "row", "row": "column", "free": "free"}


class Seed(NamedTuple):
    """A quantity that is differentiated by, with its shape; `order` tells apart two of one name.

    With `direct`, only what stands in the equation itself varies with it: everything else in it is held fixed.
    """

    name: str
    order: int
    direct: bool
    shape: tuple[int, ...]


Seeds = tuple[Seed, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """Parts by seeds (the value itself has none), the free letters in the order of their axes, the structural rank.

    `orientation` says for rank 1 whether it is a column, a row, or whichever fits (the gradient of a number). `split`
    says for a derivative how many of the structural axes are those of the output.
    """

    parts: Mapping[Seeds, Array]
    letters: tuple[str, ...] = ()
    rank: int = 0
    orientation: Orientation = "column"
    split: int | None = None

    @property
    def array(self) -> Array:
        """The value itself."""
        return self.parts[()]

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the structural axes."""
        start = 1 + len(self.letters)
        return tuple(self.array.shape[start : start + self.rank])

    def size_of(self, letter: str) -> int:
        """How many values a free letter takes."""
        return int(next(iter(self.parts.values())).shape[1 + self.letters.index(letter)])

    def each(self, f: Callable[[Array], Array]) -> dict[Seeds, Array]:
        """A linear map of the leading axes, applied to every part."""
        return {seeds: f(part) for seeds, part in self.parts.items()}

    def as_(self, orientation: Orientation | None = None, split: int | None = None) -> Value:
        """The same numbers, understood otherwise."""
        return Value(self.parts, self.letters, self.rank, orientation or self.orientation, split)


def constant(number: Any) -> Value:
    """A number, the same at every point."""
    return Value({(): np.asarray([number])})


def structured(array: Array, orientation: Orientation = "column") -> Value:
    """A fixed array, the same at every point: an identity, a vector of ones."""
    return Value({(): array[None]}, (), array.ndim, orientation)


def along(letter: str, numbers: Array) -> Value:
    """A number for every value of a letter."""
    return Value({(): numbers[None]}, (letter,))


def all_letters(a: Value, b: Value) -> tuple[str, ...]:
    """The letters of two values that are put together.

    Raises:
        IllFormed: one letter counts to different numbers in them.
    """
    for x in a.letters:
        if x in b.letters and a.size_of(x) != b.size_of(x):
            letter = x.partition("#")[0]
            raise IllFormed(
                f"the index {letter} counts to {a.size_of(x)} in one place and to {b.size_of(x)} in another"
            )
    return (*a.letters, *(x for x in b.letters if x not in a.letters))


# ----- products -----


def contract(a: Value, b: Value, left: str, right: str, out: str) -> Value:
    """The product of two values, structural axes as in einsum: `contract(A, x, "ij", "j", "i")`."""
    ids: dict[object, int] = {}

    def axes(*things: object) -> list[int]:
        return [ids.setdefault(thing, len(ids)) for thing in things]

    letters = all_letters(a, b)
    axes_a, axes_b = axes(None, *a.letters, *map(ord, left)), axes(None, *b.letters, *map(ord, right))
    axes_out = axes(None, *letters, *map(ord, out))
    parts: dict[Seeds, Array] = {}
    for s, x in a.parts.items():
        for t, y in b.parts.items():
            if s and t and set(s) & set(t):
                continue
            both = tuple(sorted(s + t))
            made = np.einsum(x, axes_a + axes(*_axes(s)), y, axes_b + axes(*_axes(t)), axes_out + axes(*_axes(both)))
            parts[both] = parts[both] + made if both in parts else made
    return Value(parts, letters, len(out))


def _axes(seeds: Seeds) -> list[tuple[Seed, int]]:
    return [(seed, k) for seed in seeds for k in range(len(seed.shape))]


def rearrange(a: Value, axes: str, out: str) -> Value:
    """One value with structural axes repeated (diagonal), left out (summed) or moved: `rearrange(A, "ij", "ji")`."""
    return contract(a, ONE, axes, "", out)


def hadamard(a: Value, b: Value) -> Value:
    """Entry by entry; a number multiplies everything."""
    axes = "abcdefgh"
    left, right = axes[: a.rank], axes[: b.rank]
    return contract(a, b, left, right, max(left, right, key=len))


ONE = constant(1.0)


# ----- sums -----


def add(a: Value, b: Value, sign: int = 1) -> Value:
    """a + b or a - b; a number is added to every entry."""
    letters = all_letters(a, b)
    rank = max(a.rank, b.rank)
    x, y = (aligned(v, letters, rank) for v in (a, b))
    parts: dict[Seeds, Array] = {}
    for seeds in dict.fromkeys((*x, *y)):
        if seeds not in y:
            parts[seeds] = x[seeds]
        elif seeds not in x:
            parts[seeds] = y[seeds] if sign > 0 else -y[seeds]
        else:
            parts[seeds] = x[seeds] + y[seeds] if sign > 0 else x[seeds] - y[seeds]
    parts = _filled(parts, len(letters) + rank)
    main = a if a.rank == rank else b
    return Value(parts, letters, rank, main.orientation)


def _filled(parts: dict[Seeds, Array], leading: int) -> dict[Seeds, Array]:
    """Every part as wide as the value itself on the axes of letters and structure."""
    shape = parts[()].shape[1:]
    return {
        seeds: part
        if part.shape[1 : 1 + leading] == shape
        else np.broadcast_to(part, (part.shape[0], *shape, *part.shape[1 + leading :]))
        for seeds, part in parts.items()
    }


def aligned(a: Value, letters: Sequence[str], rank: int) -> dict[Seeds, Array]:
    """The parts with axes for all letters and for `rank` structural axes; those it has not are of size 1."""
    if a.letters == tuple(letters) and a.rank == rank:
        return dict(a.parts)
    have = len(a.letters)
    order = [0, *(1 + a.letters.index(x) for x in letters if x in a.letters)]
    shape_of = [x in a.letters for x in letters]

    def moved(part: Array) -> Array:
        part = part.transpose(*order, *range(1 + have, part.ndim))
        sizes = iter(part.shape[1 : 1 + have])
        wide = [next(sizes) if there else 1 for there in shape_of]
        structure = part.shape[1 + have : 1 + have + a.rank]
        fill = (1,) * (rank - a.rank)
        return part.reshape(part.shape[0], *wide, *fill, *structure, *part.shape[1 + have + a.rank :])

    return a.each(moved)


def scaled(a: Value, factor: Any) -> Value:
    """A multiple."""
    return replace(a, parts=a.each(lambda part: part * factor))


def transposed(a: Value) -> Value:
    """The structural axes in reverse; a column becomes a row."""
    if a.rank < 2:
        return replace(a, orientation=FLIPPED[a.orientation], split=None)
    names = "abcdefgh"[: a.rank]
    return rearrange(a, names, names[::-1])


# ----- functions of one variable, entry by entry -----

#: f(n, x): the n-th derivative at x.
Derivatives = Callable[[int, Array], Array]


def mapped(f: Derivatives, a: Value) -> Value:
    """f entry by entry, with its derivatives by the rule for composite functions, up to the second."""
    seeded = [seeds for seeds in a.parts if seeds]
    inner = Value({(): f(0, a.array)}, a.letters, a.rank, a.orientation)
    if not seeded:
        return inner
    slope = Value({(): f(1, a.array)}, a.letters, a.rank, a.orientation)
    parts = dict(inner.parts)
    for seeds in seeded:
        part = hadamard(slope, _only(a, seeds)).parts[seeds]
        parts[seeds] = parts[seeds] + part if seeds in parts else part
    for k, s in enumerate(seeded):
        for t in seeded[k + 1 :]:
            if len(s) == len(t) == 1 and s != t:
                bend = replace(a, parts={(): f(2, a.array)})
                both = hadamard(bend, hadamard(_only(a, s), _only(a, t)))
                ((key, part),) = both.parts.items()
                parts[key] = parts[key] + part if key in parts else part
    return replace(a, parts=parts, split=None)


def _only(a: Value, seeds: Seeds) -> Value:
    return Value({seeds: a.parts[seeds]}, a.letters, a.rank, a.orientation)


# ----- indices -----


def take_letter(a: Value, axis: int, letter: str) -> Value:
    """A structural axis becomes a free letter; one that is free already is tied to it (the diagonal)."""
    names = [chr(97 + k) for k in range(a.rank)]
    ids = {name: 1 + k for k, name in enumerate((*a.letters, *names))}
    tied = ids[letter] if letter in a.letters else ids[names[axis]]
    source = [0, *range(1, 1 + len(a.letters)), *(tied if k == axis else ids[n] for k, n in enumerate(names))]
    letters = a.letters if letter in a.letters else (*a.letters, letter)
    kept = [ids[n] for k, n in enumerate(names) if k != axis]
    out = [0, *(tied if x == letter else ids[x] for x in letters), *kept]
    offset = 1 + len(ids)

    def taken(part: Array) -> Array:
        rest = list(range(offset, offset + part.ndim - len(source)))
        return np.asarray(np.einsum(part, source + rest, out + rest))

    return Value(a.each(taken), letters, a.rank - 1, a.orientation)


def take_number(a: Value, axis: int, number: int) -> Value:
    """One entry along a structural axis, counted from 0."""
    place = 1 + len(a.letters) + axis
    return Value(a.each(lambda part: part.take(number, axis=place)), a.letters, a.rank - 1, a.orientation)


def take_slice(a: Value, axis: int, start: int, stop: int) -> Value:
    """A part of a structural axis, counted from 0."""
    index = (slice(None),) * (1 + len(a.letters) + axis) + (slice(start, stop),)
    return replace(a, parts=a.each(lambda part: part[index]), split=None)


def sum_letter(a: Value, letter: str) -> Value:
    """The sum over all values of a free letter."""
    place = 1 + a.letters.index(letter)
    letters = tuple(x for x in a.letters if x != letter)
    return replace(a, parts=a.each(lambda part: part.sum(axis=place)), letters=letters)


def letter_to_axis(a: Value, letters: Sequence[str]) -> Value:
    """Free letters become structural axes, in this order, before those that are there."""
    rest = tuple(x for x in a.letters if x not in letters)
    order = [0, *(1 + a.letters.index(x) for x in (*rest, *letters))]

    def moved(part: Array) -> Array:
        return part.transpose(*order, *range(len(order), part.ndim))

    return Value(a.each(moved), rest, a.rank + len(letters), "column")
