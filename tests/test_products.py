"""Affine maps and products: integer examples to check by hand, and wrong input."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.errors import InputError, ShapeError
from jacobians.ops.einsum import Einsum
from jacobians.ops.linear import Linear, LinearMap, LinearRows
from jacobians.ops.products import Bilinear, Inner, Matmul, Outer, Quadratic
from symbolic.formulas import FORMULAS
from symbolic.scope import Symbolic

W = [[1, 2, 3], [4, 5, 6]]
x = [7, 8, 9]
b = [10, 20]


def equal(J, dense, pattern):
    """Every entry, and the structure they come from."""
    np.testing.assert_array_equal(J.dense(), dense)
    assert J.pattern.split() == pattern.split()


# ----- integer examples -----


def test_linear_by_hand():
    op, inputs = Linear(), {"x": x, "W": W, "b": b}
    np.testing.assert_array_equal(op.forward(**inputs), [60, 142])
    J = op.jacobians(**inputs)
    equal(J["x"], W, "o i -> o | i")
    equal(J["W"], [[[7, 8, 9], [0, 0, 0]], [[0, 0, 0], [7, 8, 9]]], "i -> o | o i")
    equal(J["b"], [[1, 0], [0, 1]], "-> o | o")


def test_linear_map_by_hand():
    op, inputs = LinearMap(), {"x": x, "W": W}
    np.testing.assert_array_equal(op.forward(**inputs), [50, 122])
    J = op.jacobians(**inputs)
    equal(J["x"], W, "o i -> o | i")
    equal(J["W"], [[[7, 8, 9], [0, 0, 0]], [[0, 0, 0], [7, 8, 9]]], "i -> o | o i")


def test_linear_rows_by_hand():
    op, inputs = LinearRows(), {"x": [[1, 2], [3, 4], [5, 6]], "W": [[1, 0, 2, 1], [0, 1, 1, 3]], "b": [1, 2, 3, 4]}
    np.testing.assert_array_equal(op.forward(**inputs), [[2, 4, 7, 11], [4, 6, 13, 19], [6, 8, 19, 27]])
    J = op.jacobians(**inputs)
    assert J["W"].shape == (3, 4, 2, 4)
    assert J["W"].pattern == "n i -> n o | i o"
    np.testing.assert_array_equal(J["W"].dense()[2, 1], [[0, 5, 0, 0], [0, 6, 0, 0]])  # a_21 sees column 1 of W
    np.testing.assert_array_equal(J["x"].dense()[2, 1], [[0, 0], [0, 0], [0, 1]])  # and row 2 of x, by W_i1 = (0, 1)
    np.testing.assert_array_equal(J["b"].dense()[2, 1], [0, 1, 0, 0])


def test_rows_and_columns_agree():
    rng = np.random.default_rng(1)
    x, W, b = rng.standard_normal((5, 3)), rng.standard_normal((2, 3)), rng.standard_normal(2)
    columns, rows = Linear(), LinearRows()
    np.testing.assert_array_equal(columns.forward(x=x, W=W, b=b), rows.forward(x=x, W=W.T, b=b))
    by_W = rows.jacobian("W", x=x, W=W.T, b=b).dense()
    np.testing.assert_array_equal(columns.jacobian("W", x=x, W=W, b=b).dense(), by_W.swapaxes(-1, -2))


def test_matmul_by_hand():
    A, B = [[1, 2], [3, 4], [5, 6]], [[1, 0, 2, 1], [0, 1, 1, 3]]
    op = Matmul()
    np.testing.assert_array_equal(op.forward(A=A, B=B), np.array(A) @ B)
    J = op.jacobians(A=A, B=B)
    assert J["A"].pattern == "j k -> i k | i j"
    assert J["B"].pattern == "i j -> i k | j k"
    np.testing.assert_array_equal(J["A"].dense()[1, 3], [[0, 0], [1, 3], [0, 0]])  # C_13 = A_10 B_03 + A_11 B_13
    np.testing.assert_array_equal(J["B"].dense()[1, 3], [[0, 0, 0, 3], [0, 0, 0, 4]])


@pytest.mark.parametrize(
    ("A", "B", "patterns"),
    [
        (W, x, ("j -> i | i j", "i j -> i | j")),
        (b, W, ("j k -> k | j", "j -> k | j k")),
        (x, [1, 2, 3], ("j -> | j", "j -> | j")),
        (np.ones((7, 2, 3)), np.ones((7, 3, 5)), ("n j k -> n i k | n i j", "n i j -> n i k | n j k")),
        (np.ones((7, 2, 3)), x, ("j -> n i | n i j", "n i j -> n i | j")),
        (W, np.ones((7, 3, 5)), ("n j k -> n i k | i j", "i j -> n i k | n j k")),
    ],
)
def test_matmul_of_every_rank(A, B, patterns):
    J = Matmul().jacobians(A=A, B=B)
    assert [J[name].pattern.split() for name in "AB"] == [pattern.split() for pattern in patterns]
    assert Matmul().forward(A=A, B=B).shape == np.matmul(A, B).shape == J["A"].out_shape


def test_outer_by_hand():
    op, inputs = Outer(), {"x": [2, 3], "y": [5, 7, 11]}
    np.testing.assert_array_equal(op.forward(**inputs), [[10, 14, 22], [15, 21, 33]])
    J = op.jacobians(**inputs)
    by_x = [[[5, 0], [7, 0], [11, 0]], [[0, 5], [0, 7], [0, 11]]]
    equal(J["x"], by_x, "j -> i j | i")
    equal(J["y"], [2 * np.eye(3), 3 * np.eye(3)], "i -> i j | j")


def test_inner_by_hand():
    op, inputs = Inner(), {"x": [1, 2, 3], "y": [4, 5, 7]}
    assert op.forward(**inputs) == 35
    J = op.jacobians(**inputs)
    equal(J["x"], [4, 5, 7], "i -> | i")
    equal(J["y"], [1, 2, 3], "i -> | i")


def test_quadratic_by_hand():
    op, inputs = Quadratic(), {"x": [2, 3], "A": [[1, 4], [5, 7]]}
    assert op.forward(**inputs) == 4 + 6 * (4 + 5) + 63
    J = op.jacobians(**inputs)
    equal(J["x"], [2 * 2 + 9 * 3, 9 * 2 + 14 * 3], "i j, j -> | i\nj i, j -> | i")  # (A + A^T) x
    equal(J["A"], [[4, 6], [6, 9]], "i, j -> | i j")


# ----- wrong input -----


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Linear(), {"x": x, "W": np.ones((3, 2)), "b": b}, r"Linear.W: expected \(o i\) = \(2, 3\), got \(3, 2\)"),
        (
            LinearMap(),
            {"x": x, "W": np.ones((2, 5))},
            r"LinearMap.W: expected \(o i\) = \(\?, 3\), got \(2, 5\); x",
        ),
        (
            LinearRows(),
            {"x": x, "W": np.ones((2, 3)), "b": [1, 2, 3]},
            r"LinearRows.W: expected \(i o\) = \(3, 3\), got \(2, 3\); x fixes i = 3",
        ),
        (LinearMap(), {"x": x, "W": [1, 2, 3]}, r"LinearMap.W: expected \(o i\) = \(\?, 3\), got \(3\)"),
        (
            Matmul(),
            {"A": np.ones((2, 3)), "B": np.ones((5, 7))},
            r"Matmul.B: expected \(j k\) = \(3, \?\), got \(5, 7\); A fixes j = 3",
        ),
        (Matmul(), {"A": 2, "B": x}, r"Matmul.A: expected \(i j\) = \(\?, \?\), got \(\); scale multiplies"),
        (
            Matmul(),
            {"A": np.ones((2, 3, 5)), "B": np.ones((7, 5, 3))},
            r"Matmul.B: expected \(n j k\) = \(2, 5, \?\), got \(7, 5, 3\); A fixes n = 2",
        ),
        (
            Matmul(),
            {"A": np.ones((7, 2, 3)), "B": np.ones((11, 7, 3, 5))},
            r"Matmul.A: expected \(n m i j\) = \(11, 7, \?, 3\), got \(7, 2, 3\)",
        ),
        (Inner(), {"x": x, "y": b}, r"Inner.y: expected \(i\) = \(3\), got \(2\); x fixes i = 3"),
        (Outer(), {"x": np.ones((5, 2)), "y": x}, r"Outer.y: expected \(n j\) = \(5, \?\), got \(3\); x fixes n = 5"),
        (
            Quadratic(),
            {"x": x, "A": np.ones((3, 5))},
            r"Quadratic.A: expected \(i i\) = \(3, 3\), got \(3, 5\); x fixes i = 3",
        ),
    ],
)
def test_sizes_that_do_not_fit(op, inputs, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(**inputs)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (LinearMap(), {"x": x, "W": W, "b": b}, "LinearMap: unknown input 'b'; known are x, W"),
        (Matmul(), {"A": W}, "Matmul: input B is missing; expected A, B; pass B="),
        (Quadratic(), {"x": x, "A": [["a"]]}, r"Quadratic.A: expected an array of real numbers, got text"),
    ],
)
def test_inputs_that_do_not_exist(op, inputs, message):
    with pytest.raises(InputError, match=message):
        op.forward(**inputs)


def test_nan_and_float32_pass_through():
    A = np.array([[1, np.nan], [2, 3]], np.float32)
    J = Matmul().jacobian("B", A=A, B=np.ones(2, np.float32))
    np.testing.assert_array_equal(J.dense(), A)
    assert J.dtype == np.float32


# ----- the formulas with symbols for indices -----


@pytest.mark.parametrize(
    "op", [LinearRows(), LinearMap(), Matmul(), Outer(), Inner(), Quadratic(), Einsum("ij,jk->ki")]
)
def test_formulas_with_symbolic_sizes_give_the_forward_pass(op):
    shapes = op.example_shapes((2, 3, 5, 7, 11))[0]
    inputs = op.sample(np.random.default_rng(4), shapes)
    signature, sizes = op.sizes(shapes)
    scope = Symbolic(op, signature)
    numbers = {getattr(scope, name)[index]: v for name, array in inputs.items() for index, v in np.ndenumerate(array)}
    value = op.forward(**inputs)
    for index in np.ndindex(value.shape):
        formula = FORMULAS[op.name](scope, *index).subs({scope.size(a): n for a, n in sizes.items()}).doit()
        np.testing.assert_allclose(float(formula.xreplace(numbers)), value[index], rtol=1e-14)


# ----- the bilinear layer -----

A = [[[1, 2, 0], [3, -1, 4]], [[0, 1, 1], [-2, 5, 0]]]  # (k i j)
PAIR = {"x1": [1, 2], "x2": [3, 5, 7], "A": A}


def test_bilinear_by_hand():
    op, inputs = Bilinear(), {**PAIR, "b": [100, 200]}
    np.testing.assert_array_equal(op.forward(**inputs), [177, 250])  # (13, 32) and (12, 19) times x1
    J = op.jacobians(**inputs)
    np.testing.assert_array_equal(J["x1"].dense(), [[13, 32], [12, 19]])  # A_k x2
    np.testing.assert_array_equal(J["x2"].dense(), [[7, 0, 8], [-4, 11, 1]])  # A_k^T x1
    np.testing.assert_array_equal(J["A"].dense()[1], [np.zeros((2, 3)), [[3, 5, 7], [6, 10, 14]]])  # x1 x2^T
    np.testing.assert_array_equal(J["b"].dense(), np.eye(2))


def test_bilinear_without_a_bias():
    np.testing.assert_array_equal(Bilinear(bias=False).forward(**PAIR), [77, 50])
    with pytest.raises(InputError, match="Bilinear: input b is missing; expected x1, x2, A, b"):
        Bilinear().forward(**PAIR)


def test_a_bilinear_form_of_one_vector_is_the_quadratic_form():
    rng = np.random.default_rng(5)
    x, M = rng.standard_normal(3), rng.standard_normal((3, 3))
    bilinear, quadratic = Bilinear(bias=False).jacobians(x1=x, x2=x, A=M[None]), Quadratic().jacobians(x=x, A=M)
    by_x = bilinear["x1"].dense() + bilinear["x2"].dense()
    np.testing.assert_allclose(by_x[0], quadratic["x"].dense(), rtol=1e-14)
    np.testing.assert_allclose(bilinear["A"].dense()[0, 0], quadratic["A"].dense(), rtol=1e-14)


def test_bilinear_refuses():
    with pytest.raises(
        ShapeError, match=r"Bilinear.A: expected \(k i j\) = \(\?, 2, 3\), got \(2, 3, 2\); x1 fixes i = 2"
    ):
        Bilinear(bias=False).forward(x1=[1, 2], x2=[3, 5, 7], A=np.ones((2, 3, 2)))
    with pytest.raises(ShapeError, match=r"Bilinear.b: expected \(k\) = \(2\), got \(3\); A fixes k = 2"):
        Bilinear().forward(**PAIR, b=np.ones(3))
    with pytest.raises(ShapeError, match=r"Bilinear.x2: expected \(n j\) = \(5, 3\), got \(7, 3\)"):
        Bilinear(bias=False).forward(x1=np.ones((5, 2)), x2=np.ones((7, 3)), A=A)
