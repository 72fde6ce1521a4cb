"""One index formula per op; no derivatives.

A formula takes a `Scope` and the indices of an output entry, and gives that entry. Each file mirrors one of `jacobians/ops/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.formulas import (
    activations,
    einsum,
    elementary,
    elementwise,
    layout,
    linear,
    losses,
    matrix,
    norms,
    pointwise,
    products,
    rectifiers,
    reduce,
    softmax,
)

Formula = Callable[..., Any]

#: Op name -> formula.
_FILES = (
    linear,
    pointwise,
    products,
    einsum,
    elementwise,
    elementary,
    activations,
    rectifiers,
    softmax,
    norms,
    reduce,
    layout,
    matrix,
    losses,
)
FORMULAS: dict[str, Formula] = {name: formula for file in _FILES for name, formula in file.FORMULAS.items()}
