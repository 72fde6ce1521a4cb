"""Doubts about plans: shared values, names, what is remembered, arrays of others, threads, sizes of 1, requests."""

from __future__ import annotations

import itertools
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

import jacobians as jac
from jacobians import Model, node
from jacobians.composite import Composite
from jacobians.errors import DenseLimitError, InputError, ShapeError
from jacobians.op import Op, term
from jacobians.plans.locals import _op_program, op_program
from jacobians.plans.plan import _DRAFTS
from tests.graphs import random_model
from tests.large import as_if_large


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    """The same with the arithmetic of large arrays."""
    if request.param == "small":
        yield "small"
    else:
        with as_if_large(monkeypatch):
            yield "large"


def listed(plan, point) -> dict:
    scope: dict = {}
    exec(compile(plan.source(), "<listing>", "exec"), scope)
    return scope["jacobians"](*[point[name] for name in plan.model.leaves])


def right(model, pairs, point=None, **options) -> None:
    """In every way that a plan runs it equals the plain evaluation, and the ways are equal bit for bit."""
    point = model.random_point(seed=1) if point is None else point
    run, plan = model.run(point), model.plan(pairs, **options)
    kept = plan({name: 0.9 * value if value.dtype.kind == "f" else value for name, value in point.items()})
    results = plan(point)
    given = {pair: np.full_like(J, 7.0) for pair, J in results.items()}
    ways = [plan(point, out=kept), plan(point, out=given), plan(point, threads=2), listed(plan, point)]
    for pair, J in results.items():
        want = run.jacobian(*pair).dense()
        np.testing.assert_allclose(J, want, rtol=0, atol=1e-11 * max(1, np.max(np.abs(want))), strict=True)
        for way in ways:
            np.testing.assert_array_equal(way[pair], J, strict=True)
    arrays = [*results.values(), *point.values()]
    for k, J in enumerate(results.values()):
        assert J.flags.c_contiguous
        assert J.flags.writeable
        assert not any(np.shares_memory(J, other) for other in (*arrays[:k], *arrays[k + 1 :]))


# ----- values that several results share -----


def test_equal_jacobians_do_not_write_into_one_another(size):
    twice = [node("h", jac.Tanh(), x="x"), node("p", jac.Softmax(), x="h"), node("q", jac.Softmax(), x="h")]
    model = Model({"x": 3}, [*twice, node("r", jac.Identity(), x="q")])
    right(model, [("p", "x"), ("q", "x"), ("r", "x"), ("r", "q"), ("p", "h"), ("q", "h")])
    model = Model({"a": 3, "b": 3}, [node("s", jac.Add(), x="a", y="b"), node("p", jac.Softmax(), x="s")])
    right(model, [("p", "a"), ("p", "b"), ("p", "s")])


def test_equal_gradients_are_arrays_of_their_own(size):
    steps = [node("S", jac.Add(), x="W", y="V"), node("z", jac.LinearMap(), x="x", W="S"), node("t", jac.Tanh(), x="z")]
    model = Model({"x": 3, "W": (5, 3), "V": (5, 3)}, [*steps, node("L", jac.SquaredNorm(), x="t")])
    right(model, [("L", "W"), ("L", "V"), ("L", "S"), ("L", "x")])


@pytest.mark.parametrize("seed", range(4))
def test_everything_by_everything(seed, size):
    model = random_model(seed)
    names = [*model.leaves, *model.named]
    right(model, list(itertools.product(names, names)))


def test_terms_that_are_the_same_along_an_axis(size):
    """log_softmax near a sure class: the full term is a row for all rows, and the diagonal is added to it."""
    model = Model.parse("z in R^5\np = log_softmax(z)\nq = log_softmax(p)")
    right(model, [("p", "z"), ("q", "z")], {"z": np.array([1.0, 40.0, -3.0, 2.5, 0.0])})


def test_values_are_arrays_of_their_own():
    model = Model.parse("x in R^3\nz = x * x\ny = reshape(z, shape=[3, 1])\nw = -z")
    point = {"x": np.array([2.0, 3.0, 5.0])}
    plan = model.plan([("w", "z")], values=["z", "y", "w", "x"])
    results = plan(point)
    run = model.run(point)
    for name in ("z", "y", "w", "x"):
        np.testing.assert_array_equal(results[name], run[name])
    for one, two in itertools.combinations([*results.values(), point["x"]], 2):
        assert not np.shares_memory(one, two)
    for array in results.values():
        array[...] = -1.0
    np.testing.assert_array_equal(plan(point)["y"], run["y"])


