"""Ops made of equations: labels as declared, names inside networks, kinks, complex step, errors inside."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.checks import complex_step
from jacobians.composite import Composite
from jacobians.errors import InputError, ShapeError
from jacobians.ops import OPS

COMPOSITES = [op for op in OPS.values() if isinstance(op, Composite)]
EVERY = pytest.mark.parametrize("op", COMPOSITES, ids=lambda op: op.name)
SIZES = (2, 3, 5, 7, 11)


class LogGate(Composite):
    """y = x ⊙ log(W x): a graph with an op that is not defined everywhere."""

    inputs = {"x": "... i", "W": "i i"}
    output = "... i"

    def equations(self) -> str:
        return "z = linear_map(x, W)\ny = x * log(z)"


class TwoKinks(Composite):
    """y = |x - 1| + relu(x): kinks at 0 and at 1."""

    inputs = {"x": "..."}
    output = "..."
    analytic = False

    def equations(self) -> str:
        return "d = x - 1\ny = abs(d) + relu(x)"


def sampled(op, shapes, seed=0):
    return op.sample(np.random.default_rng(seed), shapes)


# ----- labels -----


@EVERY
def test_the_axes_are_called_as_the_op_declares_them(op):
    """Outputs by the declared labels; an input axis that has an output's label without a delta takes a free one."""
    for shapes in op.example_shapes(SIZES)[:2]:
        inputs = sampled(op, shapes)
        signature, _ = op.sizes(shapes)
        for wrt in op.differentiable():
            J = op.jacobian(wrt, **inputs)
            for t in (*J.terms, *J.shown.terms):
                assert t.out == signature.output
                for label, declared in zip(t.inp, signature.inputs[wrt], strict=True):
                    assert label == declared or declared in t.out or declared in t.inp
            assert J.shape == op.out_shape(**shapes) + shapes[wrt]


def test_hidden_labels_stay_apart_from_those_of_the_axes():
    op = jac.GRUCell()
    J = op.jacobian("h", **sampled(op, op.example_shapes(SIZES)[0]))
    assert "Σ_k (1 - z)_j tanh'(a_n)_j (U_n)_jk h_k sigmoid'(a_r)_k (U_r)_kp" in str(J)
    for t in J.shown.terms:
        assert not set(t.hidden) & {*t.out, *t.inp}


def test_batch_axes_have_the_ops_letters():
    op = jac.GLU()
    J = op.jacobian("W", **sampled(op, {"x": (5, 2), "W": (2, 3), "V": (2, 3), "b": (3,), "c": (3,)}))
    assert str(J) == "δ_oo' sigmoid(v)_no x_ni"


# ----- names in networks -----


def test_what_two_cells_have_inside_is_told_apart():
    model = jac.Model.parse("x : 2\nW : 2 x 3\nV : 2 x 3\nA : 3 x 5\nB : 3 x 5\nh = glu(x, W, V)\ny = glu(h, A, B)")
    run = model.run(model.random_point(seed=0))
    assert str(run.jacobian("h", "W")) == "δ_ii' sigmoid(v_h)_i x_j"
    shown = str(run.jacobian("y", "W"))
    assert shown == ("(u_y)_i sigmoid'(v_y)_i B_ki sigmoid(v_h)_k x_j + sigmoid(v_y)_i A_ki sigmoid(v_h)_k x_j")
    assert run.check().ok


@EVERY
def test_inner_names_are_those_of_the_equations(op):
    inner = op.inner_names()
    assert op.symbol not in inner
    assert not set(inner) & set(op.input_names())
    inputs = sampled(op, op.example_shapes(SIZES)[0])
    named = [name for name, node in op.run(inputs).model.nodes.items() if not node.hidden]
    assert set(named) <= {*inner, op.symbol}  # inner has what the ops inside name, too


# ----- values -----


@EVERY
def test_the_forward_pass_is_the_graphs(op):
    for variant in type(op).variants():
        inputs = sampled(variant, variant.example_shapes(SIZES)[0])
        run = variant.run(inputs)
        np.testing.assert_array_equal(variant.forward(**inputs), run[run.model.output])


def test_complex_step_goes_through_the_graph():
    op = jac.SwiGLU(learnt_beta=True)
    inputs = sampled(op, op.example_shapes(SIZES)[-1])
    for wrt in op.differentiable():
        want = complex_step(lambda v, wrt=wrt: op.compute(**{**inputs, wrt: v}), inputs[wrt])
        assert np.abs(want).max() > 0.01
        np.testing.assert_allclose(op.jacobian(wrt, **inputs).dense(), want, rtol=0, atol=1e-14)
        assert op.verify(wrt, **inputs).agrees


def test_in_a_network_it_is_one_node_to_every_witness():
    model = jac.Model.parse("x : 3\nW : 3 x 3\nb : 3\nV : 3 x 3\nc : 3\ny = highway(x, W, b, V, c)\nL = norm(y)^2")
    run = model.run(model.random_point(seed=2))
    report = run.check()
    assert report.ok
    assert {"forward", "backward", "complex step", "SymPy"} <= {c.witness for c in report.comparisons}


# ----- kinks -----


def test_the_nearest_kink_is_that_of_the_ops_inside():
    op = TwoKinks()
    assert op.kink_distance(x=np.array([-0.7, 0.25, 4.0])) == 0.25
    assert op.kink_distance(x=np.array([-0.7, 0.875, 4.0])) == 0.125
    assert op.near_kink(0.2, x=[0.875])
    assert not op.near_kink(0.1, x=[0.875])
    np.testing.assert_array_equal(op.jacobian("x", x=[-0.5, 0.5, 1.5]).dense(), np.diag([-1, 0, 2]))


def test_a_highway_of_rectifiers_has_the_kinks_of_its_transform():
    op = jac.Highway("relu")
    inputs = sampled(op, op.example_shapes(SIZES)[-1])
    z = inputs["x"] @ inputs["W_H"].T + inputs["b_H"]
    np.testing.assert_allclose(op.kink_distance(**inputs), np.abs(z).min(), rtol=1e-14)
    assert not op.analytic
    assert jac.Highway().analytic
    assert jac.Highway().kink_distance(**inputs) == np.inf


# ----- second order -----


def test_the_second_derivative_needs_nothing_more():
    """y = x_i log(x_i) with W = Id: y'' = 1 / x."""
    x = np.array([0.5, 2.0, 5.0])
    H = LogGate().hessian("x", x=x, W=np.eye(3)).dense()
    want = np.zeros((3, 3, 3))
    want[range(3), range(3), range(3)] = 1 / x
    np.testing.assert_allclose(H, want, rtol=1e-14, atol=1e-15)


# ----- errors -----


def test_an_error_inside_names_the_inner_equation():
    inputs = {"x": [1.0, 2.0], "W": [[1.0, 1], [-3, 1]]}  # z = (3, -1)
    message = r"in y = x \* log\(z\): Log\.x: expected entries > 0 .*, got -1 at index \(1\)"
    with pytest.raises(InputError, match=message):
        LogGate().jacobian("x", **inputs)


def test_shapes_are_refused_in_the_ops_own_words():
    message = r"LogGate.W: expected \(i i\) = \(3, 3\), got \(5, 5\); x fixes i = 3"
    with pytest.raises(ShapeError, match=message):
        LogGate().forward(x=np.ones(3), W=np.ones((5, 5)))
    with pytest.raises(InputError, match="LogGate: input W is missing; expected x, W"):
        LogGate().forward(x=np.ones(3))


def test_a_subclass_must_give_its_equations():
    with pytest.raises(NotImplementedError):
        Composite().equations()
