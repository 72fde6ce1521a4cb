"""run.check(): witnesses agree, broken rules are found and named, and what could not be compared is never a pass."""

from __future__ import annotations

import json

import numpy as np
import pytest

import jacobians as jac
from jacobians.checks import Replay, WitnessError, central_differences, complex_step
from jacobians.op import Rule, term
from jacobians.report import Comparison, Report, check_run
from jacobians.witnesses import DIFFERENCES, EXACT, INDEPENDENT


class WrongSlope(jac.Tanh):
    """A tanh whose derivative lacks the square."""

    name = "tanh"

    def derivative(self, x):
        return 1 - np.tanh(x)


class TransposedLinear(jac.Linear):
    """A linear layer whose d/dx is W^T."""

    name = "linear"

    def d_x(self, W) -> Rule:
        return term("i o -> ... o | ... i", ("W", W))


class InfiniteSlope(jac.Tanh):
    """A tanh whose derivative is infinite."""

    def derivative(self, x):
        return np.full(x.shape, np.inf)


def network(activation=None, linear=None, widths=(3, 5, 5, 2)) -> jac.Model:
    n0, n1, n2, n3 = widths
    return jac.Model(
        {"x": n0, "W1": (n1, n0), "b1": n1, "W2": (n2, n1), "b2": n2, "W3": (n3, n2), "b3": n3, "y": n3},
        [
            jac.node("z1", jac.Linear(), x="x", W="W1", b="b1"),
            jac.node("a1", activation or jac.Tanh(), x="z1"),
            jac.node("z2", linear or jac.Linear(), x="a1", W="W2", b="b2"),
            jac.node("a2", jac.Sigmoid(), x="z2"),
            jac.node("z3", jac.Linear(), x="a2", W="W3", b="b3"),
            jac.node("L", jac.SquaredError(), a="z3", y="y"),
        ],
    )


def checked(model: jac.Model, seed: int = 0, **options) -> Report:
    return model.run(model.random_point(seed)).check(**options)


# ----- agreement -----


def test_every_jacobian_of_the_built_in_network_by_every_witness():
    report = checked(jac.mlp([3, 4, 2]))
    assert report.ok, str(report)
    names = {c.name for c in report.comparisons}
    assert len(names) == 23
    assert {"∂z1/∂W1", "∂a1/∂z1", "∂z2/∂b1", "∂L/∂x", "∂L/∂y", "∂L/∂a1"} <= names
    assert "∂y/∂x" not in names  # no path
    by = {w: [c for c in report.comparisons if c.witness == w] for w in ("forward", "complex step", "SymPy", "deltas")}
    assert {k: len(v) for k, v in by.items()} == {"forward": 23, "complex step": 23, "SymPy": 23, "deltas": 6}
    assert all(c.ok and not c.reason for c in report.comparisons)
    assert report.worst.disagreement < 1e-14
    assert report.verdict.startswith("All 23 Jacobians agree with every witness that could be asked; largest relative")


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "softmax"},
        {"activation": "gelu", "loss": "cross_entropy_index"},
        {"loss": "cross_entropy", "batch": 5},
        {"activation": "sigmoid", "output_activation": "softmax"},
    ],
    ids=str,
)
def test_other_networks(options):
    report = checked(jac.mlp([3, 5, 2], **options), seed=2)
    assert report.ok, str(report)


def test_shared_weights_and_skip_connections():
    model = jac.Model.parse("x : 3\nW : 3 x 3\nz1 = W @ x\na1 = tanh(z1)\nz2 = W @ a1 + a1\nL = sum(z2^2)")
    report = checked(model)
    assert report.ok, str(report)
    deltas = [c for c in report.comparisons if c.witness == "deltas"]
    assert all(c.ok is None and "W is used 2 times" in c.reason for c in deltas)


