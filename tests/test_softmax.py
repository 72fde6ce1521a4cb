"""Softmax, log_softmax, logsumexp: an example by hand, 50-digit values up to +-1e4, axes, infinities, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians.errors import InputError, ShapeError
from jacobians.ops.softmax import LogSoftmax, LogSumExp, Softmax

THIRDS = np.log([1.0, 2.0, 5.0])  # probabilities 1/8, 2/8, 5/8
TINY = 1e-300  # below, numbers lose their last digits one by one


def test_softmax_by_hand():
    p = np.array([1, 2, 5]) / 8
    np.testing.assert_allclose(Softmax().forward(x=THIRDS), p, rtol=1e-15)
    want = [[7 / 64, -2 / 64, -5 / 64], [-2 / 64, 12 / 64, -10 / 64], [-5 / 64, -10 / 64, 15 / 64]]
    np.testing.assert_allclose(Softmax().jacobian("x", x=THIRDS).dense(), want, rtol=1e-14)


def test_log_softmax_by_hand():
    np.testing.assert_allclose(LogSoftmax().forward(x=THIRDS), np.log([1 / 8, 2 / 8, 5 / 8]), rtol=1e-15)
    want = [[7 / 8, -2 / 8, -5 / 8], [-1 / 8, 6 / 8, -5 / 8], [-1 / 8, -2 / 8, 3 / 8]]
    np.testing.assert_allclose(LogSoftmax().jacobian("x", x=THIRDS).dense(), want, rtol=1e-14)


def test_logsumexp_by_hand():
    np.testing.assert_allclose(LogSumExp().forward(x=THIRDS), np.log(8), rtol=1e-15)
    np.testing.assert_allclose(LogSumExp().jacobian("x", x=THIRDS).dense(), [1 / 8, 2 / 8, 5 / 8], rtol=1e-15)


# ----- 50 digits -----


class Exact:
    """The ops with 50 digits for one vector, written without the cancellation of 1 - p."""

    def __init__(self, x):
        mpmath.mp.dps = 50
        self.x = [mpmath.mpf(float(v)) for v in x]
        self.top = max(self.x)
        weights = [mpmath.exp(v - self.top) for v in self.x]
        first = self.x.index(self.top)
        self.tail = mpmath.fsum(w for k, w in enumerate(weights) if k != first)
        self.p = [w / (1 + self.tail) for w in weights]

    def rest(self, i):
        """1 - p_i."""
        return mpmath.fsum(p for k, p in enumerate(self.p) if k != i)

    def values(self):
        normalizer = mpmath.log1p(self.tail)
        return {
            Softmax: self.p,
            LogSoftmax: [v - self.top - normalizer for v in self.x],
            LogSumExp: [self.top + normalizer],
        }

    def jacobians(self):
        n = range(len(self.x))
        return {
            Softmax: [p * self.rest(i) if i == j else -p * self.p[j] for i, p in enumerate(self.p) for j in n],
            LogSoftmax: [self.rest(i) if i == j else -self.p[j] for i in n for j in n],
            LogSumExp: self.p,
        }


def worst(got, want):
    """The largest relative error; of numbers that float64 no longer holds to full precision, the absolute one."""
    assert np.all(np.isfinite(got))
    pairs = zip(map(float, np.ravel(got)), want, strict=True)
    return max(float(abs(g - w) / (abs(w) if abs(w) > TINY else 1)) for g, w in pairs)


def points():
    rng = np.random.default_rng(11)
    for scale in (0.1, 1.0, 3.0, 30.0, 700.0, 1e4):
        for size in (2, 5, 17):
            yield from rng.uniform(-scale, scale, (5, size))
    yield from (np.array(x) for x in ([1e4, -1e4, 0.0], [-1e4, -1e4], [700.3, 0.1, 0.2], [1e4, 1e4 - 700.7, 9e3]))
    yield from (np.array([x, 0.0, -50.0]) for x in (2.1, 2.2, 36.0, 37.0, 100.0))  # p from 0.9 to 1


@pytest.mark.parametrize("op", [Softmax(), LogSoftmax(), LogSumExp()], ids=lambda op: op.name)
def test_right_to_the_last_digits_up_to_1e4(op):
    for x in points():
        exact = Exact(x)
        assert worst(op.forward(x=x), exact.values()[type(op)]) < 1e-14, x
        assert worst(op.jacobian("x", x=x).dense(), exact.jacobians()[type(op)]) < 1e-14, x


def test_a_saturated_softmax_prints_and_multiplies_as_the_textbook():
    x = np.array([[4.0, -1.0, 0.5], [0.3, 0.2, 0.1]])  # a row with p_0 > 0.9 and one without
    p = Softmax().forward(x=x)
    want = np.einsum("nm,ni,ij->nimj", np.eye(2), p, np.eye(3)) - np.einsum("nm,ni,nj->nimj", np.eye(2), p, p)
    J = Softmax().jacobian("x", x=x)
    assert str(J) == "δ_nn' δ_ij p_ni - δ_nn' p_ni p_nj"
    assert len(J.terms) == 3
    for K in (J, J.contract(), J.merge(), J.T.T):
        np.testing.assert_allclose(K.dense(), want, rtol=0, atol=1e-15)
    v = np.array([[2.0, -3.0, 5.0], [7.0, 11.0, -13.0]])
    np.testing.assert_allclose(J.apply(v), np.einsum("nimj,mj->ni", want, v), rtol=0, atol=1e-14)
    L = LogSoftmax().jacobian("x", x=x)
    assert str(L) == "δ_nn' δ_ij - δ_nn' softmax(x)_nj"
    np.testing.assert_allclose(L.merge().dense() * p[:, :, None, None], want, rtol=0, atol=1e-15)


# ----- axes -----


@pytest.mark.parametrize("op", [Softmax, LogSoftmax, LogSumExp])
def test_an_axis_in_the_middle_is_the_last_axis_moved(op):
    x = np.random.default_rng(3).uniform(-2, 2, (2, 3, 5))
    moved = np.moveaxis(x, 1, -1)
    y, z = op(axis=1).forward(x=x), op(axis=-1).forward(x=moved)
    J, K = op(axis=1).jacobian("x", x=x).dense(), op(axis=-1).jacobian("x", x=moved).dense()
    out = y.ndim
    if out == 3:
        z, K = np.moveaxis(z, -1, 1), np.moveaxis(K, 2, 1)
    np.testing.assert_array_equal(y, z)
    np.testing.assert_allclose(J, np.moveaxis(K, -1, out + 1), rtol=0, atol=1e-16)


def test_logsumexp_over_all_axes_is_that_of_the_flat_array():
    x = np.random.default_rng(4).uniform(-2, 2, (2, 3, 5))
    J = LogSumExp().jacobian("x", x=x)
    np.testing.assert_allclose(J.dense().ravel(), LogSumExp().jacobian("x", x=x.ravel()).dense(), rtol=1e-15)
    assert str(J) == "softmax(x)_ijk"


def test_printed_labels_follow_the_axis():
    x = np.random.default_rng(4).uniform(-1, 1, (2, 3, 5))
    assert str(Softmax(axis=0).jacobian("x", x=x[0])) == "δ_ij δ_nn' p_in - δ_nn' p_in p_jn"
    assert str(LogSumExp(axis=1).jacobian("x", x=x)) == "δ_nn' δ_mm' softmax(x)_nim"
    assert Softmax(axis=1).jacobian("x", x=x).pattern == "n i m -> n i m | n i m\nn i m, n j m -> n i m | n j m"


# ----- not finite, and single precision -----


def test_infinite_entries():
    masked = np.array([0.0, -np.inf, 0.0])
    np.testing.assert_array_equal(Softmax().forward(x=masked), [0.5, 0.0, 0.5])
    np.testing.assert_allclose(LogSoftmax().forward(x=masked), [-np.log(2), -np.inf, -np.log(2)], rtol=1e-15)
    np.testing.assert_allclose(LogSumExp().forward(x=masked), np.log(2), rtol=1e-15)
    np.testing.assert_allclose(
        Softmax().jacobian("x", x=masked).dense(), [[0.25, 0, -0.25], [0, 0, 0], [-0.25, 0, 0.25]], rtol=1e-15
    )
    assert LogSumExp().forward(x=[np.inf, 1e4, -np.inf]) == np.inf
    assert LogSumExp().forward(x=[-np.inf, -np.inf]) == -np.inf
    assert np.all(np.isnan(Softmax().forward(x=[np.inf, 1e4, 3.0])))


@pytest.mark.parametrize("op", [Softmax(), LogSoftmax(), LogSumExp(axis=-1)], ids=lambda op: op.name)
def test_nan_stays_in_its_row(op):
    x = np.array([[1.0, np.nan, 2.0], [0.1, 0.2, 0.4]])
    y, J = op.forward(x=x), op.jacobian("x", x=x)
    assert np.all(np.isnan(y[0]))
    np.testing.assert_array_equal(y[1], op.forward(x=x[1]))
    assert np.all(np.isfinite(J[1, ..., 1, :].dense()))


@pytest.mark.parametrize("op", [Softmax(), LogSoftmax(), LogSumExp()], ids=lambda op: op.name)
def test_float32_is_kept(op):
    for x in (np.float32([0.1, 0.2, -0.3]), np.float32([40, 0, -3])):
        assert op.forward(x=x).dtype == np.float32
        assert op.jacobian("x", x=x).dense().dtype == np.float32
        np.testing.assert_allclose(op.forward(x=x), op.forward(x=x.astype(np.float64)), rtol=1e-6)


# ----- wrong input -----


def test_an_axis_that_x_lacks():
    x = np.ones((2, 3))
    with pytest.raises(InputError, match=r"^Softmax\.axis: expected -2 <= axis < 2 for x of rank 2, got 2$"):
        Softmax(axis=2).forward(x=x)
    with pytest.raises(InputError, match=r"^LogSumExp\.axis: expected -2 <= axis < 2 for x of rank 2, got -3$"):
        LogSumExp(axis=-3).jacobian("x", x=x)
    with pytest.raises(
        InputError, match=r"^LogSoftmax\.axis: expected an x of rank 1 or more, got axis=-1 for an x of rank 0"
    ):
        LogSoftmax().forward(x=3.0)


def test_an_axis_that_is_no_integer():
    with pytest.raises(InputError, match=r"^Softmax\.axis: expected an integer, got None$"):
        Softmax(axis=None)
    with pytest.raises(InputError, match=r"^LogSumExp\.axis: expected an integer, or None for all axes, got 1\.5$"):
        LogSumExp(axis=1.5)
    with pytest.raises(InputError, match=r"^LogSoftmax\.axis: expected an integer, got True$"):
        LogSoftmax(axis=True)


def test_an_empty_axis_is_refused():
    with pytest.raises(ShapeError, match=r"Softmax\.x: expected \(n i\) without an empty axis, got \(2, 0\); axis i"):
        Softmax().forward(x=np.ones((2, 0)))
    with pytest.raises(ShapeError, match=r"LogSumExp\.x: expected \(i\) without an empty axis, got \(0\)"):
        LogSumExp().jacobian("x", x=[])