def test_several_chains_are_not_one():
    made = [node("b", jac.Tanh(), x="a"), node("c", jac.Square(), x="b")]
    made += [node("y", jac.Sigmoid(), x="x"), node("z", jac.Square(), x="y")]
    model = Model({"a": 2, "x": 3}, made)
    right(model, [("c", "a"), ("z", "x")])
    right(model, [("c", "a"), ("z", "x"), ("c", "x")], order="forward")


# ----- names -----


@pytest.mark.parametrize("odd", ["d x", "of L", "by x", "dL_dx", "v1", "v2", "c0", "np", "x0", "o0", "k0", "made"])
def test_names_that_the_planner_uses_itself(odd):
    model = Model({"x": 3, "y": 3}, [node("s", jac.Softmax(), x="x"), node(odd, jac.Hadamard(), x="s", y="y")])
    model = Model({**model.leaves}, [*model.nodes.values(), node("L", jac.SquaredNorm(), x=odd)])
    right(model, [("L", "x"), ("L", odd), (odd, "x"), (odd, "y"), ("L", "y")])


class Inner(Composite):
    """y = tanh(x)^2 by way of z: inside a network, h.z and h.y are names that others may have."""

    inputs = {"x": "..."}
    output = "..."

    def equations(self) -> str:
        return "z = tanh(x)\ny = z * z"


def test_names_inside_of_layers_that_others_have(size):
    made = [node("h.z", jac.Sigmoid(), x="x"), node("h", Inner(), x="h.z"), node("h.y", jac.Softmax(), x="h")]
    made += [node("h.", Inner(), x="h.y"), node("h..z", Inner(), x="h."), node("L", jac.SquaredNorm(), x="h..z")]
    model = Model({"x": 3}, made)
    right(model, list(itertools.product(model.nodes, ["x", *model.nodes])))


# ----- what is remembered -----


def slopes(plan) -> np.ndarray:
    (J,) = plan({"x": np.array([-1.0, 2.0, -3.0])}).values()
    return J.diagonal()


def test_an_op_that_is_changed_does_not_change_plans_of_others():
    """What is recorded later of an op that was recorded before has the options of that time."""
    op = jac.LeakyReLU(0.25)
    changed = Model({"x": 3}, [node("y", op, x="x"), node("z", jac.Tanh(), x="y")])
    changed.plan("z", "y")(changed.random_point())
    op.slope = 0.75
    other = Model({"x": 3}, [node("y", jac.LeakyReLU(0.25), x="x")])
    np.testing.assert_array_equal(slopes(other.plan("y", "x")), [0.25, 1, 0.25])
    np.testing.assert_array_equal(slopes(changed.plan("y", "x")), [0.75, 1, 0.75])


class Scaled(Op):
    """y_i = s_i x_i with an array among the options; by code that is recorded, and by code that is called."""

    inputs = {"x": "i"}
    output = "i"

    def __init__(self, scale, recorded: bool = True) -> None:
        self.scale, self.recorded = scale, recorded

    def compute(self, x):
        if not self.recorded:
            x.tolist()
        return x * self.scale

    def d_x(self, x):
        if not self.recorded:
            x.tolist()
        return term("i -> i | i", ("s", self.scale))


@pytest.mark.parametrize("recorded", [True, False])
def test_options_that_are_arrays(recorded):
    def diagonal(scale):
        model = Model({"x": len(scale)}, [node("y", Scaled(scale, recorded), x="x")])
        return model.plan("y", "x")({"x": np.ones(len(scale))})["y", "x"].diagonal()

    near = np.array([1.0, 2.0, 3.0])
    long = np.ones(2001)
    for scale in (near, near + 1e-13, long, long + 2 * (np.arange(2001) == 1000)):
        np.testing.assert_array_equal(diagonal(scale), scale)
    near[0] = 7.0
    np.testing.assert_array_equal(diagonal(np.array([1.0, 2.0, 3.0])), [1, 2, 3])
    np.testing.assert_array_equal(diagonal(near), [7, 2, 3])


# ----- arrays to write into -----


def test_results_of_another_plan_are_filled_anew():
    point = {"x": np.array([0.5, -1.0, 2.0])}
    full = Model({"x": 3}, [node("z", jac.Softmax(), x="x")]).plan("z", "x")
    plan = Model({"x": 3}, [node("z", jac.Tanh(), x="x")]).plan("z", "x")
    want = np.diag(1 - np.tanh(point["x"]) ** 2)
    for other in (full(point), pickle.loads(pickle.dumps(full(point)))):
        np.testing.assert_allclose(plan(point, out=other)["z", "x"], want, rtol=1e-14)
        np.testing.assert_allclose(other["z", "x"], want, rtol=1e-14)


