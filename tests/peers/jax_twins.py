"""Every op's forward pass in JAX, with JAX's own function where it has one: op name -> twin(op, **inputs)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.scipy.special import erf, logsumexp, rel_entr, xlog1py, xlogy

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)
nn = jax.nn


def undefined(op, x):
    a, sines = op.coefficients()
    return a * x + sum(b * jnp.sin(w * x + c) for b, w, c in sines)


def quadratic(op, x, A):
    return jnp.einsum("...i,ij,...j->...", x, A, x)


def extreme(f):
    return lambda op, x: f(x, axis=op.axis)


def normalize(op, x):
    keep = {"axis": op.axis, "keepdims": True}
    return x / jnp.sqrt(jnp.sum(x * x, **keep))


# ----- layout -----


def reshape(op, x):
    return jnp.reshape(x, op.shape)


def flatten(op, x):
    return jnp.reshape(x, (*x.shape[: op.start], -1))


def sliced(op, x):
    index = [slice(None)] * x.ndim
    index[op.axis] = slice(op.start, op.stop, op.step)
    return x[tuple(index)]


def pad(op, x):
    return jnp.pad(x, [(0, 0)] * (x.ndim - len(op.width)) + list(op.width), constant_values=op.value)


def diag(op, x):
    return x[..., None] * jnp.eye(x.shape[-1])


# ----- losses: a number per sample, then the reduction -----


def reduced(op, losses):
    return losses if op.reduction == "none" else getattr(jnp, op.reduction)(losses)


def entries(op, penalties):
    """The sum or the mean over a sample's entries."""
    return reduced(op, (jnp.mean if op.mean else jnp.sum)(penalties, axis=-1))


def huber(op, a, y):
    d = a - y
    return entries(op, jnp.where(jnp.abs(d) <= op.delta, d**2 / 2, op.delta * (jnp.abs(d) - op.delta / 2)))


def binary_cross_entropy(op, p, y):
    return reduced(op, jnp.sum(-xlogy(y, p) - xlog1py(1 - y, -p), axis=-1))


def binary_cross_entropy_logits(op, z, y):
    return reduced(op, jnp.sum(-y * nn.log_sigmoid(z) - (1 - y) * nn.log_sigmoid(-z), axis=-1))


def of_class(scores, y):
    return jnp.sum(nn.one_hot(y, scores.shape[-1]) * scores, axis=-1)


