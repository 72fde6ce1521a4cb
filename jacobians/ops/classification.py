"""Further losses of classifiers."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
