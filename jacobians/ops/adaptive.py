"""Pooling with a given number of windows: adaptive, where they share x out, and global, where one is all of x."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.axis import first_largest
from jacobians.ops.labels import whole
from jacobians.ops.pools import LargestOf, MeanOf, Pool, batch_labels, large_batches, spread_out
from jacobians.ops.windows import AdaptiveWindows, PerAxis, Windows, axis_labels, per_axis, spread
from jacobians.terms import Array, as_array


class AdaptivePool(Pool):
    """Windows that share x out: as many as the output has entries."""

    def __init__(self, output_size: PerAxis = 2) -> None:
        """Take the number of windows, one number for all axes or a tuple with one for each."""
        self.output_size = per_axis(self.label, "output_size", output_size, self.dims, 1)

    def along(self, axis: int, size: int) -> Windows:
        return AdaptiveWindows(size, spread(self.output_size, self.dims)[axis])

    def example_image(self, sizes: Sequence[int], plain: bool) -> Shape:
        return {1: (sizes[2],), 2: (4, sizes[1]), 3: (2, sizes[1], 2)}[self.dims]

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(3), cls(tuple(range(1, cls.dims + 1))), cls(1))


class AdaptiveMaxPool(LargestOf, AdaptivePool):
    """The largest entry of each of some windows that share x out."""


class AdaptiveAvgPool(MeanOf, AdaptivePool):
    """The mean of each of some windows that share x out."""


# ----- one, two and three axes -----


class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """y = the largest entry of each window of x, where output_size windows share x out along one axis.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n. At a kink, where several entries
    are the largest, the first of them has the slope 1, the others 0.

    Shapes:    x (... h) -> y (... u)
    Formula:   y_u = max_h x_h over the entries h of window u
    Jacobians: dy/dx = Σ_p [x[floor(5 u / 2) + p] = y[u]] [h = floor(5 u / 2) + p]   (u | h)
               for x of size 5 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 1


class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """y = the largest entry of each window of x, where output_size windows share x out along two axes.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n. At a kink, where several entries
    are the largest, the first of them has the slope 1, the others 0.

    Shapes:    x (... h w) -> y (... u v)
    Formula:   y_uv = max_hw x_hw over the entries h, w of window u, v
    Jacobians: dy/dx = Σ_pq [x[2 u + p, floor(3 v / 2) + q] = y[u, v]] [h = 2 u + p] [w = floor(3 v / 2) + q]
               (u v | h w) for x of size 4 x 3 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 2


class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """y = the largest entry of each window of x, where output_size windows share x out along three axes.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n. At a kink, where several entries
    are the largest, the first of them has the slope 1, the others 0.

    Shapes:    x (... d h w) -> y (... t u v)
    Formula:   y_tuv = max_dhw x_dhw over the entries d, h, w of window t, u, v
    Jacobians: dy/dx = Σ_rpq [x[t + r, floor(3 u / 2) + p, v + q] = y[t, u, v]]
               [d = t + r] [h = floor(3 u / 2) + p] [w = v + q]
               (t u v | d h w) for x of size 2 x 3 x 2 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 3


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """y = the mean of each window of x, where output_size windows share x out along one axis.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n.

    Shapes:    x (... h) -> y (... u)
    Formula:   y_u = 1/c sum_h x_h over the c entries h of window u
    Jacobians: dy/dx = 1/3 [floor(5 u / 2) <= h < ceil(5 (u + 1) / 2)]   (u | h)
               for x of size 5 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 1


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """y = the mean of each window of x, where output_size windows share x out along two axes.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n.

    Shapes:    x (... h w) -> y (... u v)
    Formula:   y_uv = 1/c sum_hw x_hw over the c entries h, w of window u, v
    Jacobians: dy/dx = 1/4 [0 <= h - 2 u < 2] [floor(3 v / 2) <= w < ceil(3 (v + 1) / 2)]   (u v | h w)
               for x of size 4 x 3 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 2


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """y = the mean of each window of x, where output_size windows share x out along three axes.

    Window u of m has the entries from floor(n u / m) to ceil(n (u + 1) / m) - 1 of n.

    Shapes:    x (... d h w) -> y (... t u v)
    Formula:   y_tuv = 1/c sum_dhw x_dhw over the c entries d, h, w of window t, u, v
    Jacobians: dy/dx = 1/2 [d = t] [floor(3 u / 2) <= h < ceil(3 (u + 1) / 2)] [w = v]   (t u v | d h w)
               for x of size 2 x 3 x 2 and output_size=2
    Source:    own derivation, checked by the contract test
    """

    dims = 3


