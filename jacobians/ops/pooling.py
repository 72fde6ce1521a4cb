"""Pooling: the largest entry or the mean of each window that slides along x."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError
from jacobians.op import Op, Shape
from jacobians.ops.adaptive import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool,
    GlobalMaxPool,
)
from jacobians.ops.pools import LargestOf, MeanOf, Pool
from jacobians.ops.windows import PerAxis, Windows, axis_labels, per_axis, span, spread
from jacobians.terms import Array


class SlidingPool(Pool):
    """Windows of one size that slide along x."""

    dilation: PerAxis = 1

    def __init__(self, size: PerAxis, stride: PerAxis | None, padding: PerAxis, ceil_mode: bool) -> None:
        self.size = per_axis(self.label, "size", size, self.dims, 1)
        self.stride = None if stride is None else per_axis(self.label, "stride", stride, self.dims, 1)
        self.padding = per_axis(self.label, "padding", padding, self.dims, 0)
        self.ceil_mode = ceil_mode

    def check_padding(self) -> None:
        """Refuse padding of more than half a window: some windows would lie in it."""
        for axis in range(self.dims):
            size, _, padding, dilation = self.options(axis)
            if padding > span(size, dilation) // 2:
                raise InputError(
                    f"{self.label}: expected padding of at most half the window, {span(size, dilation)} // 2 = "
                    f"{span(size, dilation) // 2} (size {size}, dilation {dilation}), got padding = {padding}; "
                    "take less padding or a larger size"
                )

    def options(self, axis: int) -> tuple[int, int, int, int]:
        """Size, stride, padding and dilation along one axis."""
        stride = self.size if self.stride is None else self.stride
        size, step, padding, dilation = (
            spread(option, self.dims)[axis] for option in (self.size, stride, self.padding, self.dilation)
        )
        return size, step, padding, dilation

    def along(self, axis: int, size: int) -> Windows:
        extent, stride, padding, dilation = self.options(axis)
        covered, padded = span(extent, dilation), size + 2 * padding
        label = axis_labels(self.dims)[0][axis]
        if covered > padded:
            raise ShapeError(
                f"{self.label}.x: expected at least {covered} entries along {label}, the window's size {extent} with "
                f"dilation {dilation}, got {padded} ({size} + 2 * {padding} of padding); take a smaller window"
            )
        count = (padded - covered) // stride + 1
        # a last window that hangs over, where one is wanted, begins within x or the padding before it
        if self.ceil_mode and (padded - covered) % stride and count * stride < size + padding:
            count += 1
        windows = Windows(size, count, extent, stride, dilation, padding)
        if not (holds := windows.inside.any(axis=0)).all():
            u = int(np.argmin(holds))
            raise ShapeError(
                f"{self.label}.x: expected an entry of x in every window, got none in window {u} along {label}: size "
                f"{extent} with dilation {dilation} and padding {padding} steps over all {size}; take less dilation"
            )
        return windows

    def example_image(self, sizes: Sequence[int], plain: bool) -> Shape:
        """A few windows along each axis; where a last one may hang over, an entry more."""
        windows = {1: (sizes[1],), 2: (2, sizes[1]), 3: (1, 1, 2) if plain else (2, 1, 3)}[self.dims]
        image = []
        for axis, many in enumerate(windows):
            size, stride, padding, dilation = self.options(axis)
            image.append(span(size, dilation) - 2 * padding + stride * (many - 1) + self.ceil_mode)
        return tuple(image)


class MaxPool(LargestOf, SlidingPool):
    """The largest entry of each window that slides along x."""

    def __init__(
        self,
        size: PerAxis = 2,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        dilation: PerAxis = 1,
        ceil_mode: bool = False,
    ) -> None:
        """Take one number for all axes or a tuple with one for each; the stride is the size unless it is given."""
        super().__init__(size, stride, padding, ceil_mode)
        self.dilation = per_axis(self.label, "dilation", dilation, self.dims, 1)
        self.check_padding()

    @classmethod
    def variants(cls) -> Sequence[Op]:
        many = tuple(range(1, cls.dims + 1))
        return (
            cls(),
            cls(size=3, stride=1, padding=1),
            cls(size=2, stride=many, dilation=2),
            cls(size=tuple(2 + k % 2 for k in range(cls.dims)), stride=2, padding=1, ceil_mode=True),
            cls(size=2, stride=3, padding=1, dilation=many[::-1], ceil_mode=True),
            cls(ceil_mode=True),
        )


class AvgPool(MeanOf, SlidingPool):
    """The mean of each window that slides along x."""

    def __init__(
        self,
        size: PerAxis = 2,
        stride: PerAxis | None = None,
        padding: PerAxis = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        """Take one number for all axes or a tuple with one for each; the stride is the size unless it is given."""
        super().__init__(size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad
        self.check_padding()

    def counts(self, windows: Windows) -> Array:
        if not self.count_include_pad:
            return super().counts(windows)
        # the padding counts, what hangs over it does not
        return np.minimum(windows.ends, windows.size + windows.before) - windows.starts

    def example_image(self, sizes: Sequence[int], plain: bool) -> Shape:
        """No window larger than the image itself, which other libraries refuse."""
        return tuple(map(max, super().example_image(sizes, plain), spread(self.size, self.dims)))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        many = tuple(range(1, cls.dims + 1))
        return (
            cls(),
            cls(size=3, stride=1, padding=1),
            cls(size=3, stride=many, padding=1, count_include_pad=False),
            cls(size=tuple(2 + k % 2 for k in range(cls.dims)), stride=2, padding=1, ceil_mode=True),
            cls(size=3, stride=3, ceil_mode=True, count_include_pad=False),
        )


# ----- one, two and three axes -----


class MaxPool1d(MaxPool):
    """y = the largest entry of each window of x, along one axis.

    Options as in max_pool2d: size, stride, padding, dilation, ceil_mode.

    Shapes:    x (... h) -> y (... u)
    Formula:   y_u = max_p x[2 u + p], for windows of 2
    Jacobians: dy/dx = Σ_p [x[2 u + p] = y[u]] [h = 2 u + p]   (u | h)
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 9.3; Jacobian: own derivation
    """

    dims = 1


class MaxPool2d(MaxPool):
    """y = the largest entry of each window of x, along two axes.

    Options: size, stride (the size unless given), padding on both sides, which never wins, and dilation, each one
    number or one for each axis; ceil_mode adds a last window that hangs over. In general h = stride u + dilation p -
    padding. At a kink, where several entries are the largest, the first of them has the slope 1, the others 0. The axis
    before the image holds the channels; it and all axes before it are batch axes.

    Shapes:    x (... h w) -> y (... u v)
    Formula:   y_uv = max_pq x[2 u + p, 2 v + q], for windows of 2
    Jacobians: dy/dx = Σ_pq [x[2 u + p, 2 v + q] = y[u, v]] [h = 2 u + p] [w = 2 v + q]   (u v | h w)
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 9.3; Jacobian: own derivation
    """

    dims = 2


class MaxPool3d(MaxPool):
    """y = the largest entry of each window of x, along three axes.

    Options as in max_pool2d: size, stride, padding, dilation, ceil_mode.

    Shapes:    x (... d h w) -> y (... t u v)
    Formula:   y_tuv = max_rpq x[2 t + r, 2 u + p, 2 v + q], for windows of 2
    Jacobians: dy/dx = Σ_rpq [x[2 t + r, 2 u + p, 2 v + q] = y[t, u, v]] [d = 2 t + r] [h = 2 u + p] [w = 2 v + q]
               (t u v | d h w)
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 9.3; Jacobian: own derivation
    """

    dims = 3


class AvgPool1d(AvgPool):
    """y = the mean of each window of x, along one axis.

    Options as in avg_pool2d: size, stride, padding, ceil_mode, count_include_pad.

    Shapes:    x (... h) -> y (... u)
    Formula:   y_u = 1/2 sum_p x[2 u + p], for windows of 2
    Jacobians: dy/dx = 1/2 [0 <= h - 2 u < 2]   (u | h)
    Source:    Zhang, Lipton, Li, Smola, "Dive into Deep Learning" (2023), section 7.5; Jacobian: own derivation
    """

    dims = 1


class AvgPool2d(AvgPool):
    """y = the mean of each window of x, along two axes.

    Options: size, stride (the size unless given) and padding on both sides, each one number or one for each axis;
    ceil_mode adds a last window that hangs over; count_include_pad=False divides by the number of entries of x in a
    window, so that zeros of the padding do not count. The axis before the image holds the channels.

    Shapes:    x (... h w) -> y (... u v)
    Formula:   y_uv = 1/4 sum_pq x[2 u + p, 2 v + q], for windows of 2
    Jacobians: dy/dx = 1/4 [0 <= h - 2 u < 2] [0 <= w - 2 v < 2]   (u v | h w)
    Source:    Zhang, Lipton, Li, Smola, "Dive into Deep Learning" (2023), section 7.5; Jacobian: own derivation
    """

    dims = 2


class AvgPool3d(AvgPool):
    """y = the mean of each window of x, along three axes.

    Options as in avg_pool2d: size, stride, padding, ceil_mode, count_include_pad.

    Shapes:    x (... d h w) -> y (... t u v)
    Formula:   y_tuv = 1/8 sum_rpq x[2 t + r, 2 u + p, 2 v + q], for windows of 2
    Jacobians: dy/dx = 1/8 [0 <= d - 2 t < 2] [0 <= h - 2 u < 2] [0 <= w - 2 v < 2]   (t u v | d h w)
    Source:    Zhang, Lipton, Li, Smola, "Dive into Deep Learning" (2023), section 7.5; Jacobian: own derivation
    """

    dims = 3


OPS: tuple[Op, ...] = (
    MaxPool1d(),
    MaxPool2d(),
    MaxPool3d(),
    AvgPool1d(),
    AvgPool2d(),
    AvgPool3d(),
    AdaptiveMaxPool1d(),
    AdaptiveMaxPool2d(),
    AdaptiveMaxPool3d(),
    AdaptiveAvgPool1d(),
    AdaptiveAvgPool2d(),
    AdaptiveAvgPool3d(),
    GlobalMaxPool(),
    GlobalAvgPool(),
)
