"""Reshape, flatten, vec: the entries stay in order, the axes change.

The signature shares a label between input and output wherever an axis stays; the deltas follow from it. Only axes that
are regrouped need a 0/1 index pattern, one for each smallest block of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature
from jacobians.ops.labels import NEW, OLD, option_sizes, tied, whole
from jacobians.terms import Array, letters

#: Old axes and new axes that hold the same entries.
Run = tuple[list[int], list[int]]


def runs(old: Shape, new: Shape) -> list[Run]:
    """The smallest runs of old and of new axes that hold equally many entries, in order.

    One old and one new axis are a run where an axis stays; an axis of size 1 may be a run by itself.
    """
    found: list[Run] = []
    i = j = 0
    while i < len(old) or j < len(new):
        first = (i, j)
        if i < len(old) and j < len(new) and old[i] == new[j]:
            i, j = i + 1, j + 1
        elif i < len(old) and old[i] == 1:
            i += 1
        elif j < len(new) and new[j] == 1:
            j += 1
        else:
            i, j = i + 1, j + 1
            while (m := math.prod(old[first[0] : i])) != (n := math.prod(new[first[1] : j])):
                i, j = (i + 1, j) if m < n else (i, j + 1)
        found.append((list(range(first[0], i)), list(range(first[1], j))))
    return found


def flat_index(sizes: Sequence[int], first: int) -> str:
    """`3 {1} + {2}`: the place of an entry in row-major order, its labels numbered from `first`."""
    strides = [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]
    return " + ".join(f"{n} {{{first + k}}}" if n > 1 else f"{{{first + k}}}" for k, n in enumerate(strides))


class Regroup(Op):
    """The entries of x in the same order under another shape; a subclass says which."""

    inputs = {"x": "..."}
    output = "..."

    def target(self, shape: OpenShape) -> OpenShape:
        """The output's shape for an input of this shape."""
        raise NotImplementedError

    def blocks(self, old: Shape, new: Shape) -> list[Run]:
        """Runs of old and new axes between which the entries are regrouped."""
        return runs(old, new)

    def compute(self, x: Array) -> Array:
        return x.reshape(_known(self.target(x.shape)))

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        old = shapes["x"]
        new = self.target(old)
        inp, out = letters(OLD, len(old)), list(letters(NEW, len(new)))
        sizes = {a: n for a, n in zip(out, new, strict=True) if n is not None}
        if all(old) and all(new):  # every size is known, and none is 0, which is refused later
            for a, b in self.blocks(_known(old), _known(new)):
                if len(a) == len(b) == 1:
                    out[b[0]] = inp[a[0]]  # the axis stays: one label, a delta
        return Signature({"x": inp}, tuple(out), sizes={a: n for a, n in sizes.items() if a in out})

    def d_x(self, x: Array) -> Rule:
        signature = self.signature({"x": x.shape})
        inp, out = signature.inputs["x"], signature.output
        new = _known(self.target(x.shape))
        factors = []
        for a, b in self.blocks(x.shape, new):
            if len(a) and len(b) and (len(a), len(b)) != (1, 1):
                a, b = [k for k in a if x.shape[k] > 1], [k for k in b if new[k] > 1]  # size 1 adds nothing
                left, right = [new[k] for k in b], [x.shape[k] for k in a]
                name = f"[{flat_index(left, 0)} = {flat_index(right, len(b))}]"
                hits = np.eye(math.prod(left), dtype=bool).reshape(*left, *right)
                factors.append(((*(out[k] for k in b), *(inp[k] for k in a)), name, hits))
        return tied(signature, "x", *factors)


def _known(shape: OpenShape) -> Shape:
    return tuple(n for n in shape if n is not None)


