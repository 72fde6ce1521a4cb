"""Derivations as functions: they run on their own, and give the Jacobian of the run."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError
from symbolic.steps.code_tables import FUNCTIONS
from symbolic.steps.engine import derivation
from tests.derived_models import CASES, LAYERED, Case
from tests.derived_values import RULES, model_of


def _case(text: str, wrt: str) -> Case:
    return Case(jac.Model.parse(text.replace("; ", "\n")), "L", wrt)


NETWORK = "x : 3; W : 5 x 3; z1 = W @ x; a1 = {}(z1); L = 1/2*norm(a1)^2"
#: `inner` of a model is one number for each row of matrices.
CODED: dict[str, Case] = {
    **{name: case for name, case in CASES.items() if isinstance(case.model, jac.Model) and name != "convolution"},
    **{f"rule: {name}": Case(model_of(name), "L", RULES[name][1]) for name in RULES},
    **{f"function: {name}": _case(NETWORK.format(name), "W") for name in FUNCTIONS if name not in ("log", "sqrt")},
    "two layers of relu": Case(jac.mlp([3, 5, 2], activation="relu", loss="cross_entropy"), "L", "W1"),
    "column beside a matrix": _case("X : 5 x 3; v : 3; Z = X*v; L = norm(Z)^2", "v"),
    "convolution without a forward pass": _case(
        "X : 1 x 7; W : 2 x 1 x 3; b : 2; O = conv1d(X, W, b); L = sum(O)", "W"
    ),
    "words of Python": _case("lambda : 3; e : 3; p = softmax(lambda); L = norm(p + e)^2", "lambda"),
    "a short name before": _case("A : 3 x 3; x : 3; M = inv(A); L = norm(M @ x)^2", "x"),
    "a size that is a name": _case("n : 3; m : 3; L = mean(n)*norm(m)", "n"),
}
for name in ("affine", "mlp tensor"):
    del CODED[name]


def function(source: str) -> Callable[..., Any]:
    """The one function of a text."""
    space: dict[str, Any] = {}
    exec(source, space)
    (name,) = (node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    found: Callable[..., Any] = space[name]
    return found


def compare(source: str, case: Case, array: Callable[[np.ndarray], Any]) -> None:
    model, of, wrt = case
    assert isinstance(model, jac.Model)
    point = model.random_point(seed=0)
    call = function(source)
    plain = {name.removesuffix("_"): name for name in inspect.signature(call).parameters}
    names = {plain_name if plain_name in point else name: name for plain_name, name in plain.items()}
    got = np.asarray(call(**{name: array(np.asarray(point[key])) for key, name in names.items()}))
    want = np.asarray(model.run(point).jacobian(of, wrt).dense())
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CODED)
def test_numpy_gives_the_jacobian_of_the_run(name: str) -> None:
    found = derivation(*CODED[name], style="matrix")
    source = found.to_numpy()
    assert "jacobians" not in source
    assert max(map(len, source.splitlines())) < 200
    compare(source, CODED[name], lambda x: x)


@pytest.mark.peers
@pytest.mark.parametrize("name", CODED)
def test_torch_gives_the_jacobian_of_the_run(name: str) -> None:
    torch = pytest.importorskip("torch")
    compare(derivation(*CODED[name], style="matrix").to_torch(), CODED[name], torch.tensor)


@pytest.mark.peers
@pytest.mark.parametrize("name", CODED)
def test_jax_gives_the_jacobian_of_the_run(name: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    compare(derivation(*CODED[name], style="matrix").to_jax(), CODED[name], jax.numpy.asarray)


def test_two_layers_word_by_word() -> None:
    assert (
        derivation(jac.mlp([3, 5, 2]), "L", "W1", style="matrix").to_numpy()
        == '''import numpy as np


def gradient_L_by_W1(x, W1, b1, W2, b2, y):
    """The gradient of L by W1, in the shape of W1.

    Formula: grad(L, W1) = W2.T @ (z2 - y) * tanh'(z1) @ x.T
    Shapes:  x (n), W1 (m x n), b1 (m), W2 (p x m), b2 (p), y (p) -> (m x n)
    """
    z1 = W1 @ x + b1
    a1 = np.tanh(z1)
    z2 = W2 @ a1 + b2
    delta2 = z2 - y
    dL_da1 = W2.T @ delta2
    delta1 = dL_da1 * (1 - a1 ** 2)
    return np.outer(delta1, x)
'''
    )


def test_a_vector_has_its_jacobian_and_its_layout() -> None:
    source = derivation(jac.mlp([3, 5, 2]), "z2", "x", style="matrix").to_torch()
    assert source.startswith("import torch\n\n\ndef jacobian_z2_by_x(x, W1, b1, W2):\n")
    assert "outputs first (numerator layout)" in source
    assert "    return dz2_dz1 @ W1\n" in source


def test_only_what_is_needed_is_computed() -> None:
    source = derivation(jac.mlp([3, 5, 2]), "L", "b2", style="matrix").to_numpy()
    body = source.split('"""')[-1]
    assert "dL_da1" not in body
    assert " L = " not in body
    assert body.count("\n") == 6


