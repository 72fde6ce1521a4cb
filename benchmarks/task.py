"""A task: a model in our language, the same functions for the peers, the Jacobians asked for.

A function of a task is written once, over a small namespace `ops` that every library fills with its own operations,
and takes the leaves by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Function = Callable[..., Any]


def model_text(shapes: Mapping[str, Shape], equations: Sequence[str]) -> str:
    """Declarations, then equations."""
    declared = [f"{name} : {' x '.join(map(str, shape)) or 'scalar'}" for name, shape in shapes.items()]
    return "\n".join([*declared, *equations])


@dataclass(frozen=True)
class Task:
    """What is to be differentiated, by what, and where."""

    title: str
    shapes: Mapping[str, Shape]
    equations: str
    #: Node -> f(ops, **leaves).
    functions: Mapping[str, Function]
    #: (of, wrt), all pairs of one node beside each other.
    asked: Sequence[tuple[str, str]]
    #: Leaves that are whole numbers, which nothing is differentiated by.
    constants: Mapping[str, Any] = field(default_factory=dict)
    #: The leaf with a sample in each row, where the peers are to map over samples; our model has the axis itself.
    samples: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """The model as a user writes it."""
        constants = {name: np.shape(value) for name, value in self.constants.items()}
        return model_text({**self.shapes, **constants}, [self.equations])

    @cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """Standard normal leaves; matrices and kernels are scaled by 1/sqrt(fan in)."""
        rng = np.random.default_rng(0)
        drawn = {}
        for name, shape in self.shapes.items():
            fan_in = np.prod(shape[1:]) if len(shape) > 1 else 1
            drawn[name] = rng.standard_normal(shape) / np.sqrt(fan_in)
        return drawn

    @property
    def point(self) -> dict[str, Any]:
        """Every leaf of the model."""
        return {**self.inputs, **self.constants}

    @property
    def groups(self) -> dict[str, list[str]]:
        """Each node asked for, and what it is differentiated by."""
        found: dict[str, list[str]] = {}
        for of, wrt in self.asked:
            found.setdefault(of, []).append(wrt)
        return found

    def positional(self, ops: SimpleNamespace, of: str) -> Function:
        """The function of a node, of the inputs in their order."""
        function, names = self.functions[of], list(self.shapes)
        return lambda *arrays: function(ops, **dict(zip(names, arrays, strict=True)), **self.constants)

    def positions(self, of: str) -> tuple[int, ...]:
        """The places, among the inputs, of what the node is differentiated by."""
        return tuple(list(self.shapes).index(wrt) for wrt in self.groups[of])

    def is_scalar(self, of: str) -> bool:
        """True for a loss, whose Jacobian is a gradient."""
        return of == "L"

    def each_sample(self) -> list[list[np.ndarray]]:
        """The inputs of one sample after the other, for libraries that take one at a time."""
        number = self.shapes[self.samples][0]
        return [[a[n] if k == self.samples else a for k, a in self.inputs.items()] for n in range(number)]

    @property
    def batch_axes(self) -> list[int | None]:
        """For each input, the axis that runs over samples."""
        return [0 if name == self.samples else None for name in self.shapes]
