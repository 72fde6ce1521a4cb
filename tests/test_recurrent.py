"""Recurrent cells: in networks, between conventions, at the ends of the gates, against mpmath, and what they refuse."""

from __future__ import annotations

import functools

import mpmath as mp
import numpy as np
import pytest

import jacobians as jac
from jacobians import InputError, ShapeError
from tests.contract import close

CELLS = (jac.ElmanCell(), jac.LSTMCell(), jac.LSTMCellState(), jac.GRUCell())
EACH = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)


def point(cell, seed=0, inputs=5, state=3):
    rng = np.random.default_rng(seed)
    size = {"i": inputs, "j": state}
    shapes = {k: tuple(size[a] for a in spec.split() if a != "...") for k, spec in cell.declared().items()}
    return cell.sample(rng, shapes)


# ----- the same network, of cells and written out -----


def test_elman_cells_make_the_built_in_network():
    written = jac.rnn([2, 3, 2], steps=2)
    lines = [line for line in written.text.splitlines() if not line.startswith(("z1", "h1", "z2", "h2"))]
    lines[-3:-3] = ["h1 = elman_cell(x1, h0, W_x, W_h, b)", "h2 = elman_cell(x2, h1, W_x, W_h, b)"]
    of_cells = jac.Model.parse("\n".join(lines))
    values = written.random_point(4)
    one, two = written.run(values), of_cells.run(values)
    for leaf in written.parameters():
        close(two.jacobian("L", leaf).dense(), one.jacobian("L", leaf).dense(), 1e-14)
    assert str(two.jacobian("h2", "b")) == (
        "δ_ij tanh'(z_h2)_i + tanh'(z_h2)_i (W_h)_ij tanh'(z_h1)_j"
    )  # the z of two cells is not one z


@pytest.mark.parametrize(
    ("cell", "op", "gates"),
    [("lstm", jac.LSTMCell(), "fiog"), ("gru", jac.GRUCell(), "rzn")],
)
def test_gated_cells_are_a_step_of_the_built_in_network(cell, op, gates):
    model = jac.rnn([5, 3, 2], steps=1, cell=cell)
    run = model.run(model.random_point(1))
    own = {"x": "x1", "h": "h0", "c": "c0"}
    own |= (
        {f"W_{g}": f"W_x{g}" for g in gates}
        | {f"U_{g}": f"W_h{g}" for g in gates}
        | {f"b_{g}": f"b_{g}" for g in gates}
    )
    inputs = {name: run[own[name]] for name in op.input_names()}
    np.testing.assert_allclose(op.forward(**inputs), run["h1"], rtol=1e-14)
    for wrt, J in op.jacobians(**inputs).items():
        close(J.dense(), run.jacobian("h1", own[wrt]).dense(), 1e-14)


def test_both_states_of_an_lstm():
    inputs = point(jac.LSTMCell())
    state = {k: v for k, v in inputs.items() if not k.endswith("_o")}
    c = jac.LSTMCellState().forward(**state)
    o = 1 / (1 + np.exp(-(inputs["W_o"] @ inputs["x"] + inputs["U_o"] @ inputs["h"] + inputs["b_o"])))
    np.testing.assert_allclose(jac.LSTMCell().forward(**inputs), o * np.tanh(c), rtol=1e-14)
    slope = (o * (1 - np.tanh(c) ** 2))[:, None, None]
    by_cell, by_state = jac.LSTMCell().jacobian("W_f", **inputs), jac.LSTMCellState().jacobian("W_f", **state)
    np.testing.assert_allclose(by_cell.dense(), slope * by_state.dense(), rtol=1e-12)


@pytest.mark.parametrize("reset", ["before", "after"])
def test_conventions_of_the_update_gate_are_gates_of_opposite_sign(reset):
    keep, replace = jac.GRUCell(reset=reset), jac.GRUCell(reset=reset, update="replace")
    inputs = point(keep)
    turned = {k: -v if k.endswith("_z") else v for k, v in inputs.items()}
    np.testing.assert_allclose(keep.forward(**inputs), replace.forward(**turned), rtol=1e-14)
    assert np.max(np.abs(keep.forward(**inputs) - replace.forward(**inputs))) > 1e-2
    for wrt, J in keep.jacobians(**inputs).items():
        close(J.dense() * (-1 if wrt.endswith("_z") else 1), replace.jacobian(wrt, **turned).dense(), 1e-13)


def test_conventions_of_the_reset_gate_agree_only_where_it_is_one_number():
    before, after = jac.GRUCell(), jac.GRUCell(reset="after")
    inputs = point(before)
    assert np.max(np.abs(before.forward(**inputs) - after.forward(**inputs))) > 1e-3
    even = {k: np.zeros_like(v) if k in ("W_r", "U_r", "b_r") else v for k, v in inputs.items()}  # r = 1/2
    np.testing.assert_allclose(before.forward(**even), after.forward(**even), rtol=1e-14)


def test_a_bias_of_zero_is_no_bias():
    for cell in CELLS:
        bare = type(cell)(bias=False)
        inputs = {k: np.zeros_like(v) if k.startswith("b") else v for k, v in point(cell).items()}
        kept = {k: v for k, v in inputs.items() if not k.startswith("b")}
        np.testing.assert_array_equal(bare.forward(**kept), cell.forward(**inputs))


def test_arguments_switch_the_biases():
    text = "x : 2\nh : 3\nW : 3 x 2\nU : 3 x 3\nb : 3\ny = elman_cell(x, h, W, U{}, activation=relu)"
    assert repr(jac.Model.parse(text.format("")).nodes["y"].op) == "ElmanCell(activation='relu', bias=False)"
    assert jac.Model.parse(text.format(", b")).nodes["y"].op.bias
    gru = "x : 2\nh : 3\ny = gru_cell(x, h, A, B, C, D, E, F)"
    assert not jac.Model.parse(gru).nodes["y"].op.bias
    assert jac.Model.parse(gru).shapes["F"] == (3, 3)


