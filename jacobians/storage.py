"""Per-sample Jacobians written to zarr, chunk by chunk; a run that was killed goes on where it stopped.

`path` becomes a zarr group with an array per leaf, (n, *of, *wrt), one zarr chunk for each chunk of samples. A chunk is
written to a temporary file that is then renamed (by zarr), and ends in a checksum: a file that is there and passes is
finished. The group's attributes hold hashes of all that the numbers depend on, so that no run continues another one's.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jacobians.errors import InputError
from jacobians.extras import library

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.samples import Samples

#: The key of the hashes in the attributes of the group.
KEY = "jacobian_array"
#: How the names of files end that zarr has not renamed yet: a run died while it wrote them.
UNFINISHED = ".partial"
#: Bytes that the codec takes at once.
LARGEST = 2**31 - 1
#: Bytes of samples that are hashed at once.
BLOCK = 2**26


def stored(asked: Samples, path: str | Path, progress: bool, threads: int | None) -> dict[str, Any]:
    """Compute what is not yet in the group at `path`, and give its arrays as dask arrays.

    Raises:
        InputError: the path is something else, or holds the Jacobians of something else; threads below 1.
    """
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise InputError(f"{asked.where}: threads={threads!r}: expected a positive number, as in threads=2")
    for name, shape in asked.function.shapes.items():
        if (size := asked.chunk * math.prod(shape) * asked.function.dtype.itemsize) > LARGEST:
            raise InputError(
                f"{asked.where}: a chunk of {asked.chunk} samples by {name} takes {size:,} bytes, a file at most "
                f"{LARGEST:,}; choose a smaller chunk"
            )
    da, dask = library("dask.array", "scale", asked.where), library("dask", "scale", asked.where)
    arrays = _opened(asked, Path(path))
    found = {name: array.to_delayed().ravel() for name, array in asked.jacobians().items()}
    tasks = [
        dask.delayed(write)(array, k, asked.chunk, found[name][k])
        for name, array in arrays.items()
        for k in range(math.ceil(asked.count / asked.chunk))
        if not finished(array, k)
    ]
    if tasks:
        with _bar(len(tasks), progress) as advance:
            _compute(tasks, threads, advance)
    return {name: da.from_zarr(array) for name, array in arrays.items()}


def write(array: Any, k: int, chunk: int, block: Any) -> None:
    """Write chunk k, whole.

    Raises:
        InputError: the disk is full or was taken away.
    """
    try:
        array[k * chunk : k * chunk + len(block)] = block
    except OSError as error:
        raise InputError(
            f"{KEY}: chunk {k} cannot be written to {str(array.store.root)!r}: {error.strerror or error}; "
            "the finished chunks stay: make room and run it again"
        ) from None


def finished(array: Any, k: int) -> bool:
    """Whether chunk k is there and whole; a damaged one is removed."""
    file = array.store.root / array.path / array.metadata.encode_chunk_key((k, *(0,) * (array.ndim - 1)))
    if not file.exists():
        return False
    try:
        array.blocks[k]
    except Exception:  # whatever a broken file makes zarr and its codecs raise
        file.unlink()
        return False
    return True


# ----- the group -----


def _opened(asked: Samples, path: Path) -> dict[str, Any]:
    """The arrays of the group, made where they are not there yet."""
    zarr = library("zarr", "scale", asked.where)
    prints = fingerprints(asked)
    try:
        if not path.exists() or (path.is_dir() and all(p.suffix == UNFINISHED for p in path.iterdir())):
            group = zarr.create_group(path, attributes={KEY: prints})
            arrays: dict[str, Any] = {}
        else:
            group, arrays = _continued(zarr, path, asked.where)
            _compare(asked, path, group.attrs[KEY], prints)
        for left in path.rglob(f"*{UNFINISHED}"):
            left.unlink()
        return {k: arrays[k] if k in arrays else _created(zarr, group, asked, k) for k in asked.function.wrt}
    except OSError as error:
        raise InputError(
            f"{asked.where}: path {str(path)!r} cannot be written: {error.strerror or error}; "
            "give a folder in a place that can be written to"
        ) from None


def _continued(zarr: Any, path: Path, where: str) -> tuple[Any, dict[str, Any]]:
    """The group that an earlier run began, and its arrays."""
    try:
        group = zarr.open_group(path, mode="r+")
        if isinstance(group.attrs.get(KEY), dict):
            return group, dict(group.arrays())
        came = "a zarr group of something else"
    except Exception:  # whatever zarr raises for a file, a folder of other things, a damaged group
        came = "a folder with other things in it" if path.is_dir() else "a file"
    raise InputError(
        f"{where}: path {str(path)!r}: expected a new folder or one that an earlier run began, got {came}; "
        "give another path"
    )


def _compare(asked: Samples, path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse to go on with other data, and say what differs."""
    differs = [
        f"{key} (there {old.get(key)}, here {new.get(key)})" if key in PLAIN else key
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key)
    ]
    if differs:
        raise InputError(
            f"{asked.where}: path {str(path)!r} holds the Jacobians of another run, which differs in "
            f"{', '.join(differs)}; give another path, or delete this one"
        )


