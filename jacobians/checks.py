"""Witnesses made from the forward pass alone: complex step and central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from jacobians.terms import Array


def complex_step(f: Callable[[Array], Array], x: Array, step: float = 1e-20) -> Array:
    """The Jacobian of f at x, f.shape + x.shape, by Im f(x + ih) / h: exact to rounding for analytic f.

    Source: Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 1998.
    """
    return _column_by_column(lambda d: np.imag(f(x + 1j * step * d)) / step, x)


def central_differences(f: Callable[[Array], Array], x: Array, step: float = 6e-6) -> Array:
    """The Jacobian of f at x, f.shape + x.shape, by (f(x + h) - f(x - h)) / 2h: an error of order h^2 and eps / h."""
    return _column_by_column(lambda d: (f(x + step * d) - f(x - step * d)) / (2 * step), x)


def _column_by_column(directional: Callable[[Array], Array], x: Array) -> Array:
    columns = []
    for index in np.ndindex(x.shape):
        direction = np.zeros(x.shape)
        direction[index] = 1.0
        columns.append(np.asarray(directional(direction)))
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(stacked.shape[:-1] + x.shape)
