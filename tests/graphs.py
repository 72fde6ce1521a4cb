"""Random networks built in Python: branches, joins, shared weights, values that are used twice."""

from __future__ import annotations

import numpy as np

import jacobians as jac

UNARY = (jac.Tanh, jac.Sigmoid, jac.Softmax, jac.Square, jac.LogSoftmax, jac.Identity)
BINARY = (jac.Add, jac.Subtract, jac.Hadamard)


def random_model(seed: int, nodes: int = 6) -> jac.Model:
    """A network from x (3 entries) and s (2 entries) to a scalar L; a weight matrix of a given shape is shared."""
    rng = np.random.default_rng(seed)
    leaves: dict[str, int | tuple[int, ...]] = {"x": 3, "s": 2}
    size = {"x": 3, "s": 2}
    made = []

    def pick(names):
        """Late names more often, so that the graph grows deep."""
        names = list(names)
        weight = np.arange(1, len(names) + 1) ** 2
        return names[rng.choice(len(names), p=weight / weight.sum())]

    for k in range(nodes):
        source, name = pick(size), f"v{k}"
        kind = rng.integers(3)
        if kind == 0:
            m, n = int(rng.choice([2, 3, 5])), size[source]
            W, b = f"W{m}{n}", f"b{m}"
            leaves |= {W: (m, n), b: m}
            made.append(jac.node(name, jac.Linear(), x=source, W=W, b=b))
        elif kind == 1:
            made.append(jac.node(name, UNARY[rng.integers(len(UNARY))](), x=source))
        else:
            other = pick(v for v in size if size[v] == size[source])
            made.append(jac.node(name, BINARY[rng.integers(len(BINARY))](), x=source, y=other))
        size[name] = m if kind == 0 else size[source]
    made.append(jac.node("L", jac.SquaredNorm(), x=name))
    return jac.Model(leaves, made)


def chain_model(*steps: jac.Op | int, width: int = 3) -> jac.Model:
    """x -> step -> step ...; a number is a linear map onto that many entries, with weights of its own."""
    leaves: dict[str, int | tuple[int, ...]] = {"x": width}
    made, before = [], "x"
    for k, step in enumerate(steps, start=1):
        name = f"v{k}"
        if isinstance(step, int):
            leaves[f"W{k}"] = (step, None)
            made.append(jac.node(name, jac.LinearMap(), x=before, W=f"W{k}"))
        else:
            made.append(jac.node(name, step, x=before))
        before = name
    return jac.Model(leaves, made)
