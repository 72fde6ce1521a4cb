"""Concat, stack, pad: the input becomes a part of a larger output.

A 0/1 index pattern stands only on the axis that grows; every other axis is tied by a delta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import Op, OpenShape, Rule, Shape, Signature
from jacobians.ops.labels import NEW, OLD, STAY, around, place, plus, tied, whole, whole_option
from jacobians.terms import Array, Labels, letters


class Join(Op):
    """Several inputs x1, x2, ... as one; a subclass says how their labels meet."""

    axis: int
    count: int

    def __init__(self, axis: int, count: int) -> None:
        """Take the axis and the number of inputs."""
        self.axis = whole_option(self.label, "axis", axis)
        self.count = whole_option(self.label, "count", count)
        if count < 1:
            raise InputError(f"{self.label}: expected a count of 1 or more inputs, got {count}")

    def input_names(self) -> tuple[str, ...]:
        return tuple(f"x{k + 1}" for k in range(self.count))

    def hits(self, wrt: str, shapes: Mapping[str, Shape]) -> tuple[Labels, str, Array]:
        """The 0/1 pattern of one input: labels, name, array."""
        raise NotImplementedError

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule:
        shapes = {name: known(name).shape for name in self.input_names()}
        return tied(self.signature(shapes), wrt, self.hits(wrt, shapes))


class Concat(Join):
    """y = (x1, x2, ...): the inputs one after the other along an axis.

    Shapes:    x1 (... i), x2 (... j) -> y (... o), o = i + j
    Formula:   y_o = x1_o for o < n_i, else x2_j with o = j + n_i
    Jacobians: dy/dx1 = [o = i]       (o | i)
               dy/dx2 = [o = j + 2]   (o | j)    for n_i = 2
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x1": "... i", "x2": "... j"}
    output = "... o"

    def __init__(self, axis: int = -1, count: int = 2) -> None:
        """Take the axis and the number of inputs, which are called x1, x2, ..."""
        super().__init__(axis, count)

    def compute(self, **inputs: Array) -> Array:
        return np.concatenate(list(inputs.values()), axis=self.axis)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        rank = len(shapes["x1"])
        axis = place(f"{self.label}.x1", self.axis, shapes["x1"])
        own = dict(zip(self.input_names(), letters(OLD, self.count), strict=True))
        inputs = {name: around(rank, axis, (label,)) for name, label in own.items()}
        parts = [shapes[name][axis] if len(shapes[name]) == rank else None for name in own]
        known = [n for n in parts if n is not None]
        return Signature(inputs, around(rank, axis, ("o",)), sizes={"o": sum(known)} if len(known) == len(own) else {})

    def hits(self, wrt: str, shapes: Mapping[str, Shape]) -> tuple[Labels, str, Array]:
        sizes = {name: shape[self.axis] for name, shape in shapes.items()}
        names = self.input_names()
        before = sum(sizes[name] for name in names[: names.index(wrt)])
        label = letters(OLD, self.count)[names.index(wrt)]
        return ("o", label), f"[{{0}} = {plus('{1}', before)}]", np.eye(sum(sizes.values()), sizes[wrt], -before, bool)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=0, count=3), cls(axis=1), cls(count=1))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        ranks = [r for r in (1, 2, 3) if -r <= self.axis < r]
        parts = dict(zip(self.input_names(), sizes, strict=False))
        rest = tuple(sizes[self.count : self.count + 2])
        return [{x: (*rest[: self.axis % r], n, *rest[self.axis % r : r - 1]) for x, n in parts.items()} for r in ranks]


