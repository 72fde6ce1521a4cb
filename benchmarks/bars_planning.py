"""Seconds to plan long chains and large graphs, and how they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tasks
import timing
from table import Bar
from task import model_text

import jacobians as jac

Planning = Callable[[], Any]

#: The exponent of n log n over a few doublings is a little above 1; noise moves a fitted one by as much.
SLACK = 0.05


def chain(layers: int) -> tuple[jac.Model, Planning]:
    """All gradients of a network of so many layers."""
    params, equations = tasks.network([3] * (layers + 1))
    shapes = {**params, "x": (3,), "y": (3,)}
    equations.append(f"L = squared_error(z{layers}, y)")
    model = jac.Model.parse(model_text(shapes, equations))
    return model, lambda: model.plan("L")


def graph(nodes: int) -> tuple[jac.Model, Planning]:
    """The output by the input of residual blocks with two nodes each: two ways round every block."""
    equations = ["x : 3", "h0 = tanh(x)"]
    for k in range(1, nodes // 2):
        equations += [f"p{k} = tanh(h{k - 1})", f"h{k} = h{k - 1} + p{k}"]
    model = jac.Model.parse("\n".join(equations))
    return model, lambda: model.plan(f"h{nodes // 2 - 1}", "x")


def bars(quick: bool) -> Iterator[Bar]:
    for what, largest, build in (("chain, layers", 1_000, chain), ("graph, nodes", 10_000, graph)):
        counts = [largest // 8, largest // 4, largest // 2, largest][-3 if quick else -4 :]
        seconds = [_seconds(*build(n)) for n in counts]
        n_log_n = timing.exponent(counts, [n * np.log(n) for n in counts])
        yield Bar("planning", f"{what}: {largest:,}, s", seconds[-1], 1)
        yield Bar("planning", f"{what}: exponent of growth", timing.exponent(counts, seconds), n_log_n + SLACK)


def _seconds(model: jac.Model, planning: Planning) -> float:
    """Of the plan and all that its first call makes ready, beyond a later call.

    No cache holds it: nothing of this structure and size was planned before in this process.
    """
    rng = np.random.default_rng(0)
    point = {name: rng.standard_normal(shape) / shape[-1] for name, shape in model.leaves.items()}
    start = timing.now()
    plan = planning()
    plan(point)
    first = timing.now() - start
    return first - min(timing.sample(lambda: plan(point), 1) for _ in range(3))
