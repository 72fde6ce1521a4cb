"""The ops of `jacobians/ops/positions.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import torch


def angles(op, x):
    t, d = x.shape[-2:]
    return np.array([[(row + op.offset) / op.base ** (2 * k / d) for k in range((d + 1) // 2)] for row in range(t)])


def rotary_jax(op, x):
    """As LLaMA's code does it: x cos + rotate_half(x) sin; or pairs as complex numbers."""
    theta, d = angles(op, x), x.shape[-1]
    if op.layout == "half":
        theta = jnp.concatenate([theta, theta], axis=-1)
        turned = jnp.concatenate([-x[..., d // 2 :], x[..., : d // 2]], axis=-1)
        return x * jnp.cos(theta) + turned * jnp.sin(theta)
    pairs = x.reshape(*x.shape[:-1], d // 2, 2)
    z = (pairs[..., 0] + 1j * pairs[..., 1]) * jnp.exp(1j * theta)
    return jnp.stack([z.real, z.imag], axis=-1).reshape(x.shape)


def rotary_torch(op, x):
    theta, d = torch.tensor(angles(op, x)), x.shape[-1]
    if op.layout == "half":
        theta = torch.cat([theta, theta], dim=-1)
        return x * theta.cos() + torch.cat([-x[..., d // 2 :], x[..., : d // 2]], dim=-1) * theta.sin()
    even, odd = x[..., 0::2], x[..., 1::2]
    pairs = [even * theta.cos() - odd * theta.sin(), even * theta.sin() + odd * theta.cos()]
    return torch.stack(pairs, dim=-1).flatten(-2)


def encoding(op, x):
    theta = angles(op, x)
    result = np.zeros(x.shape[-2:])
    result[:, 0::2] = np.sin(theta)
    result[:, 1::2] = np.cos(theta)[:, : x.shape[-1] // 2]
    return result


JAX = {"rotary_embedding": rotary_jax, "sinusoidal_positions": lambda op, x: x + encoding(op, x)}
TORCH = {"rotary_embedding": rotary_torch, "sinusoidal_positions": lambda op, x: x + torch.tensor(encoding(op, x))}