class Stack(Join):
    """y = the inputs side by side along a new axis, each of the same shape.

    Shapes:    x1 (i), x2 (i) -> y (o i), o = number of inputs
    Formula:   y_oi = x1_i for o = 0, else x2_i for o = 1
    Jacobians: dy/dx1 = δ_ii' [o = 0]   (o i | i')
               dy/dx2 = δ_ii' [o = 1]   (o i | i')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x1": "...", "x2": "..."}
    output = "o ..."
    letters = OLD

    def __init__(self, axis: int = 0, count: int = 2) -> None:
        """Take the place of the new axis and the number of inputs, which are called x1, x2, ..."""
        super().__init__(axis, count)

    def compute(self, **inputs: Array) -> Array:
        return np.stack(list(inputs.values()), axis=self.axis)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        axis = place(f"{self.label}.x1", self.axis, shapes["x1"], extra=1)
        inp = letters(OLD, len(shapes["x1"]))
        out = (*inp[:axis], "o", *inp[axis:])
        return Signature(dict.fromkeys(self.input_names(), inp), out, sizes={"o": self.count})

    def hits(self, wrt: str, shapes: Mapping[str, Shape]) -> tuple[Labels, str, Array]:
        k = self.input_names().index(wrt)
        return ("o",), f"[{{0}} = {k}]", np.arange(self.count) == k

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=-1, count=3), cls(axis=1))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        ranks = (1, 2, 0) if self.axis < 1 else (1, 2)
        return [dict.fromkeys(self.input_names(), tuple(sizes[:rank])) for rank in ranks]


class Pad(Op):
    """y = x with constant entries before and after the last axes.

    Shapes:    x (... i) -> y (... o), o = before + i + after; width has one pair (before, after) per padded axis
    Formula:   y_o = x_i with o = i + before, else value
    Jacobians: dy/dx = [o = i + 1]   (o | i)    for before=1
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i"}
    output = "... o"

    def __init__(self, width: Sequence[Sequence[int]], value: float = 0.0) -> None:
        """Take the pairs for the last axes, as in `Pad(((1, 2),))`, and the constant."""
        pairs = tuple(tuple(pair) if isinstance(pair, Sequence) else (pair,) for pair in width)
        if not pairs or any(len(p) != 2 or not all(whole(n) and n >= 0 for n in p) for p in pairs):
            raise InputError(
                f"{self.label}: expected pairs (before, after) of sizes of 0 or more, got {width!r}; "
                f"write one pair per axis, as in Pad(((1, 2),))"
            )
        self.width = pairs
        self.value = value

    def compute(self, x: Array) -> Array:
        stay = [(0, 0)] * (x.ndim - len(self.width))
        return np.pad(x, [*stay, *self.width], constant_values=self.value)

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        shape = shapes["x"]
        lead = len(shape) - len(self.width)
        if lead < 0:
            raise ShapeError(
                f"{self.label}.x: expected at least {len(self.width)} axes for width={self.width}, "
                f"got {shape_text(shape)} with {len(shape)}; give a pair for each of the last axes only"
            )
        stay = letters(STAY, lead)
        inp, new = letters(OLD, len(self.width)), letters(NEW, len(self.width))
        out = tuple(b if any(pair) else a for a, b, pair in zip(inp, new, self.width, strict=True))
        sizes = {b: n + sum(pair) for b, n, pair in zip(out, shape[lead:], self.width, strict=True) if n is not None}
        known = {b: n for b, n in sizes.items() if b in new}
        return Signature({"x": (*stay, *inp)}, (*stay, *out), sizes=known)

    def d_x(self, x: Array) -> Rule:
        signature = self.signature({"x": x.shape})
        axes = list(zip(signature.output, signature.inputs["x"], x.shape, strict=True))[-len(self.width) :]
        factors = [
            ((out, inp), f"[{{0}} = {plus('{1}', before)}]", np.eye(before + n + after, n, -before, dtype=bool))
            for (out, inp, n), (before, after) in zip(axes, self.width, strict=True)
            if out != inp
        ]
        return tied(signature, "x", *factors)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(((1, 2),)), cls(((0, 1), (0, 0), (2, 0)), value=1.5))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        return [{"x": tuple(sizes[:rank])} for rank in range(len(self.width), 4)]


OPS: tuple[Op, ...] = (Concat(), Stack(), Pad(((1, 2),)))
