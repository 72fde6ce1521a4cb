"""Plans of networks: equal to the plain evaluation in every order, at every point, and as cheap as the counter says."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError
from jacobians.plans.plan import Cost
from tests.graphs import chain_model, random_model

ORDERS = ("best", "backward", "forward")


def close(got, want, tolerance=1e-11):
    assert np.shape(got) == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * max(1.0, np.max(np.abs(want), initial=0.0)))


def every_pair(model):
    names = [*model.leaves, *model.named]
    return [(of, wrt) for of, wrt in itertools.product(model.named, names)]


@pytest.mark.parametrize("seed", range(12))
def test_all_jacobians_of_random_graphs_in_every_order(seed):
    model = random_model(seed)
    pairs = every_pair(model)
    point = model.random_point(seed=seed)
    run = model.run(point)
    want = {pair: run.jacobian(*pair).dense() for pair in pairs}
    for order in ORDERS:
        results = model.plan(pairs, order=order)(point)
        assert list(results) == pairs
        for pair, J in want.items():
            close(results[pair], J)
    structured = model.plan(pairs, structured=True)(point)
    for pair, J in want.items():
        assert structured[pair].shape == J.shape
        close(structured[pair].dense(), J)


@pytest.mark.parametrize("seed", range(6))
def test_replays_at_other_points_into_kept_arrays_and_on_threads(seed):
    model = random_model(seed)
    plan = model.plan(every_pair(model))
    kept = plan(model.random_point(seed=1))
    for other in (2, 3):
        point = model.random_point(seed=other)
        fresh = {pair: J.copy() for pair, J in plan(point).items()}
        again, threaded = plan(point, out=kept), plan(point, threads=2)
        for pair, J in fresh.items():
            assert again[pair] is kept[pair]
            np.testing.assert_array_equal(again[pair], J)
            close(threaded[pair], J)


@pytest.mark.parametrize("name", ["mlp", "cnn", "rnn", "lstm", "gru", "transformer_block"])
def test_gradients_and_values_of_built_in_networks(name):
    from jacobians.built_in import BUILT_IN

    model = BUILT_IN[name]()
    point = model.random_point(seed=3)
    run = model.run(point)
    results = model.plan(model.output, values=[model.output])(point)
    assert len(results) == len(model.parameters() or model.differentiable()) + 1
    close(results[model.output], run[model.output])
    for of, wrt in model.plan(model.output).pairs:
        close(results[of, wrt], run.jacobian(of, wrt).dense())


def test_sizes_at_which_other_calls_are_the_faster_ones():
    model = jac.Model.parse(
        "x in R^31\nW1 in R^(37x31)\nb1 in R^37\nW2 in R^(41x37)\nW3 in R^(7x41)\n"
        "z1 = W1 @ x + b1\np = softmax(z1)\nn = layer_norm(p, eps=0.1)\nz2 = W2 @ tanh(n)\nz3 = W3 @ z2"
    )
    pairs = [("z3", "W1"), ("z3", "W2"), ("z3", "W3"), ("z2", "W2"), ("p", "z1"), ("n", "p"), ("z2", "x"), ("z1", "W1")]
    point = {**model.random_point(seed=1)}
    plan = model.plan([*pairs])
    run = model.run(point)
    results = plan(point)
    for pair in pairs:
        close(results[pair], run.jacobian(*pair).dense())
    other = {**model.random_point(seed=2)}
    run = model.run(other)
    for again in (plan(other, out=results), plan(other, threads=2)):
        for pair in pairs:
            close(again[pair], run.jacobian(*pair).dense())


# ----- what it costs -----


@pytest.mark.parametrize("steps", [(5, jac.Tanh(), 7, jac.Tanh(), 2), (2, jac.Sigmoid(), 11), (3, 5, 7, jac.Tanh())])
def test_cost_is_what_the_counter_says(steps):
    model = chain_model(*steps, width=13)
    cost = model.run(model.random_point()).cost(model.output, "x")
    for order in ("forward", "backward"):
        assert model.plan(model.output, "x", order=order).cost.multiplications == cost[order]
    assert model.plan(model.output, "x").cost.multiplications <= min(cost.values())


def test_best_order_of_a_chain_with_a_bottleneck():
    model = chain_model(3, jac.Tanh(), 50, jac.Tanh(), 4, jac.Tanh(), 70, width=60)
    cost = model.run(model.random_point()).cost(model.output, "x")
    best = model.plan(model.output, "x").cost
    assert best == Cost(cost["best"], 8 * 70 * 60)
    assert cost["best"] < min(cost["forward"], cost["backward"]) / 2


def test_gradients_by_all_parameters_share_what_backpropagation_shares():
    model = jac.mlp([5, 7, 11, 3], activation="tanh", loss="squared_error")
    together = model.plan("L").cost.multiplications
    alone = sum(model.plan("L", name).cost.multiplications for name in model.parameters())
    outer = 3 * 11 + 11 * 7 + 7 * 5  # the gradients by the matrices
    passed = 3 * 11 + 11 + 11 * 7 + 7 + 3  # delta through W3, W2, by g' each, and the factor 2 of the loss
    assert together <= outer + passed
    assert together < alone / 1.5


def test_a_dense_result_takes_its_own_memory():
    model = jac.Model.parse("x in R^100\nW in R^(100x100)\nb in R^100\nz = W @ x + b")
    point, plan = model.random_point(), model.plan("z", "W")
    plan(point)
    tracemalloc.start()
    result = plan(point)["z", "W"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.nbytes <= peak <= 1.1 * result.nbytes


# ----- conditions that ops ask of their values -----


def test_points_where_an_op_takes_another_way():
    model = jac.Model.parse("z in R^5\np = softmax(z)")
    plan = model.plan("p", "z")
    plain = np.array([0.3, -1.2, 0.7, 0.1, 2.0])
    sure = np.array([1.0, 40.0, -3.0, 2.5, 0.0])  # p_2 is close to 1, and 1 - p_2 must not cancel
    for z in (plain, sure, plain, sure):
        want = model.run({"z": z}).jacobian("p", "z").dense()
        np.testing.assert_allclose(plan({"z": z})["p", "z"], want, rtol=1e-12)


def test_large_scores_of_attention():
    model = jac.Model.parse("Q in R^(3x2)\nK in R^(5x2)\nV in R^(5x7)\nO = attention(Q, K, V)")
    plan = model.plan("O", ["Q", "K", "V"])
    for scale in (1.0, 60.0, 0.5):
        point = {name: scale * value for name, value in model.random_point(seed=4).items()}
        run = model.run(point)
        for (of, wrt), J in plan(point).items():
            np.testing.assert_allclose(J, run.jacobian(of, wrt).dense(), rtol=1e-9, atol=1e-13 * scale)


# ----- samples -----


def test_samples_give_the_blocks_of_each_with_itself():
    model = jac.Model.parse("X in R^(5x3)\nW in R^(2x3)\nb in R^2\na = tanh(X @ W.T + b)")
    one = jac.Model.parse("x in R^3\nW in R^(2x3)\nb in R^2\na = tanh(W @ x + b)")
    point = model.random_point(seed=1)
    results = model.plan([("a", "X"), ("a", "W")], samples=["X"])(point)
    assert results["a", "X"].shape == (5, 2, 3)
    for k, x in enumerate(point["X"]):
        run = one.run({"x": x, "W": point["W"], "b": point["b"]})
        close(results["a", "X"][k], run.jacobian("a", "x").dense())
        close(results["a", "W"][k], run.jacobian("a", "W").dense())


def test_samples_that_meet_are_refused():
    model = jac.Model.parse("X in R^(5x3)\nn = batch_norm(X, affine=false)")
    with pytest.raises(InputError, match=r"first axis of 5 samples.*shape \(5, 3\) they meet"):
        model.plan("n", "X", samples=["X"])(model.random_point())


# ----- sharing, depth, names -----


def test_models_of_one_structure_share_a_draft_and_other_options_do_not():
    text = "x in R^3\nn = layer_norm(x, affine=false, eps={})"
    one, two, three = (jac.Model.parse(text.format(eps)).plan("n", "x") for eps in (0.5, 0.5, 0.25))
    assert one.draft is two.draft
    assert one.draft is not three.draft
    point = {"x": np.array([1.0, 2.0, 4.0])}
    assert not np.allclose(one(point)["n", "x"], three(point)["n", "x"], rtol=1e-3)


def test_a_deep_chain_is_planned_run_and_printed():
    model = chain_model(*[step for _ in range(300) for step in (2, jac.Tanh())], width=2)
    point = model.random_point()
    plan = model.plan(model.output, "x")
    close(plan(point)[model.output, "x"], model.run(point).jacobian(model.output, "x", order="backward").dense())
    assert plan.source().count("np.tanh") == 299  # the last value is not needed


def test_as_many_paths_as_no_one_could_list():
    x = [jac.node("v0", jac.Add(), x="x", y="x")]
    x += [jac.node(f"v{k}", jac.Add(), x=f"v{k - 1}", y=f"v{k - 1}") for k in range(1, 40)]
    model = jac.Model({"x": 2}, x)
    assert model.plan("v39", "x")({"x": np.ones(2)})["v39", "x"].tolist() == [[2.0**40, 0], [0, 2.0**40]]


def test_odd_names_are_no_part_of_the_code():
    names = ["a b", "lambda", "x; import os", "W^{(1)}", "é", "a_b", 'q"""']
    made = [jac.node(names[k], jac.Tanh(), x=names[k - 1]) for k in range(1, len(names))]
    model = jac.Model({names[0]: 3}, made)
    plan = model.plan([(name, names[0]) for name in names[1:]])
    point = {names[0]: np.array([0.5, -1.0, 2.0])}
    run, results = model.run(point), plan(point)
    for name in names[1:]:
        close(results[name, names[0]], run.jacobian(name, names[0]).dense())
    scope: dict = {}
    exec(plan.source(), scope)
    listed = scope["jacobians"](point[names[0]])
    assert list(listed) == plan.pairs or list(listed) == list(plan.pairs)
    assert "import os" not in plan.source().replace(repr("x; import os"), "")


