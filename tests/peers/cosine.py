"""The ops of `jacobians/ops/cosine.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from jax import nn
from torch.nn import functional

from tests.peers import jax_twins, torch_twins


def jax_cosine(op, x, y):
    return jnp.sum(x * y, axis=-1) / jnp.linalg.norm(x, axis=-1) / jnp.linalg.norm(y, axis=-1)


def jax_embedding(op, x, y, t):
    s = jax_cosine(op, x, y)
    return jax_twins.reduced(op, jnp.where(t == 1, 1 - s, nn.relu(s - op.margin)))


def jax_info_nce(op, Q, K):
    if op.normalize:
        Q, K = (x / jnp.linalg.norm(x, axis=-1, keepdims=True) for x in (Q, K))
    return jax_twins.reduced(op, -jnp.diagonal(nn.log_softmax(Q @ K.T / op.temperature)))


def torch_embedding(op, x, y, t):
    """Not `cosine_embedding_loss`: it adds 1e-12 to the squared norms."""
    s = functional.cosine_similarity(x, y, dim=-1, eps=1e-30)
    return torch_twins.reduced(op, torch.where(t == 1, 1 - s, functional.relu(s - op.margin)))


def torch_info_nce(op, Q, K):
    if op.normalize:
        Q, K = (functional.normalize(x, dim=-1) for x in (Q, K))
    scores = Q @ K.T / op.temperature
    return functional.cross_entropy(scores, torch.arange(len(Q)), reduction=op.reduction)


JAX = {"cosine_similarity": jax_cosine, "cosine_embedding_loss": jax_embedding, "info_nce": jax_info_nce}
TORCH = {
    "cosine_similarity": lambda op, x, y: functional.cosine_similarity(x, y, dim=-1, eps=1e-30),
    "cosine_embedding_loss": torch_embedding,
    "info_nce": torch_info_nce,
}
