"""One index formula per op; no derivatives.

A formula takes a `Scope` and the indices of an output entry, and gives that entry.
Each file mirrors one of `jacobians/ops/`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from jacobians.ops import FILES

Formula = Callable[..., Any]

_MIRRORS = (import_module(f"{__name__}.{file.__name__.rpartition('.')[2]}") for file in FILES)
#: Op name -> formula.
FORMULAS: dict[str, Formula] = {name: formula for file in _MIRRORS for name, formula in file.FORMULAS.items()}
