"""Index formulas, one per op of `jacobians/ops/relabel.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.formulas.pick import choose
from symbolic.scope import Scope


def broadcast(s: Scope, *index: Any) -> Any:
    """x aligned at the last axis, its only entry along axes of size 1; a symbolic size is taken not to be 1."""
    labels = s.labels["x"]
    last = index[len(index) - len(labels) :]
    return s.x[*(0 if s.size(a) == 1 else k for a, k in zip(labels, last, strict=True))]


def permute(s: Scope, *index: Any) -> Any:
    """Axis k of the output is axis axes[k] of x."""
    old = dict(zip(s.op.axes, index, strict=True))
    return s.x[*(old[k] for k in range(len(index)))]


def diagonal(s: Scope, *index: Any) -> Any:
    """x_ii."""
    *n, i = index
    return s.x[*n, i, i]


def triu(s: Scope, *index: Any) -> Any:
    """x_ij for j >= i + k, else 0."""
    *_, i, j = index
    return choose((j >= i + s.op.k, lambda: s.x[*index]), (True, lambda: 0))


def tril(s: Scope, *index: Any) -> Any:
    """x_ij for j <= i + k, else 0."""
    *_, i, j = index
    return choose((j <= i + s.op.k, lambda: s.x[*index]), (True, lambda: 0))


FORMULAS: dict[str, Callable[..., Any]] = {
    "broadcast": broadcast,
    "permute": permute,
    "diagonal": diagonal,
    "triu": triu,
    "tril": tril,
}
