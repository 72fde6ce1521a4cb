"""What softmax, norms and reductions share: one input x, taken along one of its axes or over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Op, OpenShape, Shape, Signature
from jacobians.terms import Array, Labels, as_array, letters


@dataclass(frozen=True, slots=True)
class AxisLabels:
    """The labels of x, those along the op's axis, the rest, and those of x with a second index along the axis."""

    x: Labels
    along: Labels
    batch: Labels
    other: Labels

    def patterns(self) -> tuple[str, str, str]:
        """The labels of x, of the batch and of x with a second index along the axis, as a pattern writes them."""
        return " ".join(self.x), " ".join(self.batch), " ".join(self.other)


class AlongAxis(Op):
    """An op of x along `axis`, output like x; the other axes are batch axes (n, m, ...) wherever they stand."""

    inputs = {"x": "... i"}
    output = "... i"
    #: Whether `axis=None`, over all axes, has a meaning.
    over_all: ClassVar[bool] = True
    #: Letters of the axes that the op runs along.
    along_letters: ClassVar[str] = "ijklpquvwh"

    def __init__(self, axis: int | None = -1) -> None:
        allows_none = axis is None and self.over_all
        if isinstance(axis, bool) or not (isinstance(axis, int | np.integer) or allows_none):
            allowed = "an integer, or None for all axes" if self.over_all else "an integer"
            raise InputError(f"{self.label}.axis: expected {allowed}, got {axis!r}")
        self.axis = axis if axis is None else int(axis)

    def labels(self, rank: int) -> AxisLabels:
        """The labels of an x of this rank, or an InputError where it lacks the axis."""
        if not self._fits(rank):
            fits = f"-{rank} <= axis < {rank} for x of rank {rank}" if rank else "an x of rank 1 or more"
            got = self.axis if rank else f"axis={self.axis} for an x of rank 0"
            raise InputError(f"{self.label}.axis: expected {fits}, got {got}")
        at = set(range(rank)) if self.axis is None else {self.axis % rank}
        first, batch = iter(letters(self.along_letters, 2 * len(at))), iter(letters(self.letters, rank - len(at)))
        x = tuple(next(first if k in at else batch) for k in range(rank))
        other = tuple(next(first) if k in at else x[k] for k in range(rank))
        along, rest = (tuple(a for k, a in enumerate(x) if (k in at) == inside) for inside in (True, False))
        return AxisLabels(x, along, rest, other)

    def _fits(self, rank: int) -> bool:
        return self.axis is None or -rank <= self.axis < rank

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        names = self.labels(len(shapes["x"]))
        return Signature({"x": names.x}, names.x, names.batch)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Without batch axes, with one, with two; over all axes of one and of two (more is only more entries)."""
        a, b, c = sizes[:3]
        shapes = ((b,), (a, b)) if self.axis is None else ((b,), (a, b), (c, a, b))
        return [{"x": shape} for shape in shapes if self._fits(len(shape))]


class Reduction(AlongAxis):
    """An op whose output lacks the axes that it runs along: over all axes unless told otherwise."""

    output = "..."

    def __init__(self, axis: int | None = None) -> None:
        super().__init__(axis)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        names = self.labels(len(shapes["x"]))
        return Signature({"x": names.x}, names.batch, names.batch)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=-1), cls(axis=1))


def first_largest(x: Array, axis: int | None) -> Array:
    """1 at the largest entry along the axis, at the first of several (as `np.argmax`), 0 elsewhere; booleans."""
    if axis is None:
        return as_array(np.arange(x.size).reshape(x.shape) == np.argmax(x))
    along = [-1 if k == axis % x.ndim else 1 for k in range(x.ndim)]
    return as_array(np.arange(x.shape[axis]).reshape(along) == np.argmax(x, axis=axis, keepdims=True))
