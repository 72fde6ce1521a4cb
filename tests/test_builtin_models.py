"""The built-in networks: equations, wrong arguments, Jacobians by every witness, and the commands on them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import jacobians as jac
from jacobians import ops, show
from jacobians.built_in import BUILT_IN
from jacobians.display import in_lines, nonzeros, sum_lines, toeplitz_text
from jacobians.errors import InputError, ModelError
from jacobians.op_pages import MATRICES
from jacobians.ops import FAMILIES, FILES, OPS
from jacobians.show import as_latex, collect, pairs
from tests.test_katex import problems, remembered

#: Kept small: every Jacobian of every one is checked.
MODELS = {
    "cnn": lambda: jac.cnn(),
    "cnn, average": lambda: jac.cnn((2, 4, 5), (3,), kernel=2, padding=0, pooling="avg", classes=2),
    "cnn, two convolutions": lambda: jac.cnn((1, 3, 4), (2, 3), kernel=2, padding=0, pooling=None, activation="tanh"),
    "cnn, batch": lambda: jac.cnn((1, 4, 2), (2,), kernel=3, pooling="max", classes=2, batch=2),
    "block": lambda: jac.transformer_block(2, 4, 2, 3),
    "block, post": lambda: jac.transformer_block(3, 2, 1, 5, norm="post", activation="tanh", causal=True),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_every_jacobian_agrees_with_every_witness(make):
    model = make()
    run = model.run(model.random_point(seed=1))
    wrt = [n for n in model.leaves if n[0] in "xXWbg"]
    report = run.check(of=model.output, wrt=wrt, witnesses=("forward", "backward", "complex step", "differences"))
    assert report.ok, str(report)
    assert {c.wrt for c in report.comparisons} == set(wrt)
    assert all(run.jacobian(model.output, name).dense().any() for name in wrt)


def test_equations_of_a_cnn():
    model = jac.cnn((3, 6, 5), (2, 4), kernel=2, padding=1, classes=7)
    assert model.equations() == {
        "z1": "conv2d(x, W1, b1, padding=1)",
        "a1": "relu(z1)",
        "p1": "max_pool2d(a1, size=2)",
        "z2": "conv2d(p1, W2, b2, padding=1)",
        "a2": "relu(z2)",
        "p2": "max_pool2d(a2, size=2)",
        "h": "flatten(p2)",
        "z3": "W3 @ h + b3",
        "L": "cross_entropy(z3, y)",
    }
    assert model.shapes["z1"] == (2, 7, 6)
    assert model.shapes["p1"] == (2, 3, 3)
    assert model.shapes["h"] == (4 * 2 * 2,)
    assert model.parameters() == ("W1", "b1", "W2", "b2", "W3", "b3")


def test_a_cnn_is_the_textbook_computation():
    """One convolution by loops, relu, the largest of each square, a linear layer, softmax cross-entropy."""
    model = jac.cnn((2, 4, 5), (3,), kernel=2, padding=0, classes=2)
    run = model.run(model.random_point(seed=3))
    x, W, b, V, c, y = (run[name] for name in ("x", "W1", "b1", "W2", "b2", "y"))
    z = np.array(
        [[[np.sum(W[o] * x[:, i : i + 2, j : j + 2]) + b[o] for j in range(4)] for i in range(3)] for o in range(3)]
    )
    pooled = np.array([[[np.maximum(z[o, :2, j : j + 2], 0).max() for j in (0, 2)]] for o in range(3)])
    logits = V @ pooled.ravel() + c
    loss = -np.sum(y * (logits - np.log(np.sum(np.exp(logits)))))
    np.testing.assert_allclose(run["L"], loss, rtol=1e-12)


def test_equations_of_a_transformer_block():
    model = jac.transformer_block(causal=True)
    assert model.equations() == {
        "N1": "layer_norm(X, gamma1, beta1)",
        "A": "self_attention(N1, W_Q, W_K, W_V, W_O, heads=2, causal=true)",
        "H": "X + A",
        "N2": "layer_norm(H, gamma2, beta2)",
        "Z": "N2 @ W1.T + b1",
        "G": "gelu(Z)",
        "Y": "H + G @ W2.T + b2",
        "L": "1/2 * norm(Y - T)^2",
    }
    attention = {"W_Q", "W_K", "W_V", "W_O"}
    assert {*model.parameters()} == attention | {"W1", "b1", "W2", "b2", "gamma1", "beta1", "gamma2", "beta2"}
    assert jac.transformer_block(loss=None).output == "Y"
    assert jac.transformer_block(loss="cross_entropy").equations()["L"] == "cross_entropy(Y, T)"
    post = jac.transformer_block(norm="post").equations()
    assert post["H"] == "layer_norm(X + A, gamma1, beta1)"
    assert post["Y"] == "layer_norm(H + F, gamma2, beta2)"


def test_a_causal_block_does_not_look_ahead():
    """dY/dX[t | s] = 0 for s > t; without the mask it is not."""
    for causal in (True, False):
        model = jac.transformer_block(3, 4, 2, 5, causal=causal, loss=None)
        J = model.run(model.random_point(0)).jacobian("Y", "X").dense()
        ahead = np.abs(J[0, :, 1:]).max()
        assert (ahead == 0) == causal
        assert np.abs(J[2, :, :2]).min() > 0


WRONG = [
    (lambda: jac.cnn((4, 4)), r"cnn.shape: expected \(channels, height, width\), as in \(1, 4, 4\), got \(4, 4\)"),
    (lambda: jac.cnn((1, 0, 4)), r"cnn.shape: .* got \(1, 0, 4\)"),
    (lambda: jac.cnn(channels=()), r"cnn.channels: .* got \(\)"),
    (lambda: jac.cnn(channels=(2, -1)), r"cnn.channels: .* got \(2, -1\)"),
    (lambda: jac.cnn(kernel=0), "cnn.kernel: expected a positive integer, got 0"),
    (lambda: jac.cnn(classes=2.5), "cnn.classes: expected a positive integer, got 2.5"),
    (lambda: jac.cnn(batch=0), "cnn.batch: expected a positive integer, got 0"),
    (lambda: jac.cnn(padding=-1), "cnn.padding: expected an integer from 0, got -1"),
    (lambda: jac.cnn(pooling="mean"), "unknown pooling 'mean'; known are max, avg"),
    (lambda: jac.cnn(activation="rleu"), "unknown activation 'rleu'"),
    (lambda: jac.cnn((1, 4, 4), kernel=7), "cnn.kernel: expected at most 6 in layer 1, whose input is 4 x 4 .* got 7"),
    (
        lambda: jac.cnn((1, 4, 4), (1, 1, 1, 1)),
        "cnn.pooling: layer 3 makes 1 x 1, too small for a pool of 2 x 2; take a larger image",
    ),
    (lambda: jac.transformer_block(tokens=0), "transformer_block.tokens: expected a positive integer, got 0"),
    (
        lambda: jac.transformer_block(width=6, heads=4),
        "transformer_block.heads: expected a number of heads that divides width = 6, got 4",
    ),
    (lambda: jac.transformer_block(norm="both"), "unknown norm 'both'; known are pre, post"),
    (lambda: jac.transformer_block(causal=1), "transformer_block.causal: expected True or False, got 1"),
    (lambda: jac.transformer_block(activation="gleu"), "unknown activation 'gleu'"),
    (
        lambda: jac.transformer_block(loss="cross_entropy_index"),
        "unknown loss 'cross_entropy_index'; known are squared",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[m[:45] for _, m in WRONG])
def test_wrong_arguments(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_block_has_no_deltas_and_says_why():
    model = jac.transformer_block(2, 2, 1, 3)
    with pytest.raises(ModelError, match="not a layered network"):
        model.run(model.random_point(0)).deltas()


# ----- commands -----


@pytest.fixture
def _collected_once(monkeypatch):
    """All formats print the same Jacobians of the same network at the same point: they are worked out once."""
    known = remembered(show.collect, lambda run, chosen, order: (*run.model.equations().items(), *chosen, order))
    monkeypatch.setattr(show, "collect", known)


@pytest.mark.usefixtures("_collected_once")
@pytest.mark.parametrize("name", BUILT_IN)
def test_commands_take_every_built_in_network(run_command, name):
    model = BUILT_IN[name]()
    last = model.output
    status, out, err = run_command("show", name, "--of", last, "--no-check")
    assert (status, err) == (0, "")
    assert f"∂{last}/∂{model.parameters()[0]} = " in out
    assert max(map(len, out.splitlines())) <= 80
    status, out, err = run_command("graph", name)
    assert (status, err) == (0, "")
    assert "Backpropagation, back to front" in out
    assert max(map(len, out.splitlines())) <= 80
    data = json.loads(run_command("show", name, "--of", last, "--no-check", "--json")[1])
    assert data["model"] == model.equations()
    for form in ("latex", "markdown"):
        status, out, err = run_command("show", name, "--of", last, "--no-check", "--format", form)
        assert (status, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 700


def test_a_file_is_preferred_to_a_built_in_network(run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cnn").write_text("x : 2\nz = tanh(x)\n", encoding="utf-8")
    assert "z = tanh(x)" in run_command("graph", "cnn")[1]


def test_an_unknown_model_lists_the_built_in_ones(run_command):
    status, _, err = run_command("show", "cn")
    assert status == 2
    assert "model 'cn': no such file, and no built-in network has this name; known are mlp, cnn, rnn, lstm, gru" in err
    assert ", ".join(BUILT_IN) in err
    assert "cannot be read: No such file" in run_command("show", "cnn.txt")[2]
    assert "transformer_block" in run_command("show", "--help")[1]


def test_a_convolution_says_that_it_is_toeplitz(run_command):
    _, out, _ = run_command("show", "cnn", "--of", "z1", "--wrt", "x", "--no-check")
    assert "(2, 4, 4 | 1, 4, 4)  6-D tensor, 2·4·4·1·4·4 = 512 entries, 200 can differ" in out
    assert "2 x 1 blocks (i), each banded block Toeplitz with Toeplitz blocks (BTTB)" in out
    assert "j | m: every block row is the one before shifted right by 1" in out


# ----- op pages -----


def test_every_file_of_ops_belongs_to_a_family():
    files = Path(ops.__file__).parent.glob("*.py")
    having = {file.stem for file in files if re.search(r"^OPS\b.* = \(", file.read_text(encoding="utf-8"), re.M)}
    assert {file.__name__.rpartition(".")[2] for file in FILES} == having


def test_the_table_is_grouped_and_its_lines_are_short(run_command):
    _, out, _ = run_command("op")
    lines = out.splitlines()
    heads = [line for line in lines if line.endswith("──")]
    assert [head.rstrip("─ ") for head in heads] == list(FAMILIES)
    at = {line.split()[0]: k for k, line in enumerate(lines) if line and line[0] not in " ─"}
    assert lines.index(heads[0]) < at["linear"] < at["softmax"] < at["cross_entropy"]
    assert "    ∂a/∂W = δ_oo' x_i" in lines


@pytest.mark.parametrize("name", MATRICES)
def test_sheets_show_the_matrix_in_symbols(run_command, name):
    _, out, _ = run_command("op", name)
    assert f"The matrix ∂vec({OPS[name].symbol})/∂vec(x) of a smaller example, x (1," in out
    assert "banded " in out
    assert " Toeplitz" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_sheet_of_conv1d(run_command):
    _, out, _ = run_command("op", "conv1d")
    picture = ["  [W_1 W_2 W_3  0   0 ]", "  [ 0  W_1 W_2 W_3  0 ]", "  [ 0   0  W_1 W_2 W_3]"]
    lines = out.splitlines()
    assert lines[lines.index(picture[0]) :][:3] == picture
    assert "  Hankel, 3 x 3, for all values of x" in lines


# ----- long formulas and large tensors -----


def test_long_sums_break_before_a_summand():
    formula = "δ_ij (a + b)_i - 2 [i = j + 1] x_i + y_j"
    assert sum_lines(formula, 25) == ["δ_ij (a + b)_i", "- 2 [i = j + 1] x_i + y_j"]
    assert sum_lines(r"a_{i + 1} - \left(b - c\right)_{j}", 12) == [r"a_{i + 1}", r"- \left(b - c\right)_{j}"]
    assert sum_lines("-x", 1) == ["-x"]


def test_sums_of_many_summands_are_cut():
    formula = " + ".join(f"summand_{k}" for k in range(30))
    assert in_lines(formula, 24, most=3).splitlines() == [
        "summand_0 + summand_1",
        "+ summand_2 + summand_3",
        "+ summand_4 + summand_5",
        "... and 24 more summands",
    ]
    assert in_lines(formula, 24, most=30).splitlines()[-1] == "+ summand_29"
    assert in_lines("a + b", 1, most=1).splitlines() == ["a", "... and 1 more summand"]


def test_a_sum_too_long_to_print_is_one_step_of_the_chain_rule(run_command):
    _, out, _ = run_command("show", "lstm", "--of", "L", "--wrt", "h0", "--no-check")
    gates = [f"∂L/∂{z} ∂{z}/∂h0" for z in ("z_f1", "z_i1", "z_o1", "z_g1")]
    assert "∂L/∂h0 = " + " + ".join(gates[:3]) in " ".join(out.split())
    _, out, _ = run_command("show", "lstm", "--of", "L", "--wrt", "h0", "--no-check", "--format", "latex")
    assert r"&= \frac{\partial L}{\partial z_{f^{(1)}}} \frac{\partial z_{f^{(1)}}}{\partial h^{(0)}} + " in out
    data = json.loads(run_command("show", "lstm", "--of", "L", "--wrt", "h0", "--no-check", "--json")[1])
    (found,) = data["jacobians"]
    assert found["index"].startswith("∂L/∂z_f1 ∂z_f1/∂h0 + ")
    assert found["latex"].startswith(r"\frac{\partial L}{\partial z_{f^{(1)}}}")
    assert found["tensor"] is None


def test_a_step_beside_other_ways_is_direct(run_command, tmp_path):
    """L of x through 3^4 products; u reads x itself, too."""
    lines = ["x : 2", "u0 = tanh(x)"] + [f"u{k + 1} = u{k} * tanh(u{k}) + sin(u{k})" for k in range(4)]
    path = tmp_path / "long.txt"
    path.write_text("\n".join([*lines, "L = sum(u4 * x)"]), encoding="utf-8")
    _, out, _ = run_command("show", path, "--of", "L", "--wrt", "x", "--no-check")
    assert "∂L/∂x = ∂L/∂u0 ∂u0/∂x + ∂L/∂x (direct)" in out
    _, out, _ = run_command("show", path, "--of", "L", "--wrt", "x", "--no-check", "--format", "latex")
    assert r"+ \left.\frac{\partial L}{\partial x}\right|_{\mathrm{direct}}" in out


def test_zeros_by_structure_are_those_of_the_terms_that_print():
    model = jac.cnn(pooling=None)
    J = model.run(model.random_point(0)).jacobian("z1", "x")
    assert nonzeros(J) == np.count_nonzero(J.dense()) == 200
    assert toeplitz_text(jac.mlp([2, 3]).run(jac.mlp([2, 3]).random_point(0)).jacobian("z1", "x")) == ""


def test_many_matrices_of_one_tensor_are_cut(run_command):
    _, out, _ = run_command("show", "cnn", "--of", "a1", "--wrt", "z1", "--no-check")
    assert 0 < out.count("i = ") <= 8 + 1
    assert "i = 0, j = 0, k = 0, i' = 0" in out
    assert "i = 1, j = 3, k = 3, i' = 1" in out


@pytest.mark.katex
def test_formulas_of_every_built_in_network_render():
    tex = []
    for make in BUILT_IN.values():
        model = make()
        run = model.run(model.random_point(0))
        tex += [as_latex([item]) for item in collect(run, pairs(model), "best")]
    assert len(tex) > 50
    assert problems(tex) == [None] * len(tex)