class Reshape(Regroup):
    """y = the entries of x, in row-major order, under a new shape; one size may be -1.

    Shapes:    x (any shape) -> y (shape)
    Formula:   y_ok = x_ijk with o = 3 i + j, for (2, 3, 5) -> (6, 5)
    Jacobians: dy/dx = δ_kk' [o = 3 i + j]   (o k | i j k')
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, shape: Sequence[int]) -> None:
        """Take the new shape: `Reshape((6, -1))`."""
        self.shape = option_sizes(self.label, shape, open_size=True)

    def target(self, shape: OpenShape) -> OpenShape:
        fixed = math.prod(n for n in self.shape if n != -1)
        if None in shape:
            return tuple(None if n == -1 else n for n in self.shape)
        entries = math.prod(_known(shape))
        fits = entries % fixed == 0 if -1 in self.shape else entries == fixed
        if not fits:
            many = f"a multiple of {fixed}" if -1 in self.shape else str(fixed)
            raise ShapeError(
                f"{self.label}.x: expected {many} entries for the shape {shape_text(self.shape)}, "
                f"got {shape_text(shape)} with {entries}; choose sizes whose product is {entries}"
            )
        return tuple(entries // fixed if n == -1 else n for n in self.shape)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return tuple(cls(shape) for shape in ((6, -1), (-1,), (5, 3, 2), (2, 1, 15), (1, 2, 3, 1, 5)))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return ({"x": tuple(sizes[:3])}, {"x": (30,)}, {"x": (1, 6, 5)})


class Flatten(Regroup):
    """y = the entries of x as one axis, in row-major order; the first `start` axes stay.

    Shapes:    x (i j) -> y (o), o = i j; with start=1: x (n i j) -> y (n o)
    Formula:   y_o = x_ij with o = n_j i + j
    Jacobians: dy/dx = [o = 3 i + j]   (o | i j)    for n_j = 3
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, start: int = 0) -> None:
        """Keep the first `start` axes (batch axes) as they are."""
        if not whole(start) or start < 0:
            raise InputError(f"{self.label}: expected start = 0, 1, 2, ... leading axes that stay, got {start!r}")
        self.start = int(start)

    def target(self, shape: OpenShape) -> OpenShape:
        if len(shape) < self.start:
            raise ShapeError(
                f"{self.label}.x: expected at least {self.start} axes for start={self.start}, "
                f"got {shape_text(shape)} with {len(shape)}; choose a smaller start"
            )
        rest = shape[self.start :]
        return (*shape[: self.start], None if None in rest else math.prod(_known(rest)))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(start=1))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return tuple({"x": tuple(sizes[:rank])} for rank in (2, 1, 3))


class Vec(Regroup):
    """y = vec x: the columns of x one below the other (order="column"), or its rows one after the other.

    Shapes:    x (i j) -> y (o), o = i j
    Formula:   y_o = x_ij with o = i + n_i j for columns, o = n_j i + j for rows
    Jacobians: dy/dx = [o = 2 j + i]   (o | i j)    for n_i = 2
    Source:    Magnus, Neudecker, "Matrix Differential Calculus" (1988), sec. 2.4; Jacobian: own derivation
    """

    def __init__(self, order: str = "column") -> None:
        """Choose the axis that runs first: the first one (column) or the last one (row)."""
        if order not in ("row", "column"):
            raise InputError(f"{self.label}: expected order='row' or order='column', got {order!r}")
        self.order = order

    def target(self, shape: OpenShape) -> OpenShape:
        return (None if None in shape else math.prod(_known(shape)),)

    def compute(self, x: Array) -> Array:
        return (x.T if self.order == "column" else x).reshape(-1)

    def blocks(self, old: Shape, new: Shape) -> list[Run]:
        if self.order == "row":
            return runs(old, new)
        return [([len(old) - 1 - k for k in a], b) for a, b in runs(old[::-1], new)]

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls("row"))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return tuple({"x": tuple(sizes[:rank])} for rank in (2, 1, 3))


OPS: tuple[Op, ...] = (Reshape((6, -1)), Flatten(), Vec())
