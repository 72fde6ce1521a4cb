"""Broadcast, permute, diagonal, triangles: every entry keeps its indices, so deltas say all but where the zeros are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.labels import NEW, OLD, option_sizes, plus, tied, whole, whole_option
from jacobians.terms import Array, letters


class Broadcast(Op):
    """y = x repeated along new leading axes and along axes of size 1, by NumPy's rule.

    Shapes:    x (i j) -> y (shape), aligned at the last axis
    Formula:   y_opj = x_ij for i of size 1
    Jacobians: dy/dx = δ_jj'   (o p j | i j')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "..."}
    output = "..."

    def __init__(self, shape: Sequence[int]) -> None:
        """Take the shape of the output: `Broadcast((4, 2, 3))`."""
        self.shape = option_sizes(self.label, shape)

    def compute(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        old = shapes["x"]
        lead = len(self.shape) - len(old)
        if lead < 0 or any(n not in (None, 1, m) for n, m in zip(old, self.shape[lead:], strict=True)):
            raise ShapeError(
                f"{self.label}.x: expected sizes that are 1 or those of the shape {shape_text(self.shape)}, aligned at "
                f"the last axis, got {shape_text(old)}; choose a shape that x fits"
            )
        inp = letters(OLD, len(old))
        fresh = letters(NEW, len(self.shape))
        # an axis that stays is tied; an axis of size 1, or a new one, has a label of its own: ones
        out = tuple(inp[k - lead] if k >= lead and old[k - lead] == n else fresh[k] for k, n in enumerate(self.shape))
        return Signature({"x": inp}, out, sizes={a: n for a, n in zip(out, self.shape, strict=True) if a in fresh})

    def d_x(self, x: Array) -> Rule:
        return tied(self.signature({"x": x.shape}), "x")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls((5, 2, 3)),)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return tuple({"x": shape} for shape in ((1, 3), (3,), (2, 1), (5, 2, 3), (5, 1, 1), ()))


class Permute(Op):
    """y = x with its axes in another order: axis k of y is axis axes[k] of x.

    Shapes:    x (i j k) -> y (j k i) for axes=(1, 2, 0)
    Formula:   y_jki = x_ijk
    Jacobians: dy/dx = δ_ii' δ_jj' δ_kk'   (j k i | i' j' k')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "i j k"}
    output = "j k i"

    def __init__(self, axes: Sequence[int]) -> None:
        """Take the old place of each new axis: `Permute((1, 2, 0))`."""
        if not all(map(whole, axes)) or sorted(axes) != list(range(len(axes))):
            raise InputError(f"{self.label}: expected axes that are an order of 0, 1, 2, ..., got {axes!r}")
        self.axes = tuple(int(k) for k in axes)

    def compute(self, x: Array) -> Array:
        return x.transpose(self.axes)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        shape = shapes["x"]
        if len(shape) != len(self.axes):
            raise ShapeError(
                f"{self.label}.x: expected {len(self.axes)} axes for axes={self.axes}, got {shape_text(shape)} with "
                f"{len(shape)}; name every axis of x once"
            )
        inp = letters(OLD, len(shape))
        return Signature({"x": inp}, tuple(inp[k] for k in self.axes))

    def d_x(self, x: Array) -> Rule:
        return tied(self.signature({"x": x.shape}), "x")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls((1, 2, 0)), cls((1, 0)), cls((2, 0, 3, 1)))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return ({"x": tuple(sizes[: len(self.axes)])},)


class Diagonal(Op):
    """y = the diagonal of each square matrix.

    Shapes:    x (... i i) -> y (... i)
    Formula:   y_i = x_ii
    Jacobians: dy/dx = δ_ii' δ_ii''   (i | i' i'')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i i"}
    output = "... i"

    def compute(self, x: Array) -> Array:
        return np.diagonal(x, axis1=-2, axis2=-1)

    def d_x(self) -> Rule:
        return term("-> ... i | ... i i")


class Triangle(Op):
    """A part of each matrix that a diagonal bounds, zeros elsewhere: a 0/1 pattern on two deltas."""

    inputs = {"x": "... i j"}
    output = "... i j"

    def __init__(self, k: int = 0) -> None:
        """Take the diagonal: 0 is the main one, 1 the one above it, -1 the one below."""
        self.k = whole_option(self.label, "k", k)

    def part(self, matrix: Array) -> Array:
        """The kept part, zeros elsewhere."""
        raise NotImplementedError

    def compute(self, x: Array) -> Array:
        return self.part(x)

    def pattern(self, x: Array, relation: str) -> Rule:
        """The rule whose pattern says `j >= i + k` or `j <= i + k`."""
        mask = self.part(np.ones(x.shape[-2:], bool))
        return term("i j -> ... i j | ... i j", (f"[{{1}} {relation} {plus('{0}', self.k)}]", mask))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(1), cls(-1))


class Triu(Triangle):
    """y = the part of each matrix on and above the k-th diagonal, zeros below it.

    Shapes:    x (... i j) -> y (... i j)
    Formula:   y_ij = x_ij for j >= i + k, else 0
    Jacobians: dy/dx = δ_ii' δ_jj' [j >= i]   (i j | i' j')    for k = 0
    Source:    own derivation, checked by the contract test
    """

    def part(self, matrix: Array) -> Array:
        return np.triu(matrix, self.k)

    def d_x(self, x: Array) -> Rule:
        return self.pattern(x, ">=")


class Tril(Triangle):
    """y = the part of each matrix on and below the k-th diagonal, zeros above it.

    Shapes:    x (... i j) -> y (... i j)
    Formula:   y_ij = x_ij for j <= i + k, else 0
    Jacobians: dy/dx = δ_ii' δ_jj' [j <= i]   (i j | i' j')    for k = 0
    Source:    own derivation, checked by the contract test
    """

    def part(self, matrix: Array) -> Array:
        return np.tril(matrix, self.k)

    def d_x(self, x: Array) -> Rule:
        return self.pattern(x, "<=")


OPS: tuple[Op, ...] = (Broadcast((5, 2, 3)), Permute((1, 2, 0)), Diagonal(), Triu(), Tril())
