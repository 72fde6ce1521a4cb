"""Index formulas of the recurrent cells: each entry of a gate is written out where it is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from symbolic.formulas.activations import sigmoid
from symbolic.scope import Scope

Entry = Callable[..., Any]


def lerp(s: Scope, *index: Any) -> Any:
    """y_i = z_i a_i + (1 - z_i) b_i."""
    return s.z[index] * s.a[index] + (1 - s.z[index]) * s.b[index]


def of_state(s: Scope, U: Any, j: Any, state: Entry) -> Any:
    """sum_k U_jk state_k."""
    return s.sum("j", lambda k: U[j, k] * state(k))


def of_input(s: Scope, end: str, n: list[Any], j: Any) -> Any:
    """sum_i W_ji x_i + b_j; `end` is what the names of W and b end in."""
    W = getattr(s, f"W{end}")
    total = s.sum("i", lambda i: W[j, i] * s.x[*n, i])
    return total + getattr(s, f"b{end}")[j] if s.op.bias else total


def before_gate(s: Scope, end: str, n: list[Any], j: Any) -> Any:
    """W x + U h + b, entry j."""
    return of_input(s, end, n, j) + of_state(s, getattr(s, f"U{end}"), j, lambda k: s.h[*n, k])


def elman_cell(s: Scope, *index: Any) -> Any:
    """h'_j = g(sum_i W_ji x_i + sum_k U_jk h_k + b_j)."""
    *n, j = index
    z = before_gate(s, "", n, j)
    if s.op.activation == "relu":
        return sp.Piecewise((z, z > 0), (0, True))
    return {"tanh": sp.tanh, "sigmoid": sigmoid, "identity": lambda v: v}[s.op.activation](z)


def lstm_cell_state(s: Scope, *index: Any) -> Any:
    """c'_j = f_j c_j + i_j g_j."""
    *n, j = index
    f, i = (sigmoid(before_gate(s, end, n, j)) for end in ("_f", "_i"))
    return f * s.c[*n, j] + i * sp.tanh(before_gate(s, "_g", n, j))


def lstm_cell(s: Scope, *index: Any) -> Any:
    """h'_j = o_j tanh(c'_j)."""
    *n, j = index
    return sigmoid(before_gate(s, "_o", n, j)) * sp.tanh(lstm_cell_state(s, *index))


def gru_cell(s: Scope, *index: Any) -> Any:
    """h'_j = z_j h_j + (1 - z_j) n_j, or with z and 1 - z exchanged; the reset gate before or after U_n."""
    *n, j = index
    extra = s.c_n[j] if s.op.recurrent_bias else 0
    if s.op.reset == "before":
        recurrent = of_state(s, s.U_n, j, lambda k: sigmoid(before_gate(s, "_r", n, k)) * s.h[*n, k]) + extra
    else:
        recurrent = sigmoid(before_gate(s, "_r", n, j)) * (of_state(s, s.U_n, j, lambda k: s.h[*n, k]) + extra)
    candidate = sp.tanh(of_input(s, "_n", n, j) + recurrent)
    z = sigmoid(before_gate(s, "_z", n, j))
    kept = z if s.op.update == "keep" else 1 - z
    return kept * s.h[*n, j] + (1 - kept) * candidate


FORMULAS: dict[str, Entry] = {
    "lerp": lerp,
    "elman_cell": elman_cell,
    "lstm_cell": lstm_cell,
    "lstm_cell_state": lstm_cell_state,
    "gru_cell": gru_cell,
}
