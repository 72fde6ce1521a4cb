"""The matrix vec(output) x vec(input) as a sparse array of SciPy (the extra `sparse`), made from the factors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jacobians import settings
from jacobians.arithmetic import DType
from jacobians.errors import DenseLimitError, InputError, shape_text
from jacobians.extras import library
from jacobians.listed import positions, summed_steps
from jacobians.support import entries, whole
from jacobians.terms import Array, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

SparseFormat = Literal["csr", "csc", "coo"]


def sparse_matrix(J: Jacobian, order: int, format: SparseFormat, limit: int | None) -> Any:
    """The result of `J.to_sparse()`; order=1 runs over the last axis first, order=-1 over the first."""
    if format not in ("csr", "csc", "coo"):
        raise InputError(f"Jacobian.to_sparse: expected format='csr', 'csc' or 'coo', got {format!r}")
    scipy = library("scipy.sparse", "sparse", "Jacobian.to_sparse")
    shape = (math.prod(J.out_shape), math.prod(J.in_shape))
    terms = [(t, many) for t in J.terms if (many := entries(t))]
    stored = sum(many for _, many in terms)
    index = np.dtype(np.int32 if max(*shape, stored) < 2**31 else np.int64)
    ends = {"csr": shape[0] + 1, "csc": shape[1] + 1, "coo": stored}[format]
    _check_bytes(J, stored, stored * (J.dtype.itemsize + index.itemsize) + ends * index.itemsize, limit)
    nothing = (np.zeros(0, J.dtype), np.zeros(0, index), np.zeros(0, index))
    triples = [_triple(t, J, order, index) for t, _ in terms] or [nothing]
    values, rows, columns = (p[0] if len(p) == 1 else np.concatenate(p) for p in zip(*triples, strict=True))
    made = scipy.coo_array((values, (rows, columns)), shape=shape)
    made = made.asformat(format)
    made.sum_duplicates()  # entries of several terms are added
    return made


def _check_bytes(J: Jacobian, stored: int, needed: int, limit: int | None) -> None:
    allowed = settings.dense_limit if limit is None else limit
    if needed > allowed:
        raise DenseLimitError(
            f"Jacobian.to_sparse: the matrix of {shape_text(J.out_shape)} | {shape_text(J.in_shape)} with {stored:,} "
            f"entries needs {needed:,} bytes, the limit is {allowed:,}. "
            "Ways out: J.apply(v) and J.pull(u) for products, J[i, k, l] for entries, J[i].to_sparse() for a part; "
            "or to_sparse(limit=...), jacobians.settings.dense_limit = ..."
        )


def _triple(term: Term, J: Jacobian, order: int, index: DType) -> tuple[Array, Array, Array]:
    """Values, rows and columns of one term."""
    f = whole(term, J.dtype)
    sides = (summed_steps(term.out, J.out_shape, order), summed_steps(term.inp, J.in_shape, order))
    labels = dict.fromkeys((*term.out, *term.inp))
    rows, columns = (positions(f, {a: side.get(a, 0) for a in labels}, term.sizes, index) for side in sides)
    values = f.table if term.coef == 1 else np.asarray(term.coef * f.table, J.dtype)
    values = np.broadcast_to(values.reshape((*values.shape, *(1,) * (rows.ndim - values.ndim))), rows.shape)
    return values.ravel(), rows.ravel(), columns.ravel()
