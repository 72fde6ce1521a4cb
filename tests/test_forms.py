"""Tensor and Kronecker forms by whole strings, each proved; wrong pieces are refused; slices and entries."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians import forms
from jacobians.constructors import delta_einsum, zero
from jacobians.errors import FormError, InputError
from jacobians.forms.tensor import prove
from jacobians.forms.tree import Identity, Named, Outer

RNG = np.random.default_rng(3)
X = np.array([1.0, 2.0, 3.0])
W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
P = np.array([0.2, 0.3, 0.5])
D, W2, G, W1 = (RNG.standard_normal(s) for s in ((2,), (2, 5), (5,), (5, 3)))
T = RNG.standard_normal((2, 3, 5))


def linear(wrt):
    return jac.Linear().jacobian(wrt, x=X, W=W, b=np.array([1.0, 2.0]))


def softmax():
    return delta_einsum("i -> i | i", ("p", P)) - delta_einsum("i, j -> i | j", ("p", P), ("p", P))


def network():
    """dL/dW1 of a two-layer network."""
    factors = (("δ", D), ("W2", W2), ("tanh'(z1)", G), ("x", X))
    return delta_einsum("o, o p, p, i -> | p i", *factors)


TENSOR = [
    (linear("x"), "W", "W"),
    (linear("W"), "Id_2 ⊗ x", r"\mathrm{Id}_{2} \otimes x"),
    (linear("b"), "Id_2", r"\mathrm{Id}_{2}"),
    (softmax(), "diag(p) - p pᵀ", r"\operatorname{diag}\left(p\right) - p p^{\top}"),
    (network(), "(W2ᵀ δ ⊙ tanh'(z1)) xᵀ", None),
    (
        delta_einsum("o p, p, p i -> o | i", ("W2", W2), ("tanh'(z1)", G), ("W1", W1)),
        "W2 diag(tanh'(z1)) W1",
        r"W^{(2)} \operatorname{diag}\left(\tanh'(z^{(1)})\right) W^{(1)}",
    ),
    (delta_einsum("o, o p, p i -> | i", ("z - y", D), ("W2", W2), ("W1", W1)), "W1ᵀ W2ᵀ (z - y)", None),
    (delta_einsum("p, p i, o -> o | i", ("u", G), ("W1", W1), ("v", D)), "v uᵀ W1", None),
    (delta_einsum("n o, n i -> | o i", ("Δ", W2.T), ("X", W1)), "Δᵀ X", None),
    (delta_einsum("p, p q, q, -> | ", ("u", D), ("A", W), ("v", X), ("c", 3.0)), "c uᵀ A v", None),
    (delta_einsum("p q -> |", ("A", W)), "ones_2ᵀ A ones_3", None),
    (delta_einsum("-> | i", i=3, coef=1 / 3), "1/3 ones_3", r"\tfrac{1}{3} \mathbf{1}_{3}"),
    (delta_einsum("-> | i i", i=3), "Id_3", None),
    (delta_einsum("a b c -> a | b c", ("T", T)), "T", None),
    (delta_einsum("a b c, d -> a b c | d", ("T", T), ("v", X)), "T ⊗ v", None),
    (delta_einsum("o i, o i -> o | i", ("A", W), ("B", W + 1)), "A ⊙ B", None),
    (delta_einsum("o, o i, i -> o | i", ("u", D), ("A", W), ("v", X)), "diag(u) A diag(v)", None),
    (-2.0 * delta_einsum("i o -> o | i", ("A", W1)), "-2 Aᵀ", None),
    (delta_einsum("-> o | o i", o=2, i=3), "Id_2 ⊗ ones_3", None),
    (zero((2,), (3,)), "0", "0"),
]


@pytest.mark.parametrize(("J", "text", "tex"), TENSOR, ids=[case[1] for case in TENSOR])
def test_tensor_form(J, text, tex):
    assert J.text("tensor") == text
    if tex:
        assert J.latex("tensor") == tex
    if J.terms:
        np.testing.assert_allclose(forms.tensor(J).value(), J.dense(), rtol=0, atol=1e-12)


def test_vectors_of_products_transpose_into_the_product():
    J = delta_einsum("p, p i -> | i", ("u", G), ("W1", W1))
    assert str(J.kronecker()) == "uᵀ W1   (vec row by row)"


KRONECKER = [
    (linear("W"), "Id_2 ⊗ xᵀ", "xᵀ ⊗ Id_2"),
    (delta_einsum("i k -> i j | k j", ("A", W), j=5), "A ⊗ Id_5", "Id_5 ⊗ A"),
    (delta_einsum("k j -> i j | i k", ("X", W2), i=3), "Id_3 ⊗ Xᵀ", "Xᵀ ⊗ Id_3"),
    (delta_einsum("o i -> n o | n i", ("W", W), n=5), "Id_5 ⊗ W", "W ⊗ Id_5"),
    (delta_einsum("n i -> n i | n i", ("f'(X)", W)), "diag(vec(f'(X)))", "diag(vec(f'(X)))"),
    (delta_einsum("i j -> | i j", ("G", W)), "vec(G)ᵀ", "vec(G)ᵀ"),
    (delta_einsum("a b c -> a b c |", ("T", T)), "vec(T)", "vec(T)"),
    (network(), "(W2ᵀ δ ⊙ tanh'(z1))ᵀ ⊗ xᵀ", "xᵀ ⊗ (W2ᵀ δ ⊙ tanh'(z1))ᵀ"),
    (softmax(), "diag(p) - p pᵀ", "diag(p) - p pᵀ"),
    (delta_einsum("-> | i i", i=3), "vec(Id_3)ᵀ", "vec(Id_3)ᵀ"),
    (delta_einsum(", -> |", ("a", 2.0), ("b", 3.0), coef=-5), "-5 a b", "-5 a b"),
    (delta_einsum("-> |"), "1", "1"),
]


@pytest.mark.parametrize(("J", "row", "column"), KRONECKER, ids=[case[1] for case in KRONECKER])
def test_kronecker_form(J, row, column):
    for vec, expected, words in (("row", row, "row by row"), ("column", column, "column by column")):
        K = J.kronecker(vec)
        assert str(K) == f"{expected}   (vec {words})"
        assert K.vec == vec
        np.testing.assert_allclose(K.matrix(), J.matrix(vec), rtol=0, atol=1e-12)


def test_kronecker_pieces_and_latex():
    K = linear("W").kronecker("column")
    assert K.latex() == r"x^{\top} \otimes \mathrm{Id}_{2} \quad (\text{vec column by column})"
    assert linear("W").latex("kronecker", "column") == K.latex()
    assert [str(piece) for piece in K.pieces] == ["xᵀ", "Id_2"]
    np.testing.assert_array_equal(np.kron(*(piece.matrix() for piece in K.pieces)), K.matrix())


def test_a_large_jacobian_is_proved_on_a_part():
    rng = np.random.default_rng(0)
    J = jac.Linear().jacobian("W", x=rng.standard_normal(300), W=rng.standard_normal((200, 300)), b=np.zeros(200))
    assert J.text("tensor") == "Id_200 ⊗ x"
    assert str(J.kronecker("column")) == "xᵀ ⊗ Id_200   (vec column by column)"


# ----- what has no form -----


@pytest.mark.parametrize(
    ("J", "reason"),
    [
        (delta_einsum("i k -> i j | k j", ("A", W), j=5), r"\(i j k j\) do not split"),
        (delta_einsum("i j -> i | j", ("[{0} >= {1}]", np.tri(3, dtype=bool))), r"0/1 pattern \[i >= j\]|0/1 pattern"),
        (delta_einsum("i j k, k -> i | j", ("T", T), ("v", G)), r"\(i j k\) is part of a larger product"),
        (delta_einsum("i j, j k, k i -> i | j", ("A", W), ("B", W1.T), ("C", W2.T)), "form a cycle"),
        (delta_einsum("i i -> i |", ("A", W1[:3])), "label i twice"),
    ],
)
def test_no_tensor_form(J, reason):
    with pytest.raises(FormError, match=reason) as caught:
        J.text("tensor")
    assert "only the index form is known" in str(caught.value)


def test_no_kronecker_form():
    transpose = delta_einsum("-> i j | j i", i=2, j=3)
    with pytest.raises(FormError, match=r"output axes \(i j\) and the input axes \(j i\) do not split"):
        transpose.kronecker()
    with pytest.raises(FormError, match="is zero and has no pieces"):
        zero((2,), (3,)).kronecker()


def test_a_wrong_form_is_refused():
    J = linear("W")
    with pytest.raises(FormError, match=r"expected the shape \(2, 2, 3\), the form has \(3, 2, 2\)"):
        prove("tensor form", Outer([Named("x", X), Identity(2)]).value(), J.dense())
    with pytest.raises(FormError, match="differs from the Jacobian by up to 1"):
        prove("tensor form", Outer([Identity(2), Named("x", X + np.eye(3)[1])]).value(), J.dense())


def test_unknown_form():
    with pytest.raises(InputError, match=r"unknown form 'matrix'; known are index, tensor, slices, kronecker, entries"):
        linear("W").text("matrix")
    with pytest.raises(InputError, match="unknown form 'matrix'"):
        linear("W").latex("matrix")


# ----- numbers -----


def test_slices_side_by_side():
    assert linear("W").text("slices").splitlines() == [
        "one matrix for each o; rows o', columns i",
        "o = 0     o = 1",
        "[1 2 3]   [0 0 0]",
        "[0 0 0]   [1 2 3]",
    ]
    assert linear("x").text("slices").splitlines() == ["rows o, columns i", "[1 2 3]", "[4 5 7]"]


def test_slices_in_latex_count_from_one():
    assert forms.latex(linear("W"), "slices", of="a", wrt="W") == (
        r"\frac{\partial a_{1}}{\partial W} = \begin{bmatrix} 1 & 2 & 3 \\ 0 & 0 & 0 \end{bmatrix}, \quad "
        r"\frac{\partial a_{2}}{\partial W} = \begin{bmatrix} 0 & 0 & 0 \\ 1 & 2 & 3 \end{bmatrix}"
    )
    assert (
        linear("x").latex("slices").startswith(r"J_{1} = \begin{bmatrix} 1 & 2 & 3 \end{bmatrix}^{\top}, \quad J_{2}")
    )


def test_slices_of_a_scalar():
    with pytest.raises(FormError, match=r"the output is a scalar, shape \(\)"):
        network().latex("slices")


def test_entries():
    assert linear("x").latex("entries") == r"\begin{bmatrix} 1 & 2 & 3 \\ 4 & 5 & 7 \end{bmatrix}"
    assert linear("x").text("entries") == "[[1 2 3]\n [4 5 7]]"
    assert linear("W").latex("entries") == (
        r"\left[ \begin{bmatrix} 1 & 2 & 3 \\ 0 & 0 & 0 \end{bmatrix}, \; "
        r"\begin{bmatrix} 0 & 0 & 0 \\ 1 & 2 & 3 \end{bmatrix} \right]"
    )
    assert delta_einsum(", -> |", ("a", 0.5), ("b", 3.0)).text("entries") == "1.5"
    odd = delta_einsum("i -> | i", ("v", np.array([-1.23456e-7, np.inf, np.nan])))
    assert odd.latex("entries") == (
        r"\begin{bmatrix} -1.235 \cdot 10^{-7} & \infty & \mathrm{nan} \end{bmatrix}^{\top}"
    )


def test_rank_four_is_a_matrix_of_matrices():
    J = delta_einsum("i k -> i j | k j", ("A", np.array([[1.0, 2.0], [3.0, 5.0]])), j=1)
    inner = [rf"\begin{{bmatrix}} {a} \\ {b} \end{{bmatrix}}" for a, b in ((1, 2), (3, 5))]
    assert J.latex("entries") == rf"\begin{{bmatrix}} {inner[0]} \\ {inner[1]} \end{{bmatrix}}"


def test_large_arrays_keep_their_edges():
    J = jac.Linear().jacobian("W", x=np.arange(50.0), W=np.ones((40, 50)), b=np.ones(40))
    text = J.text("entries").splitlines()
    assert text[0] == "[[[  0   1   2 ...  47  48  49]"
    assert text[3] == "  ..."
    assert len(text) < 70
    tex = J.latex("entries")
    assert r"0 & 1 & 2 & \cdots & 47 & 48 & 49 \\" in tex
    assert r"\vdots & \vdots & \vdots & \ddots & \vdots & \vdots & \vdots" in tex
    assert r"\ldots" in tex
    assert "..." in J.text("slices")
    assert r"\ldots, \quad J_{38}" in J.latex("slices")


def test_entries_larger_than_the_dense_limit_print():
    n = 20_000
    J = jac.Linear().jacobian("W", x=np.arange(float(n)), W=np.broadcast_to(1.0, (n, n)), b=np.ones(n))
    assert J.text("entries").splitlines()[0] == "[[[    0     1     2   ... 19997 19998 19999]"


def test_a_sum_behind_a_minus_keeps_its_brackets():
    z, y = np.array([0.5, -1.0, 2.0]), np.array([3.0, 0.25, -2.0])
    J = delta_einsum("i -> | i", ("z2 - y", z - y), coef=-1)
    assert J.text("tensor") == "-(z2 - y)"
    assert J.latex("tensor") == r"-\left(z^{(2)} - y\right)"


def test_brackets_within_brackets_need_no_more():
    J = delta_einsum("i -> | i", ("f(g(h(k(x)) + 1))", np.array([0.5, -1.0, 2.0])), coef=-1)
    assert J.text("tensor") == "-f(g(h(k(x)) + 1))"
    assert str(J) == "-f(g(h(k(x)) + 1))_i"
