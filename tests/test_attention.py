"""Attention by hand, with 50 digits at scores of +-1e4, masks, published claims, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError
from jacobians.ops.attention import Attention, AttentionWeights
from jacobians.ops.linear_attention import LinearAttention

TINY = 1e-300  # below, numbers lose their last digits one by one
mpmath.mp.dps = 50


def point(t=2, s=3, d=5, e=7, seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    return {name: size * rng.standard_normal(n) for name, n in (("Q", (t, d)), ("K", (s, d)), ("V", (s, e)))}


def test_two_keys_by_hand():
    """Scores 0 and log 3: weights 1/4 and 3/4, the output 4 + 2 * 3/4."""
    inputs = {"Q": [[1.0]], "K": [[0.0], [np.log(3)]], "V": [[4.0], [6.0]]}
    np.testing.assert_allclose(AttentionWeights().forward(Q=inputs["Q"], K=inputs["K"]), [[0.25, 0.75]], rtol=1e-15)
    J = Attention().jacobians(**inputs)
    np.testing.assert_allclose(J["V"].dense(), [[[[0.25], [0.75]]]], rtol=1e-15)
    # P_1 (V_1 - O) K_1 + P_2 (V_2 - O) K_2 = 3/4 * (6 - 5.5) * log 3
    np.testing.assert_allclose(J["Q"].dense(), [[[[0.375 * np.log(3)]]]], rtol=1e-15)
    np.testing.assert_allclose(J["K"].dense(), [[[[-0.375], [0.375]]]], rtol=1e-15)


def test_causal_is_the_lower_triangle_from_the_first_key():
    for t, s in ((2, 5), (5, 3)):
        inputs = point(t, s)
        P = AttentionWeights(causal=True).forward(Q=inputs["Q"], K=inputs["K"])
        np.testing.assert_array_equal(P > 0, np.tril(np.ones((t, s), bool)))
        masked = AttentionWeights(mask=True).forward(Q=inputs["Q"], K=inputs["K"], mask=np.tril(np.ones((t, s))))
        np.testing.assert_array_equal(P, masked)
        J = Attention(causal=True).jacobian("V", **inputs).dense()
        assert np.all(J[0, :, 1:] == 0)
        np.testing.assert_allclose(J[0, :, 0], np.eye(7), rtol=1e-15)


def test_a_key_behind_the_mask_may_be_anything():
    inputs = point()
    mask = np.array([[True, False, True], [True, False, False]])
    wild = {**inputs, "K": inputs["K"].copy()}
    wild["K"][1] = 1e6
    op = Attention(mask=True)
    for wrt in ("Q", "K", "V"):
        got, want = (op.jacobian(wrt, mask=mask, **point).dense() for point in (wild, inputs))
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)


def test_a_mask_for_each_sample():
    rng = np.random.default_rng(3)
    batch = {name: rng.standard_normal(n) for name, n in (("Q", (2, 3, 5)), ("K", (2, 4, 5)), ("V", (2, 4, 7)))}
    mask = rng.random((2, 3, 4)) < 0.5
    mask[..., 2] = True
    op = Attention(mask=True)
    J = op.jacobian("K", mask=mask, **batch).dense()
    for n in range(2):
        one = op.jacobian("K", mask=mask[n], **{name: value[n] for name, value in batch.items()}).dense()
        np.testing.assert_allclose(J[n, :, :, n], one, rtol=1e-13, atol=1e-15)
        assert not np.any(J[n, :, :, 1 - n])


def test_float32_stays():
    inputs = {name: value.astype(np.float32) for name, value in point(size=40.0).items()}
    assert Attention().forward(**inputs).dtype == np.float32
    assert all(J.dense().dtype == np.float32 for J in Attention().jacobians(**inputs).values())


# ----- 50 digits -----


class Exact:
    """Attention with 50 digits: differences of values and of keys, nothing that cancels."""

    def __init__(self, weights, V):
        self.V = [[mpmath.mpf(float(v)) for v in row] for row in V]
        totals = [mpmath.fsum(row) for row in weights]
        self.P = [[w / total for w in row] for row, total in zip(weights, totals, strict=True)]

    def difference(self, t, s, e):
        """V_se - O_te."""
        return mpmath.fsum(p * (self.V[s][e] - self.V[r][e]) for r, p in enumerate(self.P[t]))

    def output(self):
        e = range(len(self.V[0]))
        return [[mpmath.fsum(p * row[k] for p, row in zip(P, self.V, strict=True)) for k in e] for P in self.P]


def exact_matrix(A):
    return [[mpmath.mpf(float(a)) for a in row] for row in A]


def softmax_case(Q, K, V):
    q, k = exact_matrix(Q), exact_matrix(K)
    r = 1 / mpmath.sqrt(Q.shape[1])
    scores = [[r * mpmath.fsum(a * b for a, b in zip(x, y, strict=True)) for y in k] for x in q]
    return Exact([[mpmath.exp(v - max(row)) for v in row] for row in scores], V), q, k, r


def close_to_digits(got, want):
    """Right to 1e-12, relative to the largest entry."""
    want = np.array([float(v) for v in np.ravel(np.array(want, object))]).reshape(got.shape)
    assert np.all(np.isfinite(got))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * np.max(np.abs(want)) + TINY)


def tensor(shape, entry):
    return np.array([entry(*index) for index in np.ndindex(*shape)], object).reshape(shape)


EXTREMES = {
    "scores of 1e4, far apart": (5, 100.0, 1.0),
    "scores of 1e4, differences of 20": (5, 100.0, 2e-3),
    "scores of 1e4, differences of 1": (5, 100.0, 1e-4),
    "many coordinates": (31, 40.0, 1e-3),
}


@pytest.mark.parametrize("case", EXTREMES)
def test_extreme_scores(case):
    d, size, spread = EXTREMES[case]
    rng = np.random.default_rng(8)
    t, s, e = 3, 4, 2
    Q = size * np.sign(rng.standard_normal((t, d))) * rng.uniform(0.9, 1.1, (t, d))
    K = Q[0] * np.sign(rng.standard_normal()) + size * spread * rng.standard_normal((s, d))
    V = rng.standard_normal((s, e))
    exact, q, k, r = softmax_case(Q, K, V)
    assert np.max(np.abs(Q @ K.T)) / np.sqrt(d) > 5e3
    inputs = {"Q": Q, "K": K}
    close_to_digits(AttentionWeights().forward(**inputs), exact.P)
    close_to_digits(Attention().forward(**inputs, V=V), exact.output())
    shapes = (t, e, t, d), (t, e, s, d)
    keys = range(s)

    def by_query(a, b, c, i):  # antisymmetric in the keys: half the sum over pairs
        P = exact.P[a]
        pairs = ((P[m] * P[n], (exact.V[m][b] - exact.V[n][b]) * (k[m][i] - k[n][i])) for m in keys for n in keys)
        return r * mpmath.fsum(w * v for w, v in pairs) / 2 if a == c else mpmath.mpf(0)

    def by_key(a, b, c, i):
        return r * exact.P[a][c] * exact.difference(a, c, b) * q[a][i]

    J = Attention().jacobians(**inputs, V=V)
    close_to_digits(J["Q"].dense(), tensor(shapes[0], by_query))
    close_to_digits(J["K"].dense(), tensor(shapes[1], by_key))

    def weights_by_key(a, b, c, i):
        P = exact.P[a]
        rest = mpmath.fsum(p for m, p in enumerate(P) if m != b)
        return r * q[a][i] * P[b] * (rest if b == c else -P[c])

    close_to_digits(AttentionWeights().jacobian("K", **inputs).dense(), tensor((t, s, s, d), weights_by_key))

    def weights_by_query(a, b, c, i):
        P = exact.P[a]
        return r * P[b] * mpmath.fsum(P[m] * (k[b][i] - k[m][i]) for m in keys) if a == c else mpmath.mpf(0)

    close_to_digits(AttentionWeights().jacobian("Q", **inputs).dense(), tensor((t, s, t, d), weights_by_query))


def test_saturated_attention_prints_the_textbook():
    Q, K, V = np.array([[40.0, 3.0]]), np.array([[1.0, 2.0], [0.0, 5.0]]), np.array([[1.0], [2.0]])
    plain = Attention(scale=1).jacobian("Q", Q=Q / 40, K=K, V=V)
    sure = Attention(scale=1).jacobian("Q", Q=Q, K=K, V=V)
    assert str(sure) == str(plain) == "δ_tt' Σ_s P_ts V_se K_sd - δ_tt' Σ_s O_te P_ts K_sd"
    assert len(sure.terms) == 1


@pytest.mark.parametrize("shift", [0.0, -30.0, -300.0, 1e4])
def test_linear_attention_at_extremes(shift):
    rng = np.random.default_rng(2)
    t, s, d, e = 2, 3, 2, 5
    Q, K, V = rng.standard_normal((t, d)), rng.standard_normal((s, d)), rng.standard_normal((s, e))
    K[1:] += shift if shift < 0 else 0  # one key outweighs the others
    Q = Q + max(shift, -250.0)
    q, k = exact_matrix(Q), exact_matrix(K)

    def phi(x):
        return mpmath.exp(x) if x < 0 else 1 + x

    def slope(x):
        return mpmath.exp(x) if x < 0 else mpmath.mpf(1)

    weights = [[mpmath.fsum(phi(a) * phi(b) for a, b in zip(x, y, strict=True)) for y in k] for x in q]
    exact, z = Exact(weights, V), [mpmath.fsum(row) for row in weights]
    inputs = {"Q": Q, "K": K, "V": V}
    close_to_digits(LinearAttention().forward(**inputs), exact.output())
    J = LinearAttention().jacobians(**inputs)

    def by_query(a, b, c, i):
        total = mpmath.fsum(phi(k[m][i]) * exact.difference(a, m, b) for m in range(s))
        return slope(q[a][i]) * total / z[a] if a == c else mpmath.mpf(0)

    def by_key(a, b, c, i):
        return phi(q[a][i]) * slope(k[c][i]) * exact.difference(a, c, b) / z[a]

    close_to_digits(J["Q"].dense(), tensor((t, e, t, d), by_query))
    close_to_digits(J["K"].dense(), tensor((t, e, s, d), by_key))
    close_to_digits(J["V"].dense()[:, 0, :, 0], exact.P)


def test_linear_attention_says_where_its_weights_are_lost():
    inputs = point()
    inputs["Q"][1] = -1e4
    message = (
        r"LinearAttention\.Q: expected a sum of phi\(Q\) phi\(K\) of at least 1e-280 .* got 0 for query \(1\) of \(2\)"
    )
    with pytest.raises(InputError, match=message):
        LinearAttention().jacobian("K", **inputs)


# ----- published claims -----


@pytest.fixture(scope="module")
def graph():
    """S = Q K^T / sqrt(d), P = softmax(S), O = P V, L = a nonlinear function of O; with the softmax in its parts."""
    model = jac.Model.parse(
        """
        Q : 3 x 5
        K : 3 x 5
        V : 3 x 2
        G : 3 x 2
        S = multiple(Q @ K.T)
        B_1 = exp(S)
        B_2 = sum(B_1, axis=1)
        B_3 = 1 / B_2
        B_4 = outer(B_3, i)
        P = B_1 * B_4
        O = P @ V
        L = sum(G * sin(O))
        """.replace("multiple(Q @ K.T)", "0.4472135954999579 * Q @ K.T").replace("outer(B_3, i)", "B_3 ⊗ i")
    )
    run = model.run({**model.random_point(seed=4), "i": np.ones(3)})
    return run, lambda wrt: run.jacobian("L", wrt).dense()


def test_claims_about_the_parts_of_the_softmax(graph):
    """att-01 to att-06: true ones equal, false ones differ, corrected ones equal."""
    run, dL = graph
    zeta_1, zeta_3, zeta_4, zeta_5 = dL("V"), dL("B_4"), dL("B_3"), dL("B_2")
    dO, dP, B_1, B_4 = dL("O"), dL("P"), run["B_1"], run["B_4"]
    zeta_6 = zeta_5[:, None] + dP * B_4
    holds = {
        "att-01": (run["P"].T @ dO, zeta_1),
        "att-02, corrected": (dO @ run["V"].T, dP),
        "att-03": (-1 / (run["B_2"] * run["B_2"]) * zeta_4, zeta_5),
        "att-04, corrected": (zeta_6, dL("B_1")),
        "att-05": (B_1 * zeta_6, dL("S")),
        "att-06": (dL("S") @ run["K"] / np.sqrt(5), dL("Q")),
    }
    for name, (claimed, ours) in holds.items():
        np.testing.assert_allclose(claimed, ours, rtol=1e-11, atol=1e-14, err_msg=name)
    fails = {"att-02": (zeta_1 @ run["V"].T, dP), "att-04": (zeta_5[:, None] + zeta_3 * B_4, dL("B_1"))}
    for name, (claimed, ours) in fails.items():
        assert claimed.shape == ours.shape, name
        assert np.max(np.abs(claimed - ours)) > 0.1 * np.max(np.abs(ours)), name


def test_claims_about_attention_as_one_op(graph):
    """er-20, er-21 and att-06 by the closed form: dS = P (dP - row_sum(dO O)), dQ = dS K / sqrt(d)."""
    run, dL = graph
    point = {name: run[name] for name in "QKV"}
    dO, dP, P, O = dL("O"), dL("P"), run["P"], run["O"]
    dS = dL("S")
    np.testing.assert_allclose(P * (dP - np.sum(dO * O, axis=1, keepdims=True)), dS, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(P * (dP - np.sum(dP * P, axis=1, keepdims=True)), dS, rtol=1e-11, atol=1e-14)
    pulled = {name: Attention().jacobian(name, **point).pull(dO) for name in "QKV"}
    np.testing.assert_allclose(pulled["Q"], dS @ run["K"] / np.sqrt(5), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(pulled["K"], dS.T @ run["Q"] / np.sqrt(5), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(pulled["V"], P.T @ dO, rtol=1e-11, atol=1e-14)


# ----- in models, second derivatives -----


def test_in_a_model():
    model = jac.Model.parse("Q : 2 x 4\nK : 3 x 4\nV : 3 x 5\nO = attention(Q, K, V)\nL = squared_norm(O)")
    assert model.run(model.random_point(seed=1)).check().ok


def test_second_derivatives():
    inputs = point(2, 3, 2, 2)
    op, h = Attention(), 1e-6
    for wrt, by in (("Q", "K"), ("K", "K"), ("Q", "V")):
        H = op.hessian(wrt, by, **inputs).dense()
        for index in ((0, 0), (1, 1)):
            moved = [{**inputs, by: inputs[by] + sign * h * unit(inputs[by].shape, index)} for sign in (1, -1)]
            up, down = (op.jacobian(wrt, **m).dense() for m in moved)
            np.testing.assert_allclose(H[(..., *index)], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


def unit(shape, index):
    e = np.zeros(shape)
    e[index] = 1
    return e


# ----- wrong input -----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": np.inf}, r"Attention: expected a finite scale, or None for 1/sqrt\(d\), got inf"),
        ({"scale": "half"}, r"expected a finite scale, .* got 'half'"),
        ({"causal": 1}, r"Attention: expected causal=True or causal=False, got 1"),
        ({"mask": "causal"}, r"Attention: expected mask=True or mask=False, got 'causal'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        Attention(**options)


def test_mask_of_the_wrong_shape():
    with pytest.raises(ShapeError, match=r"Attention\.mask: expected \(t s\) = \(2, 3\), got \(3, 2\); Q fixes t = 2"):
        Attention(mask=True).forward(**point(), mask=np.ones((3, 2)))
    with pytest.raises(ShapeError, match=r"Attention\.mask: expected \(t s\) = \(2, 3\), got \(3\)"):
        Attention(mask=True).forward(**point(), mask=np.ones(3))


def test_a_query_without_a_key():
    mask = np.ones((2, 3), bool)
    mask[1] = False
    message = r"Attention\.mask: expected at least 1 key for every query, got 0 of 3 keys for query \(1\) of \(2\)"
    with pytest.raises(InputError, match=message):
        Attention(mask=True).jacobian("Q", **point(), mask=mask)
    late = np.array([[False, True, True], [True, True, True]])
    with pytest.raises(InputError, match=r"got 0 of 3 keys up to 0, where causal ends, for query \(0\) of \(2\)"):
        Attention(causal=True, mask=True).forward(**point(), mask=late)


def test_a_mask_to_be_added():
    with pytest.raises(InputError, match=r"True or 1 .* got -inf at \(0, 1\) of \(2, 3\); a mask is not added"):
        Attention(mask=True).forward(**point(), mask=np.array([[0, -np.inf, 0], [0, 0, 0]]))


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"Attention\.K: expected \(s d\) = \(3, 5\), got \(3, 4\); Q fixes d = 5"):
        Attention().forward(**{**point(), "K": np.ones((3, 4))})
    with pytest.raises(InputError, match=r"no Jacobian by mask: a mask says which keys .* not differentiable"):
        Attention(mask=True).jacobian("mask", **point(), mask=np.ones((2, 3)))
