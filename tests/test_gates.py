"""GLU, SwiGLU, highway, dropout: by hand, 50-digit values up to +-1e4, wrong input; skips and branches in networks."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import jacobians as jac
from jacobians.checks import complex_step
from jacobians.errors import InputError, ModelError, ShapeError
from jacobians.ops.gates import GLU, Dropout, Highway, SwiGLU
from jacobians.special import sigmoid

TINY = 1e-290  # below, numbers lose their last digits one by one
X = [1.0, 2.0]
W = [[1.0, 0, 2], [3, 1, -1]]
V = [[2.0, 4, 6], [-1, -2, -3]]  # x V = 0: every gate is half open, sigmoid = 1/2, its slope 1/4
B = [1.0, 1, 1]


def worst(got, want):
    """The largest relative error; of numbers that float64 no longer holds to full precision, the absolute one."""
    assert np.all(np.isfinite(got))
    pairs = zip(np.ravel(got), np.ravel(np.array(want, object)), strict=True)
    return max(float(abs(mp.mpf(float(g)) - w) / max(abs(w), mp.mpf(TINY))) for g, w in pairs)


# ----- by hand -----


def test_glu_by_hand():
    inputs = {"x": X, "W": W, "V": V, "b": B, "c": [0.0, 0, 0]}
    np.testing.assert_array_equal(GLU().forward(**inputs), [4, 1.5, 0.5])  # half of u = (8, 3, 1)
    J = GLU().jacobians(**inputs)
    np.testing.assert_array_equal(J["x"].dense(), [[4.5, -0.5], [3, -1], [2.5, -1.25]])  # u/4 V^T + 1/2 W^T
    np.testing.assert_array_equal(J["W"].dense()[1], [[0, 0.5, 0], [0, 1, 0]])
    np.testing.assert_array_equal(J["V"].dense()[0], [[2, 0, 0], [4, 0, 0]])
    np.testing.assert_array_equal(J["b"].dense(), np.diag([0.5, 0.5, 0.5]))
    np.testing.assert_array_equal(J["c"].dense(), np.diag([2, 0.75, 0.25]))


def test_swiglu_by_hand():
    """Where x W = 0 only the slope of swish is left, which is 1/2: beta and V do not matter there."""
    inputs = {"x": X, "W": V, "V": W, "b": [0.0, 0, 0], "c": B}
    np.testing.assert_array_equal(SwiGLU().forward(**inputs), [0, 0, 0])
    J = SwiGLU().jacobians(**inputs)
    np.testing.assert_array_equal(J["x"].dense(), [[8, -4], [6, -3], [3, -1.5]])  # v/2 times the columns of V
    np.testing.assert_array_equal(J["V"].dense(), np.zeros((3, 2, 3)))
    beta = SwiGLU(learnt_beta=True).jacobians(**inputs, beta=7.0)
    np.testing.assert_array_equal(beta["x"].dense(), J["x"].dense())
    np.testing.assert_array_equal(beta["beta"].dense(), [0, 0, 0])


def test_feed_forward_swiglu_is_the_papers():
    """Eq. 6: (Swish_1(x W) ⊙ x V) W2."""
    model = jac.Model.parse("x : 3\nW : 3 x 5\nV : 3 x 5\nW2 : 5 x 2\ny = swiglu(x, W, V) @ W2")
    point = model.random_point(seed=4)
    run = model.run(point)
    u, v = point["x"] @ point["W"], point["x"] @ point["V"]
    np.testing.assert_allclose(run["y"], (u * sigmoid(u) * v) @ point["W2"], rtol=1e-14)
    gate = sigmoid(u)
    slope = gate + u * gate * (1 - gate)
    by_x = point["W2"].T @ (np.diag(slope * v) @ point["W"].T + np.diag(u * gate) @ point["V"].T)
    np.testing.assert_allclose(run.jacobian("y", "x").dense(), by_x, rtol=1e-13)
    assert run.check().ok


def test_swiglu_takes_as_many_arguments_as_the_paper_gives_it():
    leaves = "x : 2\nW : 2 x 3\nV : 2 x 3\nb : 3\nc : 3\nbeta : scalar\n"
    options = {}
    for arguments in ("x, W, V", "x, W, V, b, c", "x, W, V, b, c, beta", "x, W, V, beta"):
        names = arguments.split(", ")
        declared = "".join(line + "\n" for line in leaves.splitlines() if line.split()[0] in names)
        op = jac.Model.parse(f"{declared}y = swiglu({arguments})").nodes["y"].op
        options[arguments] = (op.bias, op.learnt_beta)
    assert list(options.values()) == [(False, False), (True, False), (True, True), (False, True)]


def test_highway_by_hand():
    """The gate T is half open, H = tanh(0) = 0: y = x / 2, and half of tanh' W_H is added."""
    inputs = {"x": X, "W_H": [[2, -1], [-4, 2]], "b_H": [0, 0], "W_T": [[0, 0], [0, 0]], "b_T": [0, 0]}
    np.testing.assert_array_equal(Highway().forward(**inputs), [0.5, 1])
    J = Highway().jacobians(**inputs)
    np.testing.assert_array_equal(J["x"].dense(), [[1.5, -0.5], [-2, 1.5]])
    np.testing.assert_array_equal(J["b_H"].dense(), [[0.5, 0], [0, 0.5]])
    np.testing.assert_array_equal(J["b_T"].dense(), [[-0.25, 0], [0, -0.5]])  # (H - x) / 4
    np.testing.assert_array_equal(J["W_T"].dense()[1], [[0, 0], [-0.5, -1]])


