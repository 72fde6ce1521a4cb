"""Backpropagation through time: the sum over the uses of a leaf, truncation, the norms of the states' Jacobians."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import jacobians as jac
from jacobians import InputError
from jacobians.paths import Paths
from jacobians.plots import plot_states

CELLS = ("tanh", "relu", "lstm", "gru")


def made(**options):
    """A run of a small recurrent network; all sizes different."""
    model = jac.rnn([2, 5, 3], **options)
    return model.run(model.random_point(seed=3))


# ----- the sum over the uses -----


@pytest.mark.parametrize("losses", ["last", "every step"])
@pytest.mark.parametrize("cell", CELLS)
def test_the_sum_is_the_jacobian(cell, losses):
    run = made(cell=cell, losses=losses, loss="cross_entropy")
    for leaf in run.model.parameters():
        found = run.through_time("L", leaf)
        want = run.jacobian("L", leaf, order="forward").dense()
        np.testing.assert_allclose(found.jacobian.dense(), want, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(sum(use.jacobian.dense() for use in found.uses), want, rtol=1e-12, atol=1e-15)
        assert found.gap < 1e-14
        assert len(found.uses) == (1 if leaf.endswith("_q") and losses == "last" else 3)


def test_terms_equal_the_recursion_of_the_textbook():
    run = made(losses="every step", steps=4)
    v = run.values
    delta = np.zeros(5)  # dL/dz_t, back to front
    for t, use in zip(range(4, 0, -1), reversed(run.through_time("L", "W_h").uses), strict=True):
        delta = (v["W_q"].T @ (v[f"q{t}"] - v[f"y{t}"]) + v["W_h"].T @ delta) * (1 - v[f"h{t}"] ** 2)
        assert use.node == f"z{t}"
        np.testing.assert_allclose(use.jacobian.dense(), np.outer(delta, v[f"h{t - 1}"]), rtol=1e-12, atol=1e-15)
        np.testing.assert_array_equal(use.immediate.dense(), np.einsum("ij,k->ijk", np.eye(5), v[f"h{t - 1}"]))


def test_how_it_prints():
    text = str(made(steps=2).through_time("L", "W_h"))
    assert text.splitlines()[0] == "∂L/∂W_h = sum over 2 uses of W_h"
    assert "∂L/∂z1 ∂⁺z1/∂W_h" in text
    assert "Σ_kl (q2 - y)_k (W_q)_kl tanh'(z2)_l (W_h)_li tanh'(z1)_i h0_j" in text
    assert re.search(r"the sum equals ∂L/∂W_h; relative difference \d", text)


def test_a_long_summand_prints_with_one_factor_for_what_comes_back():
    run = made(cell="lstm")
    for truncate, name in ((None, "(∂L/∂z_f1)_i h0_j"), (3, "cut(∂L/∂z_f1)_i h0_j")):
        use = run.through_time("L", "W_hf", truncate).uses[0]
        assert str(use.jacobian) == name
        shown = use.jacobian.shown.dense()
        np.testing.assert_allclose(shown, use.jacobian.dense(), rtol=1e-12, atol=1e-15)
        assert use.jacobian.latex()


def test_any_leaf_that_several_equations_use():
    model = jac.Model.parse("x : 3\nW : 3 x 3\na = tanh(W @ tanh(W @ x))\nc = W.T @ a + x\nL = c.T @ (W @ c)")
    run = model.run(model.random_point(1))
    found = run.through_time("L", "W")
    assert [use.node for use in found.uses] == ["a", "c", "L"]
    np.testing.assert_allclose(found.jacobian.dense(), run.jacobian("L", "W").dense(), rtol=1e-12)
    assert found.product(found.uses[-1]) == "∂⁺L/∂W"
    assert [use.node for use in run.through_time("L", "x").uses] == ["a", "c"]
    assert [use.node for use in run.through_time("L", "c").uses] == ["L"]  # of a node as well


def test_a_leaf_without_influence():
    found = made(steps=2).through_time("h1", "x2")
    assert (found.uses, found.gap) == ((), 0.0)
    np.testing.assert_array_equal(found.jacobian.dense(), np.zeros((5, 2)))


# ----- truncation -----


@pytest.mark.parametrize("truncate", [1, 2, 3])
@pytest.mark.parametrize("losses", ["last", "every step"])
@pytest.mark.parametrize("cell", CELLS)
def test_truncation_is_a_short_network_from_a_state_held_fixed(cell, losses, truncate):
    """Of the loss of step t only steps t - k + 1 ... t count: a network of k steps that begins at the state t - k."""
    run = made(cell=cell, losses=losses, steps=3)
    every = losses == "every step"
    leaves = ("W_x", "W_h", "b") if cell in ("tanh", "relu") else [n for n in run.model.parameters() if n[-2:] != "_q"]
    want = {leaf: np.zeros(run[leaf].shape) for leaf in leaves}
    for t in (1, 2, 3) if every else (3,):
        k = min(truncate, t)
        short = jac.rnn([2, 5, 3], cell=cell, steps=k)
        point = {name: run[name] for name in short.parameters()}
        point |= {f"x{s}": run[f"x{t - k + s}"] for s in range(1, k + 1)}
        point |= {f"{state}0": run[f"{state}{t - k}"] for state in "hc" if f"{state}0" in short.leaves}
        point["y"] = run[f"y{t}" if every else "y"]
        for leaf, gradient in short.run(point).gradients("L", tuple(leaves)).items():
            want[leaf] += gradient
    for leaf in leaves[:: 2 if len(leaves) > 3 else 1]:
        found = run.through_time("L", leaf, truncate)
        np.testing.assert_allclose(found.jacobian.dense(), want[leaf], rtol=1e-11, atol=1e-15)


def test_the_distance_from_the_full_gradient():
    run = made(losses="every step", steps=5)
    full = run.jacobian("L", "W_h").dense()
    gaps = []
    for k in range(1, 6):
        found = run.through_time("L", "W_h", truncate=k)
        cut = found.jacobian.dense()
        gaps.append(found.gap)
        assert found.gap == pytest.approx(np.linalg.norm(cut - full) / np.linalg.norm(full), abs=1e-15)
    assert gaps[0] > 0.01
    assert gaps[-1] < 1e-14
    text = str(run.through_time("L", "W_h", truncate=1))
    assert f"cut after 1 step: relative distance {gaps[0]:.4g} from the full ∂L/∂W_h" in text


# ----- states -----


def test_no_step_back_is_the_identity():
    for cell in CELLS:
        found = made(cell=cell).state_jacobians("h")
        first = found.states[0]
        assert (found.of, first.state, first.steps, first.spectral) == ("h3", "h3", 0, 1.0)
        assert first.frobenius == pytest.approx(np.sqrt(5))
        np.testing.assert_array_equal(first.jacobian.dense(), np.eye(5))


@pytest.mark.parametrize("cell", CELLS)
def test_states_by_the_chain_rule_and_their_norms(cell):
    run = made(cell=cell, steps=4)
    found = run.state_jacobians()
    assert [s.state for s in found.states] == ["h4", "h3", "h2", "h1", "h0"]
    for s in found.states:
        dense = run.jacobian("h4", s.state).dense()
        np.testing.assert_allclose(s.jacobian.dense(), dense, rtol=1e-12, atol=1e-16)
        assert s.spectral == pytest.approx(np.linalg.svd(dense)[1][0])
        assert s.frobenius == pytest.approx(np.sqrt((dense**2).sum()))


@pytest.mark.parametrize(("scale", "kind"), [(0.5, "it vanishes"), (1.5, "it explodes")])
def test_a_rotation_shrinks_or_stretches_by_its_scale_in_every_step(scale, kind):
    model = jac.rnn([1, 2, 1], steps=8, cell="identity", loss=None)
    rotation = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    run = model.run({**model.random_point(0), "W_h": scale * rotation})
    found = run.state_jacobians()
    np.testing.assert_allclose([s.spectral for s in found.states], scale ** np.arange(9), rtol=1e-12)
    assert found.rate == pytest.approx(scale)
    assert found.verdict == f"the spectral norm changes by the factor {scale:g} per step back: {kind}"


def test_the_norms_of_a_loss_and_of_the_cell_state():
    run = made(cell="lstm")
    of_loss = run.state_jacobians("h", of="L")
    assert of_loss.states[-1].spectral == pytest.approx(np.linalg.norm(run.jacobian("L", "h0").dense()))
    assert [s.state for s in run.state_jacobians("c").states] == ["c3", "c2", "c1", "c0"]
    assert str(of_loss).splitlines()[1].split()[:2] == ["∂L/∂h3", "0"]


def test_a_state_that_nothing_reaches():
    model = jac.rnn([1, 2, 1], steps=2, cell="relu")
    run = model.run({**model.random_point(0), "b": [-100.0, -100.0]})
    found = run.state_jacobians()
    assert [s.spectral for s in found.states] == [1, 0, 0]
    assert (found.rate, found.verdict[-11:]) == (0, "it vanishes")
    lines = plot_states(found).get_lines()
    np.testing.assert_array_equal(lines[0].get_ydata(), [1, np.nan, np.nan])


def test_plot():
    found = made(steps=4).state_jacobians()
    axes = plot_states(found)
    assert axes.get_yscale() == "log"
    spectral, frobenius = axes.get_lines()
    np.testing.assert_array_equal(spectral.get_xdata(), range(5))
    np.testing.assert_array_equal(spectral.get_ydata(), [s.spectral for s in found.states])
    np.testing.assert_array_equal(frobenius.get_ydata(), [s.frobenius for s in found.states])
    assert [line.get_label() for line in plot_states(found, label="small").get_lines()] == ["small"]


# ----- refusals -----


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run.through_time("L", "W"), r"through_time: unknown name 'W'; known are x1"),
        (lambda run: run.through_time("M", "W_h"), r"through_time: unknown name 'M'"),
        (lambda run: run.through_time("L", "W_h", 0), r"truncate=0: expected a whole number of steps from 1, or None"),
        (lambda run: run.through_time("L", "W_h", 1.5), r"truncate=1.5: expected a whole number of steps from 1"),
        (lambda run: run.through_time("L", "W_h", True), r"truncate=True: expected a whole number of steps from 1"),
        (lambda run: run.through_time("L", "y", 1), r"truncate=1: L uses y, but its name does not end in a time step"),
        (lambda run: run.state_jacobians("c"), r"unknown state 'c': expected the letters .*; known are h, z"),
        (lambda run: run.state_jacobians("h", of="M"), r"state_jacobians: unknown name 'M'"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call(made())


def test_no_states():
    model = jac.Model.parse("x : 3\nW : 2 x 3\nz1 = W @ x\nz2 = z1^2\ny3 = z2^2")
    run = model.run(model.random_point(0))
    assert [s.state for s in run.state_jacobians().states] == ["z2", "z1"]
    other = jac.Model.parse("x : 3\na = tanh(x)")
    with pytest.raises(InputError, match="no state found: expected names that end in their time step"):
        other.run(other.random_point(0)).state_jacobians()
    with pytest.raises(InputError, match=r"unknown state 'h': expected the letters before .*, as h for h0, h1$"):
        other.run(other.random_point(0)).state_jacobians("h")


def test_data_has_no_jacobian():
    run = made(loss="cross_entropy_index")
    with pytest.raises(InputError, match="no Jacobian by y: class indices"):
        run.through_time("L", "y")


# ----- the built-in network -----


class TestRnn:
    def test_equations(self):
        model = jac.rnn([2, 3, 4], steps=2, losses="every step", loss="cross_entropy")
        assert model.equations() == {
            "z1": "W_x @ x1 + W_h @ h0 + b",
            "h1": "tanh(z1)",
            "q1": "W_q @ h1 + b_q",
            "z2": "W_x @ x2 + W_h @ h1 + b",
            "h2": "tanh(z2)",
            "q2": "W_q @ h2 + b_q",
            "L1": "cross_entropy(q1, y1)",
            "L2": "cross_entropy(q2, y2)",
            "L": "L1 + L2",
        }
        assert model.leaves == {
            "x1": (2,), "x2": (2,), "h0": (3,), "W_x": (3, 2), "W_h": (3, 3), "b": (3,), "W_q": (4, 3), "b_q": (4,),
            "y1": (4,), "y2": (4,),
        }  # fmt: skip

    def test_last_loss_and_none(self):
        assert list(jac.rnn([2, 3, 4], steps=2).equations())[-2:] == ["q2", "L"]
        assert jac.rnn([2, 3, 4], steps=2, loss=None).output == "q2"

    @pytest.mark.parametrize(
        ("cell", "loss"),
        [
            *(("tanh", loss) for loss in ("mean_squared_error", "cross_entropy", "cross_entropy_index")),
            *((cell, "squared_error") for cell in ("relu", "lstm", "gru", "g")),
        ],
    )
    def test_every_witness_agrees(self, cell, loss):
        model = jac.rnn([2, 3, 2], steps=2, cell=cell, loss=loss, losses="every step")
        report = model.run(model.random_point(2)).check(of="L")
        assert report.ok, report

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"sizes": [2, 3]}, r"rnn.sizes: expected three positive integers, .* as in \[2, 3, 2\], got \(2, 3\)"),
            ({"sizes": [2, 0, 1]}, r"rnn.sizes: expected three positive integers, .*, got \(2, 0, 1\)"),
            ({"steps": 0}, r"rnn.steps: expected a positive integer, got 0"),
            ({"steps": 2.0}, r"rnn.steps: expected a positive integer, got 2.0"),
            ({"cell": "lstmm"}, r"rnn: unknown cell 'lstmm'; known are lstm, gru, "),
            ({"loss": "l2"}, r"rnn: unknown loss 'l2'; known are squared_error"),
            ({"losses": "all"}, r"rnn: unknown losses 'all'; known are last, every step"),
        ],
    )
    def test_refusals(self, options, message):
        with pytest.raises(InputError, match=message):
            jac.rnn(**options)


# ----- the command -----


class TestCommand:
    def test_left_out_is_the_built_in_network(self, run_command):
        status, out, err = run_command("through-time")
        assert (status, err) == (0, "")
        for line in (
            "Backpropagation through time: ∂L/∂W_h as a sum",
            "∂L/∂z1 ∂⁺z1/∂W_h",
            "    = Σ_k (q3 - y)_k (W_q)_ki tanh'(z3)_i h2_j",
            "  sum = ∂L/∂W_h   norm ",
            "  the sum equals ∂L/∂W_h; relative difference ",
            "  ∂h3/∂h3           0              1           1.732",
            "per step back: it vanishes",
        ):
            assert line in out
        assert max(map(len, out.splitlines())) <= 80

    def test_truncated_and_other_leaves(self, run_command):
        _, out, _ = run_command("through-time", "--wrt", "b", "--truncate", "2", "--state", "z")
        assert "sum = ∂L/∂b (truncated: 2)" in out
        assert "cut after 2 steps: relative distance" in out
        assert "∂z3/∂z1" in out

    def test_json(self, run_command):
        data = json.loads(run_command("through-time", "rnn", "--json", "--truncate", "1", "--of", "h2")[1])
        model = jac.rnn()
        run = model.run(model.random_point(0))
        found = run.through_time("h2", "W_h", truncate=1)
        assert [term["node"] for term in data["terms"]] == ["z1", "z2"]
        np.testing.assert_allclose(data["sum"], found.jacobian.dense())
        assert data["relative_distance_from_full"] == pytest.approx(found.gap)
        assert [n["steps_back"] for n in data["states"]["norms"]] == [0, 1, 2, 3]

    def test_a_file_and_a_picture(self, run_command, tmp_path):
        path = tmp_path / "model.txt"
        path.write_text(jac.rnn(steps=2, cell="gru").text, encoding="utf-8")
        target = tmp_path / "norms.png"
        status, out, err = run_command("through-time", path, "--wrt", "W_hn", "--plot", target)
        assert (status, err) == (0, f"written: {target}\n")
        assert "2 equations use W_hn" in out
        assert target.read_bytes().startswith(b"\x89PNG")

    def test_no_influence_and_no_states(self, run_command, tmp_path):
        path = tmp_path / "model.txt"
        path.write_text("x : 2\ny : 2\na = tanh(x)\nb = tanh(y)\n", encoding="utf-8")
        status, out, _ = run_command("through-time", path, "--wrt", "x")
        assert (status, "b does not depend on x" in out, "spectral" in out) == (0, True, False)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("mlp",), "through-time: no leaf is used in two equations on the way to L; name one with --wrt"),
            (("--of", "M"), "through-time: unknown name 'M'"),
            (("--truncate", "0"), "0 is not in the range x>=1"),
            (("--plot", "norms.txt"), "expected a file name that ends in .png, .svg or .pdf, got '.txt'"),
            (("--plot", "no/norms.png"), "cannot be written"),
        ],
    )
    def test_refusals(self, run_command, arguments, message):
        status, _, err = run_command("through-time", *arguments)
        assert (status, message in err) == (2, True), err

    def test_a_model_without_states_has_nothing_to_plot(self, run_command, tmp_path):
        path = tmp_path / "model.txt"
        path.write_text("x : 2\na = tanh(x)\nb = a * x\n", encoding="utf-8")
        status, _, err = run_command("through-time", path, "--plot", tmp_path / "norms.png")
        assert (status, "the model has no states to plot" in err) == (2, True)


def test_paths_grow_but_summands_do_not():
    run = made(cell="lstm", steps=12)
    found = run.through_time("L", "W_hf")
    assert Paths(run.model, "L", "W_hf").count > 100_000
    assert len(str(found.uses[0].jacobian)) < 40
    assert found.gap < 1e-13
