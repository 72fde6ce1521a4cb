"""One index formula per op; no derivatives.

A formula takes a `Scope` and the indices of an output entry, and gives that entry.
Each file mirrors one of `jacobians/ops/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.formulas import (
    activations,
    einsum,
    elementary,
    elementwise,
    join,
    layout,
    likelihood,
    linear,
    logits,
    losses,
    matrix,
    norms,
    pick,
    pointwise,
    products,
    rectifiers,
    reduce,
    relabel,
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
    relabel,
    pick,
    join,
    matrix,
    losses,
    likelihood,
    logits,
)
FORMULAS: dict[str, Formula] = {name: formula for file in _FILES for name, formula in file.FORMULAS.items()}
