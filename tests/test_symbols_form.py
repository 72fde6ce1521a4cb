"""The matrix in symbols: every cell proved; Toeplitz structure and its bands; names with subscripts."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.constructors import delta_einsum, identity, zero
from jacobians.errors import FormError
from jacobians.forms import symbols
from jacobians.forms.toeplitz import toeplitz
from jacobians.notation import name_to_latex

RNG = np.random.default_rng(4)


# ----- names with subscripts -----

NAMED = [
    ("W_f", "(W_f)_ij", r"W_{f, i j}"),
    ("W_Q", "(W_Q)_ij", r"W_{Q, i j}"),
    ("h_new", "(h_new)_ij", r"h_{\mathrm{new}, i j}"),
    ("z_f_h1", "(z_f_h1)_ij", r"z_{f, h^{(1)}, i j}"),
    ("xhat", "xhat_ij", r"\hat{x}_{i j}"),
    ("gamma", "gamma_ij", r"\gamma_{i j}"),
    ("W_Q.T", "(W_Q)_ji", r"W_{Q, j i}"),
    ("sigmoid'(z_f)", "sigmoid'(z_f)_ij", r"\sigma'(z_{f})_{i j}"),
    ("1/sigma", "(1/sigma)_ij", r"\left(\frac{1}{\sigma}\right)_{i j}"),
    ("W1", "W1_ij", r"W^{(1)}_{i j}"),
]


@pytest.mark.parametrize(("name", "text", "tex"), NAMED, ids=[n for n, _, _ in NAMED])
def test_a_name_and_its_indices_do_not_run_together(name, text, tex):
    J = delta_einsum("i j -> i | j", (name, RNG.standard_normal((2, 3))))
    assert (str(J), J.latex()) == (text, tex)


def test_signs_over_letters():
    assert [name_to_latex(n) for n in ("yhat", "mubar", "wtilde", "that", "bar")] == [
        r"\hat{y}",
        r"\bar{\mu}",
        r"\tilde{w}",
        r"\hat{t}",
        r"\mathrm{bar}",
    ]


# ----- the matrix in symbols -----


def pattern(n, k, stride=1, padding=0):
    """P[h, y, p] = [h = stride y + p - padding]."""
    h, y, p = np.ogrid[:n, : (n + 2 * padding - k) // stride + 1, :k]
    return "[{0} = {1} + {2}]", h == stride * y + p - padding


def conv1d(n=5, k=3, out=1, channels=1, **options):
    W = ("W", RNG.standard_normal((out, channels, k)))
    return delta_einsum("o c p, x y p -> o y | c x", W, pattern(n, k, **options))


def conv2d(h=3, w=4, out=1, channels=1):
    W = ("W", RNG.standard_normal((out, channels, 2, 2)))
    return delta_einsum("o c p q, h y p, w x q -> o y x | c h w", W, pattern(h, 2), pattern(w, 2))


def linear(wrt):
    values = {name: RNG.standard_normal(shape) for name, shape in (("x", 3), ("W", (2, 3)), ("b", 2))}
    return jac.Linear().jacobian(wrt, **values)


def softmax(n=2):
    return jac.Softmax().jacobian("x", x=RNG.standard_normal(n))


BLOCKS = """\
rows (o, y), columns (c, x); the last index runs first
[W_111 W_112   0   │ W_121 W_122   0  ]
[  0   W_111 W_112 │   0   W_121 W_122]
[──────────────────┼──────────────────]
[W_211 W_212   0   │ W_221 W_222   0  ]
[  0   W_211 W_212 │   0   W_221 W_222]"""
BLOCKS_LATEX = (
    r"\left[\begin{array}{ccc|ccc} W_{1 1 1} & W_{1 1 2} & 0 & W_{1 2 1} & W_{1 2 2} & 0 \\ "
    r"0 & W_{1 1 1} & W_{1 1 2} & 0 & W_{1 2 1} & W_{1 2 2} \\[6pt] "
    r"W_{2 1 1} & W_{2 1 2} & 0 & W_{2 2 1} & W_{2 2 2} & 0 \\ "
    r"0 & W_{2 1 1} & W_{2 1 2} & 0 & W_{2 2 1} & W_{2 2 2} \end{array}\right]"
)
NESTED = """\
rows (a, b, c), columns c'; the last index runs first
[1 0]
[0 1]
[───]
[1 0]
[0 1]
[═══]
[1 0]
[0 1]
[───]
[1 0]
[0 1]"""
WRITTEN = [
    (
        conv1d(),
        "rows (o, y), columns (c, x); the last index runs first\n"
        "[W_1 W_2 W_3  0   0 ]\n[ 0  W_1 W_2 W_3  0 ]\n[ 0   0  W_1 W_2 W_3]",
        r"\begin{bmatrix} W_{1} & W_{2} & W_{3} & 0 & 0 \\ 0 & W_{1} & W_{2} & W_{3} & 0 \\ "
        r"0 & 0 & W_{1} & W_{2} & W_{3} \end{bmatrix}",
    ),
    (conv1d(3, 2, out=2, channels=2), BLOCKS, BLOCKS_LATEX),
    (
        linear("W"),
        "rows o, columns (o', i); the last index runs first\n[x_1 x_2 x_3 │  0   0   0 ]\n[ 0   0   0  │ x_1 x_2 x_3]",
        r"\left[\begin{array}{ccc|ccc} x_{1} & x_{2} & x_{3} & 0 & 0 & 0 \\ 0 & 0 & 0 & x_{1} & x_{2} & x_{3} "
        r"\end{array}\right]",
    ),
    (
        softmax(),
        "rows i, columns j\n[p_1 - p_1 p_1     -p_1 p_2  ]\n[   -p_2 p_1    p_2 - p_2 p_2]",
        r"\begin{bmatrix} p_{1} - p_{1} p_{1} & -p_{1} p_{2} \\ -p_{2} p_{1} & p_{2} - p_{2} p_{2} \end{bmatrix}",
    ),
    (3.0 * identity((1,)), "rows i, columns i'\n[3]", None),
    (zero((2,), ()), "rows i\n[0]\n[0]", None),
    (delta_einsum("i -> | i", ("u", [1.0, 2.0]), coef=-0.5), "columns i\n[-1/2 u_1  -1/2 u_2]", None),
    (delta_einsum("i, -> i |", ("u", [1.0, 2.0]), ("c", 3.0)), "rows i\n[u_1 c]\n[u_2 c]", None),
]


@pytest.mark.parametrize(("J", "text", "tex"), WRITTEN, ids=[str(J)[:20] for J, _, _ in WRITTEN])
def test_the_matrix_in_symbols(J, text, tex):
    assert J.text("symbols") == text
    if tex is not None:
        assert J.latex("symbols") == tex


def test_the_outermost_blocks_stand_between_double_rules():
    J = delta_einsum("-> a b c | c", a=2, b=2, c=2)
    assert J.text("symbols") == NESTED
    assert J.latex("symbols").count(r"\\[6pt]") == 2
    assert J.latex("symbols").count(r"\\[12pt]") == 1


def test_rules_cross_where_both_sides_have_three_axes():
    lines = delta_einsum("-> a b c | a b c", a=2, b=2, c=2).text("symbols").splitlines()
    assert lines[1] == "[1 0 │ 0 0 ║ 0 0 │ 0 0]"
    assert lines[3] == "[────┼─────╫─────┼────]"
    assert lines[6] == "[════╪═════╬═════╪════]"


def test_column_by_column():
    assert linear("W").text("symbols", "column") == (
        "rows o, columns (o', i); the first index runs first\n"
        "[x_1  0  │ x_2  0  │ x_3  0 ]\n[ 0  x_1 │  0  x_2 │  0  x_3]"
    )


def test_like_products_add_up_and_cancel():
    J = linear("x")
    assert (J + J).text("symbols").splitlines()[1] == "[2 W_11  2 W_12  2 W_13]"
    assert (J - J).text("symbols").splitlines()[1] == "[0 0 0]"
    twice = delta_einsum("i, j -> i | j", ("u", [1.0, 2.0]), ("u", [1.0, 2.0]))
    assert (twice - twice.T).text("symbols").splitlines()[1] == "[0 0]"  # u_1 u_2 is u_2 u_1


def test_a_transposed_factor_has_its_indices_exchanged():
    J = delta_einsum("i o -> o | i", ("W.T", RNG.standard_normal((3, 1))))
    assert J.text("symbols").endswith("[W_1 W_2 W_3]")
    J = delta_einsum("i o -> o | i", ("W.T", RNG.standard_normal((2, 3))))
    assert J.text("symbols").splitlines()[1] == "[W_11 W_12]"


def test_indices_of_two_digits_have_commas():
    J = delta_einsum("o i -> o | i", ("W_Q", RNG.standard_normal((2, 11))))
    assert J.text("symbols").splitlines()[1].split()[-1] == "(W_Q)_{1,11}]"
    assert r"W_{Q, 1, 11} \\" in J.latex("symbols")
    assert r"\begin{array}{ccccccccccc}" in J.latex("symbols")


def test_symbols_of_a_network():
    model = jac.mlp([2, 2, 1])
    J = model.run(model.random_point(0)).jacobian("z2", "x")
    assert J.text("symbols").splitlines()[1] == (
        "[W2_1 tanh'(z1)_1 W1_11 + W2_2 tanh'(z1)_2 W1_21  W2_1 tanh'(z1)_1 W1_12 + W2_2 tanh'(z1)_2 W1_22]"
    )


@pytest.mark.parametrize("vec", ["row", "column"])
@pytest.mark.parametrize("J", [conv1d(7, 3, 2, 2, stride=2, padding=1), conv2d(), conv2d(3, 3, 2, 1), linear("W")])
def test_the_symbols_have_the_value_of_the_matrix(J, vec):
    np.testing.assert_allclose(symbols(J, vec).matrix(), J.matrix(vec), rtol=0, atol=1e-12)


def test_one_name_for_two_arrays_is_refused():
    J = delta_einsum("i -> i |", ("u", [1.0, 2.0])) + delta_einsum("i -> i |", ("u", [1.0, 3.5]))
    with pytest.raises(FormError, match=r"u_2 would stand for 2 and for 3.5.*different names"):
        J.text("symbols")


def test_what_is_too_large_to_read_is_refused():
    with pytest.raises(FormError, match=r"matrix 21 x 20 has 420 entries, at most 400 .*a smaller example"):
        delta_einsum("-> i | j", i=21, j=20).text("symbols")
    many = delta_einsum("i k, k j -> i | j", ("A", np.ones((20, 11))), ("B", np.ones((11, 20))))
    with pytest.raises(FormError, match="sums of 4,400 products in all, at most 4,000"):
        many.latex("symbols")
    deep = delta_einsum("i k, k j -> i | j", ("A", np.ones((2, 500_001))), ("B", np.ones((500_001, 1))))
    with pytest.raises(FormError, match="1,000,002 combinations of indices, at most 1,000,000"):
        deep.latex("symbols")


# ----- Toeplitz -----

HANKEL = delta_einsum("c x, x y p -> o y | o c p", ("x", RNG.standard_normal((1, 5))), pattern(5, 3), o=2)
BATCH = delta_einsum("o c p, x y p -> n o y | n c x", ("W", RNG.standard_normal((2, 3, 2))), pattern(5, 2), n=2)
STRUCTURES = [
    (
        conv1d(),
        "banded Toeplitz, 3 x 5, for all values of W\n"
        "  y | x: every row is the one before shifted right by 1, zero off diagonals 0 to 2",
    ),
    (
        conv1d(7, 3, stride=2, padding=1),
        "banded Toeplitz, stride 2, 4 x 7, for all values of W\n"
        "  y | x: every row is the one before shifted right by 2, zero off diagonals -1 to 1",
    ),
    (
        conv1d(7, 3, stride=2, padding=1).T,
        "banded Toeplitz, stride 2, 7 x 4, for all values of W\n"
        "  x | y: every column is the one before shifted down by 2, zero off diagonals -1 to 1",
    ),
    (
        conv2d(out=2, channels=3),
        "2 x 3 blocks (o | c), each banded block Toeplitz with Toeplitz blocks (BTTB), 6 x 12, for all values of W\n"
        "  y | h: every block row is the one before shifted right by 1, zero off block diagonals 0 and 1\n"
        "  x | w: every row is the one before shifted right by 1, zero off diagonals 0 and 1",
    ),
    (
        BATCH,
        "4 x 6 blocks (n o | n' c), each banded Toeplitz, 4 x 5, for all values of W\n"
        "  n | n': the same on the whole diagonal, zero elsewhere\n"
        "  y | x: every row is the one before shifted right by 1, zero off diagonals 0 and 1",
    ),
    (
        HANKEL,
        "2 x 2 blocks (o | o'), each Hankel, 3 x 3, for all values of x\n"
        "  y | p: every row is the one before shifted left by 1",
    ),
    (
        delta_einsum("i j -> i | j", ("[{1} <= {0}]", np.tri(3, dtype=bool))),
        "banded Toeplitz, 3 x 3\n  i | j: every row is the one before shifted right by 1, zero off diagonals -2 to 0",
    ),
    (
        delta_einsum("i j -> i | j", ("T", [[2.0, 3.0], [5.0, 2.0]])),
        "Toeplitz, 2 x 2, at these values of T\n  i | j: every row is the one before shifted right by 1",
    ),
    (
        2.0 * identity((3,)),
        "multiple of the identity, 3 x 3\n  i | i': the same on the whole diagonal, zero elsewhere",
    ),
    (
        delta_einsum("o i -> n o | n i", ("W", RNG.standard_normal((2, 3))), n=2),
        "block diagonal with equal blocks, 4 x 6, for all values of W\n"
        "  n | n': the same on the whole diagonal, zero elsewhere",
    ),
    (linear("x"), "not Toeplitz: no pair of axes of the matrix 2 x 3 is shift invariant"),
    (linear("W"), "not Toeplitz: no pair of axes of the matrix 2 x 6 is shift invariant"),
    (softmax(3), "not Toeplitz: no pair of axes of the matrix 3 x 3 is shift invariant"),
    (zero((2,), (3,)), "not Toeplitz: no pair of axes of the matrix 2 x 3 is shift invariant"),
]


@pytest.mark.parametrize(("J", "text"), STRUCTURES, ids=[f"{k}-{t[:25]}" for k, (_, t) in enumerate(STRUCTURES)])
def test_what_is_toeplitz(J, text):
    assert str(toeplitz(J)) == text
    assert bool(toeplitz(J)) == (not text.startswith("not"))


def test_diagonals_with_gaps():
    h, y, p = np.ogrid[:7, :3, :3]
    J = delta_einsum("p, h y p -> y | h", ("w", RNG.standard_normal(3)), ("[{0} = {1} + 2 {2}]", h == y + 2 * p))
    assert str(toeplitz(J)).endswith("zero off diagonals 0, 2 and 4")
    assert toeplitz(J).levels[0].diagonals == (0, 2, 4)


def test_weights_that_happen_to_be_zero_leave_no_diagonal_out_for_all_values():
    x = RNG.standard_normal((1, 6))
    J = jac.Conv1d(bias=False).jacobian("x", x=x, W=[[[0, 0, 1]]])
    assert "for all values of W" in str(toeplitz(J))
    assert toeplitz(J).levels[0].diagonals == (0, 1, 2)
    shifted = toeplitz(delta_einsum("i j -> i | j", ("M", np.eye(3, 4, 1))))
    assert shifted.levels[0].diagonals == (1,)
    assert shifted.scope == "at these values of M"


def test_patterns_that_depend_on_values_hold_at_these_values_only():
    shifted = delta_einsum("i j -> i | j", ("[{1} = floor(argmax(x)[{0}])]", np.eye(3, 4, 1, dtype=bool)))
    assert str(toeplitz(shifted)).splitlines()[0] == "banded Toeplitz, 3 x 4, at these values of x"


def test_one_entry_that_differs_is_seen():
    M = np.array([[1.0, 2.0, 3.0], [4.0, 1.0, 2.0], [5.0, 4.0, 1.0]])
    assert toeplitz(delta_einsum("i j -> i | j", M)).kind == "Toeplitz"
    M[2, 0] = M[1, 2] = 2.5
    assert not toeplitz(delta_einsum("i j -> i | j", M))
