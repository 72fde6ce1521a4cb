"""The empirical tangent kernel and the empirical Fisher information of a whole data set, from chunks of Jacobians.

Each block of the result computes the Jacobians that it needs and drops them: they are never in memory as a whole. In
the kernel they stay factors and deltas: of a layer z = W a, J J^T is the product of two small kernels, that of the
inputs a and that of the derivatives by z, entry by entry.

Source: Jacot, Gabriel, Hongler, "Neural Tangent Kernel" (2018); Kunstner, Balles, Hennig, "Limitations of the Empirical
Fisher Approximation" (2019), eq. 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, shape_text
from jacobians.extras import library
from jacobians.per_sample import PerSample
from jacobians.samples import Samples
from jacobians.second import split
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model


def empirical_ntk(
    model: Model,
    of: str,
    samples: Mapping[str, Any],
    *,
    wrt: str | Iterable[str] | None = None,
    point: Mapping[str, ArrayLike] | None = None,
    chunk: int | None = None,
    trace: bool = False,
) -> Any:
    """The tangent kernel of all pairs of n samples, K = sum over parameters of J J^T: a dask array (n, *of, n, *of).

    K[a, i, b, j] = sum over theta of d of_i(a)/d theta  d of_j(b)/d theta. With `trace` the sum over i = j, (n, n).
    `model`, `samples`, `point` and `chunk` are as in `Model.jacobian_array`; `wrt` are the parameters (default: all).

    Raises:
        InputError, ShapeError: as `Model.jacobian_array`; no parameters, or one that has a value per sample.
    """
    asked = _asked("empirical_ntk", model, of, samples, wrt, point, chunk)
    outputs = () if trace else model.shapes[of]
    sides = [[f"{side}{k}" for k in range(len(outputs))] for side in "ab"]
    return library("dask.array", "scale", asked.where).blockwise(
        Kernel(asked.function, trace),
        ["a", *sides[0], "b", *sides[1]],
        *asked.operands("a"),
        *asked.operands("b"),
        new_axes={name: n for side in sides for name, n in zip(side, outputs, strict=True)},
        concatenate=True,
        token=asked.where,
        dtype=asked.function.dtype,
        meta=np.empty((0,) * (2 + 2 * len(outputs)), asked.function.dtype),
    )


def empirical_fisher(
    model: Model,
    of: str,
    samples: Mapping[str, Any],
    *,
    wrt: str | Iterable[str] | None = None,
    point: Mapping[str, ArrayLike] | None = None,
    chunk: int | None = None,
) -> Any:
    """The mean over n samples of g g^T, g the gradient of a sample's loss `of` by all parameters: a dask array (p, p).

    The p rows are the entries of the parameters in `wrt` (default: all), one after the other, each row by row.
    `model`, `samples`, `point` and `chunk` are as in `Model.jacobian_array`.

    Raises:
        InputError, ShapeError: as `empirical_ntk`; a loss that is no number.
    """
    asked = _asked("empirical_fisher", model, of, samples, wrt, point, chunk)
    if model.shapes[of]:
        raise InputError(
            f"empirical_fisher: expected a loss that is one number for each sample, got {of} with the shape "
            f"{shape_text(model.shapes[of])}; for a vector take empirical_ntk"
        )
    size = sum(map(math.prod, asked.function.shapes.values()))
    squares = library("dask.array", "scale", asked.where).blockwise(
        Squares(asked.function),
        ["a", "p", "q"],
        *asked.operands("a"),
        new_axes={"p": size, "q": size},
        adjust_chunks={"a": 1},
        concatenate=True,
        token=asked.where,
        dtype=asked.function.dtype,
        meta=np.empty((0, 0, 0), asked.function.dtype),
    )
    return squares.sum(axis=0) / asked.count


@dataclass(frozen=True)
class Kernel:
    """The block of the kernel for two chunks of samples: their numbers and values, one after the other."""

    jacobians: PerSample
    trace: bool

    def __call__(self, *arrays: Array) -> Array:
        """(n, *of, m, *of), or (n, m) with `trace`."""
        half = len(arrays) // 2
        one = self.jacobians.structured(*arrays[:half])
        two = one if arrays[0][0] == arrays[half][0] else self.jacobians.structured(*arrays[half:])
        if self.trace:  # the outputs are summed over, as the parameters are
            one, two = ([split(J, 1) for J in side] for side in (one, two))
        blocks = ((J @ K.T).dense() for J, K in zip(one, two, strict=True))
        return reduce(np.add, blocks).astype(self.jacobians.dtype, copy=False)


@dataclass(frozen=True)
class Squares:
    """The sum of g g^T over a chunk of samples, (1, p, p)."""

    gradients: PerSample

    def __call__(self, *arrays: Array) -> Array:
        """See the class."""
        g = np.concatenate([J.reshape(len(J), -1) for J in self.gradients(*arrays)], axis=1)
        return np.asarray((g.T @ g)[np.newaxis])


def _asked(
    where: str,
    model: Model,
    of: str,
    samples: Mapping[str, Any],
    wrt: str | Iterable[str] | None,
    point: Mapping[str, ArrayLike] | None,
    chunk: int | None,
) -> Samples:
    names = model.parameters() if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt)
    if not names:
        raise InputError(f"{where}: {of} has no parameters; name the leaves to differentiate by: wrt=('w',)")
    if own := [name for name in names if name in samples]:
        raise InputError(
            f"{where}: expected parameters that all samples share, got {own[0]}, which has a value for each sample; "
            "leave it out of wrt"
        )
    return Samples(where, model, of, names, samples, point, chunk)
