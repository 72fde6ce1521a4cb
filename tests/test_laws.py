"""The laws of the algebra on random sums of terms: equal terms where labels move, equal values where arrays do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jacobians.structure import ties
from tests.strategies import LAWS, allowed, any_jacobian, by_definition, chains, jacobians, shapes


def close(got, want):
    assert np.shape(got) == np.shape(want)
    scale = max(1.0, float(np.max(np.abs(want), initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * scale)


@LAWS
@given(any_jacobian())
def test_dense_is_the_definition(J):
    dense = J.dense()
    assert isinstance(dense, np.ndarray)
    close(dense, by_definition(J))
    close(np.asarray(J), dense)


@LAWS
@given(chains(3))
def test_product_is_associative_with_equal_terms(chain):
    A, B, C = chain
    left, right = (A @ B) @ C, A @ (B @ C)
    assert left == right
    assert len(left.terms) == len(A.terms) * len(B.terms) * len(C.terms)
    close(left.dense(), np.tensordot(A.dense(), (B @ C).dense(), len(A.in_shape)))


@LAWS
@given(st.data(), shapes, shapes, shapes)
def test_product_is_distributive_with_equal_terms(data, out, middle, inp):
    A, B = (data.draw(jacobians(out, middle)) for _ in range(2))
    C, D = (data.draw(jacobians(middle, inp)) for _ in range(2))
    assert A @ (C + D) == A @ C + A @ D
    assert (A + B) @ C == A @ C + B @ C
    assert (2.5 * A) @ C == 2.5 * (A @ C) == A @ (C * 2.5)


@LAWS
@given(chains(2, most=3))
def test_product_is_tensordot(chain):
    J, K = chain
    close((J @ K).dense(), np.tensordot(J.dense(), K.dense(), len(J.in_shape)))
    assert (J @ K).shape == J.out_shape + K.in_shape


@LAWS
@given(chains(2))
def test_transposition_reverses_products_with_equal_terms(chain):
    J, K = chain
    assert (J @ K).T == K.T @ J.T
    assert J.T.T == J
    n, m = len(J.out_shape), len(J.in_shape)
    close(J.T.dense(), J.dense().transpose([*range(n, n + m), *range(n)]))


@LAWS
@given(any_jacobian(), st.integers(0, 999))
def test_apply_and_pull_are_adjoint_and_the_dense_products(J, seed):
    rng = np.random.default_rng(seed)
    v, u = rng.uniform(0.5, 2, J.in_shape), rng.uniform(0.5, 2, J.out_shape)
    close(J.apply(v), np.tensordot(J.dense(), v, v.ndim))
    close(J.pull(u), np.tensordot(u, J.dense(), u.ndim))
    close(np.sum(u * J.apply(v)), np.sum(J.pull(u) * v))
    assert isinstance(J.apply(v), np.ndarray)


@LAWS
@given(chains(2))
def test_apply_follows_the_product(chain):
    J, K = chain
    v = np.random.default_rng(3).standard_normal(K.in_shape)
    close((J @ K).apply(v), J.apply(K.apply(v)))


@LAWS
@given(chains(2))
def test_contract_and_merge_keep_the_value(chain):
    product = chain[0] @ chain[1]
    dense = product.dense()
    contracted, merged = product.contract(), product.merge()
    close(contracted.dense(), dense)
    close(merged.dense(), dense)
    assert len(contracted.terms) == len(product.terms)
    assert not any(t.hidden for t in contracted.terms)
    patterns = [ties(t) for t in merged.terms]
    assert len(patterns) == len(set(patterns)), "one merged term for each set of deltas"
    assert merged.merge() == merged
    assert contracted.shown == merged.shown == product


@LAWS
@given(st.data(), any_jacobian())
def test_entries_and_slices_are_those_of_the_dense_array(data, J):
    dense = J.dense()
    index = tuple(
        data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n).filter(lambda s: s != slice(0, 0)))) for n in J.shape
    )
    got = J[index]
    close(got if np.ndim(got) == 0 else np.asarray(got), dense[index])
    cut = data.draw(st.integers(0, len(index)))
    front = index[:cut]
    close(np.asarray(J[front]), dense[front])
    close(np.asarray(J[(..., *index[cut:])]), dense[(..., *index[cut:])])


@LAWS
@given(st.data(), any_jacobian())
def test_slices_know_outputs_from_inputs(data, J):
    n = len(J.out_shape)
    index = tuple(data.draw(st.one_of(st.integers(0, m - 1), st.just(slice(None)))) for m in J.shape)
    if not any(isinstance(k, slice) for k in index):
        assert np.ndim(J[index]) == 0
        return
    part = J[index]
    assert part.out_shape == tuple(m for k, m in zip(index[:n], J.out_shape, strict=True) if isinstance(k, slice))
    assert part.in_shape == tuple(m for k, m in zip(index[n:], J.in_shape, strict=True) if isinstance(k, slice))
    close((part @ part.T).dense(), np.tensordot(part.dense(), part.T.dense(), len(part.in_shape)))


@LAWS
@given(any_jacobian(most=4))
def test_nnz_counts_what_deltas_and_patterns_allow(J):
    assert J.nnz == np.count_nonzero(allowed(J))
    assert J.nnz >= np.count_nonzero(J.dense())


@LAWS
@given(st.data(), shapes, shapes)
def test_sums_and_scalar_factors(data, out, inp):
    J, K = (data.draw(jacobians(out, inp)) for _ in range(2))
    close((J + K).dense(), J.dense() + K.dense())
    close((J - K).dense(), J.dense() - K.dense())
    close((-J).dense(), -J.dense())
    close((J * 3 - np.float64(0.25) * K).dense(), 3 * J.dense() - 0.25 * K.dense())
    assert J + K == K + J
    assert (-J) * -1 == J


@LAWS
@given(any_jacobian())
def test_matrix_is_vec_of_outputs_by_vec_of_inputs(J):
    dense = J.dense()
    n, m = len(J.out_shape), len(J.in_shape)
    rows, columns = int(np.prod(J.out_shape)), int(np.prod(J.in_shape))
    close(J.matrix(), dense.reshape(rows, columns))
    v, u = np.random.default_rng(1).standard_normal(J.in_shape), np.zeros(J.out_shape)
    column = J.matrix(vec="column")
    close(column @ v.ravel(order="F"), (u + J.apply(v)).ravel(order="F"))
    assert column.shape == (rows, columns)
    assert (n, m) == (u.ndim, v.ndim)


@LAWS
@given(any_jacobian())
def test_other_labels_and_names_are_the_same_jacobian(J):
    close(J.lettered().dense(), J.dense())
    assert J.lettered() == J
    assert J.renamed(str.upper) == J


@LAWS
@given(st.data(), shapes, shapes)
def test_equality_does_not_see_the_order_of_terms_and_factors(data, out, inp):
    J = data.draw(jacobians(out, inp, most=4))
    turned = type(J)(reversed(J.terms), J.out_shape, J.in_shape)
    mixed = [type(t)(t.factors[::-1], t.out, t.inp, t.sizes, t.coef) for t in J.terms]
    assert turned == J
    assert type(J)(mixed, J.out_shape, J.in_shape) == J
