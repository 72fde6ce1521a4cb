"""Two arrays with broadcasting: by hand, labels of stretched axes, against NumPy's rules, wrong and unusual input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy as sp

from jacobians.checks import complex_step
from jacobians.errors import InputError, ShapeError
from jacobians.ops.pointwise import Add, Divide, Hadamard, Scale, Subtract
from symbolic.formulas import FORMULAS
from symbolic.scope import Symbolic

EVERY = pytest.mark.parametrize("op", [Add(), Subtract(), Hadamard(), Divide()], ids=repr)
X = np.array([[2.0, 3, 5], [7, 11, 13]])
ROW, COLUMN = np.array([17.0, 19, 23]), np.array([[29.0], [31]])


# ----- by hand -----


def test_hadamard_by_hand():
    x, y = np.array([2.0, 3, 5]), np.array([7.0, 11, 13])
    J = Hadamard().jacobians(x=x, y=y)
    np.testing.assert_array_equal(Hadamard().forward(x=x, y=y), [14, 33, 65])
    np.testing.assert_array_equal(J["x"].dense(), np.diag(y))
    np.testing.assert_array_equal(J["y"].dense(), np.diag(x))


def test_divide_by_hand():
    J = Divide().jacobians(x=[6, 5], y=[2, -4])
    np.testing.assert_array_equal(J["x"].dense(), [[0.5, 0], [0, -0.25]])
    np.testing.assert_array_equal(J["y"].dense(), [[-1.5, 0], [0, -0.3125]])


def test_a_bias_is_added_to_every_row():
    J = Add().jacobian("y", x=X, y=ROW)
    assert J.pattern == "-> i j | j"
    assert str(J) == "δ_jj'"
    want = np.zeros((2, 3, 3))
    for n, o in np.ndindex(2, 3):
        want[n, o, o] = 1  # (n o | o')
    np.testing.assert_array_equal(J.dense(), want)
    np.testing.assert_array_equal(J.pull(X), X.sum(axis=0))


def test_a_column_is_subtracted_from_every_column():
    J = Subtract().jacobian("y", x=X, y=COLUMN)
    assert J.pattern == "-> i j | i v"
    want = np.zeros((2, 3, 2, 1))
    for n, o in np.ndindex(2, 3):
        want[n, o, n, 0] = -1
    np.testing.assert_array_equal(J.dense(), want)


def test_a_column_scales_every_column():
    J = Hadamard().jacobians(x=X, y=COLUMN)
    assert J["x"].pattern == "i v -> i j | i j"
    assert J["y"].pattern == "i j -> i j | i v"
    want = np.zeros((2, 3, 2, 3))
    for n, o in np.ndindex(2, 3):
        want[n, o, n, o] = COLUMN[n, 0]
    np.testing.assert_array_equal(J["x"].dense(), want)
    np.testing.assert_array_equal(J["y"].pull(np.ones((2, 3))), X.sum(axis=1, keepdims=True))


def test_a_column_times_a_row_is_their_outer_product():
    J = Hadamard().jacobians(x=COLUMN, y=ROW)
    assert J["x"].shape == (2, 3, 2, 1)
    assert J["y"].shape == (2, 3, 3)
    np.testing.assert_array_equal(J["x"][1, 2].dense(), [[0], [23]])
    np.testing.assert_array_equal(J["y"][1, 2].dense(), [0, 0, 31])


def test_scale_by_hand():
    J = Scale().jacobians(c=3.0, x=X)
    np.testing.assert_array_equal(J["c"].dense(), X)
    np.testing.assert_array_equal(J["x"].matrix(), 3 * np.eye(6))
    assert str(J["x"]) == "δ_ii' δ_jj' c"
    assert J["c"].shape == (2, 3)


# ----- all the ways to broadcast -----

SHAPES = [(), (1,), (5,), (3, 1), (1, 5), (3, 5), (2, 1, 5), (2, 3, 1), (1, 1, 1), (2, 3, 5)]


@EVERY
def test_every_pair_of_shapes_that_numpy_broadcasts(op):
    rng = np.random.default_rng(0)
    for one, two in itertools.product(SHAPES, SHAPES):
        x, y = rng.uniform(-2, 2, one), rng.uniform(0.5, 2, two)
        z = op.forward(x=x, y=y)
        assert z.shape == op.out_shape(x=one, y=two) == np.broadcast_shapes(one, two)
        J = op.jacobians(x=x, y=y)
        for name, f, at in (("x", lambda v, y=y: op.compute(v, y), x), ("y", lambda v, x=x: op.compute(x, v), y)):
            np.testing.assert_allclose(J[name].dense(), complex_step(f, at), rtol=0, atol=1e-13, err_msg=f"{one} {two}")


@EVERY
def test_open_sizes_count_as_not_stretched(op):
    signature = op.signature({"x": (None, 3), "y": (1, None)})
    assert signature.output == ("i", "j")
    assert signature.inputs == {"x": ("i", "j"), "y": ("i", "j")}
    assert op.signature({"x": (None, 3), "y": (2, 1)}).inputs == {"x": ("i", "j"), "y": ("i", "v")}


def test_more_axes_than_letters():
    x = np.arange(1.0, 129.0).reshape((2,) * 7)
    J = Hadamard().jacobian("x", x=x, y=x[:1, :, :, :, :, :, :1] + 3)
    np.testing.assert_array_equal(J.apply(x), x * (x[:1, :, :, :, :, :, :1] + 3))


# ----- unusual and wrong input -----


@EVERY
def test_nan_inf_and_float32_pass(op):
    z = op.forward(x=[np.nan, np.inf, 1.0, np.inf], y=[1.0, np.inf, np.nan, 2.0])
    assert np.isnan(z[[0, 2]]).all()
    assert np.isinf(z[3])
    x, y = np.array([2, 3, 5], np.float32), np.array([7], np.float32)
    assert op.forward(x=x, y=y).dtype == np.float32
    for J in op.jacobians(x=x, y=y).values():
        assert J.dense().dtype == (np.float32 if J.nbytes else np.float64)
    assert op.forward(x=[2, 3], y=np.int8(7)).dtype == np.float64


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ((3,), (5,), r"Hadamard.y: expected \(i\) = \(3\), got \(5\); x fixes i = 3"),
        ((2, 3), (2,), r"Hadamard.y: expected \(j\) = \(3\), got \(2\); x fixes j = 3"),
        ((2, 3), (5, 3), r"Hadamard.y: expected \(i j\) = \(2, 3\), got \(5, 3\); x fixes i = 2"),
        ((2, 0), (2, 1), r"Hadamard.x: expected \(i j\) without an empty axis, got \(2, 0\); axis j has size 0"),
    ],
)
def test_shapes_that_do_not_broadcast(x, y, message):
    for call in (Hadamard().forward, lambda **arrays: Hadamard().jacobian("x", **arrays)):
        with pytest.raises(ShapeError, match=message):
            call(x=np.ones(x), y=np.ones(y))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Divide().forward(x=1.0, y=[[1, 2], [3, 0], [5, 7]]),
            r"Divide.y: expected entries other than 0 in the array of shape \(3, 2\), got 0 at index \(1, 1\); mask",
        ),
        (lambda: Add().forward(x=[1j], y=[1]), r"Add.x: expected an array of real numbers, got complex numbers"),
        (lambda: Add().forward(x=[1], y=["a"]), r"Add.y: expected an array of real numbers, got text \(dtype <U1\)"),
        (lambda: Add().forward(x=[1]), r"Add: input y is missing; expected x, y; pass y=\.\.\."),
        (lambda: Add().jacobian("b", x=[1], y=[2]), r"Add.jacobian: unknown input 'b'; known are x, y"),
    ],
)
def test_wrong_arrays_and_names(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_scale_by_an_array_is_refused():
    with pytest.raises(ShapeError, match=r"Scale.c: expected \(\) = \(\), got \(2\)"):
        Scale().forward(c=[1, 2], x=[1, 2, 3])


# ----- symbolic sizes -----


@EVERY
def test_the_formula_with_index_symbols(op):
    s = Symbolic(op, op.signature({"x": (3, 5), "y": (3, 1)}))
    i, j, k = sp.symbols("i j k", integer=True)
    z = FORMULAS[op.name](s, i, j)
    x, y = s.x[i, j], s.y[i, 0]
    assert z == {"add": x + y, "subtract": x - y, "hadamard": x * y, "divide": x / y}[op.name]
    by_column = sp.diff(z, s.y[k, 0])
    assert by_column.has(sp.KroneckerDelta(i, k))
    numbers = {x: sp.Integer(7), y: sp.Integer(2), sp.KroneckerDelta(i, k): sp.Integer(1)}
    want = op.jacobian("y", x=[[7.0] * 5] * 3, y=[[2.0]] * 3)[1, 4, 1, 0]
    np.testing.assert_allclose(float(by_column.xreplace(numbers)), want, rtol=1e-15)
