"""Every op, one file per delta pattern; `OPS` is the list that tests, tables and commands read."""

from __future__ import annotations

from jacobians.op import Op
from jacobians.ops import (
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

#: The files of ops; each has a file of formulas of the same name in `symbolic/formulas`.
FILES = (
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
#: Op name -> default instance. A new op is one entry in the `OPS` of its file.
OPS: dict[str, Op] = {op.name: op for file in FILES for op in file.OPS}
