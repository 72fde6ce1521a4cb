"""What a wrong call is told: every message has where, what was expected with sizes, what came, and the way out."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import jacobians as jac
from jacobians import (
    EntryError,
    FormError,
    InputError,
    JacobiansError,
    Linear,
    MathSyntaxError,
    ShapeError,
    delta_einsum,
)
from jacobians.constructors import zero

x = np.array([1.0, 2.0, 4.0])
W = np.array([[1.0, -2.0, 3.0], [5.0, 7.0, -11.0]])
b = np.array([0.5, -0.5])
J = delta_einsum("i -> o | o i", ("x", x), o=2)
K = delta_einsum("o i -> o | i", ("W", W))


def raises(error, message):
    return pytest.raises(error, match=f"^{message}$")


# ----- delta_einsum -----


@pytest.mark.parametrize(
    ("pattern", "factors", "sizes", "message"),
    [
        ("i -> o | o i", [x, x], {"o": 2}, r"delta_einsum 'i -> o \| o i': expected 1 factors, got 2"),
        ("-> o | o i", [x], {"o": 2}, r"delta_einsum '-> o \| o i': expected 0 factors, got 1"),
        ("i, j -> o | o i", [x], {"o": 2}, r"delta_einsum 'i, j -> o \| o i': expected 2 factors, got 1"),
        ("i -> o o i", [x], {}, r"pattern 'i -> o o i': expected 'factors -> output labels \| input labels', .*"),
        ("i | o", [x], {}, r"pattern 'i \| o': expected 'factors -> output labels \| input labels', as in 'i -> .*"),
        ("i -> o -> | i", [x], {}, r"pattern 'i -> o -> \| i': expected 'factors -> output labels .*"),
        ("i -> o | 2", [x], {}, r"pattern 'i -> o \| 2': '2' is not a label; labels are words such as i, o, k0"),
        ("i* -> o | i", [x], {}, r"pattern 'i\* -> o \| i': 'i\*' is not a label; .*"),
        (
            "i -> i |",
            [[1j, 2, 3]],
            {},
            r"delta_einsum 'i -> i \|', factor 1: expected an array of real numbers, got complex numbers "
            r"\(dtype complex128\); convert it first",
        ),
        (
            "i -> i |",
            [[[1], [2, 3]]],
            {},
            r"delta_einsum 'i -> i \|', factor 1: expected an array of real numbers, got a ragged sequence \(.*\)",
        ),
        (
            "i, i -> i |",
            [x, ["a", "b", "c"]],
            {},
            r"delta_einsum 'i, i -> i \|', factor 2: expected an array of real numbers, got text \(dtype <U1\); .*",
        ),
    ],
)
def test_malformed_terms(pattern, factors, sizes, message):
    with raises(InputError, message):
        delta_einsum(pattern, *factors, **sizes)


@pytest.mark.parametrize(
    ("pattern", "factors", "sizes", "message"),
    [
        ("i -> o | o i", [W], {"o": 2}, r"delta_einsum .*, factor A1: expected \(i\) = \(\?\), got \(2, 3\)"),
        ("i -> o | i", [x], {}, r".*: label o is in no factor, so its size must be given, as in o=2"),
        ("i -> o | o i", [x], {}, r".*: label o is in no factor, so its size must be given, as in o=2"),
        ("i -> o | o i", [x], {"o": 2, "p": 5}, r".*: size p=5 is given, but no label uses it; leave it out"),
        ("i -> | i", [x], {"i": 5}, r"delta_einsum .*, factor A1: expected \(i\) = \(5\), got \(3\)"),
        ("i, o i -> o | i", [x, W.T], {}, r"delta_einsum .*, factor A2: expected \(o i\) = \(\?, 3\), got \(3, 2\)"),
        ("i, i -> i |", [x, ("v", b)], {}, r"delta_einsum 'i, i -> i \|', factor v: expected \(i\) = \(3\), got \(2\)"),
        ("i i -> i |", [W], {}, r"delta_einsum 'i i -> i \|', factor A1: expected \(i i\) = \(2, 2\), got \(2, 3\)"),
    ],
)
def test_sizes_that_do_not_fit(pattern, factors, sizes, message):
    with raises(ShapeError, message):
        delta_einsum(pattern, *factors, **sizes)


# ----- the algebra -----


def test_products_that_do_not_fit():
    message = (
        r"chain: the outer Jacobian takes inputs of shape \(2, 3\), the inner one gives outputs of shape \(2\); "
        r"the two must be equal"
    )
    with raises(ShapeError, message):
        J @ K
    message = r"chain, contracted axis 0: the outer Jacobian expects i = 3, the inner one gives o = 2"
    with raises(ShapeError, message):
        K.terms[0] @ K.terms[0]


def test_sums_that_do_not_fit():
    message = (
        r"sum of Jacobians: the shapes \(2\) \| \(3\) and \(2\) \| \(2, 3\) differ; add only Jacobians of one shape"
    )
    with raises(ShapeError, message):
        K + J
    with raises(ShapeError, r"sum of Jacobians: the shapes \(2\) \| \(3\) and \(3\) \| \(2\) differ; .*"):
        K - K.T


@pytest.mark.parametrize(
    ("factor", "kind"),
    [(K, "Jacobian"), (W, "ndarray"), ("2", "str"), (1j, "complex"), (None, "NoneType"), ([2], "list")],
)
def test_only_numbers_scale(factor, kind):
    message = rf"Jacobian \* {kind}: expected a real number; for the product of Jacobians write J @ K"
    with raises(InputError, message):
        K * factor
    with raises(InputError, message):
        factor * K


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.matmul])
def test_only_jacobians_are_added_and_multiplied(operation):
    with pytest.raises(TypeError):
        operation(K, W)
    with pytest.raises(TypeError):
        operation(W, K)


# ----- vectors, matrices, arrays -----


def test_vectors_that_do_not_fit():
    with raises(ShapeError, r"Jacobian\.apply\(v\): expected \(o i\) = \(2, 3\), got \(3, 2\)"):
        J.apply(W.T)
    with raises(ShapeError, r"Jacobian\.pull\(u\): expected \(o\) = \(2\), got \(3\)"):
        J.pull(x)
    with raises(ShapeError, r"Jacobian\.apply\(v\): expected \(\? \?\) = \(5, 7\), got \(7, 5\)"):
        zero((2,), (5, 7)).apply(np.ones((7, 5)))


def test_vectors_that_hold_no_real_numbers():
    got = r"expected an array of real numbers, got complex numbers \(dtype complex128\); convert it first"
    with raises(InputError, rf"Jacobian\.apply\(v\): {got}"):
        J.apply(1j * W)
    with raises(InputError, r"Jacobian\.pull\(u\): expected an array of real numbers, got text \(dtype <U1\); .*"):
        J.pull(["a", "b"])
    with raises(InputError, r"Jacobian\.pull\(u\): expected an array of real numbers, got a ragged sequence \(.*\)"):
        J.pull([[1], [2, 3]])


@pytest.mark.parametrize("call", [J.matrix, J.kronecker])
def test_unknown_order_of_a_matrix(call):
    message = r"vec='F': expected 'row' \(last axis runs first\) or 'column' \(first axis runs first\)"
    with raises(InputError, message):
        call(vec="F")


def test_an_array_that_is_no_copy():
    with raises(InputError, r"np\.asarray\(J, copy=False\): the dense array has to be made; leave copy out"):
        np.asarray(J, copy=False)


# ----- ops -----

FITS = {"x": x, "W": W, "b": b}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W": W.T}, r"Linear\.W: expected \(o i\) = \(2, 3\), got \(3, 2\); b fixes o = 2, x fixes i = 3"),
        ({"x": np.ones(5)}, r"Linear\.(x|W): expected .*\(3\), got \(5\); W fixes i = 3|Linear\.W: .* x fixes i = 5"),
        ({"b": np.ones(7)}, r"Linear\.b: expected \(o\) = \(2\), got \(7\); W fixes o = 2"),
        ({"W": np.ones(3)}, r"Linear\.W: expected \(o i\) = \(2, 3\), got \(3\); b fixes o = 2, x fixes i = 3"),
        ({"b": 1.0}, r"Linear\.b: expected \(o\) = \(2\), got \(\); W fixes o = 2"),
        ({"x": 1.0}, r"Linear\.x: expected \(\.\.\. i\) = \(\?\), got \(\)"),
        (
            {"W": np.ones((0, 3)), "b": np.ones(0)},
            r"Linear\.W: expected \(o i\) without an empty axis, got \(0, 3\); axis o has size 0",
        ),
    ],
    ids=str,
)
def test_inputs_of_an_op_that_do_not_fit(change, message):
    inputs = {**FITS, **change}
    for call in (Linear().forward, lambda **inputs: Linear().jacobian("W", **inputs), Linear().jacobians):
        with raises(ShapeError, message):
            call(**inputs)


def test_a_square_matrix_that_is_not_square():
    with raises(ShapeError, r"Trace\.A: expected \(\.\.\. i i\) = \(2, 2\), got \(2, 3\); A must be square"):
        jac.Trace().forward(A=W)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({**FITS, "q": 1}, r"Linear: unknown input 'q'; known are x, W, b"),
        ({"x": x, "b": b}, r"Linear: input W is missing; expected x, W, b; pass W=\.\.\."),
        (
            {**FITS, "x": 1j * x},
            r"Linear\.x: expected an array of real numbers, got complex numbers \(dtype complex128\).*",
        ),
        ({**FITS, "x": [None] * 3}, r"Linear\.x: expected an array of real numbers, got objects \(dtype object\).*"),
        ({**FITS, "b": ["a", "b"]}, r"Linear\.b: expected an array of real numbers, got text \(dtype <U1\).*"),
        ({**FITS, "b": [b"a", b"b"]}, r"Linear\.b: expected an array of real numbers, got bytes \(dtype .S1\).*"),
        ({**FITS, "b": np.array(["2020", "2021"], "M8[Y]")}, r"Linear\.b: .* got datetime64\[Y\] \(dtype datetime64.*"),
        ({**FITS, "W": [[1], [2, 3]]}, r"Linear\.W: expected an array of real numbers, got a ragged sequence \(.*\)"),
    ],
    ids=str,
)
def test_inputs_of_an_op_that_are_none(inputs, message):
    with raises(InputError, message):
        Linear().forward(**inputs)


def test_a_jacobian_by_what_has_none():
    with raises(InputError, r"Linear\.jacobian: unknown input 'V'; known are x, W, b"):
        Linear().jacobian("V", **FITS)
    with raises(InputError, r"CrossEntropyIndex: no Jacobian by y: class indices are not differentiable"):
        jac.CrossEntropyIndex().jacobian("y", z=x, y=1)


def test_nan_and_inf_pass_through():
    values = Linear().forward(x=[np.nan, 1, 2], W=W, b=b)
    assert np.isnan(values).all()
    with np.errstate(invalid="ignore"):
        J = Linear().jacobian("W", x=[np.inf, 1, np.nan], W=W, b=b)
    np.testing.assert_array_equal(J.dense()[1, 1], [np.inf, 1, np.nan])


# ----- the family -----


def test_one_class_catches_them_all():
    for error in (ShapeError, InputError, EntryError, FormError, jac.DenseLimitError, MathSyntaxError, jac.ModelError):
        assert issubclass(error, JacobiansError)
        assert issubclass(error, ValueError)


def test_syntax_errors_point_at_the_place():
    error = MathSyntaxError("an operand is missing", "a = 1\nb = 2 +", line=2, column=8)
    assert str(error) == "line 2, column 8: an operand is missing\n  b = 2 +\n         ^"
    assert (error.problem, error.line, error.column) == ("an operand is missing", 2, 8)
    assert str(MathSyntaxError("nothing to read")) == "line 1, column 1: nothing to read"
