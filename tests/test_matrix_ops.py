"""Functions of one matrix: integer examples to check by hand, singular matrices, and wrong input."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.checks import complex_step
from jacobians.errors import FormError, InputError, ShapeError
from jacobians.ops.matrix import Determinant, Diag, Inverse, LogDet, Solve, Trace, Transpose
from symbolic.formulas import FORMULAS
from symbolic.scope import Symbolic

A = [[1, 2], [3, 5]]  # det A = -1
INVERSE = [[-5, 2], [3, -1]]
SINGULAR = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]

NEED_AN_INVERSE = pytest.mark.parametrize(
    ("op", "more"), [(Inverse(), {}), (LogDet(), {}), (Solve(), {"b": [1, 2, 4]})], ids=lambda op: str(op)
)


# ----- integer examples -----


def test_transpose_by_hand():
    op, B = Transpose(), [[1, 2, 3], [4, 5, 6]]
    np.testing.assert_array_equal(op.forward(A=B), [[1, 4], [2, 5], [3, 6]])
    J = op.jacobian("A", A=B)
    assert J.pattern == "-> j i | i j"
    assert J.shape == (3, 2, 2, 3)
    np.testing.assert_array_equal(J.dense()[2, 0], [[0, 0, 1], [0, 0, 0]])  # Y_20 = A_02
    np.testing.assert_array_equal(J.dense()[2, 1], [[0, 0, 0], [0, 0, 1]])  # Y_21 = A_12


def test_diag_by_hand():
    op, x = Diag(), [4, 7]
    np.testing.assert_array_equal(op.forward(x=x), [[4, 0], [0, 7]])
    J = op.jacobian("x", x=x)
    assert J.pattern == "-> i i | i"
    np.testing.assert_array_equal(J.dense(), [[[1, 0], [0, 0]], [[0, 0], [0, 1]]])


def test_diag_keeps_inf_on_the_diagonal():
    np.testing.assert_array_equal(Diag().forward(x=[np.inf, 2]), [[np.inf, 0], [0, 2]])


def test_trace_by_hand():
    assert Trace().forward(A=A) == 6
    J = Trace().jacobian("A", A=A)
    assert J.pattern.split() == ["->", "|", "i", "i"]
    np.testing.assert_array_equal(J.dense(), [[1, 0], [0, 1]])


def test_inverse_by_hand():
    np.testing.assert_allclose(Inverse().forward(A=A), INVERSE, rtol=1e-13)
    J = Inverse().jacobian("A", A=A)
    assert J.pattern == "i k, l j -> i j | k l"
    # dY_01 / dA_kl = -Y_0k Y_l1, with Y_0. = (-5, 2) and Y_.1 = (2, -1)
    np.testing.assert_allclose(J.dense()[0, 1], [[10, -5], [-4, 2]], rtol=1e-13)


def test_determinant_by_hand():
    np.testing.assert_allclose(Determinant().forward(A=A), -1, rtol=1e-13)
    J = Determinant().jacobian("A", A=A)
    np.testing.assert_allclose(J.dense(), [[5, -3], [-2, 1]], rtol=1e-13)
    assert str(J) == "cof(A)_ij"


def test_logdet_by_hand():
    B = [[1, 2], [3, 4]]  # det B = -2: the absolute value is taken
    np.testing.assert_allclose(LogDet().forward(A=B), np.log(2), rtol=1e-13)
    J = LogDet().jacobian("A", A=B)
    np.testing.assert_allclose(J.dense(), [[-2, 1.5], [1, -0.5]], rtol=1e-13)  # the transposed inverse
    assert str(J) == "(A^-1)_ji"


def test_solve_by_hand():
    op, inputs = Solve(), {"A": A, "b": [1, 4]}
    np.testing.assert_allclose(op.forward(**inputs), [3, -1], rtol=1e-13)
    J = op.jacobians(**inputs)
    assert J["A"].pattern == "i j, l -> i | j l"
    np.testing.assert_allclose(J["b"].dense(), INVERSE, rtol=1e-13)
    by_A = [[[15, -5], [-6, 2]], [[-9, 3], [3, -1]]]  # -(A^-1)_ij y_l
    np.testing.assert_allclose(J["A"].dense(), by_A, rtol=1e-13)


def test_solve_for_several_right_hand_sides():
    op, inputs = Solve(), {"A": A, "b": [[1, 0, 2], [4, 1, 7]]}
    np.testing.assert_allclose(op.forward(**inputs), np.array(INVERSE) @ inputs["b"], rtol=1e-13)
    J = op.jacobians(**inputs)
    assert (J["A"].shape, J["A"].pattern) == ((2, 3, 2, 2), "i j, l k -> i k | j l")
    assert (J["b"].shape, J["b"].pattern) == ((2, 3, 2, 3), "i j -> i k | j k")


# ----- larger matrices, against the forward pass alone (SymPy's entries would be too long) -----


@pytest.mark.parametrize("op", [Inverse(), Determinant(), LogDet(), Trace()], ids=str)
@pytest.mark.parametrize("size", [5, 7])
def test_larger_matrices(op, size):
    A = op.sample(np.random.default_rng(size), {"A": (size, size)})["A"]
    want = complex_step(lambda v: op.compute(A=v), A)
    got = op.jacobian("A", A=A).dense()
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * np.max(np.abs(want)))


@pytest.mark.parametrize("wrt", ["A", "b"])
def test_a_larger_system(wrt):
    op = Solve()
    inputs = op.sample(np.random.default_rng(2), {"A": (5, 5), "b": (5, 2)})
    want = complex_step(lambda v: op.compute(**{**inputs, wrt: v}), inputs[wrt])
    np.testing.assert_allclose(op.jacobian(wrt, **inputs).dense(), want, rtol=0, atol=1e-12 * np.max(np.abs(want)))


# ----- singular matrices -----


@NEED_AN_INVERSE
def test_a_singular_matrix_is_refused(op, more):
    message = rf"{op.label}.A: expected an invertible matrix, got a singular one: rank 2 for size \(3, 3\) in float64"
    with pytest.raises(InputError, match=message):
        op.forward(A=SINGULAR, **more)
    with pytest.raises(InputError, match=message):
        op.jacobian("A", A=SINGULAR, **more)


def test_one_singular_matrix_in_a_stack_is_refused():
    with pytest.raises(InputError, match=r"rank 1 for size \(2, 2\)"):
        Inverse().forward(A=[[[1, 2], [3, 5]], [[1, 2], [2, 4]]])


def test_singular_is_a_matter_of_the_arithmetic():
    almost = np.array([[1, 1], [1, 1 + 1e-8]])
    assert np.all(np.isfinite(Inverse().forward(A=almost)))
    with pytest.raises(InputError, match=r"rank 1 for size \(2, 2\) in float32"):
        Inverse().forward(A=almost.astype(np.float32))


def test_a_singular_matrix_has_a_determinant_and_cofactors():
    np.testing.assert_allclose(Determinant().forward(A=SINGULAR), 0, atol=1e-14)
    cofactors = [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]]
    np.testing.assert_allclose(Determinant().jacobian("A", A=SINGULAR).dense(), cofactors, rtol=1e-13)
    np.testing.assert_array_equal(Determinant().jacobian("A", A=np.zeros((3, 3))).dense(), np.zeros((3, 3)))
    np.testing.assert_array_equal(Determinant().jacobian("A", A=[[0]]).dense(), [[1]])


# ----- wrong input -----


@pytest.mark.parametrize("op", [Trace(), Inverse(), Determinant(), LogDet()], ids=str)
def test_a_matrix_that_is_not_square(op):
    message = rf"{op.label}.A: expected \(... i i\) = \(2, 2\), got \(2, 3\); A must be square"
    with pytest.raises(ShapeError, match=message):
        op.forward(A=np.ones((2, 3)))


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Inverse(), {"A": [1, 2]}, r"Inverse.A: expected \(... i i\) = \(\?, \?\), got \(2\)"),
        (Transpose(), {"A": [1, 2]}, r"Transpose.A: expected \(... i j\) = \(\?, \?\), got \(2\)"),
        (Diag(), {"x": 3}, r"Diag.x: expected \(... i\) = \(\?\), got \(\)"),
        (
            Solve(),
            {"A": np.ones((2, 3)), "b": [1, 2]},
            r"Solve.A: expected \(i i\) = \(2, 2\), got \(2, 3\); A must be",
        ),
        (Solve(), {"A": A, "b": [1, 2, 3]}, r"Solve.b: expected \(i\) = \(2\), got \(3\); A fixes i = 2"),
        (
            Solve(),
            {"A": A, "b": np.ones((3, 5))},
            r"Solve.b: expected \(i k\) = \(2, \?\), got \(3, 5\); A fixes i",
        ),
        (
            Solve(),
            {"A": A, "b": np.ones((2, 3, 5))},
            r"Solve.b: expected \(i k\) = \(\?, \?\), got \(2, 3, 5\); b is a vector or a matrix",
        ),
        (Solve(), {"A": np.ones((5, 2, 2)), "b": [1, 2]}, r"Solve.A: expected \(i i\) = \(2, 2\), got \(5, 2, 2\)"),
    ],
)
def test_sizes_that_do_not_fit(op, inputs, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(**inputs)


def test_open_sizes_are_no_misfit():
    assert Inverse().signature({"A": (None, 3)}).output == ("i", "i")
    assert Solve().signature({"A": (None, None), "b": (None,)}).output == ("i",)


def test_inputs_that_do_not_exist():
    with pytest.raises(InputError, match=r"Solve: input b is missing; expected A, b; pass b=\.\.\."):
        Solve().forward(A=A)
    with pytest.raises(InputError, match="Inverse: unknown input 'X'; known are A"):
        Inverse().forward(X=A)
    with pytest.raises(InputError, match=r"Trace.jacobian: unknown input 'B'; known are A"):
        Trace().jacobian("B", A=A)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("op", [Trace(), Inverse(), Determinant(), LogDet(), Solve()], ids=str)
def test_nan_and_inf_pass_through(op, bad):
    inputs = {"A": [[bad, bad], [1, 2]], **({"b": [1, 2]} if "b" in op.inputs else {})}
    assert not np.all(np.isfinite(op.forward(**inputs)))
    assert op.jacobian("A", **inputs).dense().shape == (*op.forward(**inputs).shape, 2, 2)


@pytest.mark.parametrize("op", [Transpose(), Trace(), Inverse(), Determinant(), LogDet()], ids=str)
def test_float32_stays(op):
    inputs = {"A": np.array([[1, 2], [3, 5]], np.float32)}
    assert op.forward(**inputs).dtype == np.float32
    if op.jacobian("A", **inputs).terms[0].factors:
        assert op.jacobian("A", **inputs).dtype == np.float32


# ----- the formulas with symbols for indices -----


@pytest.mark.parametrize("name", ["determinant", "inverse", "logdet", "solve"])
def test_formulas_written_out_need_a_size(name):
    op = {op.name: op for op in (Determinant(), Inverse(), LogDet(), Solve())}[name]
    signature = op.signature(op.example_shapes((2, 3, 5, 7, 11))[0])
    with pytest.raises(FormError, match=rf"{op.label}: expected a number for the size of A, got n_i; give the sizes"):
        FORMULAS[name](Symbolic(op, signature), *range(len(signature.output)))
