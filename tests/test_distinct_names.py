"""In a printed formula one name stands for one array, however often an op with inner values is used."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians import Model
from tests.contract import close

#: Models in which two nodes would call different arrays the same, what to differentiate by, and what must print.
ALIKE = {
    "two norms in one equation": (
        "x : 3\nu : 3\nr = layer_norm(x, g, b) * layer_norm(u, g, b)",
        ("g",),
        ("xhat", "xhat_r"),
    ),
    "two attentions in one equation": (
        "X : 2 x 3\nZ : 5 x 3\nr = attention(X, X, X) + attention(X, Z, Z)",
        ("X",),
        ("P", "P_r"),
    ),
    "two cells in one equation": (
        "x : 2\nW : 3 x 2\nV : 3 x 3\nr = elman_cell(x, h, W, V, b) * elman_cell(x, k, W, V, b)",
        ("x", "W"),
        ("tanh'(z)", "tanh'(z_r)"),
    ),
    "two slopes": (
        "x = [-1, 2, -3]\na = leaky_relu(x, slope=0.1)\nb = leaky_relu(x, slope=0.3)\nr = a + b",
        ("x",),
        ("leaky_relu'(x)", "leaky_relu_b'(x)"),
    ),
    "two axes": (
        "X : 2 x 3\nr = log_softmax(X, axis=0) + log_softmax(X, axis=1)",
        ("X",),
        ("softmax(X)", "softmax_r(X)"),
    ),
    "a leaf of the same name": (
        "x : 3\nsigma_r : 3\nr = layer_norm(x, sigma_r, b)",
        ("x",),
        ("1/sigma_r_r", "sigma_r"),
    ),
    "a leaf as the weights are called": ("P : 2 x 3\nr = attention(P, P, P) * P", ("P",), ("P", "P_r")),
}


@pytest.mark.parametrize("case", ALIKE)
def test_one_name_stands_for_one_array(case):
    text, wrts, printed = ALIKE[case]
    model = Model.parse(text)
    run = model.run(model.random_point(seed=3))
    for wrt in wrts:
        named: dict[str, list[np.ndarray]] = {}
        for J in (run.jacobian("r", wrt), run.jacobian("r", wrt, order="forward"), run.hessian("r", wrt)):
            close(J.shown.dense(), J.dense(), 1e-12)
            for factor in (f for t in J.shown.terms for f in t.factors if f.value.dtype != bool):
                named.setdefault(factor.name, []).append(factor.value)
        for name, (first, *rest) in named.items():
            for other in rest:
                assert first.shape == other.shape, (wrt, name)
                np.testing.assert_allclose(first, other, rtol=1e-9, err_msg=f"{wrt}: {name}")
        assert set(printed) <= set(named), (wrt, list(named))


def test_a_value_used_twice_keeps_one_name():
    model = Model.parse("x : 3\nr = layer_norm(x, g, b) * layer_norm(x, g, b)\ns = leaky_relu(x) + leaky_relu(x)")
    run = model.run(model.random_point(seed=3))
    names = {f.name for wrt in ("x", "g") for t in run.jacobian("r", wrt).shown.terms for f in t.factors}
    assert names == {"layer_norm(x, g, b)", "g", "1/sigma", "xhat"}
    assert str(run.jacobian("s", "x")) == "δ_ii' leaky_relu'(x)_i + δ_ii' leaky_relu'(x)_i"