def test_results_that_changed_places_are_filled_anew():
    model = Model({"x": 3, "y": 3}, [node("z", jac.Tanh(), x="x"), node("p", jac.Softmax(), x="y")])
    plan, point = model.plan([("z", "x"), ("p", "y")]), model.random_point(seed=1)
    want = {pair: J.copy() for pair, J in plan(point).items()}
    kept = plan(point)
    kept["z", "x"], kept["p", "y"] = kept["p", "y"], kept["z", "x"]
    for _ in range(2):
        plan(point, out=kept)
        for pair, J in want.items():
            np.testing.assert_array_equal(kept[pair], J)


def test_results_of_a_stranger_are_kept_from_then_on():
    """A part of a larger array is as good; what lies around it stays."""
    model = Model.parse("x in R^3\nW in R^(2x3)\nz = W @ x")
    plan, room = model.plan("z", "W"), np.full((4, 2, 2, 3), 7.0)
    point = {"x": np.array([1.0, 2.0, 3.0]), "W": np.ones((2, 3))}
    plan(point, out={("z", "W"): room[1]})
    np.testing.assert_array_equal(room[1], np.einsum("oj,i->oji", np.eye(2), point["x"]))
    assert (room[[0, 2, 3]] == 7).all()


def test_kept_results_of_other_types_are_refused():
    model = Model.parse("x in R^3\nW in R^(2x3)\nz = tanh(W @ x)")
    plan, point = model.plan("z", "x"), model.random_point()
    kept = plan(point)
    small = {name: value.astype(np.float32) for name, value in point.items()}
    with pytest.raises(
        InputError, match=r"out\['z', 'x'\]: expected a writeable float32 array in C order, got float64"
    ):
        plan(small, out=kept)
    locked = plan(point)
    locked["z", "x"].flags.writeable = False
    with pytest.raises(InputError, match=r"expected a writeable float64 .* got float64 with flags C, read-only"):
        plan(point, out=locked)
    with pytest.raises(InputError, match="got float64 with flags not C, writeable; pass results of the plan"):
        plan(point, out={("z", "x"): np.zeros((2, 3), order="F")})
    with pytest.raises(InputError, match=r"expected out as a dict of arrays, got list"):
        plan(point, out=[kept["z", "x"]])
    with pytest.raises(InputError, match=r"expected an array of shape \(2, 3\), got list"):
        plan(point, out={("z", "x"): [[0.0] * 3] * 2})


def test_results_are_pickled_as_arrays():
    model = jac.mlp([3, 5, 2])
    results = model.plan("L")(model.random_point())
    again = pickle.loads(pickle.dumps(results))
    assert list(again) == list(results)
    for key, array in results.items():
        np.testing.assert_array_equal(again[key], array)


# ----- threads -----


def test_one_plan_in_many_threads():
    """Points of other types and on other sides of conditions at the same time."""
    model = Model.parse("z in R^7\nW in R^(5x7)\np = softmax(z)\nq = softmax(W @ p)")
    plan, rng = model.plan("q", ["z", "W"]), np.random.default_rng(3)
    points = []
    for k in range(60):
        point = {"z": rng.normal(size=7) * (30 if k % 3 else 1), "W": rng.normal(size=(5, 7)) * (20 if k % 5 else 1)}
        points.append({name: value.astype(np.float32 if k % 2 else np.float64) for name, value in point.items()})
    want = [Model(model.leaves, list(model.nodes.values())).plan("q", ["z", "W"])(point) for point in points]
    with ThreadPoolExecutor(8) as pool:
        for got, expected in zip(pool.map(plan, points), want, strict=True):
            for key, array in expected.items():
                np.testing.assert_array_equal(got[key], array, strict=True)


