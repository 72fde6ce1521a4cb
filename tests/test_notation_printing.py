"""Printers: what is printed in plain text reads back as the same tree; LaTeX as a textbook writes it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Partial,
    Prime,
    Sum,
    Transpose,
    name_to_latex,
    parse,
    rename,
    to_latex,
    to_plain,
)

numbers = st.sampled_from(["0", "2", "2.", ".5", "1e-3", "12"]).map(Number)
names = st.sampled_from(["x", "W1", "T", "D", "x_in", "e5", "sum_i", "delta"]).map(Name)
relations = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def comparisons(trees):
    def comparison(parts):
        return st.lists(relations, min_size=len(parts) - 1, max_size=len(parts) - 1).map(
            lambda signs: Comparison(tuple(parts), tuple(signs))
        )

    return st.lists(trees, min_size=2, max_size=3).flatmap(comparison)


def compounds(trees):
    several = st.lists(trees, min_size=1, max_size=3).map(tuple)
    functions = st.sampled_from(["f", "tanh", "norm", "sigmoid"])
    pairs = st.tuples(st.sampled_from(["axis", "n"]), trees)
    options = st.lists(pairs, max_size=2, unique_by=lambda pair: pair[0]).map(tuple)
    labels = st.none() | st.builds(Binary, st.just("-"), names, numbers)
    return st.one_of(
        st.builds(Binary, st.sampled_from(list("+-@*/^·⊗")), trees, trees),
        st.builds(Juxtaposition, numbers, trees),
        st.builds(Negative, trees),
        st.builds(Transpose, trees),
        st.builds(Prime, trees, st.integers(1, 2)),
        st.builds(Index, trees, several),
        st.builds(List, several),
        st.builds(Iverson, comparisons(trees)),
        st.builds(Partial, trees, trees),
        st.builds(Sum, st.sampled_from([("i",), ("i", "j")]), trees),
        st.builds(Call, functions, several, st.integers(0, 2), options, labels),
        st.builds(Name, st.sampled_from(["a", "W_in"]), labels),
        comparisons(trees).map(lambda condition: Call("where", (condition, Name("x")))),
    )


expressions = st.recursive(numbers | names, compounds, max_leaves=12)
formulas = st.one_of(
    expressions,
    comparisons(expressions).filter(lambda tree: isinstance(tree, Comparison)),
    st.lists(expressions, min_size=2, max_size=3).map(lambda parts: Chain(tuple(parts))),
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(formulas)
def test_plain_text_reads_back(tree):
    assert parse(to_plain(tree)) == tree


@settings(max_examples=200, derandomize=True, deadline=None)
@given(formulas)
def test_latex_is_well_formed(tree):
    assert_well_formed(to_latex(tree))


def assert_well_formed(latex):
    """Balanced braces and fences, no second superscript or subscript on one base, nothing outside ASCII."""
    assert latex.isascii()
    flat = re.sub(r"\\[{}_]", "", latex)
    assert flat.count(r"\left") == flat.count(r"\right")
    assert flat.count(r"\begin") == flat.count(r"\end")
    while "{" in flat:
        inner = re.sub(r"\{[^{}]*\}", "@", flat)
        assert inner != flat, f"unbalanced braces: {latex}"
        assert not re.search(r"\^(@|\\top)('|\^)|_@_|_@'|_@\^[^_]*_@_", inner), latex
        flat = inner
    assert "}" not in flat


@pytest.mark.parametrize(
    "text",
    [
        "1/2 * norm(z2 - y)^2",
        "W2.T @ d2 * tanh'(z1)",
        "-x^2",
        "2^-x",
        "-(a + b)",
        "a - (b - c)",
        "a - b - c",
        "(a + b) @ c",
        "a/(b/c)",
        "(a^b)^c",
        "a^b^c",
        "(-a)^2",
        "(a @ b).T[i]",
        "2 x",
        "2 (3)",
        "1/(2 x)",
        "a_(k - 1) = g_(k)'(z_(k))",
        "softmax(x, axis=-1)",
        "[i >= j]",
        "sum_i_j(W[i, j] * x[j])",
        "D(L, W1)",
    ],
)
def test_plain_text_has_no_bracket_too_many(text):
    assert to_plain(parse(text)) == text


LATEX = {
    "W1": r"W^{(1)}",
    "z12": r"z^{(12)}",
    "x_in": r"x_{\mathrm{in}}",
    "x_i": r"x_{i}",
    "x1_in_2": r"x^{(1)}_{\mathrm{in}, 2}",
    "theta": r"\theta",
    "delta2": r"\delta^{(2)}",
    "ell": r"\ell",
    "dW": r"\mathrm{dW}",
    "conv2d": r"\mathrm{conv2d}",
    "a_": r"\mathrm{a\_}",
    "a_(k-1)": r"a^{(k - 1)}",
    "2.50": "2.50",
    "1e-3": r"10^{-3}",
    "2.5e6 * x": r"\left(2.5 \cdot 10^{6}\right) \, x",
    # functions
    "tanh'(z1)": r"\tanh'\left(z^{(1)}\right)",
    "sigmoid(x)": r"\sigma\left(x\right)",
    "relu(x)": r"\operatorname{relu}\left(x\right)",
    "leaky_relu''(x)": r"\operatorname{leaky\_relu}''\left(x\right)",
    "g(x)": r"g\left(x\right)",
    "g1'(x)": r"g^{(1)\prime}\left(x\right)",
    "g_(k)'(z_(k))": r"g^{(k)\prime}\left(z^{(k)}\right)",
    "g'": "g'",
    "tanh'": r"\tanh'",
    "g1'": r"g^{(1)\prime}",
    "softmax(x, axis=0)": r"\operatorname{softmax}\left(x, \mathrm{axis} = 0\right)",
    "norm(x)": r"\lVert x \rVert",
    "norm(x, 1)": r"\lVert x \rVert_{1}",
    "abs(x)": r"\lvert x \rvert",
    "sqrt(x + y)": r"\sqrt{x + y}",
    # products
    "W1 @ x + b1": r"W^{(1)} \, x + b^{(1)}",
    "a * b": r"a \odot b",
    "a · b": r"a \cdot b",
    "u ⊗ v": r"u \otimes v",
    "2 x": "2 x",
    "2 (3)": r"2 \cdot 3",
    "2 * x": r"2 \, x",
    "x * 2": r"x \cdot 2",
    "2 * 3": r"2 \cdot 3",
    "W2.T @ d2 * tanh'(z1)": r"W^{(2)\top} \, d^{(2)} \odot \tanh'\left(z^{(1)}\right)",
    "(a * b) @ c": r"\left(a \odot b\right) \, c",
    "a @ (b @ c)": r"a \, \left(b \, c\right)",
    "a * (b * c)": r"a \odot \left(b \odot c\right)",
    "1/2 * norm(z2 - y)^2": r"\frac{1}{2} \, \lVert z^{(2)} - y \rVert^{2}",
    # signs and brackets
    "a - (b + c)": r"a - \left(b + c\right)",
    "a + -b": r"a + \left(-b\right)",
    "-(a * b)": r"-a \odot b",
    "-(a + b)": r"-\left(a + b\right)",
    # scripts
    "x^2": "x^{2}",
    "z1^2": r"\left(z^{(1)}\right)^{2}",
    "(a + b)^2": r"\left(a + b\right)^{2}",
    "(a / b)^2": r"\left(\frac{a}{b}\right)^{2}",
    "tanh(x)^2": r"\tanh\left(x\right)^{2}",
    "W.T": r"W^\top",
    "W1.T": r"W^{(1)\top}",
    "(A @ B).T": r"\left(A \, B\right)^\top",
    "x.T.T": r"\left(x^\top\right)^\top",
    "W1[k, l]": r"W^{(1)}_{k l}",
    "x[i + 1, k]": "x_{i + 1, k}",
    "x_in[i]": r"x_{\mathrm{in}, i}",
    "z1[i]^2": r"\left(z^{(1)}_{i}\right)^{2}",
    "x[i].T": r"x_{i}^\top",
    "(a + b)[i]": r"\left(a + b\right)_{i}",
    # the rest
    "[i >= j]": r"[i \ge j]",
    "[0 <= i < n]": r"[0 \le i < n]",
    "[i == j]": "[i = j]",
    "i != j": r"i \ne j",
    "D(a, W1)": r"\frac{\partial a}{\partial W^{(1)}}",
    "D(a + b, x[i])": r"\frac{\partial \left(a + b\right)}{\partial x_{i}}",
    "sum_i(x[i] * y[i]) + 1": r"\sum_{i} x_{i} \odot y_{i} + 1",
    "sum_i_j(x[i] + y[j]) * z": r"\left(\sum_{i, j} \left(x_{i} + y_{j}\right)\right) \odot z",
    "[1, 2]": r"\begin{bmatrix} 1 \\ 2 \end{bmatrix}",
    "[[1, 2], [3, -4]]": r"\begin{bmatrix} 1 & 2 \\ 3 & -4 \end{bmatrix}",
    "[[[1]], [[2]]]": r"\left[\begin{bmatrix} 1 \end{bmatrix}, \begin{bmatrix} 2 \end{bmatrix}\right]",
    "a = b = c": "a = b = c",
}


@pytest.mark.parametrize("text", LATEX)
def test_latex(text):
    assert to_latex(parse(text)) == LATEX[text]
    assert_well_formed(LATEX[text])


FACTORS = {
    ("W1", "o p"): "W^{(1)}_{o p}",
    ("W1", ""): "W^{(1)}",
    ("p", "i"): "p_{i}",
    ("p", "i'"): "p_{i'}",
    ("x", r"\mathrm{o0} \mathrm{i0}"): r"x_{\mathrm{o0}, \mathrm{i0}}",
    ("x_in", "i"): r"x_{\mathrm{in}, i}",
    ("tanh'(z1)", "p"): r"\tanh'(z^{(1)})_{p}",
    ("g1'(z)", "p"): r"g^{(1)\prime}(z)_{p}",
    ("exp(x)", "i"): r"\exp(x)_{i}",
    ("W1 @ x + b1", "o"): r"(W^{(1)} x + b^{(1)})_{o}",
    ("W1 @ x", "o"): r"(W^{(1)} x)_{o}",
    ("v + w", "i"): "(v + w)_{i}",
    ("v + w", ""): "v + w",
    ("W.T", "i o"): r"(W^\top)_{i o}",
    ("1/x^2", "i"): r"\left(\frac{1}{x^{2}}\right)_{i}",
    ("[{0} >= {1}]", "i j"): r"[i \ge j]",
    ("[{1} == {0} + 1]", "i j"): r"[j = i + 1]",
    ("x[{0} + k]", "i"): "x_{i + k}",
    ("[{0} >= {1}]", "i"): r"\text{[\{0\} >= \{1\}]}",
    ("mask of x_1 & 50% {", "i j"): r"\text{mask of x\_1 \& 50\% \{}_{i j}",
    ("a\\b^c~d#$}", ""): r"\text{a\textbackslash{}b\textasciicircum{}c\textasciitilde{}d\#\$\}}",
    ("größer als ☃", ""): r"\text{größer als ?}",
}


@pytest.mark.parametrize(("name", "indices"), FACTORS)
def test_factor_names(name, indices):
    assert name_to_latex(name, indices.split()) == FACTORS[name, indices]


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("tanh'(x)", {"x": "z1"}, "tanh'(z1)"),
        ("tanh'(x)", {"x": "W1 @ x + b1", "tanh": "no"}, "tanh'(W1 @ x + b1)"),
        ("x", {"x": "a + b"}, "a + b"),
        ("x^2", {"x": "a + b"}, "(a + b)^2"),
        ("x^2", {"x": "tanh(a)"}, "tanh(a)^2"),
        ("1/x", {"x": "tanh(a) * exp(b)"}, "1/(tanh(a) * exp(b))"),
        ("y - x", {"x": "-a"}, "y - (-a)"),
        ("x * y", {"x": "y", "y": "x"}, "y * x"),
        ("x / norm(x)", {"x": "W @ v"}, "(W @ v) / norm(W @ v)"),
        ("x1 + x", {"x": "z"}, "x1 + z"),
        ("2x + 1e5", {"x": "z1", "e5": "no"}, "2z1 + 1e5"),
        ("x.T", {"x": "z1", "T": "no"}, "z1.T"),
        ("[{0} >= x]", {"x": "n", "0": "no"}, "[{0} >= n]"),
        ("norm (x)", {"norm": "no", "x": "y"}, "norm (y)"),
        ("g' * x", {"x": "(a)(b)"}, "g' * ((a)(b))"),
        ("p", {}, "p"),
    ],
)
def test_rename(name, names, expected):
    assert rename(name, names) == expected


@settings(max_examples=200, derandomize=True, deadline=None)
@given(expressions)
def test_renaming_is_substitution(tree):
    """A bracket too few would change the tree; labels and options are left out, they are not values."""
    replaced = rename(to_plain(tree), {"delta": "a + b"})
    plain = to_plain(tree)
    if "delta" in plain:
        assert parse(replaced) == parse(re.sub(r"\bdelta\b", "(a + b)", plain))
