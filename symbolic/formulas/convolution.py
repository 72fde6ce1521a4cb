"""Index formulas, one per op of `jacobians/ops/convolution.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.windows import each, entry_or_zero
from symbolic.scope import Scope


def convolution(s: Scope, *index: Any) -> Any:
    """z_ouv = sum_cpq W_ocpq x[c, stride u + dilation p - padding, ...] + b_o, with zeros for x in the padding."""
    dims = s.op.dims
    (*n, o), at = index[:-dims], index[-dims:]
    strides, dilations = each(s.op.stride, dims), each(s.op.dilation, dims)
    _, channel, *places = s.labels["W"]
    padding = _padding(s, dilations, places)

    def summand(k: Any, *offset: Any) -> Any:
        steps = zip(strides, at, dilations, offset, padding, strict=True)
        place = [stride * u + dilation * p - before for stride, u, dilation, p, before in steps]
        c = _in_group(s, o, s.size("o"), k, s.size(channel))
        return s.W[o, k, *offset] * entry_or_zero(s, (*n, c), place, padded=s.op.padding not in (0, "valid"))

    return s.total((channel, *places), summand) + (s.b[o] if s.op.bias else 0)


def _padding(s: Scope, dilations: tuple[int, ...], places: list[str]) -> tuple[Any, ...]:
    """The zeros before x along each axis; `same` puts half of what the kernel takes there, rounded down."""
    if s.op.padding == "same":
        taken = (dilation * (s.size(p) - 1) for dilation, p in zip(dilations, places, strict=True))
        return tuple(sp.floor(n / sp.Integer(2)) for n in taken)
    return each(0 if s.op.padding == "valid" else s.op.padding, s.op.dims)


def _in_group(s: Scope, channel: Any, channels: Any, k: Any, share: Any) -> Any:
    """The k-th of the `share` channels that the group of `channel` has on the other side."""
    return k if s.op.groups == 1 else share * (channel * s.op.groups // channels) + k


def transposed(s: Scope, *index: Any) -> Any:
    """z_ouv = the sum of W_copq x_chw over all c, h, w, p, q with stride h + dilation p - padding = u, ...; + b_o."""
    dims = s.op.dims
    (*n, o), at = index[:-dims], index[-dims:]
    options = [each(option, dims) for option in (s.op.stride, s.op.dilation, s.op.padding)]
    input_axes, (_, channel, *places) = s.labels["x"][-dims:], s.labels["W"]

    def summand(c: Any, *rest: Any) -> Any:
        steps = zip(*options, rest[:dims], rest[dims:], at, strict=True)
        pairs = [(u, stride * h + dilation * p - cut) for stride, dilation, cut, h, p, u in steps]
        k = o
        if s.op.groups > 1:  # o is the k-th output channel of its group, which is the group of c
            pairs.append((o // s.size(channel), c * s.op.groups // s.size("c")))
            k = o % s.size(channel)
        return _where_equal(pairs, lambda: s.W[c, k, *rest[dims:]] * s.x[*n, c, *rest[:dims]])

    return s.total(("c", *input_axes, *places), summand) + (s.b[o] if s.op.bias else 0)


def _where_equal(pairs: list[tuple[Any, Any]], value: Callable[[], Any]) -> Any:
    """The value where all pairs of indices are equal, else 0; a Kronecker delta where an index is a symbol."""
    left = []
    for a, b in pairs:
        if (difference := sp.sympify(a - b)).is_Integer:
            if difference != 0:
                return sp.Integer(0)
        else:
            left.append(sp.KroneckerDelta(a, b))
    return sp.Mul(value(), *left)


FORMULAS: dict[str, Callable[..., Any]] = {
    **{f"conv{dims}d": convolution for dims in (1, 2, 3)},
    **{f"conv_transpose{dims}d": transposed for dims in (1, 2, 3)},
}
