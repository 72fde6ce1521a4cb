"""PyTorch: torch.func.jacrev and jacfwd (grad of a loss), vmap over samples, eager or by torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from task import Task
from torch.nn import functional

OPS = SimpleNamespace(
    tanh=torch.tanh,
    relu=torch.relu,
    dot=torch.dot,
    softmax=lambda z: torch.softmax(z, -1),
    log_softmax=lambda z: torch.log_softmax(z, -1),
    layer_norm=lambda x, gamma, beta: functional.layer_norm(x, x.shape, gamma, beta, 1e-5),
    conv2d=lambda x, K: functional.conv2d(x[None], K, padding=1)[0],
)


def _peer(task: Task, mode: Callable[..., Any], compiled: bool = False) -> Callable[[], Callable[[], Any]]:
    tensors = [torch.from_numpy(a) for a in task.inputs.values()]

    def build() -> Callable[[], Any]:
        parts = []
        for of in task.groups:
            kind = torch.func.grad if task.is_scalar(of) else mode
            derivative = kind(task.positional(OPS, of), argnums=task.positions(of))
            parts.append(torch.func.vmap(derivative, tuple(task.batch_axes)) if task.samples else derivative)

        def everything(*a: Any) -> list[Any]:
            return [J for part in parts for J in part(*a)]

        run = torch.compile(everything) if compiled else everything
        return lambda: run(*tensors)

    return build


def reverse(task: Task) -> Callable[[], Callable[[], Any]]:
    return _peer(task, torch.func.jacrev)


def forward(task: Task) -> Callable[[], Callable[[], Any]]:
    return _peer(task, torch.func.jacfwd)


def compiled(task: Task) -> Callable[[], Callable[[], Any]]:
    return _peer(task, torch.func.jacrev, compiled=True)


def backward(task: Task) -> Callable[[], Callable[[], Any]]:
    """The way networks are trained: a forward pass that records, and one backward pass."""
    tensors = {name: torch.from_numpy(a) for name, a in task.inputs.items()}
    wanted = [tensors[wrt].requires_grad_() for wrt in task.groups["L"]]
    loss = task.functions["L"]
    return lambda: lambda: torch.autograd.grad(loss(OPS, **tensors, **task.constants), wanted)


def arrays(result: Any, task: Task) -> list[np.ndarray]:
    return [J.detach().numpy() for J in result]
