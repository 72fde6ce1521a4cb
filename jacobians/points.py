"""Points of a model, a value for every leaf: random ones, and the check of given ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, shape_error, unknown
from jacobians.op import Op
from jacobians.terms import Array, real_array

if TYPE_CHECKING:
    from jacobians.model import Model


def random_point(model: Model, seed: int) -> dict[str, Array]:
    """Model.random_point: see there."""
    rng = np.random.default_rng(seed)
    for _ in range(100):
        point = _drawn(model, rng)
        run = model.run(point)
        if all(run.kink_distance(name) > 1e-3 for name in model.nodes):
            break
    return point


def _drawn(model: Model, rng: np.random.Generator) -> dict[str, Array]:
    scale = {k: 1 / math.sqrt(s[-1]) if len(s) > 1 else 1.0 for k, s in model.leaves.items()}
    point: dict[str, Array] = {k: np.asarray(scale[k] * rng.standard_normal(s)) for k, s in model.leaves.items()}
    for n in model.nodes.values():  # inputs that an op asks special values of: class indices, probabilities
        special = [key for key in n.sources if key in n.op.data or n.op.interval(key) != Op.domain]
        drawn = n.op.sample(rng, {key: model.shapes[s] for key, s in n.sources.items()}) if special else {}
        drawn |= {key: drawn[key] / drawn[key].sum(axis=-1, keepdims=True) for key in n.op.distributions}
        point |= {n.sources[key]: drawn[key] for key in special if n.sources[key] in point}
    return point | model.values


def checked_point(model: Model, point: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """Model.checked_point: see there."""
    for name in point:
        if name not in model.leaves:
            raise unknown("run", "leaf", name, model.leaves)
    given: dict[str, Any] = {**model.values, **point}
    if missing := [name for name in model.leaves if name not in given]:
        raise InputError(
            f"run: no value for {', '.join(missing)}; give a point such as model.random_point(seed=0), "
            f"or write the value into the model, as in `{missing[0]} = [...]`"
        )
    checked, differentiable = {}, frozenset(model.differentiable())
    for name, shape in model.leaves.items():
        array = real_array(f"run: {name}", given[name], convert=name in differentiable)
        if array.shape != shape:
            raise shape_error(f"run: {name}", [f"axis{k}" for k in range(len(shape))], shape, array.shape)
        checked[name] = array
    return checked
