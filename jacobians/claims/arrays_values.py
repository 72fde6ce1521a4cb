"""Arrays with wrong numbers in the right places: factors, signs, an identity or an outer product too much."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from jacobians.claims.arrays_case import Case, Form, Mistake, delta, diagonal, tuple_text
from jacobians.terms import Array

#: Constants that derivatives leave behind.
CONSTANTS = {
    "π": math.pi,
    "2π": 2 * math.pi,
    "e": math.e,
    "ln 2": math.log(2),
    "ln 10": math.log(10),
    "√2": math.sqrt(2),
}
#: Ratios that a sentence lists.
LISTED = 6


# ----- one factor -----


def scaling(case: Case, factor: float, entries: int) -> Mistake | None:
    """What a factor common to all entries means; None where a single entry has a factor without a name."""
    if factor == 1:
        return None
    sign = "-" if factor < 0 else ""
    size = abs(factor)
    if _is(case, size, 1):
        return Mistake("sign", "Every entry has the wrong sign.", "-{}") if factor < 0 else None
    too = " and has the wrong sign" if sign else ""
    plus = "sign and " if sign else ""
    if _is(case, size, 2):
        return Mistake(f"{plus}factor 2", f"Every entry is twice the true one{too}.", f"{sign}{{}} / 2")
    if _is(case, size, 0.5):
        return Mistake(f"{plus}factor 1/2", f"Every entry is half the true one{too}.", f"{sign}2 * {{}}")
    for number, what in _sizes(case):
        if _is(case, size, 1 / number):
            why = f"Every entry is divided by {number}, {what}{too}: a mean taken for a sum, or 1/{number} too much."
            return Mistake(f"{plus}factor 1/n", why, f"{sign}{number} * {{}}")
        if _is(case, size, number):
            why = (
                f"Every entry is {number} times the true one, {what}{too}: a sum taken for a mean, 1/{number} missing."
            )
            return Mistake(f"{plus}factor n", why, f"{sign}{{}} / {number}")
    if entries < 2:
        return None
    why = f"Every entry is {_shown(case, size)} times the true one{too}."
    return Mistake(f"{plus}constant factor", why, f"{{}} / {factor!r}")


def _shown(case: Case, size: float) -> str:
    """A fraction, a constant, or digits."""
    near = Fraction(size).limit_denominator(12)
    if near.numerator <= 100 and _is(case, size, float(near)):
        return str(near)
    return next((name for name, value in _constants() if _is(case, size, value)), f"{size:.6g}")


def _is(case: Case, one: float, two: float) -> bool:
    return math.isclose(one, two, rel_tol=max(1e-8, 10 * case.tolerance))


def _constants() -> Iterator[tuple[str, float]]:
    for name, value in CONSTANTS.items():
        yield name, value
        yield f"1/({name})", 1 / value


def _sizes(case: Case) -> Iterator[tuple[int, str]]:
    """Lengths of axes, and the numbers of outputs, inputs, entries."""
    shape = case.true.shape
    for axis, n in enumerate(shape):
        if n > 1:
            yield n, f"the length of the axis {case.names[axis]}"
    if case.out is not None:
        yield from ((n, f"the number of {side}") for n, side in _sides(shape, case.out) if n > 1)


def _sides(shape: Sequence[int], out: int) -> Iterator[tuple[int, str]]:
    yield math.prod(shape[:out]), "outputs"
    yield math.prod(shape[out:]), "inputs"


# ----- a factor for every index of an axis -----


def axis_factor(case: Case, form: Array, names: Sequence[str], out: int | None) -> Mistake | None:
    """The claim is the form times numbers that depend on some of its axes alone."""
    if form.shape != case.claimed.shape or form.ndim < 2:
        return None
    entries = int(np.count_nonzero(form))
    for axes in _axis_sets(form.shape, out):
        if not _one_ratio(case, form, axes):
            continue
        products, squares = case.claimed * form, form * form
        others = tuple(k for k in range(form.ndim) if k not in axes)
        above, below = products.sum(others, keepdims=True), squares.sum(others, keepdims=True)
        used = below > 0
        # one entry for each ratio always fits: there must be more to tell a factor from an accident
        if entries < 2 * int(used.sum()) or int(used.sum()) < 2:
            continue
        ratios = np.divide(above, below, out=np.ones_like(below), where=used)
        right = np.abs(ratios[used] - 1) <= case.tolerance
        if not ratios.all() or 2 * int(right.sum()) >= right.size or not case.equals(ratios * form):
            continue  # where most of them are 1, a part of the entries is wrong
        return _axis_factor(ratios, used, axes, names)
    return None


def _one_ratio(case: Case, form: Array, axes: tuple[int, ...]) -> bool:
    """Whether the entries at the first index of these axes have one factor: a look before all are compared."""
    at = tuple(0 if k in axes else slice(None) for k in range(form.ndim))
    claimed, seen = case.claimed[at], form[at]
    top = np.unravel_index(int(np.abs(seen).argmax()), seen.shape)
    ratio = float(claimed[top] / seen[top]) if seen[top] else 0.0
    return case.negligible(claimed - ratio * seen)


def _axis_sets(shape: Sequence[int], out: int | None) -> Iterator[tuple[int, ...]]:
    axes = [k for k, n in enumerate(shape) if n > 1]
    sets: list[tuple[int, ...]] = [(k,) for k in axes]
    if out is not None:
        sets += [tuple(k for k in axes if k < out), tuple(k for k in axes if k >= out)]
    sets += list(itertools.combinations(axes, 2))
    yield from dict.fromkeys(s for s in sets if s and len(s) < len(axes))


def _axis_factor(ratios: Array, used: Array, axes: Sequence[int], names: Sequence[str]) -> Mistake:
    values = ratios[used]
    listed = ", ".join(f"{r:.4g}" for r in values[:LISTED]) + (", ..." if values.size > LISTED else "")
    label = ", ".join(names[k] for k in axes)
    why = (
        f"Every entry is the true one times a number that depends on {label} alone ({listed}): a factor such as g'(z) "
        "is missing or too much."
    )
    corrected = ""
    if values.size <= LISTED and ratios.size == values.size:
        numbers = "[" + ", ".join(repr(float(r)) for r in ratios.ravel()) + "]"
        corrected = f"{{}} / np.reshape({numbers}, {tuple_text(ratios.shape)})"
    return Mistake("factor per index", why, corrected)


# ----- entry by entry -----


def elementwise(case: Case) -> Iterator[Form]:
    """A function applied to every entry, the zeros left as they are."""
    if not case.same_shape:
        return
    true = case.true
    hits = true != 0
    yield Form(Mistake("absolute value", "Every entry is the absolute value of the true one."), np.abs(true))
    yield Form(Mistake("only ones", "The entries that are not zero are all 1: their factors are left out."), hits * 1.0)
    yield Form(Mistake("only signs", "The entries are the signs of the true ones."), np.sign(true))
    yield Form(Mistake("squared", "Every entry is the square of the true one: a factor is taken twice."), true * true)
    inverse = np.divide(1.0, true, out=np.zeros_like(true), where=hits)
    yield Form(Mistake("inverted", "Every entry is 1 over the true one.", "1 / {}" if hits.all() else ""), inverse)
    root = np.sqrt(np.abs(true)) * np.sign(true)
    yield Form(Mistake("square root", "Every entry is the square root of the true one: a square is missing."), root)


# ----- a summand too much or missing -----


def summand(case: Case) -> Mistake | None:
    """The claim differs by a constant or by a multiple of the identity."""
    if not case.same_shape or case.rank == 0:
        return None
    difference = case.claimed - case.true
    return _constant(case, difference) or _identity(case, difference)


def _constant(case: Case, difference: Array) -> Mistake | None:
    number = float(difference.flat[0])
    if difference.size < 2 or not case.negligible(difference - number):
        return None
    why = f"Every entry is {abs(number):.6g} too {'large' if number > 0 else 'small'}: a constant is added."
    return Mistake("constant added", why, f"{{}} - {number!r}" if number > 0 else f"{{}} + {-number!r}")


def _identity(case: Case, difference: Array) -> Mistake | None:
    shape = case.true.shape
    for n in case.splits:
        if not n or shape[:n] != shape[n:]:
            continue
        tied = tuple((k, k + n) for k in range(n))
        number = float(diagonal(difference, tied).flat[0])
        if (
            shape[0] < 2
            or case.negligible(difference.flat[0])
            or not case.negligible(difference - number * delta(shape, tied))
        ):
            continue
        size = math.prod(shape[:n])
        eye = f"np.eye({size})" + (f".reshape({tuple_text(shape)})" if n > 1 else "")
        times = "" if math.isclose(abs(number), 1, rel_tol=1e-6) else f"{abs(number):.6g} times "
        code = eye if not times else f"{abs(number)!r} * {eye}"
        if number > 0:
            why = f"The claim has {times}the identity too much: there is no direct path from input to output."
            return Mistake("identity added", why, f"{{}} - {code}")
        why = f"The claim lacks {times}the identity: the direct path, as a residual connection has it."
        return Mistake("identity missing", why, f"{{}} + {code}")
    return None


def outer_product(case: Case) -> Mistake | None:
    """The claim differs by u v^T, for every index of the axes that outputs and inputs share alike."""
    if not case.same_shape:
        return None
    difference = case.claimed - case.true
    for n in case.splits:
        shared = [k for k in range(min(n, case.rank - n)) if case.true.shape[k] == case.true.shape[n + k] > 1]
        for many in range(min(len(shared), n - 1) + 1):
            for batch in itertools.combinations(shared, many):
                tied = tuple((k, n + k) for k in batch)
                matrices = _matrices(case, difference, tied, n)
                true = _matrices(case, case.true, tied, n)
                if matrices is None or not _rank_one(case, matrices) or true is None or _rank_one(case, true):
                    continue
                each = f", one for every {case.axes(batch)}" if batch else ""
                why = (
                    f"Claimed minus true is an outer product u v^T{each}: a term of rank one is missing or too much, "
                    "such as - p p^T of softmax, or the path through a mean or a variance."
                )
                return Mistake("rank-one term", why)
    return None


def _matrices(case: Case, array: Array, tied: tuple[tuple[int, int], ...], n: int) -> Array | None:
    """One matrix (outputs x inputs) for every tied index; None where there are entries off the ties."""
    if tied and not case.negligible(array * ~delta(array.shape, tied)):
        return None
    line = diagonal(array, tied)
    first = [k for k, _ in tied]
    line = np.moveaxis(line, first, range(len(first)))
    batch = line.shape[: len(first)]
    rows = math.prod(case.true.shape[:n]) // max(1, math.prod(batch))
    return line.reshape(math.prod(batch), rows, -1) if rows and line.size else None


def _rank_one(case: Case, matrices: Array) -> bool:
    """Every matrix is an outer product of two vectors that each have at least two entries other than zero."""
    count, rows, columns = matrices.shape
    if rows < 2 or columns < 2:
        return False
    flat = np.abs(matrices).reshape(count, -1)
    top = flat.argmax(1)
    each = np.arange(count)
    at_row, at_column = np.unravel_index(top, (rows, columns))
    pivots = matrices[each, at_row, at_column]
    if (np.abs(pivots) <= case.allowed).any():
        return False
    u, v = matrices[each, :, at_column], matrices[each, at_row, :] / pivots[:, None]
    wide = all(((np.abs(w) > 1e-6 * np.abs(w).max()).sum(1) >= 2).all() for w in (u, v))
    return wide and case.negligible(matrices - u[:, :, None] * v[:, None, :])
