"""The textbook's delta-formulas: numbers by hand, agreement with the algebra of terms, and when they do not apply."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.deltas import DeltaFormulas, delta_gradients, deltas
from jacobians.op import Op

FROM_OPS = jac.Model(
    {"x": 3, "W1": (5, 3), "b1": 5, "W2": (2, 5), "b2": 2, "y": 2},
    [
        jac.node("z1", jac.Linear(), x="x", W="W1", b="b1"),
        jac.node("a1", jac.Tanh(), x="z1"),
        jac.node("z2", jac.Linear(), x="a1", W="W2", b="b2"),
        jac.node("L", jac.SquaredError(), a="z2", y="y"),
    ],
)


def from_text(g1: str = "tanh(z1)", loss: str = "1/2 * norm(z2 - y)^2", target: str = "2") -> jac.Model:
    return jac.Model.parse(
        f"""
        x : 3
        W1 : 5 x 3
        b1 : 5
        W2 : 2 x 5
        b2 : 2
        y : {target}
        z1 = W1 @ x + b1
        a1 = {g1}
        z2 = b2 + W2 @ a1
        L = {loss}
        """
    )


LAYERED = {
    "ops": FROM_OPS,
    "equations": from_text(),
    "sigmoid": from_text("sigmoid(z1)"),
    "relu": from_text("relu(z1)"),
    "identity": from_text("identity(z1)"),
    "not in the table": from_text("softplus(z1)"),
    "several ops, entry by entry": from_text("z1 * sigmoid(z1)"),
    "softmax inside": from_text("softmax(z1)"),
    "logits": from_text(loss="cross_entropy_index(z2, y)", target="scalar"),
    "softmax": jac.mlp([3, 5, 2], output_activation="softmax"),
    "last activation": jac.mlp([3, 5, 2], activation="sigmoid", output_activation="tanh"),
    "three layers": jac.mlp([3, 5, 7, 2]),
    "one layer": jac.mlp([3, 2], output_activation="sigmoid"),
    "nested": jac.Model.parse("x : 3\nW1 : 5 x 3\nW2 : 2 x 5\nL = sum(sin(W2 @ tanh(W1 @ x)))"),
}


@pytest.mark.parametrize("model", LAYERED.values(), ids=LAYERED)
def test_equal_to_the_product_of_jacobians(model):
    run = model.run(model.random_point(seed=3))
    for name, delta in deltas(run).items():
        np.testing.assert_allclose(delta, run.jacobian("L", name).dense(), rtol=1e-12, atol=1e-15)
    gradients = delta_gradients(run)
    assert set(gradients) == set(model.parameters())
    for name, gradient in run.gradients().items():
        assert gradients[name].shape == run[name].shape
        np.testing.assert_allclose(gradients[name], gradient, rtol=1e-12, atol=1e-15)


def test_numbers_by_hand():
    # z = (1*1 + 2*2 - 1, 3*1 + 4*2 + 2) = (4, 13), L = (1/2)((4 - 1)^2 + (13 - 11)^2), delta = (3, 2)
    model = jac.Model.parse("x : 2\nW : 2 x 2\nb : 2\ny : 2\nz = W @ x + b\nL = 1/2 * norm(z - y)^2")
    run = model.run({"x": [1, 2], "W": [[1, 2], [3, 4]], "b": [-1, 2], "y": [1, 11]})
    np.testing.assert_allclose(deltas(run)["z"], [3, 2], rtol=1e-15)
    np.testing.assert_allclose(delta_gradients(run)["W"], [[3, 6], [2, 4]], rtol=1e-15)
    np.testing.assert_allclose(delta_gradients(run)["b"], [3, 2], rtol=1e-15)


def test_names_in_the_order_of_the_network():
    run = FROM_OPS.run(FROM_OPS.random_point())
    assert list(run.deltas()) == ["z1", "z2"]
    assert list(delta_gradients(run)) == ["W1", "b1", "W2", "b2"]


def test_no_rule_of_an_op_is_used(monkeypatch):
    model = LAYERED["softmax"]
    run = model.run(model.random_point())
    expected = run.jacobian("L", "z1").dense()
    monkeypatch.setattr(Op, "jacobian", None)
    monkeypatch.setattr(Op, "_jacobian", None)
    np.testing.assert_allclose(deltas(model.run(run.point))["z1"], expected, rtol=1e-12)


def test_exact_tells_whether_a_difference_took_part():
    for name, exact in {"softmax": True, "relu": True, "not in the table": True}.items():
        model = LAYERED[name]
        assert DeltaFormulas(model.run(model.random_point())).exact is exact
    model = from_text("leaky_relu(z1)")
    run = model.run(model.random_point())
    formulas = DeltaFormulas(run)
    assert not formulas.exact
    np.testing.assert_allclose(formulas.signals["z1"], run.jacobian("L", "z1").dense(), rtol=1e-8)


@pytest.mark.parametrize("z", [-1e4, -40.0, -1e-3, 0.0, 1e-3, 40.0, 1e4])
def test_slopes_of_the_table_neither_overflow_nor_cancel(z):
    from jacobians.deltas import SLOPES

    for name, slope in SLOPES.items():
        expected = jac.OPS[name].jacobian("x", x=z).dense()
        np.testing.assert_allclose(slope(z), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x : 3\nW : 3 x 3\nz1 = W @ x\na1 = tanh(z1)\nz2 = W @ a1\nL = sum(z2)", r"W is used 2 times, in z1, z2"),
        ("x : 3\nW : 5 x 3\nz = W @ x\nL = sum(z^2) + sum(W^2)", r"W is used 2 times, in z, L \(shared weights\)"),
        (
            "x : 3\nW1 : 5 x 3\nW2 : 5 x 5\nz1 = W1 @ x\na1 = tanh(z1)\nz2 = W2 @ a1\na2 = sin(z2) + a1\nL = sum(a2)",
            r"L depends on z1 by a way that passes z2 by \(a skip connection\)",
        ),
        ("x : 5 x 3\nW : 2 x 3\nz = x @ W.T\nL = sum(z^2)", r"z has shape \(5, 2\), several samples at once"),
        ("x : 3\nL = sum(sin(x))", r"no equation on the way to L is a weight matrix times a vector"),
    ],
    ids=["shared", "weight decay", "skip", "batch", "no layer"],
)
def test_not_layered(text, reason):
    model = jac.Model.parse(text)
    with pytest.raises(jac.ModelError, match=f"not a layered network: {reason}.*; expected layers z = W a"):
        model.run(model.random_point()).deltas()


def test_loss_must_be_a_number():
    with pytest.raises(jac.ModelError, match=r"z2 has shape \(2\), and only a scalar loss has deltas"):
        FROM_OPS.run(FROM_OPS.random_point()).deltas("z2")
    with pytest.raises(jac.InputError, match="deltas: unknown name 'E'"):
        FROM_OPS.run(FROM_OPS.random_point()).deltas("E")


def test_weights_that_are_computed_are_refused():
    model = jac.Model(
        {"x": 3, "V": (5, 3), "b": 5},
        [
            jac.node("z", jac.Linear(), x="x", W="V", b="c"),
            jac.node("c", jac.Tanh(), x="b"),
            jac.node("L", jac.SquaredNorm(), x="z"),
        ],
    )
    with pytest.raises(jac.ModelError, match=r"c in z = linear\(x, V, c\) is itself computed"):
        model.run(model.random_point()).deltas()
