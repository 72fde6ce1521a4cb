"""Arrays with the right numbers in the wrong places: axes permuted, flattened, reshaped, rolled, reversed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

import numpy as np

from jacobians.claims.arrays_case import Case, Form, Mistake, bar, tuple_text
from jacobians.terms import Array

Order = tuple[int, ...]

#: Orders of axes that are compared when the sums along the axes leave more of them.
ORDERS = 200
#: Of an array of at most this many axes all orders are reshaped, else the usual ones.
FEW = 4


def layouts(case: Case) -> Iterator[Form]:
    """Every array with the numbers of the true one under axes in another order or of other lengths."""
    if not _same_numbers(case):
        return
    yield from permuted(case)
    yield from _reshaped(case)


def moved(case: Case) -> Iterator[Form]:
    """Every array with the entries shifted or reversed along its axes."""
    if not case.same_shape:
        return
    if _same_numbers(case):
        yield from _rolled(case)
        yield from _reversed(case)
    yield from _shifted(case)


def _same_numbers(case: Case) -> bool:
    """Whether the claim can be the true numbers in another order, times one factor."""
    if case.claimed.size != case.true.size or not case.true.any():
        return False
    one, two = (np.abs(array) / np.abs(array).max() for array in (case.claimed, case.true))
    allowed = max(1e-6, 10 * case.tolerance)
    sums = (float(one.sum()), float(two.sum())), (float(np.vdot(one, one)), float(np.vdot(two, two)))
    return all(math.isclose(mine, theirs, rel_tol=allowed) for mine, theirs in sums)


# ----- axes in another order -----


def usual_orders(case: Case) -> Iterator[Order]:
    """Inputs first, one side reversed, both, all; each once."""
    seen: set[Order] = {tuple(range(case.rank))}
    for n in case.splits:
        out, inp = tuple(range(n)), tuple(range(n, case.rank))
        sides = [(inp, out), (out, inp[::-1]), (out[::-1], inp), (out[::-1], inp[::-1])]
        sides += [(inp[::-1], out), (inp, out[::-1]), (inp[::-1], out[::-1])]
        for one, two in sides:
            if (order := one + two) not in seen:
                seen.add(order)
                yield order


def permuted(case: Case, all_orders: bool = True) -> Iterator[Form]:
    """The axes in another order: the usual ones, then all that the sums along the axes allow."""
    orders: Iterable[Order] = usual_orders(case)
    if all_orders:
        orders = dict.fromkeys(itertools.chain(orders, itertools.islice(_matching_orders(case), ORDERS)))
    for order in orders:
        if tuple(case.true.shape[k] for k in order) == case.claimed.shape:
            yield Form(_permutation(case, order), case.true.transpose(order))


def _matching_orders(case: Case) -> Iterator[Order]:
    """The orders in which every axis has the length and, up to a factor, the sums of the true axis."""
    if case.claimed.ndim != case.rank:
        return
    theirs, ours = _profiles(case.true), _profiles(case.claimed)
    allowed = max(1e-6, 10 * case.tolerance)
    options = [
        [j for j, q in enumerate(theirs) if p.shape == q.shape and np.abs(p - q).max(initial=0.0) <= allowed]
        for p in ours
    ]

    def extend(order: Order) -> Iterator[Order]:
        if len(order) == case.rank:
            yield order
            return
        for j in options[len(order)]:
            if j not in order:
                yield from extend((*order, j))

    yield from (order for order in extend(()) if order != tuple(range(case.rank)))


def _profiles(array: Array) -> list[Array]:
    """For every axis the share of its indices in the sum of all squares."""
    labels = list(range(array.ndim))
    squares = (array / np.abs(array).max()) ** 2
    total = float(squares.sum())
    return [np.einsum(squares, labels, [k]) / total for k in labels]


def _permutation(case: Case, order: Order) -> Mistake:
    rank = case.rank
    back = tuple(int(k) for k in np.argsort(order))
    corrected = "{}.T" if order == tuple(range(rank))[::-1] else f"np.transpose({{}}, {tuple_text(back)})"
    for n in case.splits:
        out, inp = tuple(range(n)), tuple(range(n, rank))
        claimed = bar([case.names[k] for k in order], rank - n)
        if {*order[: rank - n]} == {*inp} and inp and out:
            kind = "transposed" if rank == 2 else "denominator layout"
            why = f"The inputs stand first, {claimed}, as in denominator layout and in SymPy; here the outputs do."
            if order != inp + out:
                why += " One of the two sides has its axes in another order, too."
            return Mistake(kind, why, corrected)
        for side, axes, same in (("input", inp, out), ("output", out, inp)):
            kept = order[:n] == out if side == "input" else order[n:] == inp
            if kept and len(axes) > 1 and (same or case.out is not None or rank == 2):
                kind = f"{side} transposed" if same else "transposed"
                stand = case.axes([k for k in order if k in axes])
                why = f"The axes of the {side} stand in the order {stand}, where {case.axes(axes)} belongs."
                return Mistake(kind, why, corrected)
    stand = "(" + " ".join(case.names[k] for k in order) + ")"
    why = f"The axes stand in the order {stand}, where ({' '.join(case.names)}) belongs."
    return Mistake("axes permuted", why, corrected)


# ----- the same numbers under another shape -----


def _reshaped(case: Case) -> Iterator[Form]:
    """The numbers read out in one order of the axes and filled in again, rows or columns first."""
    rank, shape = case.rank, case.claimed.shape
    every: Iterable[Order] = itertools.permutations(range(rank)) if rank <= FEW else usual_orders(case)
    own = tuple(range(rank))
    for order in dict.fromkeys((own, own[::-1], *usual_orders(case), *every)):
        turned = case.true.transpose(order)
        for fill in ("C", "F"):
            if turned.shape == shape:
                continue  # a permutation only
            if fill == "F" and len(shape) < 2:
                continue
            yield Form(_reshaping(case, order, fill), turned.reshape(shape, order="C" if fill == "C" else "F"))


def _reshaping(case: Case, order: Order, fill: str) -> Mistake:
    own = tuple(range(case.rank))
    shape = tuple(case.true.shape[k] for k in order)
    suffix = ', order="F"' if fill == "F" else ""
    corrected = f"{{}}.reshape({tuple_text(shape)}{suffix})" if shape else "{}.reshape(())"
    if order != own:
        back = tuple(int(k) for k in np.argsort(order))
        corrected = f"np.transpose({corrected}, {tuple_text(back)})"
    name, why = _reshaping_in_words(case, order, fill)
    return Mistake(name, why, corrected)


def _reshaping_in_words(case: Case, order: Order, fill: str) -> tuple[str, str]:
    own = tuple(range(case.rank))
    true, claimed = case.true.shape, case.claimed.shape
    if order == own and fill == "C":
        if [n for n in true if n != 1] == [n for n in claimed if n != 1]:
            more = len(claimed) > len(true)
            return "axis of size 1", f"The numbers are right; an axis of size 1 is {'too much' if more else 'missing'}."
        if sorted(true) == sorted(claimed):
            return (
                "reshape for transpose",
                "The axes were exchanged with reshape, which leaves the numbers in their order.",
            )
    for n in case.splits:
        rows, columns = math.prod(true[:n]), math.prod(true[n:])
        out, inp = own[:n], own[n:]
        for matrix, kind in (((rows, columns), "flattened"), ((columns, rows), "flattened and transposed")):
            sides = _sides(order, fill, out, inp, kind != "flattened")
            if claimed == matrix and case.rank > 2 and sides:
                side = "vec(output) x vec(input)" if kind == "flattened" else "vec(input) x vec(output)"
                return kind, f"This is the matrix {side}, {sides}, of the {case.rank}-D tensor."
    if len(claimed) == 1:
        how = "the last axis runs first" if order == own else "the axes in another order"
        return "flattened", f"All axes are flattened into one; {how}."
    return "reshaped", "These are the true numbers read in another order: a reshape does not move axes."


def _sides(order: Order, fill: str, out: Order, inp: Order, swapped: bool) -> str:
    """Whether rows or columns were stacked on each side of the matrix; empty where the order is neither."""
    if fill == "F":
        # filling columns first is filling the transposed matrix rows first, all orders reversed
        order, swapped = order[::-1], not swapped
        return _sides(order, "C", out, inp, swapped)
    first, second = (inp, out) if swapped else (out, inp)
    one, two = order[: len(first)], order[len(first) :]
    if one not in (first, first[::-1]) or two not in (second, second[::-1]):
        return ""
    rows = [side == own for side, own in ((one, first), (two, second)) if len(own) > 1]
    if all(rows):
        return "rows stacked (the last index runs first)"
    if not any(rows):
        return "columns stacked (the first index runs first)"
    return "rows stacked on one side, columns on the other"


# ----- moved along an axis -----


def _rolled(case: Case) -> Iterator[Form]:
    """Entries shifted by one along an axis, around the end."""
    for axis, size in enumerate(case.true.shape):
        for step in (1, -1) if size > 2 else ():
            way = "forward" if step == 1 else "back"
            why = f"The entries are shifted by one {way} along the axis {case.names[axis]}: an index is off by one."
            mistake = Mistake("shifted by one", why, f"np.roll({{}}, {-step}, axis={axis})")
            yield Form(mistake, np.roll(case.true, step, axis))


def _reversed(case: Case) -> Iterator[Form]:
    """One axis, two of one side, all inputs, all outputs reversed."""
    axes = [k for k, size in enumerate(case.true.shape) if size > 1]
    chosen: list[tuple[int, ...]] = [(k,) for k in axes]
    chosen += list(itertools.combinations(axes, 2))
    chosen += [tuple(k for k in axes if (k < n) == side) for n in case.splits for side in (True, False)]
    for some in dict.fromkeys(c for c in chosen if c):
        why = f"The axis {case.axes(some)} is reversed, as by a kernel that was flipped."
        if len(some) > 1:
            why = f"The axes {case.axes(some)} are reversed, as by a kernel that was flipped."
        yield Form(
            Mistake("flipped", why, f"np.flip({{}}, {some if len(some) > 1 else some[0]})"), np.flip(case.true, some)
        )


def _shifted(case: Case) -> Iterator[Form]:
    """Entries shifted by one along an axis, zeros where they came from."""
    for axis, size in enumerate(case.true.shape):
        for step in (1, -1) if size > 2 else ():
            edge, gone = (0, -1) if step == 1 else (-1, 0)
            if not case.negligible(case.claimed.take(edge, axis)) or not case.true.take(gone, axis).any():
                continue
            moved = np.roll(case.true, step, axis)
            moved[(slice(None),) * axis + (edge,)] = 0
            way = "forward" if step == 1 else "back"
            why = (
                f"The entries are shifted by one {way} along the axis {case.names[axis]}, with zeros at the edge: "
                "an index is off by one."
            )
            yield Form(Mistake("shifted by one", why), moved)
