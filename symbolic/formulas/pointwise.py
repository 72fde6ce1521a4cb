"""Index formulas of the ops on two broadcast arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symbolic.scope import Scope

Formula = Callable[..., Any]


def entry(s: Scope, name: str, index: tuple[Any, ...]) -> Any:
    """The entry of an input that broadcasting brings to an output entry: 0 on the axes that are stretched."""
    at = dict(zip(s.output, index, strict=True))
    return getattr(s, name)[tuple(at.get(a, 0) for a in s.labels[name])]


def pointwise(f: Callable[[Any, Any], Any]) -> Formula:
    """z_i = f(x_i, y_i)."""
    return lambda s, *i: f(entry(s, "x", i), entry(s, "y", i))


def scale(s: Scope, *i: Any) -> Any:
    """y_i = c x_i."""
    return s.c[()] * s.x[i]


FORMULAS: dict[str, Formula] = {
    "add": pointwise(lambda x, y: x + y),
    "subtract": pointwise(lambda x, y: x - y),
    "hadamard": pointwise(lambda x, y: x * y),
    "divide": pointwise(lambda x, y: x / y),
    "scale": scale,
}
