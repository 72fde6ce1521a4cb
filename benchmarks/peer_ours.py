"""This project: the model as text, a plan, and the plan called at a point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
from task import Task

import jacobians as jac

# `import jacobians` leaves its parts until they are used, `import jax` loads all at once: here too, since a first call
# is measured without the loading of modules.
for part in ("jacobians.equations", "jacobians.points", "jacobians.notation", "jacobians.ops", "jacobians.plans"):
    package = importlib.import_module(part)
    for module in pkgutil.iter_modules(getattr(package, "__path__", ()), part + "."):
        importlib.import_module(module.name)

Call = Callable[[], Any]


def _plan(task: Task) -> Any:
    return jac.Model.parse(task.text).plan(list(task.asked))


def fresh(task: Task) -> Callable[[], Call]:
    """Results in fresh memory."""
    point = task.point

    def build() -> Call:
        plan = _plan(task)
        return lambda: plan(point)

    return build


def kept(task: Task) -> Callable[[], Call]:
    """Into kept arrays: structural zeros stay."""
    point = task.point

    def build() -> Call:
        plan = _plan(task)
        results = plan(point)
        return lambda: plan(point, out=results)

    return build


def threads(task: Task) -> Callable[[], Call]:
    """Large writes on two threads."""
    point = task.point

    def build() -> Call:
        plan = _plan(task)
        return lambda: plan(point, threads=2)

    return build


def arrays(result: Any, task: Task) -> list[np.ndarray]:
    return [np.asarray(result[pair]) for pair in task.asked]
