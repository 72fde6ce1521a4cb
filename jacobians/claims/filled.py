r"""Arrays of ones and zeros without a size, `\vec 1^T A`, `dy/du = \vec 1^T`: it follows from what is beside them."""

from __future__ import annotations

import numpy as np

from jacobians.claims.values import Value, structured
from jacobians.notation import tree as t

NUMBERS = {"ones": 1.0, "zeros": 0.0}


def before(tree: t.Tree, value: Value, after: Value) -> Value:
    """The left factor of a matrix product: a row of as many entries as the right one has rows."""
    return _filled(tree, after.shape[:1]) if _is_open(tree) and _is_row(tree) and after.rank else value


def behind(tree: t.Tree, value: Value, first: Value) -> Value:
    """The right factor of a matrix product: a column of as many entries as the left one has columns."""
    fits = first.rank == 2 or (first.rank == 1 and first.orientation != "column")
    return _filled(tree, first.shape[-1:]) if _is_open(tree) and not _is_row(tree) and fits else value


def equated(tree: t.Tree, value: Value, other: Value) -> Value:
    """One side of an equation: of the shape of the other side."""
    return _filled(tree, other.shape) if _is_open(tree) and other.rank else value


def _is_open(tree: t.Tree) -> bool:
    call = tree.operand if isinstance(tree, t.Transpose) else tree
    return isinstance(call, t.Call) and call.function in NUMBERS and not call.args


def _is_row(tree: t.Tree) -> bool:
    return isinstance(tree, t.Transpose)


def _filled(tree: t.Tree, shape: tuple[int, ...]) -> Value:
    call = tree.operand if isinstance(tree, t.Transpose) else tree
    assert isinstance(call, t.Call)
    return structured(np.full(shape, NUMBERS[call.function]), "row" if _is_row(tree) else "column")
