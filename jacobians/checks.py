"""Witnesses made from the forward pass alone: complex step and central differences, of one op or along a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.errors import JacobiansError
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.node import Node
    from jacobians.run import Run

#: Steps of central differences: the first is the best, the second keeps clear of kinks that the first would cross.
STEPS = (6e-6, 1e-7)
#: The part of the function's own size that rounding may cost a difference.
ROUNDING = 4 * float(np.finfo(np.float64).eps)


class WitnessError(JacobiansError):
    """A witness that cannot be used at this point; the message is the reason."""


def complex_step(
    f: Callable[[Array], Array], x: Array, step: float = 1e-20, directions: Sequence[Array] | None = None
) -> Array:
    """The Jacobian of f at x, f.shape + x.shape, by Im f(x + ih) / h: exact to rounding for analytic f.

    With `directions`, the derivative along each of them: f.shape + (number of directions,).

    Source: Squire and Trapp, "Using Complex Variables to Estimate Derivatives of Real Functions", SIAM Review 1998.
    """
    return _along(lambda d: np.imag(f(x + 1j * step * d)) / step, x, directions)


def central_differences(
    f: Callable[[Array], Array], x: Array, step: float = STEPS[0], directions: Sequence[Array] | None = None
) -> Array:
    """The Jacobian of f at x by (f(x + h) - f(x - h)) / 2h, to order h^2 and eps / h; `directions` as above."""
    return _along(lambda d: (f(x + step * d) - f(x - step * d)) / (2 * step), x, directions)


def _along(derivative: Callable[[Array], Array], x: Array, directions: Sequence[Array] | None) -> Array:
    chosen = units(x.shape) if directions is None else directions
    columns = np.stack([np.asarray(derivative(d)) for d in chosen], axis=-1)
    return columns if directions is not None else columns.reshape(columns.shape[:-1] + x.shape)


def units(shape: tuple[int, ...]) -> list[Array]:
    """One array per entry, 1 there and 0 elsewhere."""
    return [unit(shape, index) for index in np.ndindex(shape)]


def unit(shape: tuple[int, ...], index: tuple[int, ...]) -> Array:
    """1 at the index, 0 elsewhere."""
    direction = np.zeros(shape)
    direction[index] = 1.0
    return direction


class Replay:
    """The forward pass from one replaced value on, `replay(value of wrt) -> value of of`, by `Op.compute` alone."""

    def __init__(self, run: Run, of: str, wrt: str) -> None:
        """Find the nodes that have to be computed again."""
        self.run, self.of, self.wrt = run, of, wrt
        self.nodes = _nodes_after(run, of, wrt)
        self._kinks = {n.name: run.kink_distance(n.name) for n in self.nodes if not n.op.analytic}
        self._moved = dict.fromkeys(self._kinks, 0.0)

    @property
    def not_analytic(self) -> tuple[str, ...]:
        """The ops on the way that the complex step cannot be used for."""
        return tuple(dict.fromkeys(n.op.name for n in self.nodes if not n.op.analytic))

    def __call__(self, value: Array) -> Array:
        """The value of `of` where `wrt` has this value; every other leaf stays."""
        new = {self.wrt: value}
        for n in self.nodes:
            inputs = {
                key: new.get(s, self.run.values[s]) if key not in n.op.data else self.run.values[s]
                for key, s in n.sources.items()
            }
            if n.name in self._moved:
                moves = [np.max(np.abs(inputs[key] - self.run.values[s])) for key, s in n.sources.items() if s in new]
                self._moved[n.name] = max(self._moved[n.name], *(float(m) for m in moves))
            new[n.name] = np.asarray(n.op.compute(**inputs))
        return new.get(self.of, self.run.values[self.of])

    def complex_step(self, directions: Sequence[Array] | None = None) -> Array:
        """The Jacobian by the complex step.

        Raises:
            WitnessError: an op on the way is not analytic.
        """
        if self.not_analytic:
            raise WitnessError(f"not analytic: {', '.join(self.not_analytic)}")
        return complex_step(self, self.run.values[self.wrt], directions=directions)

    def differences(self, directions: Sequence[Array] | None = None) -> tuple[Array, float]:
        """The Jacobian by central differences, with the step that stays on one side of every kink.

        Raises:
            WitnessError: a kink is nearer than the smallest step reaches.
        """
        for step in STEPS:
            self._moved = dict.fromkeys(self._kinks, 0.0)
            result = central_differences(self, self.run.values[self.wrt], step, directions)
            # twice, since the two entries that a maximum compares may move towards each other
            crossed = [name for name, moved in self._moved.items() if 2 * moved >= self._kinks[name] and moved > 0]
            if not crossed:
                return result, step
        name = crossed[0]
        node = self.run.model.nodes[name]
        raise WitnessError(f"{node.op.name}: a kink within {self._kinks[name]:.0e} in {node.equation}")


def derivative(replay: Replay, directions: Sequence[Array] | None = None) -> Array:
    """By the complex step where every op on the way is analytic, else by central differences."""
    return replay.differences(directions)[0] if replay.not_analytic else replay.complex_step(directions)


def _nodes_after(run: Run, of: str, wrt: str) -> list[Node]:
    """The nodes on the way from `wrt` to `of`, in order."""
    reached = {wrt}
    for n in run.model.nodes.values():
        if n.name != wrt and any(s in reached for s in n.differentiable_sources):
            reached.add(n.name)
    needed = {of}
    for n in reversed(run.model.nodes.values()):
        if n.name in needed:
            needed.update(n.sources.values())
    return [n for n in run.model.nodes.values() if n.name in reached & needed and n.name != wrt and of in reached]
