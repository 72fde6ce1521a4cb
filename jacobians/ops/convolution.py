"""Convolution and transposed convolution along one, two and three axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError
from jacobians.op import Op, Shape
from jacobians.ops.kernel import Kernel
from jacobians.ops.windows import PerAxis, Windows, axis_labels, per_axis, span, spread, windowed
from jacobians.terms import Array, Labels


class Convolution(Kernel):
    """z_o = b_o + the sum of W_o times each window of x."""

    channels = ("o", "c")
    words = ("same", "valid")

    def __init__(
        self,
        stride: PerAxis = 1,
        padding: PerAxis | str = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """Take one number for all axes or a tuple with one for each; padding may be "same" or "valid"."""
        super().__init__(stride, padding, dilation, groups, bias)
        if padding == "same" and set(spread(self.stride, self.dims)) != {1}:
            raise InputError(
                f"{self.label}: expected stride = 1 with padding = 'same', got stride = {self.stride}: a stride of 2 "
                "or more leaves fewer entries than x has; pad by a number, as in padding=1"
            )

    def patterns(self) -> list[Labels]:
        return [("c", "o", "k"), *zip(*axis_labels(self.dims), strict=True)]

    def along(self, axis: int, size: int, extent: int) -> Windows:
        dilation = self.option("dilation", axis)
        covered = span(extent, dilation)
        before, after = self.padded(axis, covered)
        padded = size + before + after
        if covered > padded:
            label = axis_labels(self.dims)[0][axis]
            raise ShapeError(
                f"{self.label}.W: expected a kernel of at most {padded} entries along {label}, the padded size of x "
                f"({size} + {before} + {after}), got {covered} (kernel {extent}, dilation {dilation}); choose a "
                f"smaller kernel or dilation, or padding={-(-(covered - size) // 2)}"
            )
        stride = self.option("stride", axis)
        return Windows(size, (padded - covered) // stride + 1, extent, stride, dilation, before)

    def padded(self, axis: int, covered: int) -> tuple[int, int]:
        """The zeros before and after x along an axis, for a kernel that covers so many entries."""
        if self.padding == "same":
            return (covered - 1) // 2, covered // 2
        many = 0 if self.padding == "valid" else self.option("padding", axis)
        return many, many

    def output_size(self, windows: Windows) -> int:
        return windows.count

    def compute(self, x: Array, W: Array, b: Array | None = None) -> Array:
        windows = self.windows(x, W)
        seen = windowed(x, windows)  # (... c p q u v)
        batch, counts = x.shape[: -self.dims - 1], [w.count for w in windows]
        columns = seen.reshape((*batch, self.groups, -1, math.prod(counts)))
        z = self.kernel_matrices(W) @ columns  # (... g o uv)
        return self.biased(z.reshape((*batch, W.shape[0], *counts)), b)

    def example_image(self, kernel: Shape) -> Shape:
        more = {1: (1,), 2: (1, 2), 3: (1, 0, 1)}[self.dims]
        covered = (span(n, self.option("dilation", k)) for k, n in enumerate(kernel))
        return tuple(n + m for n, m in zip(covered, more, strict=True))

    @classmethod
    def variants(cls) -> Sequence[Op]:
        many = tuple(range(1, cls.dims + 1))
        return (
            cls(),
            cls(stride=2, padding=1),
            cls(stride=many[::-1], padding=many, dilation=2, bias=False),
            cls(padding="same", dilation=many),
            cls(padding="valid", stride=many, groups=2),
            cls(padding="same", groups=3, bias=False),
        )


class TransposedConvolution(Kernel):
    """Every entry of x lays the kernel, times that entry, on the output: the transposed map of a convolution."""

    channels = ("c", "o")

    def __init__(
        self,
        stride: PerAxis = 1,
        padding: PerAxis = 0,
        output_padding: PerAxis = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """Take one number for all axes or a tuple with one for each; padding is what is cut off on both sides."""
        super().__init__(stride, padding, dilation, groups, bias)
        self.output_padding = per_axis(self.label, "output_padding", output_padding, self.dims, 0)
        for axis in range(self.dims):
            step, hole, more = (self.option(name, axis) for name in ("stride", "dilation", "output_padding"))
            if more >= max(step, hole):
                raise InputError(
                    f"{self.label}: expected output_padding below {max(step, hole)}, the larger one of "
                    f"stride = {step} and dilation = {hole}, got output_padding = {more}; a larger output comes from "
                    "a larger stride or from less padding"
                )

    def patterns(self) -> list[Labels]:
        image, windows, places = axis_labels(self.dims)
        return [("o", "c", "k"), *zip(windows, image, places, strict=True)]

    def along(self, axis: int, size: int, extent: int) -> Windows:
        options = ("stride", "padding", "dilation", "output_padding")
        stride, cut, dilation, more = (self.option(name, axis) for name in options)
        laid = stride * (size - 1) + span(extent, dilation) + more
        if laid <= 2 * cut:
            label = axis_labels(self.dims)[1][axis]
            raise ShapeError(
                f"{self.label}.x: expected padding that leaves an entry of the {laid} along {label} "
                f"({stride} * {size - 1} + {span(extent, dilation)} + {more}), got padding = {cut}, which cuts off "
                f"{cut} + {cut} = {2 * cut}; choose a padding of at most {(laid - 1) // 2}"
            )
        return Windows(laid - 2 * cut, size, extent, stride, dilation, cut)

    def output_size(self, windows: Windows) -> int:
        return windows.size

    def compute(self, x: Array, W: Array, b: Array | None = None) -> Array:
        windows = self.windows(x, W)
        batch, counts = x.shape[: -self.dims - 1], x.shape[-self.dims :]
        rows = x.reshape((*batch, self.groups, -1, math.prod(counts)))
        laid = self.kernel_matrices(W).swapaxes(-1, -2) @ rows  # (... g opq hw)
        laid = laid.reshape((*batch, W.shape[1] * self.groups, *W.shape[2:], *counts))
        # The kernels of all windows are added up on the output as it is before the padding is cut off.
        z = np.zeros((*laid.shape[: len(batch) + 1], *(2 * w.before + w.size for w in windows)), laid.dtype)
        channels = (slice(None),) * (len(batch) + 1)
        for place in np.ndindex(W.shape[2:]):
            at = (_every(w.dilation * p, int(w.stride), w.count) for w, p in zip(windows, place, strict=True))
            z[(*channels, *at)] += laid[(*channels, *place)]
        kept = (slice(w.before, w.before + w.size) for w in windows)
        return self.biased(z[(*channels, *kept)], b)

    def example_image(self, kernel: Shape) -> Shape:
        return {1: (4,), 2: (2, 3), 3: (2, 3, 1)}[self.dims]

    @classmethod
    def variants(cls) -> Sequence[Op]:
        many = tuple(range(1, cls.dims + 1))
        less = tuple(n - 1 for n in many)
        cut = {1: (2,), 2: (2, 1), 3: (0, 0, 1)}[cls.dims]
        return (
            cls(),
            cls(stride=2, padding=1, output_padding=1),
            cls(stride=many[::-1], padding=1, dilation=2, output_padding=1, bias=False),
            cls(stride=2, padding=1, dilation=many[::-1], groups=2, output_padding=1),
            cls(stride=many, output_padding=less, bias=False),
            cls(padding=cut, dilation=3, groups=3, bias=False),
        )


def _every(start: int, step: int, count: int) -> slice:
    """`count` entries from `start` on, `step` apart."""
    return slice(start, start + step * count, step)


# ----- one, two and three axes -----


class Conv1d(Convolution):
    """z = W * x + b, a convolution along one axis, in the sense of networks: the kernel is not turned.

    Options as in conv2d: stride, padding, dilation, groups, bias.

    Shapes:    x (... c h), W (o c p), b (o) -> z (... o u)
    Formula:   z_ou = sum_cp W_ocp x[c, u + p] + b_o
    Jacobians: dz/dx = Σ_p W_ocp [h = u + p]        (o u | c h)
               dz/dW = δ_oo' Σ_h x_ch [h = u + p]   (o u | o' c p)
               dz/db = δ_oo'                        (o u | o')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 9.7; Jacobians: own derivation
    """

    dims = 1


class Conv2d(Convolution):
    """z = W * x + b, a convolution along two axes, in the sense of networks: the kernel is not turned.

    Options: stride; padding, zeros on both sides, or "same" (as many as keep the size, the odd one behind) or "valid"
    (none); dilation: each one number, or one for each axis. In general h = stride u + dilation p - padding.
    With groups, W is (o k p q), k counts the channels within a group, and output channel o meets those of its own group
    only; as many groups as channels make a depthwise convolution.

    Shapes:    x (... c h w), W (o c p q), b (o) -> z (... o u v)
    Formula:   z_ouv = sum_cpq W_ocpq x[c, u + p, v + q] + b_o
    Jacobians: dz/dx = Σ_pq W_ocpq [h = u + p] [w = v + q]        (o u v | c h w)
               dz/dW = δ_oo' Σ_hw x_chw [h = u + p] [w = v + q]   (o u v | o' c p q)
               dz/db = δ_oo'                                      (o u v | o')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 9.7; Jacobians: own derivation
    """

    dims = 2


class Conv3d(Convolution):
    """z = W * x + b, a convolution along three axes, in the sense of networks: the kernel is not turned.

    Options as in conv2d: stride, padding, dilation, groups, bias.

    Shapes:    x (... c d h w), W (o c r p q), b (o) -> z (... o t u v)
    Formula:   z_otuv = sum_crpq W_ocrpq x[c, t + r, u + p, v + q] + b_o
    Jacobians: dz/dx = Σ_rpq W_ocrpq [d = t + r] [h = u + p] [w = v + q]        (o t u v | c d h w)
               dz/dW = δ_oo' Σ_dhw x_cdhw [d = t + r] [h = u + p] [w = v + q]   (o t u v | o' c r p q)
               dz/db = δ_oo'                                                    (o t u v | o')
    Source:    Goodfellow, Bengio, Courville, "Deep Learning" (2016), eq. 9.7; Jacobians: own derivation
    """

    dims = 3


class ConvTranspose1d(TransposedConvolution):
    """z = the sum of the kernels that the entries of x lay on it, + b: a transposed convolution along one axis.

    Options as in conv_transpose2d: stride, padding, output_padding, dilation, groups, bias.

    Shapes:    x (... c h), W (c o p), b (o) -> z (... o u)
    Formula:   z_ou = sum_chp W_cop x_ch [u = h + p] + b_o
    Jacobians: dz/dx = Σ_p W_cop [u = h + p]        (o u | c h)
               dz/dW = δ_oo' Σ_h x_ch [u = h + p]   (o u | c o' p)
               dz/db = δ_oo'                        (o u | o')
    Source:    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), ch. 4; own derivation
    """

    dims = 1


class ConvTranspose2d(TransposedConvolution):
    """z = the sum of the kernels that the entries of x lay on it, + b: a transposed convolution along two axes.

    Options: stride; padding, how much is cut off at both ends; output_padding, how much less at the second end;
    dilation: each one number, or one for each axis. In general u = stride h + dilation p - padding. The Jacobian by x
    is the transposed one of the convolution with the same W and options. With groups, W is (c k p q), and k counts the
    output channels within the group of c.

    Shapes:    x (... c h w), W (c o p q), b (o) -> z (... o u v)
    Formula:   z_ouv = sum_chwpq W_copq x_chw [u = h + p] [v = w + q] + b_o
    Jacobians: dz/dx = Σ_pq W_copq [u = h + p] [v = w + q]        (o u v | c h w)
               dz/dW = δ_oo' Σ_hw x_chw [u = h + p] [v = w + q]   (o u v | c o' p q)
               dz/db = δ_oo'                                      (o u v | o')
    Source:    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), ch. 4; own derivation
    """

    dims = 2


class ConvTranspose3d(TransposedConvolution):
    """z = the sum of the kernels that the entries of x lay on it, + b: a transposed convolution along three axes.

    Options as in conv_transpose2d: stride, padding, output_padding, dilation, groups, bias.

    Shapes:    x (... c d h w), W (c o r p q), b (o) -> z (... o t u v)
    Formula:   z_otuv = sum_cdhwrpq W_corpq x_cdhw [t = d + r] [u = h + p] [v = w + q] + b_o
    Jacobians: dz/dx = Σ_rpq W_corpq [t = d + r] [u = h + p] [v = w + q]        (o t u v | c d h w)
               dz/dW = δ_oo' Σ_dhw x_cdhw [t = d + r] [u = h + p] [v = w + q]   (o t u v | c o' r p q)
               dz/db = δ_oo'                                                    (o t u v | o')
    Source:    Dumoulin, Visin, "A guide to convolution arithmetic for deep learning" (2016), ch. 4; own derivation
    """

    dims = 3


OPS: tuple[Op, ...] = (Conv1d(), Conv2d(), Conv3d(), ConvTranspose1d(), ConvTranspose2d(), ConvTranspose3d())
