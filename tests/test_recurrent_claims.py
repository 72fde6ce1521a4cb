"""Published claims about recurrent networks: true ones hold, false ones do not and their corrections do.

Where a verdict depends on the reading, both readings are tried.

The names are those of the collection that the claims come from.
"""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac

SEEDS = (0, 1, 2)


def differs(got, want):
    assert np.max(np.abs(np.asarray(got) - np.asarray(want))) > 1e-4 * np.max(np.abs(want))


def equals(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def at(model, seed):
    """A run, and a function d(of, wrt) for the dense Jacobians."""
    run = model.run(model.random_point(seed))
    return run, lambda of, wrt: run.jacobian(of, wrt).dense()


# ----- a scalar linear recurrence: S_k = S_k-1 w_rec + x_k w_x -----


@pytest.fixture(params=SEEDS)
def scalar(request):
    model = jac.rnn([1, 1, 1], steps=4, cell="identity")
    run = model.run({**model.random_point(request.param), "b": [0.0]})
    return run, lambda of, wrt: run.jacobian(of, wrt).dense().item()


def test_rnn_11_depends_on_an_input_before_the_first(scalar):
    run, d = scalar
    summands = [d("L", f"h{k}") * run[f"x{k}"].item() for k in range(1, 5)]
    equals(d("L", "W_x"), sum(summands))  # the sum from k = 1, or from k = 0 with x_0 = 0
    differs(d("L", "h0") * 0.7 + sum(summands), d("L", "W_x"))  # from k = 0 with any other x_0


def test_rnn_12_true(scalar):
    run, d = scalar
    equals(d("L", "W_h"), sum(d("L", f"h{k}") * run[f"h{k - 1}"].item() for k in range(1, 5)))


def test_rnn_13_true(scalar):
    run, d = scalar
    for m in range(5):
        equals(d("h4", f"h{4 - m}"), run["W_h"].item() ** m)


# ----- a GRU in rows, one step -----

GRU = """
h0 : 3
x : 3
y : 3
W_r : 3 x 3
W_z : 3 x 3
W_g : 3 x 3
U_r : 3 x 3
U_z : 3 x 3
U_g : 3 x 3
r = sigmoid(h0 @ W_r + x @ U_r)
z = sigmoid(h0 @ W_z + x @ U_z)
k = 1 - z
s = h0 * r
a = s @ W_g + x @ U_g
g = tanh(a)
h = h0 * k + z * g
L = 1/2 * norm(h - y)^2
"""


@pytest.fixture(params=SEEDS)
def gru(request):
    return at(jac.Model.parse(GRU), request.param)


def test_gru_01_false(gru):
    run, d = gru
    delta = d("L", "h")
    differs(delta * run["g"] + delta * run["z"], d("L", "z"))
    equals(delta * (run["g"] - run["h0"]), d("L", "z"))


def test_gru_02_false(gru):
    run, d = gru
    delta5 = d("L", "h") * run["h0"]
    equals(delta5, d("L", "k"))
    through_k = d("L", "k") @ d("k", "z")
    differs(1 - delta5, through_k)
    equals(-delta5, through_k)


def test_gru_03_true(gru):
    run, d = gru
    equals(d("L", "h") * run["z"] * (1 - run["g"] ** 2), d("L", "a"))


def test_gru_04_false(gru):
    run, d = gru
    delta10 = d("L", "a")
    equals(delta10 @ run["W_g"].T, d("L", "s"))
    differs(delta10 @ run["U_g"].T * run["h0"], d("L", "r"))
    equals(delta10 @ run["W_g"].T * run["h0"], d("L", "r"))


# ----- LSTM -----


@pytest.fixture(params=SEEDS)
def lstm(request):
    return at(jac.rnn([2, 3, 2], steps=3, cell="lstm"), request.param)


@pytest.fixture(params=SEEDS)
def scalar_lstm(request):
    run, d = at(jac.rnn([1, 1, 1], steps=3, cell="lstm"), request.param)
    return {name: np.asarray(value).item() for name, value in run.values.items()}, lambda *pair: d(*pair).item()


def test_lstm_04_true(lstm):
    run, _ = lstm
    slope = run["f2"] * (1 - run["f2"])
    # the immediate Jacobian: h1 depends on the same weights, and is held fixed
    immediate = run.through_time("f2", "W_hf").uses[-1]
    assert immediate.node == "z_f2"
    got = np.diag(slope) @ immediate.immediate.dense().reshape(3, 9)
    want = np.einsum("pi,i,j->pij", np.eye(3), slope, run["h1"])
    equals(got.reshape(3, 3, 3), want)


def test_lstm_05_true(lstm):
    run, d = lstm
    for k, use in enumerate(run.through_time("L", "W_hf").uses, 1):
        f = run[f"f{k}"]
        column = d("L", f"c{k}") * f * (1 - f) * run[f"c{k - 1}"]
        equals(use.jacobian.dense(), np.outer(column, run[f"h{k - 1}"]))


def test_lstm_07_false(scalar_lstm):
    v, d = scalar_lstm
    tanh = np.tanh(v["c2"])
    differs(v["x3"] + v["W_ho"] * tanh * v["o2"] * (1 - v["o2"]) * d("z_o2", "W_xo"), d("z_o3", "W_xo"))
    inner = tanh * d("o2", "W_xo") + v["o2"] * (1 - tanh**2) * d("c2", "W_xo")
    equals(v["x3"] + v["W_ho"] * inner, d("z_o3", "W_xo"))
    first = v["x2"] + v["W_ho"] * np.tanh(v["c1"]) * v["o1"] * (1 - v["o1"]) * d("z_o1", "W_xo")
    equals(first, d("z_o2", "W_xo"))  # for t <= 2 it is right


def test_lstm_08_false(scalar_lstm):
    v, d = scalar_lstm
    inner = v["o2"] * (1 - np.tanh(v["c2"]) ** 2) * v["c1"] * v["f3"] * (1 - v["f3"]) * d("z_f2", "W_xf")
    differs(v["x3"] + v["W_hf"] * inner, d("z_f3", "W_xf"))
    equals(v["x3"] + v["W_hf"] * d("h2", "W_xf"), d("z_f3", "W_xf"))


@pytest.mark.parametrize("seed", SEEDS)
def test_lstm_09_corrected_is_the_whole_in_the_first_step(seed):
    # as written it divides by h_t and not by dh_t: nothing to evaluate
    run, d = at(jac.rnn([1, 1, 1], steps=1, cell="lstm"), seed)
    product = d("L", "h1") * d("h1", "c1") * d("c1", "f1") * d("f1", "z_f1") * run["x1"]
    equals(product, d("L", "W_xf"))


def test_lstm_10_true(scalar_lstm):
    v, d = scalar_lstm
    equals(d("h3", "c3"), v["o3"] * (1 - np.tanh(v["c3"]) ** 2))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_lh_01_false(lstm):
    run, d = lstm
    dh, o, c = d("L", "h3"), run["o3"], run["c3"]
    differs(sigmoid(o) * (1 - sigmoid(o)) * dh * np.tanh(c), d("L", "z_o3"))
    equals(dh * np.tanh(c) * o * (1 - o), d("L", "z_o3"))


def test_lh_02_false(lstm):
    run, d = lstm
    dh, o, c = d("L", "h3"), run["o3"], run["c3"]
    differs(dh * o * (1 - np.tanh(np.tanh(c)) ** 2), d("L", "c3"))
    equals(dh * o * (1 - np.tanh(c) ** 2), d("L", "c3"))


def test_lh_03_false(lstm):
    run, d = lstm
    dc, f, before = d("L", "c2"), run["f2"], run["c1"]
    differs(sigmoid(f) * dc * before, d("L", "z_f2"))
    equals(dc * before * f * (1 - f), d("L", "z_f2"))


# ----- a softmax classifier at the end of s_t = tanh(U x_t + W s_t-1) -----

ELMAN = """
U : 3 x 2
W : 3 x 3
V : 2 x 3
s0 : 3
x1 : 2
x2 : 2
x3 : 2
y : 2
s1 = tanh(U @ x1 + W @ s0)
s2 = tanh(U @ x2 + W @ s1)
s3 = tanh(U @ x3 + W @ s2)
q = V @ s3
E3 = cross_entropy(q, y)
"""


@pytest.fixture(params=SEEDS)
def elman(request):
    run, d = at(jac.Model.parse(ELMAN), request.param)
    immediate = {use.node: use.immediate.dense() for use in run.through_time("s3", "W").uses}
    total = {f"s{r}": d(f"s{r}", "W") for r in (1, 2, 3)}
    return run, d, immediate, total


def chained(outer, inner):
    """Sum over the one axis that both share."""
    return np.tensordot(outer, inner, 1)


def test_gc_06_depends_on_the_reading(elman):
    _, d, immediate, total = elman
    equals(sum(chained(d("s3", s), immediate[s]) for s in immediate), d("s3", "W"))
    differs(sum(chained(d("s3", s), total[s]) for s in total), d("s3", "W"))


def test_gc_07_false(elman):
    _, d, immediate, _ = elman
    E = d("E3", "s3")
    differs(chained(E, sum(chained(d("s3", s), immediate[s]) for s in ("s1", "s2"))), d("E3", "W"))
    equals(chained(E, sum(chained(d("s3", s), immediate[s]) for s in ("s1", "s2", "s3"))), d("E3", "W"))


def test_gc_08_depends_on_the_reading(elman):
    run, d, immediate, total = elman
    E, J32, J21 = d("E3", "q") @ d("q", "s3"), d("s3", "s2"), d("s2", "s1")
    for parts, check in ((immediate, equals), (total, differs)):
        inner = parts["s3"] + chained(J32, parts["s2"]) + chained(J32, chained(J21, parts["s1"]))
        check(chained(E, inner), d("E3", "W"))
    found = run.through_time("E3", "W")
    assert [use.node for use in found.uses] == ["s1", "s2", "s3"]
    equals(found.jacobian.dense(), d("E3", "W"))
