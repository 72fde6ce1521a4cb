"""Index formulas, one per op of `jacobians/ops/heads.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from jacobians.errors import FormError
from symbolic.formulas.attention import seen
from symbolic.scope import Explicit, Scope


def split_heads(s: Scope, *index: Any) -> Any:
    """y_htk = x_tj with j = k_size h + k."""
    *n, h, t, k = index
    return s.x[*n, t, s.size("k") * h + k]


def merge_heads(s: Scope, *index: Any) -> Any:
    """y_tj = x_htk with j = k_size h + k."""
    *n, t, j = index
    width = s.size("k")
    head = sp.floor(sp.sympify(j) / width)
    return s.x[*n, head, t, j - width * head]


def projected_attention(s: Scope, *index: Any) -> Any:
    """Y_tj = sum_s P_ts V_sj, with P from the columns of Q and K of the same head as j; times W_O where it is there."""
    *n, t, j = index
    if s.op.heads > 1 and not isinstance(s, Explicit):
        raise FormError("the head of a column is its index divided by the width of a head, rounded down")
    return s.sum("e", lambda e: _mean(s, e, t, *n) * s.W_O[e, j]) if s.op.out else _mean(s, j, t, *n)


def _mean(s: Scope, e: Any, t: Any, *n: Any) -> Any:
    """The mean of V_se over the keys s under the weights of the head of column e."""
    keys = s.labels[s.op.tokens[1]][-2]

    def projection(place: int, row: Any, column: Any) -> Any:
        name = s.op.tokens[place]
        tokens, W = getattr(s, name), getattr(s, ("W_Q", "W_K", "W_V")[place])
        return s.sum(s.labels[name][-1], lambda m: tokens[*n, row, m] * W[m, column])

    width = s.size("d") / s.op.heads
    first = width * sp.floor(e * s.op.heads / s.size("e")) if s.op.heads > 1 else 0

    def weight(k: Any) -> Any:
        score = s.sum("d", lambda d: projection(0, t, d) * projection(1, k, d), first, first + width)
        return seen(s, t, k, sp.exp(score / sp.sqrt(width)))

    return s.sum(keys, lambda k: weight(k) * projection(2, k, e)) / s.sum(keys, weight)


FORMULAS: dict[str, Callable[..., Any]] = {
    "split_heads": split_heads,
    "merge_heads": merge_heads,
    "self_attention": projected_attention,
    "cross_attention": projected_attention,
    "multi_head_attention": projected_attention,
}
