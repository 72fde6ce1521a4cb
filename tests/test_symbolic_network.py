"""Jacobians of networks in closed form: shared values as symbols, or written out in the leaves, against the numbers."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
import symbolic
from jacobians import settings
from jacobians.checks import WitnessError
from jacobians.errors import DenseLimitError, FormError, InputError
from jacobians.op import Op, term
from symbolic.network import SympyDerivatives
from tests.contract import close
from tests.evaluation import Evaluation, letters, object_array

LEAVES = "x : 2\ny : 2\nW1 : 3 x 2\nb1 : 3\nW2 : 2 x 3\nb2 : 2\n"

NETWORKS = {
    "tanh": "z1 = W1 @ x + b1\na1 = tanh(z1)\nz2 = W2 @ a1 + b2\nL = norm(z2 - y)^2",
    "sigmoid in one equation": "z2 = W2 @ sigmoid(W1 @ x + b1) + b2\nL = squared_error(softmax(z2), y)",
    "softmax and cross-entropy": "z = W2 @ relu(W1 @ x + b1) + b2\np = softmax(z)\nL = cross_entropy(z, y) + sum(p)/7",
    "layer norm": "h = layer_norm(W1 @ x, b1, b1)\nL = sum(W2 @ gelu(h) * b2)",
    "an op by order": "z = W2 @ max(W1, axis=1)\nL = z @ y",
    "a composite op": "h = elman_cell(x, y, W2 @ W1, W2 @ W1, b2)\nL = norm(h)^2",
    "a skip": "h = tanh(W1 @ x) + b1\nk = h * h + h\nL = sum(W2 @ k)",
}


def model_of(name: str) -> jac.Model:
    leaves = [line for line in LEAVES.splitlines(keepends=True) if line.split()[0] in NETWORKS[name]]
    return jac.Model.parse("".join(leaves) + NETWORKS[name])


def at(point, found) -> dict[str, np.ndarray]:
    """The numbers of all arrays."""
    numbers = Evaluation(letters(point))
    for symbol, expression in found.definitions:
        numbers.define(symbol, expression)
    return {name: numbers.array(object_array(J)) for name, J in found.arrays.items()}


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "written out"])
@pytest.mark.parametrize("name", NETWORKS)
def test_network_equals_numbers(name, shared):
    model = model_of(name)
    point = model.random_point(3)
    run = model.run(point)
    wrts = model.differentiable()
    found = at(point, symbolic.entries_of(model, wrt=wrts, shared=shared))
    assert list(found) == list(wrts)
    for wrt in wrts:
        close(found[wrt], run.jacobian(model.output, wrt).dense(), 1e-12)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "written out"])
def test_every_pair_of_a_network(shared):
    model = model_of("tanh")
    point = model.random_point(5)
    run = model.run(point)
    for of in model.named:
        wrts = [*model.leaves, *model.named]
        found = symbolic.entries_of(model, of, wrts, shared)
        if not shared:
            assert found.definitions == []
            point = {**run.values}  # inner nodes are not written out where the Jacobian is taken by them
        for wrt, J in at(point, found).items():
            close(J, run.jacobian(of, wrt).dense(), 1e-12)


def test_batches_of_rows():
    model = jac.Model.parse("X : 5 x 2\nW1 : 2 x 3\nA = tanh(X @ W1)\nP = softmax(A)\nL = sum(P * P)")
    point = model.random_point(1)
    found = symbolic.entries_of(model, "L", ["X", "W1"])
    for wrt, J in at(point, found).items():
        close(J, model.run(point).jacobian("L", wrt).dense(), 1e-12)


def test_definitions_read():
    model = jac.Model.parse("x : 2\nW : 1 x 2\nz = W @ x\na = tanh(z)\nL = norm(a)^2")
    found = symbolic.entries_of(model, "L", ["W"])
    assert [f"{symbol} = {expression}" for symbol, expression in found.definitions] == [
        "z_0 = W_0_0*x_0 + W_0_1*x_1",
        "a_0 = tanh(z_0)",
        "dL_dz_0 = 2*a_0*(1 - a_0**2)",
    ]
    assert str(found.arrays["W"]) == "[[dL_dz_0*x_0, dL_dz_0*x_1]]"
    written_out = symbolic.entries_of(model, "L", "W", shared=False)
    z = "W_0_0*x_0 + W_0_1*x_1"
    assert str(written_out.arrays["W"][0, 0]) == f"2*x_0*(1 - tanh({z})**2)*tanh({z})"


def test_names_inside_a_composite_op():
    model = jac.Model.parse("x : 2\nW : 2 x 3\nV : 2 x 3\nb : 3\nc : 3\nh = glu(x, W, V, b, c)\nL = sum(h)")
    names = {str(symbol) for symbol, _ in symbolic.entries_of(model, "L", "V").definitions}
    assert {"h_u_0", "h_v_2", "dh_dh_v_0"} <= names


def test_by_default_the_last_node_by_all_parameters():
    found = symbolic.entries_of(model_of("tanh"))
    assert list(found.arrays) == ["W1", "b1", "W2", "b2"]
    assert [tuple(map(int, J.shape)) for J in found.arrays.values()] == [(3, 2), (3,), (2, 3), (2,)]


def test_a_deep_network():
    layers = "\n".join(f"x{k + 1} = tanh(x{k})" for k in range(400))
    model = jac.Model.parse(f"x0 : 1\n{layers}")
    assert symbolic.entries_of(model, "x400", "x0").definitions[-1][0].name == "dx400_dx1_0"
    with pytest.raises(FormError, match=r"entries of dx400: .* got 400 nodes, one inside the other; use shared=True"):
        symbolic.entries_of(model, "x400", "x0", shared=False)


# ----- what is refused -----


def test_unknown_names():
    with pytest.raises(InputError, match=r"symbolic.entries_of: unknown name 'W3'; known are x, y, W1, b1, W2, b2, z1"):
        symbolic.entries_of(model_of("tanh"), "L", "W3")


def test_data_have_no_derivative():
    model = jac.Model({"z": 3, "y": ()}, [jac.node("L", jac.CrossEntropyIndex(), z="z", y="y")])
    with pytest.raises(InputError, match="no Jacobian by y: class indices are not differentiable"):
        symbolic.entries_of(model, "L", "y")
    point = {"z": np.array([0.3, -1.0, 2.0]), "y": np.array(1)}
    close(at(point, symbolic.entries_of(model, "L", "z"))["z"], model.run(point).jacobian("L", "z").dense(), 1e-12)


def test_two_names_for_one_symbol():
    model = jac.Model.parse("x : 3 x 2\nx_1 : 2\nL = sum(x @ x_1)")
    with pytest.raises(InputError, match="entries of x and of x_1 would both be called x_1_0; rename one of the two"):
        symbolic.entries_of(model, "L", "x")


def test_names_that_are_no_identifiers():
    model = jac.Model({"a b": 2}, [jac.node("L", jac.Sum(), x="a b")])
    with pytest.raises(InputError, match="expected a name such as x or W1 for an array, got 'a b'; rename it"):
        symbolic.entries_of(model, "L", "a b")


def test_too_many_entries(monkeypatch):
    monkeypatch.setattr(settings, "dense_limit", 40)
    message = r"entries of dL/dW1: the array of shape \(\) \| \(3, 2\) needs at least 48 bytes, the limit is 40"
    with pytest.raises(DenseLimitError, match=message):
        symbolic.entries_of(model_of("tanh"), "L", "W1")


class Halved(Op):
    """y = x / 2, without an index formula."""

    inputs = {"x": "..."}
    output = "..."

    def compute(self, x):
        return x / 2


def test_an_op_without_a_formula():
    model = jac.Model({"x": 2}, [jac.node("h", Halved(), x="x"), jac.node("L", jac.Sum(), x="h")])
    with pytest.raises(FormError, match="Halved: no entries in symbols: it has no index formula"):
        symbolic.entries_of(model, "L", "x")


class Tanh(Halved):
    """y = x / 2 under the name of an op of the package."""

    def d_x(self):
        return term("-> ... | ...", coef=0.5)


def test_the_witness_takes_no_formula_of_another_op():
    model = jac.Model({"x": 2}, [jac.node("h", Tanh(), x="x"), jac.node("L", jac.Sum(), x="h")])
    run = model.run({"x": [0.3, 0.7]})
    with pytest.raises(WitnessError, match="SymPy has no formula for tanh"):
        SympyDerivatives(run, 100).jacobian("L", "x")
    assert str(symbolic.entries_of(model, "h", "x").arrays["x"]) == "[[1/2, 0], [0, 1/2]]"
