"""Convolution and transposed convolution in one, two and three dimensions."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
