"""What an op works out once for its options and the shapes of a call holds for these alone."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import jacobians as jac
from jacobians import binding
from jacobians.errors import InputError, ShapeError
from jacobians.rules import rule_term

rng = np.random.default_rng(0)
POINT = {"x": rng.normal(size=3), "W": rng.normal(size=(2, 3)), "b": rng.normal(size=2)}


def called():
    """An op that has been called."""
    op = jac.Linear()
    op.jacobians(**POINT)
    return op


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"W": np.ones((3, 2))}, ShapeError, r"^Linear\.W: expected \(o i\) = \(2, 3\), got \(3, 2\); b fixes o = 2, "),
        ({"b": np.ones(3)}, ShapeError, r"^Linear\.b: expected \(o\) = \(2\), got \(3\); W fixes o = 2$"),
        ({"x": np.ones(())}, ShapeError, r"^Linear\.x: expected \(\.\.\. i\) = \(\?\), got \(\)"),
        ({"x": np.ones(3, complex)}, InputError, r"^Linear\.x: expected an array of real numbers, got complex numbers"),
        ({"c": 1.0}, InputError, r"^Linear: unknown input 'c'; known are x, W, b$"),
    ],
)
def test_wrong_inputs_are_refused_after_right_ones(change, error, message):
    op = called()
    for _ in range(2):
        with pytest.raises(error, match=message):
            op.jacobian("W", **{**POINT, **change})
    with pytest.raises(InputError, match=r"^Linear: input W is missing; expected x, W, b; pass W=\.\.\.$"):
        op.jacobian("W", x=POINT["x"], b=POINT["b"])


def test_inputs_in_another_order_are_the_same_call():
    point = {"x2": rng.normal(size=(2, 3)), "x1": rng.normal(size=(2, 5))}
    op = jac.Concat()
    np.testing.assert_array_equal(op.forward(**point), np.concatenate([point["x1"], point["x2"]], axis=-1))
    np.testing.assert_array_equal(op.forward(**dict(sorted(point.items()))), op.forward(**point))
    assert called().jacobian("W", **dict(reversed(POINT.items()))) == called().jacobian("W", **POINT)


@pytest.mark.parametrize(
    ("op", "changed", "change"),
    [
        (jac.Sum(axis=0), jac.Sum(axis=1), {"axis": 1}),
        (jac.Permute((1, 2, 0)), jac.Permute((2, 1, 0)), {"axes": (2, 1, 0)}),
        (jac.Index(1, axis=0), jac.Index(1, axis=2), {"axis": 2}),
        (jac.LeakyReLU(0.1), jac.LeakyReLU(0.3), {"slope": 0.3}),
    ],
    ids=repr,
)
def test_a_changed_option_counts_at_once(op, changed, change):
    x = rng.normal(size=(2, 3, 5))
    before = op.jacobian("x", x=x)
    copied = copy.copy(op)
    for name, value in change.items():
        setattr(op, name, value)
    J, expected = op.jacobian("x", x=x), changed.jacobian("x", x=x)
    assert (J.out_shape, J.pattern) == (expected.out_shape, expected.pattern)
    np.testing.assert_array_equal(J.dense(), expected.dense())
    assert copied.jacobian("x", x=x) == before  # a copy has options of its own
    assert before != J


def test_an_optional_input_can_be_switched_off_later():
    op = jac.GRUCell()
    shapes = op.example_shapes((2, 3, 5))[0]
    op.forward(**op.sample(rng, shapes))
    op.bias = False
    point = op.sample(rng, {name: shapes[name] for name in op.input_names()})
    np.testing.assert_array_equal(op.forward(**point), jac.GRUCell(bias=False).forward(**point))
    with pytest.raises(InputError, match=r"^GRUCell: unknown input 'b_"):
        op.forward(**op.sample(rng, shapes))


def test_what_was_worked_out_is_no_option():
    op = called()
    assert repr(op) == "Linear()"
    assert vars(op) == {}
    again = pickle.loads(pickle.dumps(op))
    assert again.jacobian("W", **POINT) == op.jacobian("W", **POINT)


def test_a_jacobian_has_sizes_of_its_own():
    op = called()
    op.jacobian("W", **POINT).terms[0].sizes["o"] = 7
    assert op.jacobian("W", **POINT).terms[0].sizes == {"i": 3, "o": 2}


def test_many_shapes_are_not_remembered_for_ever():
    op = jac.Square()
    for n in range(1, binding.REMEMBERED + 7):
        assert op.jacobian("x", x=np.ones(n)).shape == (n, n)
    assert len(op._binding.layouts) <= binding.REMEMBERED


def test_types_are_checked_at_every_call():
    op = called()
    J = op.jacobian("W", **{**POINT, "x": [1, 2, 3]})
    np.testing.assert_array_equal(J.terms[0].factors[0].value, [1.0, 2.0, 3.0])
    assert J.dtype == np.float64
    single = {name: value.astype(np.float32) for name, value in POINT.items()}
    assert op.jacobian("W", **single).dtype == np.float32
    swapped = op.jacobian("W", **{**POINT, "x": POINT["x"].astype(">f8")})
    assert swapped.terms[0].factors[0].value.dtype.isnative
    masked = op.jacobian("W", **{**POINT, "x": np.ma.array(POINT["x"])})
    assert type(masked.terms[0].factors[0].value) is np.ndarray


class Mistaken(jac.Op):
    """y = 2 x with a factor that fits no vector of more than three entries."""

    inputs = {"x": "i"}
    output = "i"

    def compute(self, x):
        return 2 * x

    def d_x(self, x):
        return jac.term("i -> i | i", ("c", np.full(min(len(x), 3), 2.0)))


def test_rules_that_do_not_fit():
    op = Mistaken()
    for _ in range(2):
        np.testing.assert_array_equal(op.jacobian("x", x=np.ones(3)).dense(), 2 * np.eye(3))
        with pytest.raises(ShapeError, match=r"^Mistaken\.d_x, factor c: expected \(i\) = \(5\), got \(3\)$"):
            op.jacobian("x", x=np.ones(5))


def test_a_rule_without_axes_takes_numbers():
    rule = jac.term("-> i | i", ("c", np.float64(3.0)))
    term = rule_term("here", rule, (), {"i": 2})
    assert isinstance(term.factors[0].value, np.ndarray)
    assert (term.factors[0].labels, term.sizes) == ((), {"i": 2})
