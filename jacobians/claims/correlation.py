"""Cross-correlation and convolution of images (or signals) with kernels, as signs and as functions of SciPy.

Valid: out[i] = sum_u image[i + u] kernel[u], where the kernel lies within the image; full: wherever they overlap, the
image padded with zeros. A convolution turns the kernel round: kernel[-1 - u].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jacobians.claims.errors import IllFormed
from jacobians.claims.values import Array, Value, contract, structured
from jacobians.errors import shape_text


class Kind(NamedTuple):
    """Whether the image is padded, and whether the kernel is turned round."""

    full: bool
    turned: bool


#: What a sign may mean, by the words of a context.
KINDS = {
    "cross-correlation": Kind(False, False),
    "full cross-correlation": Kind(True, False),
    "convolution": Kind(False, True),
    "full convolution": Kind(True, True),
}
AXES = "abc"


def correlated(image: Value, kernel: Value, kind: Kind) -> Value:
    """An image with a kernel, of equally many axes.

    Raises:
        IllFormed: other ranks, or a kernel that is larger than the image where nothing is padded.
    """
    shapes = f"{shape_text(image.shape)} with {shape_text(kernel.shape)}"
    if image.rank != kernel.rank or not 1 <= image.rank <= len(AXES):
        raise IllFormed(f"a correlation needs an image and a kernel of equally many axes, got {shapes}")
    moved, made = "uvw"[: kernel.rank], image
    names = AXES[: image.rank]
    for axis, (size, width) in enumerate(zip(image.shape, kernel.shape, strict=True)):
        if not kind.full and width > size:
            raise IllFormed(f"the kernel is larger than the image: {shapes}; is a padding with zeros meant?")
        out = names.replace(AXES[axis], "ijk"[axis]) + moved[axis]
        made = contract(made, structured(_overlap(size, width, kind)), names, AXES[axis] + out[axis] + moved[axis], out)
        names = out
    return contract(made, kernel, names, moved, names[: image.rank])


def _overlap(size: int, width: int, kind: Kind) -> Array:
    """[h, i, u]: 1 where entry i of the result has entry h of the image under entry u of the kernel."""
    before = width - 1 if kind.full else 0
    h, i, u = np.ogrid[:size, : size - width + 1 + 2 * before, :width]
    return np.asarray(h == i - before + (width - 1 - u if kind.turned else u), np.float64)


def turned_round(a: Value) -> Value:
    """Every axis in reverse: rot180 of a matrix."""
    names = AXES[: a.rank]
    for axis, size in enumerate(a.shape):
        out = names.replace(AXES[axis], "z")
        a = contract(a, structured(np.eye(size)[::-1]), names, AXES[axis] + "z", out)
    return a
