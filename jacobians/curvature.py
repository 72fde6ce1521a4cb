"""The second order along a network: Hessians and their mixed blocks, the Gauss-Newton matrix, the tangent kernel.

As a and b move, so do the sources s, t of every node n, and the node is bent by them. Summed over all nodes,

    d2 of / da db = sum over n, over pairs s, t of its sources:  d of/dn  D2 n[s, t]  (ds/da, dt/db)

so everything is a product of terms again: `D2 n` from `second.py`, the rest first-order Jacobians.

Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapter 5; Magnus and Neudecker, "Matrix Differential
Calculus" (2019), chapter 6; Gauss-Newton: Schraudolph, "Fast Curvature Matrix-Vector Products" (2002); tangent kernel:
Jacot, Gabriel, Hongler, "Neural Tangent Kernel" (2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from jacobians.chain import adjoints, forward_all, nodes_between
from jacobians.checks import Replay, WitnessError, central_differences
from jacobians.constructors import zero
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.notation import rename
from jacobians.paths import Paths
from jacobians.second import outer, split
from jacobians.terms import Array
from jacobians.verification import Verification, compared

if TYPE_CHECKING:
    from jacobians.run import Run

#: Longer sums of terms are printed merged.
PRINTED = 64
#: Hessians with more entries than this are checked along random directions, this many.
ENTRIES, DIRECTIONS = 2_500, 3
#: A kink that is nearer than this may be crossed by a difference.
NEAR = 1e-4


def hessian(run: Run, of: str, wrt: str, other: str) -> Jacobian:
    """The Jacobian of d of / d wrt by `other`: of, wrt | other."""
    rank = run.values[of].ndim + run.values[wrt].ndim
    H = split(second_derivative(run, of, wrt, other), rank).lettered()

    def shown() -> Jacobian:
        if _printed_terms(run, of, wrt, other) > PRINTED:
            return Jacobian(H.terms, H.out_shape, H.in_shape)
        return H.shown

    return Jacobian(H.terms, H.out_shape, H.in_shape, shown)


def second_derivative(run: Run, of: str, wrt: str, other: str) -> Jacobian:
    """The same with all inputs behind the bar: of | wrt, other."""
    to_wrt, to_other = (nodes_between(run.model, of, start) for start in (wrt, other))
    bent = [name for name in to_wrt if name in to_other]
    one = forward_all(run, wrt, to_wrt, Jacobian.merge)
    two = one if wrt == other else forward_all(run, other, to_other, Jacobian.merge)
    back = adjoints(run, of, bent, Jacobian.merge) if bent else {}
    total = zero(run.values[of].shape, run.values[wrt].shape + run.values[other].shape)
    for name, s, t in _pairs(run, bent, one, two):
        D = (back[name] @ run.second(name, s, t)).merge()
        if D.terms:
            total = total + (D @ outer(one[s], two[t])).merge()
    return total.merge()


def _pairs(
    run: Run, bent: Sequence[str], one: dict[str, Jacobian], two: dict[str, Jacobian]
) -> Iterator[tuple[str, str, str]]:
    """The nodes, each with every pair of sources of which the first depends on one input, the second on the other."""
    for name in bent:
        sources = run.model.nodes[name].differentiable_sources
        yield from ((name, s, t) for s in sources if s in one for t in sources if t in two)


def _printed_terms(run: Run, of: str, wrt: str, other: str) -> int:
    """The number of terms before any are merged."""

    def many(end: str, start: str) -> int:
        return Paths(run.model, end, start).terms(run)

    to_wrt, to_other = (nodes_between(run.model, of, start) for start in (wrt, other))
    total = 0
    for name in to_wrt:
        if name in to_other:
            sources = run.model.nodes[name].differentiable_sources
            for s, t in ((s, t) for s in sources for t in sources):
                if (paths := many(s, wrt) * many(t, other)) and total <= PRINTED:
                    total += many(of, name) * len(run.second(name, s, t).shown.terms) * paths
    return total


# ----- Gauss-Newton and the tangent kernel -----


def gauss_newton(run: Run, of: str, wrt: str, other: str, through: str) -> Jacobian:
    """J^T H J with the Hessian H of `of` by `through` and the Jacobians J of that node: of, wrt | other."""
    H = split(hessian(run, of, through, through), run.values[of].ndim)
    D = H @ outer(run.jacobian(through, wrt), run.jacobian(through, other))
    return split(D, run.values[of].ndim + run.values[wrt].ndim).merge().lettered()


def ntk(run: Run, other: Run, of: str, parameters: Sequence[str]) -> Jacobian:
    """The sum over parameters of J J^T, J the Jacobian of a node in each of two runs: of | of.

    Raises:
        InputError: no parameters; a run of another model, or with other parameters.
    """
    if not parameters:
        raise InputError(f"ntk: {of} has no parameters; name the leaves to differentiate by: wrt=('w',)")
    if run.model.equations() != other.model.equations() or run.model.shapes != other.model.shapes:
        raise InputError("ntk: expected two runs of one model, got runs of two; make both with model.run(point)")
    for name in parameters:
        if not np.array_equal(run.values[name], other.values[name]):
            off = float(np.max(np.abs(run.values[name] - other.values[name])))
            raise InputError(
                f"ntk: expected the same {name} in both runs, got values that differ by up to {off:.3g}; "
                "the kernel compares two inputs of one network"
            )
    moved = [name for name in run.values if not np.array_equal(run.values[name], other.values[name])]
    primed = {run.model.display(name): f"{run.model.display(name)}'" for name in moved}

    def of_other(name: str) -> Jacobian:
        return other.jacobian(of, name).renamed(lambda factor: rename(factor, primed))

    kernels = (run.jacobian(of, name) @ of_other(name).T for name in parameters)
    return reduce(Jacobian.__add__, kernels).merge().lettered()


# ----- the witness -----


def check(run: Run, H: Jacobian, of: str, wrt: str, other: str) -> Verification:
    """Compare a Hessian with central differences of the first derivative; a large one along random directions."""
    directions = None
    got = H.dense()
    if got.size > ENTRIES:
        rng = np.random.default_rng(0)
        directions = [rng.standard_normal(H.in_shape) for _ in range(DIRECTIONS)]
        got = np.stack([np.tensordot(got, d, d.ndim) for d in directions], axis=-1)
    name = f"∂²{of}/∂{wrt}" + ("²" if wrt == other else f"∂{other}")
    return compared(name, "central differences", got, differences(run, of, wrt, other, directions))


def check_gauss_newton(run: Run, G: Jacobian, of: str, wrt: str, other: str, through: str) -> Verification:
    """Compare J^T H J with the product of a Hessian by differences and Jacobians by the complex step."""
    H = differences(run, of, through, through)
    rank, z = run.values[of].ndim, run.values[through].ndim
    J, K = (first_derivative(run, through, start) for start in (wrt, other))
    axes = list(range(rank, rank + z))
    product = np.tensordot(np.tensordot(H, J, (axes, range(z))), K, (axes, range(z)))  # of, wrt, other
    return compared(f"G({wrt}, {other})", "central differences", G.dense(), product)


def differences(run: Run, of: str, wrt: str, other: str, directions: Sequence[Array] | None = None) -> Array:
    """Central differences by `other` of the first derivative by `wrt`, which is made by the complex step.

    Raises:
        WitnessError: a kink is near.
    """
    if wrt != other and nodes_between(run.model, other, wrt):  # what is moved must stay where it is put
        turned = differences(run, of, other, wrt)
        rank, n = run.values[of].ndim, run.values[other].ndim
        values = np.moveaxis(turned, list(range(rank, rank + n)), list(range(-n, 0)))
        return values if directions is None else np.stack([np.tensordot(values, d, d.ndim) for d in directions], -1)
    for node in Replay(run, of, other).nodes:
        if not node.op.analytic and (distance := run.kink_distance(node.name)) < NEAR:
            raise WitnessError(f"{node.op.name}: a kink within {distance:.0e} in {node.equation}")
    return central_differences(
        lambda value: first_derivative(run.moved(other, value), of, wrt), run.values[other], directions=directions
    )


def first_derivative(run: Run, of: str, wrt: str) -> Array:
    """By the complex step; where an op is not analytic, the Jacobian by its rules, which `run.check` is for."""
    replay = Replay(run, of, wrt)
    return run.jacobian(of, wrt).dense() if replay.not_analytic else replay.complex_step()
