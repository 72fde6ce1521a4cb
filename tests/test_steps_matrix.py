"""Derivations with whole arrays: every line is true, the last is the Jacobian of a run; known results word by word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import jacobians as jac
from jacobians.claims.judge import Judge
from jacobians.errors import InputError
from jacobians.notation import parse, to_plain
from jacobians.notation import tree as t
from jacobians.notation.latex_parser import parse_latex
from symbolic.steps.arrays import NoMatrixFormError
from symbolic.steps.engine import derivation
from symbolic.steps.graph import Graph
from symbolic.steps.normal_form import Arrays
from symbolic.steps.simplify import simplified
from tests.derived_models import CASES, LAYERED
from tests.derived_values import RULES, last_value, lines, model_of

TENSORS = ("affine", "mlp tensor")
WHOLE = [name for name in CASES if name not in TENSORS]
#: By entries in the equations, or without a form as matrices.
IN_COMPONENTS = ("layer norm", "batch norm", "convolution")


@pytest.mark.parametrize("name", WHOLE)
def test_every_line_is_true(name: str) -> None:
    found = derivation(*CASES[name], style="matrix")
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0
    assert any(part.title.rule == "in components" for part in found.parts) == (name in IN_COMPONENTS)


@pytest.mark.parametrize("name", [name for name in WHOLE if isinstance(CASES[name].model, jac.Model)])
def test_the_last_line_is_the_jacobian_of_a_run(name: str) -> None:
    model, of, wrt = CASES[name]
    assert isinstance(model, jac.Model)
    got, want = last_value(derivation(model, of, wrt, style="matrix"), model, of, wrt)
    np.testing.assert_allclose(np.broadcast_to(got, want.shape), want, rtol=1e-9, atol=1e-12)
    assert np.any(want)


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_whole_arrays(rule: str) -> None:
    _, wrt, answer = RULES[rule]
    found = derivation(model_of(rule), "L", wrt, style="matrix")
    assert to_plain(found.result) == answer
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    got, want = last_value(found, model_of(rule), "L", wrt)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


# ----- word by word -----


def test_two_layers() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="matrix", detail="every step")
    assert [lines(found, k) for k in range(4)] == [
        ["delta2", "grad(L, z2)", "grad(1/2 * norm(z2 - y)^2, z2)", "z2 - y"],
        ["grad(L, a1)", "D(z2, a1).T @ delta2", "D(W2 @ a1 + b2, a1).T @ delta2", "W2.T @ delta2"],
        [
            "delta1",
            "grad(L, z1)",
            "D(a1, z1).T @ grad(L, a1)",
            "D(tanh(z1), z1).T @ grad(L, a1)",
            "grad(L, a1) * tanh'(z1)",
            "W2.T @ delta2 * tanh'(z1)",
        ],
        [
            "grad(L, W1)",
            "sum_i(delta1[i] grad(z1[i], W1))",
            "sum_i(delta1[i] grad((W1 @ x + b1)[i], W1))",
            "delta1 @ x.T",
            "W2.T @ (z2 - y) * tanh'(z1) @ x.T",
        ],
    ]


def test_layers_in_general_with_the_start_of_the_recursion() -> None:
    found = derivation(LAYERED, "C", "W^{(k)}", style="matrix", detail="result")
    assert [lines(found, k) for k in range(4)] == [
        ["delta_(L)", "grad(C, a_(L)) * g_(L)'(z_(L))"],
        ["grad(C, a_(k))", "W_(k + 1).T @ delta_(k + 1)"],
        ["delta_(k)", "W_(k + 1).T @ delta_(k + 1) * g_(k)'(z_(k))"],
        ["grad(C, W_(k))", "delta_(k) @ a_(k - 1).T"],
    ]
    assert [part.title.rule for part in found.parts] == ["start of the recursion", "recursion", "recursion", "result"]


def test_a_vector_has_a_product_of_jacobian_matrices() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "z2", "x", style="matrix")
    assert lines(found, -1) == ["D(z2, x)", "D(z2, z1) @ D(z1, x)", "D(z2, z1) @ W1", "W2 @ diag(tanh'(z1)) @ W1"]


@pytest.mark.parametrize(("domain", "answer"), [("", "sum(y) p - y"), (" one-hot", "p - y")])
def test_softmax_and_cross_entropy_leave_a_difference(domain: str, answer: str) -> None:
    text = f"x : 3\nW : 5 x 3\ny : 5{domain}\nz1 = W x\np = softmax(z1)\nL = -sum(y*log(p))"
    found = derivation(text, "L", "z1", style="matrix")
    assert lines(found, -1)[-3:] == ["(diag(p) - p @ p.T) @ grad(L, p)", "-((diag(p) - p @ p.T) @ (y/p))", answer]
    assert found.check().ok


def test_uses_are_added() -> None:
    assert lines(derivation(*CASES["rnn"], style="matrix"), -1) == [
        "grad(L, W_h)",
        "delta1 @ h0.T + delta2 @ h1.T + delta3 @ h2.T",
    ]
    assert lines(derivation(*CASES["residual"], style="matrix"), -1)[-1] == "W.T @ (u * tanh'(W @ x)) + u"


def test_the_three_paths_of_a_normalization() -> None:
    text = "x : 5; mu = mean(x); v = mean((x - mu)^2); xhat = (x - mu)/sqrt(v + 0.1); L = 1/2*norm(xhat)^2"
    found = derivation(jac.Model.parse(text.replace("; ", "\n")), "L", "x", style="matrix")
    assert lines(found, -1) == [
        "grad(L, x)",
        "D(L, mu) grad(mu, x) + D(L, v) D(v, x) + D(xhat, x).T @ grad(L, xhat)",
        "(1/n) D(L, mu) ones(n) + (2/n) D(L, v) (x - mu) + grad(L, xhat)/sqrt(v + 0.1)",
    ]
    assert found.check().ok


def test_rows_as_vectors() -> None:
    text = "vectors are rows\nx : 3\nW : 3 x 5\ny : 5\nz1 = x W\nL = 1/2 norm(z1 - y)^2"
    found = derivation(text, "L", "W", style="matrix")
    assert lines(found, -1)[-2:] == ["x.T @ delta1", "x.T @ (z1 - y)"]
    assert found.check().ok


def test_denominator_layout_turns_jacobian_matrices() -> None:
    text = "layout is denominator\nx : 3\nW : 5 x 3\nz1 = W x\na1 = tanh(z1)"
    found = derivation(text, "a1", "x", style="matrix")
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    assert to_plain(found.result) == "W.T @ diag(tanh'(z1))"


def test_a_quantity_by_itself_and_by_what_has_no_influence() -> None:
    model = jac.mlp([3, 5, 2])
    assert lines(derivation(model, "z2", "z2", style="matrix"), -1) == ["D(z2, z2)", "Id(p)"]
    found = derivation(model, "z1", "y", style="matrix")
    assert lines(found, -1) == ["D(z1, y)", "0 ones(m, p)"]
    assert found.check().ok
    assert [step.reason.rule for step in found.parts[-1].steps] == ["no path"]


def test_what_has_no_matrix_form_says_so() -> None:
    found = derivation(*CASES["convolution"], style="matrix")
    assert [part.title.rule for part in found.parts] == ["adjoint", "in components"]
    assert lines(found, -1)[-1] == "sum_r_s(D(L, O[i, r]) X[j, s] ([s == r + p]))"


# ----- what is refused, what is found out -----


@pytest.mark.parametrize("name", TENSORS)
def test_a_vector_by_a_matrix_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"a vector, by W1?, a matrix, has 3 axes, .* take style='tensor' or 'index'"):
        derivation(*CASES[name], style="matrix")


def test_a_wrong_transposition_is_found_out() -> None:
    """The weights are square, so that the sizes fit."""
    found = derivation(*CASES["residual"], style="matrix")
    assert "W.T" in to_plain(found.result)
    *before, last = found.parts
    wrong = parse(to_plain(last.result).replace("W.T", "W"))
    changed = replace(last, steps=(*last.steps[:-1], replace(last.steps[-1], line=wrong)))
    checked = replace(found, parts=(*before, changed)).check()
    assert [link.status for _, link in checked.links if link.status != "true"] == ["false"]


# ----- the normal form -----


@pytest.fixture
def arrays() -> Arrays:
    start = derivation("x : 3\ny : 3\nA : 3 x 3\nB : 3 x 3\ns : scalar\nL = inner(x, A y) + s + trace(B)", "L", "x")
    return Arrays(Graph(start.context, t.Name("L"), t.Name("x")))


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("(A @ B).T", "B.T @ A.T"),
        ("(A @ (2*x)).T", "2 x.T @ A.T"),
        ("(-x).T @ (-(s * y))", "s x.T @ y"),
        ("A @ Id(3) @ x", "A @ x"),
        ("ones(3) * x", "x"),
        ("ones(3) @ ones(3).T", "ones(3, 3)"),
        ("(A.T).T @ x", "A @ x"),
        ("x - x", "0"),
        ("x + x", "2 x"),
        ("(s*x)/s", "x"),
        ("A @ (2*x - 2*y)", "2 A @ (x - y)"),
        ("x * y - A @ x * y", "(x - A @ x) * y"),
        ("trace(3 * A)", "3 trace(A)"),
        ("(A + B).T", "(A + B).T"),
        ("x/(4*s)", "x/(4 s)"),
        ("3*x/(4*s)", "(3/(4 s)) x"),
    ],
)
def test_the_normal_form(arrays: Arrays, text: str, tidy: str) -> None:
    made = arrays.tidy(parse(text))
    assert to_plain(made) == tidy
    assert arrays.tidy(made) == made
    if made != t.Number("0"):
        assert Judge(arrays.graph.context).link(parse(text), made).status == "true"


def test_brackets_are_multiplied_out_only_where_that_is_shorter(arrays: Arrays) -> None:
    assert to_plain(simplified(arrays, parse("(diag(x) - x @ x.T) @ (y/x)"))) == "y - sum(y) x"
    assert to_plain(simplified(arrays, parse("(A + B) @ x"))) == "(A + B) @ x"


@pytest.mark.parametrize("text", ["(B - x @ x.T) @ (1/x)", "(1/x) * x"])
def test_a_number_over_a_vector_is_no_number_once_it_is_multiplied_out(arrays: Arrays, text: str) -> None:
    """x^T (1 / x) is n, and (1 / x) ⊙ x is a vector of ones."""
    made = simplified(arrays, parse(text))
    assert Judge(arrays.graph.context).link(parse(text), made).status == "true"


@pytest.mark.parametrize("text", ["x @ A", "x @ y", "x + A.T @ B", "A @ B.T * x.T @ y @ x"])
def test_factors_that_do_not_fit_have_no_matrix_form(arrays: Arrays, text: str) -> None:
    with pytest.raises(NoMatrixFormError, match="has no matrix form here; take style='index' or 'tensor'"):
        arrays.tidy(arrays.tidy(parse(f"({text}) @ (x @ x)")))


@pytest.mark.parametrize("text", [r"\mathbf{1}_{p \times q}", r"\mathbf{1}_{p, q}", r"\mathbf{1}_{p q}"])
def test_a_matrix_of_ones_is_read_back(text: str) -> None:
    assert parse_latex(text) == t.Call("ones", (t.Name("p"), t.Name("q")))
