"""Every op's forward pass in PyTorch, with PyTorch's own function where it has one: op name -> twin(op, **inputs)."""

from __future__ import annotations

import torch
from torch.nn import functional


def axes(op, x):
    """The axis as PyTorch wants it: None is all axes."""
    return tuple(range(x.ndim)) if op.axis is None else op.axis


def undefined(op, x):
    a, sines = op.coefficients()
    return a * x + sum(b * torch.sin(w * x + c) for b, w, c in sines)


def prod(op, x):
    return torch.prod(x) if op.axis is None else torch.prod(x, dim=op.axis)


def normalize(op, x):
    return x / torch.linalg.vector_norm(x, dim=axes(op, x), keepdim=True)


# ----- layout -----


def sliced(op, x):
    size = x.shape[op.axis]
    return torch.index_select(x, op.axis, torch.tensor(range(size)[op.start : op.stop : op.step]))


def gather(op, x):
    flat = torch.index_select(x, op.axis, torch.tensor(op.indices.ravel()))
    axis = op.axis % x.ndim
    return flat.reshape(*x.shape[:axis], *op.indices.shape, *x.shape[axis + 1 :])


def pad(op, x):
    last_first = [n for pair in reversed(op.width) for n in pair]
    return functional.pad(x, last_first, value=op.value)


# ----- losses: a number per sample, then the reduction -----


def reduced(op, losses):
    return losses if op.reduction == "none" else getattr(torch, op.reduction)(losses)


def entries(op, penalties):
    """The sum or the mean over a sample's entries."""
    return reduced(op, (torch.mean if op.mean else torch.sum)(penalties, dim=-1))


def summed(op, penalties):
    return reduced(op, penalties.sum(-1))


def classes_second(z):
    """PyTorch's classes are axis 1 of a batch."""
    return z if z.ndim == 1 else z.movedim(-1, 1)


def hinge(op, a, y):
    return summed(op, functional.relu(1 - y * a))


def squared_error(op, a, y):
    return entries(op, (0.5 if op.half else 1.0) * functional.mse_loss(a, y, reduction="none"))


