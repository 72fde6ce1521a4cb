"""The search for the mistake that makes an array of a Jacobian: all single ones, then two at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jacobians.claims.arrays_axes import added_delta, axis_forms
from jacobians.claims.arrays_case import Case, Form, Mistake
from jacobians.claims.arrays_layout import layouts, moved, permuted
from jacobians.claims.arrays_terms import MANY, term_forms
from jacobians.claims.arrays_values import axis_factor, elementwise, outer_product, scaling, summand

#: Other explanations that the notes name.
OTHERS = 3
#: Factors, the plainest first.
PLAIN = ("sign", "factor 2", "factor 1/2", "factor 1/n", "factor n")
#: Names that say little: not worth a note beside another one.
GENERIC = ("reshaped", "axes permuted")
#: A second look takes this for equal: what finite differences leave of a claim with a mistake.
COARSE = 1e-5


class Found(NamedTuple):
    """A mistake that makes the claim, notes on others that do, and one that makes it up to `COARSE` only."""

    mistake: Mistake | None
    notes: tuple[str, ...]
    coarse: Mistake | None


def search(case: Case) -> Found:
    """The plainest mistake that makes the claim, and notes on others that do as well."""
    single: list[Mistake] = []
    double: list[tuple[Mistake, Mistake]] = []
    coarse: list[Mistake] = []
    loose = replace(case, tolerance=max(case.tolerance, COARSE))
    for form in itertools.chain(_scaled(case), _forms(loose)):
        rough = loose.factor(form.array)
        factor = case.factor(form.array) if rough is not None else None
        if factor == 1:
            single.append(form.mistake)
            if case.true.size > MANY:
                break  # what else fits takes longer than it is worth
        elif factor is None and rough == 1:
            coarse.append(form.mistake)
        elif factor is not None and not single:
            scaled = scaling(case, factor, int(np.count_nonzero(form.array)))
            double += [(form.mistake, scaled)] if scaled else []
    if added := added_delta(case):
        single.append(added)
    plainest = min(double, key=lambda two: _plain(two[1]), default=None)
    found = single[0] if single else _both(*plainest) if plainest else _fitted(case)
    return Found(found, _notes(single), coarse[0] if coarse else None)


def _plain(scaled: Mistake) -> int:
    """A sign or a 2 is plainer than the length of an axis, and that than any other number."""
    return next((k for k, name in enumerate(PLAIN) if scaled.name == name), len(PLAIN))


def _forms(case: Case) -> Iterator[Form]:
    """What can be computed from the true array by one mistake, plain ones first."""
    terms = term_forms(case) if case.same_shape else ()
    return itertools.chain(layouts(case), axis_forms(case), terms, elementwise(case), moved(case))


def _scaled(case: Case) -> Iterator[Form]:
    factor = case.factor(case.true)
    scaled = scaling(case, factor, int(np.count_nonzero(case.true))) if factor is not None else None
    if factor is not None and scaled is not None:
        yield Form(scaled, factor * case.true)


def _fitted(case: Case) -> Mistake | None:
    """Mistakes with numbers of their own: weaker, and asked for last."""
    if found := summand(case) or axis_factor(case, case.true, case.names, case.out) or outer_product(case):
        return found
    for form in permuted(case, all_orders=False):
        if found := axis_factor(case, form.array, [f"axis {k} of the claim" for k in range(case.rank)], None):
            return _both(form.mistake, found)
    return None


def of_changed_terms(case: Case) -> Iterator[Mistake]:
    """A term or a factor missing, then a mistake in the axes; of small arrays, since all of them are made."""
    if case.true.size > MANY:
        return
    for changed in term_forms(case):
        if not changed.mistake.name.endswith("missing"):
            continue
        inner = replace(case, true=changed.array, jacobian=None)
        for form in itertools.chain(layouts(inner), axis_forms(inner)):
            if inner.factor(form.array) == 1:
                yield _both(replace(changed.mistake, corrected=""), form.mistake)


def _both(one: Mistake, two: Mistake) -> Mistake:
    """Two mistakes at once; the second one was made last and is undone first."""
    corrected = ""
    if one.corrected and two.corrected:
        inside = "({}" in one.corrected or ", {})" in one.corrected  # an argument needs no parentheses
        corrected = applied(one.corrected, two.corrected if inside else f"({two.corrected})")
    second = two.sentence[0].lower() + two.sentence[1:]
    return Mistake(f"{one.name}, {two.name}", f"{one.sentence.rstrip('.')}; besides, {second}", corrected)


def applied(template: str, inner: str) -> str:
    """The code of a correction, of this claim."""
    return template.replace("{}", inner)


def _notes(found: list[Mistake]) -> tuple[str, ...]:
    if not found:
        return ()
    others = list(dict.fromkeys(m.name for m in found if m.name not in (found[0].name, *GENERIC)))[:OTHERS]
    return (f"also fits: {'; '.join(others)}",) if others else ()
