"""From the text of a model to the model: declarations, values, equations, symbolic sizes."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from jacobians.errors import ModelError, ShapeError, shape_text, unknown
from jacobians.expressions import Builder
from jacobians.model import Model
from jacobians.notation import Declaration, Equation, Statement, Value, parse_model
from jacobians.notation.tree import Name
from jacobians.op import OpenShape, Shape

#: Symbolic sizes become these, pairwise different: most wrong formulas then fail by shape.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)


def read_model(text: str, sizes: Mapping[str, int]) -> Model:
    """Model.parse: see there."""
    statements = parse_model(text)
    numbers = _size_numbers(statements, sizes)
    shapes: dict[str, OpenShape] = {}
    values: dict[str, Any] = {}
    for s in statements:
        if isinstance(s, Value):
            values[s.name] = np.asarray(s.value, np.float64)
            shapes[s.name] = s.shape
        elif isinstance(s, Declaration) and s.kind == "layer":
            raise ModelError(
                f"line {s.line}: {s.name} : layer declares a generic layer, which has no values to run with; "
                "write the layers out, as in z1 = ..., z2 = ..."
            )
        elif isinstance(s, Declaration) and s.kind == "array":
            shapes[s.name] = tuple([numbers[n] if isinstance(n, str) else n for n in s.shape or ()])
    for name, value in values.items():
        if shapes[name] != value.shape:
            raise ModelError(f"{name}: declared as {shape_text(shapes[name])}, its value is {shape_text(value.shape)}")
    return _model(statements, shapes, values, text)


def read_equations(text: str, shapes: Mapping[str, Shape]) -> Model:
    """The model of equations alone, for leaves of these shapes."""
    return _model(parse_model(text), shapes, {}, text)


def _model(statements: list[Statement], shapes: Mapping[str, OpenShape], values: Mapping[str, Any], text: str) -> Model:
    equations = [s for s in statements if isinstance(s, Equation)]
    if not equations:
        raise ModelError("the model has no equation; write at least one, as in z1 = W1 @ x + b1")
    builder = Builder(shapes, [e.name for e in equations])
    nodes = [n for e in _in_order(equations) for n in builder.equation(e)]
    return Model(builder.shapes, nodes, values, text)


def _size_numbers(statements: list[Statement], given: Mapping[str, int]) -> dict[str, int]:
    """A number for every symbolic size: the given one, else pairwise different primes that nothing else uses."""
    declared = [s for s in statements if isinstance(s, Declaration)]
    written = [n for s in declared for n in s.shape or ()]
    names = dict.fromkeys([s.name for s in declared if s.kind == "size"] + [n for n in written if isinstance(n, str)])
    for name, number in given.items():
        if name not in names:
            raise unknown("Model.parse", "size", name, names)
        if number < 1:
            raise ShapeError(f"Model.parse: size {name}: expected at least 1, got {number}")
    free = (p for p in PRIMES if p not in written and p not in given.values())
    return {name: given[name] if name in given else next(free) for name in names}


def _in_order(equations: list[Equation]) -> list[Equation]:
    """The equations so that what an equation uses comes first: a part's rank is known before the part is read."""
    by_name = {e.name: e for e in equations}
    done: dict[str, Equation] = {}
    for first in equations:
        path = {} if first.name in done else {first.name: _used(first, by_name)}
        while path:
            name, used = next(reversed(path.items()))
            while used and used[-1] in done:
                used.pop()
            if not used:
                del path[name]
                done[name] = by_name[name]
            elif used[-1] in path:
                raise ModelError(
                    f"line {by_name[name].line}: {name} depends on itself through {used[-1]}; break the cycle"
                )
            else:
                path[used[-1]] = _used(by_name[used[-1]], by_name)
    return list(done.values())


def _used(e: Equation, defined: Container[str]) -> list[str]:
    """The names in an equation that others define, the last first."""
    return [part.text for part in e.expression.walk() if isinstance(part, Name) and part.text in defined][::-1]
