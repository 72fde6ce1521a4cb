"""0/1 patterns that depend on values, as SymPy's cases: `[x[{0}] > 0]` at 2 is Piecewise((1, x_2 > 0), (0, True)).

Names of patterns are formulas in the plain notation, read by this project's own parser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from jacobians.errors import MathSyntaxError
from jacobians.notation import tree
from jacobians.notation.factor_names import read_factor
from symbolic.scope import Expr

Entries = np.ndarray[Any, Any]
Values = Callable[[str], Entries]
Places = Mapping[str, Expr]

_RELATIONS = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq}


class _UnreadError(Exception):
    """A name that does not say entry by entry when the pattern is 1."""


def pattern(name: str, shape: tuple[int, ...], values: Values) -> Entries | None:
    """The pattern of this name with the entries of `values` in it; None where the name does not say it entry by entry.

    A comparison for equality needs a whole number on one side, such as a class: which of two equal values is the
    largest is a question of order, not of values.
    """
    found = np.empty(shape, object)
    try:
        read, slots = read_factor(name)
        for k in np.ndindex(shape):
            places = {slot: sp.Integer(k[axis]) for axis, slot in slots.items()}
            found[k] = sp.Piecewise((1, _case(read, places, values)), (0, True))
    except (MathSyntaxError, _UnreadError):
        return None
    return found


def _case(read: tree.Tree, places: Places, values: Values) -> Expr:
    """When the pattern is 1."""
    if not isinstance(read, tree.Iverson):
        raise _UnreadError
    parts = [_value(part, places, values) for part in read.condition.parts]
    cases = []
    for (left, right), relation in zip(pairwise(parts), read.condition.relations, strict=True):
        whole = left.is_Integer or right.is_Integer
        if relation not in _RELATIONS or (relation == "==" and not whole):
            raise _UnreadError
        cases.append(_RELATIONS[relation](left, right))
    return sp.And(*cases)


def _value(part: tree.Tree, places: Places, values: Values) -> Expr:
    """A number, an index letter, an entry of a value, or a sum, difference or product of them."""
    match part:
        case tree.Number():
            return sp.Rational(part.value.numerator, part.value.denominator)
        case tree.Name(text) if text in places:
            return places[text]
        case tree.Name(text) if values(text).shape == ():
            return values(text)[()]
        case tree.Index(tree.Name(text), indices):
            return values(text)[tuple(int(_value(i, places, values)) for i in indices)]
        case tree.Negative(operand):
            return -_value(operand, places, values)
        case tree.Binary("+", left, right):
            return _value(left, places, values) + _value(right, places, values)
        case tree.Binary("-", left, right):
            return _value(left, places, values) - _value(right, places, values)
        case tree.Binary("*", left, right) | tree.Juxtaposition(left, right):
            return _value(left, places, values) * _value(right, places, values)
    raise _UnreadError
