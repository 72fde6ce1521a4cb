"""The values and derivatives behind verdicts, by witnesses that share no code with them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import jacobians as jac
from jacobians.claims.bindings import Scope
from jacobians.claims.check import context_of
from jacobians.claims.context import Context
from jacobians.claims.evaluator import Evaluator
from jacobians.claims.functions import PRECISE, elementwise, undefined
from jacobians.claims.instance import Instance, random_points
from jacobians.claims.values import constant
from jacobians.notation import parse
from jacobians.ops import OPS

NETWORKS = {
    "mlp": jac.mlp([3, 5, 2], activation="tanh", loss="squared_error"),
    "softmax": jac.Model.parse(
        "x : 3\nW : 5 x 3\ny : 5\nz = W @ x\np = softmax(z)\nh = sigmoid(z) * p\nL = 1/2 * norm(h - y)^2"
    ),
    "norm": jac.Model.parse(
        "X : 2 x 5\ngamma : 5\nbeta : 5\nN = layer_norm(X, gamma, beta)\nS = tanh(N)\nL = sum(S * N)"
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_derivatives_of_a_network_are_those_of_its_runs(name):
    model = NETWORKS[name]
    ev = Evaluator(Instance(context_of(model)))
    points = random_points(model)
    for of in model.named:
        for wrt in model.leaves:
            value = ev.value(parse(f"D({of}, {wrt})"), Scope())
            for draw, point in enumerate(points):
                expected = model.run(point).jacobian(of, wrt).dense()
                got = np.broadcast_to(value.array, (len(points), *expected.shape))[draw]
                np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


EQUATIONS = """
n, m : size
x : n
W : m x n
y : m
g : function
z = W @ x
a = g(z)
p = softmax(z)
q[i] = x[i]^2 / sum_j(exp(x[j]))
L = norm(a - y)^2 + sum_i(p[i] * log(p[i]))
"""


class Moved(Instance):
    """An instance with one leaf moved."""

    def leaf(self, name, leaf, labels):
        value = super().leaf(name, leaf, labels)
        return replace(value, parts={(): value.array + self.change}) if name == self.name else value


def shifted(context: Context, name: str, change: np.ndarray, formula: str) -> np.ndarray:
    """A formula's value where one leaf was moved."""
    instance = Moved(context)
    instance.name, instance.change = name, change
    return Evaluator(instance).value(parse(formula), Scope()).array


@pytest.mark.parametrize("of", ["z", "a", "p", "q", "L", "D(L, x)"])
@pytest.mark.parametrize("wrt", ["x", "W"])
def test_derivatives_are_central_differences(of, wrt):
    context = context_of(EQUATIONS)
    ev = Evaluator(Instance(context))
    exact = ev.value(parse(f"D({of}, {wrt})"), Scope()).array
    leaf = ev.quantity(wrt).array
    step = 1e-5
    for index in np.ndindex(leaf.shape[1:]):
        change = np.zeros((1, *leaf.shape[1:]))
        change[(0, *index)] = step
        up, down = shifted(context, wrt, change, of), shifted(context, wrt, -change, of)
        slope = (up - down) / (2 * step)
        column = exact[(..., *index)]
        np.testing.assert_allclose(np.broadcast_to(column, slope.shape), slope, rtol=1e-5, atol=1e-7)
    assert np.any(exact) or (of, wrt) == ("q", "W")


