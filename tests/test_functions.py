"""From a call in an equation to an op: options, the number of arguments, aliases, and what has no Jacobian."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ModelError
from jacobians.functions import ALIASES, REFUSED, named_op
from jacobians.op import Op
from jacobians.op_pages import require_op
from jacobians.ops import OPS
from jacobians.terms import Array

# ----- options -----


def test_an_op_without_options_is_the_default_of_its_class():
    assert repr(named_op("leaky_relu", 1, {})) == "LeakyReLU(slope=0.01)"
    assert repr(named_op("leaky_relu", 1, {"slope": 0.2})) == "LeakyReLU(slope=0.2)"
    assert repr(named_op("dropout", 2, {"rate": 0.25})) == "Dropout(rate=0.25)"


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("dropout", {"p": 0.5}, "dropout: unknown option 'p'; known are rate"),
        ("glu", {"bais": False}, "glu: unknown option 'bais'; known are bias"),
        ("swiglu", {"beta": 2}, "swiglu: unknown option 'beta'; known are bias, learnt_beta"),
        ("tanh", {"slope": 2}, "tanh: unknown option 'slope'; known are none"),
    ],
)
def test_an_option_that_the_op_does_not_have(name, options, message):
    with pytest.raises(InputError, match=message):
        named_op(name, 2, options)


@pytest.mark.parametrize(
    ("word", "value"),
    [("true", True), ("True", True), ("false", False), ("FALSE", False), ("none", None), ("None", None)],
)
def test_words_for_true_false_and_none(word, value):
    text = "x : 2 x 3\na : scalar\n" if value is None else "x : 3\ny : 3\n"
    call = f"prelu(x, a, axis={word})" if value is None else f"squared_error(x, y, mean={word})"
    op = jac.Model.parse(f"{text}L = {call}").nodes["L"].op
    assert (op.axis if value is None else op.mean) is value


def test_none_is_a_word_where_the_option_takes_words():
    model = jac.Model.parse("z : 4 x 3\ny : 4 x 3\nL = cross_entropy(z, y, reduction=none)")
    assert (model.nodes["L"].op.reduction, model.shapes["L"]) == ("none", (4,))


def test_other_words_are_text_and_numbers_are_numbers():
    op = jac.Model.parse("x : 3\nW : 3 x 3\nb : 3\nV : 3 x 3\nc : 3\ny = highway(x, W, b, V, c, activation=relu)")
    assert op.nodes["y"].op.activation == "relu"
    rates = [jac.Model.parse(f"x : 3\nm : 3\ny = dropout(x, m, rate={r})").nodes["y"].op.rate for r in ("0", "1/4")]
    assert rates == [0, 0.25]


def test_a_refused_value_names_the_line():
    with pytest.raises(
        InputError, match=r"line 3, in y = dropout\(x, m, rate=2\): Dropout: expected 0 <= rate < 1, got"
    ):
        jac.Model.parse("x : 3\nm : 3\ny = dropout(x, m, rate=2)")
    with pytest.raises(ModelError, match=r"option x\[0\]: expected a number, a word, or a list"):
        jac.Model.parse("x : 3\nm : 3\ny = dropout(x, m, rate=x[0])")


# ----- the number of arguments -----


@pytest.mark.parametrize(
    ("name", "count", "options", "switched"),
    [
        ("bilinear", 4, {}, {"bias": True}),
        ("bilinear", 3, {}, {"bias": False}),
        ("conv2d", 3, {}, {"bias": True}),
        ("conv2d", 2, {"stride": 2}, {"bias": False, "stride": 2}),
        ("maxout", 2, {}, {"bias": False}),
        ("swiglu", 3, {}, {"bias": False, "learnt_beta": False}),
        ("swiglu", 4, {}, {"bias": False, "learnt_beta": True}),
        ("swiglu", 5, {}, {"bias": True, "learnt_beta": False}),
        ("swiglu", 6, {}, {"bias": True, "learnt_beta": True}),
        ("swiglu", 4, {"bias": False}, {"bias": False, "learnt_beta": True}),
        ("gru_cell", 8, {}, {"bias": False, "recurrent_bias": False}),
        ("gru_cell", 12, {}, {"bias": True, "recurrent_bias": True}),
    ],
)
def test_optional_inputs_are_switched_by_the_number_of_arguments(name, count, options, switched):
    op = named_op(name, count, options)
    assert len(op.input_names()) == count
    assert {key: getattr(op, key) for key in switched} == switched


@pytest.mark.parametrize("name", [op.name for op in OPS.values() if op.optional])
def test_every_number_of_arguments_that_an_op_has_can_be_written(name):
    for variant in type(OPS[name]).variants():
        count = len(variant.input_names())
        assert len(named_op(name, count, {}).input_names()) == count


def test_an_option_that_is_given_is_not_switched():
    with pytest.raises(ModelError, match=r"bilinear takes 4 arguments \(x1, x2, A, b\), got 3"):
        jac.Model.parse("x : 2\ny : 3\nA : 5 x 2 x 3\nz = bilinear(x, y, A, bias=true)")


def test_a_number_of_arguments_that_no_switch_gives():
    with pytest.raises(ModelError, match=r"line 3, column 5.*glu takes 5 arguments \(x, W, V, b, c\), got 2"):
        jac.Model.parse("x : 2\nW : 2 x 3\ny = glu(x, W)")


# ----- optional inputs of an op -----


class Affine(Op):
    """y = 2 x + b, or without b."""

    inputs = {"x": "i", "b": "i"}
    output = "i"
    optional = {"b": "bias"}

    def __init__(self, bias: bool = True) -> None:
        self.bias = bias

    def compute(self, x: Array, b: Array | None = None) -> Array:
        return 2 * x if b is None else 2 * x + b

    def d_x(self, b: Array | None) -> object:
        self.seen = b
        return jac.term("-> i | i", coef=2)

    def d_b(self) -> object:
        return jac.term("-> i | i")


def test_an_input_that_is_switched_off_is_not_there():
    on, off = Affine(), Affine(bias=False)
    assert (on.input_names(), off.input_names()) == (("x", "b"), ("x",))
    assert off.differentiable() == ("x",)
    assert dict(off.declared()) == {"x": "i"}
    assert [sorted(shapes) for shapes in off.example_shapes((2, 3, 5))] == [["x"]]
    np.testing.assert_array_equal(off.forward(x=[1, 3]), [2, 6])
    np.testing.assert_array_equal(on.forward(x=[1, 3], b=[5, 7]), [7, 13])
    assert set(off.jacobians(x=[1, 3])) == {"x"}


def test_a_rule_gets_none_for_it():
    on, off = Affine(), Affine(bias=False)
    off.jacobian("x", x=[1, 3])
    assert off.seen is None
    on.jacobian("x", x=[1, 3], b=[5, 7])
    np.testing.assert_array_equal(on.seen, [5, 7])


def test_errors_know_what_is_there():
    with pytest.raises(InputError, match="Affine: unknown input 'b'; known are x"):
        Affine(bias=False).forward(x=[1, 3], b=[5, 7])
    with pytest.raises(InputError, match=r"Affine.jacobian: unknown input 'b'; known are x"):
        Affine(bias=False).jacobian("b", x=[1, 3])
    with pytest.raises(InputError, match=r"Affine: input b is missing; expected x, b; pass b=\.\.\."):
        Affine().forward(x=[1, 3])
    with pytest.raises(InputError, match="Bilinear: unknown input 'b'; known are x1, x2, A"):
        jac.Bilinear(bias=False).forward(x1=[1], x2=[1], A=[[[1]]], b=[1])


# ----- names -----


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases_mean_ops(alias):
    assert ALIASES[alias] in OPS
    assert named_op(alias, 1, {}).name == ALIASES[alias]


@pytest.mark.parametrize("name", ["g", "phi", "h2", "f12"])
def test_one_letter_is_an_undefined_function(name):
    assert repr(named_op(name, 1, {})) == f"Undefined(name='{name}')"


@pytest.mark.parametrize(("name", "count", "options"), [("g", 2, {}), ("g", 1, {"a": 2}), ("foo", 1, {})])
def test_what_is_no_undefined_function_is_unknown(name, count, options):
    with pytest.raises(ModelError, match=f"unknown function {name}.*; an undefined function is one letter, as in g"):
        named_op(name, count, options)


def test_near_names_are_offered():
    with pytest.raises(ModelError, match=r"unknown function dropuot; did you mean dropout"):
        named_op("dropuot", 2, {})
    with pytest.raises(ModelError, match=r"unknown function zzzzzz; `jacobians op` lists all"):
        named_op("zzzzzz", 2, {})


# ----- what has no Jacobian -----

REASONS = {
    "straight_through": "the straight-through estimator is not a Jacobian: it puts the derivative of another function",
    "detach": "stopping the gradient is not a Jacobian: it takes as constant what is not",
    "stop_gradient": "stopping the gradient is not a Jacobian: it takes as constant what is not",
    "ctc": "the CTC loss sums over alignments",
    "argmax": "argmax gives positions and is constant between its jumps",
    "sign": "sign is constant but for its jump at 0",
}


def test_every_refused_function_has_its_reason_here():
    assert set(REASONS) == set(REFUSED)
    assert not set(REFUSED) & set(OPS)


@pytest.mark.parametrize("name", REASONS)
def test_a_function_without_a_jacobian_says_why_and_where(name):
    with pytest.raises(ModelError, match=REASONS[name]) as caught:
        jac.Model.parse(f"x : 3\nz : 3\ny = x * {name}(z)")
    assert str(caught.value).startswith("line 3, column 9, in y = x * ")


@pytest.mark.parametrize("name", ["straight_through", "StraightThrough", "straight-through", "Detach", "CTC", "argmax"])
def test_its_sheet_is_the_reason(name):
    key = name.lower().replace("-", "_").replace("straightthrough", "straight_through")
    with pytest.raises(InputError, match=f"^op {name}: {REASONS[key]}"):
        require_op(name)