def test_of_and_wrt_select():
    report = checked(network(), of="L", wrt=["W1", "b3"])
    assert {c.name for c in report.comparisons} == {"∂L/∂W1", "∂L/∂b3"}
    report = checked(network(), of=["z2"])
    assert {c.wrt for c in report.comparisons} == {"x", "W1", "b1", "W2", "b2", "z1", "a1"}
    report = checked(network(), pairs=[("L", "W1"), ("z2", "x")], witnesses=["backward"])
    assert [c.name for c in report.comparisons] == ["∂L/∂W1", "∂z2/∂x"]
    report = checked(network(), of="z1", wrt="W2", witnesses=["complex step"])  # no path: zero, and checked to be
    assert [(c.name, c.disagreement) for c in report.comparisons] == [("∂z1/∂W2", 0.0)]


def test_unknown_names():
    run = network().run(network().random_point())
    with pytest.raises(jac.InputError, match="check: unknown name 'q'; known are x, W1"):
        run.check(of="q")
    with pytest.raises(jac.InputError, match="check: unknown name 'q'"):
        run.check(pairs=[("L", "W1"), ("q", "x")])
    with pytest.raises(jac.InputError, match="check: unknown witness 'torch'; known are forward, backward"):
        run.check(witnesses=["torch"])


# ----- disagreement -----


@pytest.mark.parametrize("witness", ["deltas", "complex step", "SymPy"])
def test_a_wrong_slope_is_found_by_each_independent_witness(witness):
    report = checked(network(activation=WrongSlope()), witnesses=[witness])
    assert not report.ok
    assert {c.witness for c in report.disagreements} == {witness}
    assert "∂L/∂W1" in {c.name for c in report.disagreements}
    assert "∂L/∂W3" not in {c.name for c in report.disagreements}  # does not pass through tanh


def test_a_wrong_slope_is_named():
    report = checked(network(activation=WrongSlope()))
    wrong = {c.name for c in report.disagreements}
    assert {"∂a1/∂z1", "∂a1/∂W1", "∂L/∂x", "∂L/∂z1"} <= wrong
    assert not wrong & {"∂z1/∂x", "∂z2/∂a1", "∂L/∂z2", "∂L/∂W3", "∂z3/∂W3"}
    assert "The first in the order of the network is ∂a1/∂z1 at [" in report.verdict
    assert report.worst in report.disagreements
    worst = next(c for c in report.disagreements if c.name == "∂a1/∂z1" and c.witness == "complex step")
    z = network().run(network().random_point())["z1"]
    i, j = worst.index
    assert i == j
    np.testing.assert_allclose((worst.rule, worst.found), (1 - np.tanh(z[i]), 1 - np.tanh(z[i]) ** 2), rtol=1e-12)
    # the orders of multiplication share the wrong rule, so they agree: they are no independent witnesses
    assert all(c.ok for c in report.comparisons if c.witness in ("forward", "backward"))


def test_a_transposed_matrix_is_named():
    report = checked(network(linear=TransposedLinear()))
    assert "The first in the order of the network is ∂z2/∂a1 at [" in report.verdict
    assert {"∂z2/∂W2", "∂a2/∂z2", "∂L/∂W2"}.isdisjoint(c.name for c in report.disagreements)
    assert "∂L/∂W1" in {c.name for c in report.disagreements}


def test_tolerances():
    for witness, tolerance in {"complex step": EXACT, "SymPy": EXACT, "forward": EXACT, "deltas": EXACT}.items():
        report = checked(network(), of="L", wrt="W1", witnesses=[witness])
        assert [c.tolerance for c in report.comparisons] == [tolerance]
    report = checked(network(activation=jac.ReLU()), of="L", wrt="W1", witnesses=["differences"])
    assert [c.tolerance for c in report.comparisons] == [DIFFERENCES]


def test_float32_is_held_to_what_it_can_keep():
    model = network()
    point = {name: value.astype(np.float32) for name, value in model.random_point().items()}
    report = model.run(point).check()
    assert report.ok, str(report)
    assert 1e-9 < report.worst.disagreement < report.worst.tolerance < 2e-4


# ----- what could not be compared -----


def test_not_analytic_goes_to_differences():
    report = checked(network(activation=jac.ReLU()))
    assert report.ok, str(report)
    reasons = {c.reason for c in report.comparisons if c.witness == "complex step" and c.name == "∂L/∂W1"}
    assert reasons == {"not analytic: relu"}
    differences = [c.name for c in report.comparisons if c.witness == "differences"]
    assert "∂L/∂W1" in differences
    assert "∂L/∂W2" not in differences


