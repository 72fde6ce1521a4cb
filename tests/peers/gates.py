"""The ops of `jacobians/ops/gates.py` in JAX and in PyTorch: op name -> twin(op, **inputs).

PyTorch's GLU takes both halves as one array. Its dropout draws the mask itself; the twin is its definition.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import torch
from torch.nn import functional

nn = jax.nn


def jax_swiglu(op, x, W, V, b=0, c=0, beta=1):
    u = x @ W + b
    return u * nn.sigmoid(beta * u) * (x @ V + c)


def jax_highway(op, x, W_H, b_H, W_T, b_T):
    g = {"tanh": jnp.tanh, "relu": nn.relu, "sigmoid": nn.sigmoid, "identity": lambda z: z}[op.activation]
    T = nn.sigmoid(x @ W_T.T + b_T)
    return g(x @ W_H.T + b_H) * T + x * (1 - T)


JAX = {
    "glu": lambda op, x, W, V, b=0, c=0: nn.glu(jnp.concatenate([x @ W + b, x @ V + c], axis=-1)),
    "swiglu": jax_swiglu,
    "highway": jax_highway,
    "dropout": lambda op, x, mask: jnp.where(mask == 1, x / (1 - op.rate), 0.0),
}


def torch_glu(op, x, W, V, b=None, c=None):
    halves = functional.linear(x, W.T, b), functional.linear(x, V.T, c)
    return functional.glu(torch.cat(halves, dim=-1), dim=-1)


def torch_swiglu(op, x, W, V, b=None, c=None, beta=None):
    u, v = functional.linear(x, W.T, b), functional.linear(x, V.T, c)
    return (functional.silu(u) if beta is None else u * torch.sigmoid(beta * u)) * v


def torch_highway(op, x, W_H, b_H, W_T, b_T):
    H = functional.linear(x, W_H, b_H)
    H = H if op.activation == "identity" else getattr(torch, op.activation)(H)
    return torch.lerp(x, H, torch.sigmoid(functional.linear(x, W_T, b_T)))


TORCH = {
    "glu": torch_glu,
    "swiglu": torch_swiglu,
    "highway": torch_highway,
    "dropout": lambda op, x, mask: x.masked_fill(mask == 0, 0) / (1 - op.rate),
}
