"""Mistakes in the terms of a Jacobian: a term or a factor left out, taken twice, transposed, reversed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from jacobians.claims.arrays_case import Case, Form, Mistake
from jacobians.jacobian import Jacobian
from jacobians.printing import index_text
from jacobians.structure import ties
from jacobians.terms import Array, Factor, Term, free_label

#: More terms, or more factors of one, are not looked at one by one.
TERMS, FACTORS = 12, 8
#: Of a Jacobian with more entries than this, some are computed before all of them are.
MANY = 4096
#: How many.
PROBES = 3


def term_forms(case: Case) -> Iterator[Form]:
    """Every Jacobian with one of its terms or factors changed."""
    J = case.jacobian
    if J is None or len(J.shown.terms) > TERMS:
        return
    terms = J.shown.terms
    probes = _probes(case)
    for mistake, changed in _changed(J, terms):
        made = Jacobian(changed, J.out_shape, J.in_shape)
        if all(abs(_at(made, index) - claimed) <= case.allowed for index, claimed in probes):
            yield Form(mistake, np.asarray(made.dense(), np.float64))


def _probes(case: Case) -> list[tuple[tuple[int, ...], float]]:
    """Where, of some places, a large claim and the truth differ most, and what is claimed there."""
    if not case.same_shape or case.true.size <= MANY:
        return []
    at, claimed = case.probes
    top = np.abs(claimed - case.true[at]).argsort()[-PROBES:]
    return [(tuple(int(axis[k]) for axis in at), float(claimed[k])) for k in top]


def _at(J: Jacobian, index: tuple[int, ...]) -> float:
    return float(J[index])


def _changed(J: Jacobian, terms: Sequence[Term]) -> Iterator[tuple[Mistake, list[Term]]]:
    rests = [[*terms[:k], *terms[k + 1 :]] for k in range(len(terms))]
    names = [_shown(J, term) for term in terms]
    if len(terms) > 1:
        for term, rest, shown in zip(terms, rests, names, strict=True):
            yield Mistake("term missing", f"The term {shown} is missing."), rest
            wrong = replace(term, coef=-term.coef)
            yield Mistake("sign of a term", f"The term {shown} has the wrong sign."), [*rest, wrong]
            yield Mistake("term twice", f"The term {shown} is taken twice."), [*terms, term]
            if len(rest) > 1:
                yield (
                    Mistake("terms missing", f"Only the term {shown} is there, {len(rest)} others are missing."),
                    [term],
                )
    for term, rest, shown in zip(terms, rests, names, strict=True):
        for mistake, other in itertools.chain(_factors(term, shown), _deltas(J, term, shown)):
            yield mistake, [*rest, other]


def _shown(J: Jacobian, term: Term) -> str:
    """The term in index notation, without its sign."""
    return index_text(Jacobian([replace(term, coef=abs(term.coef))], J.out_shape, J.in_shape))


def _factors(term: Term, shown: str) -> Iterator[tuple[Mistake, Term]]:
    """One factor left out, taken twice, transposed or reversed."""
    for k, f in enumerate(term.factors[:FACTORS]):
        pattern = f.value.dtype == bool
        if not pattern:
            ones = _with(term, k, np.ones_like(f.value))
            yield Mistake("factor missing", f"The factor {f.name} is missing in {shown}."), ones
            twice = _with(term, k, f.value * f.value)
            yield Mistake("factor twice", f"The factor {f.name} is taken twice in {shown}."), twice
        axes = range(f.value.ndim)
        for one, two in itertools.combinations(axes, 2):
            if f.value.shape[one] == f.value.shape[two] > 1:
                turned = _with(term, k, f.value.swapaxes(one, two))
                yield Mistake("factor transposed", f"The factor {f.name} is transposed in {shown}."), turned
        long = [axis for axis in axes if f.value.shape[axis] > 1] if not pattern else []
        for some in dict.fromkeys((*((axis,) for axis in long), *itertools.combinations(long, 2))):
            names = ", ".join(f.labels[axis] for axis in some)
            why = f"The factor {f.name} is reversed along {names} in {shown}, as a kernel that is flipped."
            yield Mistake("kernel flipped", why), _with(term, k, np.flip(f.value, some))


def _with(term: Term, k: int, value: Array) -> Term:
    f = term.factors[k]
    return replace(term, factors=(*term.factors[:k], Factor(value, f.labels, f.name), *term.factors[k + 1 :]))


def _deltas(J: Jacobian, term: Term, shown: str) -> Iterator[tuple[Mistake, Term]]:
    """One Kronecker delta of a term with several terms dropped, or one added."""
    axes = (*term.out, *term.inp)
    n = len(term.out)
    first = ties(term)
    for axis, start in enumerate(first):
        if axis == start:
            continue
        label = free_label(axes[axis], term.sizes)
        for where in (axis, start):
            loose = [*axes]
            loose[where] = label
            sizes = {**term.sizes, label: term.sizes[axes[axis]]}
            why = f"The Kronecker delta of {axes[axis]} is dropped in {shown}."
            yield Mistake("delta dropped", why), replace(term, out=tuple(loose[:n]), inp=tuple(loose[n:]), sizes=sizes)
    for one, two in itertools.combinations(range(len(axes)), 2):
        if one < n <= two and axes[one] != axes[two] and term.sizes[axes[one]] == term.sizes[axes[two]] > 1:
            name = {a: axes[one] if a == axes[two] else a for a in term.sizes}
            why = f"A Kronecker delta too much ties {axes[one]} and {axes[two]} in {shown}."
            yield Mistake("delta added", why), term.relabel(name)