def test_a_closed_gate_lets_x_pass_and_an_open_one_the_transform():
    rng = np.random.default_rng(2)
    inputs = {"x": rng.normal(size=3), "W_H": rng.normal(size=(3, 3)), "b_H": rng.normal(size=3)}
    inputs["W_T"] = np.zeros((3, 3))
    z = inputs["W_H"] @ inputs["x"] + inputs["b_H"]
    closed, opened = ({**inputs, "b_T": np.full(3, s * 1e4)} for s in (-1, 1))
    np.testing.assert_array_equal(Highway().forward(**closed), inputs["x"])
    np.testing.assert_array_equal(Highway().jacobian("x", **closed).dense(), np.eye(3))
    np.testing.assert_allclose(Highway().forward(**opened), np.tanh(z), rtol=1e-15)
    by_x = np.diag(1 - np.tanh(z) ** 2) @ inputs["W_H"]
    np.testing.assert_allclose(Highway().jacobian("x", **opened).dense(), by_x, rtol=1e-12)


def test_dropout_by_hand():
    op = Dropout(rate=0.75)
    np.testing.assert_array_equal(op.forward(x=[3, 5, 7], mask=[1, 0, 1]), [12, 0, 28])
    J = op.jacobian("x", x=[3, 5, 7], mask=[1, 0, 1])
    np.testing.assert_array_equal(J.dense(), np.diag([4, 0, 4]))
    assert str(J) == "4 δ_ii' mask_i"
    np.testing.assert_array_equal(Dropout(0).forward(x=[3, 5], mask=[1, 1]), [3, 5])


@pytest.mark.parametrize("kind", [bool, np.int64, np.float32, np.float64])
def test_a_mask_of_any_type(kind):
    mask = np.array([[0, 1, 1], [1, 0, 1]]).astype(kind)
    x = np.arange(2.0, 8.0).reshape(2, 3)
    np.testing.assert_array_equal(Dropout().forward(x=x, mask=mask), [[0, 6, 8], [10, 0, 14]])
    J = Dropout().jacobian("x", x=x, mask=mask)
    np.testing.assert_array_equal(J.dense().reshape(6, 6), np.diag([0, 2, 2, 2, 0, 2]))
    assert str(J) == "2 δ_ii' δ_jj' mask_ij"


def test_float32_stays_and_what_is_dropped_may_be_infinite():
    x = np.array([1, np.inf, 3], np.float32)
    y = Dropout().forward(x=x, mask=[1, 0, 1])
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, [2, 0, 6])
    assert Dropout().jacobian("x", x=x, mask=[1, 0, 1]).dense().dtype == np.float32


# ----- two batch axes -----


@pytest.mark.parametrize("op", [GLU(), GLU(bias=False), SwiGLU(learnt_beta=True), Highway("sigmoid")], ids=repr)
def test_two_batch_axes(op):
    sizes = {"i": (2,), "o": (3,), "...": (5, 7)}
    rng = np.random.default_rng(3)
    inputs = {
        name: rng.uniform(-1, 1, [n for word in labels.split() for n in sizes[word]])
        for name, labels in op.declared().items()
    }
    assert op.forward(**inputs).shape[:2] == (5, 7)
    for wrt in inputs:
        want = complex_step(lambda v, wrt=wrt: op.compute(**{**inputs, wrt: v}), inputs[wrt])
        np.testing.assert_allclose(op.jacobian(wrt, **inputs).dense(), want, rtol=0, atol=1e-13)


