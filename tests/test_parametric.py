"""PReLU, Swish, softmax with a temperature, maxout: by hand, 50-digit values up to +-1e4, kinks, wrong input."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError
from jacobians.ops.linear import LinearRows
from jacobians.ops.parametric import Maxout, PReLU, Swish, TemperatureSoftmax
from jacobians.ops.rectifiers import LeakyReLU, SiLU
from jacobians.ops.softmax import Softmax
from tests.test_gates import GRID, TINY, logistic, worst

# ----- PReLU -----


def test_prelu_by_hand():
    inputs = {"x": [-3, 5, -7], "a": 0.5}
    np.testing.assert_array_equal(PReLU().forward(**inputs), [-1.5, 5, -3.5])
    J = PReLU().jacobians(**inputs)
    np.testing.assert_array_equal(J["x"].dense(), np.diag([0.5, 1, 0.5]))
    np.testing.assert_array_equal(J["a"].dense(), [-3, 0, -7])


def test_a_slope_for_each_channel():
    x = np.array([[-3.0, 5, -7], [2, -11, -13]])
    J = PReLU(axis=-1).jacobians(x=x, a=[0.5, 2, -1])
    np.testing.assert_array_equal(PReLU(axis=-1).forward(x=x, a=[0.5, 2, -1]), [[-1.5, 5, 7], [2, -22, 13]])
    np.testing.assert_array_equal(J["x"].dense().reshape(6, 6), np.diag([0.5, 1, -1, 1, 2, -1]))
    np.testing.assert_array_equal(
        J["a"].dense(), [[[-3, 0, 0], [0, 0, 0], [0, 0, -7]], [[0] * 3, [0, -11, 0], [0, 0, -13]]]
    )
    assert str(J["a"]) == "δ_jj' [x[i, j] <= 0] x_ij"
    by_rows = PReLU(axis=0).jacobian("a", x=x, a=[0.5, 2])
    np.testing.assert_array_equal(by_rows.dense(), [[[-3, 0], [0, 0], [-7, 0]], [[0, 0], [0, -11], [0, -13]]])


def test_at_the_kink_the_slope_is_that_of_leaky_relu():
    J = PReLU().jacobians(x=[0.0, -0.0], a=0.25)
    np.testing.assert_array_equal(J["x"].dense(), np.diag([0.25, 0.25]))
    np.testing.assert_array_equal(J["x"].dense(), LeakyReLU(0.25).jacobian("x", x=[0.0, -0.0]).dense())
    np.testing.assert_array_equal(J["a"].dense(), [0, 0])
    assert PReLU().near_kink(0.1, x=[-3.0, 0.05], a=0.25)
    assert not PReLU().near_kink(0.1, x=[-3.0, 0.5], a=0.25)


def test_prelu_is_exact_at_extremes():
    x = np.array([-1e4, 1e4, -1e-300, 1e300])
    np.testing.assert_array_equal(PReLU().forward(x=x, a=-3.0), [3e4, 1e4, 3e-300, 1e300])
    np.testing.assert_array_equal(PReLU().jacobian("a", x=x, a=-3.0).dense(), [-1e4, 0, -1e-300, 0])
    assert PReLU().forward(x=x[:2].astype(np.float32), a=np.float32(2)).dtype == np.float32


def test_prelu_refuses():
    with pytest.raises(InputError, match=r"PReLU.axis: expected an integer, or None for one slope, got 1.5"):
        PReLU(axis=1.5)
    with pytest.raises(ShapeError, match=r"PReLU.x: expected an axis from -2 to 1, got axis 2 for the shape \(2, 3\)"):
        PReLU(axis=2).forward(x=np.ones((2, 3)), a=np.ones(3))
    with pytest.raises(ShapeError, match=r"PReLU.a: expected \(j\) = \(3\), got \(5\); x fixes j = 3"):
        PReLU(axis=1).forward(x=np.ones((2, 3)), a=np.ones(5))
    with pytest.raises(ShapeError, match=r"PReLU.a: expected \(\) = \(\), got \(3\)"):
        PReLU().forward(x=np.ones((2, 3)), a=np.ones(3))


# ----- Swish -----


def test_swish_with_beta_1_is_silu_and_with_0_half_of_x():
    x = np.array([-3.0, 0.5, 7.0])
    np.testing.assert_allclose(Swish().forward(x=x, beta=1), SiLU().forward(x=x), rtol=1e-15)
    silu = SiLU().jacobian("x", x=x).dense()
    np.testing.assert_allclose(Swish().jacobian("x", x=x, beta=1).dense(), silu, rtol=1e-14)
    flat = Swish().jacobians(x=x, beta=0)
    np.testing.assert_array_equal(flat["x"].dense(), np.eye(3) / 2)
    np.testing.assert_array_equal(flat["beta"].dense(), x * x / 4)


@pytest.mark.parametrize("x", GRID)
@pytest.mark.parametrize("beta", [-1e4, -0.5, 1e-4, 2.0, 1e4])
def test_swish_at_extremes(x, beta):
    with mp.workdps(50):
        v, b = mp.mpf(x), mp.mpf(beta)
        gate = logistic(b * v)
        slope = gate * logistic(-b * v)
        J = Swish().jacobians(x=[x], beta=beta)
        assert worst(Swish().forward(x=[x], beta=beta), [v * gate]) < 1e-12
        assert worst(J["x"].dense(), [gate + b * v * slope]) < 1e-12
        assert worst(J["beta"].dense(), [v * v * slope]) < 1e-12


def test_one_beta_for_all_entries():
    with pytest.raises(ShapeError, match=r"Swish.beta: expected \(\) = \(\), got \(3\)"):
        Swish().forward(x=np.ones(3), beta=np.ones(3))


# ----- softmax with a temperature -----


def test_temperature_softmax_by_hand():
    x = 2 * np.log([1.0, 2.0, 5.0])  # at T = 2 probabilities 1/8, 2/8, 5/8
    p = np.array([1, 2, 5]) / 8
    op = TemperatureSoftmax()
    np.testing.assert_allclose(op.forward(x=x, T=2), p, rtol=1e-15)
    J = op.jacobians(x=x, T=2)
    np.testing.assert_allclose(J["x"].dense(), (np.diag(p) - np.outer(p, p)) / 2, rtol=1e-14)
    np.testing.assert_allclose(J["T"].dense(), -p * (x - p @ x) / 4, rtol=1e-14)


def test_temperature_1_is_softmax_and_a_large_one_flattens():
    x = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4]])
    op = TemperatureSoftmax(axis=0)
    np.testing.assert_allclose(op.forward(x=x, T=1), Softmax(0).forward(x=x), rtol=1e-15)
    by_x = Softmax(0).jacobian("x", x=x).dense()
    np.testing.assert_allclose(op.jacobian("x", x=x, T=1).dense(), by_x, rtol=1e-14)
    np.testing.assert_allclose(op.forward(x=x, T=1e12), np.full((2, 3), 0.5), rtol=1e-11)


def exact_tempered(x, T):
    """Value, Jacobian by x, Jacobian by T with 50 digits, without the cancellation of 1 - p or of x - mean."""
    v, t = [mp.mpf(float(a)) for a in x], mp.mpf(float(T))
    weights = [mp.exp((a - max(v)) / t) for a in v]
    p = [w / mp.fsum(weights) for w in weights]
    n = range(len(v))
    rest = [mp.fsum(p[k] for k in n if k != i) for i in n]
    by_x = [[(p[i] * rest[i] if i == j else -p[i] * p[j]) / t for j in n] for i in n]
    by_T = [-p[i] * mp.fsum(p[k] * (v[i] - v[k]) for k in n) / t**2 for i in n]
    return p, by_x, by_T


@pytest.mark.parametrize("T", [1e-3, 0.3, 1.0, 7.0, 1e4])
@pytest.mark.parametrize("scale", [0.1, 3.0, 700.0, 1e4])
def test_temperature_softmax_at_extremes(scale, T):
    rng = np.random.default_rng(13)
    for x in (rng.uniform(-scale, scale, 5), scale + rng.uniform(-1, 1, 5), np.array([scale, -scale, 0.0])):
        with mp.workdps(50):
            p, by_x, by_T = exact_tempered(x, T)
            J = TemperatureSoftmax().jacobians(x=x, T=T)
            assert worst(TemperatureSoftmax().forward(x=x, T=T), p) < 1e-12
            assert worst(J["x"].dense(), by_x) < 1e-12
            # where x_i is the mean the derivative is 0: its error is seen beside what x_i has to cancel
            parts = [p[i] * max(abs(mp.mpf(float(x[i] - a))) for a in x) / mp.mpf(T) ** 2 for i in range(len(p))]
            errors = [abs(mp.mpf(float(g)) - w) for g, w in zip(J["T"].dense(), by_T, strict=True)]
            assert max(e / max(part, mp.mpf(TINY)) for e, part in zip(errors, parts, strict=True)) < 1e-12
            assert np.isfinite(J["T"].shown.dense()).all()


@pytest.mark.parametrize("T", [0, -0.5])
def test_a_temperature_that_is_not_positive(T):
    with pytest.raises(InputError, match=rf"TemperatureSoftmax.T: expected entries > 0 .*, got {T:g}; a small T is"):
        TemperatureSoftmax().forward(x=[1.0, 2, 3], T=T)


def test_temperature_softmax_refuses():
    with pytest.raises(ShapeError, match=r"TemperatureSoftmax.T: expected \(\) = \(\), got \(2\)"):
        TemperatureSoftmax().forward(x=[1.0, 2, 3], T=[1.0, 2])
    with pytest.raises(InputError, match=r"axis: expected -1 <= axis < 1 for x of rank 1, got 1"):
        TemperatureSoftmax(axis=1).forward(x=[1.0, 2, 3], T=1)


def test_infinities_pass():
    np.testing.assert_array_equal(TemperatureSoftmax().forward(x=[0.0, -np.inf], T=2), [1, 0])
    assert np.isnan(TemperatureSoftmax().forward(x=[0.0, np.inf], T=2)).all()
    assert np.isnan(TemperatureSoftmax().forward(x=[0.0, 1.0], T=np.nan)).all()


# ----- maxout -----

PIECES = np.array([[[1.0, -1], [2, 0], [0, 3]], [[4, 1], [-2, 5], [1, -1]]])  # (i o k)
BIASES = np.array([[0.0, 1], [2, -3], [0, 0]])


def test_maxout_by_hand():
    inputs = {"x": [1, 2], "W": PIECES, "b": BIASES}
    # z = [[9, 2], [0, 7], [2, 1]]
    np.testing.assert_array_equal(Maxout().forward(**inputs), [9, 7, 2])
    J = Maxout().jacobians(**inputs)
    np.testing.assert_array_equal(J["x"].dense(), [[1, 4], [0, 5], [0, 1]])
    np.testing.assert_array_equal(J["W"].dense()[1], [[[0, 0], [0, 1], [0, 0]], [[0, 0], [0, 2], [0, 0]]])
    np.testing.assert_array_equal(J["b"].dense()[2], [[0, 0], [0, 0], [1, 0]])


def test_of_equal_pieces_the_first_counts():
    J = Maxout(bias=False).jacobian("x", x=[1.0], W=[[[2.0, 2.0, 1.0]]])
    np.testing.assert_array_equal(J.dense(), [[2]])
    by_W = Maxout(bias=False).jacobian("W", x=[1.0], W=[[[2.0, 2.0, 1.0]]])
    np.testing.assert_array_equal(by_W.dense().ravel(), [1, 0, 0])
    assert Maxout(bias=False).near_kink(0, x=[1.0], W=[[[2.0, 2.0, 1.0]]])


def test_one_piece_is_an_affine_map():
    rng = np.random.default_rng(4)
    x, W, b = rng.normal(size=(5, 2)), rng.normal(size=(2, 3)), rng.normal(size=3)
    affine, J = LinearRows().jacobians(x=x, W=W, b=b), Maxout().jacobians(x=x, W=W[..., None], b=b[:, None])
    for wrt, want in affine.items():
        np.testing.assert_array_equal(J[wrt].dense().reshape(want.shape), want.dense())
    assert not Maxout().near_kink(1e9, x=x, W=W[..., None], b=b[:, None])


def test_relu_is_a_maxout_of_two_pieces():
    model = jac.Model.parse("x : 3\nW : 3 x 2 x 2\ny = maxout(x, W)\nV : 2 x 3\nz = relu(V @ x)")
    point = model.random_point(seed=3)
    point["W"] = np.stack([point["V"].T, np.zeros((3, 2))], axis=-1)
    run = model.run(point)
    np.testing.assert_array_equal(run["y"], run["z"])
    np.testing.assert_array_equal(run.jacobian("y", "x").dense(), run.jacobian("z", "x").dense())
    assert 0 < np.count_nonzero(run["y"]) < 2


def test_maxout_at_extremes():
    x = np.array([1e4, -1e4])
    J = Maxout().jacobians(x=x, W=PIECES * 1e4, b=BIASES)
    np.testing.assert_array_equal(Maxout().forward(x=x, W=PIECES * 1e4, b=BIASES), [1 - 2e8, 4e8 + 2, 4e8])
    np.testing.assert_array_equal(J["x"].dense(), [[-1e4, 1e4], [2e4, -2e4], [3e4, -1e4]])


def test_maxout_refuses():
    with pytest.raises(ShapeError, match=r"Maxout.b: expected \(o k\) = \(3, 2\), got \(2, 3\); W fixes o = 3"):
        Maxout().forward(x=[1, 2], W=PIECES, b=BIASES.T)
    with pytest.raises(ShapeError, match=r"Maxout.W: expected \(i o k\) = \(5, 3, 2\), got \(2, 3, 2\); x fixes i = 5"):
        Maxout().forward(x=np.ones(5), W=PIECES, b=BIASES)
