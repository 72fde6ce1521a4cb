"""The forward pass of every op in the words of another library, which differentiates it by itself.

Layers have a file of twins for each file of ops, `tests/peers/convolution.py` for `jacobians/ops/convolution.py`.
"""

from __future__ import annotations

from importlib import import_module

LAYERS = (
    "parametric",
    "gates",
    "convolution",
    "pooling",
    "normalization",
    "channel_norms",
    "embedding",
    "attention",
    "heads",
    "linear_attention",
    "positions",
    "recurrent",
    "classification",
    "metric",
    "cosine",
    "preference",
    "gaussian",
)


def twins(peer: str):
    """All twins in "jax" or "torch": op name -> twin(op, **inputs)."""
    found = dict(import_module(f"tests.peers.{peer}_twins").TWINS)
    for name in LAYERS:
        found |= getattr(import_module(f"tests.peers.{name}"), peer.upper())
    return found