def test_threads_that_plan_at_the_same_time():
    """They share what is recorded of an op; where a probability is close to 1 the code is another."""
    many, rng = 8, np.random.default_rng(4)
    models = [Model.parse(f"z{k} in R^7\np = softmax(z{k})") for k in range(many)]
    points = [{f"z{k}": np.where(np.arange(7) == 3 * (k % 2), 40 * (k % 2), rng.normal(size=7))} for k in range(many)]
    want = [models[k].run(points[k]).jacobian("p", f"z{k}").dense() for k in range(many)]
    together = Barrier(many)

    def planned(k):
        together.wait()
        return models[k].plan("p", f"z{k}")(points[k])["p", f"z{k}"]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(many) as pool:
            for _ in range(60):
                _DRAFTS.clear()
                _op_program.cache_clear()
                op_program(models[0].nodes["p"].op, [(7,)], [np.dtype(float)], frozenset())
                for got, expected in zip(pool.map(planned, range(many)), want, strict=True):
                    np.testing.assert_allclose(got, expected, rtol=1e-12)
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("threads", [1.5, "2", None, -1])
def test_threads_are_counted(threads):
    model = jac.mlp([3, 5, 2])
    with pytest.raises(InputError, match="expected threads as an integer from 1, got"):
        model.plan("L")(model.random_point(), threads=threads)


# ----- points -----


class Labelled(np.ndarray):
    """A subclass as others make them."""


def test_points_of_arrays_of_all_kinds(size):
    model = Model.parse("x in R^3\nW in R^(2x3)\nb in R^2\np = softmax(W @ x + b)\nL = norm(p)^2")
    W, x, b = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]), np.array([2.0, -1.0, 0.5]), np.array([0.5, 0.5])
    pairs = [("p", "x"), ("p", "W"), ("L", "W"), ("L", "b")]
    plan = model.plan(pairs)
    want = plan({"x": x, "W": W, "b": b})
    padded = np.zeros((4, 7))
    padded[::2, 1::2] = W
    locked = W.copy()
    locked.flags.writeable = False
    for other in (W.copy("F"), padded[::2, 1::2], W[::-1].copy()[::-1], locked, W.view(Labelled), W.tolist()):
        for one in (
            np.broadcast_to(0.5, 2),
            b.astype(">f8"),
            b.astype(np.longdouble),
            np.ma.masked_array(b),
            [0.5, 0.5],
        ):
            got = plan({"x": x, "W": other, "b": one})
            for pair, J in want.items():
                np.testing.assert_array_equal(got[pair], J, strict=True)
                assert type(got[pair]) is np.ndarray


def test_integers_are_numbers_and_indices_stay_integers():
    model = Model.parse("E in R^(5x3)\ni in R^4\nv = embedding(E, i)\nL = norm(v)^2")
    point = {"E": np.arange(15).reshape(5, 3), "i": np.array([4, 0, 4, 2])}
    for pair, J in model.plan([("v", "E"), ("L", "E"), ("L", "v")])(point).items():
        np.testing.assert_array_equal(J, model.run(point).jacobian(*pair).dense(), strict=True)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_entries_that_are_no_numbers_pass():
    model = jac.mlp([3, 5, 2])
    plan, point = model.plan("L", ["W1", "b2", "x"]), model.random_point(seed=2)
    for bad in (np.nan, np.inf, -np.inf):
        point["x"][1] = bad
        run = model.run(point)
        with np.errstate(all="ignore"):
            for pair, J in plan(point).items():
                want = run.jacobian(*pair).dense()
                np.testing.assert_array_equal(np.isfinite(J), np.isfinite(want))


def test_other_types_than_at_the_point_before():
    model = jac.mlp([3, 5, 2])
    plan, point = model.plan("L"), model.random_point(seed=2)
    mixed = {name: value.astype(np.float32) if name in ("x", "W2") else value for name, value in point.items()}
    small = {name: value.astype(np.float32) for name, value in point.items()}
    for at in (point, mixed, small, mixed, point, small):
        run = model.run(at)
        for pair, J in plan(at).items():
            want = run.jacobian(*pair).dense()
            np.testing.assert_allclose(J, want, rtol=1e-5 if at is small else 1e-12, atol=1e-7 if at is small else 0)
            assert J.dtype == want.dtype


# ----- sizes of 1 -----


def test_sizes_of_one_everywhere(size):
    text = "x in R^(1x1)\nW in R^(1x1)\nb in R^1\ns : scalar\nz = x @ W.T + b\np = softmax(z)\nt = tanh(z)"
    text += "\nn = layer_norm(t, affine=false, eps=0.5)\nu = s * t\nL = norm(u)^2\nM = L * s"
    model = Model.parse(text)
    right(model, list(itertools.product(model.named, [*model.leaves, *model.named])))


