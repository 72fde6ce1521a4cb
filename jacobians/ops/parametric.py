"""Activations with a parameter that is learnt: PReLU, Swish with beta, softmax with a temperature, maxout."""

from __future__ import annotations

from jacobians.op import Op

OPS: tuple[Op, ...] = ()
