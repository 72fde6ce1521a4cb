"""Derivations by differentials: every line is true, a wrong one is found out; what a differential means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import jacobians as jac
from jacobians.claims.bindings import Scope
from jacobians.claims.check import context_of
from jacobians.claims.context import Context
from jacobians.claims.judge import Judge
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError
from jacobians.notation import parse, to_plain
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.engine import derivation
from tests.derived_models import CASES, LAYERED
from tests.derived_values import RULES, last_value, lines, model_of

WHOLE = [name for name in CASES if name not in ("affine", "mlp tensor")]


@pytest.mark.parametrize("name", WHOLE)
def test_every_line_is_true(name: str) -> None:
    found = derivation(*CASES[name], style="differential")
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0
    assert isinstance(found.parts[0].head, c.Differential)


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_whole_arrays(rule: str) -> None:
    found = derivation(model_of(rule), "L", RULES[rule][1], style="differential")
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    got, want = last_value(found, model_of(rule), "L", RULES[rule][1])
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_two_layers() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "L", "W1", style="differential", detail="every step")
    assert lines(found, 0) == ["d(L)", "d(1/2 * norm(z2 - y)^2)", "(z2 - y).T @ d(z2)"]
    assert lines(found, 2) == ["d(L)", "delta2.T @ d(z2)", "delta2.T @ d(W2 @ a1 + b2)", "delta2.T @ W2 @ d(a1)"]
    assert lines(found, 3) == ["grad(L, a1)", "(delta2.T @ W2).T", "W2.T @ delta2"]
    assert lines(found, 6) == [
        "d(L)",
        "delta1.T @ d(z1)",
        "delta1.T @ d(W1 @ x + b1)",
        "delta1.T @ d(W1) @ x",
        "trace(delta1.T @ d(W1) @ x)",
        "trace(x @ delta1.T @ d(W1))",
    ]
    assert [step.reason.rule for step in found.parts[6].steps[-3:]] == ["constants", "trace", "cyclic trace"]
    assert lines(found, 7) == [
        "grad(L, W1)",
        "(x @ delta1.T).T",
        "delta1 @ x.T",
        "W2.T @ (z2 - y) * tanh'(z1) @ x.T",
    ]


def test_layers_in_general() -> None:
    found = derivation(LAYERED, "C", "W^{(k)}", style="differential")
    assert lines(found, 0) == ["d(C)", "grad(C, a_(L)).T @ d(a_(L))"]
    assert lines(found, 3)[1:3] == [
        "delta_(k + 1).T @ d(z_(k + 1))",
        "delta_(k + 1).T @ d(W_(k + 1) a_(k) + b_(k + 1))",
    ]
    assert lines(found, -1)[-2:] == ["(a_(k - 1) @ delta_(k).T).T", "delta_(k) @ a_(k - 1).T"]


def test_a_vector() -> None:
    found = derivation(jac.mlp([3, 5, 2]), "z2", "x", style="differential")
    assert lines(found, 1) == [
        "d(z2)",
        "W2 @ d(a1)",
        "W2 @ d(tanh(z1))",
        "W2 @ (tanh'(z1) * d(z1))",
        "W2 @ diag(tanh'(z1)) @ d(z1)",
    ]
    assert lines(found, -1) == ["D(z2, x)", "W2 @ diag(tanh'(z1)) @ W1"]


def test_every_use_has_a_trace_of_its_own() -> None:
    found = derivation(*CASES["shared"], style="differential")
    assert lines(found, -2)[-1] == "trace(h @ delta2.T @ d(W)) + trace(x @ delta1.T @ d(W))"


def test_denominator_layout() -> None:
    text = "layout is denominator\nx : 3\nW : 5 x 3\nz1 = W x\na1 = tanh(z1)"
    found = derivation(text, "a1", "x", style="differential")
    checked = found.check()
    assert checked.ok, "\n".join(checked.failures())
    assert to_plain(found.result) == "W.T @ diag(tanh'(z1))"


def test_a_vector_by_a_matrix_is_refused() -> None:
    with pytest.raises(InputError, match=r"z2, a vector, by W1, a matrix, has 3 axes, .* style='tensor' or 'index'"):
        derivation(*CASES["mlp tensor"], style="differential")


# ----- what a differential is -----


@pytest.fixture
def square() -> Context:
    """Square weights, so that sizes say nothing of transpositions."""
    context = context_of(
        "n : size\nx : n\nW : n x n\ny : n\nz1 = W x\na1 = tanh(z1)\nL = 1/2 norm(a1 - y)^2\nloss is L"
    )
    return replace(context, varying=t.Name("W"))


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (r"\mathrm{d} z^{(1)} = \mathrm{d} W x", "true"),
        (r"\mathrm{d} z^{(1)} = (\mathrm{d} W)^\top x", "false"),
        (r"\mathrm{d} \left(W x + y\right) = \mathrm{d} W x", "true"),
        (r"\mathrm{d} a^{(1)} = \tanh'(z^{(1)}) \odot \mathrm{d} z^{(1)}", "true"),
        (r"\mathrm{d} L = \operatorname{tr}\left(x \delta^{(1)\top} \mathrm{d} W\right)", "true"),
        (r"\mathrm{d} L = \operatorname{tr}\left(\delta^{(1)} x^\top \mathrm{d} W\right)", "false"),
        (r"\mathrm{d} L = \left(a^{(1)} - y\right)^\top \mathrm{d} a^{(1)}", "true"),
        (r"\mathrm{d} y = 0 y", "true"),
        (r"\mathrm{d} x = x", "false"),
        (r"\mathrm{d} \left(W W\right) = \mathrm{d} W W + W \mathrm{d} W", "true"),
        ("d(W @ W) = 2 * W @ dW", "false"),
        ("dL = tr(x @ delta1.T @ dW)", "true"),
        ("d(W @ x) = dW @ x", "true"),
        ("dz1 = dW.T @ x", "false"),
    ],
)
def test_claims_about_differentials(square: Context, claim: str, status: str) -> None:
    _, (chain,) = read_claim(claim, square)
    assert isinstance(chain, t.Chain)
    assert Judge(square).link(*chain.parts).status == status


def test_the_differential_is_the_linear_part_of_a_change(square: Context) -> None:
    """In central differences, where all else stays what it is."""
    ev = Judge(square).first()
    W, dW = (ev.quantity("W").array[0], ev.instance.direction("W", ev.quantity("W").shape).array[0])
    x, y = ev.quantity("x").array[0], ev.quantity("y").array[0]

    def loss(weights: np.ndarray) -> float:
        return 0.5 * float(np.sum((np.tanh(weights @ x) - y) ** 2))

    found = ev.value(c.Differential(t.Name("L")), Scope()).array[0]
    h = 1e-5
    assert found == pytest.approx((loss(W + h * dW) - loss(W - h * dW)) / (2 * h), rel=1e-8)
    assert not np.allclose(dW, dW.T)


def test_layers_of_which_only_the_letter_is_known_vary_one_by_one() -> None:
    context = replace(context_of(LAYERED), varying=t.Name("W", t.Name("k")))
    judge = Judge(context)
    assert judge.link(parse("d(z_(k))"), parse("d(W_(k)) @ a_(k - 1)")).status == "true"
    assert judge.link(parse("d(z_(k + 1))"), parse("d(W_(k + 1)) @ a_(k)")).status == "false"


def test_without_anything_that_varies_a_differential_has_no_value(square: Context) -> None:
    judge = Judge(replace(square, varying=None))
    link = judge.link(c.Differential(t.Name("z1")), parse("x"))
    assert (link.status, link.reason) == (
        "ill-formed",
        "the differential dz1 stands alone; in a quotient of differentials its partner is missing",
    )
    assert jac.check(jac.mlp([3, 5, 2]), "dW1 = delta1 @ x.T").status == "true"  # a gradient, as ever


@pytest.mark.parametrize(("right", "wrong"), [("x @ delta1.T", "delta1 @ x.T"), ("h @ delta2.T", "delta2 @ h.T")])
def test_a_wrong_transposition_in_a_line_is_false(right: str, wrong: str) -> None:
    found = derivation(*CASES["shared"], style="differential")
    index = len(found.parts) - 2
    part = found.parts[index]
    line = to_plain(part.steps[-1].line)
    assert right in line
    changed = replace(part, steps=(*part.steps[:-1], replace(part.steps[-1], line=parse(line.replace(right, wrong)))))
    parts = (*found.parts[:index], changed, *found.parts[index + 1 :])
    assert [link.status for _, link in replace(found, parts=parts).check().links if link.status != "true"] == ["false"]
