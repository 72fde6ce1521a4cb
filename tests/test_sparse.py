"""Sparse matrices from the factors: the matrix itself, with the structural non-zeros stored, in memory like theirs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import jacobians as jac
from jacobians import delta_einsum
from jacobians.constructors import zero
from jacobians.errors import DenseLimitError, InputError
from tests.contract import PRIMES, away_from_kinks, close, ops
from tests.strategies import LAWS, any_jacobian, chains

VECS = st.sampled_from(("row", "column"))
FORMATS = st.sampled_from(("csr", "csc", "coo"))


@LAWS
@given(any_jacobian(most=4), VECS, FORMATS)
def test_sparse_is_the_matrix(J, vec, format):
    sparse = J.to_sparse(vec, format)
    assert sparse.format == format
    assert sparse.has_canonical_format
    assert sparse.dtype == J.dtype
    close(sparse.toarray(), J.matrix(vec), 1e-13)
    assert sparse.nnz >= J.nnz


@LAWS
@given(chains(2), VECS)
def test_sparse_of_a_product(chain, vec):
    J = chain[0] @ chain[1]
    close(J.to_sparse(vec).toarray(), J.matrix(vec), 1e-12)


@pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
def test_sparse_of_every_op(op):
    inputs = away_from_kinks(op, op.example_shapes(PRIMES[0])[0], seed=0)
    for wrt in op.differentiable():
        J = op.jacobian(wrt, **inputs)
        for vec in ("row", "column"):
            sparse = J.to_sparse(vec)
            close(sparse.toarray(), J.matrix(vec), 1e-13)
            assert sparse.nnz == J.nnz, "one stored entry for each that the structure allows"