@pytest.mark.parametrize(("wrt", "other"), [("x", "x"), ("W", "x"), ("x", "W")])
def test_second_derivatives_of_a_network_are_its_hessians(wrt, other):
    model = NETWORKS["softmax"]
    value = Evaluator(Instance(context_of(model))).value(parse(f"D(D(L, {wrt}), {other})"), Scope())
    for draw, point in enumerate(random_points(model)):
        expected = model.run(point).hessian("L", wrt, other).dense()
        np.testing.assert_allclose(value.array[draw], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", sorted(PRECISE))
def test_functions_written_out_are_the_ops(name):
    x = np.random.default_rng(7).uniform(0.3, 2.0, 5)
    op = OPS[name]
    np.testing.assert_allclose(PRECISE[name](0, x), op.forward(x=x), rtol=1e-13)
    np.testing.assert_allclose(np.diag(PRECISE[name](1, x)), op.jacobian("x", x=x).dense(), rtol=1e-12, atol=1e-15)
    second = op.hessian("x", x=x).dense()
    np.testing.assert_allclose(PRECISE[name](2, x), np.einsum("iii->i", second), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_undefined_functions_have_their_derivatives(order):
    f = undefined("g", 3)
    x = np.random.default_rng(3).normal(size=(3, 5))
    slope = (f(order, x + 1e-6) - f(order, x - 1e-6)) / 2e-6
    np.testing.assert_allclose(f(order + 1, x), slope, rtol=1e-6, atol=1e-7)
    assert np.ptp(f(0, np.ones((3, 5)))[:, 0]) > 0.01  # every draw has another function


def test_higher_precision_is_there():
    context = context_of("x : scalar\ny = exp(x) * sin(x)")
    ev = Evaluator(Instance(context, precise=True))
    value = ev.value(parse("D(y, x) - exp(x) * (sin(x) + cos(x))"), Scope()).array
    assert value.dtype == object
    assert max(abs(v) for v in value.flat) < 1e-45
    assert elementwise("gelu") is not None
    assert constant(2.0).shape == ()


AT_A_POINT = "x : 3\nu : 3\nf : function\ny = f(x)\ns = norm(x)^2"


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        (r"\left.\frac{\partial s}{\partial x}\right|_{x=u} = 2 u", "true"),
        (r"\left.\frac{\partial s}{\partial x}\right|_{x=u} = 2 x", "false"),
        (r"\left.\frac{\partial y}{\partial x}\right|_{x=u} = \operatorname{diag}(f'(u))", "true"),
        (r"\left.\frac{\partial y}{\partial x}\right|_{x=u} = \operatorname{diag}(f'(x))", "false"),
    ],
)
def test_a_derivative_at_a_point(claim, status):
    assert jac.check(AT_A_POINT, claim, explain=False).status == status


DIAGONALS = {
    r"\frac{\partial a}{\partial z} = \sigma(z) \odot (1 - \sigma(z))": "layout",
    r"\frac{\partial a}{\partial z} = \sigma(z)": "false",
    r"\frac{\partial p}{\partial z} = p \odot (1 - p)": "false",
    r"\frac{\partial a}{\partial z} = \operatorname{diag}(\sigma'(z))": "true",
}


@pytest.mark.parametrize("claim", DIAGONALS)
def test_a_diagonal_jacobian_may_be_written_as_a_vector_and_a_full_one_not(claim):
    verdict = jac.check("n : size\nz : n\na = sigmoid(z)\np = softmax(z)", claim, explain=False)
    assert verdict.status == DIAGONALS[claim]
    assert ("vector of its diagonal" in verdict.worst.convention) == (verdict.status == "layout")


SIZES = "n, m : size\nx, u : n\nv : m\nr : n row\nW : m x n\nz = W @ x"
MEANINGLESS = {
    "z = x @ u.T @ u @ u": "a product of two columns of sizes 2 and 2",
    "z = W @ r": r"a matrix \(3, 2\) times a row \(2\)|times a row of size 2; write the row as a column",
    "z = x @ W": r"a column of size 2 times a matrix \(3, 2\); is a transpose missing",
    "z = W @ v": r"a matrix product needs equal inner sizes, got \(3, 2\) times column \(3\)",
    "z = W @ x + u": r"a sum needs equal shapes, got \(3\) and \(2\)",
    "u = x + r": "a sum of a column and a row, both of size 2",
    "u = x * r": "an elementwise product of a column and a row, both of size 2",
    "z = v * W": r"an elementwise product needs equal shapes, got column \(3\) and \(3, 2\)",
    "z = inner(x, v)": r"an inner product needs equal shapes, got \(2\) and \(3\)",
    "z[i] = x[j]": "the index j is free on the right side only",
    "z[i] = x[i]": "the index i counts to 3 in one place and to 2 in another",
    "z[i] = v[i, i]": r"2 indices for what has 1 axes, shape \(3\)",
    "v = x.T": "the left side is a column of size 3",
}


@pytest.mark.parametrize("claim", MEANINGLESS)
def test_what_does_not_fit_says_so(claim):
    verdict = jac.check(SIZES, claim, explain=False)
    assert verdict.status == ("false" if claim == "v = x.T" else "ill-formed")
    assert re.search(MEANINGLESS[claim], verdict.worst.reason), verdict.worst.reason


def test_two_columns_side_by_side_have_no_product():
    verdict = jac.check(SIZES, r"\frac{\partial z}{\partial W} = x u", explain=False)
    assert verdict.status == "ill-formed"
    assert "a product of two columns of sizes 2 and 2; write x^T y, x y^T" in verdict.worst.reason
