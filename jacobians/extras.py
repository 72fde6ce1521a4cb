"""Libraries that only some functions need: imported when they are called, with the extra to install where missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jacobians.errors import InputError


def library(name: str, extra: str, where: str) -> Any:
    """The module `name`, such as `dask.array`.

    Raises:
        InputError: it is not installed; the message names the extra of this package that installs it.
    """
    try:
        return import_module(name)
    except ImportError:
        top = name.partition(".")[0]
        raise InputError(
            f"{where}: needs {top}, which is not installed; run `pip install 'jacobians[{extra}]'`"
        ) from None
