"""One op's Jacobian against its forward pass: the verdict with the first wrong entry, never only False."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jacobians.checks import central_differences, complex_step
from jacobians.op import Op
from jacobians.terms import Array

#: How far a Jacobian may be from the witness, relative to its largest entry.
TOLERANCE = {"complex step": 1e-12, "central differences": 1e-6}


@dataclass(frozen=True)
class Verification:
    """The hand rule of one op by one input, compared with a derivative made from the forward pass alone."""

    name: str
    witness: Literal["complex step", "central differences"]
    #: The largest difference, relative to the largest entry (at least 1), and where it is.
    largest: float
    index: tuple[int, ...]
    ours: float
    theirs: float

    @property
    def agrees(self) -> bool:
        """Whether the largest difference is within the witness's tolerance; NaN is not."""
        return self.largest <= TOLERANCE[self.witness]

    def __str__(self) -> str:
        """A sentence with the entry that differs most."""
        entry = f"entry [{', '.join(map(str, self.index))}]"
        if self.agrees:
            return f"{self.name} agrees with the {self.witness}; largest relative difference {self.largest:.1g}"
        return f"{self.name} differs from the {self.witness}: {entry} is {self.ours:.6g}, expected {self.theirs:.6g}"


def verify(op: Op, wrt: str, inputs: dict[str, Array]) -> Verification:
    """Compare the hand rule with the complex step, or with central differences where the op is not analytic."""
    J = op.jacobian(wrt, **inputs).dense().astype(np.float64)
    point = {k: np.asarray(v, np.float64) if k not in op.data else np.asarray(v) for k, v in inputs.items()}

    def forward(value: Array) -> Array:
        return np.asarray(op.compute(**{**point, wrt: value}))

    witness: Literal["complex step", "central differences"]
    with np.errstate(all="ignore"):  # what is not finite shows as a disagreement
        if op.analytic:
            witness, want = "complex step", complex_step(forward, point[wrt])
        else:
            witness, want = "central differences", central_differences(forward, point[wrt])
    return compared(f"{op.label}.{wrt}", witness, J, want)


def compared(name: str, witness: Literal["complex step", "central differences"], J: Array, want: Array) -> Verification:
    """The largest difference of two arrays, and where it is."""
    with np.errstate(all="ignore"):
        gaps = np.abs(J - want) / max(1.0, float(np.max(np.abs(want), initial=0.0)))
    index = np.unravel_index(int(np.argmax(np.where(np.isnan(gaps), np.inf, gaps))), J.shape)
    at = tuple(int(k) for k in index)
    return Verification(name, witness, float(gaps[at]), at, float(J[at]), float(want[at]))
