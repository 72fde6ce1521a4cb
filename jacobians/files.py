"""Reading points, writing results: bad files are one message, and a target is whole or untouched."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jacobians.errors import InputError

#: What writes a point that can be read.
_WRITE = {
    ".npz": "write it by np.savez(path, x=x, W=W) with arrays of numbers",
    ".json": 'write an object such as {"x": [1, 2, 3]}',
}


def write_file(path: Path, content: bytes) -> None:
    """Write to a temporary name beside the target, then rename.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror}; give a file in a folder that can be written to"
        ) from None


def read_point(path: Path) -> dict[str, Any]:
    """Values by name from a .npz or .json file.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        if path.suffix != ".json" and path.is_file():
            raise InputError(f"point {path}: expected a name that ends in .npz or .json, got {path.name!r}")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"point {path}: cannot be read: {error.strerror}; give a .npz or .json file") from None
    except InputError:
        raise
    except Exception as error:  # whatever a broken file makes NumPy or json raise
        reason = f": {error}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(
            f"point {path}: is no {path.suffix} file of arrays by name{reason}; {_WRITE[path.suffix]}"
        ) from None
    if not isinstance(data, dict):
        raise InputError(f'point {path}: expected an object such as {{"x": [1, 2, 3]}}, got {type(data).__name__}')
    return data