TWINS = {
    # affine maps, products
    "linear": lambda op, x, W, b: x @ W.T + b,
    "linear_map": lambda op, x, W: x @ W.T,
    "linear_rows": lambda op, x, W, b: x @ W + b,
    "add": lambda op, x, y: x + y,
    "subtract": lambda op, x, y: x - y,
    "hadamard": lambda op, x, y: x * y,
    "divide": lambda op, x, y: x / y,
    "scale": lambda op, c, x: c * x,
    "matmul": lambda op, A, B: jnp.matmul(A, B),
    "outer": lambda op, x, y: x[..., :, None] * y[..., None, :],
    "inner": lambda op, x, y: jnp.vecdot(x, y),
    "quadratic": quadratic,
    "bilinear": lambda op, x1, x2, A, b=0: jnp.einsum("...i,kij,...j->...k", x1, A, x2) + b,
    "einsum": lambda op, **arrays: jnp.einsum(op.equation, *arrays.values()),
    # elementwise
    "identity": lambda op, x: x,
    "multiple": lambda op, x: op.factor * x,
    "shift": lambda op, x: x + op.offset,
    "abs": lambda op, x: jnp.abs(x),
    "clip": lambda op, x: jnp.clip(x, op.low, op.high),
    "undefined": undefined,
    "exp": lambda op, x: jnp.exp(x),
    "log": lambda op, x: jnp.log(x),
    "sqrt": lambda op, x: jnp.sqrt(x),
    "square": lambda op, x: jnp.square(x),
    "power": lambda op, x: jnp.power(x, op.exponent),
    "reciprocal": lambda op, x: jnp.reciprocal(x),
    "arcsinh": lambda op, x: jnp.arcsinh(x),
    "sin": lambda op, x: jnp.sin(x),
    "cos": lambda op, x: jnp.cos(x),
    "tan": lambda op, x: jnp.tan(x),
    "arctan": lambda op, x: jnp.arctan(x),
    "erf": lambda op, x: erf(x),
    "tanh": lambda op, x: jnp.tanh(x),
    "sigmoid": lambda op, x: nn.sigmoid(x),
    "log_sigmoid": lambda op, x: nn.log_sigmoid(x),
    "softplus": lambda op, x: nn.softplus(op.beta * x) / op.beta,
    "softsign": lambda op, x: nn.soft_sign(x),
    "hard_tanh": lambda op, x: nn.hard_tanh(x),
    "relu": lambda op, x: nn.relu(x),
    "leaky_relu": lambda op, x: nn.leaky_relu(x, op.slope),
    "elu": lambda op, x: nn.elu(x, op.alpha),
    "selu": lambda op, x: nn.selu(x),
    "silu": lambda op, x: nn.silu(x),
    "mish": lambda op, x: nn.mish(x),
    "gelu": lambda op, x: nn.gelu(x, approximate=op.approximation == "tanh"),
    # along an axis
    "softmax": lambda op, x: nn.softmax(x, axis=op.axis),
    "log_softmax": lambda op, x: nn.log_softmax(x, axis=op.axis),
    "logsumexp": lambda op, x: logsumexp(x, axis=op.axis),
    "norm": lambda op, x: jnp.sqrt(jnp.sum(x * x, axis=op.axis)),
    "squared_norm": lambda op, x: jnp.sum(x * x, axis=op.axis),
    "l1_norm": lambda op, x: jnp.sum(jnp.abs(x), axis=op.axis),
    "normalize": normalize,
    "sum": lambda op, x: jnp.sum(x, axis=op.axis),
    "mean": lambda op, x: jnp.mean(x, axis=op.axis),
    "var": lambda op, x: jnp.var(x, axis=op.axis, ddof=op.ddof),
    "prod": lambda op, x: jnp.prod(x, axis=op.axis),
    "max": extreme(jnp.max),
    "min": extreme(jnp.min),
    "cumsum": lambda op, x: jnp.cumsum(x, axis=op.axis),
    # layout
    "reshape": reshape,
    "flatten": flatten,
    "vec": lambda op, x: jnp.ravel(x, order="F" if op.order == "column" else "C"),
    "broadcast": lambda op, x: jnp.broadcast_to(x, op.shape),
    "permute": lambda op, x: jnp.transpose(x, op.axes),
    "diagonal": lambda op, x: jnp.diagonal(x, axis1=-2, axis2=-1),
    "triu": lambda op, x: jnp.triu(x, op.k),
    "tril": lambda op, x: jnp.tril(x, op.k),
    "slice": sliced,
    "index": lambda op, x: jnp.take(x, op.index, axis=op.axis),
    "gather": lambda op, x: jnp.take(x, op.indices, axis=op.axis),
    "concat": lambda op, **arrays: jnp.concatenate(list(arrays.values()), axis=op.axis),
    "stack": lambda op, **arrays: jnp.stack(list(arrays.values()), axis=op.axis),
    "pad": pad,
    # matrix functions
    "transpose": lambda op, A: jnp.matrix_transpose(A),
    "diag": diag,
    "trace": lambda op, A: jnp.trace(A, axis1=-2, axis2=-1),
    "inverse": lambda op, A: jnp.linalg.inv(A),
    "determinant": lambda op, A: jnp.linalg.det(A),
    "logdet": lambda op, A: jnp.linalg.slogdet(A)[1],
    "solve": lambda op, A, b: jnp.linalg.solve(A, b),
    # losses
    "squared_error": lambda op, a, y: entries(op, (0.5 if op.half else 1.0) * (a - y) ** 2),
    "absolute_error": lambda op, a, y: entries(op, jnp.abs(a - y)),
    "huber": huber,
    "hinge": lambda op, a, y: reduced(op, jnp.sum(nn.relu(1 - y * a), axis=-1)),
    "binary_cross_entropy": binary_cross_entropy,
    "negative_log_likelihood": lambda op, q, y: reduced(op, -of_class(q, y)),
    "kl": lambda op, p, q: reduced(op, jnp.sum(rel_entr(p, q), axis=-1)),
    "binary_cross_entropy_logits": binary_cross_entropy_logits,
    "cross_entropy": lambda op, z, y: reduced(op, -jnp.sum(y * nn.log_softmax(z), axis=-1)),
    "cross_entropy_index": lambda op, z, y: reduced(op, -of_class(nn.log_softmax(z), y)),
}
