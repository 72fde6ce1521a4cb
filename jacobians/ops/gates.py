"""Gated units: GLU, SwiGLU, highway, dropout with a given mask."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
