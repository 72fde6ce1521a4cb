"""Gaussian losses: an example by hand for each, accuracy at the extremes, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians import GaussianKL, GaussianNLL, StandardNormalKL
from jacobians.errors import InputError
from tests.exact import check


def test_gaussian_nll_by_hand():
    point = {"mu": [[1.0, 5], [0, 2]], "v": [[2.0, 1], [4, 0.5]], "y": [[3.0, 4], [6, 2]]}  # mu - y = (-2 1), (-6 0)
    op = GaussianNLL(reduction="none")
    np.testing.assert_allclose(op.forward(**point), [(2 + 1 + np.log(2)) / 2, (9 + np.log(2)) / 2], rtol=1e-15)
    np.testing.assert_allclose(
        GaussianNLL(full=True, reduction="sum").forward(**point), 6 + np.log(2) + 2 * np.log(2 * np.pi), rtol=1e-15
    )
    total = GaussianNLL(reduction="sum")
    np.testing.assert_array_equal(total.jacobian("mu", **point).dense(), [[-1, 1], [-1.5, 0]])
    np.testing.assert_array_equal(total.jacobian("y", **point).dense(), [[1, -1], [1.5, 0]])
    np.testing.assert_array_equal(total.jacobian("v", **point).dense(), [[-0.25, 0], [-1, 1]])


def test_kl_by_hand():
    mu, s = np.array([3.0, -1]), np.log([4.0, 0.5])
    np.testing.assert_allclose(StandardNormalKL().forward(mu=mu, s=s), (10 + 4.5 - 2 - np.log(2)) / 2, rtol=1e-15)
    np.testing.assert_array_equal(StandardNormalKL().jacobian("mu", mu=mu, s=s).dense(), [3, -1])
    np.testing.assert_allclose(StandardNormalKL().jacobian("s", mu=mu, s=s).dense(), [1.5, -0.25], rtol=1e-15)
    point = {"mu_1": mu, "s_1": s, "mu_2": np.array([1.0, 2]), "s_2": np.log([2.0, 3])}
    J = {k: v.dense() for k, v in GaussianKL().jacobians(**point).items()}
    np.testing.assert_allclose(J["mu_1"], [1, -1], rtol=1e-15)
    np.testing.assert_allclose(J["mu_2"], [-1, 1], rtol=1e-15)
    np.testing.assert_allclose(J["s_1"], [0.5, -5 / 12], rtol=1e-14)
    np.testing.assert_allclose(J["s_2"], [-0.5 - 1, 5 / 12 - 1.5], rtol=1e-14)


def test_kl_from_the_standard_normal_is_the_special_case():
    rng = np.random.default_rng(3)
    mu, s = rng.uniform(-2, 2, (2, 5, 3))
    zero = np.zeros((5, 3))
    two = {"mu_1": mu, "s_1": s, "mu_2": zero, "s_2": zero}
    np.testing.assert_allclose(StandardNormalKL().forward(mu=mu, s=s), GaussianKL().forward(**two), rtol=1e-14)
    for one, other in (("mu", "mu_1"), ("s", "s_1")):
        want = GaussianKL().jacobian(other, **two).dense()
        np.testing.assert_allclose(StandardNormalKL().jacobian(one, mu=mu, s=s).dense(), want, rtol=1e-14)


# ----- accuracy -----


@pytest.mark.parametrize("v", [1e-140, 1e-20, 0.7, 1e4, 1e300])
@pytest.mark.parametrize("d", [0.0, 1e-9, 1.3, 1e4])
def test_gaussian_nll_against_mpmath(v, d):
    def definition(mu, v, y):
        return mpmath.fsum((a - b) ** 2 / w + mpmath.log(w) for a, b, w in zip(mu, y, v, strict=True)) / 2

    point = {"mu": np.array([d, 0.25]), "v": np.array([v, 0.5]), "y": np.array([0.0, -0.125])}
    # the value and the slope by v subtract log v and 1/v
    check(GaussianNLL(), definition, point, 2000, {"value": abs(np.log(v)), "v": 1 / v})


LOGS = [-1e4, -700.3, -30.7, -1e-9, 0.0, 3e-5, 0.4999, 0.5001, 1.37, 36.7, 700.3]


@pytest.mark.parametrize("s", LOGS)
def test_standard_normal_kl_against_mpmath(s):
    def definition(mu, s):
        return (mu[0] ** 2 + mpmath.exp(s[0]) - 1 - s[0]) / 2

    for mu in (0.0, 1e-7, 1e4):
        check(StandardNormalKL(), definition, {"mu": np.array([mu]), "s": np.array([s])}, 2000)


@pytest.mark.parametrize("s_2", [-700.3, 0.25, 1e4])
@pytest.mark.parametrize("u", LOGS)
def test_gaussian_kl_against_mpmath(u, s_2):
    def definition(mu_1, s_1, mu_2, s_2):
        ratio, square = mpmath.exp(s_1[0] - s_2[0]), (mu_1[0] - mu_2[0]) ** 2
        return (ratio - 1 - s_1[0] + s_2[0] + square * mpmath.exp(-s_2[0])) / 2

    s_1 = s_2 + u
    for d in (0.0, 1.3):
        point = {"mu_1": [0.5 + d], "s_1": [s_1], "mu_2": [0.5], "s_2": [s_2]}
        check(GaussianKL(), definition, {k: np.array(v) for k, v in point.items()}, 2000)


def test_what_exceeds_the_largest_number_is_infinite():
    J = StandardNormalKL().jacobian("s", mu=[0.0], s=[1e4]).dense()
    assert J[0] == np.inf
    point = {"mu_1": [1.0, 2.0], "s_1": [0.0, 0.0], "mu_2": [0.0, 2.0], "s_2": [-1e4, -1e4]}
    np.testing.assert_array_equal(GaussianKL().jacobian("mu_1", **point).dense(), [np.inf, 0])
    assert GaussianKL().forward(**point) == np.inf


# ----- wrong input -----


@pytest.mark.parametrize("bad", [0.0, -2.5])
def test_variance_must_be_positive(bad):
    v = np.ones((2, 3))
    v[1, 2] = bad
    message = rf"^GaussianNLL.v: expected variances > 0, got {bad} at \(1, 2\) of \(2, 3\); add a small number to v"
    for call in (GaussianNLL().forward, GaussianNLL().jacobians):
        with pytest.raises(InputError, match=message):
            call(mu=v, v=v, y=v)
