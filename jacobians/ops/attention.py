"""Attention: scaled dot-product, heads, self- and cross-attention, linear attention, rotary positions."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
