"""Random sums of delta-einsum terms, and what they mean entry by entry, written without the code under test."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from jacobians import Jacobian, delta_einsum
from jacobians.constructors import zero
from jacobians.terms import Array, Term

LAWS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
AXES = "abcdef"
HIDDEN = {"u": 2, "v": 3, "w": 5}
#: None is a power of two, so that coefficients round as they do in practice.
COEFFICIENTS = (1.0, -1.0, 1 / 3, 0.7, -2.3)

shapes = st.lists(st.sampled_from((2, 3, 5)), max_size=2).map(tuple)


@st.composite
def terms(draw: st.DrawFn, out: Sequence[int], inp: Sequence[int]) -> Jacobian:
    """One term: any axes of equal size tied, on one side or across, hidden and repeated labels, 0/1 patterns, ones."""
    sizes: dict[str, int] = {}
    labels: list[str] = []
    for fresh, size in zip(AXES, (*out, *inp), strict=False):
        label = draw(st.sampled_from([fresh, *(a for a, n in sizes.items() if n == size)]))
        sizes[label] = size
        labels.append(label)
    spec = draw(st.lists(st.lists(st.sampled_from([*sizes, *HIDDEN]), max_size=3), max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    factors = []
    for words in spec:
        shape = [({**sizes, **HIDDEN})[a] for a in words]
        pattern = draw(st.integers(0, 4)) == 0
        factors.append(rng.random(shape) < 0.5 if pattern else rng.uniform(0.5, 2.0, shape))
    used = {a for words in spec for a in words}
    text = f"{', '.join(map(' '.join, spec))} -> {' '.join(labels[: len(out)])} | {' '.join(labels[len(out) :])}"
    ones = {a: n for a, n in sizes.items() if a not in used}
    if spec == [[]]:  # one factor without labels: the pattern text has no way to say it
        return delta_einsum(text, coef=float(factors[0]), **ones)
    return delta_einsum(text, *factors, coef=draw(st.sampled_from(COEFFICIENTS)), **ones)


@st.composite
def jacobians(draw: st.DrawFn, out: Sequence[int], inp: Sequence[int], most: int = 3) -> Jacobian:
    """A sum of up to `most` random terms."""
    return functools.reduce(Jacobian.__add__, draw(st.lists(terms(out, inp), max_size=most)), zero(out, inp))


@st.composite
def chains(draw: st.DrawFn, length: int, most: int = 2) -> list[Jacobian]:
    """Jacobians that can be multiplied in this order, outermost first."""
    ends = [draw(shapes) for _ in range(length + 1)]
    return [draw(jacobians(out, inp, most)) for out, inp in itertools.pairwise(ends)]


@st.composite
def any_jacobian(draw: st.DrawFn, most: int = 3) -> Jacobian:
    """A random Jacobian of a random shape."""
    return draw(jacobians(draw(shapes), draw(shapes), most))


def scattered(term: Term, shape: Sequence[int], pattern_only: bool = False) -> Array:
    """The term's dense array by its definition: for every value of all labels, add the product where the axes meet."""
    names = list(term.sizes)
    grid = dict(zip(names, np.indices([term.sizes[a] for a in names]), strict=True))
    value = np.full([term.sizes[a] for a in names], 1.0 if pattern_only else term.coef)
    for f in term.factors:
        if f.value.dtype == bool or not pattern_only:
            value = value * f.value[tuple(grid[a] for a in f.labels)]
    dense = np.zeros(tuple(shape))
    index = tuple(grid[a].ravel() for a in (*term.out, *term.inp))
    np.add.at(dense, index or (np.newaxis,), value.ravel() if index else value.sum())
    return dense


def by_definition(J: Jacobian) -> Array:
    """The dense array of a sum of terms by their definition."""
    return functools.reduce(np.add, (scattered(t, J.shape) for t in J.terms), np.zeros(J.shape))


def allowed(J: Jacobian) -> Array:
    """True where the deltas and 0/1 patterns of some term let the entry differ from zero."""
    mask = np.zeros(J.shape, bool)
    for t in J.terms:
        mask |= scattered(t, J.shape, pattern_only=True) != 0
    return mask
