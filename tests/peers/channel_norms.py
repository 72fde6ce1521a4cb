"""The ops of `jacobians/ops/channel_norms.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from torch.nn import functional


def each_channel(values, x):
    return values.reshape(-1, *[1] * (x.ndim - 2))


def affine(y, gamma, beta):
    return y if gamma is None else each_channel(gamma, y) * y + each_channel(beta, y)


def standardized(x, over, eps):
    return (x - jnp.mean(x, over, keepdims=True)) / jnp.sqrt(jnp.var(x, over, keepdims=True) + eps)


def group_norm_jax(op, x, gamma=None, beta=None):
    apart = x.reshape(x.shape[0], op.groups, -1)
    return affine(standardized(apart, (2,), op.eps).reshape(x.shape), gamma, beta)


def inference_jax(op, x, mean, var, gamma=None, beta=None):
    return affine((x - each_channel(mean, x)) / jnp.sqrt(each_channel(var, x) + op.eps), gamma, beta)


def inference_torch(op, x, mean, var, gamma=None, beta=None):
    # functional.batch_norm has no derivative by the running mean and variance
    return affine((x - each_channel(mean, x)) * torch.rsqrt(each_channel(var, x) + op.eps), gamma, beta)


def over_batch(x):
    return (0, *range(2, x.ndim))


JAX = {
    "batch_norm": lambda op, x, gamma=None, beta=None: affine(standardized(x, over_batch(x), op.eps), gamma, beta),
    "batch_norm_inference": inference_jax,
    "instance_norm": lambda op, x, gamma=None, beta=None: affine(
        standardized(x, tuple(range(2, x.ndim)), op.eps), gamma, beta
    ),
    "group_norm": group_norm_jax,
}
TORCH = {
    "batch_norm": lambda op, x, gamma=None, beta=None: functional.batch_norm(
        x, None, None, gamma, beta, training=True, eps=op.eps
    ),
    "batch_norm_inference": inference_torch,
    "instance_norm": lambda op, x, gamma=None, beta=None: functional.instance_norm(
        x, weight=gamma, bias=beta, eps=op.eps
    ),
    "group_norm": lambda op, x, gamma=None, beta=None: functional.group_norm(x, op.groups, gamma, beta, op.eps),
}
