"""A claimed and a true array side by side: what is compared, how exactly, and how a mistake is written down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jacobians.errors import shape_text
from jacobians.terms import Array, Labels

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: Entries looked at before two whole arrays are compared.
PROBES = 128


@dataclass(frozen=True)
class Mistake:
    """What went wrong: a name, a sentence, and how to correct it; `{}` in the correction stands for the claim."""

    name: str
    sentence: str
    corrected: str = ""


class Form(NamedTuple):
    """The array that one makes who makes a mistake."""

    mistake: Mistake
    array: Array


@dataclass(frozen=True)
class Case:
    """Two arrays of finite numbers; `out` is the number of output axes of the true one, None where nobody said."""

    claimed: Array
    true: Array
    out: int | None
    names: Labels
    tolerance: float
    jacobian: Jacobian | None = None

    @property
    def rank(self) -> int:
        return self.true.ndim

    @property
    def same_shape(self) -> bool:
        return self.claimed.shape == self.true.shape

    @property
    def splits(self) -> Sequence[int]:
        """The numbers of output axes to consider: the one given, else all, an even split first."""
        if self.out is not None:
            return (self.out,)
        return sorted(range(self.rank + 1), key=lambda n: (abs(2 * n - self.rank), n))

    @cached_property
    def scale(self) -> float:
        """The largest claimed number."""
        return float(np.max(np.abs(self.claimed), initial=0.0))

    @cached_property
    def allowed(self) -> float:
        """How far two entries may be apart and still count as equal."""
        return self.tolerance * self.scale

    @cached_property
    def probes(self) -> tuple[tuple[Array, ...], Array]:
        """Places, half of them where the claim is not zero, one where it is most wrong, and what is claimed there."""
        if not self.claimed.ndim:
            return (), self.claimed.reshape(1)
        rng = np.random.default_rng(0)
        flat = self.claimed.ravel()
        hits = np.flatnonzero(flat)
        places = [rng.integers(flat.size, size=PROBES // 2)]
        if hits.size:
            places.append(hits[rng.integers(hits.size, size=PROBES // 2)])
        if self.same_shape:
            places.append(np.abs(self.claimed - self.true).argmax(keepdims=True).ravel())
        at = np.unravel_index(np.concatenate(places), self.claimed.shape)
        return tuple(at), self.claimed[tuple(at)]

    def factor(self, form: Array) -> float | None:
        """The number s with claimed = s * form (1 if they are equal); None where there is none."""
        if form.shape != self.claimed.shape:
            return None
        at, claimed = self.probes
        seen = np.ravel(form[at])
        top = int(np.argmax(np.abs(seen)))
        if not (seen[top] and claimed[top]) or not self._near(claimed, seen * (claimed[top] / seen[top])):
            return None
        if self._near(self.claimed, form):
            return 1.0
        product = float(np.vdot(form, self.claimed) / np.vdot(form, form))
        return product if product and self._near(self.claimed, product * form) else None

    def equals(self, form: Array) -> bool:
        """Whether this is what is claimed."""
        at, claimed = self.probes
        return (
            form.shape == self.claimed.shape
            and self._near(claimed, np.ravel(form[at]))
            and self._near(self.claimed, form)
        )

    def _near(self, one: Array, two: Array) -> bool:
        return bool(np.abs(one - two).max(initial=0.0) <= self.allowed)

    def negligible(self, array: Array) -> bool:
        """Whether all entries are zero but for rounding."""
        return bool(np.abs(array).max(initial=0.0) <= self.allowed)

    # ----- words -----

    def axes(self, chosen: Sequence[int]) -> str:
        """`o`, `o, i`."""
        return ", ".join(self.names[k] for k in chosen)


def bar(words: Sequence[str], out: int) -> str:
    """`(o | o' i)`."""
    return "(" + " ".join((*words[:out], "|", *words[out:])) + ")"


def pairs(case: Case) -> Iterator[tuple[int, int]]:
    """Two axes of the true array that a delta can tie: equally long, an output and an input if that is known."""
    shape = case.true.shape
    for k in range(case.rank):
        for other in range(k + 1, case.rank):
            apart = case.out is None or case.out in (0, case.rank) or k < case.out <= other
            if shape[k] == shape[other] > 1 and apart:
                yield k, other


def ties(case: Case) -> Iterator[tuple[tuple[int, int], ...]]:
    """Sets of ties: each pair of axes alone, then every output axis with its input axis."""
    single = list(pairs(case))
    yield from ((pair,) for pair in single)
    shape = case.true.shape
    for n in case.splits:
        if n > 1 and shape[:n] == shape[n:]:
            yield tuple((k, k + n) for k in range(n))


def delta(shape: Sequence[int], tied: Sequence[tuple[int, int]]) -> Array:
    """1 where the tied indices are equal, to be broadcast against an array of that shape."""
    result = np.ones((1,) * len(shape), bool)
    for k, other in tied:
        sizes = [1] * len(shape)
        sizes[k] = sizes[other] = shape[k]
        result = result & np.eye(shape[k], dtype=bool).reshape(sizes)
    return result


def diagonal(array: Array, tied: Sequence[tuple[int, int]], late: bool = False) -> Array:
    """The entries with equal tied indices; their axis stands where the first, or the `late` one, was. A view."""
    labels = list(range(array.ndim))
    dropped = {k if late else other for k, other in tied}
    for k, other in tied:
        labels[other] = labels[k]
    kept = [labels[axis] for axis in range(array.ndim) if axis not in dropped]
    return np.asarray(np.einsum(array, labels, kept))


def index_text(index: Sequence[int]) -> str:
    """`[0, 1]`."""
    return "[" + ", ".join(map(str, index)) + "]"


def tuple_text(sizes: Sequence[int]) -> str:
    """A shape as Python writes it."""
    return f"({sizes[0]},)" if len(sizes) == 1 else shape_text(sizes)
