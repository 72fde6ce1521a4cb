"""Claims that are wrong in part of their entries, not finite, or right up to rounding: where, and how."""

from __future__ import annotations

import numpy as np

from jacobians.claims.arrays_case import Case, Mistake, delta, index_text, pairs
from jacobians.terms import Array

#: Deviations up to this size can be those of a numerical derivative.
NOISE = 1e-4
#: Deviations up to this size, relative to each entry, are those of rounding to float32.
SINGLE = 2 * float(np.finfo(np.float32).eps)
#: Indices that a sentence lists.
LISTED = 4


def not_finite(claimed: Array, true: Array, allowed: float) -> Mistake | None:
    """NaN or inf in the claim; the true numbers have none."""
    bad = ~np.isfinite(claimed)
    count = int(bad.sum())
    if not count:
        return None
    kind = "NaN" if np.isnan(claimed).all(where=bad) else "NaN or inf" if np.isnan(claimed).any() else "inf"
    first = index_text([int(k) for k in np.argwhere(bad)[0]])
    where = (
        f"{count} of {bad.size} entries are {kind}, the first at {first}" if claimed.ndim else f"The number is {kind}"
    )
    rest = ""
    if claimed.shape == true.shape and count < bad.size:
        right = bool((np.abs(claimed - true)[~bad] <= allowed).all())
        rest = "; all others are right" if right else "; others differ too"
    return Mistake("not finite", f"{where}{rest}: a division by 0, a log of 0 or an overflow on the way.")


def rounding(case: Case, deviation: float) -> Mistake | None:
    """Small deviations all over the array."""
    if not case.same_shape or deviation > NOISE:
        return None
    gaps, sizes = np.abs(case.claimed - case.true), np.abs(case.true)
    spread = int((gaps > 1e-14 * case.scale).sum()) * 2 >= max(2, int(np.count_nonzero(sizes)))
    if not spread:
        return None
    if bool((gaps <= SINGLE * sizes + 1e-300).all()):
        why = (
            f"The entries are right but for rounding to float32, relatively at most {deviation:.0e}: no wrong formula."
        )
        return Mistake("float32 rounding", why)
    why = (
        f"The entries deviate all over by at most {deviation:.0e} of the largest: this looks like finite differences "
        f"(forward ones with a step of about {deviation:.0e}, central ones of about {deviation**0.5:.0e}) or like "
        "rounding, not like a wrong formula."
    )
    return Mistake("finite differences", why)


def part(case: Case) -> Mistake | None:
    """Some entries are wrong, all others right."""
    if not case.same_shape:
        return None
    bad = np.abs(case.claimed - case.true) > case.allowed
    count = int(bad.sum())
    if count == bad.size or not count:
        return None
    how = _how(case, bad)
    zeros = case.true == 0
    if bool((bad <= zeros).all()):
        return Mistake(
            "not zero", f"{_many(count, bad.size)} not zero where the true Jacobian is; all others are right."
        )
    if how == "zero" and count > 1 and not _box(bad):
        return Mistake("entries missing", f"{_many(count, bad.size)} zero that should not be; all others are right.")
    if count == 1:
        at = index_text([int(k) for k in np.argwhere(bad)[0]])
        return Mistake("one entry", f"Only the entry {at} is wrong{_says(how)}; all others are right.")
    if (place := _box(bad)) and (words := _box_text(case, place)):
        return Mistake("part wrong", f"Only the entries with {words} are wrong{_says(how)}; all others are right.")
    return _diagonal(case, bad, how)


def _many(count: int, size: int) -> str:
    return f"{count} of {size} entries {'is' if count == 1 else 'are'}"


def _how(case: Case, bad: Array) -> str:
    """What the wrong entries have in common: zero, the wrong sign, a factor."""
    claimed, true = case.claimed[bad], case.true[bad]
    if not (np.abs(claimed) > case.allowed).any():
        return "zero"
    top = int(np.argmax(np.abs(true)))
    if not true[top]:
        return ""
    ratio = float(claimed[top] / true[top])
    if np.abs(claimed - ratio * true).max() > case.allowed:
        return ""
    named = {
        -1.0: "the sign is wrong",
        2.0: "they are twice too large",
        0.5: "they are half as large as they should be",
    }
    for number, words in named.items():
        if abs(ratio - number) <= max(1e-8, case.tolerance):
            return words if bad.sum() > 1 else words.replace("they are", "it is").replace("they", "it")
    return f"they are {ratio:.6g} times the true ones" if claimed.size > 1 else ""


def _says(how: str) -> str:
    return f" ({how})" if how else ""


def _box(bad: Array) -> list[Array] | None:
    """The indices of every axis with wrong entries, where these leave out at least half of the entries."""
    place = [np.flatnonzero(bad.any(tuple(k for k in range(bad.ndim) if k != axis))) for axis in range(bad.ndim)]
    inside = np.prod([float(len(some)) for some in place])
    return place if inside <= bad.size / 2 else None


def _box_text(case: Case, place: list[Array]) -> str:
    """`o = 2, i in {0, 1}`; empty where there is too much to list."""
    words = []
    for name, size, some in zip(case.names, case.true.shape, place, strict=True):
        if len(some) == size:
            continue
        if len(some) == 1:
            words.append(f"{name} = {some[0]}")
        elif len(some) <= LISTED:
            words.append(f"{name} in {{{', '.join(map(str, some))}}}")
        else:
            words.append(f"{name} from {some[0]} to {some[-1]}")
    return ", ".join(words)


def _diagonal(case: Case, bad: Array, how: str) -> Mistake | None:
    """Only the entries on a diagonal are wrong, or only those off it."""
    for pair in pairs(case):
        here = delta(bad.shape, [pair])
        name = "δ_" + case.names[pair[0]] + case.names[pair[1]]
        if not (bad & ~here).any():
            return Mistake(
                "diagonal wrong", f"Only the entries under {name} are wrong{_says(how)}; those off it are right."
            )
        if not (bad & here).any():
            why = f"Only the entries off the diagonal {name} are wrong{_says(how)}; those on it are right."
            return Mistake("off-diagonal wrong", why)
    return None
