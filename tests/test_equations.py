"""From text to a model: what an equation means, and what a reader is told when it means nothing."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians import InputError, MathSyntaxError, Model, ModelError, ShapeError, mlp

POINT = {
    "x": np.array([1.0, -2.0, 3.0]),
    "u": np.array([0.5, 2.0, -1.0]),
    "v": np.array([2.0, 1.5]),
    "A": np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]]),
    "s": np.array(1.5),
}
HEAD = "x : 3\nu : 3\nv : 2\nA : 2 x 3\ns : scalar\n"


def value(right: str):
    used = "".join(line + "\n" for line in HEAD.splitlines() if line[0] in right)
    return Model.parse(f"{used}q = {right}").run({k: POINT[k] for k in POINT if f"{k} :" in used})["q"]


x, u, v, A, s = (POINT[k] for k in "xuvAs")


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        ("A @ x", A @ x),
        ("v @ A", v @ A),
        ("x @ u", x @ u),
        ("x.T @ u", x @ u),
        ("v @ x.T", np.outer(v, x)),
        ("v ⊗ x", np.outer(v, x)),
        ("A.T @ v", A.T @ v),
        ("A @ A.T", A @ A.T),
        ("x * u", x * u),
        ("x ⊙ u", x * u),
        ("s * x", s * x),
        ("x * s", s * x),
        ("2 x", 2 * x),
        ("x / 4", x / 4),
        ("x / u", x / u),
        ("3 / x", 3 / x),
        ("1 / x", 1 / x),
        ("-x + u", -x + u),
        ("x - 1", x - 1),
        ("1 - x", 1 - x),
        ("x - u - x", -u),
        ("x^2", x**2),
        ("x^3", x**3),
        ("-x^2", -(x**2)),
        ("1/2 * norm(x - u)^2", 0.5 * np.sum((x - u) ** 2)),
        ("norm(x)", np.sqrt(14.0)),
        ("‖x‖^2", 14.0),
        ("tanh(A @ x + v)", np.tanh(A @ x + v)),
        ("sum(x * u)", np.sum(x * u)),
        ("softmax(x)", np.exp(x) / np.exp(x).sum()),
        ("x[0] * u", x[0] * u),
        ("concat(x, v)", np.concatenate([x, v])),
        ("leaky_relu(x, slope=0.5)", np.where(x > 0, x, 0.5 * x)),
        ("s * s + s", s * s + s),
        ("quadratic(x, u ⊗ x)", x @ np.outer(u, x) @ x),
    ],
)
def test_value(right, expected):
    np.testing.assert_allclose(value(right), expected, rtol=1e-14)


def test_undeclared_sizes_follow_from_the_equations():
    model = Model.parse(
        "x : 3\nW1 : 4 x 3\ny : 2\nz1 = W1 @ x + b1\na1 = tanh(z1)\nz2 = W2 @ a1 + b2\nL = norm(z2 - y)^2"
    )
    assert (model.shapes["b1"], model.shapes["W2"], model.shapes["b2"]) == ((4,), (2, 4), (2,))


def test_equations_may_stand_in_any_order():
    model = Model.parse("L = sum(z)\nz = W @ x\nx : 3\nW : 2 x 3")
    assert list(model.named) == ["z", "L"]


def test_symbolic_sizes_become_different_primes_or_what_is_given():
    text = "n : size\nx : n\nW : m x n\nz = W @ x"
    assert sorted(Model.parse(text).shapes["W"]) == [2, 3]
    assert Model.parse(text, sizes={"m": 5, "n": 7}).shapes["W"] == (5, 7)
    with pytest.raises(InputError, match="unknown size 'k'; known are n, m"):
        Model.parse(text, sizes={"k": 2})


def test_a_value_in_the_text_need_not_be_given_again():
    model = Model.parse("x = [1, 2, 3]\nW = [[1, 0, 2], [0, 3, -1]]\nz = W @ x")
    np.testing.assert_array_equal(model.run()["z"], [7.0, 3.0])


def test_an_undefined_function_is_one_letter():
    run = Model.parse("x : 3\na = g(x)").run({"x": [0.1, 0.2, 0.3]})
    assert str(run.jacobian("a", "x")) == "δ_ii' g'(x)_i"


def test_a_part_written_twice_is_computed_once():
    model = Model.parse("x : 3\nW : 2 x 3\nz = tanh(W @ x) * (W @ x)")
    assert sum(n.op.name == "matmul" for n in model.nodes.values()) == 1
    run = model.run(model.random_point(1))
    assert run.check().ok


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("z = W @ x\nx : 3\nW : 4 x 2", ShapeError, r"in z = W @ x: Matmul expects x as \(j\) = \(2\), got \(3\)"),
        ("z = W @ x", ShapeError, r"W: expected a shape that the equations fix, got \(\?, \?\)"),
        (
            "x : 3\nz = tahn(x)",
            ModelError,
            r"line 2, column 5, in z = tahn\(x\): unknown function tahn; .*tanh",
        ),
        ("z = y + 1\ny = z", ModelError, "line 2: y depends on itself through z"),
        ("x : 3\nz = 2 * 3", MathSyntaxError | ModelError, "constant"),
        ("x : 3", ModelError, "no equation"),
        ("x : 3\ny : 3\nz = x ^ y", ModelError, "an exponent must be a number"),
        ("x : 3\nz = tanh'(x)", ModelError, "a derivative cannot stand in a model"),
        ("x : 3\nz = tanh(x, 2)", ModelError, r"tanh takes 1 argument \(x\), got 2"),
        ("x : 3\nz = tanh(2)", ModelError, "a function of a constant"),
        ("x : 3\nz = tanh(x, x)", ModelError, r"tanh takes 1 argument \(x\), got 2"),
        ("x : 3\nz = leaky_relu(x, alpha=2)", InputError, "unknown option 'alpha'; known are slope"),
        ("x : 3\nz = x / (1 - 1)", ModelError, "divides by zero"),
        ("x : 3\nz = 1e308 * 10 * x", ModelError, r"1e308 \* 10 is larger than a float can hold"),
        ("x : 3\nz = x[1.5]", ModelError, "an index in a model is a whole number"),
        ("k : layer\nx : 3\nz = tanh(x)", ModelError, "generic layer"),
        ("x : 2\nx = [1, 2, 3]\nz = tanh(x)", ValueError, "x"),
        ("x : 3\nz = tanh(x", MathSyntaxError, "line 2, column"),
    ],
)
def test_what_is_wrong_is_said(text, error, message):
    kinds = error.__args__ if hasattr(error, "__args__") else error
    with pytest.raises(kinds, match=message):
        Model.parse(text)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Model.read(tmp_path / "nothing.txt")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        Model.read(tmp_path / "binary")


class TestMlp:
    def test_default_is_what_the_commands_show(self):
        assert mlp([3, 4, 2]).equations() == {
            "z1": "W1 @ x + b1",
            "a1": "tanh(z1)",
            "z2": "W2 @ a1 + b2",
            "L": "1/2 * norm(z2 - y)^2",
        }

    @pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error", "cross_entropy", "cross_entropy_index"])
    @pytest.mark.parametrize("batch", [None, 5])
    def test_every_loss_checks(self, loss, batch):
        model = mlp([3, 7, 2], activation="sigmoid", loss=loss, batch=batch)
        run = model.run(model.random_point(2))
        report = run.check(pairs=[("L", "W1"), ("L", "b2")])
        assert report.ok, str(report)

    def test_wrong_arguments(self):
        with pytest.raises(InputError, match="at least two positive integers"):
            mlp([3])
        with pytest.raises(InputError, match="unknown activation 'tanhh'"):
            mlp([3, 2], activation="tanhh")
        with pytest.raises(InputError, match="unknown loss 'l2'"):
            mlp([3, 2], loss="l2")


class TestCollapse:
    def test_a_linear_network_is_one_layer(self):
        model = mlp([3, 5, 4, 2], activation="identity", loss=None)
        point = model.random_point(3)
        W1, W2, W3 = (point[f"W{k}"] for k in (1, 2, 3))
        b1, b2, b3 = (point[f"b{k}"] for k in (1, 2, 3))
        layer = model.collapse(point)
        np.testing.assert_allclose(layer.values["W"], W3 @ W2 @ W1, rtol=1e-13)
        np.testing.assert_allclose(layer.values["b"], W3 @ (W2 @ b1 + b2) + b3, rtol=1e-13)
        first, second = (layer.run({"x": x}).jacobian("z3", "x").dense() for x in (POINT["x"], -7 * POINT["x"]))
        np.testing.assert_array_equal(first, second)

    @pytest.mark.parametrize("activation", ["tanh", "relu", "softmax", "g", "hard_tanh"])
    def test_otherwise_the_node_is_named(self, activation):
        with pytest.raises(ModelError, match=rf"a1 = {activation}\(z1\) is not linear in z1"):
            mlp([3, 5, 2], activation=activation, loss=None).collapse()

    def test_a_product_of_two_moving_parts_is_not_linear(self):
        with pytest.raises(ModelError, match=r"z = x \* x is not linear in x"):
            Model.parse("x : 3\nz = x * x").collapse()
        with pytest.raises(ModelError, match=r"z = clip\(x, low=-1e9, high=1e9\) is not linear in x \(clip\)"):
            Model.parse("x : 3\nz = clip(x, low=-1e9, high=1e9)").collapse()


def test_a_random_point_of_a_broken_power_is_positive():
    model = Model.parse("x : 5\nz = x^0.5")
    np.testing.assert_allclose(model.run(model.random_point())["z"] ** 2, model.random_point()["x"], rtol=1e-14)


def test_an_inner_product_reads_as_one():
    model = Model.parse("x : 3\nv : 3\nz = (x @ v) * x")
    J = model.run(model.random_point(0)).jacobian("z", "x")
    assert str(J) == "δ_ij (x.T @ v) + x_i v_j"
    assert r"x^\top v" in J.latex()


def test_thousands_of_equations_may_come_in_any_order():
    lines = [f"h{k} = tanh(h{k - 1})" for k in range(2000, 0, -1)]
    model = Model.parse("\n".join([*lines, "h0 : 3"]))
    assert list(model.named) == [f"h{k}" for k in range(1, 2001)]
    assert model.shapes["h2000"] == (3,)
    with pytest.raises(ModelError, match=r"^line 2000: h1 depends on itself through h2000; break the cycle$"):
        Model.parse("\n".join([*lines[:-1], "h1 = tanh(h2000)"]))
