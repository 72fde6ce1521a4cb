"""Values and derivatives of the elementwise ops against mpmath: 14 digits from 1e-300 to 1e4 where float64 has them."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import jacobians.ops.activations as act
import jacobians.ops.elementary as fun
import jacobians.ops.elementwise as ew
import jacobians.ops.rectifiers as rect
from jacobians import special
from jacobians.errors import InputError

HALF = mp.mpf("0.5")
#: Digits that mpmath keeps: 50 beyond what 1 - tanh(x)^2 = 1e-308 loses by cancellation.
DIGITS = 360
SMALLEST = np.finfo(float).tiny
POSITIVE = np.concatenate(
    [
        10.0 ** np.array([-300.0, -200, -100, -20, -9, -5, -3, -2]),
        [0.1, 0.25, 0.4999, 0.5, 0.7071, 0.75, 1, 1.5, 2, 2.9, 4, 5.99, 6.01, 8.3, 8.5, 10, 17.3, 20.9],
        [26.5, 29.9, 30.1, 33, 37.5, 36.7, 40.2, 88.1, 300.7, 354.9, 700.3, 709.7, 745.2, 1234.5, 9999.9, 1e4],
        np.random.default_rng(1).uniform(0, 40, 12),
    ]
)
GRID = np.concatenate([-POSITIVE[::-1], POSITIVE])


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def leaky(slope):
    return lambda x: x if x > 0 else mp.mpf(slope) * x


def elu(alpha, scale=1.0):
    return lambda x: mp.mpf(scale) * (x if x > 0 else mp.mpf(alpha) * mp.expm1(x))


def softplus(beta):
    return lambda x: mp.log1p(mp.exp(mp.mpf(beta) * x)) / mp.mpf(beta)


def gelu_tanh(x):
    return HALF * x * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)))


def clip(low, high):
    return lambda x: min(max(x, mp.mpf(low)), mp.mpf(high))


#: Each op with its definition, without any rewriting for stability.
DEFINITIONS = [
    (ew.Identity(), lambda x: x),
    (ew.Multiple(-0.7), lambda x: mp.mpf(-0.7) * x),
    (ew.Shift(0.3), lambda x: x + mp.mpf(0.3)),
    (ew.Abs(), abs),
    (ew.Clip(-0.5, 1.2), clip(-0.5, 1.2)),
    (fun.Exp(), mp.exp),
    (fun.Log(), mp.log),
    (fun.Sqrt(), mp.sqrt),
    (fun.Square(), lambda x: x * x),
    (fun.Power(3), lambda x: x**3),
    (fun.Power(-2), lambda x: x**-2),
    (fun.Power(2.5), lambda x: x ** mp.mpf(2.5)),
    (fun.Power(0.3), lambda x: x ** mp.mpf(0.3)),
    (fun.Reciprocal(), lambda x: 1 / x),
    (fun.Sin(), mp.sin),
    (fun.Cos(), mp.cos),
    (fun.Tan(), mp.tan),
    (fun.Arctan(), mp.atan),
    (fun.Erf(), mp.erf),
    (act.Tanh(), mp.tanh),
    (act.Sigmoid(), sigmoid),
    (act.LogSigmoid(), lambda x: mp.log(sigmoid(x))),
    (act.Softplus(), softplus(1)),
    (act.Softplus(2.3), softplus(2.3)),
    (act.Softplus(0.07), softplus(0.07)),
    (act.Softsign(), lambda x: x / (1 + abs(x))),
    (act.HardTanh(), clip(-1, 1)),
    (rect.ReLU(), leaky(0)),
    (rect.LeakyReLU(), leaky(0.01)),
    (rect.ELU(), elu(1)),
    (rect.ELU(1.7), elu(1.7)),
    (rect.SELU(), elu(1.6732632423543772, 1.0507009873554805)),
    (rect.SiLU(), lambda x: x * sigmoid(x)),
    (rect.Mish(), lambda x: x * mp.tanh(mp.log1p(mp.exp(x)))),
    (rect.GELU(), lambda x: HALF * x * mp.erfc(-x / mp.sqrt(2))),
    (rect.GELU("tanh"), gelu_tanh),
]
EVERY = pytest.mark.parametrize(
    ("op", "definition"), DEFINITIONS, ids=lambda p: repr(p) if isinstance(p, ew.Op) else ""
)


def points(op):
    """The grid without what the op refuses and without its kinks."""

    def accepted(x):
        try:
            op.jacobian("x", x=x)
        except InputError:
            return False
        return not op.near_kink(0.0, x=x)

    return np.array([x for x in GRID if accepted(x)])


def assert_accurate(got, want, x):
    """14 digits where float64 has them; what is too small is at most the smallest number, what is too large is inf."""
    for value, true, at in zip(got, want, x, strict=True):
        if abs(true) < SMALLEST:
            assert abs(value) <= SMALLEST, (at, value, mp.nstr(true, 17))
        elif abs(true) > np.finfo(float).max:
            assert value == np.copysign(np.inf, float(mp.sign(true))), (at, value)
        else:
            assert abs((mp.mpf(float(value)) - true) / true) < 1e-14, (at, value, mp.nstr(true, 17))


@EVERY
def test_values_are_accurate(op, definition):
    x = points(op)
    assert len(x) >= 50
    with mp.workdps(DIGITS):
        assert_accurate(op.forward(x=x), [definition(mp.mpf(float(v))) for v in x], x)


@EVERY
def test_derivatives_are_accurate(op, definition):
    x = points(op)
    with mp.workdps(DIGITS):
        # mpmath differentiates by differences with twice the digits: no derivative is written down here
        want = [mp.diff(definition, mp.mpf(float(v))) for v in x]
        assert_accurate(np.diag(op.jacobian("x", x=x).dense()), want, x)


@pytest.mark.parametrize(
    ("function", "definition"),
    [
        (special.erf, mp.erf),
        (special.normal_cdf, lambda x: mp.erfc(-x / mp.sqrt(2)) / 2),
        (special.normal_density, mp.npdf),
        (special.sigmoid_slope, lambda x: sigmoid(x) * sigmoid(-x)),
    ],
    ids=["erf", "normal_cdf", "normal_density", "sigmoid_slope"],
)
def test_special_functions_are_accurate(function, definition):
    x = np.concatenate([GRID, np.linspace(-39, 39, 157)])
    with mp.workdps(50):
        assert_accurate(function(x), [definition(mp.mpf(float(v))) for v in x], x)


def test_erf_and_its_complex_derivative_to_the_last_digits():
    x = np.linspace(-7, 7, 561)
    with mp.workdps(50):
        want = np.array([float(mp.erf(mp.mpf(float(v)))) for v in x])
        slope = np.array([float(2 / mp.sqrt(mp.pi) * mp.exp(-(mp.mpf(float(v)) ** 2))) for v in x])
    np.testing.assert_allclose(special.erf(x), want, rtol=1e-15, atol=0)
    np.testing.assert_allclose(special.erf(x + 1e-20j).imag / 1e-20, slope, rtol=0, atol=1e-15)


def test_what_float64_rounds_off_is_exact():
    rng = np.random.default_rng(3)
    a, b = rng.uniform(-9, 9, 101), rng.uniform(-0.02, 0.02, 101)
    for (total, low), exact in (
        (special.exact_product(a, b), lambda p, q: p * q),
        (special.exact_sum(a, b), lambda p, q: p + q),
    ):
        with mp.workdps(60):
            for p, q, high, rest in zip(a, b, total, low, strict=True):
                assert mp.mpf(float(high)) + mp.mpf(float(rest)) == exact(mp.mpf(float(p)), mp.mpf(float(q)))
        assert np.count_nonzero(low) > 50


@pytest.mark.parametrize("x", [[-1e4, 1e4], [-1e300, 1e300], [-np.inf, np.inf]])
@pytest.mark.parametrize(
    ("op", "values", "slopes"),
    [
        (act.Tanh(), [-1, 1], [0, 0]),
        (act.Sigmoid(), [0, 1], [0, 0]),
        (act.LogSigmoid(), ["x", 0], [1, 0]),
        (act.Softplus(), [0, "x"], [0, 1]),
        (act.Softsign(), [-1, 1], [0, 0]),
        (act.HardTanh(), [-1, 1], [0, 0]),
        (ew.Clip(-0.5, 1.5), [-0.5, 1.5], [0, 0]),
        (ew.Abs(), ["-x", "x"], [-1, 1]),
        (rect.ReLU(), [0, "x"], [0, 1]),
        (rect.ELU(1.7), [-1.7, "x"], [0, 1]),
        (rect.SiLU(), [0, "x"], [0, 1]),
        (rect.Mish(), [0, "x"], [0, 1]),
        (rect.GELU(), [0, "x"], [0, 1]),
        (rect.GELU("tanh"), [0, "x"], [0, 1]),
        (fun.Erf(), [-1, 1], [0, 0]),
        (fun.Arctan(), [-np.pi / 2, np.pi / 2], [0, 0]),
    ],
    ids=lambda p: repr(p) if isinstance(p, ew.Op) else "",
)
def test_limits_without_overflow(op, values, slopes, x):
    want = [{"x": v, "-x": -v}.get(w, w) for w, v in zip(values, x, strict=True)]
    np.testing.assert_allclose(op.forward(x=x), want, rtol=2e-4, atol=0)  # softsign and arctan of 1e4 are near theirs
    np.testing.assert_allclose(np.diag(op.jacobian("x", x=x).dense()), slopes, rtol=0, atol=2e-8)
