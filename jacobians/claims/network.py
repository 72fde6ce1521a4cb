"""The nodes of a network, and any op of ours, on labelled arrays: values by the op, derivatives by its Jacobians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.functions import elementwise_of, has_slope
from jacobians.claims.values import Array, Seeds, Value, aligned, mapped
from jacobians.errors import JacobiansError, ShapeError
from jacobians.op import Op
from jacobians.ops.elementwise import Elementwise

if TYPE_CHECKING:
    from jacobians.claims.evaluator import Evaluator


def node_value(ev: Evaluator, name: str) -> Value:
    """The value of a node of the network: its op on the values of its sources."""
    model = ev.instance.context.model
    assert model is not None
    node = model.nodes[name]
    rows = ev.settings.vectors == "rows"
    made = op_value(node.op, {key: ev.quantity(source) for key, source in node.sources.items()})
    return made.as_("row" if rows else "column")


def op_value(op: Op, inputs: Mapping[str, Value]) -> Value:
    """An op on values: at every point and for every value of the free letters, with exact first derivatives."""
    if isinstance(op, Elementwise) and has_slope(op):
        (x,) = inputs.values()
        return mapped(elementwise_of(op), x)
    letters = tuple(dict.fromkeys(letter for v in inputs.values() for letter in v.letters))
    sizes = tuple(next(v.size_of(letter) for v in inputs.values() if letter in v.letters) for letter in letters)
    draws = max(part.shape[0] for v in inputs.values() for part in v.parts.values())
    flat = {name: _flat(v, letters, sizes, draws) for name, v in inputs.items()}
    count = draws * int(np.prod(sizes, dtype=int))
    try:
        values = np.stack([op.forward(**{k: f[()][n] for k, f in flat.items()}) for n in range(count)])
        parts = _derivatives(op, flat, count)
    except ShapeError as error:
        raise IllFormed(str(error)) from None
    except JacobiansError as error:
        raise NotUnderstood(str(error)) from None
    rank = values.ndim - 1
    wide = {s: p.reshape(draws, *sizes, *p.shape[1:]) for s, p in {(): values, **parts}.items()}
    return Value(wide, letters, rank)


def _flat(v: Value, letters: tuple[str, ...], sizes: tuple[int, ...], draws: int) -> dict[Seeds, Array]:
    """The parts with all draws and letters in one leading axis."""
    count = draws * int(np.prod(sizes, dtype=int))
    flat = {}
    for seeds, part in aligned(v, letters, v.rank).items():
        rest = part.shape[1 + len(letters) :]
        flat[seeds] = np.broadcast_to(part, (draws, *sizes, *rest)).reshape(count, *rest)
    return flat


def _derivatives(op: Op, flat: Mapping[str, Mapping[Seeds, Array]], count: int) -> dict[Seeds, Array]:
    """The derivatives of the output, point by point."""
    seeded = [k for k, f in flat.items() if len(f) > 1]
    for k in seeded:
        if k not in op.differentiable():
            raise NotUnderstood(f"{op.label} has no derivative by its input {k}")
    rows = [
        _at_one_point(op, {k: {s: p[n] for s, p in f.items()} for k, f in flat.items()}, seeded) for n in range(count)
    ]
    return {seeds: np.stack([row[seeds] for row in rows]) for seeds in (rows[0] if rows else {})}


def _at_one_point(op: Op, inputs: Mapping[str, Mapping[Seeds, Array]], seeded: list[str]) -> dict[Seeds, Array]:
    """By one seed J x', by two J x'' + H x' x', with the Jacobians and Hessians of the op, summed over its inputs."""
    point = {k: f[()] for k, f in inputs.items()}
    made: dict[Seeds, Array] = {}
    for k in seeded:
        J = op.jacobian(k, **point).dense()
        for seeds, part in inputs[k].items():
            if seeds:
                summand = np.tensordot(J, part, axes=point[k].ndim)
                made[seeds] = made[seeds] + summand if seeds in made else summand
    for k in seeded:
        for other in seeded:
            pairs = [(s, t) for s in inputs[k] for t in inputs[other] if len(s) == len(t) == 1 and s < t]
            if not pairs:
                continue
            H = op.hessian(k, other, **point).dense()
            for s, t in pairs:
                half = np.tensordot(H, inputs[other][t], axes=point[other].ndim)
                out = H.ndim - point[k].ndim - point[other].ndim
                axes = (range(out, out + point[k].ndim), range(point[k].ndim))
                summand = np.tensordot(half, inputs[k][s], axes=axes)
                # the axes of t stand before those of s: exchange them
                order = [*range(out), *range(out + len(t[0].shape), summand.ndim), *range(out, out + len(t[0].shape))]
                summand = summand.transpose(order)
                made[s + t] = made[s + t] + summand if s + t in made else summand
    return made