def test_source_runs_by_itself_and_gives_the_same_numbers():
    model = jac.mlp([3, 4, 2], activation="tanh", loss="squared_error")
    point = model.random_point()
    plan = model.plan("L", values=["L"])
    scope: dict = {}
    exec(plan.source(), scope)
    listed = scope["jacobians"](*(point[name] for name in model.leaves))
    for key, value in plan(point).items():
        np.testing.assert_array_equal(listed[key], value)


# ----- input -----


def test_points_in_other_forms():
    model = jac.Model.parse("x in R^3\nW in R^(2x3)\nz = tanh(W @ x)")
    plan = model.plan("z", ["W", "x"])
    point = {"x": np.array([1.0, 2.0, -1.0]), "W": np.array([[1.0, 2.0, 0.5], [0.0, 1.0, 3.0]])}
    want = plan(point)
    strided = np.zeros(6)
    strided[::2] = point["x"]
    for other in (
        {"x": [1, 2, -1], "W": [[1, 2, 0.5], [0, 1, 3]]},
        {"x": strided[::2], "W": np.asfortranarray(point["W"])},
        {"x": np.array([1, 2, -1]), "W": np.ascontiguousarray(point["W"].T).T},
    ):
        for pair, J in plan(other).items():
            np.testing.assert_array_equal(J, want[pair])
    small = {name: value.astype(np.float32) for name, value in point.items()}
    for pair, J in plan(small).items():
        assert J.dtype == np.float32
        np.testing.assert_allclose(J, want[pair], rtol=1e-5)
    assert plan(point)["z", "W"].dtype == np.float64