def test_scalars(size):
    model = Model.parse("a : scalar\nb : scalar\nc = a * b\nd = sin(c)\ne = d * a + c")
    names = [*model.leaves, *model.named]
    right(model, list(itertools.product(names, names)))


def test_shared_weights_through_time(size):
    lines = ["W in R^(3x3)\nU in R^(3x2)\nh0 in R^3", *(f"x{t} in R^2" for t in range(1, 6))]
    lines += [f"h{t} = tanh(W @ h{t - 1} + U @ x{t})" for t in range(1, 6)]
    model = Model.parse("\n".join([*lines, "L = norm(h5)^2"]))
    right(model, [("L", "W"), ("h5", "W"), ("h5", "U"), ("h5", "h0"), ("h3", "W"), ("h5", "h2"), ("L", "x1")])


def test_layers_of_graphs_convolutions_and_lookups(size):
    """Residuals, normalization, a called layer, layers made of graphs, indices."""
    text = "X in R^(2x6x6)\nW in R^(2x2x3x3)\nb in R^2\nz = conv2d(X, W, b, padding=1)\nr = relu(z) + X"
    text += "\np = max_pool2d(r, size=2)\nf = flatten(p)\nn = layer_norm(f, affine=false)\nL = norm(n)^2"
    model = Model.parse(text)
    right(model, [("L", "W"), ("L", "X"), ("r", "b"), ("p", "X"), ("n", "b")])
    shapes = jac.OPS["gru_cell"].example_shapes((2, 3, 5, 7, 11))[0]
    once = [node("g1", jac.OPS["gru_cell"], **{k: k for k in shapes})]
    once += [node("g2", jac.OPS["gru_cell"], **{**{k: k for k in shapes}, "h": "g1"})]
    model = Model(shapes, once)
    right(model, [("g2", "h"), ("g2", "x"), ("g2", "g1"), ("g1", "h")])


def test_sums_of_outer_products_are_one_matrix_product(size):
    """Of attention for each row of queries, of layer norm without a batch."""
    model = Model.parse(
        "X in R^(11x13)\nW in R^(13x13)\nU in R^(13x13)\nV in R^(13x13)\nY = self_attention(X, W, U, V)"
    )
    right(model, [("Y", "X"), ("Y", "W"), ("Y", "V")])
    if size == "large":
        assert "np.matmul(" in model.plan("Y", "X").source().partition("dY_dX = ")[2].partition("\n")[0]
    norm = Model.parse("x in R^19\nz = layer_norm(x, affine=false)")
    right(norm, [("z", "x")])
    if size == "large":
        assert "dz_dx = np.matmul(" in norm.plan("z", "x").source()


# ----- costs -----


@pytest.mark.parametrize("seed", range(6))
def test_the_best_order_of_a_gradient_is_no_worse_than_the_others(seed):
    model = random_model(seed)
    leaves = [name for name in model.differentiable() if list(model.paths("L", name))]
    best, backward, forward = (model.plan("L", leaves, order=order).cost for order in ("best", "backward", "forward"))
    assert best.multiplications <= min(backward.multiplications, forward.multiplications)
    assert best.bytes == backward.bytes == 8 * sum(np.prod(model.leaves[name], dtype=int) for name in leaves)


def test_what_is_asked_twice_costs_once():
    model = jac.mlp([3, 5, 2])
    once, twice = model.plan("L"), model.plan([*model.plan("L").pairs, *model.plan("L").pairs])
    assert once.pairs == twice.pairs
    assert once.cost == twice.cost


# ----- samples -----


def test_samples_of_two_leaves_and_their_factors():
    model = Model.parse("X in R^(5x3)\nY in R^(5x2)\nW in R^(2x3)\nE = tanh(X @ W.T) - Y")
    point = model.random_point(seed=4)
    pairs = [("E", "X"), ("E", "Y"), ("E", "W")]
    run, results = model.run(point), model.plan(pairs, samples=["X", "Y"])(point)
    rows = np.arange(5)
    for pair in pairs[:2]:
        np.testing.assert_allclose(results[pair], run.jacobian(*pair).dense()[rows, :, rows], rtol=1e-12, strict=True)
    np.testing.assert_allclose(results["E", "W"], run.jacobian("E", "W").dense(), rtol=1e-12, strict=True)
    structured = model.plan(pairs, samples="X", structured=True)(point)
    np.testing.assert_allclose(structured["E", "X"].dense(), results["E", "X"], rtol=1e-14)
    assert structured["E", "Y"].shape == (5, 2, 5, 2)


