"""The nodes of a network, and any op of ours, on labelled arrays: values by the op, derivatives by its Jacobians."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.functions import elementwise_of
from jacobians.claims.values import Array, Seeds, Value, mapped
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
    if isinstance(op, Elementwise):
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
    from jacobians.claims.values import aligned

    count = draws * int(np.prod(sizes, dtype=int))
    flat = {}
    for seeds, part in aligned(v, letters, v.rank).items():
        rest = part.shape[1 + len(letters) :]
        flat[seeds] = np.broadcast_to(part, (draws, *sizes, *rest)).reshape(count, *rest)
    return flat


def _derivatives(op: Op, flat: Mapping[str, Mapping[Seeds, Array]], count: int) -> dict[Seeds, Array]:
    """The derivative of the output by every seed: the sum over inputs of Jacobian times derivative of the input."""
    parts: dict[Seeds, list[Array]] = {}
    seeded = [k for k, f in flat.items() if len(f) > 1]
    if any(len(s) > 1 for k in seeded for s in flat[k]) or len({s for k in seeded for s in flat[k] if s}) > 1:
        return _second_derivatives(op, flat, count, seeded)
    for n in range(count):
        point = {k: f[()][n] for k, f in flat.items()}
        row: dict[Seeds, Array] = {}
        for k in seeded:
            if k not in op.differentiable():
                raise NotUnderstood(f"{op.label} has no derivative by its input {k}")
            J = op.jacobian(k, **point).dense()
            for seeds, part in flat[k].items():
                if seeds:
                    made = np.tensordot(J, part[n], axes=point[k].ndim)
                    row[seeds] = row[seeds] + made if seeds in row else made
        for seeds, made in row.items():
            parts.setdefault(seeds, []).append(made)
    return {seeds: np.stack(rows) for seeds, rows in parts.items()}


def _second_derivatives(
    op: Op, flat: Mapping[str, Mapping[Seeds, Array]], count: int, seeded: list[str]
) -> dict[Seeds, Array]:
    """First derivatives and those by two seeds: J x'' + H x' x' with the Hessians of the op."""
    raise NotUnderstood(f"a second derivative through {op.label}; write it with sums and elementary functions")
