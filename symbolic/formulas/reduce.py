"""Index formulas, one per op of `jacobians/ops/reduce.py`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any, cast

import sympy as sp

from jacobians.ops.reduce import Var
from jacobians.terms import Labels
from symbolic.formulas.axis import along
from symbolic.scope import Scope


def total(s: Scope, *index: Any) -> Any:
    """y = sum_i x_i."""
    x, labels = along(s, index)
    return s.total(labels, x)


def mean(s: Scope, *index: Any) -> Any:
    """y = 1/n sum_i x_i."""
    _, labels = along(s, index)
    return total(s, *index) / _count(s, labels)


def var(s: Scope, *index: Any) -> Any:
    """y = 1/(n - ddof) sum_i (x_i - mean(x))^2."""
    x, labels = along(s, index)
    middle = mean(s, *index)
    ddof = cast(Var, s.op).ddof
    return s.total(labels, lambda *k: (x(*k) - middle) ** 2) / (_count(s, labels) - ddof)


def prod(s: Scope, *index: Any) -> Any:
    """y = prod_i x_i."""
    x, labels = along(s, index)

    def over(rest: Labels, *k: Any) -> Any:
        return s.product(rest[0], lambda i: over(rest[1:], *k, i)) if rest else x(*k)

    return over(labels)


def maximum(s: Scope, *index: Any) -> Any:
    """y = sum_i x_i [x_i > x_k for k < i, x_i >= x_k for k > i], written out: for given sizes only."""
    return _first_entry(s, index, sp.Gt, sp.Ge)


def minimum(s: Scope, *index: Any) -> Any:
    """y = sum_i x_i [x_i < x_k for k < i, x_i <= x_k for k > i], written out: for given sizes only."""
    return _first_entry(s, index, sp.Lt, sp.Le)


def _first_entry(s: Scope, index: tuple[Any, ...], before: Callable[..., Any], after: Callable[..., Any]) -> Any:
    x, labels = along(s, index)
    entries = [x(*k) for k in itertools.product(*(range(int(s.size(a))) for a in labels))]

    def picked(i: int) -> Any:
        conditions = ((before if k < i else after)(entries[i], b) for k, b in enumerate(entries) if k != i)
        return sp.Piecewise((1, sp.And(*conditions)), (0, True))

    return sp.Add(*(a * picked(i) for i, a in enumerate(entries)))


def cumsum(s: Scope, *index: Any) -> Any:
    """y_i = sum_{k <= i} x_k."""
    x, labels = along(s, index)
    (a,) = labels
    return s.sum(a, x, 0, dict(zip(s.output, index, strict=True))[a] + 1)


def _count(s: Scope, labels: Labels) -> Any:
    return math.prod(s.size(a) for a in labels)


FORMULAS: dict[str, Callable[..., Any]] = {
    "sum": total,
    "mean": mean,
    "var": var,
    "prod": prod,
    "max": maximum,
    "min": minimum,
    "cumsum": cumsum,
}
