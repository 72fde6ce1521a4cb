"""The ops of `jacobians/ops/pooling.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import itertools
import math

import jax.numpy as jnp
from torch.nn import functional


def each(option, dims):
    return option if isinstance(option, tuple) else (option,) * dims


# ----- JAX: window by window -----


def sliding_windows(op, shape):
    """For each axis the entries of each window, those in the padding and beyond left out, and how many places count."""
    stride = op.size if op.stride is None else op.stride
    options = (each(o, op.dims) for o in (op.size, stride, op.padding, op.dilation))
    for n, size, step, padding, dilation in zip(shape[-op.dims :], *options, strict=True):
        reach = dilation * (size - 1) + 1
        last = n + 2 * padding - reach
        starts = list(range(-padding, last - padding + 1, step))
        if op.ceil_mode and starts[-1] + step < n and last % step:
            starts.append(starts[-1] + step)
        windows = []
        for start in starts:
            places = range(start, start + reach, dilation)
            windows.append(([h for h in places if 0 <= h < n], sum(h < n + padding for h in places)))
        yield windows


def adaptive_windows(op, shape):
    for n, m in zip(shape[-op.dims :], each(op.output_size, op.dims), strict=True):
        bounds = [(math.floor(n * u / m), math.ceil(n * (u + 1) / m)) for u in range(m)]
        yield [(list(range(start, stop)), stop - start) for start, stop in bounds]


def window_by_window(windows_of, pooled):
    def twin(op, x):
        windows = list(windows_of(op, x.shape))
        numbers = []
        for chosen in itertools.product(*windows):
            part = x
            for axis, (entries, _) in enumerate(chosen):
                part = jnp.take(part, jnp.array(entries), axis=axis - op.dims)
            numbers.append(pooled(op, part, chosen))
        return jnp.stack(numbers, axis=-1).reshape(*x.shape[: -op.dims], *map(len, windows))

    return twin


def largest(op, part, chosen):
    return part.max(axis=range(-op.dims, 0))


def mean(op, part, chosen):
    padded = getattr(op, "count_include_pad", False)
    many = math.prod(count if padded else len(entries) for entries, count in chosen)
    return part.sum(axis=range(-op.dims, 0)) / many


JAX = {
    "global_max_pool": lambda op, x: x.max(axis=range(-op.dims, 0)),
    "global_avg_pool": lambda op, x: x.mean(axis=range(-op.dims, 0)),
}
for dims in (1, 2, 3):
    JAX[f"max_pool{dims}d"] = window_by_window(sliding_windows, largest)
    JAX[f"avg_pool{dims}d"] = window_by_window(sliding_windows, mean)
    JAX[f"adaptive_max_pool{dims}d"] = window_by_window(adaptive_windows, largest)
    JAX[f"adaptive_avg_pool{dims}d"] = window_by_window(adaptive_windows, mean)


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