TWINS = {
    # affine maps, products
    "linear": lambda op, x, W, b: functional.linear(x, W, b),
    "linear_map": lambda op, x, W: functional.linear(x, W),
    "linear_rows": lambda op, x, W, b: x @ W + b,
    "add": lambda op, x, y: torch.add(x, y),
    "subtract": lambda op, x, y: torch.sub(x, y),
    "hadamard": lambda op, x, y: torch.mul(x, y),
    "divide": lambda op, x, y: torch.div(x, y),
    "scale": lambda op, c, x: c * x,
    "matmul": lambda op, A, B: torch.matmul(A, B),
    "outer": lambda op, x, y: torch.einsum("...i,...j->...ij", x, y),
    "inner": lambda op, x, y: torch.linalg.vecdot(x, y),
    "quadratic": lambda op, x, A: torch.einsum("...i,ij,...j->...", x, A, x),
    "bilinear": lambda op, x1, x2, A, b=0: torch.einsum("...i,kij,...j->...k", x1, A, x2) + b,
    "einsum": lambda op, **arrays: torch.einsum(op.equation, *arrays.values()),
    # elementwise
    "identity": lambda op, x: x.clone(),
    "multiple": lambda op, x: op.factor * x,
    "shift": lambda op, x: x + op.offset,
    "abs": lambda op, x: torch.abs(x),
    "clip": lambda op, x: torch.clamp(x, op.low, op.high),
    "undefined": undefined,
    "exp": lambda op, x: torch.exp(x),
    "log": lambda op, x: torch.log(x),
    "sqrt": lambda op, x: torch.sqrt(x),
    "square": lambda op, x: torch.square(x),
    "power": lambda op, x: torch.pow(x, op.exponent),
    "reciprocal": lambda op, x: torch.reciprocal(x),
    "arcsinh": lambda op, x: torch.asinh(x),
    "sin": lambda op, x: torch.sin(x),
    "cos": lambda op, x: torch.cos(x),
    "tan": lambda op, x: torch.tan(x),
    "arctan": lambda op, x: torch.arctan(x),
    "erf": lambda op, x: torch.erf(x),
    "tanh": lambda op, x: torch.tanh(x),
    "sigmoid": lambda op, x: torch.sigmoid(x),
    "log_sigmoid": lambda op, x: functional.logsigmoid(x),
    "softplus": lambda op, x: functional.softplus(x, beta=op.beta),
    "softsign": lambda op, x: functional.softsign(x),
    "hard_tanh": lambda op, x: functional.hardtanh(x),
    "relu": lambda op, x: functional.relu(x),
    "leaky_relu": lambda op, x: functional.leaky_relu(x, op.slope),
    "elu": lambda op, x: functional.elu(x, op.alpha),
    "selu": lambda op, x: functional.selu(x),
    "silu": lambda op, x: functional.silu(x),
    "mish": lambda op, x: functional.mish(x),
    "gelu": lambda op, x: functional.gelu(x, approximate=op.approximation),
    # along an axis
    "softmax": lambda op, x: functional.softmax(x, dim=op.axis),
    "log_softmax": lambda op, x: functional.log_softmax(x, dim=op.axis),
    "logsumexp": lambda op, x: torch.logsumexp(x, dim=axes(op, x)),
    "norm": lambda op, x: torch.linalg.vector_norm(x, dim=axes(op, x)),
    "squared_norm": lambda op, x: torch.sum(x * x, dim=axes(op, x)),
    "l1_norm": lambda op, x: torch.linalg.vector_norm(x, ord=1, dim=axes(op, x)),
    "normalize": normalize,
    "sum": lambda op, x: torch.sum(x, dim=axes(op, x)),
    "mean": lambda op, x: torch.mean(x, dim=axes(op, x)),
    "var": lambda op, x: torch.var(x, dim=axes(op, x), correction=op.ddof),
    "prod": prod,
    "max": lambda op, x: torch.amax(x, dim=axes(op, x)),
    "min": lambda op, x: torch.amin(x, dim=axes(op, x)),
    "cumsum": lambda op, x: torch.cumsum(x, dim=op.axis),
    # layout
    "reshape": lambda op, x: torch.reshape(x, op.shape),
    "flatten": lambda op, x: torch.reshape(x, (*x.shape[: op.start], -1)),
    "vec": lambda op, x: torch.flatten(x.permute(*range(x.ndim)[::-1]) if op.order == "column" else x),
    "broadcast": lambda op, x: torch.broadcast_to(x, op.shape),
    "permute": lambda op, x: torch.permute(x, op.axes),
    "diagonal": lambda op, x: torch.diagonal(x, dim1=-2, dim2=-1),
    "triu": lambda op, x: torch.triu(x, op.k),
    "tril": lambda op, x: torch.tril(x, op.k),
    "slice": sliced,
    "index": lambda op, x: torch.select(x, op.axis, op.index),
    "gather": gather,
    "concat": lambda op, **arrays: torch.cat(list(arrays.values()), dim=op.axis),
    "stack": lambda op, **arrays: torch.stack(list(arrays.values()), dim=op.axis),
    "pad": pad,
    # matrix functions
    "transpose": lambda op, A: torch.transpose(A, -2, -1),
    "diag": lambda op, x: torch.diag_embed(x),
    "trace": lambda op, A: torch.diagonal(A, dim1=-2, dim2=-1).sum(-1),
    "inverse": lambda op, A: torch.linalg.inv(A),
    "determinant": lambda op, A: torch.linalg.det(A),
    "logdet": lambda op, A: torch.linalg.slogdet(A)[1],
    "solve": lambda op, A, b: torch.linalg.solve(A, b),
    # losses
    "squared_error": squared_error,
    "absolute_error": lambda op, a, y: entries(op, functional.l1_loss(a, y, reduction="none")),
    "huber": lambda op, a, y: entries(op, functional.huber_loss(a, y, reduction="none", delta=op.delta)),
    "hinge": hinge,
    "binary_cross_entropy": lambda op, p, y: summed(op, functional.binary_cross_entropy(p, y, reduction="none")),
    "negative_log_likelihood": lambda op, q, y: reduced(
        op, functional.nll_loss(classes_second(q), y, reduction="none")
    ),
    "kl": lambda op, p, q: summed(op, functional.kl_div(torch.log(q), p, reduction="none")),
    "binary_cross_entropy_logits": lambda op, z, y: summed(
        op, functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    ),
    "cross_entropy": lambda op, z, y: reduced(
        op, functional.cross_entropy(classes_second(z), classes_second(y), reduction="none")
    ),
    "cross_entropy_index": lambda op, z, y: reduced(
        op, functional.cross_entropy(classes_second(z), y, reduction="none")
    ),
}
