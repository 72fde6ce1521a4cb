"""Backpropagation through time: the Jacobian by a shared leaf as the sum over its uses; how states depend on earlier.

Source: Werbos, "Backpropagation Through Time", Proc. IEEE 1990; Williams and Peng, "An Efficient Gradient-Based
Algorithm for On-Line Training of Recurrent Network Trajectories", Neural Computation 1990 (truncation); Pascanu,
Mikolov, Bengio, "On the Difficulty of Training Recurrent Neural Networks", ICML 2013 (the norms of the states'
Jacobians); Goodfellow, Bengio, Courville, "Deep Learning" (2016), sections 10.2.2 and 10.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from jacobians.algebra import INDICES
from jacobians.chain import backward_all, nodes_between
from jacobians.constructors import identity, zero
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.paths import Paths, along
from jacobians.terms import Factor, Term, letters

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.run import Run

#: A summand with more terms than this prints with the Jacobian of its node as one factor, (∂L/∂z1)_i.
LONGEST = 8


# ----- the sum over the uses of a shared leaf -----


@dataclass(frozen=True)
class Use:
    """One node whose own equation has the leaf, and its summand: d of / d node times the immediate Jacobian."""

    node: str
    #: The Jacobian of the node by the leaf with everything else in the node's equation held fixed.
    immediate: Jacobian
    #: The summand: d of / d node, along the paths that truncation leaves, times `immediate`.
    jacobian: Jacobian

    @property
    def norm(self) -> float:
        """The Frobenius norm of the summand."""
        return _norm(self.jacobian)


@dataclass(frozen=True)
class ThroughTime:
    """The Jacobian by a shared leaf as the sum over its uses; print it for the terms and their norms."""

    of: str
    wrt: str
    uses: tuple[Use, ...]
    #: The Jacobian that nothing was cut from.
    full: Jacobian
    #: How many steps are kept, counted from each loss; None where nothing is cut.
    truncate: int | None = None

    @property
    def jacobian(self) -> Jacobian:
        """The sum of the summands: the Jacobian, or what truncation leaves of it."""
        return reduce(Jacobian.__add__, (use.jacobian for use in self.uses), zero(*_shapes(self.full)))

    @property
    def norm(self) -> float:
        """The Frobenius norm of the sum."""
        return _norm(self.jacobian)

    @cached_property
    def gap(self) -> float:
        """|sum - full| / |full| in the Frobenius norm: rounding, or how far truncation is from the full Jacobian."""
        full = self.full.dense()
        size = float(np.linalg.norm(full))
        return float(np.linalg.norm(self.jacobian.dense() - full)) / size if size else 0.0

    @property
    def left_side(self) -> str:
        """What the sum is called."""
        return f"∂{self.of}/∂{self.wrt}" + (f" (truncated: {self.truncate})" if self.truncate else "")

    def product(self, use: Use) -> str:
        """`∂L/∂z1 ∂⁺z1/∂W_h`: the plus marks the immediate Jacobian."""
        immediate = f"∂⁺{use.node}/∂{self.wrt}"
        return immediate if use.node == self.of else f"∂{self.of}/∂{use.node} {immediate}"

    def __str__(self) -> str:
        """The sum, a line for each summand with its Frobenius norm, and the distance from the full Jacobian."""
        width = max((len(self.product(use)) for use in self.uses), default=0)
        lines = [f"{self.left_side} = sum over {len(self.uses)} uses of {self.wrt}"]
        lines += [f"  {self.product(use):{width}}  norm {use.norm:.4g}   {use.jacobian}" for use in self.uses]
        return "\n".join([*lines, self.verdict])

    @property
    def verdict(self) -> str:
        """How far the sum is from the full Jacobian, in words."""
        if self.truncate is None:
            return f"the sum equals ∂{self.of}/∂{self.wrt}; relative difference {self.gap:.1g}"
        steps = "1 step" if self.truncate == 1 else f"{self.truncate} steps"
        return f"cut after {steps}: relative distance {self.gap:.4g} from the full ∂{self.of}/∂{self.wrt}"


def through_time(run: Run, of: str, wrt: str, truncate: int | None = None) -> ThroughTime:
    """Run.through_time: see there."""
    _check_truncate(truncate)
    edges = Paths(run.model, of, wrt).edges
    nodes = [name for name, sources in edges.items() if wrt in sources]
    if truncate is not None:
        for name in nodes:
            if step_of(run.model, name) is None:
                raise InputError(
                    f"through_time: truncate={truncate}: {name} uses {wrt}, but its name does not end in a time step; "
                    "name the nodes of step 1 as z1, h1, those of step 2 as z2, h2"
                )
    adjoints = _adjoints(run, of, wrt, truncate)
    uses = []
    for name in nodes:
        immediate = along(run, edges[name][wrt])
        outer = adjoints.get(name) or zero(run.values[of].shape, run.values[name].shape)
        called = f"∂{of}/∂{name}" if truncate is None else f"cut(∂{of}/∂{name})"
        summand = _printable(run, called, of, name, outer, immediate)
        uses.append(Use(name, immediate.lettered(), summand.lettered()))
    return ThroughTime(of, wrt, tuple(uses), run.jacobian(of, wrt, order="backward"), truncate)


def _check_truncate(truncate: object) -> None:
    if truncate is not None and (not isinstance(truncate, int) or isinstance(truncate, bool) or truncate < 1):
        raise InputError(
            f"through_time: truncate={truncate!r}: expected a whole number of steps from 1, or None to cut nothing"
        )


def step_of(model: Model, name: str) -> int | None:
    """The time step of a node, the number that its name ends in; a part of an equation has that of the equation."""
    number = re.search(r"\d+$", model.nodes[name].part_of or name)
    return int(number[0]) if number else None


def _adjoints(run: Run, of: str, wrt: str, truncate: int | None) -> dict[str, Jacobian]:
    """d of / d node for every node after `wrt`, back to front, along the paths that truncation leaves.

    What reaches a node is kept apart by the step at which its path came from `of` to the first node with a step.
    """
    between = nodes_between(run.model, of, wrt)
    found: dict[str, dict[int | None, Jacobian]] = {name: {} for name in between}
    if between:
        found[of][step_of(run.model, of) if truncate else None] = identity(run.values[of].shape)
    for name in reversed(between):
        for start, seed in found[name].items():
            found[name][start] = seed = seed.merge()
            for source in (s for s in run.model.nodes[name].differentiable_sources if s in found):
                step = step_of(run.model, source) if truncate else None
                begin = step if start is None else start
                if truncate and begin is not None and step is not None and begin - step >= truncate:
                    continue
                product = seed @ run.local(name, source)
                earlier = found[source].get(begin)
                found[source][begin] = product if earlier is None else earlier + product
    return {name: reduce(Jacobian.__add__, parts.values()) for name, parts in found.items() if parts}


def _printable(run: Run, called: str, of: str, name: str, outer: Jacobian, immediate: Jacobian) -> Jacobian:
    """outer @ immediate; it prints with all its factors, or with `outer` as it is `called` where they are too many."""
    J = (outer @ immediate).merge()
    if not J.terms or Paths(run.model, of, name).terms(run) <= LONGEST:
        return J
    n = len(outer.out_shape)
    labels = letters(INDICES, len(outer.shape))
    factor = Factor(outer.dense(), labels, called)
    whole = Term((factor,), labels[:n], labels[n:], dict(zip(labels, outer.shape, strict=True)))
    shown = Jacobian((whole,), *_shapes(outer)) @ immediate
    return Jacobian(J.terms, *_shapes(J), shown=lambda: shown.shown)


def _shapes(J: Jacobian) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return J.out_shape, J.in_shape


def _norm(J: Jacobian) -> float:
    """The Frobenius norm."""
    return float(np.linalg.norm(J.dense()))


# ----- how the last state depends on the earlier ones -----


@dataclass(frozen=True)
class StateJacobian:
    """The Jacobian by one state, so many steps back."""

    state: str
    steps: int
    jacobian: Jacobian

    @cached_property
    def spectral(self) -> float:
        """The largest factor by which it stretches a vector, its largest singular value."""
        return float(np.linalg.norm(self.jacobian.matrix(), 2))

    @cached_property
    def frobenius(self) -> float:
        """The square root of the sum of its squared entries."""
        return _norm(self.jacobian)


@dataclass(frozen=True)
class StateJacobians:
    """The Jacobians of one node by every state of a sequence, the last state first; print it for the norms."""

    of: str
    states: tuple[StateJacobian, ...]

    @property
    def rate(self) -> float:
        """The factor by which the spectral norm changes per step back, in the geometric mean."""
        first, last = self.states[0].spectral, self.states[-1].spectral
        return (last / first) ** (1 / self.states[-1].steps) if first else 0.0

    @property
    def verdict(self) -> str:
        """The rate in words."""
        kind = "it vanishes" if self.rate < 1 else "it explodes" if self.rate > 1 else "it stays"
        return f"the spectral norm changes by the factor {self.rate:.4g} per step back: {kind}"

    def __str__(self) -> str:
        """A table of norms, a line per state."""
        width = max(len(f"∂{self.of}/∂{s.state}") for s in self.states)
        lines = [f"{'':{width}}  steps back  spectral norm  Frobenius norm"]
        for s in self.states:
            left = f"∂{self.of}/∂{s.state}"
            lines.append(f"{left:{width}}  {s.steps:>10}  {s.spectral:>13.4g}  {s.frobenius:>14.4g}")
        return "\n".join([*lines, self.verdict])


def state_jacobians(run: Run, state: str | None = None, of: str | None = None) -> StateJacobians:
    """Run.state_jacobians: see there."""
    names = _sequence(run.model, state)
    end = of or names[-1]
    run.model.require(end, "state_jacobians")
    found = backward_all(run, end, names)
    return StateJacobians(end, tuple(StateJacobian(k, back, found[k].lettered()) for back, k in enumerate(names[::-1])))


def _sequence(model: Model, state: str | None) -> list[str]:
    """The names of a state from its first step to its last: h0, h1, h2."""
    found = sequences(model)
    if state is None:
        if not found:
            raise InputError(
                "state_jacobians: no state found: expected names that end in their time step, each with an influence "
                "on the next and of its size, as h0, h1, h2"
            )
        return max(reversed(found.values()), key=len)  # of equals the one defined last: h after c
    if state not in found:
        known = f"; known are {', '.join(found)}" if found else ""
        raise InputError(
            f"state_jacobians: unknown state {state!r}: expected the letters before the time step, as h for h0, h1"
            f"{known}"
        )
    return found[state]


def sequences(model: Model) -> dict[str, list[str]]:
    """Letters -> the names of a state step by step, where each influences the next and has its shape."""
    found: dict[str, list[str]] = {}
    for name in (*model.leaves, *model.named):
        letters, number = re.match(r"(.*?)(\d*)$", name).groups()  # type: ignore[union-attr]
        if not number:
            continue
        before = f"{letters}{int(number) - 1}"
        related = before in model.shapes and model.shapes[before] == model.shapes[name]
        if related and name in model.nodes and nodes_between(model, name, before):
            chain = found.setdefault(letters, [before])
            if chain[-1] == before:
                chain.append(name)
    return found