# ----- 50 digits -----


def logistic(z):
    return 1 / (1 + mp.exp(-z))


GRID = [-1e4, -745.0, -700.0, -36.5, -1.25, -1e-9, 0.0, 1e-300, 0.3, 7.0, 36.5, 700.0, 1e4]


@pytest.mark.parametrize("v", GRID)
@pytest.mark.parametrize("w", [-1e4, -0.7, 3.0, 1e4])
def test_glu_and_swiglu_at_extremes(v, w):
    """One entry: x = 1, so that u = w and v are exact."""
    with mp.workdps(50):
        one, gate, slope = mp.mpf(w), logistic(mp.mpf(v)), logistic(mp.mpf(v)) * logistic(-mp.mpf(v))
        inputs = {"x": [1.0], "W": [[w]], "V": [[v]]}
        glu, J = GLU(bias=False).forward(**inputs), GLU(bias=False).jacobians(**inputs)
        assert worst(glu, [one * gate]) < 1e-12
        assert worst(J["W"].dense(), [gate]) < 1e-12
        assert worst(J["V"].dense(), [one * slope]) < 1e-12
        inputs = {"x": [1.0], "W": [[v]], "V": [[w]]}
        swiglu, J = SwiGLU(bias=False).forward(**inputs), SwiGLU(bias=False).jacobians(**inputs)
        assert worst(swiglu, [mp.mpf(v) * gate * one]) < 1e-12
        assert worst(J["V"].dense(), [mp.mpf(v) * gate]) < 1e-12
        assert worst(J["W"].dense(), [one * (gate + mp.mpf(v) * slope)]) < 1e-12


@pytest.mark.parametrize("t", GRID)
@pytest.mark.parametrize("h", [-1e4, -0.7, 3.0, 19.0])
def test_highway_at_extremes(t, h):
    """One entry, with the biases as pre-activations."""
    x, zero = 0.25, [[0.0]]
    inputs = {"x": [x], "W_H": zero, "b_H": [h], "W_T": zero, "b_T": [t]}
    with mp.workdps(400):
        T, H = logistic(mp.mpf(t)), mp.tanh(mp.mpf(h))
        J = Highway().jacobians(**inputs)
        assert worst(Highway().forward(**inputs), [T * H + (1 - T) * x]) < 1e-12
        assert worst(J["b_H"].dense(), [T * mp.sech(mp.mpf(h)) ** 2]) < 1e-12
        assert worst(J["b_T"].dense(), [(H - x) * T * logistic(-mp.mpf(t))]) < 1e-12


# ----- wrong input -----


@pytest.mark.parametrize("rate", [1, 1.5, -0.25])
def test_a_rate_outside_its_interval(rate):
    with pytest.raises(InputError, match=rf"Dropout: expected 0 <= rate < 1, got rate = {rate:g}; rate=0 keeps all"):
        Dropout(rate)


@pytest.mark.parametrize("rate", ["half", float("nan"), None, True])
def test_a_rate_that_is_no_number(rate):
    with pytest.raises(InputError, match="Dropout: option rate must be a finite real number, got"):
        Dropout(rate)


@pytest.mark.parametrize(
    ("x", "mask", "kind", "message"),
    [
        ([1, 2, 3], [1, 0, 2], InputError, r"Dropout.mask: expected 0 .* or 1 .* everywhere, got 2 at index \(2\)"),
        ([[1, 2], [3, 4]], [[1, 0], [-1, 1]], InputError, r"got -1 at index \(1, 0\); the factor 1 / \(1 - rate\)"),
        ([1, 2, 3], [1, 0, float("nan")], InputError, r"got nan at index \(2\)"),
        ([[1, 2, 3], [4, 5, 6]], [[1, 0], [1, 0], [0, 1]], ShapeError, r"\(i j\) = \(2, 3\), got \(3, 2\); x fixes"),
        ([[1, 2, 3], [4, 5, 6]], [1, 0, 1], ShapeError, r"Dropout.mask: expected \(i j\) = \(2, 3\), got \(3\)"),
    ],
)
def test_a_wrong_mask(x, mask, kind, message):
    with pytest.raises(kind, match=message):
        Dropout().forward(x=x, mask=mask)


def test_no_jacobian_by_the_mask():
    with pytest.raises(InputError, match="Dropout: no Jacobian by mask: its entries are 0 or 1"):
        Dropout().jacobian("mask", x=[1, 2], mask=[0, 1])


