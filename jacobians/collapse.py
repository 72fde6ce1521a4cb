"""A network without non-linear activations is one linear layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from jacobians.chain import nodes_between
from jacobians.errors import InputError, ModelError, ShapeError, shape_text
from jacobians.node import Node
from jacobians.op import Op
from jacobians.ops.linear import Linear
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.run import Run


def collapse(model: Model, of: str, wrt: str, point: Mapping[str, ArrayLike]) -> Model:
    """The model `of = W wrt + b` with the numbers W = d of / d wrt and b = of at wrt = 0."""
    between = nodes_between(model, of, wrt)
    run = model.run(point)
    for name in between:
        _require_affine(run, name, {wrt, *between})
    if len(model.shapes[of]) != 1 or len(model.shapes[wrt]) != 1:
        raise ShapeError(
            f"collapse: expected two vectors, got {of} {shape_text(model.shapes[of])} "
            f"and {wrt} {shape_text(model.shapes[wrt])}; a single sample makes them vectors"
        )
    W = run.jacobian(of, wrt).dense()
    b = run[of] - W @ run[wrt]
    leaves = {wrt: model.shapes[wrt], "W": W.shape, "b": b.shape}
    node = Node(of, Linear(), {"x": wrt, "W": "W", "b": "b"}, f"W @ {wrt} + b")
    return type(model)(leaves, [node], {"W": W, "b": b}, f"{of} = W @ {wrt} + b")


def _require_affine(run: Run, name: str, moving: set[str]) -> None:
    """Raise where the local Jacobian by a moving input changes when the moving inputs change."""
    node = run.model.nodes[name]
    keys = [key for key, source in node.sources.items() if source in moving]
    if not all(_constant(node.op, key, keys, run.inputs(name)) for key in keys):
        moved = ", ".join(run.model.display(node.sources[k]) for k in keys)
        raise ModelError(
            f"collapse: {node.equation} is not linear in {moved} ({node.op.name}); "
            "a network collapses to one linear layer only without non-linear activations"
        )


def _constant(op: Op, wrt: str, moving: list[str], inputs: Mapping[str, Array]) -> bool:
    """Whether the Jacobian by `wrt` has the same terms at points of both signs and of very different sizes."""
    rng = np.random.default_rng(7)
    try:
        first = op.jacobian(wrt, **inputs)
        for scale in (1e-3, 1.0, 1e3, 1e6, 1e300):
            draw = {key: scale * rng.standard_normal(inputs[key].shape) for key in moving}
            for sign in (1.0, -1.0):
                if op.jacobian(wrt, **{**inputs, **{key: sign * v for key, v in draw.items()}}) != first:
                    return False
    except InputError:  # outside the domain (log, sqrt, data that has no derivative): not linear everywhere
        return False
    return True
