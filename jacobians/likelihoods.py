"""Which losses are minus the logarithm of a likelihood, and the Fisher information of those.

With the loss -log p(y | z) = A(z) - z^T y + c(y), z the natural parameter (logits, or the mean of a Gaussian), the
Hessian by z is that of A, whatever y is: so the expectation over y that Fisher's information takes leaves it alone, and
the information by the parameters is the Gauss-Newton matrix through z.

Source: Martens, "New Insights and Perspectives on the Natural Gradient Method" (2020), section 9; empirical Fisher:
Kunstner, Balles, Hennig, "Limitations of the Empirical Fisher Approximation" (2019), eq. 4.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jacobians import curvature
from jacobians.chain import nodes_between
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.node import Node
from jacobians.op import Op
from jacobians.ops.elementary import Square
from jacobians.ops.elementwise import Identity, Multiple
from jacobians.ops.likelihood import BinaryCrossEntropy, NegativeLogLikelihood
from jacobians.ops.logits import BinaryCrossEntropyLogits, CrossEntropy, CrossEntropyIndex
from jacobians.ops.losses import Loss, SquaredError
from jacobians.ops.norms import SquaredNorm
from jacobians.ops.pointwise import Subtract
from jacobians.ops.reduce import Mean, Sum

if TYPE_CHECKING:
    from jacobians.run import Run

#: Losses from the natural parameter, and the op's own name of it.
NATURAL: Mapping[type[Op], str] = {CrossEntropy: "z", CrossEntropyIndex: "z", BinaryCrossEntropyLogits: "z"}


def fisher(run: Run, of: str, wrt: str, other: str, empirical: bool) -> Jacobian:
    """The Fisher information by `wrt` and `other`, or the empirical one: wrt | other."""
    if run.values[of].ndim:
        raise InputError(f"fisher: expected a loss that is one number, got {of} with the shape {run.values[of].shape}")
    if empirical:
        one, two, weight = _per_sample(run, of, wrt, other)
        return (weight * (one.T @ two)).merge().lettered()
    return curvature.gauss_newton(run, of, wrt, other, natural_parameter(run, of, wrt, other))


def natural_parameter(run: Run, of: str, wrt: str, other: str) -> str:
    """The node z that makes the loss one of the form A(z) - z^T y + c(y), up to a positive number before it.

    Raises:
        InputError: the loss is not recognized as such, with the reason.
    """
    nodes = run.model.nodes
    node = _below(run, of, (Identity, Multiple, Sum, Mean))
    if type(node.op) in NATURAL:
        z = node.sources[NATURAL[type(node.op)]]
        _check_targets(run, node)
    else:
        residual = nodes.get(node.sources["x"]) if isinstance(node.op, SquaredNorm | Square) else None
        pair = node if isinstance(node.op, SquaredError) else residual
        if pair is None or not isinstance(pair.op, SquaredError | Subtract):
            raise InputError(_no_likelihood(of, node))
        first, second = pair.sources.values()
        z, y = (first, second) if _depends(run, first, wrt, other) else (second, first)
        if _depends(run, y, wrt, other):
            both = wrt if wrt == other else f"{wrt} or {other}"
            raise InputError(f"fisher: {of}: both sides of the squared error depend on {both}; one must be the target")
    return z


def output_of_network(run: Run, of: str, wrt: str, other: str) -> str:
    """The node that a loss compares with its target: the natural parameter, or the one node in the loss' equation.

    Raises:
        InputError: the equation takes no node that depends on both inputs, or several.
    """
    try:
        return natural_parameter(run, of, wrt, other)
    except InputError:
        pass
    model = run.model
    sources = model.sources(of) if of in model.nodes else ()
    found = [s for s in sources if s in model.nodes and _depends(run, s, wrt) and _depends(run, s, other)]
    if len(found) == 1:
        return found[0]
    which = f"got {', '.join(found)}" if found else "got none"
    both = wrt if wrt == other else f"{wrt} and {other}"
    raise InputError(
        f"gauss_newton: expected one node in {of} = {model.equations().get(of, '...')} that depends on {both}, "
        f"{which}; name the one to go through, as in through={(found or ['z'])[0]!r}"
    )


def _below(run: Run, of: str, through: tuple[type, ...]) -> Node:
    """The node under `of` and under numbers before it, sums and means over it."""
    if of not in run.model.nodes:
        raise InputError(f"fisher: expected a loss, got {of}, which nothing computes")
    node = run.model.nodes[of]
    while isinstance(node.op, through) and node.sources["x"] in run.model.nodes:
        if isinstance(node.op, Multiple) and node.op.factor <= 0:
            raise InputError(
                f"fisher: {of} has the factor {node.op.factor:g} in {node.equation}; minus the logarithm of a "
                "likelihood has a positive one"
            )
        node = run.model.nodes[node.sources["x"]]
    return node


def _depends(run: Run, name: str, *starts: str) -> bool:
    return any(name == start or bool(nodes_between(run.model, name, start)) for start in starts)


def _check_targets(run: Run, node: Node) -> None:
    if isinstance(node.op, CrossEntropy):
        total = np.sum(run.inputs(node.name)["y"], axis=-1)
        if not np.allclose(total, 1, rtol=0, atol=1e-9):
            worst = float(np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1))])
            raise InputError(
                f"fisher: {node.equation}: expected targets {run.model.display(node.sources['y'])} that sum to 1, "
                f"as probabilities do, got the sum {worst:.6g}"
            )


def _no_likelihood(of: str, node: Node) -> str:
    """Why there is no Fisher information, and what to do."""
    if isinstance(node.op, BinaryCrossEntropy | NegativeLogLikelihood):
        better = "binary_cross_entropy_logits" if isinstance(node.op, BinaryCrossEntropy) else "cross_entropy_index"
        return (
            f"fisher: {of}: {node.op.name} takes probabilities, by which its second derivative depends on the targets; "
            f"take the loss from logits: {better}(z, y)"
        )
    known = ", ".join([*(op.name for op in NATURAL), SquaredError.name])
    return (
        f"fisher: {of}: {node.equation} is not known to be minus the logarithm of a likelihood; known are {known} and "
        "norm(z - y)^2; hessian and gauss_newton take every loss"
    )


def _per_sample(run: Run, of: str, wrt: str, other: str) -> tuple[Jacobian, Jacobian, float]:
    """The gradients of the samples' own losses, sample | wrt and sample | other, and what a sample counts."""
    node = _below(run, of, (Identity,))
    if not isinstance(node.op, Loss):
        z = natural_parameter(run, of, wrt, other)
        if run.values[z].ndim > 1:
            raise InputError(
                f"fisher, empirical: the samples in {of} cannot be told apart: {run.model.display(z)} has the shape "
                f"{run.values[z].shape}; write the loss as squared_error({run.model.display(z)}, y)"
            )
        return run.jacobian(of, wrt), run.jacobian(of, other), 1.0
    each = copy.copy(node.op)
    each.reduction = "none"
    shape = run.inputs(node.name)[next(iter(node.sources))].shape
    before = itertools.takewhile(lambda n: n is not node, run.model.nodes.values())
    alone = Model(run.model.leaves, [*before, replace(node, op=each)]).run(run.point)
    one, two = (alone.jacobian(node.name, start) for start in (wrt, other))
    return one, two, node.op.weight(shape)
