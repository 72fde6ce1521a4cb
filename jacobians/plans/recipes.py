"""What is done to factors depends on labels, types and 0/1 patterns alone: it is recorded once, and replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jacobians.plans.patterns import Part
from jacobians.plans.program import Program


class Recipe(NamedTuple):
    """What is done to some factors: a program of them, and the parts or the array that it ends with."""

    program: Program
    inputs: tuple[int, ...]
    result: Any


_RECIPES: dict[Any, Recipe] = {}
_MOST = 4096


def recipe(
    P: Program, parts: Sequence[Part], what: str, record: Callable[..., Any], *more: Any
) -> tuple[Recipe, dict[int, int]]:
    """The recipe for parts of these labels and types, and which values of `P` its inputs are."""
    values = list(dict.fromkeys([v for part in parts for v in part.values]))
    place = {v: k for k, v in enumerate(values)}
    kinds = tuple([_kind(P, v) for v in values])
    terms = tuple([(part.pattern, tuple([place[v] for v in part.values]), part.coef) for part in parts])
    key = (what, terms, kinds, *more)
    if (known := _RECIPES.get(key)) is None:
        if len(_RECIPES) >= _MOST:
            _RECIPES.clear()
        own = Program()
        inputs = [_input(own, P, v, kind) for v, kind in zip(values, kinds, strict=True)]
        mine = [Part(pattern, tuple([inputs[k] for k in places]), coef) for pattern, places, coef in terms]
        known = _RECIPES[key] = Recipe(own, tuple(inputs), record(own, mine, *more))
    return known, dict(zip(known.inputs, values, strict=True))


def _input(own: Program, P: Program, value: int, kind: Any) -> int:
    if isinstance(kind, tuple):
        return own.constant(P.constants[value])
    return own.add(f"x{len(own.code)}", (), P.shape(value), P.dtype(value), kind="input")


def _kind(P: Program, value: int) -> Any:
    """All that is known of a factor: its type; for a 0/1 pattern that is known now, which one."""
    constant = P.constants.get(value)
    if isinstance(constant, np.ndarray) and constant.dtype == bool:
        return ("pattern", constant.shape, constant.tobytes())
    return P.dtype(value).char
