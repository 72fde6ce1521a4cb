"""The order of a graph: every node behind what it is computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jacobians.errors import InputError, ModelError, unknown
from jacobians.node import Node
from jacobians.op import OpenShape


def ordered(leaves: Mapping[str, OpenShape], nodes: Sequence[Node]) -> list[Node]:
    """The nodes in an order in which every source comes first.

    Raises:
        ModelError: a name used twice or never defined, a cycle.
        InputError: an op that lacks an input or has one too many.
    """
    by_name = _by_name(leaves, nodes)
    order: list[Node] = []
    state: dict[str, int] = {}  # 1 on the way, 2 done
    for first in by_name:
        stack = [first]
        while stack:
            name = stack[-1]
            if state.get(name) == 2 or name in leaves:
                stack.pop()
                continue
            if name not in by_name:
                raise ModelError(
                    f"{name} is used but neither declared nor defined; known are {', '.join(leaves) or 'none'}"
                )
            state[name] = 1
            waiting = [s for s in by_name[name].sources.values() if s not in leaves and state.get(s) != 2]
            for s in waiting:
                if state.get(s) == 1:
                    equation = by_name[name].equation
                    raise ModelError(f"in {equation}: {name} depends on itself through {s}; break the cycle")
            if not waiting:
                state[name] = 2
                order.append(by_name[name])
            stack += waiting
    return order


def _by_name(leaves: Mapping[str, OpenShape], nodes: Sequence[Node]) -> dict[str, Node]:
    by_name: dict[str, Node] = {}
    for n in nodes:
        if n.name in by_name or n.name in leaves:
            raise ModelError(f"{n.name} is defined twice; every name may stand on the left of one equation only")
        _check_sources(n)
        by_name[n.name] = n
    return by_name


def _check_sources(n: Node) -> None:
    names = n.op.input_names()
    for key in names:
        if key not in n.sources:
            raise InputError(f"node {n.name}: {n.op.label} needs the input {key}; expected {', '.join(names)}")
    for key in n.sources:
        if key not in names:
            raise unknown(f"node {n.name}, {n.op.label}", "input", key, names)
