"""Derivations by whole Jacobians: every line is true, the last is that of the run, wrong engines are found out."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

import jacobians as jac
from jacobians.claims.bindings import Scope
from jacobians.claims.judge import Judge
from jacobians.notation import parse, to_latex, to_plain
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.options import Notation
from jacobians.notation.presets import preset
from symbolic.steps import ways
from symbolic.steps.derivation import WHOLE_JACOBIANS, Derivation, Style
from symbolic.steps.engine import derivation
from symbolic.steps.language import rule_name, rule_sentence
from symbolic.steps.sums import Product, delta, read
from symbolic.steps.tensor_form import Axis, row, tensor_form
from tests.derived_models import CASES, LAYERED

AFFINE = "n, m : size\nx : n\nW : m x n\nb : m\na = W x + b"


def _said(found: Derivation) -> list[tuple[str, list[str]]]:
    """Head and lines of every part that is shown."""
    return [(to_plain(part.head), [to_plain(step.line) for step in part.steps]) for part in found.shown]


@pytest.mark.parametrize("name", CASES)
def test_every_line_is_true(name: str) -> None:
    checked = derivation(*CASES[name], style="tensor").check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0


# ----- the tensor of an affine map -----


def test_the_tensor_of_an_affine_map_by_one_call() -> None:
    """J_a(W) = ∂a_i/∂W_kl = δ_ik x_l = cases = Id_m ⊗ x, as lecture notes have it."""
    found = derivation(AFFINE, "a", "W", style="tensor")
    assert _said(found) == [
        (
            "D(a, W)",
            ["D(a[i], W[j, p])", "kronecker(i, j) x[p]", "{x[p] if i == j; 0 otherwise}", "Id(m) ⊗ x"],
        )
    ]
    assert to_latex(found.result) == r"\mathrm{Id}_{m} \otimes x"
    assert found.check().ok


@pytest.mark.parametrize(("wrt", "last"), [("x", "W"), ("b", "Id(m)")])
def test_the_other_jacobians_of_an_affine_map(wrt: str, last: str) -> None:
    assert to_plain(derivation(AFFINE, "a", wrt, style="tensor").result) == last


def test_every_step_shows_how_the_delta_comes_about() -> None:
    found = derivation(AFFINE, "a", "W", style="tensor", detail="every step")
    assert _said(found)[0][1][1:5] == [
        "D(sum_q(W[i, q] x[q]) + b[i], W[j, p])",
        "sum_q(D(W[i, q] x[q], W[j, p]))",
        "sum_q(D(W[i, q], W[j, p]) x[q])",
        "sum_q(kronecker(i, j) kronecker(q, p) x[q])",
    ]
    assert "contraction" in [step.reason.rule for step in found.shown[0].steps]


# ----- products -----


def test_a_network_of_two_layers() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="tensor")
    assert _said(found)[-1] == (
        "D(L, W1)",
        [
            "D(L, z2) @ D(z2, a1) @ D(a1, z1) @ D(z1, W1)",
            "(z2 - y).T @ W2 @ diag(tanh'(z1)) @ (Id(m) ⊗ x)",
            "W2.T @ (z2 - y) * tanh'(z1) @ x.T",
        ],
    )
    assert [part.title.rule for part in found.parts] == ["local Jacobian"] * 4 + ["result"]
    assert to_plain(found.parts[3].title.facts["space"]) == "D(z1, W1) : m x m x n"


def test_multiplied_out_factor_by_factor() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "z2", "W1", style="tensor", detail="every step")
    assert _said(found)[-1][1][1:] == [
        "W2 @ diag(tanh'(z1)) @ (Id(m) ⊗ x)",
        "W2 @ diag(tanh'(z1)) ⊗ x",
    ]


@pytest.mark.parametrize(("of", "wrt", "rank"), [("L", "W1", 2), ("z2", "W1", 3), ("z2", "x", 2)])
def test_the_answer_is_the_jacobian_of_a_run(of: str, wrt: str, rank: int) -> None:
    """A way that shares no code with the derivation: the terms of the ops, multiplied by the chain rule."""
    model = jac.mlp([3, 5, 2])
    found = derivation(model, of, wrt, style="tensor")
    ev = Judge(found.context).first()
    ev.start(Scope(), found.result)
    got = ev.value(found.result, Scope()).array[0]
    point = {name: ev.quantity(name).array[0] for name in model.leaves}
    sizes = [f"{name} : {' x '.join(map(str, array.shape))}" for name, array in point.items()]
    equations = [f"{name} = {right}" for name, right in model.equations().items()]
    want = jac.Model.parse("\n".join([*sizes, *equations])).run(point).jacobian(of, wrt).dense()
    assert want.ndim == rank
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_where_a_quotient_would_be_total_the_direct_jacobian_stands_itself() -> None:
    found = derivation(*CASES["residual"], style="tensor")
    assert _said(found)[-1][1] == [
        "D(L, u) @ Id(n) + D(L, u) @ D(u, h) @ D(h, x)",
        "u.T @ Id(n) + u.T @ Id(n) @ diag(tanh'(W @ x)) @ W",
        "u.T + u.T * tanh'(W @ x).T @ W",
    ]
    rules = {to_plain(part.head): part.title.rule for part in found.parts}
    assert rules["D(u, x)"] == "direct Jacobian"
    assert rules["D(u, h)"] == "local Jacobian"
    assert found.parts[-1].steps[1].reason.rule == "direct Jacobians"


def test_products_that_need_indices_are_written_in_components() -> None:
    """∂P/∂S of a softmax along rows has four axes that no product of matrices makes."""
    found = derivation(*CASES["attention"], style="tensor")
    chain, (head, lines) = _said(found)[-2:]
    assert chain == ("D(L, Q)", ["D(L, O) @ D(O, P) @ D(P, S) @ D(S, Q)"])
    assert head == "D(L, Q[i, j])"
    assert lines[0] == "sum_r_s_u_v_d_e(D(L, O[r, s]) D(O[r, s], P[u, v]) D(P[u, v], S[d, e]) D(S[d, e], Q[i, j]))"
    assert lines[-1].count("sum_") == 2


def test_a_matrix_comes_back_where_the_components_are_one() -> None:
    found = derivation(*CASES["batch"], style="tensor")
    assert to_plain(found.parts[-1].head) == "D(L, W[i, j])"
    assert to_plain(found.result) == "(X.T @ ((A1 - Y) * sigmoid'(Z1)))[i, j]"


def test_layers_in_general_by_recursion() -> None:
    found = derivation(LAYERED, "C", "W^{(k)}", style="tensor")
    said = dict(_said(found))
    assert said["D(z_(k), W_(k))"][-1] == "Id(n_(k)) ⊗ a_(k - 1)"
    assert said["D(C, z_(k))"][-2:] == [
        "D(C, z_(k + 1)) @ W_(k + 1) @ diag(g_(k)'(z_(k)))",
        "D(C, z_(k + 1)) @ W_(k + 1) * g_(k)'(z_(k)).T",
    ]
    assert said["D(C, W_(k))"] == [
        "D(C, z_(k)) @ D(z_(k), W_(k))",
        "D(C, z_(k)) @ (Id(n_(k)) ⊗ a_(k - 1))",
        "D(C, z_(k)).T @ a_(k - 1).T",
    ]


@pytest.mark.parametrize(("wrt", "line"), [("L", "1"), ("b9", "0")])
def test_by_itself_and_by_what_has_no_influence(wrt: str, line: str) -> None:
    found = derivation("x : 3\nb9 : 2\nL = 1/2 * norm(x)^2", "L", wrt, style="tensor")
    assert to_plain(found.result) == line
    assert found.check().ok


@pytest.mark.parametrize("notation", [Notation(), Notation(layout="denominator"), *map(preset, ("ng", "cs231n"))])
@pytest.mark.parametrize("style", WHOLE_JACOBIANS)
def test_one_layout_whatever_the_reader_prefers_elsewhere(style: Style, notation: Notation) -> None:
    """Factors stand in the order of the chain rule, and the document says how derivatives are laid out."""
    for name in ("mlp", "batch", "convolution"):
        found = derivation(*CASES[name], style=style).written(notation)
        assert found.notation.layout == "row-gradients"
        assert "outputs first, then the axes" in " ".join(found.document().split())
    assert found.context.settings.layout == "row gradients"


def test_a_wrong_engine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient that is not turned into a row does not fit in front of a matrix."""
    monkeypatch.setattr(ways, "row", lambda tree: tree)
    checked = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="tensor").check()
    assert not checked.ok
    assert any("W2" in failure for failure in checked.failures())


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("style", WHOLE_JACOBIANS)
def test_every_reason_has_its_sentence(style: Style, language: str) -> None:
    for name in ("mlp", "residual", "shared", "paths"):
        for part in derivation(*CASES[name], style=style, detail="every step").parts:
            for reason in (part.title, *(step.reason for step in part.steps)):
                notation = Notation(language=language)
                assert rule_name(reason.rule, reason.facts, notation)
                assert rule_sentence(reason.rule, reason.facts, notation)[-1]


