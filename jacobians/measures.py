"""Norms of a Jacobian without its dense array.

The Frobenius norm is the root of the sum of <S, T> over all pairs of terms, each a contraction of the factors of both
with the labels of their axes tied: |J|^2 = sum over S, T of sum over o, i of S[o | i] T[o | i]. Where terms cancel that
loses digits, as the same sum of absolute values tells; then the norm is that of slabs of the dense array.

Source: Golub, Van Loan, "Matrix Computations" (2013), 2.3 (norms), 10.1 (Lanczos); Higham, "Accuracy and Stability of
Numerical Algorithms" (2002), 3.1 (the error of an inner product by that of its absolute values).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from jacobians.arithmetic import counted
from jacobians.errors import ConvergenceError, InputError, unknown
from jacobians.extras import library
from jacobians.listed import listed
from jacobians.support import entries
from jacobians.terms import Array, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

Norm = Literal["frobenius", "spectral", "max"]

NUMBERS = np.dtype(np.float64)
#: Entries up to which the dense array is the quickest way: of a slab, and of a matrix whose singular values are taken.
SLAB, MATRIX = 2**20, 2**18
#: How much larger the sum of absolute values may be than the sum itself: what is lost is at most four digits of 16.
CANCELLED = 1e4
#: Entries of a sparse matrix, and bytes of J J^T, up to which a large spectral norm is taken with their help.
LISTED, HELD = 2**25, 2**27
#: Factors of a term up to which the best order of a contraction is soon found.
FEW = 8


def norm(J: Jacobian, kind: Norm, tolerance: float, iterations: int) -> float:
    """The result of `J.norm()`."""
    if not tolerance > 0:
        raise InputError(f"Jacobian.norm: expected tolerance > 0, got {tolerance}; as in tolerance=1e-6")
    if iterations < 1:
        raise InputError(f"Jacobian.norm: expected iterations of 1 or more, got {iterations}; as in iterations=100")
    if kind == "frobenius":
        return frobenius(J)
    if kind == "spectral":
        return spectral(J, tolerance, iterations)
    if kind == "max":
        return largest(J)
    raise unknown("Jacobian.norm", "norm", kind, ("frobenius", "spectral", "max"))


def frobenius(J: Jacobian) -> float:
    """(sum of all J_oi^2)^1/2, to about 11 digits."""
    if J.size > SLAB and J.terms:
        few = max(len(t.factors) for t in J.terms) <= FEW
        for how in ("none", "contract", "merge")[not few :]:
            if (root := _from_pairs(_simpler(J, how))) is not None:
                return root
    return math.hypot(*(_root_of_squares(slab) for slab in slabs(J)))


def largest(J: Jacobian) -> float:
    """max |J_oi|."""
    terms = _simpler(J, "contract")
    if J.size and len(terms) == 1:
        labels = [a for f in terms[0].factors for a in f.labels]
        if len(set(labels)) == len(labels) and not any(f.value.dtype == bool for f in terms[0].factors):
            return abs(terms[0].coef) * math.prod(float(np.max(np.abs(f.value))) for f in terms[0].factors)
    return max((float(np.max(np.abs(slab), initial=0.0)) for slab in slabs(J)), default=0.0)


def spectral(J: Jacobian, tolerance: float, iterations: int) -> float:
    """The largest singular value of the matrix vec(output) x vec(input)."""
    whole = frobenius(J)
    if whole == 0 or not math.isfinite(whole) or 1 in (math.prod(J.out_shape), math.prod(J.in_shape)):
        return whole
    if J.size <= MATRIX:
        return float(np.linalg.norm(J.matrix(limit=J.size * 8), 2))
    linalg = library("scipy.sparse.linalg", "sparse", "Jacobian.norm('spectral')")
    many = min(math.prod(J.out_shape), math.prod(J.in_shape))
    gram = linalg.LinearOperator((many, many), _gram(J * (1 / whole)), dtype=NUMBERS)
    start = np.random.default_rng(0).standard_normal(many)
    try:
        (root,) = linalg.eigsh(gram, 1, v0=start, tol=tolerance, maxiter=iterations, return_eigenvectors=False)
    except linalg.ArpackNoConvergence:
        raise ConvergenceError(
            f"Jacobian.norm('spectral'): expected the largest of {many:,} singular values up to {tolerance:g} within "
            f"iterations = {iterations:,} restarts, and it is not that close yet; "
            "allow more iterations or a larger tolerance"
        ) from None
    return whole * math.sqrt(max(float(root), 0.0))


def _gram(J: Jacobian) -> Callable[[Array], Array]:
    """v -> J J^T v, or J^T J v where that is shorter: by one structured Jacobian, a sparse matrix, or pull, apply."""
    J = J if math.prod(J.out_shape) <= math.prod(J.in_shape) else J.T
    if any(f.value.dtype == bool for t in J.terms for f in t.factors):
        if sum(map(entries, J.terms)) <= LISTED:
            matrix = J.to_sparse(limit=32 * LISTED)
            return lambda v: matrix @ (v @ matrix)
    elif len(J.terms) == 1:  # of several, the squares could cancel
        with counted(dry=True):
            held = (J @ J.T).contract().nbytes
        if held <= HELD:
            square = (J @ J.T).contract()
            return lambda v: square.apply(v.reshape(J.out_shape)).ravel()
    return lambda v: J.apply(J.pull(v.reshape(J.out_shape))).ravel()


def slabs(J: Jacobian) -> Iterator[Array]:
    """The dense array in parts of at most SLAB entries, those without a term left out."""
    if not J.terms or not J.size:
        return
    if J.size <= SLAB:
        yield J.dense(limit=J.size * J.dtype.itemsize)
        return
    row = J.size // J.shape[0]
    step = SLAB // row
    for k in range(0, J.shape[0], max(step, 1)):
        yield from slabs(J[k : k + step] if step else J[k])


def _root_of_squares(array: Array) -> float:
    """The Frobenius norm of an array, in float64 and without overflow or underflow of the squares."""
    top = float(np.max(np.abs(array), initial=0.0))
    if top == 0 or not math.isfinite(top):
        return top
    return top * float(np.linalg.norm(np.asarray(array / top, NUMBERS)))


def _simpler(J: Jacobian, how: str) -> Sequence[Term]:
    """The terms without 0/1 patterns contracted or merged, those with patterns as they are."""
    if how == "none":
        return J.terms
    patterns = [any(f.value.dtype == bool for f in t.factors) for t in J.terms]
    plain = type(J)(itertools.compress(J.terms, [not p for p in patterns]), J.out_shape, J.in_shape)
    done = plain.contract() if how == "contract" else plain.merge()
    return (*done.terms, *itertools.compress(J.terms, patterns))


def _from_pairs(terms: Sequence[Term]) -> float | None:
    """The root of the sum of <S, T> over all pairs of terms; None where terms cancel too much."""
    scaled = [_scaled(t) for t in terms]
    top = max((abs(t.coef) for t in scaled), default=0.0)
    if top == 0 or not math.isfinite(top):
        return top
    scaled = [replace(t, coef=t.coef / top) for t in scaled]
    total = size = 0.0
    for (j, one), (k, two) in itertools.combinations_with_replacement(enumerate(scaled), 2):
        many = 1 if j == k else 2
        total += many * _inner(one, two)
        size += many * _inner(_absolute(one), _absolute(two))
    return top * math.sqrt(total) if total > 0 and size <= CANCELLED * total else None


def _scaled(term: Term) -> Term:
    """The same term with factors whose largest entry is 1 or -1: their squares neither overflow nor vanish."""
    factors, coef = [], term.coef
    for f in term.factors:
        top = float(np.max(np.abs(f.value), initial=0.0)) if f.value.dtype != bool else 1.0
        if 0 < top < math.inf:
            f = replace(f, value=np.asarray(f.value, NUMBERS) / top) if f.value.dtype != bool else f
        factors.append(f)
        coef *= top
    return replace(term, factors=tuple(factors), coef=coef)


def _absolute(term: Term) -> Term:
    return replace(term, factors=tuple(replace(f, value=np.abs(f.value)) for f in term.factors), coef=abs(term.coef))


def _inner(one: Term, two: Term) -> float:
    """The sum over all entries of the product of two terms: all their axes tied and summed."""
    row = replace(one, out=(), inp=(*one.out, *one.inp))
    column = replace(two, out=(*two.out, *two.inp), inp=())
    product = row @ column
    return product.coef * math.prod(float(f.values.value) for f in listed(product, NUMBERS))
