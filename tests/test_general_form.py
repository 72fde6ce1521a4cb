"""Slices beside one another, matrices shortened with dots, and matrices of general size: right at every place."""

from __future__ import annotations

import re

import numpy as np
import pytest

import jacobians as jac
import symbolic
from jacobians import delta_einsum, forms
from jacobians.errors import FormError


def linear(wrt="W", m=2, n=3):
    x, W = np.arange(7.0, 7 + n), np.arange(1.0, 1 + m * n).reshape(m, n)
    return jac.Linear().jacobian(wrt, x=x, W=W, b=np.ones(m))


def softmax(n=4):
    return jac.Softmax().jacobian("x", x=np.linspace(-1, 2, n) ** 2)


def permutation(n=20):
    return delta_einsum("i j -> i | j", ("P", np.roll(np.eye(n), 5, axis=1)))


def test_slices_beside_one_another():
    assert forms.latex(linear("W"), "beside", of="a", wrt="W") == (
        r"\begin{array}{cc} \dfrac{\partial a_{1}}{\partial W} & \dfrac{\partial a_{2}}{\partial W} \\[12pt] "
        r"\begin{bmatrix} 7 & 8 & 9 \\ 0 & 0 & 0 \end{bmatrix} & \begin{bmatrix} 0 & 0 & 0 \\ 7 & 8 & 9 \end{bmatrix} "
        r"\end{array}"
    )
    assert linear("W").latex("stacked") == (
        r"\begin{aligned} J_{1} &= \begin{bmatrix} 7 & 8 & 9 \\ 0 & 0 & 0 \end{bmatrix} \\[6pt] "
        r"J_{2} &= \begin{bmatrix} 0 & 0 & 0 \\ 7 & 8 & 9 \end{bmatrix} \end{aligned}"
    )


def test_slices_of_a_matrix_of_outputs_stand_in_lines():
    J = delta_einsum("i k -> i j | k j", ("A", np.array([[1.0, 2.0], [3.0, 5.0]])), j=3)
    tex = J.latex("beside")
    assert tex.startswith(r"\begin{array}{ccc} J_{1, 1} & J_{1, 2} & J_{1, 3} \\[12pt] \begin{bmatrix} 1 & 0 & 0 \\ 2")
    assert r"\\ \\ J_{2, 1} & J_{2, 2} & J_{2, 3} \\[12pt] \begin{bmatrix} 3" in tex
    wide = delta_einsum("i k -> i j | k j", ("A", np.ones((23, 2))), j=12).latex("beside")
    assert r"J_{3, 3} & \cdots & J_{3, 10}" in wide
    assert r"\\ \\ \vdots \\ \\ J_{21, 1} & J_{21, 2}" in wide
    assert r"J_{4, 1}" not in wide


