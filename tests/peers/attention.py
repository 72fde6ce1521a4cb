"""The ops of `jacobians/ops/attention.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

JAX = {}
TORCH = {}