def test_a_kink_is_a_reason():
    model = jac.Model({"x": 3}, [jac.node("a", jac.ReLU(), x="x"), jac.node("L", jac.SquaredNorm(), x="a")])
    report = model.run({"x": [1.0, 1e-8, -2.0]}).check(witnesses=["differences"])
    assert [c.reason for c in report.comparisons] == ["relu: a kink within 1e-08 in a = relu(x)"] * 2
    assert not report.ok
    assert report.unverified == ("∂a/∂x", "∂L/∂x")
    assert "No independent witness could be asked about ∂a/∂x, ∂L/∂x; the notes say why." in report.verdict
    near = model.run({"x": [1.0, 3e-6, -2.0]}).check(witnesses=["differences"])  # a smaller step keeps clear of it
    assert near.ok, str(near)


def test_too_large_for_sympy():
    report = checked(jac.mlp([31, 37, 2]), of="z1", wrt=["W1", "x"])
    assert {c.wrt: c.reason for c in report.comparisons if c.witness == "SymPy"} == {
        "W1": "too large: 42,439 entries for SymPy in z1 = W1 @ x + b1",
        "x": "too large: 1,147 derivatives for SymPy in z1 = W1 @ x + b1",
    }
    assert report.ok


def test_large_jacobians_are_compared_along_directions():
    def large(op):
        return jac.Model(
            {"x": 101, "W": (103, 101), "b": 103},
            [jac.node("z", jac.Linear(), x="x", W="W", b="b"), jac.node("a", op, x="z")],
        )

    report = checked(large(jac.Tanh()), of="a", wrt="W")
    assert report.ok, str(report)
    step = next(c for c in report.comparisons if c.witness == "complex step")
    assert step.shape == (103, 103, 101)
    assert len(step.index) == 2  # entry of a, number of the direction
    assert not checked(large(WrongSlope()), of="a", wrt="W").ok


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_never_a_pass(bad):
    model = network()
    point = model.random_point()
    point["W2"][1, 2] = bad
    with np.errstate(invalid="ignore"):
        report = model.run(point).check()
    assert not report.ok
    assert report.not_finite[:2] == ("W2", "z2")
    assert report.verdict.startswith("Not verified: NaN or inf in W2, z2")
    touched = [c for c in report.comparisons if c.of == "L"]
    assert {c.reason for c in touched if c.wrt == "W1"} == {"W2 contains NaN or inf"}
    assert all(c.ok for c in report.comparisons if c.of == "a1" and c.witness != "differences")
    json.loads(report.to_json())


def test_a_slope_that_is_not_finite_is_a_reason():
    model = jac.Model({"x": 3}, [jac.node("a", InfiniteSlope(), x="x")])
    report = model.run({"x": [4.0, 0.0, 1.0]}).check(witnesses=["backward"])
    assert not report.ok
    assert [c.reason for c in report.comparisons] == ["the Jacobian contains NaN or inf"]


def test_an_op_without_a_derivative_here_is_a_reason():
    model = jac.Model({"x": 3, "y": 3}, [jac.node("a", jac.Sqrt(), x="x"), jac.node("s", jac.Add(), x="a", y="y")])
    report = model.run({"x": [4.0, 0.0, 1.0], "y": [1, 2, 3]}).check()
    assert not report.ok
    assert report.unverified == ("∂a/∂x", "∂s/∂x")
    reasons = {c.reason for c in report.comparisons if c.name == "∂s/∂x"}
    assert len(reasons) == 1
    assert "no Jacobian: Sqrt.x: expected entries > 0" in reasons.pop()
    assert all(c.ok for c in report.comparisons if c.wrt == "y")


def test_small_gradients_drown_in_differences_and_are_not_passed():
    model = jac.Model.parse("x : 3\nz = relu(x)\nL = 0.000000000001 * sum(z)")
    report = model.run({"x": [1.0, 2.0, 3.0]}).check(of="L", wrt="x", witnesses=["differences"])
    assert not report.ok
    assert "drown in the rounding of a difference" in report.comparisons[0].reason


