"""The matrix in symbols: every cell proved; Toeplitz structure and its bands; names with subscripts."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.constructors import delta_einsum
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