# ----- from components to whole arrays -----


def _size(tree: t.Tree, axis: int) -> t.Tree:
    return t.Name("r")


@pytest.mark.parametrize(
    ("components", "out", "inp", "whole"),
    [
        ("kronecker(i, j) * x[p]", "i", "j p", "Id(i_) ⊗ x"),
        ("W[i, q] * x[q]", "i", "", "W @ x"),
        ("sum_q(W[i, q] * x[q])", "i", "", "W @ x"),
        ("sum_q(W[q, i] * y[q]) * g'(z[i])", "", "i", "W.T @ y * g'(z)"),
        ("kronecker(i, j) * p[i] - p[i] * p[j]", "i", "j", "diag(p) - p @ p.T"),
        ("y[i] / p[i]", "", "i", "y/p"),
        ("2 / n * (x[i] - mu)", "", "i", "(2/n) (x - mu)"),
        ("u[i] * v[j]", "i", "j", "u @ v.T"),
        ("u[i] * v[j] * w[p]", "i", "j p", "u ⊗ v ⊗ w"),
        ("kronecker(j, p)", "i j", "p", "ones(i_) ⊗ Id(j_)"),
        ("sum_q(u[q])", "", "", "ones(r).T @ u"),
        ("-1/2 * sum_q(u[q] * v[q]) * x[i]", "", "i", "-(1/2) ((u.T @ v) x)"),
        ("D(L, z[i]) * g'(z[i])", "", "i", "D(L, z).T * g'(z)"),
        ("tanh(sum_q(W[i, q] * x[q])) * V[i, j]", "i", "j", "diag(tanh(W @ x)) @ V"),
    ],
)
def test_whole_arrays(components: str, out: str, inp: str, whole: str) -> None:
    made = tensor_form(_sums(components, out, inp), _axes(out), _axes(inp), _size)
    assert made is not None
    assert to_plain(made) == whole


