"""The options of an op: unknown names, switches, options in the text of a model, what the sheets say."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, MathSyntaxError, ModelError

IMAGE = "x : 2 x 5 x 7\nW : 3 x 2 x 3 x 2\n"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jac.Conv2d(strides=2), "^Conv2d: unknown option 'strides'; known are stride, padding, dilation, gro"),
        (lambda: jac.Tanh(slope=2), "^Tanh: unknown option 'slope'; known are none$"),
        (lambda: jac.Tanh(2), "^Tanh: expected no options, got 1$"),
        (lambda: jac.Conv2d(bias="no"), "^Conv2d: expected bias=True or bias=False, got 'no'$"),
        (lambda: jac.Conv2d(1, 0, 1, 1, 0), "^Conv2d: expected bias=True or bias=False, got 0$"),
        (lambda: jac.MaxPool2d(2, ceil_mode=1), "^MaxPool2d: expected ceil_mode=True or ceil_mode=False, got 1$"),
        (lambda: jac.LayerNorm(affine="off"), "^LayerNorm: expected affine=True or affine=False, got 'off'$"),
        (lambda: jac.Attention(causal="yes"), "^Attention: expected causal=True or causal=False, got 'yes'$"),
    ],
)
def test_options_that_a_class_refuses(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_the_signature_of_a_class_is_that_of_its_options():
    assert list(inspect.signature(jac.Conv2d).parameters) == ["stride", "padding", "dilation", "groups", "bias"]
    assert not inspect.signature(jac.Tanh).parameters


def test_ops_are_copied_with_their_options():
    op = jac.Conv2d(stride=(2, 3), bias=np.bool_(False))
    assert repr(copy.deepcopy(op)) == repr(pickle.loads(pickle.dumps(op))) == repr(op)


@pytest.mark.parametrize(
    ("equation", "error", "message"),
    [
        ("conv2d(x)", ModelError, r"line 3, column 5.*conv2d takes 3 arguments \(x, W, b\), got 1; b may be left out$"),
        ("max_pool2d(x, 2)", ModelError, r"takes 1 argument \(x\), got 2; options are given by name: size, stride, "),
        ("conv2d(x, W, stride=2, stride=3)", MathSyntaxError, "line 3, column 28: expected each option once, got 'str"),
        (
            'conv2d(x, W, padding="same")',
            MathSyntaxError,
            "; words stand without quotes, as in padding=same",
        ),
        ("conv2d(x, W, bias=no)", InputError, "line 3.*: Conv2d: expected bias=True or bias=False, got 'no'$"),
        ("conv2d(x, W, stride=x)", InputError, "line 3.*expected a whole number of 1 or more .*stride, got 'x'"),
        ("conv2d(x, W, stride=[1, 2, 3])", InputError, r"line 3.*expected one number or 2 .*got 3 in \(1, 2, 3\)"),
        ("one_hot(x)", InputError, "line 3.*one_hot: option classes is missing; give it by name, as in one_hot"),
        ("reshape(x)", InputError, "line 3.*reshape: option shape is missing"),
    ],
)
def test_options_that_a_model_refuses(equation, error, message):
    with pytest.raises(error, match=message):
        jac.Model.parse(f"{IMAGE}z = {equation}")


def test_a_list_is_an_option_for_each_axis():
    model = jac.Model.parse(f"{IMAGE}z = conv2d(x, W, stride=[1, 2], padding=[0, 1])\ny = reshape(z, shape=[-1, 2, 6])")
    assert model.shapes["z"] == (3, 3, 4)
    assert model.shapes["y"] == (3, 2, 6)
    point = model.random_point(seed=0)
    z = jac.Conv2d(stride=(1, 2), padding=(0, 1), bias=False).forward(x=point["x"], W=point["W"])
    np.testing.assert_array_equal(model.run(point).values["z"], z)
    assert jac.Model.parse(model.text).shapes == model.shapes


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jac.cnn((1, 8, 8), 3), r"^cnn.channels: expected the channels .*, as in \(2, 3\), got 3$"),
        (lambda: jac.rnn(5), r"^rnn.sizes: expected three positive integers.* got 5$"),
        (lambda: jac.mlp([3, 2], activation="conv2d"), "^mlp: unknown activation 'conv2d'; known are .*tanh"),
        (lambda: jac.rnn(cell="lstn"), "^rnn: unknown cell 'lstn'; known are lstm, gru, identity, (?!.*reshape)"),
    ],
)
def test_arguments_of_built_in_networks(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("one_hot", "no Jacobian by indices: a one-hot vector jumps where its index does"),
        ("dropout", "no Jacobian by mask: its entries are 0 or 1"),
    ],
)
def test_a_sheet_says_by_what_there_is_no_jacobian(run_command, name, line):
    assert line in run_command("op", name)[1]


@pytest.mark.parametrize("name", ["conv2d", "conv3d"])
def test_sheets_of_large_tensors_stay_short(run_command, name):
    lines = run_command("op", name)[1].splitlines()
    assert len(lines) < 150
    assert "..." in " ".join(lines)


def test_layers_that_are_no_time_steps_do_not_vanish(run_command):
    assert "How the last state" in run_command("through-time", "rnn")[1]
    assert "How the last state" not in run_command("through-time", "transformer_block")[1]


def test_an_option_that_is_no_value_names_its_place_once():
    with pytest.raises(
        ModelError, match=r"^line 3, column 25, in .*: option x\[0\]: expected a number, a word, or a l"
    ):
        jac.Model.parse(f"{IMAGE}z = conv2d(x, W, stride=x[0])")


def test_one_use_is_singular(run_command):
    assert "1 equation uses b_q;" in run_command("through-time", "rnn", "--wrt", "b_q")[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "z = conv2d(x, W)",
            r"^line 1.*\(\?, \?, \?\), got \(\?\); x is not declared: declare it, as in `x : 2 x 2 x 2`",
        ),
        (
            "x : 2 x 5 x 7\nz = conv2d(x, W)",
            r"W as .* = \(\?, 2, \?, \?\), got \(\?, \?\); declare it, as in `W : 2 x 2 x",
        ),
        (
            "x : 3\ny = maxout(x, W)",
            r"W as \(i o k\) = \(3, \?, \?\), got \(\?, \?\); declare it, as in `W : 3 x 2 x 2`$",
        ),
        ("x : 3\ny = temperature_softmax(x, T)", r"T as \(\) = \(\), got \(\?, \?\); declare it, as in `T : scalar`$"),
    ],
)
def test_names_that_must_be_declared(text, message):
    with pytest.raises(jac.ShapeError, match=message):
        jac.Model.parse(text)
