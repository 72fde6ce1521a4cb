"""Every op, every option, every input, several sets of sizes: the cases that all witnesses are compared on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jacobians.checks import central_differences, complex_step
from jacobians.op import Op
from jacobians.ops import OPS
from jacobians.terms import Array
from symbolic.derive import entry_array
from tests.evaluation import Evaluation, letters

PRIMES = ((2, 3, 5, 7, 11), (3, 2, 5, 7, 11), (5, 3, 2, 7, 11))


@dataclass(frozen=True)
class Case:
    """One op with given options at one random point."""

    op: Op
    inputs: dict[str, Array]
    name: str

    def compute(self, wrt: str, value: Array) -> Array:
        return np.asarray(self.op.compute(**{**self.inputs, wrt: value}))


def cases(op: Op, primes=PRIMES) -> Iterator[Case]:
    """All variants and all example shapes of an op, away from kinks; the first variant with all of the `primes`."""
    for v, variant in enumerate(type(op).variants()):
        for p, sizes in enumerate(primes if v == 0 else primes[:1]):
            for k, shapes in enumerate(variant.example_shapes(sizes)):
                if p and k:  # other sizes for the plainest shapes only: the rest repeats itself
                    continue
                yield Case(variant, away_from_kinks(variant, shapes, seed=97 * p + k), f"{variant!r}-{p}-{k}")


def plainest(op: Op) -> Iterator[Case]:
    """The plainest example shapes of every variant."""
    for variant in type(op).variants():
        yield Case(variant, away_from_kinks(variant, variant.example_shapes(PRIMES[0])[0], seed=0), repr(variant))


def away_from_kinks(op: Op, shapes, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    for _ in range(100):
        inputs = op.sample(rng, shapes)
        if not op.near_kink(1e-2, **inputs):
            return inputs
    raise AssertionError(f"{op!r}: no point away from kinks in 100 draws")


def numeric(case: Case, wrt: str) -> tuple[Array, float]:
    """The Jacobian from the forward pass alone, and how exact it is."""
    x = case.inputs[wrt]
    if case.op.analytic:
        return complex_step(lambda v: case.compute(wrt, v), x), 1e-12
    return central_differences(lambda v: case.compute(wrt, v), x), 1e-6


def from_sympy(case: Case, wrt: str) -> Array:
    """SymPy's derivative of the index formula, with the numbers of the point put in."""
    shapes = {name: value.shape for name, value in case.inputs.items()}
    return Evaluation(letters(case.inputs)).array(entry_array(case.op, wrt, shapes))


def close(got: Array, want: Array, tolerance: float) -> None:
    """Equal shapes, and equal to a tolerance relative to the largest entry."""
    assert got.shape == want.shape, (got.shape, want.shape)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * scale)


def ops() -> list[Op]:
    return list(OPS.values())
