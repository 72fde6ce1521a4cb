"""A model of one sample as a model of n samples: the same ops, with an axis in front that counts the samples.

Most ops take leading axes as they are, and some must be told so. But batch normalization mixes its rows, and
broadcasting aligns axes at the other end: so a batched model is only used where it was proved, at random values, that
every node of it holds each sample's own value, and that the Jacobians are each sample's own.

Source: the idea of `vmap`, Bradbury et al., "JAX: composable transformations of Python+NumPy programs" (2018).
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import replace
from itertools import count

import numpy as np

from jacobians.errors import JacobiansError, shape_text
from jacobians.model import Model
from jacobians.node import Node
from jacobians.ops.axis import AlongAxis
from jacobians.ops.einsum import Einsum
from jacobians.ops.layout import Flatten, Reshape
from jacobians.ops.linear import LinearMap
from jacobians.ops.losses import Loss
from jacobians.ops.products import Inner, Matmul
from jacobians.terms import Array


class NotBatchedError(Exception):
    """Why a model cannot take many samples at once; never seen by a user, who gets one sample at a time instead."""


def restricted(model: Model, of: str, wrt: Collection[str]) -> Model:
    """The part of a model that `of` is computed from, and the leaves `wrt`."""
    needed = {of}
    for node in reversed(model.nodes.values()):
        if node.name in needed:
            needed.update(node.sources.values())
    leaves = {k: shape for k, shape in model.leaves.items() if k in needed or k in wrt}
    nodes = [node for node in model.nodes.values() if node.name in needed]
    return Model(leaves, nodes, {k: value for k, value in model.values.items() if k in leaves})


def batched(model: Model, samples: Set[str], n: int) -> Model:
    """The model of n samples: the leaves in `samples`, and all that follows from them, have a first axis of size n.

    Raises:
        NotBatchedError: some node would not have the shape of n values of one sample.
    """
    carried = set(samples)
    nodes = []
    for node in model.nodes.values():
        if not carried.isdisjoint(node.sources.values()):
            nodes.append(_lifted(node, model, n, carried))
            carried.add(node.name)
        else:
            nodes.append(node)
    leaves = {name: (n, *shape) if name in samples else shape for name, shape in model.leaves.items()}
    try:
        many = Model(leaves, nodes)
    except JacobiansError as error:
        raise NotBatchedError(str(error)) from None
    for name, node in model.nodes.items():
        expected = (n, *model.shapes[name]) if name in carried else model.shapes[name]
        if many.shapes[name] != expected:
            raise NotBatchedError(f"{node.equation}: {shape_text(many.shapes[name])} instead of {shape_text(expected)}")
    return many


def _lifted(node: Node, model: Model, n: int, carried: Set[str]) -> Node:
    """The node, told that the axis in front is no axis of its own."""
    op, sources = copy.copy(node.op), node.sources
    if isinstance(op, Matmul):
        return _lifted_product(node, model, carried)
    if isinstance(op, Loss):
        op.reduction = "none"
    elif isinstance(op, Flatten):
        op.start += 1
    elif isinstance(op, Reshape):
        op.shape = (n, *op.shape)
    elif isinstance(op, AlongAxis):
        rank = len(model.shapes[sources["x"]])
        if op.axis is not None and op.axis >= 0:
            op.axis -= rank
        elif rank == 1:
            op.axis = -1
    return replace(node, op=op)


def _lifted_product(node: Node, model: Model, carried: Set[str]) -> Node:
    """A product with a vector that would be taken for a matrix; stacks of matrices are products as they are."""
    A, B = node.sources["A"], node.sources["B"]
    ranks, each = (len(model.shapes[A]), len(model.shapes[B])), (A in carried, B in carried)
    if ranks == (1, 1) and all(each):
        return replace(node, op=Inner(), sources={"x": A, "y": B})
    if ranks == (1, 1) and B in carried:
        return replace(node, sources={"A": B, "B": A})
    if ranks == (2, 1) and B in carried:
        if A not in carried:
            return replace(node, op=LinearMap(), sources={"x": B, "W": A})
        return replace(node, op=Einsum("nij,nj->ni"))
    if ranks == (1, 2) and all(each):
        return replace(node, op=Einsum("nj,njk->nk"))
    return node


# ----- the proof -----


def prove(model: Model, of: str, wrt: Sequence[str], samples: Set[str], fixed: Mapping[str, Array]) -> None:
    """Compare a batched model of a few random samples with each of them alone: all values, the Jacobians asked for.

    The number of samples is no other size of the model, so that no axis is taken for another.

    Raises:
        NotBatchedError: something differs, or is not finite, so that nothing was proved.
    """
    sizes = {n for shape in model.shapes.values() for n in shape}
    n = next(k for k in count(3) if k not in sizes)
    exact = {name: np.asarray(value, np.float64) if value.dtype.kind == "f" else value for name, value in fixed.items()}
    try:
        points = [{**model.random_point(seed), **exact} for seed in range(n)]
        together = {k: np.stack([p[k] for p in points]) if k in samples else points[0][k] for k in model.leaves}
        many = batched(model, samples, n)
        if many.shapes[of] == model.shapes[of]:
            raise NotBatchedError(f"{of} does not depend on the samples")
        run, runs = many.run(together), [model.run(point) for point in points]
        for name, node in model.nodes.items():
            alone = [r.values[name] for r in runs]
            _require_equal(node.equation, run.values[name], alone)
        for (_, name), values in many.plan([(of, name) for name in wrt], samples=tuple(samples))(together).items():
            _require_equal(f"d{of}/d{name}", values, [r.jacobian(of, name).dense() for r in runs])
    except JacobiansError as error:
        raise NotBatchedError(str(error)) from None


def _require_equal(what: str, together: Array, alone: Sequence[Array]) -> None:
    """Every sample's own value stands in the batch, up to rounding; a value without samples is the same for all."""
    each = together if together.ndim > alone[0].ndim else np.broadcast_to(together, (len(alone), *together.shape))
    expected = np.stack(alone)
    if each.shape != expected.shape or not np.isfinite(expected).all():
        raise NotBatchedError(f"{what}: not comparable")
    scale = float(np.max(np.abs(expected), initial=0.0))
    if not np.allclose(each, expected, rtol=1e-9, atol=1e-10 * scale):
        raise NotBatchedError(f"{what}: the samples are not independent of each other")
