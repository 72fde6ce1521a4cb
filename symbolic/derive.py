"""SymPy differentiates the index formulas with given sizes: the second opinion on every hand rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from jacobians.errors import InputError, ShapeError, unknown
from jacobians.op import Op, Shape
from symbolic.convert import NDimArray, nd_array
from symbolic.formulas import FORMULAS
from symbolic.scope import Explicit, symbols

Shapes = Mapping[str, Shape]
#: Sizes of the example that tells the ranks of an op's inputs.
EXAMPLE_SIZES = (2, 3, 5, 7, 11)


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


def entries(op: Op, wrt: str, sizes: Mapping[str, int] | Shapes | None = None) -> NDimArray:
    """All entries of d output / d input as an ImmutableDenseNDimArray, outputs first; `W_0_1` is the entry W[0, 1].

    `sizes` gives the size of every label, {"o": 2, "i": 3}, or the shape of every input, {"x": (3,), "W": (2, 3), ...};
    by default those of a small example.

    Raises:
        InputError: `wrt` is no differentiable input; a label or input that does not exist or is missing.
        ShapeError: shapes that do not fit the op.
    """
    op.require_input(wrt)
    return nd_array(entry_array(op, wrt, shapes_of(op, sizes)))


def shapes_of(op: Op, sizes: Mapping[str, int] | Shapes | None) -> dict[str, Shape]:
    """The shape of every input, from sizes of labels or from shapes of inputs."""
    example = dict(op.example_shapes(EXAMPLE_SIZES)[0])
    if sizes is None:
        return example
    if all(isinstance(n, tuple | list) for n in sizes.values()) and sizes:
        return _shapes_by_input(op, {name: tuple(n) for name, n in sizes.items()})  # type: ignore[arg-type]
    signature = op.signature(example)
    labels = tuple(dict.fromkeys(a for spec in signature.inputs.values() for a in spec))
    where = f"sizes of {op.label}"
    for name, n in sizes.items():
        if name not in labels:
            raise unknown(where, "label", name, labels)
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 1:
            raise ShapeError(f"{where}: expected a positive whole number for {name}, got {n!r}; as in {name}=3")
    if missing := [a for a in labels if a not in sizes]:
        expected = ", ".join(f"{a}=..." for a in labels)
        raise InputError(f"{where}: the size of {missing[0]} is missing; expected {expected}")
    return {name: tuple(int(sizes[a]) for a in spec) for name, spec in signature.inputs.items()}  # type: ignore[arg-type]


def _shapes_by_input(op: Op, shapes: dict[str, Shape]) -> dict[str, Shape]:
    where = f"shapes for {op.label}"
    for name in shapes:
        if name not in op.input_names():
            raise unknown(where, "input", name, op.input_names())
    if missing := [name for name in op.input_names() if name not in shapes]:
        raise InputError(f"{where}: the shape of {missing[0]} is missing; expected {', '.join(op.input_names())}")
    op.sizes(shapes)  # raises where they do not fit together
    return shapes
