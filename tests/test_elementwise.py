"""Elementwise ops: by hand, how options print, at kinks, the undefined function, index symbols."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import jacobians.ops.activations as act
import jacobians.ops.elementary as fun
import jacobians.ops.elementwise as ew
import jacobians.ops.rectifiers as rect
from jacobians.checks import complex_step
from jacobians.ops import OPS
from symbolic.formulas import FORMULAS
from symbolic.formulas.elementwise import unknown
from symbolic.scope import Symbolic

ELEMENTWISE = [v for op in OPS.values() if isinstance(op, ew.Elementwise) for v in type(op).variants()]
EVERY = pytest.mark.parametrize("op", ELEMENTWISE, ids=repr)


def slopes(op, x):
    """The diagonal of the Jacobian by a vector."""
    return np.diag(op.jacobian("x", x=x).dense())


# ----- by hand -----


@pytest.mark.parametrize(
    ("op", "x", "y", "slope"),
    [
        (ew.Identity(), [2, -3], [2, -3], [1, 1]),
        (ew.Multiple(-4), [2, -3], [-8, 12], [-4, -4]),
        (ew.Shift(5), [2, -3], [7, 2], [1, 1]),
        (ew.Abs(), [2, -3], [2, 3], [1, -1]),
        (ew.Clip(-2, 3), [1, 7, -5], [1, 3, -2], [1, 0, 0]),
        (fun.Exp(), [0, 1], [1, np.e], [1, np.e]),
        (fun.Log(), [1, 4], [0, 2 * np.log(2)], [1, 0.25]),
        (fun.Sqrt(), [4, 9], [2, 3], [1 / 4, 1 / 6]),
        (fun.Square(), [3, -2], [9, 4], [6, -4]),
        (fun.Power(3), [2, -3, 0], [8, -27, 0], [12, 27, 0]),
        (fun.Power(-2), [2, -1], [0.25, 1], [-0.25, 2]),
        (fun.Power(1.5), [4, 0], [8, 0], [3, 0]),
        (fun.Power(1), [4, 0], [4, 0], [1, 1]),
        (fun.Power(0), [4, 0], [1, 1], [0, 0]),
        (fun.Reciprocal(), [2, -4], [0.5, -0.25], [-0.25, -0.0625]),
        (fun.Sin(), [0, np.pi / 2], [0, 1], [1, 0]),
        (fun.Cos(), [0, np.pi / 2], [1, 0], [0, -1]),
        (fun.Tan(), [0, np.pi / 4], [0, 1], [1, 2]),
        (fun.Arctan(), [0, -2], [0, -np.arctan(2)], [1, 0.2]),
        (act.Softsign(), [3, -1, 0], [0.75, -0.5, 0], [1 / 16, 1 / 4, 1]),
        (act.Sigmoid(), [0, np.log(3)], [1 / 2, 3 / 4], [1 / 4, 3 / 16]),
        (act.Tanh(), [0, np.log(2)], [0, 3 / 5], [1, 16 / 25]),
        (act.LogSigmoid(), [0, np.log(3)], [-np.log(2), np.log(3 / 4)], [1 / 2, 1 / 4]),
        (act.Softplus(2), [0, np.log(3)], [np.log(2) / 2, np.log(10) / 2], [1 / 2, 9 / 10]),
        (act.HardTanh(), [0.5, 3, -3], [0.5, 1, -1], [1, 0, 0]),
        (rect.ReLU(), [2, -3], [2, 0], [1, 0]),
        (rect.LeakyReLU(0.25), [2, -4], [2, -1], [1, 0.25]),
        (rect.ELU(2), [3, -np.log(2)], [3, -1], [1, 1]),
        (rect.SiLU(), [0, np.log(3)], [0, 0.75 * np.log(3)], [1 / 2, 3 / 4 + np.log(3) * 3 / 16]),
        (rect.Mish(), [0], [0], [3 / 5]),
        (rect.GELU(), [0], [0], [1 / 2]),
    ],
    ids=lambda p: repr(p) if isinstance(p, ew.Op) else "",
)
def test_by_hand(op, x, y, slope):
    np.testing.assert_allclose(op.forward(x=x), y, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(op.jacobian("x", x=x).dense(), np.diag(slope), rtol=1e-15, atol=1e-16)


def test_a_matrix_has_one_delta_per_axis():
    x = np.array([[1.0, 2, 3], [4, 5, 6]])
    J = fun.Square().jacobian("x", x=x)
    assert J.pattern == "i j -> i j | i j"
    assert str(J) == "2 δ_ii' δ_jj' x_ij"
    want = np.zeros((2, 3, 2, 3))
    for i, j in np.ndindex(2, 3):
        want[i, j, i, j] = 2 * x[i, j]
    np.testing.assert_array_equal(J.dense(), want)
    assert J.nnz == 6


def test_linear_maps_hold_no_array():
    J = ew.Multiple(-3).jacobian("x", x=[[1, 2, 3], [4, 5, 6]])
    assert str(J) == "-3 δ_ii' δ_jj'"
    assert J.nbytes == 0


@pytest.mark.parametrize(
    ("op", "printed"),
    [
        (fun.Power(-2), "-2 δ_ii' (x^(-3))_i"),
        (fun.Power(2.5), "5/2 δ_ii' (x^1.5)_i"),
        (fun.Power(0), "0"),
        (ew.Undefined("phi2"), "δ_ii' phi2'(x)_i"),
        (rect.GELU("tanh"), "δ_ii' gelu'(x)_i"),
    ],
    ids=repr,
)
def test_options_print(op, printed):
    assert str(op.jacobian("x", x=[1.0, 2.0])) == printed


@pytest.mark.parametrize(
    ("op", "shown"),
    [
        (rect.LeakyReLU(), "LeakyReLU(slope=0.01)"),
        (rect.GELU("tanh"), "GELU(approximation='tanh')"),
        (rect.SELU(), "SELU()"),
        (act.HardTanh(), "HardTanh()"),
        (ew.Multiple(3), "Multiple(factor=3.0)"),
        (ew.Undefined("h"), "Undefined(name='h')"),
        (fun.Power(2), "Power(exponent=2.0)"),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)
def test_repr_says_the_options(op, shown):
    assert repr(op) == shown


# ----- kinks -----


@pytest.mark.parametrize(
    ("op", "kink", "slope"),
    [
        (ew.Abs(), 0, 0),
        (rect.ReLU(), 0, 0),
        (rect.LeakyReLU(0.2), 0, 0.2),
        (rect.ELU(1.7), 0, 1.7),
        (rect.SELU(), 0, 1.0507009873554805 * 1.6732632423543772),
        (act.HardTanh(), -1, 0),
        (act.HardTanh(), 1, 0),
        (ew.Clip(-0.5, 1.5), -0.5, 0),
        (ew.Clip(-0.5, 1.5), 1.5, 0),
    ],
    ids=lambda p: repr(p) if isinstance(p, ew.Op) else "",
)
def test_the_convention_at_a_kink(op, kink, slope):
    np.testing.assert_allclose(slopes(op, [kink]), [slope], rtol=1e-15)
    np.testing.assert_allclose(op.kink_distance(x=np.array([9.0, kink + 0.125])), 0.125)
    assert op.near_kink(0.13, x=[9.0, kink - 0.125])
    assert not op.near_kink(0.12, x=[9.0, kink - 0.125])
    assert not op.analytic


@pytest.mark.parametrize(
    "op", [rect.ELU(), rect.LeakyReLU(1), act.Softsign(), act.Softplus(), rect.GELU(), fun.Square()], ids=repr
)
def test_no_kink_at_all(op):
    assert op.kink_distance(x=np.array([0.0])) == np.inf
    step = 1e-7
    left, right = op.forward(x=[-step, step]) - op.forward(x=[0.0])
    np.testing.assert_allclose([-left / step, right / step], slopes(op, [0.0, 0.0]), rtol=0, atol=1e-6)


# ----- the function that nobody defined -----


def test_undefined_is_fixed_by_its_name():
    x = np.linspace(-3, 3, 7)
    g, h = ew.Undefined("g"), ew.Undefined("h")
    np.testing.assert_array_equal(g.forward(x=x), ew.Undefined().forward(x=x))
    assert np.min(np.abs(slopes(g, x) - slopes(h, x))) > 1e-3
    # the same numbers on every machine and in every version: they stand in people's notes
    np.testing.assert_allclose(g.forward(x=[0.5, -2]), [0.06359641713307868, -0.32803353997381124], rtol=1e-14)


@pytest.mark.parametrize("name", ["g", "h", "sigma", "phi_1"])
def test_undefined_is_smooth_bounded_and_neither_even_nor_odd(name):
    g = ew.Undefined(name)
    x = np.linspace(-50, 50, 2001)
    y, slope = g.forward(x=x), g.derivative(x)
    assert np.max(np.abs(slope)) < 3.1
    assert np.ptp(slope) > 0.1  # not linear
    assert np.max(np.abs(y + y[::-1])) > 0.1
    assert np.max(np.abs(y - y[::-1])) > 0.1
    point = np.array([0.3, -1.7, 40.0])
    np.testing.assert_allclose(g.jacobian("x", x=point).dense(), complex_step(g.compute, point), rtol=0, atol=1e-14)


def test_undefined_in_sympy():
    x = sp.IndexedBase("x", real=True)
    i, j = sp.symbols("i j", integer=True)
    g = unknown("g")
    assert g is unknown("g")
    assert g is not unknown("h")
    assert sp.diff(g(x[i]), x[j]) == unknown("g", 1)(x[i]) * sp.KroneckerDelta(i, j)
    assert str(sp.diff(g(x[i]), x[i], 2)) == "g''(x[i])"
    assert sp.latex(sp.diff(g(x[i]), x[i])) == r"{g'}\left({x}_{i}\right)"
    value = unknown("g", 1)(sp.Float("0.3", 30))
    np.testing.assert_allclose(float(value), slopes(ew.Undefined(), [0.3])[0], rtol=1e-15)


# ----- symbolic sizes -----


@EVERY
def test_the_formula_with_index_symbols(op):
    s = Symbolic(op, op.signature({"x": (2,)}))
    i, j = sp.symbols("i j", integer=True)
    derived = sp.diff(FORMULAS[op.name](s, i), s.x[j])
    at = derived.xreplace({s.x[i]: sp.Float("0.7", 30)})
    on, off = (float(sp.N(at.xreplace({sp.KroneckerDelta(i, j): sp.Integer(d)}))) for d in (1, 0))
    np.testing.assert_allclose(on, slopes(op, [0.7])[0], rtol=1e-13)
    assert off == 0
