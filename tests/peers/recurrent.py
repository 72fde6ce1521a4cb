"""The ops of `jacobians/ops/recurrent.py` in JAX and in PyTorch: op name -> twin(op, **inputs).

PyTorch's cells stack the gates' weights: LSTM i, f, g, o; GRU r, z, n with the reset gate after the product. They take
one batch axis.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import torch

nn = jax.nn


def of_input(op, x, v, end):
    return x @ v[f"W{end}"].T + (v[f"b{end}"] if op.bias else 0)


def gate(op, x, h, v, end):
    return of_input(op, x, v, end) + h @ v[f"U{end}"].T


def elman_cell(op, x, h, **v):
    g = {"tanh": jnp.tanh, "relu": nn.relu, "sigmoid": nn.sigmoid, "identity": lambda z: z}[op.activation]
    return g(gate(op, x, h, v, ""))


def lstm_cell_state(op, x, h, c, **v):
    f, i = nn.sigmoid(gate(op, x, h, v, "_f")), nn.sigmoid(gate(op, x, h, v, "_i"))
    return f * c + i * jnp.tanh(gate(op, x, h, v, "_g"))


def lstm_cell(op, x, h, c, **v):
    return nn.sigmoid(gate(op, x, h, v, "_o")) * jnp.tanh(lstm_cell_state(op, x, h, c, **v))


def gru_cell(op, x, h, **v):
    r, z = nn.sigmoid(gate(op, x, h, v, "_r")), nn.sigmoid(gate(op, x, h, v, "_z"))
    extra = v.get("c_n", 0)
    inner = (r * h) @ v["U_n"].T + extra if op.reset == "before" else r * (h @ v["U_n"].T + extra)
    n = jnp.tanh(of_input(op, x, v, "_n") + inner)
    return z * h + (1 - z) * n if op.update == "keep" else (1 - z) * h + z * n


JAX = {
    "lerp": lambda op, z, a, b: b + z * (a - b),
    "elman_cell": elman_cell,
    "lstm_cell": lstm_cell,
    "lstm_cell_state": lstm_cell_state,
    "gru_cell": gru_cell,
}


# ----- PyTorch: its own cells -----


def rows(x):
    """All batch axes as one."""
    return x.reshape(-1, x.shape[-1])


def stacked(v, ends):
    """The weights of the input, of the state and the biases, gate under gate; zeros where there is no bias."""
    W, U = (torch.cat([v[f"{letter}_{end}"] for end in ends]) for letter in ("W", "U"))
    b = torch.cat([v[f"b_{end}"] for end in ends]) if f"b_{ends[0]}" in v else W.new_zeros(len(W))
    return W, U, b


def torch_elman(op, x, h, W, U, b=None):
    b = W.new_zeros(len(W)) if b is None else b
    cells = {"tanh": torch._VF.rnn_tanh_cell, "relu": torch._VF.rnn_relu_cell}
    if op.activation in cells:
        return cells[op.activation](rows(x), rows(h), W, U, b, torch.zeros_like(b)).reshape(h.shape)
    z = torch.nn.functional.linear(x, W, b) + h @ U.T
    return torch.sigmoid(z) if op.activation == "sigmoid" else z


def torch_lstm(op, x, h, c, **v):
    """(h', c'); without an output gate in the op any o gives the same c'."""
    if "W_o" not in v:
        v |= {f"{key[0]}_o": value for key, value in v.items() if key.endswith("_f")}
    W, U, b = stacked(v, "ifgo")
    new = torch._VF.lstm_cell(rows(x), (rows(h), rows(c)), W, U, b, torch.zeros_like(b))
    return [state.reshape(h.shape) for state in new]


def torch_gru(op, x, h, **v):
    if op.reset == "after":  # PyTorch's own; z exchanged with 1 - z is the gate of the opposite sign
        sign = 1 if op.update == "keep" else -1
        v |= {key: sign * value for key, value in v.items() if key.endswith("_z")}
        W, U, b = stacked(v, "rzn")
        m = h.shape[-1]
        c = torch.cat([b.new_zeros(2 * m), v.get("c_n", b.new_zeros(m))])
        return torch._VF.gru_cell(rows(x), rows(h), W, U, b, c).reshape(h.shape)
    linear = torch.nn.functional.linear
    r, z = (torch.sigmoid(linear(x, v[f"W_{k}"], v.get(f"b_{k}")) + linear(h, v[f"U_{k}"])) for k in "rz")
    n = torch.tanh(linear(x, v["W_n"], v.get("b_n")) + linear(r * h, v["U_n"], v.get("c_n")))
    return torch.lerp(n, h, z) if op.update == "keep" else torch.lerp(h, n, z)


TORCH = {
    "lerp": lambda op, z, a, b: torch.lerp(b, a, z),
    "elman_cell": torch_elman,
    "lstm_cell": lambda op, **v: torch_lstm(op, **v)[0],
    "lstm_cell_state": lambda op, **v: torch_lstm(op, **v)[1],
    "gru_cell": torch_gru,
}
