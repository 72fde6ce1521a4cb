"""Pooling: the mean or the maximum of each window."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
