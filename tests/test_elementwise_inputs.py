"""Elementwise ops with unusual and with wrong input: NaN, inf, float32, integers, wrong kinds, domains and options."""

from __future__ import annotations

import re

import numpy as np
import pytest

import jacobians.ops.activations as act
import jacobians.ops.elementary as fun
import jacobians.ops.elementwise as ew
import jacobians.ops.rectifiers as rect
from jacobians.errors import InputError, ShapeError
from jacobians.ops import OPS

EVERY = pytest.mark.parametrize(
    "op", [v for op in OPS.values() if isinstance(op, ew.Elementwise) for v in type(op).variants()], ids=repr
)


# ----- unusual input -----


@EVERY
def test_nan_stays_where_it_is(op):
    x = [0.5, np.nan, 0.25]
    if repr(op) != "Power(exponent=0.0)":  # 1 whatever x is
        np.testing.assert_array_equal(np.isnan(op.forward(x=x)), [False, True, False])
    J = op.jacobian("x", x=x)
    if J.nbytes and repr(op) != "Power(exponent=1.0)":  # where the derivative depends on x
        np.testing.assert_array_equal(np.isnan(J.dense()).any(axis=0), [False, True, False])


@EVERY
def test_infinities_pass_without_a_warning(op):
    y = op.forward(x=[np.inf, 0.5, -np.inf])
    assert np.isfinite(y[1])
    J = op.jacobian("x", x=[np.inf, 0.5, -np.inf])
    if J.nbytes:
        assert np.isfinite(J.terms[0].factors[0].value[1])


@EVERY
def test_float32_stays(op):
    x = np.array([[0.5, 1.25, 0.75], [0.125, 1.5, 0.375]], np.float32)
    y, J = op.forward(x=x), op.jacobian("x", x=x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, op.forward(x=x.astype(float)), rtol=2e-6, atol=2e-7)
    if J.nbytes:
        assert J.dense().dtype == np.float32
    np.testing.assert_allclose(J.dense(), op.jacobian("x", x=x.astype(float)).dense(), rtol=2e-6, atol=2e-7)
    assert op.forward(x=np.float32(0.5)).dtype == np.float32


@EVERY
def test_integers_and_lists_become_float64(op):
    y, J = op.forward(x=[1, 2]), op.jacobian("x", x=np.array([1, 2], np.int8))
    assert y.dtype == J.dense().dtype == np.float64
    np.testing.assert_array_equal(J.dense(), op.jacobian("x", x=[1.0, 2.0]).dense())


@EVERY
def test_any_rank(op):
    x = np.linspace(0.3, 1.4, 30).reshape(2, 3, 5)
    J = op.jacobian("x", x=x)
    assert J.shape == (2, 3, 5, 2, 3, 5)
    np.testing.assert_array_equal(J.matrix(), op.jacobian("x", x=x.ravel()).dense())
    number = op.jacobian("x", x=0.3)
    assert number.shape == ()
    np.testing.assert_array_equal(number.dense(), J[0, 0, 0, 0, 0, 0])


# ----- wrong input -----


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1j, 2], r"Tanh.x: expected an array of real numbers, got complex numbers \(dtype complex128\)"),
        ([None, 2], r"Tanh.x: expected an array of real numbers, got objects \(dtype object\)"),
        (["1", "2"], r"Tanh.x: expected an array of real numbers, got text \(dtype <U1\)"),
        ([[1, 2], [3]], r"Tanh.x: expected an array of real numbers, got a ragged sequence"),
    ],
)
def test_arrays_of_the_wrong_kind(x, message):
    for call in (act.Tanh().forward, lambda x: act.Tanh().jacobian("x", x=x)):
        with pytest.raises(InputError, match=message):
            call(x=x)


def test_an_empty_axis():
    with pytest.raises(
        ShapeError, match=r"Exp.x: expected \(i j\) without an empty axis, got \(2, 0\); axis j has size 0"
    ):
        fun.Exp().jacobian("x", x=np.ones((2, 0)))


