"""JAX: jacrev and jacfwd (grad of a loss), vmap over samples, everything in one jitted function."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from task import Task

jax.config.update("jax_enable_x64", True)


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return gamma * (x - x.mean()) / jnp.sqrt(x.var() + 1e-5) + beta


def conv2d(x: Any, K: Any) -> Any:
    return jax.lax.conv_general_dilated(x[None], K, window_strides=(1, 1), padding=[(1, 1), (1, 1)])[0]


OPS = SimpleNamespace(
    tanh=jnp.tanh,
    relu=jax.nn.relu,
    dot=jnp.dot,
    softmax=jax.nn.softmax,
    log_softmax=jax.nn.log_softmax,
    layer_norm=layer_norm,
    conv2d=conv2d,
)


def _peer(task: Task, mode: Callable[..., Any]) -> Callable[[], Callable[[], Any]]:
    arrays = [jnp.asarray(a) for a in task.inputs.values()]

    def build() -> Callable[[], Any]:
        parts = []
        for of in task.groups:
            kind = jax.grad if task.is_scalar(of) else mode
            derivative = kind(task.positional(OPS, of), argnums=task.positions(of))
            parts.append(jax.vmap(derivative, task.batch_axes) if task.samples else derivative)
        everything = jax.jit(lambda *a: [J for part in parts for J in part(*a)])
        return lambda: jax.block_until_ready(everything(*arrays))

    return build


def reverse(task: Task) -> Callable[[], Callable[[], Any]]:
    return _peer(task, jax.jacrev)


def forward(task: Task) -> Callable[[], Callable[[], Any]]:
    return _peer(task, jax.jacfwd)


def arrays(result: Any, task: Task) -> list[np.ndarray]:
    return [np.asarray(J) for J in result]
