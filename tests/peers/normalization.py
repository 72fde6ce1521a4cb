"""The ops of `jacobians/ops/normalization.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from torch.nn import functional


def last_axes(op, x):
    return tuple(range(-op.axes, 0))


def layer_norm_jax(op, x, gamma=1.0, beta=0.0):
    over = last_axes(op, x)
    centred = x - jnp.mean(x, over, keepdims=True)
    return gamma * centred / jnp.sqrt(jnp.var(x, over, keepdims=True) + op.eps) + beta


def rms_norm_jax(op, x, gamma=1.0):
    eps = jnp.finfo(x.dtype).eps if op.eps is None else op.eps
    return gamma * x / jnp.sqrt(jnp.mean(x**2, last_axes(op, x), keepdims=True) + eps)


def weight_norm_jax(op, v, g=None):
    norm = jnp.sqrt(jnp.sum(v**2, tuple(range(1, v.ndim)), keepdims=True))
    return v / norm if g is None else g.reshape(norm.shape) * v / norm


def weight_norm_torch(op, v, g=None):
    direction = v / torch.norm_except_dim(v, 2, 0)
    return direction if g is None else g.reshape(-1, *[1] * (v.ndim - 1)) * direction


JAX = {"layer_norm": layer_norm_jax, "rms_norm": rms_norm_jax, "weight_norm": weight_norm_jax}
TORCH = {
    "layer_norm": lambda op, x, gamma=None, beta=None: functional.layer_norm(
        x, x.shape[-op.axes :], gamma, beta, op.eps
    ),
    "rms_norm": lambda op, x, gamma=None: functional.rms_norm(x, x.shape[-op.axes :], gamma, op.eps),
    "weight_norm": weight_norm_torch,
}
