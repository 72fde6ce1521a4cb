"""The ops of `jacobians/ops/attention.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import torch
from torch.nn import functional


def allowed_torch(op, Q, K, mask):
    """True where a query may attend to a key; PyTorch takes either causal or a mask."""
    allowed = torch.ones(Q.shape[-2], K.shape[-2], dtype=torch.bool)
    if op.causal:
        allowed = allowed.tril()
    return allowed if mask is None else allowed & mask.bool()


def attention_torch(op, Q, K, V, mask=None):
    if mask is None:
        return functional.scaled_dot_product_attention(Q, K, V, is_causal=op.causal, scale=op.scale)
    return functional.scaled_dot_product_attention(Q, K, V, attn_mask=allowed_torch(op, Q, K, mask), scale=op.scale)


def weights_torch(op, Q, K, mask=None):
    return attention_torch(op, Q, K, torch.eye(K.shape[-2], dtype=K.dtype).expand(*K.shape[:-1], K.shape[-2]), mask)


def weights_jax(op, Q, K, mask=None):
    allowed = jnp.ones((Q.shape[-2], K.shape[-2]), bool)
    if op.causal:
        allowed = jnp.tril(allowed)
    if mask is not None:
        allowed = allowed & mask
    scale = 1 / jnp.sqrt(Q.shape[-1]) if op.scale is None else op.scale
    scores = scale * jnp.einsum("...td,...sd->...ts", Q, K)
    return jax.nn.softmax(scores, axis=-1, where=allowed)


def attention_jax(op, Q, K, V, mask=None):
    return weights_jax(op, Q, K, mask) @ V


JAX = {"attention_weights": weights_jax, "attention": attention_jax}
TORCH = {"attention_weights": weights_torch, "attention": attention_torch}
