"""Embedding and one-hot: rows of a table by their numbers."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
