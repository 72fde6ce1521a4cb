"""The ways to find one Jacobian of a run that `check` compares: who can say what, how exactly, and why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jacobians.checks import ROUNDING, Replay, WitnessError
from jacobians.deltas import DeltaFormulas
from jacobians.errors import JacobiansError, ModelError
from jacobians.jacobian import Jacobian
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.run import Run

#: Largest relative disagreement that passes where both sides are exact to rounding, and for central differences.
EXACT, DIFFERENCES = 1e-11, 1e-5
#: Jacobians with more entries, or by more entries of the input, are compared along random directions.
ENTRIES, COLUMNS = 50_000, 1_000
#: How many random directions.
DIRECTIONS = 3


@dataclass(frozen=True)
class Testimony:
    """What a witness says: the Jacobian (or its derivatives along the directions), and how far it may be off."""

    values: Array
    tolerance: float = EXACT
    #: Entries below this are lost in the witness' own rounding.
    noise: float = 0.0


@dataclass
class Shared:
    """What all Jacobians of one check share: each is made once, when first asked for."""

    run: Run
    sympy_limit: int
    _formulas: dict[str, DeltaFormulas | ModelError | WitnessError] = field(default_factory=dict)

    @cached_property
    def sympy(self) -> Any:
        """SymPy's derivatives of this run; SymPy is imported here and not before."""
        from symbolic.network import SympyDerivatives

        return SympyDerivatives(self.run, self.sympy_limit)

    def delta_formulas(self, loss: str) -> DeltaFormulas:
        """The delta-formulas of this loss, or the error that says why there are none."""
        if loss not in self._formulas:
            try:
                self._formulas[loss] = DeltaFormulas(self.run, loss)
            except (ModelError, WitnessError) as error:
                self._formulas[loss] = error
        found = self._formulas[loss]
        if isinstance(found, Exception):
            raise WitnessError(str(found).removesuffix(".").split("; expected")[0])
        return found


class Case:
    """One Jacobian of a run under test, whole or, where it is large, along a few random directions."""

    def __init__(self, shared: Shared, of: str, wrt: str) -> None:
        """Find the Jacobian by the rules of the ops, in the cheapest order.

        Raises:
            WitnessError: NaN or inf on the way, or an op that has no derivative at this point.
        """
        self.shared, self.of, self.wrt = shared, of, wrt
        self.run = shared.run
        self.replay = Replay(self.run, of, wrt)
        if culprit := self._not_finite():
            raise WitnessError(f"{culprit} contains NaN or inf")
        try:
            self.J = self.run.jacobian(of, wrt)
        except JacobiansError as error:
            raise WitnessError(f"no Jacobian: {error}") from None
        large = self.J.size > ENTRIES or self.run.values[wrt].size > COLUMNS
        self.directions = self._random_directions() if large else None
        self.values = self.seen(self.J)

    def _random_directions(self) -> list[Array]:
        rng = np.random.default_rng(0)
        return [rng.standard_normal(self.J.in_shape) for _ in range(DIRECTIONS)]

    def seen(self, J: Jacobian) -> Array:
        """All entries, or the products with the directions as a last axis."""
        if self.directions is None:
            return J.dense()
        return np.stack([J.apply(d) for d in self.directions], axis=-1)

    def along(self, values: Array) -> Array:
        """The same for an array of all entries."""
        if self.directions is None:
            return values
        return np.stack([np.tensordot(values, d, axes=d.ndim) for d in self.directions], axis=-1)

    def _not_finite(self) -> str:
        """The first value on the way that holds NaN or inf; empty where there is none."""
        names = dict.fromkeys([self.wrt, *(s for n in self.replay.nodes for s in (*n.sources.values(), n.name))])
        return next((self.run.model.display(k) for k in names if not np.isfinite(self.run.values[k]).all()), "")


def forward(case: Case) -> Testimony:
    """The product of the local Jacobians, front to back."""
    return Testimony(case.seen(case.run.jacobian(case.of, case.wrt, order="forward")))


def backward(case: Case) -> Testimony:
    """The product of the local Jacobians, back to front."""
    return Testimony(case.seen(case.run.jacobian(case.of, case.wrt, order="backward")))


def delta_formulas(case: Case) -> Testimony | None:
    """The textbook's formulas; they speak about the gradients of a loss by W, b and z only."""
    if case.J.out_shape != ():
        return None
    formulas = case.shared.delta_formulas(case.of)
    value = {**formulas.signals, **formulas.gradients()}.get(case.wrt)
    return None if value is None else Testimony(case.along(value), EXACT if formulas.exact else DIFFERENCES)


def complex_step(case: Case) -> Testimony:
    """The imaginary part of the forward pass."""
    return Testimony(case.replay.complex_step(case.directions))


def differences(case: Case) -> Testimony | None:
    """Central differences of the forward pass, where the complex step cannot be used."""
    if not case.replay.not_analytic:
        return None
    values, step = case.replay.differences(case.directions)
    size = float(np.max(np.abs(case.run.values[case.of]), initial=1.0))
    return Testimony(values, DIFFERENCES, ROUNDING * size / step)


def from_sympy(case: Case) -> Testimony:
    """SymPy's derivatives of the ops' formulas."""
    return Testimony(case.along(case.shared.sympy.jacobian(case.of, case.wrt)))


Name = Literal["forward", "backward", "deltas", "complex step", "differences", "SymPy"]

#: Name -> how to ask it: a Testimony, None where it has nothing to say, WitnessError with the reason where it cannot.
WITNESSES: dict[Name, Callable[[Case], Testimony | None]] = {
    "forward": forward,
    "backward": backward,
    "deltas": delta_formulas,
    "complex step": complex_step,
    "differences": differences,
    "SymPy": from_sympy,
}
#: The witnesses that do not use the rules of the ops.
INDEPENDENT: tuple[Name, ...] = ("deltas", "complex step", "differences", "SymPy")
