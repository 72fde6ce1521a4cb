"""The chain rule along a graph: every order gives the same Jacobian, and costs what was counted."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest

import jacobians as jac
from jacobians.chain import ORDERS, backward_all
from jacobians.checks import central_differences
from jacobians.constructors import identity
from jacobians.structure import ties
from tests.counting import counting, products_of
from tests.graphs import chain_model, random_model

SEEDS = range(25)


@cache
def example(seed):
    model = random_model(seed)
    return model, model.run(model.random_point(seed))


def pairs(model):
    """The loss, and one node before it, by every leaf; and the loss by a node."""
    early = list(model.nodes)[-3]
    return [*(("L", w) for w in model.leaves), (early, "x"), ("L", early)]


def close(got, want, tolerance):
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * max(1.0, np.max(np.abs(want), initial=0.0)))


# ----- all orders -----


@pytest.mark.parametrize("seed", SEEDS)
def test_all_orders_are_the_same_terms(seed):
    model, run = example(seed)
    for of, wrt in pairs(model):
        forward, backward, best = (run.terms(of, wrt, order) for order in ORDERS)
        assert forward == backward == best
        assert len(forward.shown.terms) == model.paths(of, wrt).terms(run)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_orders_give_the_same_numbers_and_deltas(seed):
    model, run = example(seed)
    for of, wrt in pairs(model):
        found = [run.jacobian(of, wrt, order) for order in ORDERS]
        for J in found[1:]:
            close(J.dense(), found[0].dense(), 1e-13)
            assert sorted(map(ties, J.terms)) == sorted(map(ties, found[0].terms))
            assert str(J) == str(found[0])
        close(run.terms(of, wrt).dense(), found[0].dense(), 1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_chain_rule_is_the_derivative_of_the_forward_pass(seed):
    model, run = example(seed)
    for of, wrt in (pair for pair in pairs(model) if pair[1] in model.leaves):

        def forward(value, of=of, wrt=wrt):
            return model.run({**run.point, wrt: value})[of]

        close(run.jacobian(of, wrt).dense(), central_differences(forward, run[wrt]), 2e-7)


def test_a_shared_weight_is_the_sum_over_its_uses():
    W = np.array([[0.3, -0.7, 0.2], [0.5, 0.1, -0.4], [-0.6, 0.9, 0.8]])
    x = np.array([1.0, -2.0, 0.5])
    shared = jac.Model(
        {"x": 3, "W": (3, 3)},
        [
            jac.node("z", jac.LinearMap(), x="x", W="W"),
            jac.node("a", jac.Tanh(), x="z"),
            jac.node("y", jac.LinearMap(), x="a", W="W"),
        ],
    )
    run = shared.run({"x": x, "W": W})
    slope = 1 - np.tanh(W @ x) ** 2
    last = np.einsum("ok,i->oki", np.eye(3), np.tanh(W @ x))
    first = np.einsum("ok,k,i->oki", W, slope, x)
    for order in ORDERS:
        np.testing.assert_allclose(run.jacobian("y", "W", order).dense(), last + first, rtol=0, atol=1e-15)
    assert shared.paths("y", "W").count == 2


def test_one_value_on_both_sides_of_an_op():
    model = jac.Model({"x": 3}, [jac.node("y", jac.Hadamard(), x="x", y="x")])
    x = np.array([1.0, -2.0, 4.0])
    run = model.run({"x": x})
    for order in ORDERS:
        np.testing.assert_array_equal(run.jacobian("y", "x", order).dense(), np.diag(2 * x))


# ----- costs -----


def executed(run, of, wrt, order):
    """The products really done in that order, counted by the arrays themselves."""
    for name, node in run.model.nodes.items():
        for source in node.sources.values():
            run._local[name, source] = counting(run.local(name, source))
    with products_of() as own:
        run.jacobian(of, wrt, order)
    return own.count


@pytest.mark.parametrize("seed", SEEDS)
def test_costs_are_what_is_executed(seed):
    model, run = example(seed)
    counted_run = model.run(run.point)
    for of, wrt in pairs(model):
        costs = run.cost(of, wrt)
        assert costs == {order: executed(counted_run, of, wrt, order) for order in ORDERS}
        assert costs["best"] <= min(costs["forward"], costs["backward"])


CHAINS = [
    chain_model(5, 2, width=7),
    chain_model(2, 7, 3, 5, width=3),
    chain_model(5, jac.Tanh(), 2, jac.Softmax(), 7, width=3),
    chain_model(7, jac.Softmax(), jac.Softmax(), 2, jac.Normalize(), 5, width=2),
    chain_model(jac.Square(), 5, 7, 11, 3, jac.SquaredNorm(), width=2),
    chain_model(11, jac.Tanh(), jac.Square(), 1, jac.Sigmoid(), 7, width=5),
    chain_model(3, 11, 2, 13, 5, 7, width=17),
]


def bracketings(run, names):
    """The cost of every way to put brackets into the product of the local Jacobians, each executed."""
    factors = [counting(run.local(name, source)) for source, name in itertools.pairwise(names)]

    def ways(first, last):
        if first == last:
            return [(0, factors[first])]
        found = []
        for middle in range(first, last):
            for (a, inner), (b, outer) in itertools.product(ways(first, middle), ways(middle + 1, last)):
                with products_of() as own:
                    product = (outer @ inner).merge()
                found.append((a + b + own.count, product))
        return found

    return [cost for cost, _ in ways(0, len(factors) - 1)]


@pytest.mark.parametrize("model", CHAINS, ids=lambda m: " ".join(n.op.name for n in m.nodes.values()))
def test_best_on_a_chain_is_the_best_of_all_bracketings(model):
    run = model.run(model.random_point(1))
    of = list(model.nodes)[-1]
    all_costs = bracketings(run, ["x", *model.nodes])
    costs = run.cost(of, "x")
    catalan = (1, 1, 2, 5, 14, 42)
    assert len(all_costs) == catalan[len(model.nodes) - 1]
    assert costs["best"] == min(*all_costs, costs["forward"], costs["backward"])


def test_best_can_beat_both_sweeps():
    model = chain_model(7, 2, 7, width=7)
    costs = model.run(model.random_point(0)).cost("v3", "x")
    assert costs == {"forward": 2 * 7 * 7 + 7 * 2 * 7, "backward": 7 * 2 * 7 + 7 * 7 * 7, "best": 2 * 7 * 7 * 2}
    model = chain_model(2, 7, 2, 7, width=7)
    costs = model.run(model.random_point(0)).cost("v4", "x")
    assert costs["best"] == 2 * 7 * 2 + 2 * 2 * 7 + 7 * 2 * 7 < min(costs["forward"], costs["backward"])


def test_structure_is_taken_into_account():
    model = jac.Model(
        {"x": 7, "W": (5, 7)}, [jac.node("z", jac.LinearMap(), x="x", W="W"), jac.node("a", jac.Tanh(), x="z")]
    )
    run = model.run(model.random_point(0))
    assert run.cost("a", "x") == {"forward": 35, "backward": 35, "best": 35}, "one product per entry of W"
    assert run.cost("a", "W") == dict.fromkeys(ORDERS, 0), "the outer product of tanh' and x stays apart"
    assert run.cost("z", "x") == dict.fromkeys(ORDERS, 0)


# ----- depth -----


def test_a_residual_chain_of_fifty_stays_two_terms():
    made, before = [], "x"
    for k in range(50):
        made += [
            jac.node(f"t{k}", jac.Tanh(), x=before),
            jac.node(f"h{k}", jac.LinearMap(), x=f"t{k}", W="W"),
            jac.node(f"r{k}", jac.Add(), x=before, y=f"h{k}"),
        ]
        before = f"r{k}"
    model = jac.Model({"x": 3, "W": (3, 3)}, made)
    W = np.array([[0.1, -0.2, 0.05], [0.03, 0.02, -0.1], [-0.07, 0.2, 0.1]])
    run = model.run({"x": [0.3, -0.2, 0.1], "W": W})
    found = [run.jacobian("r49", "x", order) for order in ORDERS]
    want = np.eye(3)
    for k in range(50):
        want = (np.eye(3) + W * (1 - run[f"t{k}"] ** 2)) @ want
    for J in found:
        assert sorted(J.pattern.splitlines()) == ["-> i | i", "i j -> i | j"]
        close(J.dense(), want, 1e-13)
    assert model.paths("r49", "x").count == 2**50


def test_a_chain_of_four_hundred_needs_no_recursion():
    model = chain_model(*[jac.Tanh()] * 400, width=2)
    run = model.run({"x": [0.9, -0.2]})
    J = run.jacobian("v400", "x")
    assert J.pattern == "i -> i | i"
    assert run.terms("v400", "x") == run.terms("v400", "x", order="forward")


# ----- the ends -----


@pytest.mark.parametrize("order", ORDERS)
def test_of_itself_is_the_identity_and_of_something_else_zero(order):
    _, run = example(3)
    assert run.jacobian("x", "x", order) == identity((3,))
    for name in run.model.nodes:
        assert run.jacobian(name, name, order) == identity(run[name].shape)
        backwards = run.jacobian("x", name, order)
        assert (backwards.terms, backwards.shape) == ((), (3, *run[name].shape))
    across = run.jacobian("x", "s", order)
    np.testing.assert_array_equal(across.dense(), np.zeros((3, 2)))
    assert (str(across), across.nnz) == ("0", 0)
    assert run.cost("x", "s") == run.cost("L", "L") == dict.fromkeys(ORDERS, 0)


def test_one_sweep_gives_every_gradient():
    model, run = example(7)
    names = [*model.leaves, *model.nodes]
    found = backward_all(run, "L", names)
    for name in names:
        close(found[name].dense(), run.jacobian("L", name).dense(), 1e-13)
    gradients = run.gradients()
    assert set(gradients) == set(model.parameters())
    assert all(gradients[name].shape == run[name].shape for name in gradients)
    np.testing.assert_array_equal(run.gradients("x", ("x",))["x"], np.eye(3))


def test_float32_stays_along_a_chain():
    model = chain_model(5, jac.Tanh(), 2, jac.Softmax())
    point = {name: value.astype(np.float32) for name, value in model.random_point(0).items()}
    run = model.run(point)
    for order in ORDERS:
        assert run.jacobian("v4", "x", order).dense().dtype == np.float32
        assert run.jacobian("v4", "W1", order).dense().dtype == np.float32


def test_bad_requests():
    _, run = example(0)
    with pytest.raises(jac.InputError, match=r"^order='sideways': expected 'forward', 'backward', 'best'$"):
        run.jacobian("L", "x", order="sideways")
    with pytest.raises(jac.InputError, match="unknown name 'q'; known are x, s"):
        run.jacobian("L", "q")
    with pytest.raises(jac.InputError, match="unknown name 'q'"):
        run.cost("q", "x")
    with pytest.raises(jac.InputError, match="unknown name 'q'"):
        run.terms("q", "x")
    with pytest.raises(jac.InputError, match="unknown name 'q'"):
        _ = run["q"]


def test_data_has_no_jacobian():
    model = jac.Model({"z": 3, "y": ()}, [jac.node("L", jac.CrossEntropyIndex(), z="z", y="y")])
    run = model.run({"z": [0.1, 0.2, 0.5], "y": 2})
    with pytest.raises(jac.InputError, match=r"^no Jacobian by y: class indices are not differentiable \(L = "):
        run.jacobian("L", "y")
    assert model.differentiable() == ("z",)
    assert run["y"].dtype.kind == "i"


def test_the_jacobian_of_a_part_of_an_equation_prints():
    model = jac.Model.parse("x : 3\nW : 2 x 3\nL = norm(tanh(W @ x))^2")
    J = model.run(model.random_point(0)).jacobian("L#1", "x")
    assert J.shape == (2, 3)
    assert str(J) == "W_ij"


@pytest.mark.parametrize(
    ("expression", "by", "text", "latex"),
    [
        ("(s - t) * (s + t)", "t", "(s - t) - (s + t)", "(s - t) - (s + t)"),
        ("(s + t) * x", "x", "δ_ii' (s + t)", r"\delta_{i i'} (s + t)"),
        ("(-s) * x", "x", "δ_ii' (-s)", r"\delta_{i i'} (-s)"),
        ("(x @ x) * v", "v", "δ_ii' (x.T @ x)", r"\delta_{i i'} x^\top x"),
        ("(2 * s)^2", "s", "4 (2 * s)", "4 (2 s)"),
    ],
)
def test_a_scalar_factor_that_is_a_sum_keeps_its_brackets(expression, by, text, latex):
    model = jac.Model.parse(f"s : scalar\nt : scalar\nx : 3\nv : 3\nz = {expression}")
    J = model.run(model.random_point()).jacobian("z", by)
    assert (str(J), J.latex()) == (text, latex)
