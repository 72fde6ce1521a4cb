"""What every pooling shares: windows on the last axes of x, and the two ways to make one number of a window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.ops.axis import first_largest
from jacobians.ops.windows import (
    Windows,
    axis_labels,
    inside_all,
    windowed,
)
from jacobians.terms import Array, Labels, as_array, letters


def batch_labels(many: int) -> Labels:
    """The labels of the axes before an image: the last of them holds the channels."""
    return (*letters("nmsij", many - 1), "c") if many else ()


def large_batches(image: Shape) -> Sequence[Shape]:
    """Axes before the image for examples with more entries than a formula of so many cases is differentiated for."""
    many = -(-130 // math.prod(image))
    return (many,), (2, many)


def spread_out(rng: np.random.Generator, shape: Shape) -> Array:
    """Evenly spread entries in random order: no two are close, so no window is near a kink."""
    return rng.permutation(np.linspace(-2, 2, math.prod(shape))).reshape(shape)


class Pool(Op):
    """One number for each window on the last `dims` axes of x; all axes before them, channels too, are batch axes."""

    dims: ClassVar[int]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Declare the labels from `dims`."""
        super().__init_subclass__(**kwargs)
        if "dims" in vars(cls):
            image, windows, _ = (" ".join(labels) for labels in axis_labels(cls.dims))
            cls.inputs, cls.output = {"x": f"... {image}"}, f"... {windows}"

    def along(self, axis: int, size: int) -> Windows:
        """The windows along one axis of this size, or a ShapeError."""
        raise NotImplementedError

    def windows(self, shape: Shape) -> list[Windows]:
        """The windows along each axis of an x of this shape."""
        return [self.along(k, n) for k, n in enumerate(shape[-self.dims :])]

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        image, windows, _ = axis_labels(self.dims)
        batch = batch_labels(len(super().signature(shapes).axes))
        known = zip(windows, enumerate(shapes["x"][-self.dims :]), strict=True)
        sizes = {a: self.along(k, n).count for a, (k, n) in known if n}
        return Signature({"x": (*batch, *image)}, (*batch, *windows), batch, sizes)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """An image, an image with channels, some of those."""
        image = self.example_image(sizes, plain=False)
        batches = self.example_batches(image)
        return [{"x": self.example_image(sizes, plain=True)}, *({"x": (*batch, *image)} for batch in batches)]

    def example_batches(self, image: Shape) -> Sequence[Shape]:
        """The channels, and the axes before the image with a batch axis, for images of this shape."""
        return (2,), (3, 2)

    def example_image(self, sizes: Sequence[int], plain: bool) -> Shape:
        """The sizes of the image's axes, for the plainest example or for one with channels."""
        raise NotImplementedError


# ----- what a window gives -----


class LargestOf(Pool):
    """The largest entry of a window; of several, the first one counts."""

    analytic = False

    def compute(self, x: Array) -> Array:
        return as_array(np.max(windowed(x, self.windows(x.shape), -np.inf), axis=self.places))

    @property
    def places(self) -> tuple[int, ...]:
        """The axes of the places of a window, counted from the end."""
        return tuple(range(-2 * self.dims, -self.dims))

    def d_x(self, x: Array) -> Rule:
        windows = self.windows(x.shape)
        image, counts, places = axis_labels(self.dims)
        patterns = [w.places() for w in windows]
        spec = [f"... {' '.join((*places, *counts))}", *map(" ".join, zip(image, counts, places, strict=True))]
        output = f"... {' '.join(counts)}"
        return term(
            f"{', '.join(spec)} -> {output} | ... {' '.join(image)}",
            (self._winner_name(x.ndim - self.dims, windows), self._winner(x, windows)),
            *patterns,
        )

    def _winner(self, x: Array, windows: Sequence[Windows]) -> Array:
        """1 at the place of each window, axes (..., p, q, u, v), that holds its largest entry, at the first of them."""
        seen = windowed(x, windows, -np.inf)
        largest = seen == np.max(seen, axis=self.places, keepdims=True)
        hits = inside_all(windows) & (largest | np.isnan(seen))
        extents, counts = [w.extent for w in windows], [w.count for w in windows]
        flat = hits.reshape((*x.shape[: -self.dims], math.prod(extents), *counts))
        return first_largest(flat, -self.dims - 1).reshape(hits.shape)

    def _winner_name(self, batch: int, windows: Sequence[Windows]) -> str:
        """`[x[{0}, 2 {3} + {1}, 2 {4} + {2}] = y[{0}, {3}, {4}]]`: the entry is the largest one."""
        slots = [f"{{{k}}}" for k in range(batch + 2 * self.dims)]
        n, p, u = slots[:batch], slots[batch : batch + self.dims], slots[batch + self.dims :]
        at = [w.place(u_, p_) for w, u_, p_ in zip(windows, u, p, strict=True)]
        return f"[x[{', '.join((*n, *at))}] = y[{', '.join((*n, *u))}]]"

    def example_batches(self, image: Shape) -> Sequence[Shape]:
        return large_batches(image)

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        return {"x": spread_out(rng, shapes["x"])}

    def kink_distance(self, x: Array) -> float:
        """The smallest gap between the largest and the second largest entry of a window."""
        seen = windowed(x, self.windows(x.shape), -np.inf)
        flat = seen.reshape((*x.shape[: -self.dims], -1, *seen.shape[-self.dims :]))
        if flat.shape[-self.dims - 1] == 1:
            return float("inf")
        second, first = np.moveaxis(np.partition(flat, -2, axis=-self.dims - 1), -self.dims - 1, 0)[-2:]
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
            return float(np.min(first - second))


class MeanOf(Pool):
    """The mean of a window."""

    constants = ("1/size", "1/size_d", "1/size_h", "1/size_w")

    def inner_names(self) -> tuple[str, ...]:
        """The sizes of the windows along each axis, where they differ; two pools of a network have two."""
        return ("size",) if self.dims == 1 else tuple(f"size_{h}" for h in axis_labels(self.dims)[0])

    def counts(self, windows: Windows) -> Array:
        """How many entries each window along an axis counts."""
        return as_array(np.sum(windows.inside, axis=0))

    def compute(self, x: Array) -> Array:
        windows = self.windows(x.shape)
        total = windowed(x, windows).sum(axis=tuple(range(-2 * self.dims, -self.dims)))
        many = np.ones((), x.real.dtype)
        for w in windows:
            many = many[..., None] * self.counts(w)
        return as_array(total / many.astype(x.real.dtype))

    def d_x(self, x: Array) -> Rule:
        spec, factors, coef = [], [], 1.0
        image, labels, _ = axis_labels(self.dims)
        for h, u, w, size in zip(image, labels, self.windows(x.shape), self.inner_names(), strict=True):
            counts = self.counts(w)
            if (counts == counts[0]).all():
                coef /= float(counts[0])
            else:
                spec.append(u)
                factors.append((f"1/{size}", 1 / counts.astype(x.dtype)))
            spec.append(f"{h} {u}")
            factors.append(w.members())
        return term(f"{', '.join(spec)} -> ... {' '.join(labels)} | ... {' '.join(image)}", *factors, coef=coef)
