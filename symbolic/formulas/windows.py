"""What the index formulas of convolution and pooling share: the entry of x at a place, zero in the padding."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from symbolic.formulas.pick import choose
from symbolic.scope import Scope

Expr = Any  # SymPy is not typed


def each(option: Any, dims: int) -> tuple[Any, ...]:
    """One number for each axis."""
    return option if isinstance(option, tuple) else (option,) * dims


def within(place: Sequence[Expr], sizes: Sequence[Expr]) -> Expr:
    """Whether a place lies in the image; SymPy's condition where the place is a symbol."""
    bounds = ((h >= 0, h < n) for h, n in zip(place, sizes, strict=True))
    return sp.And(*itertools.chain.from_iterable(bounds))


def entry_or_zero(s: Scope, before: Sequence[Expr], place: Sequence[Expr], padded: bool) -> Expr:
    """x[*before, *place]; zero where the place lies in the padding, which is only asked where there is any."""
    at = (*before, *place)
    if not padded:
        return s.x[at]
    sizes = [s.size(a) for a in s.labels["x"][-len(place) :]]
    return choose((within(place, sizes), lambda: s.x[at]), (True, lambda: 0))


def over_window(s: Scope, extents: Sequence[int], body: Callable[..., Expr]) -> Expr:
    """The sum of body(p, q) over the places of a window of given extents."""
    names = ("r", "p", "q")[-len(extents) :]

    def over(rest: int, *places: Expr) -> Expr:
        if rest == 0:
            return body(*places)
        k = len(extents) - rest
        return s.sum(names[k], lambda p: over(rest - 1, *places, p), 0, extents[k])

    return over(len(extents))
