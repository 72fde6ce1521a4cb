"""The ops of `jacobians/ops/metric.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from jax import nn
from torch.nn import functional

from tests.peers import jax_twins, torch_twins


def jax_triplet(op, a, p, n):
    to_p, to_n = (jnp.sum((a - x) ** 2, axis=-1) for x in (p, n))
    if not op.squared:
        to_p, to_n = jnp.sqrt(to_p), jnp.sqrt(to_n)
    return jax_twins.reduced(op, nn.relu(to_p - to_n + op.margin))


def jax_contrastive(op, x, y, t):
    distance = jnp.linalg.norm(x - y, axis=-1)
    return jax_twins.reduced(op, ((1 - t) * distance**2 + t * nn.relu(op.margin - distance) ** 2) / 2)


def torch_distance(op, x, y):
    """Not `pairwise_distance`: it adds 1e-6 to every difference."""
    distance = torch.linalg.vector_norm(x - y, dim=-1)
    return distance**2 if op.squared else distance


def torch_triplet(op, a, p, n):
    loss = functional.triplet_margin_with_distance_loss
    if op.margin:
        distance = lambda x, y: torch_distance(op, x, y)  # noqa: E731
        return loss(a, p, n, distance_function=distance, margin=op.margin, reduction=op.reduction)
    return torch_twins.reduced(op, functional.relu(torch_distance(op, a, p) - torch_distance(op, a, n)))


def torch_contrastive(op, x, y, t):
    distance = torch.linalg.vector_norm(x - y, dim=-1)
    return torch_twins.reduced(op, ((1 - t) * distance**2 + t * functional.relu(op.margin - distance) ** 2) / 2)


JAX = {"triplet_loss": jax_triplet, "contrastive_loss": jax_contrastive}
TORCH = {"triplet_loss": torch_triplet, "contrastive_loss": torch_contrastive}
