"""The ops of `jacobians/ops/convolution.py` in JAX and in PyTorch: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax
from torch.nn import functional


def each(option, dims):
    return option if isinstance(option, tuple) else (option,) * dims


def one_batch(op, x):
    """x with exactly one batch axis."""
    return x.reshape(-1, *x.shape[-op.dims - 1 :])


def same_padding(op, W):
    """Both libraries differ on "same" with an even kernel, so the zeros are counted out: the odd one stands behind."""
    taken = [d * (n - 1) for d, n in zip(each(op.dilation, op.dims), W.shape[2:], strict=True)]
    return [(n // 2, n - n // 2) for n in taken]


# ----- JAX -----


def jax_conv(op, x, W, b=None):
    padding = same_padding(op, W) if op.padding == "same" else None
    numbers = each(0 if isinstance(op.padding, str) else op.padding, op.dims)
    z = lax.conv_general_dilated(
        one_batch(op, x),
        W,
        each(op.stride, op.dims),
        padding or [(n, n) for n in numbers],
        rhs_dilation=each(op.dilation, op.dims),
        feature_group_count=op.groups,
    )
    return finished(op, x, z, b)


def jax_transposed(op, x, W, b=None):
    """A convolution of x with zeros between its entries, by the turned kernel with its channels exchanged."""
    c, share, *kernel = W.shape
    turned = jnp.flip(W, range(2, op.dims + 2)).reshape(op.groups, c // op.groups, share, *kernel)
    turned = jnp.swapaxes(turned, 1, 2).reshape(op.groups * share, c // op.groups, *kernel)
    options = (each(option, op.dims) for option in (op.padding, op.output_padding, op.dilation))
    padding = []
    for cut, more, dilation, n in zip(*options, kernel, strict=True):
        reach = dilation * (n - 1)
        padding.append((reach - cut, reach - cut + more))
    z = lax.conv_general_dilated(
        one_batch(op, x),
        turned,
        (1,) * op.dims,
        padding,
        lhs_dilation=each(op.stride, op.dims),
        rhs_dilation=each(op.dilation, op.dims),
        feature_group_count=op.groups,
    )
    return finished(op, x, z, b)


def finished(op, x, z, b):
    if b is not None:
        z = z + b.reshape(-1, *(1,) * op.dims)
    return z.reshape(*x.shape[: -op.dims - 1], *z.shape[1:])


# ----- PyTorch -----


def torch_conv(op, x, W, b=None):
    flat, padding = one_batch(op, x), op.padding
    if padding == "same":  # PyTorch warns about an even kernel, which it pads as is done here
        pairs = same_padding(op, W)
        flat = functional.pad(flat, [n for pair in reversed(pairs) for n in pair])
        padding = 0
    convolve = getattr(functional, op.name)
    z = convolve(flat, W, b, stride=op.stride, padding=padding, dilation=op.dilation, groups=op.groups)
    return z.reshape(*x.shape[: -op.dims - 1], *z.shape[1:])


def torch_transposed(op, x, W, b=None):
    options = {key: getattr(op, key) for key in ("stride", "padding", "output_padding", "dilation", "groups")}
    z = getattr(functional, op.name)(one_batch(op, x), W, b, **options)
    return z.reshape(*x.shape[: -op.dims - 1], *z.shape[1:])


JAX = {f"conv{n}d": jax_conv for n in (1, 2, 3)} | {f"conv_transpose{n}d": jax_transposed for n in (1, 2, 3)}
TORCH = {f"conv{n}d": torch_conv for n in (1, 2, 3)} | {f"conv_transpose{n}d": torch_transposed for n in (1, 2, 3)}
