"""SymPy differentiates the index formulas with given sizes: the second opinion on every hand rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp

from jacobians.errors import FormError, InputError, ShapeError, unknown
from jacobians.op import Op, Shape
from symbolic.formulas import FORMULAS, Formula
from symbolic.formulas.parts import FORMULAS as PARTS
from symbolic.scope import Explicit, Expr, symbols

Shapes = Mapping[str, Shape]
#: The size of every label, or the shape of every input.
Sizes = Mapping[str, int] | Shapes
#: Sizes of the example that tells the ranks of an op's inputs.
EXAMPLE_SIZES = (2, 3, 5, 7, 11)


def output_entries(op: Op, inputs: Mapping[str, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """The op's output as an object array of SymPy expressions of the entries of `inputs`."""
    formula = _formula(op)
    signature, sizes = op.sizes({name: array.shape for name, array in inputs.items()})
    scope = Explicit(op, signature, sizes, inputs)
    out = np.empty(tuple(sizes[a] for a in signature.output), object)
    for index in np.ndindex(out.shape):
        out[index] = sp.sympify(formula(scope, *index))
    return out


def _formula(op: Op) -> Formula:
    """The formula of an op of this package, or of a subclass; another op of one's own may have the name of one."""
    formula = FORMULAS.get(op.name) or PARTS.get(op.name)
    own = any(c.__module__.startswith("jacobians.") and vars(c).get("name") == op.name for c in type(op).__mro__)
    if formula is None or not own:
        raise FormError(f"{op.label}: no entries in symbols: it has no index formula; use numbers, op.jacobian(...)")
    return formula


def entry_array(op: Op, wrt: str, shapes: Shapes) -> np.ndarray[Any, Any]:
    """d output / d input as an object array, our axis order; symbols `W_0_1` stand for the entries."""
    inputs = {name: symbols(name, shape) for name, shape in shapes.items()}
    out = output_entries(op, inputs)
    variable = inputs[wrt]
    result = np.empty(out.shape + variable.shape, object)
    for i in np.ndindex(out.shape):
        number, summands = _by_symbol(out[i])
        for k in np.ndindex(variable.shape):
            among = summands.get(variable[k], ())
            result[(*i, *k)] = number * sp.Add(*(sp.diff(summand, variable[k]) for summand in among))
    return result


def _by_symbol(expr: Expr) -> tuple[Expr, dict[Expr, list[Expr]]]:
    """The number before an expression, and for each symbol the summands that have it: the others have derivative 0."""
    number, total = expr.as_coeff_Mul()
    summands: dict[Expr, list[Expr]] = {}
    for summand in sp.Add.make_args(total):
        for symbol in summand.free_symbols:
            summands.setdefault(symbol, []).append(summand)
    return number, summands


def shapes_of(op: Op, sizes: Sizes | None) -> dict[str, Shape]:
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
