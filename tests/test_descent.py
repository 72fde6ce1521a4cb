"""Gradient descent: the steps by hand, batches, early stop, divergence; the pictures; the example on digits."""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import jacobians as jac
from jacobians.descent import Record, descend
from jacobians.errors import DivergenceError

EXAMPLE = Path(__file__).parent.parent / "examples" / "digits.py"

LINE = jac.Model.parse("x : 2\nw : 2\nt : scalar\nL = 1/2 * (w @ x - t)^2")
X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
T = np.array([4.0, -2.0, 9.0])


def test_one_step_by_hand():
    # at w = (1, 1) w x - t is -1, 4, -4.5: gradients (-1, -2), (12, -4), (-2.25, -18), losses 0.5, 8, 10.125
    record = descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=0.3, steps=1)
    np.testing.assert_allclose(record.losses, [18.625 / 3], rtol=1e-14)
    np.testing.assert_allclose(record.parameters["w"], [1 - 0.875, 1 + 2.4], rtol=1e-14)
    assert record.stopped == "steps"


def test_finds_the_least_squares_solution():
    record = descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=0.2, steps=300)
    np.testing.assert_allclose(record.parameters["w"], np.linalg.lstsq(X, T, rcond=None)[0], rtol=1e-8)
    assert (np.diff(record.losses) <= 1e-15).all()


def test_a_model_of_a_batch_takes_the_same_steps_as_a_model_of_one_sample():
    rng = np.random.default_rng(4)
    samples = {"x": rng.standard_normal((7, 3)), "y": rng.integers(0, 2, 7)}
    single = jac.mlp([3, 5, 2], loss="cross_entropy_index")
    whole = jac.mlp([3, 5, 2], loss="cross_entropy_index", batch=7)
    start = {name: value for name, value in single.random_point(2).items() if name in single.parameters()}
    one, two = (descend(model, samples, start, rate=0.5, steps=5) for model in (single, whole))
    np.testing.assert_allclose(one.losses, two.losses, rtol=1e-12)
    for name in start:
        np.testing.assert_allclose(one.parameters[name], two.parameters[name], rtol=1e-11)
        assert not np.array_equal(one.parameters[name], start[name])


def test_mini_batches_use_every_sample_once_an_epoch():
    model = jac.Model.parse("x : 2\nw : 2\nL = w @ x")  # dL/dw = x whatever w is
    x = np.arange(12.0).reshape(6, 2) ** 2
    record = descend(model, {"x": x}, {"w": [0.0, 0.0]}, rate=1.0, steps=3, batch=2, seed=5)
    np.testing.assert_allclose(record.parameters["w"], -x.sum(axis=0) / 2, rtol=1e-14)
    again = descend(model, {"x": x}, {"w": [0.0, 0.0]}, rate=1.0, steps=3, batch=2, seed=5)
    np.testing.assert_array_equal(record.losses, again.losses)
    other = descend(model, {"x": x}, {"w": [0.0, 0.0]}, rate=1.0, steps=3, batch=2, seed=6)
    assert not np.array_equal(record.losses, other.losses)


def test_mini_batches_of_a_model_of_a_batch():
    model = jac.Model.parse("x : 2 x 3\nw : 3\nL = mean(x @ w)")
    x = np.random.default_rng(1).standard_normal((6, 3))
    record = descend(model, {"x": x}, {"w": [0.0, 0.0, 0.0]}, rate=1.0, steps=3)
    np.testing.assert_allclose(record.parameters["w"], -x.sum(axis=0) / 2, rtol=1e-13)
    with pytest.raises(jac.InputError, match="batch=3: the model takes 2 rows at once by its own shapes; leave batch"):
        descend(model, {"x": x}, {"w": [0.0, 0.0, 0.0]}, batch=3)


def test_early_stop():
    record = descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=0.2, steps=5000, patience=10, min_improvement=1e-9)
    assert record.stopped == "no improvement"
    assert 20 < record.steps < 1000
    assert "stopped: no improvement" in str(record)


def test_divergence_is_an_error_that_names_the_step():
    too_large = r"rate=1e\+08 is too large, try rate=1e\+07"
    with pytest.raises(DivergenceError, match=rf"step [0-9]+: the loss is inf \(it was .* before\); {too_large}"):
        descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=1e8, steps=500)
    with pytest.raises(jac.JacobiansError, match=r"step 0: w contains NaN or inf; rate=1e\+308 is too large"):
        descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=1e308, steps=500)