def test_samples_that_meet_in_a_loss():
    model = jac.mlp([3, 5, 2], batch=7)
    with pytest.raises(InputError, match=r"L to have a first axis of 7 samples.*in L of shape \(\) they meet; leave x"):
        model.plan("L", "x", samples=["x"])(model.random_point())


# ----- requests -----


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.plan(1), r"expected names or pairs \(of, wrt\), got 1"),
        (lambda m: m.plan(None), r"expected names or pairs \(of, wrt\), got None"),
        (lambda m: m.plan(["L", 3]), r"expected names or pairs \(of, wrt\), got 3; as in"),
        (lambda m: m.plan([("L", "W1")], "x"), r"expected names or pairs \(of, wrt\), got \('L', 'W1'\)"),
        (lambda m: m.plan("L", 1), r"expected wrt as names, got 1"),
        (lambda m: m.plan("L", [1]), r"unknown name 1; known are x, W1"),
        (lambda m: m.plan([("L", "Q")]), r"unknown name 'Q'; known are x, W1, b1, W2, b2, y, z1, a1, z2, L"),
        (lambda m: m.plan("L", order=None), r"unknown order None; known are best, backward, forward"),
        (lambda m: m.plan("L", samples=None), r"expected samples as names of leaves, got None"),
        (lambda m: m.plan("L", samples="z1"), r"unknown leaf 'z1'; known are x, W1"),
        (lambda m: m.plan("L", values="q"), r"plan: values: unknown name 'q'"),
        (lambda m: m.plan("L", values=1), r"expected values as names, got 1"),
    ],
)
def test_requests_that_are_none(ask, message):
    with pytest.raises(InputError, match=message):
        ask(jac.mlp([3, 5, 2]))


def test_requests_of_numbers_and_of_data():
    scalar = Model.parse("s : scalar\nt = tanh(s)")
    with pytest.raises(InputError, match="expected s to have a first axis of samples, got a number"):
        scalar.plan("t", "s", samples="s")
    with pytest.raises(InputError, match="no Jacobian by y: class indices are not differentiable"):
        jac.mlp([3, 5, 2], loss="cross_entropy_index").plan("L", "y")


def test_structured_results_have_no_arrays_to_write_into():
    model = jac.mlp([3, 5, 2])
    plan, point = model.plan("L", structured=True), model.random_point()
    for options in ({"threads": 2}, {"out": model.plan("L")(point)}):
        with pytest.raises(InputError, match="out and threads are for dense results"):
            plan(point, **options)


def test_points_that_are_none():
    model = jac.mlp([3, 5, 2])
    plan, point = model.plan("L"), model.random_point()
    plan(point)
    for bad, message in (
        (None, "run: no value for x, W1, b1, W2, b2, y"),
        ({}, "run: no value for x, W1, b1, W2, b2, y"),
        ({**point, "x": 1j * np.ones(3)}, r"run: x: expected an array of real numbers, got complex numbers"),
        ({**point, "x": "abc"}, r"run: x: expected an array of real numbers, got text"),
        ({**point, "x": [[1], [2, 3], 4]}, r"run: x: expected an array of real numbers, got a ragged sequence"),
        ({**point, "x": [None] * 3}, r"run: x: expected an array of real numbers, got objects"),
    ):
        with pytest.raises(InputError, match=message):
            plan(bad)
    with pytest.raises(ShapeError, match=r"run: W1: .*\(5, 3\), got \(3, 5\)"):
        plan({**point, "W1": point["W1"].T})


def test_dense_results_beyond_the_limit(monkeypatch):
    model = Model({"x": 1000}, [node("y", jac.Tanh(), x="x")])
    plan, point = model.plan("y", "x"), {"x": np.linspace(-1, 1, 1000)}
    monkeypatch.setattr(jac.settings, "dense_limit", 7_999_999)
    message = r"dy/dx of shape \(1000, 1000\) needs 8,000,000 bytes, the limit is 7,999,999.*structured=True"
    for options in ({}, {"threads": 2}, {}):  # the last one where the plan has been made
        with pytest.raises(DenseLimitError, match=message):
            plan(point, **options)
    own = {("y", "x"): np.ones((1000, 1000))}
    np.testing.assert_allclose(plan(point, out=own)["y", "x"].diagonal(), 1 - np.tanh(point["x"]) ** 2, rtol=1e-12)
    assert np.count_nonzero(own["y", "x"]) == 1000
    assert model.plan("y", "x", structured=True)(point)["y", "x"].pattern == "i -> i | i"
