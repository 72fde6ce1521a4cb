"""The lines of a model: declarations, values, equations."""

from __future__ import annotations

import pytest

from jacobians.errors import MathSyntaxError
from jacobians.notation import Declaration, Equation, Value, parse, parse_model


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("3", (3,)),
        ("4 x 3", (4, 3)),
        ("4x3", (4, 3)),
        ("4x3x2", (4, 3, 2)),
        ("4 × 3", (4, 3)),
        ("(4, 3)", (4, 3)),
        ("R^3", (3,)),
        ("R^(4 x 3)", (4, 3)),
        ("ℝ³", (3,)),
        ("n", ("n",)),
        ("m x n", ("m", "n")),
        ("R^(m × 2)", ("m", 2)),
        ("scalar", ()),
        ("R", ()),
    ],
)
def test_declared_sizes(text, shape):
    for sign in (":", "in", "∈"):
        assert parse_model(f"W1 {sign} {text}") == [Declaration("W1", shape, "array", 1)]


def test_sizes_and_layer_letters():
    assert parse_model("n : size\nk : layer") == [
        Declaration("n", None, "size", 1),
        Declaration("k", None, "layer", 2),
    ]


@pytest.mark.parametrize(
    ("text", "value", "shape"),
    [
        ("2.5", 2.5, ()),
        ("-3", -3, ()),
        ("[1, -2, 3e1]", [1, -2, 30.0], (3,)),
        ("[[1, 2], [3, 4], [5, 6]]", [[1, 2], [3, 4], [5, 6]], (3, 2)),
        ("[[1, 2],\n     [3, 4]]", [[1, 2], [3, 4]], (2, 2)),
        ("[[[1]], [[2]]]", [[[1]], [[2]]], (2, 1, 1)),
    ],
)
def test_values(text, value, shape):
    [statement] = parse_model(f"x = {text}")
    assert statement == Value("x", value, 1)
    assert statement.shape == shape


def test_whole_numbers_stay_whole_until_they_are_huge():
    small, huge = parse_model("a = 12\nb = 12345678901234567890")
    assert isinstance(small.value, int)
    assert isinstance(huge.value, float)


def test_equations_keep_their_tree_and_their_text():
    [equation] = parse_model("\n  δ1 =  W1 @ x +\tb1   # the first layer\n")
    assert equation == Equation("delta1", parse("W1 @ x + b1"), "δ1 = W1 @ x + b1", 2)


def test_half_is_a_formula_and_no_value():
    [equation] = parse_model("s = 1/2")
    assert isinstance(equation, Equation)


def test_a_whole_model():
    model = parse_model("x : 3\nW1 : 4 x 3  # weights\n\nx = [1, 2, 3]\nz1 = (W1 # comment\n  @ x)\nL = norm(z1)^2")
    assert [(s.name, type(s).__name__, s.line) for s in model] == [
        ("x", "Declaration", 1),
        ("W1", "Declaration", 2),
        ("x", "Value", 4),
        ("z1", "Equation", 5),
        ("L", "Equation", 7),
    ]
    assert model[3].text == "z1 = (W1 @ x)"


def test_a_declared_array_may_get_its_value_on_either_side():
    assert len(parse_model("W = [[1, 2, 3], [4, 5, 6]]\nW : n x 3")) == 2


WRONG = {
    "x : 3\nx : 4": (2, 1, "x is already introduced in line 1; use another name"),
    "x : 3\nx = y": (2, 1, "x is already introduced in line 1"),
    "x = y\nx = 2": (2, 1, "x is already introduced in line 1"),
    "x : 3\nx = [1, 2]": (2, 1, r"x: expected the declared sizes \(3\), got a value of shape \(2\)"),
    "x : 3\nx = [1, 2, 3]\nx = [4, 5, 6]": (3, 1, "x is already introduced in line 2"),
    "n : size\nn = 3": (2, 1, "n is already introduced in line 1"),
    "W = [[1, 2]]\nW : n": (2, 1, r"W: expected the declared sizes \(n\), got a value of shape \(1, 2\)"),
    "1 = x": (1, 1, "expected a name at the beginning of the line, got '1'"),
    "f(x) = 3": (1, 2, r"after the name : or =, got '\('"),
    "x": (1, 2, "after the name : or =, got the end"),
    "x : 0": (1, 5, "expected a size: a whole number from 1, or a name; `scalar` for a number, got '0'"),
    "x : 4 x 2.5": (1, 9, "expected a size: .*, got '2.5'"),
    "x : -3": (1, 5, "expected a size: .*, got '-'"),
    "x :": (1, 4, "expected a size: .*, got the end"),
    "x : 4 x": (1, 8, "expected a size: .*, got the end"),
    "x : 4 y": (1, 7, "expected sizes such as `4 x 3`, got 'y'"),
    "x : 1" + "0" * 30: (1, 5, "expected a size"),
    "x = [1, [2]]": (1, 9, r"expected all rows alike: the first has shape \(\), got \(1\)"),
    "W = [[1, 2, 3], [4, 5]]": (1, 17, r"expected all rows alike: the first has shape \(3\), got \(2\)"),
    "x = []": (1, 6, "expected a number, a name or a bracket, got ']'"),
    "x = a = b": (1, 7, "expected an operator or the end, got '='"),
    "x = a b": (1, 7, "got 'b'; a product needs its sign"),
    "a = b\nx = (1": (2, 5, r"'\(' is never closed"),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:20])
def test_errors_say_where_and_what(text):
    line, column, message = WRONG[text]
    with pytest.raises(MathSyntaxError, match=message) as error:
        parse_model(text)
    assert (error.value.line, error.value.column) == (line, column)
