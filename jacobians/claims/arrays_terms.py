"""Mistakes in the terms of a Jacobian: a term or a factor left out, taken twice, transposed, reversed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
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
    own: dict[int, Array] = {}  # the arrays of the Jacobian's own terms, each made once
    probes = _probes(case)
    for mistake, changes in _changed(J):
        parts = [(times, Jacobian([term], J.out_shape, J.in_shape), term) for times, term in changes]
        if any(
            abs(true + sum(times * float(part[index]) for times, part, _ in parts) - claimed) > case.allowed
            for index, claimed, true in probes
        ):
            continue
        array = case.true.copy()
        for times, part, term in parts:
            if (dense := own.get(id(term))) is None:
                dense = np.asarray(part.dense(), np.float64)
                if any(term is mine for mine in J.shown.terms):
                    own[id(term)] = dense
            array += times * dense
        yield Form(mistake, array)


def _probes(case: Case) -> list[tuple[tuple[int, ...], float, float]]:
    """Where, of some places, a large claim and the truth differ most, what is claimed there, and what is true."""
    if not case.same_shape or case.true.size <= MANY:
        return []
    at, claimed = case.probes
    true = case.true[at]
    top = np.abs(claimed - true).argsort()[-PROBES:]
    return [(tuple(int(axis[k]) for axis in at), float(claimed[k]), float(true[k])) for k in top]


def _changed(J: Jacobian) -> Iterator[tuple[Mistake, list[tuple[float, Term]]]]:
    """Mistakes, each with the terms that it adds to the Jacobian, times a number."""
    terms = J.shown.terms
    names = [_shown(J, term) for term in terms]
    if len(terms) > 1:
        for k, (term, shown) in enumerate(zip(terms, names, strict=True)):
            yield Mistake("term missing", f"The term {shown} is missing."), [(-1, term)]
            yield Mistake("sign of a term", f"The term {shown} has the wrong sign."), [(-2, term)]
            yield Mistake("term twice", f"The term {shown} is taken twice."), [(1, term)]
            others = [(-1.0, other) for m, other in enumerate(terms) if m != k]
            if len(others) > 1:
                yield Mistake("terms missing", f"Only the term {shown} is there, {len(others)} others are not."), others
    for term, shown in zip(terms, names, strict=True):
        for mistake, other in itertools.chain(_factors(term, shown), _deltas(J, term, shown)):
            yield mistake, [(-1, term), (1, other)]


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