@pytest.mark.parametrize(
    ("components", "out", "inp"),
    [
        ("kronecker(i, j) * V[q, p]", "i p", "j q"),  # the axes of one factor stand apart
        ("x[i] * [i >= j]", "i", "j"),
        ("tanh(x[i] - y[j])", "i", "j"),
        ("x[i + 1]", "i", ""),
        ("W[i, i]", "i", ""),
        ("kronecker(i, 0) * x[j]", "i", "j"),
        ("A[i, j] * B[j, q] * C[q, i]", "i", ""),
    ],
)
def test_what_needs_indices_has_no_whole_form(components: str, out: str, inp: str) -> None:
    assert tensor_form(_sums(components, out, inp), _axes(out), _axes(inp), _size) is None


def _axes(letters: str) -> list[Axis]:
    return [Axis(x, t.Name(f"{x}_")) for x in letters.split()]


def _sums(text: str, out: str, inp: str) -> tuple[Product, ...]:
    """The components; letters that are on no axis are summed."""
    axes = {*out.split(), *inp.split()}
    made = []
    for one in read(parse(re.sub(r"D\((\w+), (\w+)\[(\w)\]\)", r"\1\2prime[\3]", text))):
        factors = tuple(_with_derivative(f) for f in one.factors)
        letters = {
            i.text
            for f in factors
            for p in f.walk()
            if isinstance(p, t.Index)
            for i in p.indices
            if isinstance(i, t.Name)
        }
        inner = {x for f in factors for p in f.walk() if isinstance(p, c.Sum) for x in p.indices}
        summed = tuple(sorted(letters - axes - inner - {*one.letters}))
        made.append(Product(one.coefficient, (*one.letters, *summed), factors, one.below))
    return tuple(made)


def _with_derivative(tree: t.Tree) -> t.Tree:
    if isinstance(tree, t.Index) and tree.array == t.Name("Lzprime"):
        return c.Partial(t.Name("L"), t.Index(t.Name("z"), tree.indices))
    return tree


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("W.T @ v", "v.T @ W"),
        ("z - y", "(z - y).T"),
        ("-(y / p)", "-(y/p).T"),
        ("W.T @ v - y", "v.T @ W - y.T"),
        ("u * v", "u.T * v.T"),
    ],
)
def test_the_row_of_a_column(column: str, expected: str) -> None:
    assert to_plain(row(parse(column))) == expected


def test_a_sum_of_equal_summands_needs_its_size() -> None:
    """Σ_q x_i counts x_i as often as q has values, which no product of arrays says."""
    product = Product(Fraction(1), ("q",), (t.Index(t.Name("x"), (t.Name("i"),)),))
    assert tensor_form((product,), _axes("i"), (), _size) is None
    tied = Product(Fraction(1), ("q",), (delta(t.Name("q"), t.Name("i")), t.Index(t.Name("x"), (t.Name("q"),))))
    assert tensor_form((tied,), _axes("i"), (), _size) == t.Name("x")
