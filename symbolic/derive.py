"""SymPy differentiates the index formulas: the second opinion on every hand rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from jacobians.op import Op
from symbolic.formulas import FORMULAS
from symbolic.scope import Explicit, symbols

Shapes = Mapping[str, tuple[int, ...]]


def output_entries(op: Op, inputs: Mapping[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """The op's output as an object array of SymPy expressions of the entries of `inputs`."""
    signature, sizes = op.sizes({name: array.shape for name, array in inputs.items()})
    scope = Explicit(op, signature, sizes, inputs)
    formula = FORMULAS[op.name]
    out = np.empty(tuple(sizes[a] for a in signature.output), object)
    for index in np.ndindex(out.shape):
        out[index] = formula(scope, *index)
    return out


def entry_array(op: Op, wrt: str, shapes: Shapes) -> np.ndarray[Any, Any]:
    """d output / d input as an object array, our axis order; symbols `W_0_1` stand for the entries."""
    inputs = {name: symbols(name, shape) for name, shape in shapes.items()}
    out = output_entries(op, inputs)
    variable = inputs[wrt]
    result = np.empty(out.shape + variable.shape, object)
    for i in np.ndindex(out.shape):
        expr = sp.sympify(out[i])
        free = expr.free_symbols
        for k in np.ndindex(variable.shape):
            result[(*i, *k)] = sp.diff(expr, variable[k]) if variable[k] in free else sp.Integer(0)
    return result