def test_nothing_to_check():
    model = jac.Model({"x": 3, "y": 3}, [jac.node("d", jac.Subtract(), x="x", y="y")])
    report = check_run(model.run(model.random_point()), of="d", wrt="d")
    assert not report.ok
    assert report.verdict.startswith("There is no Jacobian to check")


# ----- how it looks and is kept -----


def test_text_fits_80_columns_and_ends_with_the_verdict():
    for report in (
        checked(network(activation=WrongSlope())),
        checked(jac.mlp([3, 5, 2], activation="relu", batch=7, loss="cross_entropy")),
    ):
        text = str(report)
        assert max(len(line) for line in text.splitlines()) <= 80
        assert " ".join(text.split()).endswith(" ".join(report.verdict.split()))
        assert text.splitlines()[0].strip()
    assert "[1] not analytic: relu" in text
    assert "✗" not in text
    assert "✗ " in str(checked(network(activation=WrongSlope())))


def test_json(tmp_path):
    report = checked(network(activation=jac.ReLU()))
    path = tmp_path / "report.json"
    path.write_text("old")
    report.save(path)
    kept = json.loads(path.read_text())
    assert kept == json.loads(report.to_json())
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    assert kept["ok"] is True
    entry = next(c for c in kept["comparisons"] if c["of"] == "L" and c["wrt"] == "W1" and c["witness"] == "SymPy")
    assert entry["shape"] == [5, 3]
    assert entry["ok"] is True
    missing = next(c for c in kept["comparisons"] if c["reason"])
    assert missing["disagreement"] is None
    with pytest.raises(jac.InputError, match="cannot be written: No such file or directory; give a file in a folder"):
        report.save(tmp_path / "nowhere" / "report.json")


def test_comparison_reads_as_a_sentence():
    c = Comparison("z1", "W1", (5, 5, 3), "SymPy", 0.5, 1e-9, (0, 0, 1), 0.5, 0.25)
    assert str(c) == "∂z1/∂W1 at [0, 0, 1]: the rule gives 0.5, SymPy 0.25"
    assert set(INDEPENDENT) == {"deltas", "complex step", "differences", "SymPy"}


# ----- the forward pass alone -----


def test_replay_computes_only_what_follows():
    model = network()
    run = model.run(model.random_point())
    replay = Replay(run, "z3", "b2")
    assert [n.name for n in replay.nodes] == ["z2", "a2", "z3"]
    np.testing.assert_array_equal(replay(run["b2"]), run["z3"])
    moved = model.run({**run.point, "b2": run["b2"] + 1})
    np.testing.assert_allclose(replay(run["b2"] + 1), moved["z3"], rtol=1e-15)
    np.testing.assert_array_equal(Replay(run, "z1", "b2")(run["b2"] + 1), run["z1"])


def test_derivatives_along_directions():
    rng = np.random.default_rng(1)
    A, x = rng.standard_normal((5, 3)), rng.standard_normal(3)
    directions = [rng.standard_normal(3) for _ in range(2)]
    expected = (1 - np.tanh(A @ x) ** 2)[:, None] * (A @ np.stack(directions, axis=-1))
    found = complex_step(lambda v: np.tanh(A @ v), x, directions=directions)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    found = central_differences(lambda v: np.tanh(A @ v), x, directions=directions)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


def test_complex_step_refuses_what_is_not_analytic():
    model = network(activation=jac.ReLU())
    run = model.run(model.random_point())
    with pytest.raises(WitnessError, match="not analytic: relu"):
        Replay(run, "L", "W1").complex_step()


def test_a_long_input_is_too_large_for_sympy_and_says_so():
    model = jac.Model.parse("x : 2003\nL = norm(x)^2")
    report = model.run(model.random_point(0)).check("L", "x", witnesses=["complex step", "SymPy"])
    assert {c.witness: c.reason for c in report.comparisons} == {
        "complex step": "",
        "SymPy": "too large: 2,003 entries of x for SymPy",
    }
    assert report.ok
