"""Seven ways to break the rule of an op: `python -m tests.mutation_count` says how many the contract test catches."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from jacobians import Jacobian
from jacobians.op import Op
from jacobians.terms import Array, Factor, Term
from tests.contract import PRIMES, Case, away_from_kinks, close, numeric, ops

#: Different sizes, as the contract test has them; and two equal ones, where a transposed rule has a legal shape.
SIZES = (PRIMES[0], (3, 3, 4, 7, 11))
KINDS = ("transposed", "zeroed", "diagonal only", "sign", "factor 2", "dropped delta", "swapped input")


@dataclass(frozen=True)
class Mutant:
    """A broken rule at one point: how it was broken, whether the value changed, whether the contract noticed."""

    op: str
    wrt: str
    kind: str
    changed: bool
    caught: bool


def mutants(op: Op) -> Iterator[Mutant]:
    """All mutants of an op, each compared with the forward pass as the contract test does it."""
    for sizes in SIZES:
        shapes = op.example_shapes(sizes)[0]
        case = Case(op, away_from_kinks(op, shapes, seed=11), op.name)
        rules = {wrt: op.jacobian(wrt, **case.inputs) for wrt in op.differentiable()}
        for wrt, J in rules.items():
            want, tolerance = numeric(case, wrt)
            dense = J.dense()
            close(dense, want, tolerance)  # what is broken must have been right
            for kind, broken in _broken(J, wrt, rules, case.inputs):
                changed = broken.shape != dense.shape or bool(np.max(np.abs(broken - dense)) > 1e-12)
                yield Mutant(op.name, wrt, kind, changed, _caught(broken, want, tolerance))


def _caught(broken: Array, want: Array, tolerance: float) -> bool:
    try:
        close(broken, want, tolerance)
    except AssertionError:
        return True
    return False


def _broken(J: Jacobian, wrt: str, rules: dict[str, Jacobian], inputs: dict[str, Array]) -> Iterator[tuple[str, Array]]:
    dense = J.dense()
    if J.out_shape == J.in_shape and J.out_shape:
        yield "transposed", J.T.dense()
    for turned in _each_factor(J, _transposed):
        yield "transposed", turned.dense()
    yield "zeroed", np.zeros_like(dense)
    yield "diagonal only", np.where(_diagonal(J), dense, 0.0)
    yield "sign", -dense
    yield "factor 2", 2 * dense
    for k, t in enumerate(J.terms):
        for untied in _untied(t):
            yield "dropped delta", _with_term(J, k, untied).dense()
    for other, K in rules.items():
        if other != wrt and K.shape == J.shape:
            yield "swapped input", K.dense()
    for value in inputs.values():
        for swapped in _each_factor(J, lambda f, value=value: _replaced(f, value)):
            yield "swapped input", swapped.dense()


def _with_term(J: Jacobian, k: int, term: Term) -> Jacobian:
    return Jacobian((*J.terms[:k], term, *J.terms[k + 1 :]), J.out_shape, J.in_shape)


def _each_factor(J: Jacobian, change) -> Iterator[Jacobian]:
    """J with one factor of one term changed, for every factor that can be."""
    for k, t in enumerate(J.terms):
        for n, f in enumerate(t.factors):
            if (new := change(f)) is not None:
                yield _with_term(J, k, replace(t, factors=(*t.factors[:n], new, *t.factors[n + 1 :])))


def _transposed(f: Factor) -> Factor | None:
    """The factor with its first two axes of equal size exchanged."""
    for a, b in itertools.combinations(range(f.value.ndim), 2):
        if f.value.shape[a] == f.value.shape[b]:
            return replace(f, value=f.value.swapaxes(a, b))
    return None


def _replaced(f: Factor, value: Array) -> Factor | None:
    """An input in the place of the factor, where it has the factor's shape."""
    return replace(f, value=value.astype(float)) if f.value.shape == value.shape else None


def _untied(t: Term) -> Iterator[Term]:
    """The term with one of its deltas dropped: an axis that repeats a label gets one of its own, so ones."""
    axes = [*t.out, *t.inp]
    for k, a in enumerate(axes):
        if a in axes[:k]:
            free = [*axes[:k], "free", *axes[k + 1 :]]
            n = len(t.out)
            yield replace(t, out=tuple(free[:n]), inp=tuple(free[n:]), sizes={**t.sizes, "free": t.sizes[a]})


def _diagonal(J: Jacobian) -> Array:
    """True where the first output index equals the first input index, the second the second, and so on."""
    index = np.indices(J.shape)
    mask = np.ones(J.shape, bool)
    for k in range(min(len(J.out_shape), len(J.in_shape))):
        mask &= index[k] == index[len(J.out_shape) + k]
    return mask


def table(found: list[Mutant]) -> str:
    """Made, changed and caught, a line per kind."""
    made, changed, caught = (
        Counter(m.kind for m in found if keep(m))
        for keep in (lambda m: True, lambda m: m.changed, lambda m: m.changed and m.caught)
    )
    lines = [f"{'mutation':<16}{'made':>8}{'changed':>9}{'caught':>8}"]
    lines += [f"{k:<16}{made[k]:>8}{changed[k]:>9}{caught[k]:>8}" for k in KINDS]
    totals = [sum(c.values()) for c in (made, changed, caught)]
    return "\n".join([*lines, f"{'all':<16}{totals[0]:>8}{totals[1]:>9}{totals[2]:>8}"])


if __name__ == "__main__":
    everything = [m for op in ops() for m in mutants(op)]
    print(f"{len(ops())} ops, {len({(m.op, m.wrt) for m in everything})} rules")
    print(table(everything))
    missed = [m for m in everything if m.changed and not m.caught]
    for m in missed:
        print("missed:", m)
    sys.exit(bool(missed))
