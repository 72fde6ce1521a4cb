"""Gaussian likelihoods and divergences."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
