"""Axes that are lost or made up: sums, means, single slices, diagonals, Kronecker deltas dropped and added."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from jacobians.claims.arrays_case import Case, Form, Mistake, delta, diagonal, ties
from jacobians.terms import Array

Tied = tuple[tuple[int, int], ...]


def axis_forms(case: Case) -> Iterator[Form]:
    """Every array with an axis lost, or with the entries off a diagonal."""
    yield from _diagonals(case)
    yield from _triangles(case)
    yield from _constant(case)
    yield from _sums(case)
    yield from _slices(case)


# ----- deltas -----


def _diagonals(case: Case) -> Iterator[Form]:
    for tied in ties(case):
        names = " and ".join("δ_" + "".join(case.names[k] for k in pair) for pair in tied)
        if case.same_shape:
            yield from _masked(case, tied, names)
        if case.claimed.ndim < case.rank:
            yield from _short(case, tied, names)


def _masked(case: Case, tied: Tied, names: str) -> Iterator[Form]:
    """Arrays of the true shape: the diagonal alone, everything else, and the delta forgotten."""
    here = delta(case.true.shape, tied)
    kept = case.true * here
    yield Form(Mistake("only the diagonal", f"Only the entries under {names} are kept, zeros stand elsewhere."), kept)
    yield Form(Mistake("diagonal missing", f"The entries under {names} are missing."), case.true - kept)
    if not case.negligible(case.true - kept):
        return
    for late in (False, True):
        lost = tuple(k if late else other for k, other in tied)
        spread = np.expand_dims(diagonal(case.true, tied, late), lost)
        why = f"The Kronecker delta {names} is dropped: the entries do not change along the axis {case.axes(lost)}."
        template = f"{{}} * np.eye({case.true.shape[lost[0]]})" if case.rank == 2 else ""
        yield Form(Mistake("delta dropped", why, template), np.broadcast_to(spread, case.true.shape))


def _short(case: Case, tied: Tied, names: str) -> Iterator[Form]:
    """Arrays with fewer axes: the diagonal alone, and without the axis along which it does not change."""
    sparse = None
    for late in (False, True):
        line = diagonal(case.true, tied, late)
        lost = tuple(k if late else other for k, other in tied)
        for short, gone in _without_constant_axes(line, case, lost):
            if short.shape != case.claimed.shape:
                continue
            sparse = case.negligible(case.true * ~delta(case.true.shape, tied)) if sparse is None else sparse
            if sparse:
                why = f"The Kronecker delta {names} is left out, and with it the axis {case.axes(gone)}."
                yield Form(Mistake("delta dropped", why, _embedding(case, tied, gone, late)), short)
            else:
                why = f"Only the diagonal is kept, the entries under {names}, without the axis {case.axes(gone)}."
                yield Form(Mistake("only the diagonal", why), short)


def _without_constant_axes(line: Array, case: Case, lost: tuple[int, ...]) -> Iterator[tuple[Array, tuple[int, ...]]]:
    """The diagonal, and the diagonal without an axis along which it is constant; with the lost axes."""
    yield line, lost
    left = [k for k in range(case.rank) if k not in lost]
    for place, axis in enumerate(left):
        first = line.take([0], place)
        if case.claimed.ndim == line.ndim - 1 and bool(np.all(line == first)):
            yield first.squeeze(place), tuple(sorted((*lost, axis)))


def _embedding(case: Case, tied: Tied, gone: Sequence[int], late: bool) -> str:
    """The code that multiplies the claim by the delta, where there is one delta only."""
    if len(tied) != 1 or len(gone) > 2:
        return ""
    k, other = tied[0]
    letters = "abcdefghijklmnopqrstuvwxyz"[: case.rank]
    kept = "".join(letters[axis] for axis in range(case.rank) if axis not in gone)
    size = case.true.shape[k]
    return (
        f'np.einsum("{letters[k]}{letters[other]},{kept}->{letters}", np.eye({size}), {{}})' if case.rank < 26 else ""
    )


def _triangles(case: Case) -> Iterator[Form]:
    if case.rank == 2 and case.same_shape and case.true.shape[0] == case.true.shape[1]:
        yield Form(
            Mistake("only a triangle", "Only the lower triangle is kept, zeros stand above."), np.tril(case.true)
        )
        yield Form(
            Mistake("only a triangle", "Only the upper triangle is kept, zeros stand below."), np.triu(case.true)
        )


def added_delta(case: Case) -> Mistake | None:
    """The claim puts the true numbers on a diagonal, with an axis of its own."""
    claimed, shape = case.claimed, case.claimed.shape
    if claimed.ndim != case.rank + 1:
        return None
    for k, other in itertools.combinations(range(claimed.ndim), 2):
        if shape[k] != shape[other] or shape[k] < 2:
            continue
        off = claimed * ~delta(shape, [(k, other)])
        for late in (False, True):
            line = diagonal(claimed, [(k, other)], late)
            if line.shape == case.true.shape and case.negligible(line - case.true) and case.negligible(off):
                why = f"The axes {k} and {other} are tied by a Kronecker delta that does not belong here."
                return Mistake("delta added", why, f"np.diagonal({{}}, 0, {k}, {other})" if case.rank == 1 else "")
    return None


# ----- axes that are gone -----


def _constant(case: Case) -> Iterator[Form]:
    """An axis left out along which nothing changes, or made up."""
    if case.claimed.ndim == case.rank - 1:
        for axis, size in enumerate(case.true.shape):
            first = case.true.take([0], axis)
            if first.squeeze(axis).shape == case.claimed.shape and size > 1 and bool(np.all(first == case.true)):
                why = f"The axis {case.names[axis]} is left out; the Jacobian does not change along it, but it has it."
                template = f"np.repeat(np.expand_dims({{}}, {axis}), {size}, axis={axis})"
                yield Form(Mistake("axis left out", why, template), first.squeeze(axis))
    if case.claimed.ndim == case.rank + 1:
        for axis in range(case.claimed.ndim):
            if case.claimed.shape[:axis] + case.claimed.shape[axis + 1 :] == case.true.shape:
                why = f"The axis {axis} of the claim is too much: nothing changes along it."
                spread = np.broadcast_to(np.expand_dims(case.true, axis), case.claimed.shape)
                yield Form(Mistake("axis too much", why, f"{{}}.take(0, {axis})"), spread)


def _sums(case: Case) -> Iterator[Form]:
    """Sums over axes; a mean is such a sum with a factor."""
    if case.claimed.size >= case.true.size:
        return
    axes = [k for k, size in enumerate(case.true.shape) if size > 1]
    groups = [tuple(k for k in axes if (k < n) == side) for n in case.splits for side in (True, False)]
    some = [c for many in range(1, len(axes) + 1) for c in itertools.combinations(axes, many)]
    lengths = [n for n in case.claimed.shape if n > 1]
    for gone in dict.fromkeys(c for c in (*groups, *some) if c):
        if [case.true.shape[k] for k in axes if k not in gone] != lengths:
            continue
        count = math.prod(case.true.shape[k] for k in gone)
        total = case.true.sum(gone).reshape(case.claimed.shape)
        why = _sum_in_words(case, gone, axes)
        yield Form(Mistake("axis averaged", f"{why}; divided by {count}, this is a mean."), total / count)
        yield Form(Mistake("axis summed", f"{why}."), total)


def _sum_in_words(case: Case, gone: tuple[int, ...], axes: Sequence[int]) -> str:
    if case.out is not None and gone == tuple(k for k in axes if k < case.out):
        return (
            f"The outputs ({case.axes(gone)}) are summed away: the gradient of their sum, the vector-Jacobian product "
            "with ones that backward() gives"
        )
    if case.out is not None and gone == tuple(k for k in axes if k >= case.out):
        return f"The inputs ({case.axes(gone)}) are summed away, as by the Jacobian times a vector of ones"
    many = "axes" if len(gone) > 1 else "axis"
    return f"The {many} {case.axes(gone)} {'are' if len(gone) > 1 else 'is'} summed away"


def _slices(case: Case) -> Iterator[Form]:
    """The Jacobian of one output entry, or by one input entry, alone."""
    for axis, size in enumerate(case.true.shape):
        left = case.true.shape[:axis] + case.true.shape[axis + 1 :]
        if size == 1 or left != case.claimed.shape:
            continue
        gaps = np.abs(np.moveaxis(case.true, axis, 0) - case.claimed).reshape(size, -1).max(1)
        for k in np.flatnonzero(gaps <= case.allowed):
            which = f"{case.names[axis]} = {k}"
            why = f"This is one slice of the Jacobian, the one with {which}; the other {size - 1} are missing."
            yield Form(Mistake("one slice", why), case.true.take(k, axis))
