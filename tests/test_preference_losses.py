"""Preferences and policies: an example by hand for each, accuracy far out, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians import DPO, BradleyTerry, LogProbability, PolicyGradient
from jacobians.errors import InputError, ShapeError
from jacobians.ops.logits import CrossEntropyIndex
from tests.exact import check


def test_bradley_terry_by_hand():
    r_w, r_l = np.log([3.0, 1, 4]), np.log([1.0, 4, 1])  # the winner wins with probability 3/4, 1/5, 4/5
    np.testing.assert_allclose(
        BradleyTerry("none").forward(r_w=r_w, r_l=r_l), -np.log([3 / 4, 1 / 5, 4 / 5]), rtol=1e-15
    )
    J = BradleyTerry().jacobians(r_w=r_w, r_l=r_l)
    np.testing.assert_allclose(J["r_w"].dense(), -np.array([1 / 4, 4 / 5, 1 / 5]) / 3, rtol=1e-15)
    np.testing.assert_allclose(J["r_l"].dense(), np.array([1 / 4, 4 / 5, 1 / 5]) / 3, rtol=1e-15)


def test_dpo_by_hand():
    point = {
        "logp_w": np.log([6.0, 1]),
        "logp_l": np.log([1.0, 4]),
        "ref_w": np.log([1.0, 1]),
        "ref_l": np.log([2.0, 1]),
    }
    p = np.array([12**0.5 / (1 + 12**0.5), 1 / 3])  # h = log(12) / 2, -log(4) / 2
    op = DPO(beta=0.5, reduction="none")
    np.testing.assert_allclose(op.forward(**point), -np.log(p), rtol=1e-15)
    for name, sign in {"logp_w": -1, "logp_l": 1, "ref_w": 1, "ref_l": -1}.items():
        np.testing.assert_allclose(op.jacobian(name, **point).dense(), np.diag(sign * 0.5 * (1 - p)), rtol=1e-14)
    noisy = DPO(beta=0.5, smoothing=0.25, reduction="none")
    np.testing.assert_allclose(noisy.forward(**point), -0.75 * np.log(p) - 0.25 * np.log(1 - p), rtol=1e-14)
    J = noisy.jacobian("logp_w", **point)
    np.testing.assert_allclose(J.dense(), np.diag(-0.5 * (0.75 * (1 - p) - 0.25 * p)), rtol=1e-13)
    assert str(J) == "-3/8 δ_nn' sigmoid(-h)_n + 1/8 δ_nn' sigmoid(h)_n"


def test_dpo_is_bradley_terry_of_the_implied_rewards():
    rng = np.random.default_rng(2)
    logp_w, logp_l, ref_w, ref_l = rng.uniform(-30, 0, (4, 5))
    rewards = {"r_w": 0.1 * (logp_w - ref_w), "r_l": 0.1 * (logp_l - ref_l)}
    got = DPO().jacobian("logp_w", logp_w=logp_w, logp_l=logp_l, ref_w=ref_w, ref_l=ref_l).dense()
    np.testing.assert_allclose(got, 0.1 * BradleyTerry().jacobian("r_w", **rewards).dense(), rtol=1e-13)


def test_policy_gradient_by_hand():
    z, a, A = np.log([[1, 2, 5], [3, 1, 4]]), np.array([2, 0]), np.array([10.0, -2])
    score = np.array([[-1, -2, 3], [5, -1, -4]]) / 8  # [i = a] - p
    log_p = LogProbability()
    np.testing.assert_allclose(log_p.forward(z=z, a=a), np.log([5 / 8, 3 / 8]), rtol=1e-15)
    J = log_p.jacobian("z", z=z, a=a).dense()
    np.testing.assert_allclose([J[0, 0], J[1, 1]], score, rtol=1e-15)
    assert not J[0, 1].any()
    assert not J[1, 0].any()
    op = PolicyGradient("sum")
    np.testing.assert_allclose(op.forward(z=z, a=a, A=A), -10 * np.log(5 / 8) + 2 * np.log(3 / 8), rtol=1e-15)
    np.testing.assert_allclose(op.jacobian("z", z=z, a=a, A=A).dense(), [-10 * score[0], 2 * score[1]], rtol=1e-14)
    np.testing.assert_allclose(op.jacobian("A", z=z, a=a, A=A).dense(), -np.log([5 / 8, 3 / 8]), rtol=1e-15)
    ones = np.ones(2)
    same = CrossEntropyIndex().jacobian("z", z=z, y=a).dense()
    np.testing.assert_array_equal(PolicyGradient().jacobian("z", z=z, a=a, A=ones).dense(), same)


# ----- accuracy -----


@pytest.mark.parametrize(
    ("r_w", "r_l"),
    [(1e4, -1e4), (-1e4, 1e4), (1e4, 1e4 - 0.7), (350.1, -350.2), (-350.1, 350.2), (0.3, 0.3), (1e-9, 0.0)],
)
def test_bradley_terry_against_mpmath(r_w, r_l):
    def definition(r_w, r_l):
        return -mpmath.log(1 / (1 + mpmath.exp(-(r_w[0] - r_l[0]))))

    check(BradleyTerry(), definition, {"r_w": np.array([r_w]), "r_l": np.array([r_l])}, 1500)


@pytest.mark.parametrize("op", [DPO(), DPO(beta=1), DPO(beta=0.7, smoothing=0.1)], ids=repr)
@pytest.mark.parametrize(
    "numbers",
    [
        (1e4, -1e4, 0.1, 0.2),
        (-1e4, 1e4, 0.1, 0.2),
        (-9999.3, -0.1, 0.3, 9999.7),  # h is a small difference of large ones
        (-1e4 + 0.3, -1e4 - 0.4, -1e4, -1e4 + 1.1),
        (-300.7, 350.3, -0.1, 0.2),
        (-1.3, -2.1, -0.7, -3.3),
    ],
)
def test_dpo_against_mpmath(op, numbers):
    def definition(logp_w, logp_l, ref_w, ref_l):
        h = mpmath.mpf(op.beta) * ((logp_w[0] - ref_w[0]) - (logp_l[0] - ref_l[0]))
        wrong = mpmath.mpf(op.smoothing)
        return (1 - wrong) * mpmath.log(1 + mpmath.exp(-h)) + wrong * mpmath.log(1 + mpmath.exp(h))

    names = ("logp_w", "logp_l", "ref_w", "ref_l")
    scale = op.beta if op.smoothing else 0.0  # smoothing subtracts two slopes
    check(op, definition, {k: np.array([v]) for k, v in zip(names, numbers, strict=True)}, 1500, scale)


@pytest.mark.parametrize(
    "z", [[1e4, -1e4, 0], [-1e4, 1e4, 9999.3], [700.3, 0.1, 11.7], [0.3, 0.2, -0.1], [30.1, 0, -5]]
)
def test_policy_gradient_against_mpmath(z):
    def log_probability(z, a):
        return z[int(a)] - mpmath.log(mpmath.fsum(map(mpmath.exp, z)))

    for a in range(3):
        check(LogProbability(), log_probability, {"z": np.array(z), "a": a}, 1500)
        point = {"z": np.array(z), "a": a, "A": np.array(-3.7)}
        check(PolicyGradient(), lambda z, a, A: -A[()] * log_probability(z, a), point, 1500)


# ----- wrong input -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DPO(beta=0), r"DPO: expected a beta > 0, got 0"),
        (lambda: DPO(smoothing=0.6), r"DPO: expected a smoothing from 0 to 0.5, got 0.6"),
        (lambda: DPO(beta=float("inf")), r"DPO: option beta must be a finite real number, got inf"),
        (lambda: BradleyTerry("all"), r"BradleyTerry: unknown reduction 'all'; known are none, sum, mean"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_wrong_values():
    z = np.zeros((2, 3))
    for op, more in ((LogProbability(), {}), (PolicyGradient(), {"A": np.ones(2)})):
        with pytest.raises(
            InputError, match=rf"{op.label}.a: expected class indices 0 <= y < 3 .* got 3 at sample \(1\)"
        ):
            op.forward(z=z, a=[0, 3], **more)
        with pytest.raises(InputError, match=rf"{op.label}: no Jacobian by a: actions are indices, not differentiable"):
            op.jacobian("a", z=z, a=[0, 1], **more)
    with pytest.raises(ShapeError, match=r"BradleyTerry.r_l: expected \(n\) = \(3\), got \(2\); r_w fixes n = 3"):
        BradleyTerry().forward(r_w=np.zeros(3), r_l=np.zeros(2))


def test_infinite_log_probabilities_pass():
    """An answer that the policy cannot give: its loss is infinite as the loser's is 0."""
    rest = {"ref_w": [-1.0], "ref_l": [-2.0]}
    assert DPO().forward(logp_w=[-1.0], logp_l=[-np.inf], **rest) == 0
    assert DPO().forward(logp_w=[-np.inf], logp_l=[-1.0], **rest) == np.inf