def matrices(tex):
    return [
        [row.strip().split(" & ") for row in body.split(r"\\")]
        for body in re.findall(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", tex)
    ]


def test_a_long_matrix_keeps_its_first_and_last_entries():
    W = np.random.default_rng(3).integers(10, 99, (20, 30)).astype(float)
    J = jac.Linear().jacobian("x", x=np.ones(30), W=W, b=np.ones(20))
    (rows,) = matrices(J.latex("entries"))
    kept = {20: [0, 1, 2, None, 17, 18, 19], 30: [0, 1, 2, None, 27, 28, 29]}
    for i, row in zip(kept[20], rows, strict=True):
        for j, cell in zip(kept[30], row, strict=True):
            dots = {(True, True): r"\ddots", (True, False): r"\vdots", (False, True): r"\cdots"}
            assert cell == (dots.get((i is None, j is None)) or f"{W[i, j]:.0f}")


def test_long_slices_are_right_at_every_place():
    J = linear("W", 20, 30)
    dense, tex = J.dense(), J.latex("beside")
    outer = [0, 1, 2, 17, 18, 19]
    assert [f"J_{{{k + 1}}}" in tex for k in outer] == [True] * 6
    assert "ast" not in tex, "between zeros are zeros only"
    for k, rows in zip(outer, matrices(tex), strict=True):
        for i, row in zip([0, 1, 2, None, 17, 18, 19], rows, strict=True):
            shown = [c for c in row if not c.startswith("\\")]
            if i is not None:
                assert shown == [f"{v:.0f}" for v in dense[k, i, [0, 1, 2, 27, 28, 29]]]


def test_dots_that_hide_something_else_have_a_star():
    tex = permutation().latex("entries")
    (rows,) = matrices(tex)
    assert rows[0] == ["0", "0", "0", r"\cdots^{\ast}", "0", "0", "0"], "the 1 of this row is hidden"
    assert rows[-1] == ["0", "0", "0", r"\cdots^{\ast}", "0", "0", "0"]
    star = r"\vdots^{\ast}"
    assert rows[3] == [star, star, r"\vdots", r"\ddots^{\ast}", star, star, star], "the third column shows its 1"
    assert tex.endswith(r"\quad (\ast\colon \text{not all as beside the dots})")
    diagonal = linear("b", 20).latex("entries")
    assert "ast" not in diagonal
    assert r"\begin{bmatrix} 1 & 0 & 0 & \cdots & 0 & 0 & 0 \\ 0 & 1" in diagonal
    vector = delta_einsum("i -> | i", ("v", np.eye(20)[7])).latex("entries")
    assert vector.startswith(r"\begin{bmatrix} 0 & 0 & 0 & \cdots^{\ast} & 0 & 0 & 0 \end{bmatrix}^{\top}")


def test_dots_between_ones_on_all_sides_stand_for_ones():
    W = np.ones((20, 20))
    W[3:17, 3:17] = np.eye(14)
    (rows,) = matrices(delta_einsum("i j -> i | j", ("W", W)).latex("entries"))
    assert [[cell for cell in row if "ast" in cell] for row in rows] == [[], [], [], [r"\ddots^{\ast}"], [], [], []]
    assert "ast" not in delta_einsum("i j -> i | j", ("W", np.ones((20, 20)))).latex("entries")


GENERAL = [
    (
        linear("W"),
        r"J_{1} = \begin{bmatrix} x_{1} & \cdots & x_{n} \\ 0 & \cdots & 0 \\ \vdots & \ddots & \vdots \\ "
        r"0 & \cdots & 0 \end{bmatrix}, \quad J_{2} = \begin{bmatrix} 0 & \cdots & 0 \\ x_{1} & \cdots & x_{n} \\ "
        r"0 & \cdots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \cdots & 0 \end{bmatrix}, \quad \ldots, \quad "
        r"J_{m} = \begin{bmatrix} 0 & \cdots & 0 \\ \vdots & \ddots & \vdots \\ 0 & \cdots & 0 \\ "
        r"x_{1} & \cdots & x_{n} \end{bmatrix}",
    ),
    (
        linear("x"),
        r"\begin{bmatrix} W_{1 1} & \cdots & W_{1 n} \\ \vdots & \ddots & \vdots \\ W_{m 1} & \cdots & W_{m n} "
        r"\end{bmatrix}",
    ),
    (
        linear("b"),
        r"\begin{bmatrix} 1 & 0 & \cdots & 0 \\ 0 & 1 & \ddots & \vdots \\ \vdots & \ddots & \ddots & 0 \\ "
        r"0 & \cdots & 0 & 1 \end{bmatrix}",
    ),
    (
        softmax(),
        r"\begin{bmatrix} p_{1} - p_{1} p_{1} & -p_{1} p_{2} & \cdots & -p_{1} p_{n} \\ "
        r"-p_{2} p_{1} & p_{2} - p_{2} p_{2} & \cdots & -p_{2} p_{n} \\ \vdots & \vdots & \ddots & \vdots \\ "
        r"-p_{n} p_{1} & -p_{n} p_{2} & \cdots & p_{n} - p_{n} p_{n} \end{bmatrix} "
        r"\quad (\text{entry } i, j\colon \delta_{i j} p_{i} - p_{i} p_{j})",
    ),
    (
        delta_einsum("o, i -> | o i", ("u", np.ones(2)), ("x", np.ones(3))),
        r"\begin{bmatrix} u_{1} x_{1} & \cdots & u_{1} x_{n} \\ \vdots & \ddots & \vdots \\ "
        r"u_{m} x_{1} & \cdots & u_{m} x_{n} \end{bmatrix}",
    ),
    (
        delta_einsum("o n, n m, m i -> o | i", *((a, np.ones((k, k + 1))) for k, a in enumerate("ABD", 2))),
        r"\begin{bmatrix} \sum_{p, q} A_{1 p} B_{p q} D_{q 1} & \cdots & \sum_{p, q} A_{1 p} B_{p q} D_{q n} \\ "
        r"\vdots & \ddots & \vdots \\ "
        r"\sum_{p, q} A_{m p} B_{p q} D_{q 1} & \cdots & \sum_{p, q} A_{m p} B_{p q} D_{q n} \end{bmatrix}",
    ),
    (delta_einsum("-> | i", i=3), r"\begin{bmatrix} 1 & \cdots & 1 \end{bmatrix}^{\top}"),
]


@pytest.mark.parametrize(("J", "tex"), GENERAL, ids=["W", "x", "b", "softmax", "outer", "two sums", "ones"])
def test_general_sizes(J, tex):
    assert J.latex("general") == tex


def test_general_sizes_of_ops():
    assert symbolic.latex(jac.OPS["mean"], "x", "general") == (
        r"\begin{bmatrix} \tfrac{1}{n} & \cdots & \tfrac{1}{n} \end{bmatrix}^{\top}"
    )
    assert r"\frac{\partial a_{m}}{\partial W} = " in symbolic.latex(jac.Linear(), "W", "general")
    layer_norm = symbolic.latex(jac.OPS["layer_norm"], "x", "general")
    assert r"\delta_{i j} \gamma_{i} \frac{1}{\sigma} - \tfrac{1}{n}" in layer_norm


@pytest.mark.parametrize(
    ("J", "reason"),
    [
        (
            jac.OPS["cumsum"].jacobian("x", x=[1.0, 2.0, 3.0]),
            r"0/1 pattern \[\{0\} >= \{1\}\] decides.*use J.latex\('index'\)",
        ),
        (
            jac.OPS["mean"].jacobian("x", x=[1.0, 2.0, 3.0]),
            r"coefficient 0.333333 depends.*symbolic.latex\(op, wrt, 'gen",
        ),
        (delta_einsum("-> i j | i j", i=2, j=3), r"got the shape \(2, 3\) \| \(2, 3\); use J.latex\('index'\)"),
        (delta_einsum("a -> |", ("v", np.ones(3))), r"got the shape \(\) \| \(\)"),
    ],
    ids=["pattern", "coefficient", "rank 4", "number"],
)
def test_no_general_sizes(J, reason):
    with pytest.raises(FormError, match=f"general form: .*{reason}"):
        J.latex("general")
    with pytest.raises(FormError, match=r"no plain text of it; use J.latex\('general'\)"):
        J.text("general")


def test_kronecker_says_its_order():
    assert linear("W").latex("kronecker", "row").endswith(r"\quad (\text{vec row by row})")
    assert linear("W").latex("kronecker", "column").endswith(r"\quad (\text{vec column by column})")
