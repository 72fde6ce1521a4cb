"""A program as a Python function: its source with neutral names, compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jacobians import memory
from jacobians.plans.large import multiplied, shared
from jacobians.plans.program import DType, Program, Shape
from jacobians.plans.source import Writer
from jacobians.terms import Array

Function = Callable[..., Any]


class Elsewhere(Exception):  # noqa: N818  # no error: the plan is made anew
    """A condition that the code was made for does not hold at this point."""

    def __init__(self, number: int) -> None:
        self.number = number


class Unfit(Exception):  # noqa: N818  # no error: the point is looked at more closely
    """A point is not what the code was made for: arrays of these shapes and types in the order of their axes."""


class Results(dict[Any, Any]):
    """{(of, wrt): array}, {name: array} for values, and the arrays as the plan gave them.

    Zeros of those need not be written again.
    """

    __slots__ = ("made", "mark")
    made: Sequence[Any]
    #: Of the draft that wrote into the arrays last.
    mark: object

    @classmethod
    def of(cls, keys: Sequence[Any], made: Sequence[Any], mark: object) -> Results:
        """The results of these names."""
        results = cls(zip(keys, made, strict=True))
        results.made, results.mark = made, mark
        return results


def compiled(
    P: Program,
    values: Sequence[int],
    way: str,
    leaves: Sequence[str],
    keys: Sequence[Any] = (),
    mark: object = None,
) -> Function:
    """The function of a point, which looks whether the point fits.

    `way`: "direct" gives Results; "fresh" a tuple of arrays; "kept" takes the arrays to write into as well, "threads"
    the number of threads in addition.
    """
    inputs = [k for k, i in enumerate(P.code) if i.kind == "input"]
    names = {number: f"x{k}" for k, number in enumerate(inputs)}
    names |= {number: f"c{k}" for k, number in enumerate(P.constants)}
    writer = Writer(P, values, names, way)
    lines = writer.statements()
    kept = [f"o{k}" for k in range(len(values))] if way in ("kept", "threads") else []
    made = "".join(f"{name}, " for name in kept or [writer.text[v][0] for v in values])
    scope: dict[str, Any] = {"np": np, "memory": memory, "multiplied": multiplied}
    scope |= {"Elsewhere": Elsewhere, "Unfit": Unfit}
    scope |= {names[number]: P.constants[number] for number in P.constants}
    scope |= {"taken": _taken, "expected": _expected(P, inputs, leaves)}
    arguments, body = ["point"], [f"({''.join(f'{names[k]}, ' for k in inputs)}) = taken(point, expected)"]
    if kept:
        arguments.append("targets")
        body.append(f"({made}) = targets")
    if way == "threads":
        arguments.append("threads")
        scope["shared"] = shared
        lines = ["later = []", *lines, "shared(later, threads)"]
    body += [*lines, f"made = ({made})"]
    if way == "direct":
        scope |= {"Results": Results, "keys": tuple(keys), "mark": mark}
        body += ["results = Results(zip(keys, made))", "results.made = made", "results.mark = mark", "return results"]
    else:
        body.append("return made")
    text = "\n".join([*writer.decorators(), f"def run({', '.join(arguments)}):", *(f"    {line}" for line in body)])
    exec(compile(text, "<plan>", "exec"), scope)  # made of templates of this package: no text of a user is in it
    function: Function = scope["run"]
    return function


def _expected(P: Program, inputs: Sequence[int], leaves: Sequence[str]) -> list[tuple[str, Shape, DType]]:
    """What the leaves must be."""
    return [(name, P.shape(number), P.dtype(number)) for name, number in zip(leaves, inputs, strict=True)]


def _taken(point: Mapping[str, Any], expected: Sequence[tuple[str, Shape, DType]]) -> list[Array]:
    """The leaves from a point; Unfit where one is not what the code was made for."""
    if len(point) != len(expected):
        raise Unfit
    arrays = []
    for name, shape, dtype in expected:
        array = point[name]
        if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype:
            raise Unfit
        if not array.flags.c_contiguous:
            raise Unfit
        arrays.append(array)
    return arrays