def test_a_loss_that_rose_is_said():
    record = descend(LINE, {"x": X, "t": T}, {"w": [1.0, 1.0]}, rate=1.0, steps=4)
    assert record.losses[-1] > record.losses[0]
    assert "(it rose: try a smaller rate)" in str(record)


def test_default_start_is_random_and_seeded():
    model = jac.mlp([3, 2])
    samples = {"x": np.ones((2, 3)), "y": np.ones((2, 2))}
    one, two, three = (descend(model, samples, steps=1, seed=seed) for seed in (0, 0, 1))
    assert set(one.parameters) == {"W1", "b1"}
    np.testing.assert_array_equal(one.losses, two.losses)
    assert one.losses != three.losses


@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        ({"x": X, "t": T[:2]}, {}, "x has 3 samples, t has 2; give one of each per sample"),
        ({"x": X.T, "t": T}, {}, r"samples of x: expected \(m, 2\), a row for each of m samples, got \(2, 3\)"),
        ({"q": X}, {}, "descend: samples: unknown leaf 'q'; known are x, w, t"),
        ({"x": X, "t": T}, {"rate": -1.0}, "rate=-1.0: expected a positive number"),
        ({"x": X, "t": T}, {"steps": 0}, "steps=0, patience=None: expected at least 1"),
        ({"x": X, "t": T}, {"batch": 5}, "a step takes 5 rows, the samples have 3; expected 1 to 3 rows"),
        ({"x": X, "t": T}, {"start": {"v": [1.0]}}, "descend: start: unknown differentiable leaf 'v'; known are x, w"),
        ({"x": X, "t": T}, {"start": {}}, "the model has no parameter"),
        ({"x": X, "t": T}, {"loss": "q"}, "descend: unknown name 'q'"),
        ({"x": X, "t": T}, {"loss": "w"}, r"w has shape \(2\); expected a scalar loss"),
    ],
)
def test_wrong_input(samples, options, message):
    with pytest.raises(jac.InputError, match=message):
        descend(LINE, samples, **{"start": {"w": [1.0, 1.0]}, **options})


# ----- pictures -----


def test_plot_of_the_loss():
    from jacobians.plots import plot_loss

    record = Record(np.array([3.0, 2.0, 1.0]), {}, "steps", 0.1)
    ax = plot_loss(record)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, 2, 1])
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "loss", "log")
    long = plot_loss(Record(np.linspace(1, 0, 100), {}, "steps", 0.1))
    assert long.get_yscale() == "linear"  # a loss of 0 has no logarithm
    assert len(long.lines) == 2


def test_heat_map_of_a_jacobian():
    from jacobians.plots import plot_jacobian

    W = np.arange(6.0).reshape(2, 3)
    x, b = np.array([1.0, -2.0, 7.0]), np.zeros(2)
    ax = plot_jacobian(jac.Linear().jacobian("x", x=x, W=W, b=b), of="a", wrt="x")
    np.testing.assert_array_equal(ax.images[0].get_array(), W)
    assert ax.images[0].get_clim() == (-5, 5)  # zero is white
    assert (ax.get_ylabel(), ax.get_xlabel(), ax.get_title()) == ("a: o (2)", "x: i (3)", "∂a/∂x")
    J = jac.Linear().jacobian("W", x=x, W=W, b=b)
    ax = plot_jacobian(J)
    np.testing.assert_array_equal(ax.images[0].get_array(), J.matrix())
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("o (2)", "o' i (2, 3)")


def test_heat_map_of_a_gradient_keeps_the_matrix():
    from jacobians.plots import plot_jacobian

    model = jac.mlp([3, 2])
    J = model.run(model.random_point()).jacobian("L", "W1")
    ax = plot_jacobian(J, of="L", wrt="W1")
    np.testing.assert_array_equal(ax.images[0].get_array(), J.dense())
    assert ax.get_ylabel().startswith("W1: ")


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    from jacobians import plots

    for name in [m for m in sys.modules if m.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [])
    with pytest.raises(jac.InputError, match=r"plots need matplotlib.*pip install 'jacobians\[plot\]'"):
        plots.new_axes()


@pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="needs the extra `digits`")
def test_digits_example(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "digits.png"
    monkeypatch.setattr(sys, "argv", ["digits.py", "-o", str(picture)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    printed = capsys.readouterr().out
    assert printed.count("All 4 Jacobians agree") == 2
    accuracy = float(printed.split("held out: ")[1].split("%")[0])
    assert accuracy > 95
    assert picture.read_bytes()[:4] == b"\x89PNG"
