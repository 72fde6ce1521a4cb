"""Norms and normalize: examples by hand, axes, extreme sizes, the point 0."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.errors import InputError
from jacobians.ops.norms import L1Norm, Norm, Normalize, SquaredNorm

X = np.array([2.0, -3.0, 6.0])  # |x| = 7


def test_norm_by_hand():
    assert Norm().forward(x=X) == 7
    np.testing.assert_allclose(Norm().jacobian("x", x=X).dense(), [2 / 7, -3 / 7, 6 / 7], rtol=1e-15)


def test_squared_norm_by_hand():
    assert SquaredNorm().forward(x=X) == 49
    np.testing.assert_array_equal(SquaredNorm().jacobian("x", x=X).dense(), [4, -6, 12])


def test_l1_norm_by_hand():
    assert L1Norm().forward(x=X) == 11
    np.testing.assert_array_equal(L1Norm().jacobian("x", x=X).dense(), [1, -1, 1])


def test_normalize_by_hand():
    np.testing.assert_allclose(Normalize().forward(x=X), [2 / 7, -3 / 7, 6 / 7], rtol=1e-15)
    want = np.array([[45, 6, -12], [6, 40, 18], [-12, 18, 13]]) / 343
    np.testing.assert_allclose(Normalize().jacobian("x", x=X).dense(), want, rtol=1e-14)


# ----- axes -----


@pytest.mark.parametrize("op", [Norm, SquaredNorm, L1Norm])
@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_reduction_of_each_fibre(op, axis):
    x = np.random.default_rng(7).uniform(-2, 2, (2, 3, 5))
    np.testing.assert_allclose(
        op(axis=axis).forward(x=x), np.apply_along_axis(lambda v: op().forward(x=v), axis, x), rtol=1e-15
    )
    J = op(axis=axis).jacobian("x", x=x).dense()
    want = np.zeros(J.shape)
    for out in np.ndindex(J.shape[:2]):
        fibre = (*out[: axis % 3], slice(None), *out[axis % 3 :])
        want[(*out, *fibre)] = op().jacobian("x", x=x[fibre]).dense()
    np.testing.assert_allclose(J, want, rtol=1e-14)


def test_normalize_each_fibre_of_the_middle_axis():
    x = np.random.default_rng(8).uniform(-2, 2, (2, 3, 5))
    J = Normalize(axis=1).jacobian("x", x=x)
    want = np.zeros(J.shape)
    for n, m in np.ndindex(2, 5):
        want[n, :, m, n, :, m] = Normalize().jacobian("x", x=x[n, :, m]).dense()
    np.testing.assert_allclose(J.dense(), want, rtol=0, atol=1e-15)
    assert str(J) == "δ_nn' δ_ij δ_mm' (1/norm(x))_nm - δ_nn' δ_mm' (1/norm(x))_nm u_nim u_njm"


@pytest.mark.parametrize("op", [Norm(), SquaredNorm(), L1Norm(), Normalize(axis=None)], ids=lambda op: op.name)
def test_all_axes_of_a_rank_3_array_are_those_of_the_flat_one(op):
    x = np.random.default_rng(9).uniform(-2, 2, (2, 3, 5))
    np.testing.assert_allclose(op.forward(x=x).ravel(), op.forward(x=x.ravel()).ravel(), rtol=1e-15)
    J = op.jacobian("x", x=x).dense()
    np.testing.assert_allclose(J.ravel(), op.jacobian("x", x=x.ravel()).dense().ravel(), rtol=1e-14)


def test_a_number_alone():
    assert Norm().forward(x=-3.0) == 3
    assert Norm().jacobian("x", x=-3.0).dense() == -1
    assert Normalize(axis=None).jacobian("x", x=-3.0).dense() == 0
    assert SquaredNorm().jacobian("x", x=-3.0).dense() == -6


# ----- extreme sizes -----


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 1e307])
def test_no_square_overflows_or_vanishes(size):
    x = size * X
    np.testing.assert_allclose(Norm().forward(x=x), size * 7, rtol=1e-13)
    np.testing.assert_allclose(Normalize().forward(x=x), X / 7, rtol=1e-13)
    if size > 1e-300:
        np.testing.assert_allclose(Norm().jacobian("x", x=x).dense(), X / 7, rtol=1e-14)


def test_rows_of_different_sizes():
    x = np.array([1e200 * X, 1e-200 * X])
    np.testing.assert_allclose(Norm(axis=1).forward(x=x), [7e200, 7e-200], rtol=1e-15)


def test_infinity_and_nan_pass_on():
    assert Norm().forward(x=[np.inf, 2.0]) == np.inf
    assert np.isnan(Norm().forward(x=[np.nan, 2.0]))
    np.testing.assert_array_equal(Normalize().forward(x=[[np.inf, 2.0], [0.0, 2.0]]), [[np.nan, 0.0], [0.0, 1.0]])
    assert np.isnan(L1Norm().jacobian("x", x=[np.nan, 2.0]).dense()[0])


@pytest.mark.parametrize("op", [Norm(), SquaredNorm(), L1Norm(), Normalize()], ids=lambda op: op.name)
def test_float32_is_kept(op):
    x = X.astype(np.float32)
    assert op.forward(x=x).dtype == op.jacobian("x", x=x).dense().dtype == np.float32


# ----- the point 0 -----


def test_norm_at_zero_has_a_value_and_no_jacobian():
    assert Norm().forward(x=np.zeros(3)) == 0
    with pytest.raises(InputError, match=r"^Norm\.x: expected x != 0, got x = 0; its norm has no derivative there"):
        Norm().jacobian("x", x=np.zeros(3))
    x = np.ones((2, 3, 5))
    x[1, :, 4] = 0
    with pytest.raises(InputError, match=r"^Norm\.x: expected x != 0, got x = 0 at \(n m\) = \(1, 4\); its norm"):
        Norm(axis=1).jacobian("x", x=x)


def test_normalize_refuses_zero():
    x = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
    with pytest.raises(InputError, match=r"^Normalize\.x: expected x != 0, got x = 0 at \(n\) = \(1\); it has"):
        Normalize().forward(x=x)
    np.testing.assert_allclose(Normalize(axis=0).forward(x=x), x / [1, 2], rtol=1e-15)


def test_l1_norm_at_its_kinks():
    x = np.array([[0.0, -3.0, 5.0], [0.25, 2.0, -0.5]])
    np.testing.assert_array_equal(L1Norm().jacobian("x", x=x).dense(), [[0, -1, 1], [1, 1, -1]])
    assert L1Norm().kink_distance(x=x) == 0
    assert L1Norm().kink_distance(x=x[1]) == 0.25
    assert L1Norm().near_kink(0.3, x=x[1])
    assert not L1Norm().near_kink(0.2, x=x[1])
