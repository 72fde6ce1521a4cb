"""Reading points, writing results: bad files are one message, and a target is whole or untouched."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from jacobians.errors import InputError


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
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"point {path}: cannot be read: {error.strerror}; give a .npz or .json file") from None
    except Exception as error:  # whatever a broken file makes NumPy or json raise
        raise InputError(f"point {path}: is no .npz or .json file of arrays by name: {error}") from None
    if not isinstance(data, dict):
        raise InputError(f'point {path}: expected an object such as {{"x": [1, 2, 3]}}, got a {type(data).__name__}')
    return data
