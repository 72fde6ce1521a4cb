"""The ops of `jacobians/ops/pooling.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp
from torch.nn import functional


def each(option, dims):
    return option if isinstance(option, tuple) else (option,) * dims


# ----- JAX -----


def patches(op, x, padded, beyond):
    """x window by window, axes (..., u, v, p, q), with a value for the padding and one for what hangs over it."""
    size, dilation, padding = (each(o, op.dims) for o in (op.size, op.dilation, op.padding))
    stride = size if op.stride is None else each(op.stride, op.dims)
    at, beside, behind = [], [(0, 0)] * (x.ndim - op.dims), [(0, 0)] * (x.ndim - op.dims)
    for axis, (k, d, pad, step) in enumerate(zip(size, dilation, padding, stride, strict=True)):
        n, reach = x.shape[axis - op.dims] + 2 * pad, d * (k - 1) + 1
        windows = (n - reach) // step + 1
        if op.ceil_mode and (n - reach) % step and windows * step < n - pad:
            windows += 1
        beside.append((pad, pad))
        behind.append((0, max((windows - 1) * step + reach - n, 0)))
        shape = [1] * (2 * op.dims)
        shape[axis], shape[op.dims + axis] = windows, k
        at.append((step * jnp.arange(windows)[:, None] + d * jnp.arange(k)).reshape(shape))
    return jnp.pad(jnp.pad(x, beside, constant_values=padded), behind, constant_values=beyond)[..., *at]


def jax_max(op, x):
    return patches(op, x, -jnp.inf, -jnp.inf).max(axis=range(-op.dims, 0))


def jax_mean(op, x):
    count = patches(op, jnp.ones(x.shape[-op.dims :]), 1.0 * op.count_include_pad, 0.0)
    return patches(op, x, 0.0, 0.0).sum(axis=range(-op.dims, 0)) / count.sum(axis=range(-op.dims, 0))


def adaptive(op, x, pooled):
    """Window by window."""
    bounds = []
    for n, m in zip(x.shape[-op.dims :], each(op.output_size, op.dims), strict=True):
        bounds.append([slice(math.floor(n * u / m), math.ceil(n * (u + 1) / m)) for u in range(m)])
    numbers = [pooled(x[..., *window], axis=range(-op.dims, 0)) for window in itertools.product(*bounds)]
    return jnp.stack(numbers, axis=-1).reshape(*x.shape[: -op.dims], *map(len, bounds))


JAX = {
    "global_max_pool": lambda op, x: x.max(axis=range(-op.dims, 0)),
    "global_avg_pool": lambda op, x: x.mean(axis=range(-op.dims, 0)),
}
for dims in (1, 2, 3):
    JAX[f"max_pool{dims}d"] = jax_max
    JAX[f"avg_pool{dims}d"] = jax_mean
    JAX[f"adaptive_max_pool{dims}d"] = lambda op, x: adaptive(op, x, jnp.max)
    JAX[f"adaptive_avg_pool{dims}d"] = lambda op, x: adaptive(op, x, jnp.mean)


# ----- PyTorch: its own functions -----


def one_batch(op, x):
    """x as PyTorch wants it: a batch of images with channels."""
    return x.reshape(1, -1, *x.shape[-op.dims :])


def own(options, **names):
    def twin(op, x):
        arguments = {names.get(key, key): getattr(op, key) for key in options.split()}
        y = getattr(functional, op.name)(one_batch(op, x), **arguments)
        return y.reshape(x.shape[: -op.dims] + y.shape[2:])

    return twin


TORCH = {
    "global_max_pool": lambda op, x: x.amax(dim=tuple(range(-op.dims, 0))),
    "global_avg_pool": lambda op, x: x.mean(dim=tuple(range(-op.dims, 0))),
}
for dims in (1, 2, 3):
    TORCH[f"max_pool{dims}d"] = own("size stride padding dilation ceil_mode", size="kernel_size")
    TORCH[f"avg_pool{dims}d"] = own("size stride padding ceil_mode count_include_pad", size="kernel_size")
    TORCH[f"adaptive_max_pool{dims}d"] = own("output_size")
    TORCH[f"adaptive_avg_pool{dims}d"] = own("output_size")
