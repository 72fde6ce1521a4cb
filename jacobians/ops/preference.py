"""Losses of preferences and of policies."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
