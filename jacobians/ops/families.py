"""The files of ops by family, and `OPS`, the list of all that tests, tables and commands read."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from jacobians.op import Op
from jacobians.ops import (
    activations,
    attention,
    channel_norms,
    classification,
    convolution,
    cosine,
    einsum,
    elementary,
    elementwise,
    embedding,
    gates,
    gaussian,
    heads,
    join,
    layout,
    likelihood,
    linear,
    linear_attention,
    logits,
    losses,
    matrix,
    metric,
    normalization,
    norms,
    parametric,
    pick,
    pointwise,
    pooling,
    positions,
    preference,
    products,
    rectifiers,
    recurrent,
    reduce,
    relabel,
    softmax,
)

#: The files of ops by family; each has a file of formulas of the same name in `symbolic/formulas`.
FAMILIES: Mapping[str, tuple[ModuleType, ...]] = {
    "Linear maps and products": (linear, products, einsum),
    "Arithmetic": (pointwise,),
    "Elementwise functions": (elementwise, elementary),
    "Activations and gates": (activations, rectifiers, parametric, gates),
    "Softmax and norms": (softmax, norms),
    "Reductions": (reduce,),
    "Shapes, selection, joining": (layout, relabel, pick, join),
    "Matrices": (matrix,),
    "Convolution and pooling": (convolution, pooling),
    "Normalization": (normalization, channel_norms),
    "Embedding and attention": (embedding, positions, attention, linear_attention, heads),
    "Recurrent cells": (recurrent,),
    "Losses": (losses, likelihood, logits, classification, metric, cosine),
    "Preferences, policies, Gaussians": (preference, gaussian),
}
FILES = tuple(file for files in FAMILIES.values() for file in files)
#: Op name -> default instance. A new op is one entry in the `OPS` of its file; its public name, in `__init__.pyi`.
OPS: dict[str, Op] = {op.name: op for file in FILES for op in file.OPS}
