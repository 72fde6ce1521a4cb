"""The ops of `jacobians/ops/parametric.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import torch
from torch.nn import functional


def jax_prelu(op, x, a):
    """The channels last, so that the slopes broadcast."""
    if op.axis is None:
        return jax.nn.leaky_relu(x, a)
    return jnp.moveaxis(jax.nn.leaky_relu(jnp.moveaxis(x, op.axis, -1), a), -1, op.axis)


def jax_maxout(op, x, W, b=0):
    return jnp.max(jnp.tensordot(x, W, axes=1) + b, axis=-1)


JAX = {
    "prelu": jax_prelu,
    "swish": lambda op, x, beta: x * jax.nn.sigmoid(beta * x),
    "temperature_softmax": lambda op, x, T: jax.nn.softmax(x / T, axis=op.axis),
    "maxout": jax_maxout,
}


def torch_prelu(op, x, a):
    """PyTorch's channels are axis 1."""
    if op.axis is None:
        return functional.prelu(x, a)
    return functional.prelu(x.movedim(op.axis, 0)[None], a)[0].movedim(0, op.axis)


TORCH = {
    "prelu": torch_prelu,
    "swish": lambda op, x, beta: x * torch.sigmoid(beta * x),
    "temperature_softmax": lambda op, x, T: functional.softmax(x / T, dim=op.axis),
    "maxout": lambda op, x, W, b=0: torch.amax(torch.tensordot(x, W, dims=1) + b, dim=-1),
}
