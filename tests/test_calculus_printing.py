"""Every tree of calculus prints: as a textbook writes it, as plain text, as code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jacobians.notation import (
    Binary,
    Call,
    Comparison,
    Index,
    Juxtaposition,
    Name,
    Negative,
    Number,
    Partial,
    Prime,
    Sum,
    Transpose,
    parse,
    to_latex,
    to_plain,
)
from jacobians.notation.code import parse_code
from jacobians.notation.to_code import to_code
from jacobians.notation.tree_calculus import (
    Apply,
    At,
    Cases,
    Differential,
    Dots,
    Gradient,
    JacobianOf,
    Membership,
    Product,
    Slice,
)
from tests.test_katex import problems
from tests.test_notation_printing import assert_well_formed, expressions

L, W, f, g, i, j, m, n, x, y = map(Name, "L W f g i j m n x y".split())
one, two = map(Number, "12")
total = Binary("+", x, y)
differ = Comparison((i, j), ("!=",))

#: Tree, LaTeX, plain text.
PRINTED = [
    (Partial(L, W, sign="d"), r"\frac{\mathrm{d}L}{\mathrm{d}W}", "D(L, W)"),
    (Partial(L, x, x), r"\frac{\partial^2 L}{\partial x^2}", "D(L, x, x)"),
    (Partial(L, x, y), r"\frac{\partial^2 L}{\partial x \, \partial y}", "D(L, x, y)"),
    (Partial(L, Name("z1"), Name("z1")), r"\frac{\partial^2 L}{\partial \left(z^{(1)}\right)^2}", "D(L, z1, z1)"),
    (Partial(L, x, x, sign="δ"), r"\frac{\delta^2 L}{\delta x^2}", "D(L, x, x)"),
    (Gradient(W), r"\nabla W", "grad(W)"),
    (Gradient(W, L), r"\nabla_{W} L", "grad(L, W)"),
    (Gradient(x, total), r"\nabla_{x} \left(x + y\right)", "grad(x + y, x)"),
    (Gradient(x, f, order=2), r"\nabla^2_{x} f", "hessian(f, x)"),
    (JacobianOf(f), "J_{f}", "J_f"),
    (JacobianOf(f, x), r"J_{f}\left(x\right)", "J_f(x)"),
    (Differential(x), r"\mathrm{d} x", "d(x)"),
    (Differential(Juxtaposition(W, x)), r"\mathrm{d} \left(W x\right)", "d(W x)"),
    (Sum((), x), r"\sum x", "sum(x)"),
    (Sum(("i", "j"), x, condition=differ), r"\sum_{i \ne j} x", "sum_{i, j, i != j}(x)"),
    (Sum(("i",), x, one, n), r"\sum_{i = 1}^{n} x", "sum_{i = 1..n}(x)"),
    (
        Sum(("i",), total, one, n, differ),
        r"\sum_{\substack{i = 1 \\ i \ne j}}^{n} \left(x + y\right)",
        "sum_{i = 1..n, i != j}(x + y)",
    ),
    (Sum(("i",), Sum(("j",), x)), r"\sum_{i} \sum_{j} x", "sum_i(sum_j(x))"),
    (Binary("*", Sum(("i",), x), y), r"\left(\sum_{i} x\right) \odot y", "sum_i(x) * y"),
    (Binary("+", y, Sum(("i",), x)), r"y + \sum_{i} x", "y + sum_i(x)"),
    (Negative(Sum(("i",), x)), r"-\sum_{i} x", "-sum_i(x)"),
    (Product(("k",), Index(W, (Name("k"),))), r"\prod_{k} W_{k}", "prod_k(W[k])"),
    (Product(("k",), x, one, two), r"\prod_{k = 1}^{2} x", "prod_{k = 1..2}(x)"),
    (
        Cases(((x, differ), (one, None))),
        r"\begin{cases} x & \text{if } i \ne j \\ 1 & \text{otherwise} \end{cases}",
        "{x if i != j; 1 otherwise}",
    ),
    (Apply(Prime(Binary("∘", g, f)), (x,)), r"\left(g \circ f\right)'\left(x\right)", "(g ∘ f)'(x)"),
    (At(Partial(f, x), ((x, y),)), r"\left. \frac{\partial f}{\partial x} \right|_{x = y}", "at(D(f, x), x=y)"),
    (Dots(), r"\dots", "..."),
    (Index(x, (Slice(), j)), "x_{:, j}", "x[:, j]"),
    (Index(x, (Slice(one, n),)), "x_{1:n}", "x[1:n]"),
    (Membership(W, (m, n)), r"W \in \mathbb{R}^{m \times n}", "W : m x n"),
    (Membership(x, ()), r"x \in \mathbb{R}", "x : scalar"),
    (Membership(x, None), r"x \in \dots", "x : ..."),
    (Binary("×", x, y), r"x \times y", "x × y"),
    (Call("kronecker", (i, j)), r"\delta_{i j}", "kronecker(i, j)"),
    (Call("ones", ()), r"\mathbf{1}", "ones()"),
    (Call("ones", (m,)), r"\mathbf{1}_{m}", "ones(m)"),
    (Call("zeros", (m, n)), r"\mathbf{0}_{m \times n}", "zeros(m, n)"),
    (Transpose(Call("ones", (m,))), r"\mathbf{1}_{m}^\top", "ones(m).T"),
    (Index(Call("Id", (m,)), (i, j)), r"\left(\mathrm{Id}_{m}\right)_{i j}", "Id(m)[i, j]"),
    (Call("inner", (x, y)), r"\langle x, y \rangle", "inner(x, y)"),
    (Call("inverse", (W,)), "W^{-1}", "inverse(W)"),
    (Call("inverse", (Name("W1"),)), r"\left(W^{(1)}\right)^{-1}", "inverse(W1)"),
    (Call("trace", (W,)), r"\operatorname{tr}\left(W\right)", "trace(W)"),
    (Call("maximum", (x, y)), r"\max\left(x, y\right)", "maximum(x, y)"),
    (Call("diag", (x,)), r"\operatorname{diag}\left(x\right)", "diag(x)"),
]


@pytest.mark.parametrize(("tree", "latex", "plain"), PRINTED)
def test_trees_of_calculus_print(tree, latex, plain):
    assert to_latex(tree) == latex
    assert to_plain(tree) == plain
    assert_well_formed(latex)


@pytest.mark.katex
def test_katex_takes_them():
    assert set(problems([latex for _, latex, _ in PRINTED])) == {None}


def calculus(trees):
    conditions = st.builds(lambda a, b: Comparison((a, b), ("<=",)), trees, trees)
    optional = st.none() | trees
    pairs = st.tuples(trees, trees)
    kinds = [
        st.builds(Partial, trees, trees, optional, sign=st.sampled_from("∂dδD")),
        st.builds(Gradient, trees, optional, st.integers(1, 2)),
        st.builds(JacobianOf, trees, optional),
        st.builds(Differential, trees),
        st.builds(Sum, st.just(("i",)), trees, optional, optional, st.none() | conditions),
        st.builds(Product, st.just(("i",)), trees, optional, optional),
        st.builds(Cases, st.lists(st.tuples(trees, st.none() | conditions), min_size=1, max_size=2).map(tuple)),
        st.builds(Apply, trees, st.tuples(trees)),
        st.builds(At, trees, st.lists(pairs, min_size=1, max_size=2).map(tuple)),
        st.builds(Index, trees, st.tuples(st.builds(Slice, optional, optional))),
        st.builds(Call, st.sampled_from(["ones", "kronecker", "inverse", "inner", "Id"]), pairs),
        st.builds(Binary, st.sampled_from("∘×@*^+"), trees, trees),
        st.builds(Transpose, trees),
    ]
    return st.one_of(kinds)


trees = st.recursive(expressions, calculus, max_leaves=8)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(trees)
def test_any_tree_is_well_formed_latex(tree):
    assert_well_formed(to_latex(tree))
    assert to_plain(tree)
    assert to_code(tree)


@pytest.mark.katex
def test_katex_takes_any_tree():
    seen: list[str] = []

    @settings(max_examples=150, derandomize=True, deadline=None)
    @given(trees)
    def collect(tree):
        seen.append(to_latex(tree))

    collect()
    bad = [f"{error}\n{latex}" for latex, error in zip(seen, problems(seen), strict=True) if error]
    assert not bad, "\n".join(bad)


CODE = {
    "W2.T @ d2 * tanh(z1)": "W2.T @ d2 * np.tanh(z1)",
    "1 - a^2 / 3": "1 - a**2 / 3",
    "d ⊗ a": "np.outer(d, a)",
    "2 x": "2 * x",
    "sigmoid'(z)": "sigmoid_prime(z)",
    "softmax(z, axis=0)": "softmax(z, axis=0)",
    "sum(dZ, axis=1, keepdims=True)": "np.sum(dZ, axis=1, keepdims=True)",
    "[z > 0] * d": "(z > 0) * d",
    "where(z > 0, d, 0)": "np.where(z > 0, d, 0)",
    "ones(2, 3) @ Id(3)": "np.ones((2, 3)) @ np.eye(3)",
    "norm(x) + inverse(A)[i, j]": "np.linalg.norm(x) + np.linalg.inv(A)[i, j]",
    "concat(a, b, axis=0)": "np.concatenate((a, b), axis=0)",
}


@pytest.mark.parametrize("plain", CODE)
def test_code(plain):
    assert to_code(parse(plain)) == CODE[plain]
    assert parse_code(f"y = {CODE[plain]}")[0].expression in (parse(plain), parse(plain.replace("2 x", "2 * x")))


CODE_ONLY = [
    "np.einsum('ij,jk->ik', A, B)",
    "sum(W[j, i] * d[j] for j in range(n) if j != i)",
    "sum(x[i] for i in range(1, n))",
    "W.grad + x[:, None]",
]


@pytest.mark.parametrize("text", CODE_ONLY)
def test_code_that_the_plain_notation_cannot_say(text):
    assert to_code(parse_code(f"y = {text}")[0].expression) == text


def test_code_of_what_it_has_no_form_for():
    assert to_code(Sum(("i",), x)) == "np.sum(x)"
    assert to_code(Sum(("i",), x, upper=n)) == "sum(x for i in range(n + 1))"
    assert to_code(Juxtaposition(W, x)) == "W @ x"
    assert to_code(Binary("∘", x, y)) == "x * y"
    assert to_code(Prime(g)) == "g_prime"
    assert to_code(Name("W", label=i)) == "W[i]"
    assert to_code(Partial(L, W)) == "D(L, W)"