def test_dropout_without_its_mask():
    with pytest.raises(ModelError, match=r"line 2, column 5.*dropout takes 2 arguments \(x, mask\), got 1"):
        jac.Model.parse("x : 3\ny = dropout(x)")


@pytest.mark.parametrize("name", ["W_H", "W_T"])
def test_a_highway_keeps_its_size(name):
    inputs = {"x": np.ones(3), "W_H": np.ones((3, 3)), "b_H": np.ones(3), "W_T": np.ones((3, 3)), "b_T": np.ones(3)}
    message = rf"Highway.{name}: expected \(i i\) = \(3, 3\), got \(5, 3\); x passes where the gate is closed"
    with pytest.raises(ShapeError, match=message):
        Highway().forward(**{**inputs, name: np.ones((5, 3))})


def test_an_unknown_activation():
    with pytest.raises(InputError, match="Highway: unknown activation 'softmax'; known are tanh, relu, sigmoid, ident"):
        Highway("softmax")


def test_gate_and_value_must_have_as_many_columns():
    with pytest.raises(ShapeError, match=r"GLU.V: expected \(i o\) = \(2, 3\), got \(2, 5\); W fixes o = 3"):
        GLU(bias=False).forward(x=np.ones(2), W=np.ones((2, 3)), V=np.ones((2, 5)))


# ----- residual connections, skips, branches -----


def test_a_residual_block_is_the_identity_and_the_jacobian_of_its_branch():
    model = jac.Model.parse("x : 3\nW1 : 5 x 3\nb1 : 5\nW2 : 3 x 5\nf = W2 @ tanh(W1 @ x + b1)\ny = x + f\nu = y + x")
    run = model.run(model.random_point(seed=1))
    branch = run.jacobian("f", "x").dense()
    assert np.abs(branch - branch.T).max() > 0.1
    np.testing.assert_allclose(run.jacobian("y", "x").dense(), np.eye(3) + branch, rtol=1e-14)
    np.testing.assert_allclose(run.jacobian("u", "x").dense(), 2 * np.eye(3) + branch, rtol=1e-14)
    assert str(run.jacobian("y", "x")) == f"δ_ij + {run.jacobian('f', 'x')}"
    np.testing.assert_array_equal(run.jacobian("y", "W2").dense(), run.jacobian("f", "W2").dense())
    assert run.check().ok


def test_residual_blocks_multiply_out():
    """(Id + J2)(Id + J1) = Id + J1 + J2 + J2 J1, a path for each subset of branches."""
    model = jac.Model.parse("x : 3\nW1 : 3 x 3\nW2 : 3 x 3\nf = W1 @ x\nh = x + f\ng = W2 @ tanh(h)\ny = h + g")
    run = model.run(model.random_point(seed=6))
    J1, J2 = run.jacobian("f", "x").dense(), run.jacobian("g", "h").dense()
    np.testing.assert_allclose(run.jacobian("y", "x").dense(), np.eye(3) + J1 + J2 + J2 @ J1, rtol=1e-13)
    assert model.paths("y", "x").count == 4


def test_a_gate_that_multiplies_its_own_input():
    """y = x ⊙ sigmoid(W x), a squeeze-and-excitation gate: diag(gate) + diag(x) J_gate."""
    model = jac.Model.parse("x : 3\nW : 3 x 3\ng = sigmoid(W @ x)\ny = x * g")
    run = model.run(model.random_point(seed=8))
    gate = run.jacobian("g", "x").dense()
    want = np.diag(run["g"]) + np.diag(run["x"]) @ gate
    np.testing.assert_allclose(run.jacobian("y", "x").dense(), want, rtol=1e-14)


def test_branches_that_are_joined_stack():
    model = jac.Model.parse("x : 3\nW : 2 x 3\nV : 5 x 3\nf = tanh(W @ x)\ng = sigmoid(V @ x)\ny = concat(f, g, x)")
    run = model.run(model.random_point(seed=9))
    parts = [run.jacobian(name, "x").dense() for name in ("f", "g")]
    np.testing.assert_array_equal(run.jacobian("y", "x").dense(), np.concatenate([*parts, np.eye(3)]))
    by_V = run.jacobian("y", "V").dense()
    np.testing.assert_array_equal(by_V[2:7], run.jacobian("g", "V").dense())
    assert not by_V[:2].any()
    assert not by_V[7:].any()
