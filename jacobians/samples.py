"""Per-sample Jacobians of a whole data set: a dask array whose chunks of samples are computed when they are needed.

The model is that of one sample. Its parameters are fixed; every leaf in `samples` has one value per sample.

dask computes the chunks on threads, or on other machines where one of its `distributed.Client`s is active.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jacobians import settings
from jacobians.batched import restricted
from jacobians.errors import DenseLimitError, InputError, shape_text, unknown
from jacobians.extras import library
from jacobians.per_sample import PerSample
from jacobians.terms import Array, real_array

if TYPE_CHECKING:
    from jacobians.model import Model

#: The bytes of results in one chunk, where the number of samples in it is not given.
CHUNK_BYTES = 2**26


class Samples:
    """What is asked for, checked: the chunk function, and the samples as dask arrays in equal chunks."""

    def __init__(
        self,
        where: str,
        model: Model,
        of: str,
        wrt: Sequence[str],
        samples: Mapping[str, Any],
        point: Mapping[str, ArrayLike] | None,
        chunk: int | None,
    ) -> None:
        self.where = where
        da = library("dask.array", "scale", where)
        _check_names(where, model, of, wrt)
        given = {name: _array(f"{where}: samples of {name}", value) for name, value in samples.items()}
        self.count = _check_samples(where, model, given)
        self.fixed = _fixed(where, model, of, wrt, given, point or {})
        floats = [a.dtype for k, a in {**self.fixed, **given}.items() if k in model.differentiable()]
        dtype = np.float32 if floats and all(d == np.float32 for d in floats) else np.float64
        self.function = PerSample(model, of, wrt, tuple(given), self.fixed, dtype)
        self.chunk = _chunk(where, self.function, self.count, chunk)
        self.given = {name: given[name] for name in self.function.samples}
        #: The number of each sample, then its values: what a chunk is computed from.
        self.arrays = [da.arange(self.count, chunks=self.chunk)]
        for value in self.given.values():
            array = value if isinstance(value, da.Array) else da.from_array(value, name=False)
            self.arrays.append(array.rechunk((self.chunk, *array.shape[1:])))

    def operands(self, label: str) -> list[Any]:
        """The arrays with the names of their axes, as `blockwise` takes them; `label` names the axis of samples."""
        names = ([label, *_axes(f"{label}{k}", array.ndim - 1)] for k, array in enumerate(self.arrays))
        return [part for pair in zip(self.arrays, names, strict=True) for part in pair]

    def jacobians(self) -> dict[str, Any]:
        """The dask array of the Jacobian by each leaf."""
        shapes = self.function.shapes
        inputs = [_axes(f"s{k}", array.ndim - 1) for k, array in enumerate(self.arrays)]
        outputs = [_axes(f"j{k}", len(shape)) for k, shape in enumerate(shapes.values())]
        left, right = (",".join(f"({','.join(names)})" for names in side) for side in (inputs, outputs))
        options: dict[str, Any] = {
            "output_dtypes": [self.function.dtype] * len(shapes),
            "output_sizes": dict(zip(chain(*outputs), chain(*shapes.values()), strict=True)),
        }
        apply = library("dask.array", "scale", self.where).apply_gufunc
        if len(shapes) == 1:
            found = [apply(self.function.only, f"{left}->{right}", *self.arrays, **options)]
        else:
            found = apply(self.function, f"{left}->{right}", *self.arrays, **options)
        return dict(zip(shapes, found, strict=True))


def jacobian_array(
    model: Model,
    of: str,
    wrt: str | Iterable[str],
    samples: Mapping[str, Any],
    point: Mapping[str, ArrayLike] | None,
    chunk: int | None,
    path: str | Path | None,
    progress: bool,
    threads: int | None,
) -> Any:
    """See `Model.jacobian_array`."""
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    asked = Samples("jacobian_array", model, of, names, samples, point, chunk)
    if path is None:
        if progress or threads is not None:
            raise InputError(
                "jacobian_array: progress and threads are for path=...; without it nothing is computed yet: "
                "use dask.diagnostics.ProgressBar() and compute(num_workers=...)"
            )
        found = asked.jacobians()
    else:
        from jacobians.storage import stored

        found = stored(asked, path, progress, threads)
    return found[wrt] if isinstance(wrt, str) else found


# ----- what may be given -----


def _check_names(where: str, model: Model, of: str, wrt: Sequence[str]) -> None:
    model.require(of, where)
    if not wrt:
        raise InputError(f"{where}: expected one leaf or more to differentiate by, got none; as in wrt=('W1', 'b1')")
    for name in wrt:
        if name not in model.differentiable():
            raise unknown(f"{where}: wrt", "differentiable leaf", name, model.differentiable())
    if twice := [name for k, name in enumerate(wrt) if name in wrt[:k]]:
        raise InputError(f"{where}: wrt names {twice[0]} twice; name it once")


def _array(where: str, value: Any) -> Any:
    """What is an array already (NumPy, memmap, dask, zarr) as it is, anything else as a NumPy array."""
    if not all(hasattr(value, key) for key in ("shape", "dtype", "__getitem__")):
        return real_array(where, value, convert=False)
    if np.dtype(value.dtype).kind not in "biuf":
        raise InputError(f"{where}: expected real numbers, got dtype {value.dtype}; convert them first")
    return value


def _check_samples(where: str, model: Model, given: Mapping[str, Any]) -> int:
    """How many samples there are."""
    if not given:
        leaf = next(iter(model.leaves))
        raise InputError(f"{where}: no samples; give the values of the leaves that differ, as in {{{leaf!r}: ...}}")
    first = next(iter(given))
    for name, value in given.items():
        if name not in model.leaves:
            raise unknown(f"{where}: samples", "leaf", name, model.leaves)
        shape = model.leaves[name]
        if len(value.shape) != len(shape) + 1 or tuple(value.shape[1:]) != shape or 0 in value.shape:
            wanted = ", ".join(map(str, ("n", *shape)))
            raise InputError(
                f"{where}: samples of {name}: expected ({wanted}), a row for each of n samples, "
                f"got {shape_text(value.shape)}"
            )
        if math.isnan(value.shape[0]):
            raise InputError(
                f"{where}: samples of {name}: the number of samples is not known; call {name}.compute_chunk_sizes()"
            )
        if value.shape[0] != given[first].shape[0]:
            raise InputError(
                f"{where}: {first} has {given[first].shape[0]} samples, {name} has {value.shape[0]}; "
                "give one of each per sample"
            )
    return int(given[first].shape[0])


def _fixed(
    where: str,
    model: Model,
    of: str,
    wrt: Sequence[str],
    given: Mapping[str, Any],
    point: Mapping[str, ArrayLike],
) -> dict[str, Array]:
    """The leaves that are the same for all samples, as arrays of the right shapes."""
    for name in point:
        if name not in model.leaves:
            raise unknown(f"{where}: point", "leaf", name, model.leaves)
    values = {**model.values, **point}
    needed = [name for name in restricted(model, of, wrt).leaves if name not in given]
    if missing := [name for name in needed if name not in values]:
        raise InputError(
            f"{where}: no value for {', '.join(missing)}; give it in point={{...}} where it is the same for all "
            "samples, in samples={...} where each has its own"
        )
    fixed = {}
    for name in needed:
        array = real_array(f"{where}: {name}", values[name], convert=name in model.differentiable())
        if array.shape != model.leaves[name]:
            raise InputError(
                f"{where}: {name}: expected {shape_text(model.leaves[name])}, got {shape_text(array.shape)}; "
                f"one value per sample goes into samples={{{name!r}: ...}}"
            )
        fixed[name] = array
    return fixed


def _chunk(where: str, function: PerSample, count: int, chunk: int | None) -> int:
    """How many samples make a chunk."""
    if function.nbytes > settings.dense_limit:
        raise DenseLimitError(
            f"{where}: the Jacobians of one sample need {function.nbytes:,} bytes, the limit is "
            f"{settings.dense_limit:,}; ask for fewer leaves, or set jacobians.settings.dense_limit"
        )
    if chunk is None:
        return min(count, max(1, CHUNK_BYTES // function.nbytes))
    if isinstance(chunk, bool) or not isinstance(chunk, int | np.integer) or chunk < 1:
        raise InputError(f"{where}: chunk={chunk!r}: expected a number of samples, as in chunk=100")
    return min(count, int(chunk))


def _axes(prefix: str, rank: int) -> list[str]:
    return [f"{prefix}_{axis}" for axis in range(rank)]
