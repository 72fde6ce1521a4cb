"""Sums, means, products, extremes, the running sum: examples by hand, axes, ties, zeros, wrong input."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.errors import InputError, ShapeError
from jacobians.ops.reduce import Cumsum, Max, Mean, Min, Prod, Sum, Var

X = np.array([3.0, -1.0, 7.0])
M = np.array([[2.0, 7.0, 3.0], [5.0, -4.0, 1.0]])

EXAMPLES = [
    (Sum(), 9, [1, 1, 1]),
    (Mean(), 3, [1 / 3, 1 / 3, 1 / 3]),
    (Var(), 32 / 3, [0, -8 / 3, 8 / 3]),
    (Var(ddof=1), 16, [0, -4, 4]),
    (Prod(), -21, [-7, 21, -3]),
    (Max(), 7, [0, 0, 1]),
    (Min(), -1, [0, 1, 0]),
    (Cumsum(), [3, 2, 9], [[1, 0, 0], [1, 1, 0], [1, 1, 1]]),
]


@pytest.mark.parametrize(("op", "value", "jacobian"), EXAMPLES, ids=lambda part: repr(part)[:20])
def test_by_hand(op, value, jacobian):
    np.testing.assert_allclose(op.forward(x=X), value, rtol=1e-15)
    np.testing.assert_allclose(op.jacobian("x", x=X).dense(), jacobian, rtol=1e-15)


# ----- axes -----


@pytest.mark.parametrize("op", [Sum, Mean, Var, Prod, Max, Min])
@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_each_fibre(op, axis):
    x = np.random.default_rng(7).uniform(-2, 2, (2, 3, 5))
    values = np.apply_along_axis(lambda v: op().forward(x=v), axis, x)
    np.testing.assert_allclose(op(axis=axis).forward(x=x), values, rtol=1e-14)
    J = op(axis=axis).jacobian("x", x=x).dense()
    want = np.zeros(J.shape)
    for out in np.ndindex(J.shape[:2]):
        fibre = (*out[: axis % 3], slice(None), *out[axis % 3 :])
        want[(*out, *fibre)] = op().jacobian("x", x=x[fibre]).dense()
    np.testing.assert_allclose(J, want, rtol=1e-13)


@pytest.mark.parametrize("op", [Sum(), Mean(), Var(ddof=2), Prod(), Max(), Min()], ids=repr)
def test_all_axes_of_a_rank_3_array_are_those_of_the_flat_one(op):
    x = np.random.default_rng(9).uniform(-2, 2, (2, 3, 5))
    np.testing.assert_allclose(op.forward(x=x), op.forward(x=x.ravel()), rtol=1e-14)
    J = op.jacobian("x", x=x)
    assert J.shape == (2, 3, 5)
    np.testing.assert_allclose(J.dense().ravel(), op.jacobian("x", x=x.ravel()).dense(), rtol=1e-13)


def test_cumsum_along_the_first_axis():
    J = Cumsum(axis=0).jacobian("x", x=M)
    np.testing.assert_array_equal(Cumsum(axis=0).forward(x=M), [[2, 7, 3], [7, 3, 4]])
    np.testing.assert_array_equal(J.dense(), np.einsum("ij,nm->injm", [[1, 0], [1, 1]], np.eye(3)))
    assert (str(J), J.pattern) == ("δ_nn' [i >= j]", "i j -> i n | j n")
    assert J.nnz == 9


def test_printed_labels_follow_the_axis():
    x = np.random.default_rng(1).uniform(-1, 1, (2, 3, 5))
    assert str(Sum(axis=1).jacobian("x", x=x)) == "δ_nn' δ_mm'"
    assert str(Mean().jacobian("x", x=M)) == "1/6"
    assert str(Var(axis=0).jacobian("x", x=x[0])) == "2/3 δ_nn' (x - mean(x))_in"
    assert str(Max().jacobian("x", x=M)) == "[i = argmax(x)[0]] [j = argmax(x)[1]]"
    assert str(Max(axis=1).jacobian("x", x=x)) == "δ_nn' δ_mm' [i = argmax(x)[n, m]]"
    assert str(Min(axis=0).jacobian("x", x=M)) == "δ_nn' [i = argmin(x)[n]]"


@pytest.mark.parametrize("op", [Sum(), Mean(), Prod(), Max(), Min()], ids=lambda op: op.name)
def test_a_number_alone_is_itself(op):
    assert op.forward(x=-3.0) == -3
    assert op.jacobian("x", x=-3.0).dense() == 1


# ----- max and min: ties and kinks -----


def test_of_several_extremes_the_first_counts():
    x = np.array([[1.0, 4.0, 4.0], [-2.0, -2.0, -5.0]])
    np.testing.assert_array_equal(Max(axis=1).jacobian("x", x=x)[0, 0].dense(), [0, 1, 0])
    np.testing.assert_array_equal(Max(axis=1).jacobian("x", x=x)[1, 1].dense(), [1, 0, 0])
    np.testing.assert_array_equal(Max().jacobian("x", x=x).dense(), [[0, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(Min().jacobian("x", x=-x).dense(), [[0, 1, 0], [0, 0, 0]])
    assert Max(axis=1).kink_distance(x=x) == Min().kink_distance(x=-x) == 0


def test_kink_distance_is_half_the_smallest_gap():
    assert Max().kink_distance(x=M) == 1
    assert Max(axis=1).kink_distance(x=M) == 2
    assert Max(axis=0).kink_distance(x=M) == 1
    assert Min(axis=1).kink_distance(x=M) == 0.5
    assert Max().kink_distance(x=np.array([5.0])) == np.inf
    assert Max().near_kink(1.0, x=M)
    assert not Max().near_kink(0.9, x=M)


def test_extremes_have_as_many_entries_as_they_pick():
    J = Max(axis=1).jacobian("x", x=M)
    assert J.nnz == 2
    assert J.size == 12


# ----- prod: zeros -----


@pytest.mark.parametrize(
    ("x", "want"),
    [([2, 0, 3, 5], [0, 30, 0, 0]), ([2, 0, 3, 0], [0, 0, 0, 0]), ([0, 2, 3], [6, 0, 0]), ([2, 3, 0], [0, 0, 6])],
)
def test_prod_with_zeros(x, want):
    np.testing.assert_array_equal(Prod().jacobian("x", x=x).dense(), want)
    np.testing.assert_array_equal(Prod(axis=0).jacobian("x", x=np.array(x)[:, None]).dense()[0, :, 0], want)


# ----- var -----


def test_var_keeps_its_digits_far_from_zero():
    x = 1e8 + X
    assert Var().forward(x=x) == 32 / 3
    np.testing.assert_allclose(Var(ddof=1).jacobian("x", x=x).dense(), [0, -4, 4], rtol=1e-15)


def test_var_needs_more_entries_than_ddof():
    with pytest.raises(InputError, match=r"^Var\.x: expected more than ddof = 3 entries along axis=1, got 3; they are"):
        Var(axis=1, ddof=3).forward(x=M)
    with pytest.raises(InputError, match=r"^Var\.x: expected more than ddof = 1 entries along axis=None, got 1; they"):
        Var(ddof=1).jacobian("x", x=2.0)
    for ddof in (-1, 0.5, True):
        with pytest.raises(InputError, match=rf"^Var\.ddof: expected an integer >= 0, got {ddof}$"):
            Var(ddof=ddof)


# ----- not finite, single precision, wrong input -----


@pytest.mark.parametrize("op", [Sum, Mean, Var, Prod, Max, Min])
def test_nan_and_infinity_pass_on_in_their_row(op):
    for bad in (np.nan, np.inf):
        x = np.array([[1.0, bad, 2.0], [0.1, 0.2, 0.4]])
        y = op(axis=1).forward(x=x)
        assert not np.isfinite(y[0]) or op is Min
        assert np.isfinite(y[1])
        assert np.all(np.isfinite(op(axis=1).jacobian("x", x=x)[1, 1].dense()))
    assert np.isnan(op().forward(x=[1.0, np.nan]))


@pytest.mark.parametrize("op", [Sum(), Mean(), Var(), Prod(), Max(), Min(), Cumsum()], ids=lambda op: op.name)
def test_float32_is_kept(op):
    assert op.forward(x=X.astype(np.float32)).dtype == np.float32


def test_an_axis_that_x_lacks():
    with pytest.raises(InputError, match=r"^Sum\.axis: expected -2 <= axis < 2 for x of rank 2, got 2$"):
        Sum(axis=2).forward(x=M)
    with pytest.raises(InputError, match=r"^Max\.axis: expected -1 <= axis < 1 for x of rank 1, got -2$"):
        Max(axis=-2).jacobian("x", x=X)
    with pytest.raises(InputError, match=r"^Cumsum\.axis: expected an integer, got None$"):
        Cumsum(axis=None)
    with pytest.raises(InputError, match=r"^Mean\.axis: expected an integer, or None for all axes, got \(0, 1\)$"):
        Mean(axis=(0, 1))


def test_an_empty_axis_is_refused():
    with pytest.raises(ShapeError, match=r"^Max\.x: expected \(n i\) without an empty axis, got \(2, 0\); axis i has"):
        Max(axis=1).forward(x=np.ones((2, 0)))
    with pytest.raises(ShapeError, match=r"^Sum\.x: expected \(i n\) without an empty axis, got \(3, 0\); axis n has"):
        Sum(axis=0).jacobian("x", x=np.ones((3, 0)))
