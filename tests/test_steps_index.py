"""Derivations in components: every line is true, the last is the Jacobian of the run, wrong engines are found out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError
from jacobians.notation import parse, to_plain
from jacobians.notation import tree as t
from symbolic.steps.engine import derivation
from symbolic.steps.sums import Product, cancelled, merged
from tests.derived_models import CASES, LAYERED
from tests.derived_values import last_value


@pytest.mark.parametrize("name", CASES)
def test_every_line_is_true(name: str) -> None:
    checked = derivation(*CASES[name]).check()
    assert checked.ok, "\n".join(checked.failures())
    assert checked.points >= 3 * len(checked.links) > 0


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if isinstance(case.model, jac.Model)])
def test_the_last_line_is_the_jacobian_of_a_run(name: str) -> None:
    """A way that shares no code with the derivation: the terms of the ops, multiplied by the chain rule."""
    model, of, wrt = CASES[name]
    assert isinstance(model, jac.Model)
    got, want = last_value(derivation(model, of, wrt), model, of, wrt)
    np.testing.assert_allclose(np.broadcast_to(got, want.shape), want, rtol=1e-9, atol=1e-12)
    assert np.any(want)


def _lines(found, part: int) -> list[str]:
    return [to_plain(step.line) for step in found.shown[part].steps]


def test_the_weights_of_a_layer_in_general() -> None:
    """δ_i^(k) a_j^(k-1), by the chain rule over all components of z^(k)."""
    found = derivation(LAYERED, "C", "W^{(k)}")
    assert [to_plain(part.head) for part in found.parts] == [
        "delta_(L)[i]",
        "D(C, a_(k)[i])",
        "delta_(k)[i]",
        "D(C, W_(k)[i, j])",
    ]
    assert _lines(found, 3) == [
        "sum_p(D(C, z_(k)[p]) D(z_(k)[p], W_(k)[i, j]))",
        "sum_p(delta_(k)[p] D(z_(k)[p], W_(k)[i, j]))",
        "sum_p(delta_(k)[p] D(sum_q(W_(k)[p, q] a_(k - 1)[q]) + b_(k)[p], W_(k)[i, j]))",
        "sum_p_q(delta_(k)[p] kronecker(p, i) kronecker(q, j) a_(k - 1)[q])",
        "delta_(k)[i] a_(k - 1)[j]",
    ]
    assert [s.reason.rule for s in found.shown[3].steps] == [
        "chain rule",
        "definition of delta",
        "definition",
        "derivative of an affine map",
        "contraction",
    ]


def test_softmax_and_cross_entropy_is_p_minus_y() -> None:
    assert to_plain(derivation(*CASES["softmax"]).result) == "-y[i] + p[i] sum_j(y[j])"
    x, W, y = "x : 3; W : 5 x 3; y : 5", "z1 = W @ x", "L = cross_entropy(z1, y)"
    model = jac.Model.parse("\n".join([*x.split("; "), W, y]))
    assert to_plain(derivation(model, "L", "z1").result) == "softmax(z1)[i] - y[i]"


def test_three_paths_through_mean_and_variance() -> None:
    found = derivation(*CASES["layer norm"])
    assert to_plain(found.result) == "D(L, mu)/n + 2 D(L, v) (x[i] - mu)/n + D(L, xhat[i])/sqrt(v + 1e-05)"
    assert found.parts[-1].steps[0].reason.rule == "sum over paths"


def test_shared_weights_are_summed_over_their_uses() -> None:
    found = derivation(*CASES["rnn"])
    assert to_plain(found.result) == "delta1[i] h0[j] + delta2[i] h1[j] + delta3[i] h2[j]"
    assert found.shown[-1].steps[0].reason.rule == "shared weights"


def test_levels_of_detail_end_in_the_same_line() -> None:
    case = CASES["mlp"]
    counts = {}
    for detail in ("every step", "lecture", "result"):
        found = derivation(*case, detail=detail)
        counts[detail] = sum(len(part.steps) for part in found.shown)
        assert found.shown[-1].result == found.result
    assert counts["every step"] > counts["lecture"] > counts["result"] == len(found.parts)


def test_a_wrong_line_is_found_out() -> None:
    found = derivation(*CASES["mlp"])
    last = found.parts[-1]
    wrong = replace(last.steps[-1], line=parse("delta1[j] * x[i]"))
    broken = replace(found, parts=(*found.parts[:-1], replace(last, steps=(*last.steps[:-1], wrong))))
    checked = broken.check()
    assert not checked.ok
    assert len(list(checked.failures())) == 1


def test_no_influence_is_zero_and_by_itself_is_one() -> None:
    model = jac.Model.parse("x : 3\nW : 2 x 3\nu : 5\nz = W @ x\nL = norm(z)^2\nM = norm(u)^2")
    assert to_plain(derivation(model, "L", "u").result) == "0"
    assert to_plain(derivation(model, "z", "z").result) == "kronecker(i, j)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrt": "W9"}, "W9"),
        ({"of": "Q"}, "Q"),
        ({"style": "vector"}, "style"),
        ({"detail": "all"}, "detail"),
        ({"wrt": "W1 @ x"}, "is a quantity such as L, got W1 @ x"),
        ({"wrt": "W1 @"}, "wrt='W1 @'"),
    ],
)
def test_what_cannot_be_derived_is_said(options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        derivation(jac.mlp([3, 5, 2]), **options)


@pytest.mark.parametrize(
    ("of", "wrt", "message"),
    [
        ("z^{(k)}", "x", "a layer in general; expected the loss, or a layer by its number"),
        ("C", "y", "C = l.y, a_.L.. is a function that nobody defined"),
    ],
)
def test_what_is_known_no_further_is_said(of: str, wrt: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        derivation(LAYERED, of, wrt)


def test_more_indices_than_letters() -> None:
    names = " ".join("ijpqrsuvmndehklabcfg")
    text = "\n".join([*(f"{x} : scalar" for x in names.split()), "W : 2 x 3", "x : 3", "z = W @ x", "L = norm(z)^2"])
    with pytest.raises(InputError, match="more indices than letters"):
        derivation(text, "L", "W")


def test_what_means_something_else_in_formulas_is_refused() -> None:
    """inner(A, B) of matrices is one number a row in a model, and one number in formulas."""
    model = jac.Model.parse("A : 3 x 5\nB : 3 x 5\nv = inner(A, B)\nL = norm(v)^2")
    with pytest.raises(InputError, match="means something else in formulas"):
        derivation(model, "L", "A")


def test_like_products_have_each_factor_as_often() -> None:
    """x x y and x y y have the same factors and as many of them."""
    x, y = t.Name("x"), t.Name("y")
    one, other = Product(factors=(x, x, y)), Product(factors=(x, y, y))
    assert merged((one, other)) == (one, other)
    assert merged((one, Product(factors=(y, x, x)))) == (replace(one, coefficient=Fraction(2)),)
    assert merged((Product(below=(x, x, y)), Product(below=(x, y, y)))) != (Product(Fraction(2), below=(x, x, y)),)


def test_what_stands_above_and_below_cancels_as_often_as_it_does() -> None:
    x, y = t.Name("x"), t.Name("y")
    assert cancelled(Product(factors=(x, x, y), below=(y, x))) == Product(factors=(x,))
    assert cancelled(Product(factors=(x,), below=(x, x))) == Product(below=(x,))


def test_more_sizes_than_letters() -> None:
    """Sizes beyond the letters stay numbers."""
    found = derivation(jac.mlp([3, 5, 2, 7, 11, 13, 17, 19, 23, 29, 31]), "L", "b10")
    assert sum(n is None for n in found.context.sizes.values()) == 9
    assert found.check().ok


def test_every_quantity_means_what_it_means_in_the_model() -> None:
    """Also one that the last equation does not depend on."""
    model = jac.Model.parse("A : 3 x 5\nB : 3 x 5\nx : 2\nv = inner(A, B)\nM = norm(v)^2\nL = norm(x)^2")
    with pytest.raises(InputError, match="means something else in formulas"):
        derivation(model, "M", "A")
    assert derivation(model, "L", "x").check().ok