def test_wrong_names():
    with pytest.raises(InputError, match=r"ReLU: unknown input 'z'; known are x"):
        rect.ReLU().forward(z=[1.0])
    with pytest.raises(InputError, match=r"ReLU: input x is missing; expected x; pass x=..."):
        rect.ReLU().forward()
    with pytest.raises(InputError, match=r"ReLU.jacobian: unknown input 'W'; known are x"):
        rect.ReLU().jacobian("W", x=[1.0])


@pytest.mark.parametrize(
    ("op", "x", "expected", "shape", "got"),
    [
        (fun.Log(), [[1, 2, 3], [4, 5, -2]], "Log.x: expected entries > 0", "(2, 3)", "-2 at index (1, 2); add"),
        (fun.Log(), 0, "Log.x: expected entries > 0", "()", "0; add"),
        (fun.Sqrt(), [4, -1, 2], "Sqrt.x: expected entries >= 0", "(3)", "-1 at index (1); take"),
        (fun.Reciprocal(), [1, 0], "Reciprocal.x: expected entries other than 0", "(2)", "0 at index (1); mask"),
        (fun.Power(0.5), [1, -3], "Power.x: expected entries >= 0 for the exponent 0.5", "(2)", "-3 at index (1); neg"),
        (fun.Power(-2), [0, 5], "Power.x: expected entries other than 0 for the exponent -2", "(2)", "0 at index (0)"),
    ],
)
def test_outside_the_domain(op, x, expected, shape, got):
    message = re.escape(f"{expected} in the array of shape {shape}, got {got}")
    with pytest.raises(InputError, match=message):
        op.forward(x=x)
    with pytest.raises(InputError, match=message):
        op.jacobian("x", x=x)


@pytest.mark.parametrize(
    ("op", "expected", "advice"),
    [
        (fun.Sqrt(), "Sqrt.x: expected entries > 0, where the derivative is finite,", "add a small positive number"),
        (fun.Power(0.5), "Power.x: expected entries other than 0 for the derivative of x^0.5", "mask the entry"),
    ],
)
def test_a_value_without_a_derivative(op, expected, advice):
    np.testing.assert_array_equal(op.forward(x=[4, 0, 9]), [2, 0, 3])
    message = re.escape(f"{expected} in the array of shape (3), got 0 at index (1); {advice}")
    with pytest.raises(InputError, match=message):
        op.jacobian("x", x=[4, 0, 9])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rect.LeakyReLU("0.1"), r"LeakyReLU: option slope must be a finite real number, got '0.1'; as"),
        (lambda: rect.ELU(float("nan")), r"ELU: option alpha must be a finite real number, got nan"),
        (lambda: rect.GELU("erf"), r"GELU: unknown approximation 'erf'; known are none, tanh"),
        (lambda: act.Softplus(0), r"Softplus: option beta must be positive, got 0; use the default beta=1.0"),
        (lambda: act.Softplus(1j), r"Softplus: option beta must be a finite real number, got 1j"),
        (lambda: ew.Clip(2, 1), r"Clip: expected low < high, got low = 2, high = 1; exchange them or move them apart"),
        (lambda: ew.Clip(1, float("inf")), r"Clip: option high must be a finite real number, got inf"),
        (lambda: ew.Multiple(None), r"Multiple: option factor must be a finite real number, got None"),
        (lambda: ew.Shift(True), r"Shift: option offset must be a finite real number, got True"),
        (lambda: fun.Power([2]), r"Power: option exponent must be a finite real number, got \[2\]"),
        (lambda: ew.Undefined("g(x)"), r"Undefined: option name must be letters, .*, got 'g\(x\)'; as in name='g'"),
        (lambda: ew.Undefined(3), r"Undefined: option name must be .* begin with a letter, got 3"),
    ],
)  # fmt: skip
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()