# ----- numbers -----


def exact(cell, inputs):
    """The output at 60 digits, from the textbook's formulas, as a function of the inputs."""

    def before(v, end, j):
        W, U = v[f"W{end}"], v[f"U{end}"]
        return mp.fdot(W[j], v["x"]) + mp.fdot(U[j], v["h"]) + v[f"b{end}"][j]

    def sigmoid(t):
        return 1 / (1 + mp.exp(-t))

    def entry(v, j):
        if cell.name == "elman_cell":
            return mp.tanh(before(v, "", j))
        if cell.name == "gru_cell":
            reset = [sigmoid(before(v, "_r", k)) * v["h"][k] for k in range(len(v["h"]))]
            n = mp.tanh(mp.fdot(v["W_n"][j], v["x"]) + mp.fdot(v["U_n"][j], reset) + v["b_n"][j])
            z = sigmoid(before(v, "_z", j))
            return z * v["h"][j] + (1 - z) * n
        c = sigmoid(before(v, "_f", j)) * v["c"][j] + sigmoid(before(v, "_i", j)) * mp.tanh(before(v, "_g", j))
        return c if cell.name == "lstm_cell_state" else sigmoid(before(v, "_o", j)) * mp.tanh(c)

    return entry


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
@EACH
def test_against_mpmath_up_to_the_ends_of_the_gates(cell, scale):
    rng = np.random.default_rng(7)
    inputs = point(cell, inputs=2, state=2)
    inputs["x"] = inputs["x"] * scale
    entry = exact(cell, inputs)
    with mp.workdps(60):
        v = {k: mp.matrix(a).tolist() if a.ndim == 2 else [mp.mpf(float(t)) for t in a] for k, a in inputs.items()}
        got = cell.forward(**inputs)
        close(got, np.array([float(entry(v, j)) for j in range(2)]), 1e-12)
        for wrt, J in cell.jacobians(**inputs).items():
            dense = J.dense()
            assert np.isfinite(dense).all()
            at = tuple(int(rng.integers(n)) for n in inputs[wrt].shape)
            want = [slope(functools.partial(entry, j=j), v, wrt, at) for j in range(2)]
            close(dense[(slice(None), *at)], np.array(want), 1e-12)


def slope(f, v, name, at):
    """The derivative of f(v) by one entry of one input."""
    *row, last = at
    value = v[name][row[0]][last] if row else v[name][last]

    def moved(t):
        array = [list(part) for part in v[name]] if row else list(v[name])
        (array[row[0]] if row else array)[last] = t
        return f({**v, name: array})

    return float(mp.diff(moved, value))


@EACH
def test_saturated_gates_have_no_slope_and_no_warning(cell):
    inputs = {k: np.full_like(v, 1e4) for k, v in point(cell).items()}
    inputs["h"], inputs["x"] = inputs["h"] * 0, inputs["x"] * -1
    for J in cell.jacobians(**inputs).values():
        assert np.isfinite(J.dense()).all()


def test_float32_stays():
    inputs = {k: v.astype(np.float32) for k, v in point(jac.LSTMCell()).items()}
    assert jac.LSTMCell().forward(**inputs).dtype == np.float32
    assert jac.LSTMCell().jacobian("W_f", **inputs).dtype == np.float32


# ----- refusals -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: jac.ElmanCell("softmax"),
            "ElmanCell: unknown activation 'softmax'; known are tanh, relu, sigmoid, id",
        ),
        (lambda: jac.GRUCell(reset="none"), "GRUCell: unknown reset 'none'; known are before, after"),
        (lambda: jac.GRUCell(update="add"), "GRUCell: unknown update 'add'; known are keep, replace"),
    ],
)
def test_unknown_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


@EACH
def test_shapes_that_do_not_fit(cell):
    inputs = point(cell)
    U = next(name for name in inputs if name.startswith("U"))
    W = next(name for name in inputs if name.startswith("W"))
    expected = (
        rf"{cell.label}.{U}: expected \(j j\) = \(3, 3\), got \(3, 5\); the new state has the size of the old one"
    )
    with pytest.raises(ShapeError, match=expected):
        cell.forward(**{**inputs, U: np.ones((3, 5))})
    with pytest.raises(ShapeError, match=rf"{cell.label}.{W}: expected \(j i\) = \(3, 5\), got \(3, 7\)"):
        cell.forward(**{**inputs, W: np.ones((3, 7))})
    with pytest.raises(ShapeError, match=rf"{cell.label}.*: expected .*7.*, got \(3.*\); h fixes j = 7"):
        cell.forward(**{**inputs, "h": np.ones(7)})
    with pytest.raises(ShapeError, match=rf"{cell.label}.x: expected .* without an empty axis, got \(0, 5\)"):
        cell.forward(**{**inputs, "x": np.ones((0, 5)), **{k: np.ones((0, 3)) for k in ("h", "c") if k in inputs}})
    missing = next(name for name in inputs if name.startswith("b"))
    with pytest.raises(InputError, match=f"{cell.label}: input {missing} is missing"):
        cell.forward(**{k: v for k, v in inputs.items() if k != missing})


def test_in_a_model_the_equation_is_named():
    text = "x : 2\nh : 3\nU : 3 x 5\ny = elman_cell(x, h, W, U, b)"
    with pytest.raises(
        ShapeError, match=r"in y = elman_cell\(x, h, W, U, b\): ElmanCell.U: expected \(j j\) = \(3, 3\)"
    ):
        jac.Model.parse(text)
