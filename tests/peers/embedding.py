"""The ops of `jacobians/ops/embedding.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

JAX = {}
TORCH = {}
