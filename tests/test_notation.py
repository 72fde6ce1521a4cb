"""The plain notation: what it is read into, and what its errors say."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from jacobians.errors import MathSyntaxError
from jacobians.notation import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Iverson,
    Juxtaposition,
    List,
    Name,
    Negative,
    Number,
    Parser,
    Partial,
    Prime,
    Span,
    Sum,
    Transpose,
    parse,
    parse_model,
    plain_tokens,
    split_name,
)
from jacobians.notation.tokens import Kind

a, b, c, i, j, k, x, y, z1 = map(Name, ["a", "b", "c", "i", "j", "k", "x", "y", "z1"])
one, two, three = map(Number, "123")


def plus(left, right):
    return Binary("+", left, right)


def minus(left, right):
    return Binary("-", left, right)


def times(left, right):
    return Binary("*", left, right)


def at(left, right):
    return Binary("@", left, right)


def over(left, right):
    return Binary("/", left, right)


def power(left, right):
    return Binary("^", left, right)


READ = {
    "x": x,
    "(((x)))": x,
    " x  # a comment": x,
    "\n\n  x\n # and more\n": x,
    "2": two,
    "2.50": Number("2.50"),
    ".5e-3": Number(".5e-3"),
    # left to right
    "a - b - c": minus(minus(a, b), c),
    "a - (b - c)": minus(a, minus(b, c)),
    "a @ b * c / x": over(times(at(a, b), c), x),
    "a * b @ c": at(times(a, b), c),
    "a @ (b @ c)": at(a, at(b, c)),
    "a + b @ c": plus(a, at(b, c)),
    # powers and signs as in Python
    "-x^2": Negative(power(x, two)),
    "x**-2": power(x, Negative(two)),
    "2^x^y": power(two, power(x, y)),
    "-a @ b": at(Negative(a), b),
    "a - -b": minus(a, Negative(b)),
    "+a": a,
    "x.T^2": power(Transpose(x), two),
    "1/2 * norm(a - y)^2": times(over(one, two), power(Call("norm", (minus(a, y),)), two)),
    # functions
    "tanh(z1)": Call("tanh", (z1,)),
    "tanh'(z1)": Call("tanh", (z1,), primes=1),
    "g''(x)": Call("g", (x,), primes=2),
    "g'": Prime(Name("g"), 1),
    "g' * x": times(Prime(Name("g"), 1), x),
    "softmax(x, axis=0)": Call("softmax", (x,), keywords=(("axis", Number("0")),)),
    "where(i == k, x[j], 0)": Call("where", (Comparison((i, k), ("==",)), Index(x, (j,)), Number("0"))),
    "f()": Call("f", ()),
    "f(x,)": Call("f", (x,)),
    # postfix
    "x.T": Transpose(x),
    "x.T.T": Transpose(Transpose(x)),
    "(a + b).T": Transpose(plus(a, b)),
    "x[i]": Index(x, (i,)),
    "x[i + 1, k]": Index(x, (plus(i, one), k)),
    "x[i][j]": Index(Index(x, (i,)), (j,)),
    # a number before a factor
    "2 x": Juxtaposition(two, x),
    "2x^2": Juxtaposition(two, power(x, two)),
    "2 (a + b)": Juxtaposition(two, plus(a, b)),
    "-2 x * y": times(Negative(Juxtaposition(two, x)), y),
    "1/(2 x)": over(one, Juxtaposition(two, x)),
    # brackets that are not for grouping
    "[1, -2, 3]": List((one, Negative(two), three)),
    "[[1], [2]]": List((List((one,)), List((two,)))),
    "[i >= j]": Iverson(Comparison((i, j), (">=",))),
    "[i = j]": Iverson(Comparison((i, j), ("==",))),
    "[1 <= i < k]": Iverson(Comparison((one, i, k), ("<=", "<"))),
    # claims
    "a = b = c": Chain((a, b, c)),
    "a != b": Comparison((a, b), ("!=",)),
    "D(a[i], b)": Partial(Index(a, (i,)), b),
    "∂a/∂b @ x": at(Partial(a, b), x),
    "∂a[i]/∂(b.T)": Partial(Index(a, (i,)), Transpose(b)),
    "D * x": times(Name("D"), x),
    "sum_i(x[i]) * y": times(Sum(("i",), Index(x, (i,))), y),
    "sum_i_j(x[i, j])": Sum(("i", "j"), Index(x, (i, j))),
    "sum(x)": Call("sum", (x,)),
    "sum_total": Name("sum_total"),
    # layers
    "a_(k-1)": Name("a", minus(k, one)),
    "W_(1)": Name("W1"),
    "x_in_(2)": Name("x2_in"),
    "g_(k)'(x)": Call("g", (x,), primes=1, label=k),
}
UNICODE = {
    "δ1": "delta1",
    "σ(x)": "sigmoid(x)",
    "sigma(x)": "sigmoid(x)",
    "σ^2": "sigma^2",
    "Wᵀ": "W.T",
    "a ⊙ b": "a * b",
    "a − b": "a - b",
    "‖x − y‖²": "norm(x - y)^2",
    "‖a‖ * ‖b‖": "norm(a) * norm(b)",
    "2 ‖x‖": "2 norm(x)",
    "‖2‖": "norm(2)",
    "x⁻¹": "x^-1",
    "W₁₂": "W12",
    "i ≤ j": "i <= j",
    "i ≥ j": "i >= j",
    "i ≠ j": "i != j",
    "tanh’(x)": "tanh'(x)",
    "∑_α(x[α])": "sum_α(x[alpha])",
    "a ⋅ b": "a · b",
    "a := b": "a = b",
    "ℓ": "ell",
}


@pytest.mark.parametrize("text", READ)
def test_reads(text):
    assert parse(text) == READ[text]


@pytest.mark.parametrize("text", UNICODE)
def test_unicode_is_another_spelling(text):
    assert parse(text) == parse(UNICODE[text])


def test_products_keep_their_signs_apart():
    assert [parse(f"a {sign} b").op for sign in "@*·⊗"] == ["@", "*", "·", "⊗"]


def test_numbers_are_exact():
    assert parse("0.1").value == Fraction(1, 10)
    assert parse("25e-1").value == Fraction(5, 2)


def test_equality_looks_at_kind_and_parts():
    assert parse("x") != Number("x")
    assert parse("a + b") != parse("b + a")
    assert len({parse("a+b"), parse("a + b"), parse("b + a")}) == 2


def test_spans_say_where_a_part_stands():
    tree = parse("a +\tW1 @ (x + y)²")
    assert tree.span == Span(1, 1, 1, 18)
    assert tree.right.span == Span(1, 5, 1, 18)
    assert tree.right.right.left.span == Span(1, 11, 1, 16)


def test_walk_goes_from_left_to_right():
    names = [part.text for part in parse("W2.T @ d2 * tanh'(z1[i])").walk() if isinstance(part, Name)]
    assert names == ["W2", "d2", "z1", "i"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("W", ("W", "", "")),
        ("W12", ("W", "12", "")),
        ("x_in", ("x", "", "in")),
        ("x1_in_2", ("x", "1", "in_2")),
        ("conv2d", ("conv2d", "", "")),
        ("a_", ("a_", "", "")),
    ],
)
def test_parts_of_a_name(text, parts):
    assert split_name(text) == parts


def test_the_parser_reads_tokens_of_any_surface():
    tokens = [t for t in plain_tokens("W * x") if t.kind is not Kind.HADAMARD]
    assert Parser(tokens, "W x", implicit_product=True).whole() == Juxtaposition(Name("W"), x)
    with pytest.raises(MathSyntaxError, match="needs its sign"):
        Parser(tokens, "W x").whole()


WRONG = {
    "": (1, "expected a number, a name or a bracket, got the end"),
    "a +": (4, "expected a number, a name or a bracket, got the end"),
    "a + * b": (5, r"expected a number, a name or a bracket, got '\*'"),
    "a b": (3, "expected an operator or the end, got 'b'; a product needs its sign"),
    "2 3": (3, "got '3'; a product needs its sign"),
    "2 x y": (5, "got 'y'; a product needs its sign"),
    "a\nb": (2, "expected an operator or the end, got the end of the line"),
    "(a + b": (1, r"'\(' is never closed"),
    "f(a, [b)": (8, r"expected the partner of '\[' in column 6, got '\)'"),
    "a)": (2, r"'\)' closes nothing"),
    "f(a b)": (5, r"expected a comma or \), got 'b'"),
    "x[]": (3, "expected a number, a name or a bracket, got ']'"),
    "x[i j]": (5, "expected a comma or ], got 'j'"),
    "(a, b)": (3, r"expected an operator or \), got ','"),
    "a $ b": (3, "got '\\$', which has no meaning here"),
    "W.t": (2, "got '.', which has no meaning here"),
    "‖x": (3, "expected an operator or the closing ‖, got the end"),
    "1/2 x": (2, "unclear whether the factor after the fraction belongs below"),
    "a / -2 x": (3, "put the fraction or what is below in brackets"),
    "∂a": (3, "expected a derivative of the form ∂a/∂b, got the end"),
    "∂a/b": (4, "expected a derivative of the form ∂a/∂b, got 'b'"),
    "∂L/∂W.T": (6, "unclear which is transposed"),
    "D(a)": (4, r"expected a comma and the variable to differentiate by, got '\)'"),
    "f(axis=0, x)": (11, "expected an option such as axis=0 after the first option, got 'x'"),
    "[a = b, c]": (1, "in a list, got a comparison"),
    "a_(k": (2, r"'_\(' is never closed"),
    "1e999": (1, "that a float can hold"),
    "1e-99999999999": (1, "that a float can hold"),
    "1" * 101: (1, "expected a number of at most 100 characters"),
    "(" * 65 + "x" + ")" * 65: (66, "expected at most 64 brackets and signs within one another"),
    "-" * 65 + "x": (66, "expected at most 64 brackets and signs within one another"),
    "+".join("x" * 201): (1, "expected at most 200 operations within one another"),
    "x" + ".T" * 300: (1, "expected at most 200 operations within one another"),
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:12])
def test_errors_say_where_and_what(text):
    column, message = WRONG[text]
    with pytest.raises(MathSyntaxError, match=message) as error:
        parse(text)
    assert error.value.column == column


def test_errors_show_the_line_with_a_caret():
    with pytest.raises(MathSyntaxError) as error:
        parse("# first\n  W1 @ x + + * b")
    expected = (
        "line 2, column 14: expected a number, a name or a bracket, got '*'\n    W1 @ x + + * b\n               ^"
    )
    assert str(error.value) == expected


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(MathSyntaxError, match="expected at most 20000 characters, got 20001; split the text"):
        parse("x" * 20_001)


def test_the_deepest_formula_fits_a_stack_that_is_in_use():
    def deeper(levels):
        return deeper(levels - 1) if levels else parse("f(" * 64 + "x" + ")" * 64)

    assert deeper(250).depth == 65


FORMULAS = [
    "1/2 * norm(W2 @ tanh(W1 @ x + b1) + b2 - y)^2",
    "W2.T @ d2 * tanh'(z1) = D(L, z1)",
    "sum_i_j(W[i, j] * x[j]) - [0 <= i < n] / 2.5e-3",
    "‖z2 − y‖² ⊙ ∂L/∂W1ᵀ + softmax(x, axis=-1)[k]",
    "a_(k-1) = g_(k)'(z_(k)) # layers",
]


def test_mutated_formulas_raise_nothing_else():
    rng = random.Random(0)
    signs = "()[]‖'.T_+-*/^@=<>!:,#∂δσᵀ²⁻₁×∈·⊗ \n\tx1e9W{}\\$\0\u2028é"
    places = []
    for _ in range(4000):
        text = list(rng.choice(FORMULAS))
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(text) + 1)
            text[place : place + rng.randint(0, 3)] = rng.choices(signs, k=rng.randint(0, 4))
        for read in (parse, parse_model):
            try:
                read("".join(text))
            except MathSyntaxError as error:
                places.append((error.line, error.column))
    assert len(places) > 4000
    assert min(min(place) for place in places) >= 1


@pytest.mark.parametrize(
    "text", ["__import__('os')", "exec(open('x').read())", "\\input{x}", "().__class__", "x.__dir__"]
)
def test_code_is_no_formula(text):
    with pytest.raises(MathSyntaxError):
        parse(text)
