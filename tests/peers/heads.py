"""The ops of `jacobians/ops/heads.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp

from tests.peers.attention import attention_jax, attention_torch


def split_torch(op, x):
    return x.unflatten(-1, (op.heads, -1)).transpose(-2, -3)


def merge_torch(op, x):
    return x.transpose(-2, -3).flatten(-2)


def split_jax(op, x):
    return jnp.stack(jnp.split(x, op.heads, axis=-1), axis=-3)


def merge_jax(op, x):
    return jnp.concatenate([x[..., h, :, :] for h in range(x.shape[-3])], axis=-1)


class OneHead:
    """The options of attention inside a layer of heads."""

    def __init__(self, op):
        self.causal, self.scale = op.causal, None


def projected(split, attend, merge):
    def twin(op, *, W_Q, W_K, W_V, W_O=None, mask=None, **tokens):
        queries, keys, values = (tokens[name] for name in op.tokens)
        parts = [split(op, x @ W) for x, W in ((queries, W_Q), (keys, W_K), (values, W_V))]
        merged = merge(op, attend(OneHead(op), *parts, mask))
        return merged if W_O is None else merged @ W_O

    return twin


def _twins(split, attend, merge):
    layer = projected(split, attend, merge)
    names = ("self_attention", "cross_attention", "multi_head_attention")
    return {"split_heads": split, "merge_heads": merge} | dict.fromkeys(names, layer)


JAX = _twins(split_jax, attention_jax, merge_jax)
TORCH = _twins(split_torch, attention_torch, merge_torch)
