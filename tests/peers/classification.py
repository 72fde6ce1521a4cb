"""The ops of `jacobians/ops/classification.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
import torch
from jax import nn
from torch.nn import functional

from tests.peers import jax_twins, torch_twins


def jax_label_smoothing(op, z, y):
    classes = z.shape[-1]
    targets = (1 - op.smoothing) * nn.one_hot(y, classes) + op.smoothing / classes
    return jax_twins.reduced(op, -jnp.sum(targets * nn.log_softmax(z), axis=-1))


def jax_focal(op, z, y):
    q = jnp.sum(nn.one_hot(y, z.shape[-1]) * nn.softmax(z), axis=-1)
    return jax_twins.reduced(op, -op.alpha * (1 - q) ** op.gamma * jnp.log(q))


def jax_binary_focal(op, z, y):
    q = jnp.where(y == 1, nn.sigmoid(z), nn.sigmoid(-z))
    alpha = 1 if op.alpha is None else jnp.where(y == 1, op.alpha, 1 - op.alpha)
    return jax_twins.reduced(op, -jnp.sum(alpha * (1 - q) ** op.gamma * jnp.log(q), axis=-1))


def torch_label_smoothing(op, z, y):
    smooth = op.smoothing
    z = torch_twins.classes_second(z)
    return torch_twins.reduced(op, functional.cross_entropy(z, y, label_smoothing=smooth, reduction="none"))


def torch_focal(op, z, y):
    loss = functional.cross_entropy(torch_twins.classes_second(z), y, reduction="none")
    return torch_twins.reduced(op, op.alpha * (1 - torch.exp(-loss)) ** op.gamma * loss)


def torch_binary_focal(op, z, y):
    """As torchvision's `sigmoid_focal_loss`, where a negative alpha stands for None."""
    target, p = y.to(z.dtype), torch.sigmoid(z)
    loss = functional.binary_cross_entropy_with_logits(z, target, reduction="none")
    q = p * target + (1 - p) * (1 - target)
    alpha = 1 if op.alpha is None else op.alpha * target + (1 - op.alpha) * (1 - target)
    return torch_twins.summed(op, alpha * loss * (1 - q) ** op.gamma)


JAX = {"label_smoothing": jax_label_smoothing, "focal_loss": jax_focal, "binary_focal_loss": jax_binary_focal}
TORCH = {
    "label_smoothing": torch_label_smoothing,
    "focal_loss": torch_focal,
    "binary_focal_loss": torch_binary_focal,
}
