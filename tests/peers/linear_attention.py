"""The op of `jacobians/ops/linear_attention.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import torch
from torch.nn import functional


def linear_jax(op, Q, K, V):
    weights = jnp.einsum("...td,...sd->...ts", jax.nn.elu(Q) + 1, jax.nn.elu(K) + 1)
    return weights / weights.sum(axis=-1, keepdims=True) @ V


def linear_torch(op, Q, K, V):
    weights = torch.einsum("...td,...sd->...ts", functional.elu(Q) + 1, functional.elu(K) + 1)
    return weights / weights.sum(dim=-1, keepdim=True) @ V


JAX = {"linear_attention": linear_jax}
TORCH = {"linear_attention": linear_torch}
