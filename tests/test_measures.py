"""Norms and counts from the factors: those of the dense array, also where terms cancel."""

from __future__ import annotations

import sys
from unittest import mock

import numpy as np
import pytest
from hypothesis import given

import jacobians as jac
from jacobians import delta_einsum, measures
from jacobians.constructors import zero
from jacobians.errors import ConvergenceError, InputError
from tests.contract import PRIMES, away_from_kinks, ops
from tests.strategies import LAWS, any_jacobian, by_definition, chains

#: As if every Jacobian were large: from pairs of terms, by Lanczos steps.
LARGE = {"SLAB": 7, "MATRIX": 1}


def assert_norms(J, dense):
    matrix = dense.reshape(int(np.prod(J.out_shape)), int(np.prod(J.in_shape)))
    want = {"frobenius": np.linalg.norm(matrix), "spectral": np.linalg.norm(matrix, 2), "max": np.abs(matrix).max()}
    for kind, value in want.items():
        np.testing.assert_allclose(J.norm(kind), value, rtol=1e-10, err_msg=kind)


@LAWS
@given(any_jacobian(most=4))
def test_norms_are_those_of_the_definition(J):
    assert_norms(J, by_definition(J))
    with mock.patch.multiple(measures, **LARGE):
        assert_norms(J, by_definition(J))


@LAWS
@given(chains(2))
def test_norms_of_products(chain):
    J = chain[0] @ chain[1]
    with mock.patch.multiple(measures, **LARGE):
        assert_norms(J, by_definition(chain[0] @ chain[1]))


@pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
def test_norms_of_every_op(op):
    inputs = away_from_kinks(op, op.example_shapes(PRIMES[0])[0], seed=0)
    for wrt in op.differentiable():
        J = op.jacobian(wrt, **inputs)
        assert_norms(J, J.dense())
        with mock.patch.multiple(measures, **LARGE):
            assert_norms(J, J.dense())


def test_norms_of_networks():
    for model in (jac.mlp([5, 7, 3], activation="tanh", loss="squared_error"), jac.cnn(), jac.rnn([2, 3, 2], steps=3)):
        run = model.run(model.random_point(seed=0))
        for wrt in model.parameters():
            J = run.jacobian(list(model.named)[-2], wrt)
            assert_norms(J, J.dense())
            with mock.patch.multiple(measures, **LARGE):
                assert_norms(J, J.dense())
                assert_norms(J.shown, J.dense())


# ----- large ones -----


def test_norms_by_w_of_width_ten_thousand():
    x = np.random.default_rng(0).standard_normal(10_000)
    J = delta_einsum("i -> o | o i", x, o=10_000)
    size = np.linalg.norm(x)
    assert J.norm() == pytest.approx(100 * size, rel=1e-13)
    assert J.norm("spectral") == pytest.approx(size, rel=1e-10)
    assert J.norm("max") == np.abs(x).max()
    assert (J.nnz, J.density) == (100_000_000, 1e-4)


def test_spectral_by_apply_and_pull():
    rng = np.random.default_rng(1)
    A, d, B = rng.standard_normal((997, 31)), rng.standard_normal(997), rng.standard_normal((31, 1009))
    J = delta_einsum("o k, k i -> o | i", A, B) + delta_einsum("o, i -> o | i", d, B[0])
    np.testing.assert_allclose(J.norm("spectral"), np.linalg.norm(A @ B + np.outer(d, B[0]), 2), rtol=1e-10)
    np.testing.assert_allclose(J.T.norm("spectral"), J.norm("spectral"), rtol=1e-10)


def test_a_convolution_of_an_image():
    rng = np.random.default_rng(2)
    x, W = rng.standard_normal((3, 224, 224)), rng.standard_normal((8, 3, 3, 3))
    layer = jac.Conv2d(padding=1, bias=False)
    J = layer.jacobian("x", x=x, W=W)
    # place p of the kernel meets the image in 224 rows or, where it hangs over, in 223: likewise for columns
    met = np.array([223.0, 224.0, 223.0])
    assert J.nnz == layer.jacobian("W", x=x, W=W).nnz == 8 * 3 * 670**2
    assert J.density == 8 * 3 * 670**2 / (8 * 3 * 224**4)
    assert J.norm() == pytest.approx(np.sqrt(np.einsum("ocpq,ocpq,p,q", W, W, met, met)), rel=1e-12)


# ----- digits -----