# ----- all of the image -----


class GlobalPool(Op):
    """One number for the last `dims` axes of x together."""

    inputs = {"x": "... h w"}
    output = "..."

    def __init__(self, dims: int = 2) -> None:
        """Take the number of axes of the image: 1, 2 or 3."""
        if not whole(dims) or not 1 <= dims <= 3:
            raise InputError(f"{self.label}: expected 1, 2 or 3 for the option dims, got {dims!r}; as in dims=2")
        self.dims = int(dims)

    def declared(self) -> Mapping[str, str]:
        return {"x": " ".join(("...", *axis_labels(self.dims)[0]))}

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        batch = batch_labels(len(super().signature(shapes).axes))
        return Signature({"x": (*batch, *axis_labels(self.dims)[0])}, batch, batch)

    @property
    def image(self) -> tuple[int, ...]:
        """The axes of the image, counted from the end."""
        return tuple(range(-self.dims, 0))

    @property
    def labels(self) -> str:
        """The labels of the image's axes."""
        return " ".join(axis_labels(self.dims)[0])

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(dims=1), cls(dims=3))

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        image = (sizes[1], 2, 2)[: self.dims]
        return [{"x": (*batch, *image)} for batch in ((), *large_batches(image))]


class GlobalMaxPool(GlobalPool):
    """y = the largest entry of each image, for images of two axes; dims says of how many.

    At a kink, where several entries are the largest, the first of them has the slope 1, the others 0.

    Shapes:    x (... h w) -> y (...)
    Formula:   y = max_hw x_hw
    Jacobians: dy/dx = [x[h, w] = y]   (| h w)
    Source:    own derivation, checked by the contract test
    """

    analytic = False

    def compute(self, x: Array) -> Array:
        return as_array(np.max(x, axis=self.image))

    def d_x(self, x: Array) -> Rule:
        batch = x.ndim - self.dims
        winner = first_largest(x.reshape((*x.shape[:batch], -1)), -1).reshape(x.shape)
        slots = [f"{{{k}}}" for k in range(x.ndim)]
        largest = f"y[{', '.join(slots[:batch])}]" if batch else "y"
        name = f"[x[{', '.join(slots)}] = {largest}]"
        return term(f"... {self.labels} -> ... | ... {self.labels}", (name, winner))

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {"x": spread_out(rng, shapes["x"])}

    def kink_distance(self, x: Array) -> float:
        """The smallest gap between the largest and the second largest entry of an image."""
        flat = x.reshape((*x.shape[: -self.dims], -1))
        if flat.shape[-1] == 1:
            return float("inf")
        second, first = np.moveaxis(np.partition(flat, -2, axis=-1), -1, 0)[-2:]
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
            return float(np.min(first - second))


class GlobalAvgPool(GlobalPool):
    """y = the mean of each image, for images of two axes; dims says of how many.

    Shapes:    x (... h w) -> y (...)
    Formula:   y = 1/(H W) sum_hw x_hw
    Jacobians: dy/dx = 1/6   (| h w)   for H W = 6
    Source:    Lin, Chen, Yan, "Network In Network" (2014), section 3.2; Jacobian: own derivation
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.mean(x, axis=self.image))

    def d_x(self, x: Array) -> Rule:
        entries = math.prod(x.shape[-self.dims :])
        return term(f"-> ... | ... {self.labels}", coef=1 / entries)
