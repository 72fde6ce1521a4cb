"""CasADi: sparse Jacobians from an expression graph, matrices of (output size, input size) with columns first."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import casadi as ca
import numpy as np
from task import Task


def log_softmax(z: Any) -> Any:
    shifted = z - ca.mmax(z)
    return shifted - ca.log(ca.sum1(ca.exp(shifted)))


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    centred = x - ca.sum1(x) / x.shape[0]
    return gamma * centred / ca.sqrt(ca.sumsqr(centred) / x.shape[0] + 1e-5) + beta


OPS = SimpleNamespace(
    tanh=ca.tanh,
    relu=lambda z: ca.fmax(z, 0),
    dot=ca.dot,
    softmax=lambda z: ca.exp(log_softmax(z)),
    log_softmax=log_softmax,
    layer_norm=layer_norm,
)

#: Up to so many numbers in the inputs, scalar expressions (SX) are faster than matrix expressions (MX).
SMALL = 100


def jacobian(task: Task) -> Callable[[], Callable[[], Any]]:
    values = [ca.DM(a) for a in task.inputs.values()]
    kind = ca.SX if sum(a.size for a in task.inputs.values()) < SMALL else ca.MX

    def build() -> Callable[[], Any]:
        symbols = [kind.sym(name, *a.shape) for name, a in task.inputs.items()]
        nodes = {of: task.positional(OPS, of)(*symbols) for of in task.groups}
        found = [ca.jacobian(f, symbols[k]) for of, f in nodes.items() for k in task.positions(of)]
        function = ca.Function("J", symbols, found)
        if len(found) == 1:
            return lambda: [function(*values)]
        return lambda: function(*values)

    return build


def arrays(result: Any, task: Task) -> list[np.ndarray]:
    dense = []
    for J, (of, wrt) in zip(result, task.asked, strict=True):
        shape = task.shapes[wrt]
        rows = () if task.is_scalar(of) else (J.shape[0],)
        columns_first = np.asarray(J.full()).reshape(rows + shape[::-1])
        dense.append(columns_first if len(shape) == 1 else columns_first.swapaxes(-1, -2))
    return dense


def filled(result: Any) -> float:
    """The part of the entries that the sparse results hold."""
    return sum(J.nnz() for J in result) / sum(J.numel() for J in result)
