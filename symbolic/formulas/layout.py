"""Index formulas, one per op of `jacobians/ops/layout.py`: where an entry of the output stands in the input.

Floor and modulo of the place in row-major order; with symbolic sizes they stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jacobians.terms import Labels
from symbolic.scope import Scope


def place(s: Scope, labels: Labels, index: Sequence[Any]) -> Any:
    """How many entries come before the one at `index`, the last label running first."""
    before: Any = 0
    for label, k in zip(labels, index, strict=True):
        before = before * s.size(label) + k
    return before


def entry(s: Scope, labels: Labels, before: Any) -> list[Any]:
    """The index with that many entries before it, the last label running first."""
    index: list[Any] = []
    for label in reversed(labels):
        index.insert(0, before % s.size(label))
        before = before // s.size(label)
    return index


def reshape(s: Scope, *index: Any) -> Any:
    """The entry of x with as many entries before it."""
    return s.x[*entry(s, s.labels["x"], place(s, s.output, index))]


def vec(s: Scope, *index: Any) -> Any:
    """As `reshape`; for columns the first label runs first."""
    if s.op.order == "row":
        return reshape(s, *index)
    return s.x[*entry(s, s.labels["x"][::-1], index[0])[::-1]]


FORMULAS: dict[str, Callable[..., Any]] = {"reshape": reshape, "flatten": reshape, "vec": vec}
