"""The ops of `jacobians/ops/embedding.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax
import torch
from torch.nn import functional

JAX = {
    "embedding": lambda op, E, indices: E[indices],
    "one_hot": lambda op, indices: jax.nn.one_hot(indices, op.classes, dtype=float),
}
TORCH = {
    "embedding": lambda op, E, indices: functional.embedding(indices, E),
    "one_hot": lambda op, indices: functional.one_hot(indices, op.classes).to(torch.float64),
}
