"""Slice, index, gather: some positions of one axis.

A 0/1 index pattern stands only on that axis; every other axis is tied by a delta.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature
from jacobians.ops.labels import NEW, around, entry_at, place, plus, tied, whole_option
from jacobians.terms import Array, letters


class Pick(Op):
    """Some positions of one axis; a subclass says which ones."""

    inputs = {"x": "... i"}
    output = "... o"
    axis: int

    def positions(self, shape: OpenShape, size: int) -> Array:
        """The positions that are picked out of an axis of this size, or a ShapeError."""
        raise NotImplementedError

    def picked(self, size: int) -> str:
        """The position written with the labels of the output, in plain notation."""
        raise NotImplementedError

    def open_sizes(self) -> OpenShape:
        """The sizes of the axes that come instead, as far as they are known without the input's size."""
        raise NotImplementedError

    def compute(self, x: Array) -> Array:
        return np.take(x, self.positions(x.shape, x.shape[self.axis]), axis=self.axis)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        shape = shapes["x"]
        axis = place(f"{self.label}.x", self.axis, shape)
        size = shape[axis]
        sizes: OpenShape = self.open_sizes() if size is None else self.positions(shape, size).shape
        new = letters(NEW, len(sizes))
        known = {a: n for a, n in zip(new, sizes, strict=True) if n is not None}
        inp, out = around(len(shape), axis, ("i",)), around(len(shape), axis, new)
        return Signature({"x": inp}, out, sizes=known)

    def d_x(self, x: Array) -> Rule:
        size = x.shape[self.axis]
        hits = self.positions(x.shape, size)[..., None] == np.arange(size)
        labels = (*letters(NEW, hits.ndim - 1), "i")
        name = f"[{{{hits.ndim - 1}}} = {self.picked(size)}]"
        return tied(self.signature({"x": x.shape}), "x", (labels, name, hits))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        long, *rest = (sizes[3], sizes[0], sizes[1])  # long enough for the options of `variants`
        ranks = [r for r in (1, 2, 3) if -r <= self.axis < r]
        return [{"x": (*rest[: self.axis % r], long, *rest[self.axis % r : r - 1])} for r in ranks]


class Slice(Pick):
    """y = x[start:stop:step] along an axis; positions below zero count from the end, as in Python.

    Shapes:    x (... i) -> y (... o); start and stop within the axis (no clipping)
    Formula:   y_o = x_i with i = start + step o
    Jacobians: dy/dx = [i = 2 o + 1]   (o | i)    for start=1, step=2
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, start: int | None = None, stop: int | None = None, step: int = 1, axis: int = -1) -> None:
        """Take the first position, the one after the last, the step and the axis."""
        self.start = None if start is None else whole_option(self.label, "start", start)
        self.stop = None if stop is None else whole_option(self.label, "stop", stop)
        self.step = whole_option(self.label, "step", step)
        self.axis = whole_option(self.label, "axis", axis)
        if self.step == 0:
            raise InputError(f"{self.label}: expected a step other than 0, got 0")

    def positions(self, shape: OpenShape, size: int) -> Array:
        ends = [k for k in (self.start, self.stop) if k is not None]
        chosen = np.arange(size)[self.start : self.stop : self.step]
        if chosen.size == 0 or any(not -size <= k <= size for k in ends):
            text = ":".join("" if k is None else str(k) for k in (self.start, self.stop, self.step))
            raise ShapeError(
                f"{self.label}.x: expected an axis {self.axis} that holds [{text}], got {shape_text(shape)} with "
                f"{size} entries there; choose start and stop from {-size} to {size} with entries between them"
            )
        return chosen

    def open_sizes(self) -> OpenShape:
        start, stop = self.start or 0, self.stop
        if stop is None or stop < 0 or start < 0 or self.step < 0:
            return (None,)
        return (len(range(start, stop, self.step)),)

    def picked(self, size: int) -> str:
        first = slice(self.start, self.stop, self.step).indices(size)[0]
        if self.step < 0:
            return f"{first} - {'{0}' if self.step == -1 else f'{-self.step} {{0}}'}"
        return plus("{0}" if self.step == 1 else f"{self.step} {{0}}", first)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(1, None, 2), cls(1, 4, axis=0), cls(-3, axis=1), cls(None, None, -1), cls(5, 1, -2))


class Index(Pick):
    """y = x[index] along an axis, which is dropped; an index below zero counts from the end.

    Shapes:    x (... i) -> y (...)
    Formula:   y = x_i with i = index
    Jacobians: dy/dx = [i = 2]   (| i)    for index=2
    Source:    own derivation, checked by the contract test
    """

    output = "..."

    def __init__(self, index: int, axis: int = -1) -> None:
        """Take the position and the axis."""
        self.index = whole_option(self.label, "index", index)
        self.axis = whole_option(self.label, "axis", axis)

    def positions(self, shape: OpenShape, size: int) -> Array:
        if not -size <= self.index < size:
            raise ShapeError(
                f"{self.label}.x: expected an axis {self.axis} with index {self.index}, got {shape_text(shape)} with "
                f"{size} entries there; choose an index from {-size} to {size - 1}"
            )
        return np.asarray(self.index % size)

    def open_sizes(self) -> OpenShape:
        return ()

    def picked(self, size: int) -> str:
        return str(self.index % size)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(2), cls(-1), cls(3, axis=0), cls(1, axis=1))


class Gather(Pick):
    """y = x at a list (or an array) of positions along an axis; a position may come several times.

    Shapes:    x (... i), indices (o) -> y (... o)
    Formula:   y_o = x_i with i = indices_o
    Jacobians: dy/dx = [i = indices[o]]   (o | i)
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, indices: ArrayLike, axis: int = -1) -> None:
        """Take the positions, counted from 0, in an array with one axis or more."""
        array = np.array(indices)
        if array.dtype.kind not in "iu" or array.ndim == 0 or array.size == 0 or array.min() < 0:
            raise InputError(f"{self.label}: expected an array of indices 0, 1, 2, ..., got {indices!r}")
        array.setflags(write=False)
        self.indices = array
        self.axis = whole_option(self.label, "axis", axis)

    def positions(self, shape: OpenShape, size: int) -> Array:
        if (largest := self.indices.max()) >= size:
            raise ShapeError(
                f"{self.label}.x: expected an axis {self.axis} with index {largest}, got {shape_text(shape)} with "
                f"{size} entries there; choose indices from 0 to {size - 1}"
            )
        return self.indices

    def open_sizes(self) -> OpenShape:
        return self.indices.shape

    def picked(self, size: int) -> str:
        return entry_at("indices", self.indices.ndim)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls([2, 0, 2]), cls([[4, 1, 1], [0, 3, 2]]), cls([1, 0], axis=0), cls([3], axis=1))


OPS: tuple[Op, ...] = (Slice(1, None, 2), Index(2), Gather([2, 0, 2]))
