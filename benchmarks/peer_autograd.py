"""HIPS autograd: jacobian (grad of a loss); samples one after the other, since it has no vmap."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from task import Task


def log_softmax(z: Any) -> Any:
    shifted = z - anp.max(z, axis=-1, keepdims=True)
    return shifted - anp.log(anp.sum(anp.exp(shifted), axis=-1, keepdims=True))


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma * (x - anp.mean(x)) / anp.sqrt(anp.var(x) + 1e-5) + beta


def conv2d(x: Any, K: Any) -> Any:
    """A matrix product for each of the nine places of the kernel."""
    height, width = x.shape[1:]
    padded = anp.pad(x, ((0, 0), (1, 1), (1, 1)), "constant")
    windows = {(p, q): padded[:, p : p + height, q : q + width] for p in range(3) for q in range(3)}
    return sum(anp.tensordot(K[:, :, p, q], window, 1) for (p, q), window in windows.items())


OPS = SimpleNamespace(
    tanh=anp.tanh,
    relu=lambda z: anp.maximum(z, 0),
    dot=anp.dot,
    softmax=lambda z: anp.exp(log_softmax(z)),
    log_softmax=log_softmax,
    layer_norm=layer_norm,
    conv2d=conv2d,
)


def jacobian(task: Task) -> Callable[[], Callable[[], Any]]:
    def build() -> Callable[[], Any]:
        parts: list[Callable[..., Any]] = []
        for of in task.groups:
            f, positions = task.positional(OPS, of), task.positions(of)
            if task.is_scalar(of):
                parts.append(autograd.grad(f, positions))
            else:
                each = [autograd.jacobian(f, k) for k in positions]
                parts.append(lambda *a, each=each: [J(*a) for J in each])

        def everything(*a: Any) -> list[Any]:
            return [J for part in parts for J in part(*a)]

        if task.samples:
            samples = task.each_sample()
            return lambda: [np.stack(js) for js in zip(*[everything(*a) for a in samples], strict=True)]
        inputs = list(task.inputs.values())
        return lambda: everything(*inputs)

    return build


def arrays(result: Any, task: Task) -> list[np.ndarray]:
    return list(result)
