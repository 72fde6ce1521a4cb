"""Layer, RMS, batch, group, instance and weight norm."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
