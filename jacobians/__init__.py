"""Explicit Jacobians of neural networks."""

from jacobians.jacobian import Jacobian, delta_einsum
from jacobians.ops.linear import Linear

__all__ = ["Jacobian", "Linear", "delta_einsum"]
