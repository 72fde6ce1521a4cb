"""Sparse matrices from the factors: the matrix itself, with the structural non-zeros stored, in memory like theirs."""

from __future__ import annotations

import sys
import tracemalloc

import numpy as np
import pytest
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


def test_sparse_of_networks():
    for model in (jac.mlp([5, 7, 3], activation="tanh", loss="squared_error"), jac.cnn()):
        run = model.run(model.random_point(seed=0))
        for wrt in model.parameters():
            J = run.jacobian(list(model.named)[-2], wrt)
            close(J.to_sparse().toarray(), J.matrix(), 1e-13)


def test_no_terms_and_no_axes():
    nothing = zero((2, 3), (5,)).to_sparse()
    assert (nothing.shape, nothing.nnz, nothing.dtype) == ((6, 5), 0, np.float64)
    number = (2 * delta_einsum("->|")).to_sparse()
    np.testing.assert_array_equal(number.toarray(), [[2.0]])


def test_entries_of_several_terms_are_added():
    p = np.array([0.5, 0.3, 0.2])
    J = delta_einsum("i -> i | i", p) - delta_einsum("i, j -> i | j", p, p)
    for format in ("csr", "csc", "coo"):
        assert J.to_sparse(format=format).nnz == 9
    np.testing.assert_allclose(J.to_sparse().toarray(), np.diag(p) - np.outer(p, p), rtol=1e-15)


def memory_of(call):
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, peak


def test_memory_follows_the_non_zeros():
    x = np.random.default_rng(0).random(1009)
    J = delta_einsum("i -> o | o i", x, o=1013)
    sparse, peak = memory_of(J.to_sparse)
    assert sparse.nnz == 1009 * 1013
    held = sparse.data.nbytes + sparse.indices.nbytes + sparse.indptr.nbytes
    assert peak < 3 * held < J.size * 8 / 150
    np.testing.assert_array_equal(sparse[[5]].indices, np.arange(5 * 1009, 6 * 1009))
    np.testing.assert_array_equal(sparse[[5]].data, x)


def test_a_convolution_is_made_from_its_patterns():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((3, 61, 67)), rng.standard_normal((8, 3, 3, 3))
    J = jac.Conv2d(padding=1, bias=False).jacobian("x", x=x, W=W)
    sparse, peak = memory_of(J.to_sparse)
    assert peak < 40e6 < J.size * 8 / 60
    assert sparse.nnz == J.nnz == 8 * 3 * (3 * 61 - 2) * (3 * 67 - 2)
    v = rng.standard_normal(J.in_shape)
    np.testing.assert_allclose(sparse @ v.ravel(), J.apply(v).ravel(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("format", ["csr", "csc", "coo"])
def test_the_factors_are_copied(format):
    W = np.arange(1.0, 7).reshape(2, 3)
    sparse = delta_einsum("o i -> o | i", W).to_sparse(format=format)
    sparse.data[:] = 0
    np.testing.assert_array_equal(W, np.arange(1.0, 7).reshape(2, 3))


# ----- refusals -----


def test_bytes_are_limited():
    J = delta_einsum("i -> o | o i", np.arange(1.0, 4), o=5)
    message = (
        r"^Jacobian\.to_sparse: the matrix of \(5\) \| \(5, 3\) with 15 entries needs 204 bytes, the limit is 203\. "
        r"Ways out: J\.apply\(v\) and J\.pull\(u\) for products, J\[i, k, l\] for entries, J\[i\]\.to_sparse\(\) for a "
        r"part; or to_sparse\(limit=\.\.\.\), jacobians\.settings\.dense_limit = \.\.\.$"
    )
    with pytest.raises(DenseLimitError, match=message):
        J.to_sparse(limit=203)
    assert J.to_sparse(limit=204).nnz == 15
    with pytest.raises(DenseLimitError, match=r"with 100,000,000 entries needs 1,200,040,004 bytes, the limit is 1,0"):
        delta_einsum("i -> o | o i", np.ones(10_000), o=10_000).to_sparse()


def test_unknown_options():
    J = delta_einsum("i -> o | o i", np.arange(1.0, 4), o=5)
    with pytest.raises(InputError, match=r"^Jacobian\.to_sparse: expected format='csr', 'csc' or 'coo', got 'bsr'$"):
        J.to_sparse(format="bsr")
    with pytest.raises(InputError, match=r"vec='rows': expected 'row' .* or 'column'"):
        J.to_sparse("rows")


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    message = r"^Jacobian\.to_sparse: needs scipy, which is not installed; run `pip install 'jacobians\[sparse\]'`$"
    with pytest.raises(InputError, match=message):
        delta_einsum("i -> i | i", np.ones(3)).to_sparse()
