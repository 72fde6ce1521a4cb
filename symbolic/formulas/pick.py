"""Index formulas, one per op of `jacobians/ops/pick.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.scope import Scope


def choose(*cases: tuple[Any, Callable[[], Any]]) -> Any:
    """A Piecewise of (condition, entry); an entry is only asked for where its condition may hold.

    For given indices that is one entry: the others may lie outside the array.
    """
    pieces = []
    for condition, entry in cases:
        if condition in (True, False):
            condition = bool(condition)
        if condition is not False:
            pieces.append((entry(), condition))
        if condition is True:
            break
    return sp.Piecewise(*pieces)


def slice_(s: Scope, *index: Any) -> Any:
    """x_i with i = start + step o."""
    axis, size = s.op.axis % len(index), s.size("i")
    start = s.op.start if s.op.start is not None else (0 if s.op.step > 0 else size - 1)
    first = start if s.op.start is None or s.op.start >= 0 else size + start
    return s.x[*index[:axis], first + s.op.step * index[axis], *index[axis + 1 :]]


def index_(s: Scope, *index: Any) -> Any:
    """x_i with i = index."""
    axis = s.op.axis % (len(index) + 1)
    at = s.op.index if s.op.index >= 0 else s.size("i") + s.op.index
    return s.x[*index[:axis], at, *index[axis:]]


def gather(s: Scope, *index: Any) -> Any:
    """x_i with i = indices_o."""
    many = s.op.indices.ndim
    axis = s.op.axis % (len(index) - many + 1)
    at = index[axis : axis + many]
    given = all(isinstance(k, int) for k in at)
    i = int(s.op.indices[at]) if given else sp.IndexedBase("indices", integer=True)[at]
    return s.x[*index[:axis], i, *index[axis + many :]]


FORMULAS: dict[str, Callable[..., Any]] = {"slice": slice_, "index": index_, "gather": gather}
