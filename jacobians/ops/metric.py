"""Losses of pairs and triplets of embeddings."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