def _created(zarr: Any, group: Any, asked: Samples, name: str) -> Any:
    shape = asked.function.shapes[name]
    return group.create_array(
        name,
        shape=(asked.count, *shape),
        chunks=(asked.chunk, *shape),
        dtype=asked.function.dtype,
        compressors=[zarr.codecs.BloscCodec(cname="lz4", clevel=1, shuffle="shuffle"), zarr.codecs.Crc32cCodec()],
        fill_value=math.nan,  # what is not computed yet reads as NaN, not as zero
    )


# ----- what the numbers depend on -----

#: The entries that are not hashes.
PLAIN = ("of", "wrt", "samples", "chunk", "dtype")


def fingerprints(asked: Samples) -> dict[str, Any]:
    """What the numbers depend on: names and sizes as they are, hashes of model, parameters and samples."""
    function = asked.function
    plain = (function.of, ", ".join(function.wrt), asked.count, asked.chunk, str(function.dtype))
    return {
        **dict(zip(PLAIN, plain, strict=True)),
        "the model": _hash_model(function.model),
        **{f"the value of {name}": _hash([value]) for name, value in function.fixed.items()},
        **{f"the samples of {name}": _hash(_blocks(value)) for name, value in asked.given.items()},
    }


def _hash_model(model: Model) -> str:
    with np.printoptions(threshold=sys.maxsize, precision=17):  # options of ops may be arrays
        nodes = [(n.name, repr(n.op), sorted(n.sources.items())) for n in model.nodes.values()]
    return hashlib.sha256(repr((nodes, sorted(model.leaves.items()))).encode()).hexdigest()


def _hash(blocks: Iterable[Any]) -> str:
    """Of the type, the shape of a row and all bytes; the same however the array is cut into blocks."""
    digest = hashlib.sha256()
    for k, block in enumerate(blocks):
        if k == 0:
            digest.update(f"{block.dtype.str} {block.shape[1:]}".encode())
        digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()


def _blocks(array: Any) -> Iterator[Any]:
    """A few samples after the other, as NumPy arrays."""
    rows = max(1, BLOCK // max(1, math.prod(array.shape[1:]) * array.dtype.itemsize))
    for first in range(0, array.shape[0], rows):
        yield np.asarray(array[first : first + rows])


# ----- how it runs -----


def _compute(tasks: list[Any], threads: int | None, advance: Any) -> None:
    """On threads of this process, or where a `distributed.Client` is active, there."""
    dask = library("dask", "scale", KEY)
    distributed: Any = sys.modules.get("distributed")  # no client where nobody imported it
    try:
        client = distributed.default_client() if distributed else None
    except ValueError:
        client = None
    if client is not None:
        for future in distributed.as_completed(client.compute(tasks)):
            future.result()
            advance()
        return
    keys = {task.key for task in tasks}
    callbacks = library("dask.callbacks", "scale", KEY)
    with callbacks.Callback(posttask=lambda key, *_: advance() if key in keys else None):
        dask.compute(*tasks, num_workers=threads or os.cpu_count())


@contextmanager
def _bar(total: int, shown: bool) -> Iterator[Any]:
    """A progress bar of chunks where it is wanted; gives the function that moves it on by one."""
    if not shown:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("chunks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("chunks", total=total)
        yield lambda: progress.advance(task)