def test_the_outer_product_by_its_sign() -> None:
    source = derivation("u : 3\nv : 2\nA = u ⊗ v\nL = norm(A)^2", "L", "u", style="matrix").to_numpy()
    u, v = np.array([1.0, 2.0, 4.0]), np.array([3.0, 5.0])
    np.testing.assert_allclose(function(source)(u, v), 2 * (v @ v) * u)


@pytest.mark.parametrize(
    ("equations", "name", "shape", "other"),
    [
        ("v : n; Z : n x m; L = norm(Z + v)^2", "v", (3,), lambda v: v[:, None]),
        ("Y : m x n; Z : n x m; A_{ij} = 2 Z_{ij} + Y_{ji}; L = norm(A - Z)^2", "Y", (2, 3), lambda Y: Y.T),
    ],
)
def test_the_axes_of_a_summand_are_those_of_the_sum(
    equations: str, name: str, shape: tuple[int, ...], other: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Both losses are |Z + other|^2, where a column goes with every column of Z."""
    text = f"n, m : size; {equations}".replace("; ", "\n")
    rng = np.random.default_rng(0)
    values = {"Z": rng.normal(size=(3, 2)), name: rng.normal(size=shape)}
    got = function(derivation(text, "L", name, style="matrix").to_numpy())(**values)
    slope = 2 * (values["Z"] + other(values[name]))
    np.testing.assert_allclose(got, slope.sum(axis=1) if name == "v" else slope.T)


def test_components_are_broadcasts_and_einsum() -> None:
    source = derivation(*CASES["batch norm"], style="matrix").to_numpy()
    assert "mu = np.einsum('ij->j', X) / n" in source
    assert "xhat = (X - mu[None, :]) / np.sqrt(v + 1e-05)[None, :]" in source


# ----- what is refused -----


@pytest.mark.parametrize("style", ["index", "differential"])
def test_other_styles_are_refused(style: Any) -> None:
    with pytest.raises(
        InputError, match=rf"code is made from style='matrix', got '{style}'; call symbolic\.derivation"
    ):
        derivation(jac.mlp([3, 5, 2]), "L", "W1", style=style).to_numpy()


def test_functions_that_nobody_defined_are_refused() -> None:
    with pytest.raises(InputError, match=r"no code for g and l, which nobody defined; write known functions"):
        derivation(LAYERED, "C", "W1", style="matrix").to_jax()


def test_layers_in_general_are_refused() -> None:
    layers = "k : layer 1..2; n : size; x : n; W^{(k)} : n x n; a^{(0)} = x; a^{(k)} = tanh(W^{(k)} a^{(k-1)})"
    text = f"{layers}; L = norm(a^{{(2)}})^2".replace("; ", "\n")
    with pytest.raises(InputError, match=r"belongs to a layer in general; ask for one layer, such as wrt='W1'"):
        derivation(text, "L", "W^{(k)}", style="matrix").to_numpy()


def test_sums_with_limits_are_refused() -> None:
    text = "n, m : size\nx : n\ny : m\nW : m x n\na_i = \\sum_{j=1}^{n} W_{ij} x_j\nL = norm(a + y)^2"
    with pytest.raises(InputError, match=r"sum_\{j = 1\.\.n\}\(W\[i, j\] x\[j\]\) has no short code"):
        derivation(text, "L", "y", style="matrix").to_numpy()


@pytest.mark.parametrize(
    ("case", "what"),
    [
        (CASES["convolution"], r"conv1d\(X, W, b\) has no short code"),
        (_case("x : 3; W : 5 x 3; z1 = W @ x; a1 = gelu(z1); L = norm(a1)^2", "W"), "gelu.* have no such function"),
    ],
)
def test_what_has_no_short_code_names_the_plan(case: Case, what: str) -> None:
    with pytest.raises(
        InputError, match=rf"no short code for d L / d W: {what}.*; take model\.plan\('L', 'W'\)\.source\(\)"
    ):
        derivation(*case, style="matrix").to_numpy()
