"""What convolution and pooling share: windows that slide along the axes of an image, their options, their 0/1 patterns.

Place p of window u is the entry h = stride u + dilation p - padding of the image: a pattern over (h, u, p) for each
axis, never one over all axes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError
from jacobians.ops.labels import plus, whole
from jacobians.terms import Array, Labels, as_array

#: An option with one number for all axes, or one number each.
PerAxis = int | tuple[int, ...]


def axis_labels(dims: int) -> tuple[Labels, Labels, Labels]:
    """The labels of the image's axes, of the windows and of the places in a window: (h w), (u v), (p q)."""
    if dims == 1:
        return ("h",), ("u",), ("p",)
    return ("d", "h", "w")[-dims:], ("t", "u", "v")[-dims:], ("r", "p", "q")[-dims:]


def per_axis(where: str, name: str, value: object, dims: int, least: int) -> PerAxis:
    """An option of whole numbers from `least` on, checked: one number, or a tuple with one for each axis."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return at_least(where, name, value, least)
    if len(value) != dims:
        raise InputError(
            f"{where}: expected one number or {dims} for the option {name}, one for each axis, got {len(value)} in "
            f"{value!r}; as in {name}={(least + 1,) * dims}"
        )
    return tuple(at_least(where, name, number, least) for number in value)


def at_least(where: str, name: str, value: Any, least: int) -> int:
    """An option that is a whole number from `least` on, checked."""
    if not whole(value) or value < least:
        raise InputError(
            f"{where}: expected a whole number of {least} or more for the option {name}, got {value!r}; "
            f"as in {name}={least + 1}"
        )
    return int(value)


def spread(value: PerAxis, dims: int) -> tuple[int, ...]:
    """One number for each axis."""
    return value if isinstance(value, tuple) else (value,) * dims


def times(number: int, label: str) -> str:
    """`2 {1}`, or `{1}` for 1."""
    return label if number == 1 else f"{number} {label}"


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows along one axis: place p of window u is entry floor(stride u) + dilation p - before, if the axis has it.

    `size` entries on the axis, `count` windows, `extent` places in each.
    """

    size: int
    count: int
    extent: int
    stride: int | Fraction = 1
    dilation: int = 1
    before: int = 0

    @property
    def starts(self) -> Array:
        """The first entry of each window; below 0 where it begins in the padding."""
        return np.arange(self.count) * self.stride.numerator // self.stride.denominator - self.before

    @property
    def ends(self) -> Array:
        """The entry after the last one of each window."""
        return self.starts + span(self.extent, self.dilation)

    @property
    def entries(self) -> Array:
        """The entry at each place of each window, (p, u), whether the axis has it or not."""
        return self.starts + self.dilation * np.arange(self.extent)[:, None]

    @property
    def inside(self) -> Array:
        """Where a place of a window is an entry of the axis, (p, u)."""
        entries = self.entries
        return (entries >= 0) & (entries < np.minimum(self.ends, self.size))

    def place(self, window: str, place: str) -> str:
        """`2 {1} + {2} - 1`: the entry at a place of a window."""
        return plus(f"{self._first(window)} + {times(self.dilation, place)}", -self.before)

    def places(self) -> tuple[str, Array]:
        """The pattern (h, u, p) of h = stride u + dilation p - before."""
        h = np.arange(self.size)[:, None, None]
        return f"[{{0}} = {self.place('{1}', '{2}')}]", h == self.entries.T

    def members(self) -> tuple[str, Array]:
        """The pattern (h, u) of the entries of each window, for windows without holes."""
        h = np.arange(self.size)[:, None]
        inside = (h >= self.starts) & (h < self.ends)
        if self.extent == 1:
            return f"[{{0}} = {plus(self._first('{1}'), -self.before)}]", inside
        distance = plus(f"{{0}} - {self._first('{1}')}", self.before)
        return f"[0 <= {distance} < {self.extent}]", inside

    def _first(self, window: str) -> str:
        number, divisor = self.stride.numerator, self.stride.denominator
        return times(number, window) if divisor == 1 else f"floor({times(number, window)} / {divisor})"


class AdaptiveWindows(Windows):
    """`count` windows that share the axis out: window u has the entries from floor(s u) to ceil(s (u + 1)) - 1."""

    __slots__ = ()

    def __init__(self, size: int, count: int) -> None:
        """Share `size` entries out to `count` windows, s = size / count."""
        u = np.arange(count)
        longest = int(np.max(-(-(u + 1) * size // count) - u * size // count))
        super().__init__(size, count, longest, Fraction(size, count))

    @property
    def ends(self) -> Array:
        return -(-(np.arange(self.count) + 1) * self.size // self.count)

    def members(self) -> tuple[str, Array]:
        name, pattern = Windows.members(self)
        if self.stride.denominator > 1:
            share = f"{self.size} ({{1}} + 1) / {self.count}"
            name = f"[{self._first('{1}')} <= {{0}} < ceil({share})]"
        return name, pattern


def span(extent: int, dilation: int) -> int:
    """How many entries a window of `extent` places covers, holes included."""
    return dilation * (extent - 1) + 1


def windowed(x: Array, windows: Sequence[Windows], fill: ArrayLike = 0) -> Array:
    """The image x, axes (..., h, w), window by window, axes (..., p, q, u, v); `fill` where a window hangs over."""
    shapes = zip(_shapes(windows), windows, strict=True)
    at: tuple[Any, ...] = tuple(np.clip(w.entries, 0, w.size - 1).reshape(shape) for shape, w in shapes)
    return np.where(inside_all(windows), x[(..., *at)], as_array(fill, x.dtype))


def inside_all(windows: Sequence[Windows]) -> Array:
    """Where a place of a window is an entry of the image, axes (p, q, u, v)."""
    inside = np.ones((), bool)
    for shape, w in zip(_shapes(windows), windows, strict=True):
        inside = inside & w.inside.reshape(shape)
    return inside


def _shapes(windows: Sequence[Windows]) -> list[list[int]]:
    """For each axis the shape that puts its places and its windows where `windowed` has them."""
    n = len(windows)
    shapes = [[1] * (2 * n) for _ in windows]
    for k, w in enumerate(windows):
        shapes[k][k], shapes[k][n + k] = w.extent, w.count
    return shapes
