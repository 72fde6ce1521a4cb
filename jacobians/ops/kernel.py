"""What a convolution and a transposed convolution share: a kernel W at every window of an image.

A convolution has its image in x and a window for each entry of z; a transposed convolution has the two exchanged. All
else is the same: W has the channels of the windows first, then those of the image, and a 0/1 pattern for each axis says
which entry of the image a place of a window is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from jacobians.errors import ShapeError, shape_error, unknown
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.windows import PerAxis, Windows, at_least, axis_labels, per_axis, times
from jacobians.terms import Array, Labels

#: The extents of the kernels that examples have: without batch axes, with one, with two.
EXAMPLE_KERNELS = {1: ((3,), (2,), (3,)), 2: ((2, 2), (3, 2), (2, 3)), 3: ((1, 2, 2), (2, 1, 3), (3, 1, 2))}


class Kernel(Op):
    """A map linear in x and in W, where z_o and x_c meet in W at the places of one window."""

    symbol = "z"
    optional = {"b": "bias"}
    letters = "nmsij"
    #: The number of axes of the image.
    dims: ClassVar[int]
    #: The labels of W's channels: those of the windows, those of the image.
    channels: ClassVar[tuple[str, str]]
    #: What padding may be beside numbers.
    words: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Declare the labels from `dims` and `channels`."""
        super().__init_subclass__(**kwargs)
        if "dims" in vars(cls):
            image, windows, places = (" ".join(labels) for labels in axis_labels(cls.dims))
            cls.inputs = {"x": f"... c {image}", "W": f"{' '.join(cls.channels)} {places}", "b": "o"}
            cls.output = f"... o {windows}"

    def __init__(self, stride: PerAxis, padding: PerAxis | str, dilation: PerAxis, groups: int, bias: bool) -> None:
        self.stride = per_axis(self.label, "stride", stride, self.dims, 1)
        if isinstance(padding, str) and self.words:
            if padding not in self.words:
                raise unknown(self.label, "padding", padding, (*self.words, "whole numbers"))
            self.padding: PerAxis | str = padding
        else:
            self.padding = per_axis(self.label, "padding", padding, self.dims, 0)
        self.dilation = per_axis(self.label, "dilation", dilation, self.dims, 1)
        self.groups = at_least(self.label, "groups", groups, 1)
        self.bias = bias

    def option(self, name: str, axis: int) -> int:
        """What an option says about one axis."""
        value = getattr(self, name)
        return int(value[axis] if isinstance(value, tuple) else value)

    def along(self, axis: int, size: int, extent: int) -> Windows:
        """The windows along one axis, for an x of this size and a kernel of this extent there."""
        raise NotImplementedError

    def output_size(self, windows: Windows) -> int:
        """The size of the output's axis."""
        raise NotImplementedError

    def patterns(self) -> list[Labels]:
        """The labels of the patterns (image, windows, in a window): of the channels, then of each axis."""
        raise NotImplementedError

    def windows(self, x: Array, W: Array) -> list[Windows]:
        """The windows along each axis."""
        sizes = zip(x.shape[-self.dims :], W.shape[2:], strict=True)
        return [self.along(k, n, extent) for k, (n, extent) in enumerate(sizes)]

    # ----- labels and sizes -----

    def declared(self) -> Mapping[str, str]:
        """With groups, W has a label of its own for a channel within its group."""
        labels = dict(super().declared())
        if self.groups > 1:
            first, _, *places = labels["W"].split()
            labels["W"] = " ".join((first, "k", *places))
        return labels

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        signature = super().signature(shapes)
        x, W = shapes["x"], shapes["W"]
        if len(W) != self.dims + 2:  # refused later
            return signature
        self.check_channels(signature, shapes)
        sizes = {}
        for k, (n, extent) in enumerate(zip(x[-self.dims :], W[2:], strict=True)):
            if n and extent:
                sizes[signature.output[k - self.dims]] = self.output_size(self.along(k, n, extent))
        _, image = self.channels
        if self.groups > 1 and image == "o" and W[1]:
            sizes["o"] = W[1] * self.groups
        return replace(signature, sizes=sizes)

    def check_channels(self, signature: Signature, shapes: Mapping[str, OpenShape]) -> None:
        """Refuse channels that the groups do not divide, or that do not fit W."""
        if self.groups == 1:
            return
        W = shapes["W"]
        window, image = self.channels
        b = shapes.get("b") or (None,)
        holder, channels = ("x", shapes["x"][-self.dims - 1]) if image == "c" else ("b", b[0])
        for name, label, n in (("W", window, W[0]), (holder, image, channels)):
            if n and n % self.groups:
                raise ShapeError(
                    f"{self.label}.{name}: expected a number of channels {label} that groups = {self.groups} divides, "
                    f"got {label} = {n}; choose another number of groups or of channels"
                )
        if channels and W[1] and channels != W[1] * self.groups:
            share = channels // self.groups
            why = (
                f"{holder} fixes {image} = {channels}, and k = {image} / groups = {channels} / {self.groups} = {share}"
            )
            raise shape_error(f"{self.label}.W", signature.inputs["W"], [W[0], share, *W[2:]], W, why)

    # ----- rules -----

    def d_x(self, x: Array, W: Array) -> Rule:
        return self._bilinear("x", ("W", W), x, W)

    def d_W(self, x: Array, W: Array) -> Rule:
        return self._bilinear("W", ("x", x), x, W)

    def d_b(self) -> Rule:
        return term(f"-> {self.output} | o")

    def _bilinear(self, wrt: str, other: tuple[str, Array], x: Array, W: Array) -> Rule:
        labels = self.declared()
        channels, *axes = self.patterns()
        patterns = [(a, *w.places()) for a, w in zip(axes, self.windows(x, W), strict=True)]
        if self.groups > 1:
            patterns.insert(0, (channels, *self._grouped(W.shape)))
        spec = ", ".join([labels[other[0]], *(" ".join(a) for a, _, _ in patterns)])
        return term(f"{spec} -> {self.output} | {labels[wrt]}", other, *((name, hits) for _, name, hits in patterns))

    def _grouped(self, shape: Shape) -> tuple[str, Array]:
        """The pattern (image channel, window channel, k) of the k-th image channel in the window channel's group."""
        many, share = shape[0] // self.groups, shape[1]
        group = "{1}" if many == 1 else f"floor({{1}} / {many})"
        name = group if share == 1 else f"{times(share, group)} + {{2}}"  # k = 0 alone says nothing
        window, k = np.arange(shape[0])[:, None], np.arange(share)
        image = np.arange(share * self.groups)[:, None, None]
        return f"[{{0}} = {name}]", image == share * (window // many) + k

    # ----- shared by the forward passes -----

    def kernel_matrices(self, W: Array) -> Array:
        """W as a matrix for each group, (g, window channels, image channels and places)."""
        return W.reshape(self.groups, W.shape[0] // self.groups, -1)

    def biased(self, z: Array, b: Array | None) -> Array:
        """z + b, the same for all entries of a channel."""
        return z if b is None else z + b.reshape((-1, *(1,) * self.dims))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Without batch axes, with one, with two; depthwise where the number of groups is odd."""
        share = sizes[0] if self.groups == 1 or self.groups % 2 == 0 else 1
        many = {"c": share * self.groups, "o": sizes[1] * self.groups}
        window, image = (many[a] for a in self.channels)
        bias = {"b": (many["o"],)} if self.bias else {}
        shapes: list[Mapping[str, Shape]] = []
        for axes, kernel in enumerate(EXAMPLE_KERNELS[self.dims]):
            W = (window, image // self.groups, *kernel)
            x = (many["c"], *self.example_image(kernel))
            # more entries than a formula is differentiated for, but for one batch axis of the plainest op
            batch = 2 if axes + self.dims == 2 else max(2, 1 + (120 - math.prod(W)) // math.prod(x))
            shapes.append({"x": (*((), (batch,), (2, batch))[axes], *x), "W": W, **bias})
        return shapes

    def example_image(self, kernel: Shape) -> Shape:
        """The sizes of the axes of an x to try the op with."""
        raise NotImplementedError