def test_terms_that_cancel():
    """Two terms of size 1 with a sum of size 1e-9: squares of terms would lose all digits."""
    rng = np.random.default_rng(3)
    n = 37
    a, b, c = rng.standard_normal((3, n))
    small = 1e-9 * rng.standard_normal((n, n))
    J = delta_einsum("o k -> o | k", np.outer(a, b) + small) - delta_einsum("o, k -> o | k", a, b)
    J = J + delta_einsum("o -> o | o", 1e-9 * c)
    want = np.linalg.norm((np.outer(a, b) + small) - np.outer(a, b) + 1e-9 * np.diag(c))
    with mock.patch.multiple(measures, **LARGE):
        np.testing.assert_allclose(J.norm(), want, rtol=1e-12)


def test_a_saturated_softmax():
    x = np.array([40.0, 1.0, -2.0, 0.5, 3.0])
    J = jac.Softmax().jacobian("x", x=x)
    dense = J.dense()
    with mock.patch.multiple(measures, **LARGE):
        np.testing.assert_allclose(J.norm(), np.linalg.norm(dense), rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_neither_vanish_nor_overflow(scale):
    rng = np.random.default_rng(4)
    A, x = rng.standard_normal((5, 7)), rng.standard_normal(3)
    J = delta_einsum("o k, i -> o | k i", scale * A, x) + delta_einsum("o k, i -> o | k i", scale * A, x**2)
    small = delta_einsum("o k, i -> o | k i", A, x + x**2)
    for sizes in ({"SLAB": 2**20}, LARGE):
        with mock.patch.multiple(measures, **sizes):
            for kind in ("frobenius", "spectral", "max"):
                np.testing.assert_allclose(J.norm(kind) / scale, small.norm(kind), rtol=1e-10)


def test_zero_empty_and_not_finite():
    for kind in ("frobenius", "spectral", "max"):
        assert zero((2, 3), (5,)).norm(kind) == 0
        assert delta_einsum("o i -> o | i", np.zeros((2, 3))).norm(kind) == 0
        assert delta_einsum("o i -> o | i", np.ones((2, 3)))[:0].norm(kind) == 0
        assert np.isnan(delta_einsum("o i -> o | i", np.array([[1.0, np.nan], [2, 3]])).norm(kind))
        assert delta_einsum("o i -> o | i", np.array([[1.0, -np.inf], [2, 3]])).norm(kind) == np.inf
    assert delta_einsum("o i -> o | i", np.ones((2, 3)))[:0].density == 0


def test_float32_is_summed_in_float64():
    x = np.full(100_003, 0.1, np.float32)
    J = delta_einsum("i -> o | o i", x, o=1009)
    assert J.norm() == pytest.approx(np.sqrt(1009 * 100_003) * float(np.float32(0.1)), rel=1e-12)


# ----- refusals -----


def test_unknown_norm():
    message = r"^Jacobian\.norm: unknown norm 'nuclear'; known are frobenius, spectral, max$"
    with pytest.raises(InputError, match=message):
        zero((2,), (3,)).norm("nuclear")


def test_no_convergence():
    A = np.random.default_rng(5).standard_normal((701, 719))
    J = delta_einsum("o i -> o | i", A)
    message = (
        r"^Jacobian\.norm\('spectral'\): expected the largest of 701 singular values up to 1e-12 within "
        r"iterations = 1 restarts, and it is not that close yet; allow more iterations or a larger tolerance$"
    )
    with pytest.raises(ConvergenceError, match=message):
        J.norm("spectral", tolerance=1e-12, iterations=1)
    np.testing.assert_allclose(J.norm("spectral"), np.linalg.norm(A, 2), rtol=1e-10)
    np.testing.assert_allclose(J.norm("spectral", tolerance=1e-2), np.linalg.norm(A, 2), rtol=1e-2)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
    J = delta_einsum("i -> o | o i", np.ones(1009), o=1013)
    message = r"^Jacobian\.norm\('spectral'\): needs scipy, .*run `pip install 'jacobians\[sparse\]'`$"
    with pytest.raises(InputError, match=message):
        J.norm("spectral")
    assert J[:5, :5, :5].norm("spectral") == pytest.approx(np.sqrt(5), rel=1e-12), "a small one needs no SciPy"


@pytest.mark.parametrize("options", [{"tolerance": 0.0}, {"tolerance": -1.0}, {"iterations": 0}], ids=str)
def test_bad_options(options):
    (name,) = options
    with pytest.raises(InputError, match=rf"^Jacobian\.norm: expected {name} .*, got {options[name]}"):
        zero((2,), (3,)).norm("spectral", **options)
