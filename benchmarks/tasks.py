"""The tasks of the table. Sizes are parameters: the tests run every task small, the benchmarks as its title says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from task import Function, Shape, Task

#: The class whose cross-entropy is taken.
CLASS = 3


# ----- functions of the networks -----


def pre_activations(ops: SimpleNamespace, depth: int, activation: Function, x: Any, **params: Any) -> list[Any]:
    """z1 = W1 x + b1, z2 = W2 g(z1) + b2, ... up to the layer `depth`."""
    z = []
    for k in range(1, depth + 1):
        z.append(params[f"W{k}"] @ (activation(z[-1]) if z else x) + params[f"b{k}"])
    return z


def layer(k: int) -> Function:
    """z_k of a network with tanh."""
    return lambda ops, **leaves: pre_activations(ops, k, ops.tanh, **leaves)[-1]


def squared_error(ops: SimpleNamespace, y: Any, **leaves: Any) -> Any:
    e = layer(2)(ops, **leaves) - y
    return ops.dot(e, e)


def cross_entropy(ops: SimpleNamespace, z: Any, y: int) -> Any:
    return -ops.log_softmax(z)[y]


def attention(ops: SimpleNamespace, X: Any, W_Q: Any, W_K: Any, W_V: Any) -> Any:
    return ops.softmax((X @ W_Q) @ (X @ W_K).T / W_Q.shape[1] ** 0.5) @ (X @ W_V)


# ----- pieces of the tasks -----


def network(sizes: Sequence[int], activation: str = "tanh", rows: bool = False) -> tuple[dict[str, Shape], list[str]]:
    """Shapes of the parameters, and the equations of a network whose last layer is linear.

    With `rows`, x has a sample in each row, which `linear` takes and W @ x does not.
    """
    shapes: dict[str, Shape] = {}
    equations, source = [], "x"
    for k, (inner, outer) in enumerate(pairwise(sizes), 1):
        shapes |= {f"W{k}": (outer, inner), f"b{k}": (outer,)}
        equations.append(f"z{k} = linear({source}, W{k}, b{k})" if rows else f"z{k} = W{k} @ {source} + b{k}")
        if k + 1 < len(sizes):
            equations.append(f"a{k} = {activation}(z{k})")
            source = f"a{k}"
    return shapes, equations


def every(of: str, wrt: Sequence[str]) -> list[tuple[str, str]]:
    return [(of, name) for name in wrt]


def linear(o: int, i: int) -> Task:
    return Task(
        f"d(Wx+b)/dW, {o} x {i}",
        {"W": (o, i), "x": (i,), "b": (o,)},
        "a = W @ x + b",
        {"a": lambda ops, W, x, b: W @ x + b},
        [("a", "W")],
    )


def loss_and_output(*sizes: int) -> Task:
    params, equations = network(sizes)
    output = layer(2)
    return Task(
        f"MLP {'-'.join(map(str, sizes))} tanh: gradients of L and Jacobian of the output by all W, b",
        {**params, "x": sizes[:1], "y": sizes[-1:]},
        "\n".join([*equations, "L = squared_error(z2, y, half=false)"]),
        {"L": squared_error, "z2": lambda ops, y, **leaves: output(ops, **leaves)},
        [*every("L", list(params)), *every("z2", list(params))],
    )


def output_by_parameters(*sizes: int, samples: int = 0) -> Task:
    params, equations = network(sizes, rows=bool(samples))
    last = len(sizes) - 1
    return Task(
        f"MLP {'-'.join(map(str, sizes))} tanh: output{f' of each of {samples} samples' * bool(samples)} by all W, b",
        {**params, "x": (samples, sizes[0]) if samples else sizes[:1]},
        "\n".join(equations),
        {f"z{last}": layer(last)},
        every(f"z{last}", list(params)),
        samples="x" if samples else "",
    )


def layers_by_weights(*sizes: int) -> Task:
    params, equations = network(sizes)
    numbers = range(1, len(sizes))

    def part(k: int) -> Function:
        return lambda ops, **leaves: layer(k)(ops, **leaves)

    return Task(
        f"MLP {'-'.join(map(str, sizes))} tanh: every z by every W before it",
        {**params, "x": sizes[:1]},
        "\n".join(equations),
        {f"z{k}": part(k) for k in numbers},
        [(f"z{k}", f"W{j}") for k in numbers for j in range(1, k + 1)],
    )


def softmax(n: int) -> Task:
    return Task(
        f"softmax Jacobian and cross-entropy gradient, {n} classes",
        {"z": (n,)},
        "p = softmax(z)\nL = cross_entropy_index(z, y)",
        {"p": lambda ops, z, y: ops.softmax(z), "L": cross_entropy},
        [("p", "z"), ("L", "z")],
        constants={"y": CLASS},
    )


def conv2d(c: int, o: int, h: int, w: int) -> Task:
    return Task(
        f"conv2d {c}->{o}, {h} x {w}, kernel 3 x 3, padding 1: by input and kernel",
        {"x": (c, h, w), "K": (o, c, 3, 3)},
        "Y = conv2d(x, K, padding=1)",
        {"Y": lambda ops, x, K: ops.conv2d(x, K)},
        every("Y", ["x", "K"]),
    )


def self_attention(t: int, d: int) -> Task:
    leaves = {"X": (t, d), "W_Q": (d, d), "W_K": (d, d), "W_V": (d, d)}
    return Task(
        f"self-attention, {t} x {d}: by X, W_Q, W_K, W_V",
        leaves,
        "Y = self_attention(X, W_Q, W_K, W_V)",
        {"Y": attention},
        every("Y", list(leaves)),
    )


def deep(width: int, depth: int) -> Task:
    params, equations = network([width] * (depth + 1))
    equations.append(f"a{depth} = tanh(z{depth})")
    return Task(
        f"{depth} tanh layers of width {width}: output by input",
        {"x": (width,), **params},
        "\n".join(equations),
        {f"a{depth}": lambda ops, **leaves: ops.tanh(layer(depth)(ops, **leaves))},
        [(f"a{depth}", "x")],
    )


def classifier(*sizes: int) -> Task:
    params, equations = network(sizes, "relu")
    last = len(sizes) - 1

    def loss(ops: SimpleNamespace, y: int, **leaves: Any) -> Any:
        return cross_entropy(ops, pre_activations(ops, last, ops.relu, **leaves)[-1], y)

    return Task(
        f"{'-'.join(map(str, sizes))} ReLU + CE: all gradients",
        {**params, "x": sizes[:1]},
        "\n".join([*equations, f"L = cross_entropy_index(z{last}, y)"]),
        {"L": loss},
        every("L", list(params)),
        constants={"y": CLASS},
    )


def batch_classifier(batch: int, *sizes: int) -> Task:
    """All gradients of the mean loss of a batch, a sample in each row of x."""
    params, equations = network(sizes, "relu", rows=True)
    last = len(sizes) - 1
    classes = np.random.default_rng(1).integers(sizes[-1], size=batch)

    def loss(ops: SimpleNamespace, x: Any, y: np.ndarray, **params: Any) -> Any:
        a = x
        for k in range(1, last + 1):
            z = a @ params[f"W{k}"].T + params[f"b{k}"]
            a = ops.relu(z)
        return -ops.log_softmax(z)[np.arange(batch), y].mean()

    return Task(
        f"{'-'.join(map(str, sizes))} ReLU + CE, batch {batch}: all gradients",
        {**params, "x": (batch, sizes[0])},
        "\n".join([*equations, f"L = cross_entropy_index(z{last}, y)"]),
        {"L": loss},
        every("L", list(params)),
        constants={"y": classes},
    )


def layer_norm(n: int) -> Task:
    return Task(
        f"layer norm by x, d = {n}",
        {"x": (n,), "gamma": (n,), "beta": (n,)},
        "y = layer_norm(x, gamma, beta)",
        {"y": lambda ops, x, gamma, beta: ops.layer_norm(x, gamma, beta)},
        [("y", "x")],
    )


def build(small: bool = False) -> dict[str, Task]:
    """All tasks by name, at the sizes that are timed or small."""
    tasks = {
        "N1a": linear(3, 5) if small else linear(64, 64),
        "N1b": linear(5, 7) if small else linear(256, 256),
        "N2": loss_and_output(3, 5, 2) if small else loss_and_output(3, 4, 2),
        "N3": output_by_parameters(3, 5, 7, 2) if small else output_by_parameters(64, 128, 128, 10),
        "N4": layers_by_weights(3, 5, 7, 2) if small else layers_by_weights(64, 128, 128, 10),
        "N5": softmax(7) if small else softmax(1000),
        "N6": conv2d(2, 3, 5, 7) if small else conv2d(3, 8, 16, 16),
        "N7": self_attention(3, 5) if small else self_attention(16, 32),
        "N8": deep(3, 4) if small else deep(64, 50),
        "N9": classifier(11, 7, 5, 13) if small else classifier(784, 512, 256, 10),
        "N10": output_by_parameters(3, 5, 7, 2, samples=11)
        if small
        else output_by_parameters(64, 128, 128, 10, samples=32),
        "N11": layer_norm(7) if small else layer_norm(1024),
        "G1": batch_classifier(13, 11, 7, 5, 3) if small else batch_classifier(128, 784, 512, 256, 10),
    }
    return {name: replace(task, name=name) for name, task in tasks.items()}