def test_bad_requests_and_points_are_refused():
    model = jac.mlp([3, 4, 2], activation="tanh", loss="squared_error")
    point = model.random_point()
    for arguments, message in (
        ((["L"], "W9"), "unknown name 'W9'"),
        (("Q",), "unknown name 'Q'"),
        (([],), "got nothing"),
        (([("L", "W1", "b1")],), "expected names or pairs"),
    ):
        with pytest.raises(InputError, match=message):
            model.plan(*arguments)
    with pytest.raises(InputError, match="unknown order 'sideways'"):
        model.plan("L", order="sideways")
    with pytest.raises(InputError, match="unknown leaf 'q'"):
        model.plan("L", samples=["q"])
    plan = model.plan("L", "W1")
    with pytest.raises(InputError, match="no value for x"):
        plan({name: value for name, value in point.items() if name != "x"})
    with pytest.raises(ShapeError, match=r"run: x.*3.*got \(5\)"):
        plan({**point, "x": np.ones(5)})
    with pytest.raises(InputError, match="unknown leaf 'w'"):
        plan({**point, "w": 1.0})
    with pytest.raises(InputError, match="threads as an integer from 1, got 0"):
        plan(point, threads=0)
    with pytest.raises(InputError, match=r"out\['L', 'W1'\]: expected an array of shape \(4, 3\), got nothing"):
        plan(point, out={})
    with pytest.raises(ShapeError, match=r"expected the shape \(4, 3\), got \(3, 4\)"):
        plan(point, out={("L", "W1"): np.zeros((3, 4))})
    with pytest.raises(InputError, match="writeable float64 array in C order, got float32"):
        plan(point, out={("L", "W1"): np.zeros((4, 3), np.float32)})


def test_arrays_of_somebody_else_are_overwritten_as_a_whole():
    model = jac.Model.parse("x in R^3\nW in R^(2x3)\nz = W @ x")
    plan, point = model.plan("z", "W"), {"x": np.array([1.0, 2.0, 3.0]), "W": np.ones((2, 3))}
    full = {("z", "W"): np.full((2, 2, 3), 7.0)}
    np.testing.assert_array_equal(plan(point, out=full)["z", "W"], np.einsum("oj,i->oji", np.eye(2), point["x"]))
