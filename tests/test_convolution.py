"""Convolutions: examples by hand, what the options print, transposition, cost, extreme inputs, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError

X = np.array([[1.0, 2, 3, 4, 5]])  # one channel
W = np.array([[[1.0, 10, 100]]])
NO_BIAS = {"bias": False}


def matrix(op, wrt="x", **inputs):
    """The Jacobian as a matrix, rows the entries of z."""
    J = op.jacobian(wrt, **inputs)
    return J.dense().reshape(int(np.prod(J.out_shape)), -1)


# ----- by hand -----


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, [321, 432, 543]),
        ({"stride": 2}, [321, 543]),
        ({"padding": 1}, [210, 321, 432, 543, 54]),
        ({"padding": "same"}, [210, 321, 432, 543, 54]),
        ({"padding": "valid"}, [321, 432, 543]),
        ({"dilation": 2}, [531]),
        ({"dilation": 2, "padding": "same"}, [310, 420, 531, 42, 53]),
        ({"stride": 3, "padding": 2}, [100, 432, 5]),
    ],
    ids=str,
)
def test_a_convolution_by_hand(options, want):
    np.testing.assert_array_equal(jac.Conv1d(**options, bias=False).forward(x=X, W=W), [want])


def test_an_even_kernel_with_padding_same_has_the_odd_zero_behind():
    z = jac.Conv1d(padding="same", bias=False).forward(x=X, W=[[[1, 10]]])
    np.testing.assert_array_equal(z, [[21, 32, 43, 54, 5]])


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, [1, 12, 123, 230, 300]),
        ({"stride": 2}, [1, 10, 102, 20, 203, 30, 300]),
        ({"padding": 1}, [12, 123, 230]),
        ({"dilation": 2}, [1, 2, 13, 20, 130, 200, 300]),
        ({"stride": 2, "padding": 1, "output_padding": 1}, [10, 102, 20, 203, 30, 300]),
    ],
    ids=str,
)
def test_a_transposed_convolution_by_hand(options, want):
    z = jac.ConvTranspose1d(**options, bias=False).forward(x=X[:, :3], W=W)
    np.testing.assert_array_equal(z, [want])


def test_the_jacobian_is_the_toeplitz_matrix():
    want = [[1, 10, 100, 0, 0], [0, 1, 10, 100, 0], [0, 0, 1, 10, 100]]
    np.testing.assert_array_equal(matrix(jac.Conv1d(**NO_BIAS), x=X, W=W), want)
    strided = jac.Conv1d(stride=2, padding=1, **NO_BIAS)
    np.testing.assert_array_equal(matrix(strided, x=X, W=W), [[10, 100, 0, 0, 0], [0, 1, 10, 100, 0], [0, 0, 0, 1, 10]])
    np.testing.assert_array_equal(matrix(strided, "W", x=X, W=W), [[0, 1, 2], [2, 3, 4], [4, 5, 0]])


def test_groups_by_hand():
    x = np.array([[1.0, 2], [3, 5], [7, 11], [13, 17]])  # four channels
    W = np.array([[[1.0], [10]], [[2], [0]], [[1], [1]]])[[0, 1, 1, 2]]
    z = jac.Conv1d(groups=2, bias=False).forward(x=x, W=W)
    np.testing.assert_array_equal(z, [[31, 52], [2, 4], [14, 22], [20, 28]])
    depthwise = jac.Conv1d(groups=4).forward(x=x, W=np.array([1.0, 10, 100, 1000]).reshape(4, 1, 1), b=np.arange(4.0))
    np.testing.assert_array_equal(depthwise, [[1, 2], [31, 51], [702, 1102], [13003, 17003]])


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"dilation": (2, 1), "groups": 3}], ids=str)
def test_the_transposed_convolution_is_the_transposed_map(options):
    rng = np.random.default_rng(3)
    x, W = rng.standard_normal((3, 5, 7)), rng.standard_normal((6, 3 // options.get("groups", 1), 3, 3))
    J = jac.Conv2d(**options, bias=False).jacobian("x", x=x, W=W)
    back = jac.ConvTranspose2d(**options, bias=False).jacobian("x", x=rng.standard_normal(J.out_shape), W=W)
    assert back.out_shape == x.shape
    np.testing.assert_allclose(back.dense(), J.T.dense(), rtol=0, atol=1e-15)


# ----- how options print -----


def shown(op, shape_x, shape_W, wrt="x"):
    return str(op.jacobian(wrt, x=np.ones(shape_x), W=np.ones(shape_W)))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"stride": 2}, "Σ_p W_ocp [h = 2 u + p]"),
        ({"stride": 2, "padding": 1, "dilation": 3}, "Σ_p W_ocp [h = 2 u + 3 p - 1]"),
        ({"padding": "same"}, "Σ_p W_ocp [h = u + p - 1]"),
    ],
    ids=str,
)
def test_options_in_the_pattern(options, text):
    assert shown(jac.Conv1d(**options, bias=False), (2, 7), (5, 2, 3)) == text


@pytest.mark.parametrize(
    ("channels", "share", "outputs", "groups", "text"),
    [
        (4, 2, 6, 2, "Σ_kp W_okp [c = 2 floor(o / 3) + k] [h = u + p]"),
        (4, 2, 2, 2, "Σ_kp W_okp [c = 2 o + k] [h = u + p]"),
        (3, 1, 6, 3, "Σ_kp W_okp [c = floor(o / 2)] [h = u + p]"),
        (3, 1, 3, 3, "Σ_kp W_okp [c = o] [h = u + p]"),
    ],
)
def test_groups_in_the_pattern(channels, share, outputs, groups, text):
    op = jac.Conv1d(groups=groups, bias=False)
    assert shown(op, (channels, 7), (outputs, share, 3)) == text
    assert shown(op, (channels, 7), (outputs, share, 3), "W") == "δ_oo' " + text.replace("kp W_okp", "ch x_ch")


def test_groups_of_a_transposed_convolution():
    op = jac.ConvTranspose1d(groups=2, stride=2, bias=False)
    assert shown(op, (4, 5), (4, 3, 2), "W") == "Σ_h x_ch [o = 3 floor(c / 2) + k] [u = 2 h + p]"
    latex = op.jacobian("x", x=np.ones((4, 5)), W=np.ones((4, 3, 2))).latex()
    assert latex == (r"\sum_{k, p} W_{c k p} [o = 3 \operatorname{floor}\left(\frac{c}{2}\right) + k] [u = 2 h + p]")


def test_the_bias_goes_by_the_number_of_arguments_in_a_model():
    model = jac.Model.parse("X : 2 x 5 x 7\nK : 3 x 2 x 2 x 3\nz = conv2d(X, K, stride=2, padding=1)")
    run = model.run(model.random_point(seed=0))
    assert run["z"].shape == (3, 3, 4)
    assert str(run.jacobian("z", "X")) == "Σ_op K_ilop [m = 2 j + o - 1] [n = 2 k + p - 1]"
    with_bias = jac.Model.parse("X : 2 x 5 x 7\nK : 3 x 2 x 2 x 3\nb : 3\nz = conv2d(X, K, b, padding=same)")
    assert with_bias.run(with_bias.random_point(seed=0))["z"].shape == (3, 5, 7)


def test_channels_that_a_model_leaves_open_follow():
    model = jac.Model.parse("X : 4 x 9\nK : 6 x 4 x 2\nz = conv1d(X, K, b, stride=2)\ny = tanh(z)")
    assert {name: model.shapes[name] for name in ("b", "z", "y")} == {"b": (6,), "z": (6, 4), "y": (6, 4)}
    with pytest.raises(ShapeError, match=r"in z = conv1d.*at most 9 entries along h.*got 11"):
        jac.Model.parse("X : 4 x 9\nK : 6 x 4 x 11\nz = conv1d(X, K)")


# ----- types and cost -----


def test_float32_stays():
    inputs = {"x": np.ones((2, 5), np.float32), "W": np.ones((3, 2, 3), np.float32)}
    for op in (jac.Conv1d(**NO_BIAS), jac.ConvTranspose1d(**NO_BIAS)):
        turned = inputs if isinstance(op, jac.Conv1d) else {**inputs, "x": np.ones((3, 5), np.float32)}
        assert op.forward(**turned).dtype == np.float32
        assert op.jacobian("x", **turned).dtype == np.float32


def test_no_factor_is_larger_than_an_axis_needs():
    rng = np.random.default_rng(0)
    inputs = {"x": rng.standard_normal((4, 3, 16, 16)), "W": rng.standard_normal((8, 3, 3, 3)), "b": np.zeros(8)}
    for wrt in ("x", "W"):
        (term,) = jac.Conv2d(padding=1).jacobian(wrt, **inputs).terms
        patterns = [f.value for f in term.factors if f.value.dtype == bool]
        assert [p.shape for p in patterns] == [(16, 16, 3), (16, 16, 3)]


# ----- extreme inputs -----


@pytest.mark.parametrize("size", [1e4, 1e-300, 1e150])
def test_extreme_inputs_against_mpmath(size):
    rng = np.random.default_rng(7)
    x, W = size * rng.uniform(1, 2, (2, 6)), rng.uniform(1, 2, (3, 2, 4))
    with mpmath.workdps(50):
        want = [
            [
                float(mpmath.fsum(mpmath.mpf(W[o, c, p]) * mpmath.mpf(x[c, u + p]) for c in range(2) for p in range(4)))
                for u in range(3)
            ]
            for o in range(3)
        ]
    op = jac.Conv1d(**NO_BIAS)
    np.testing.assert_allclose(op.forward(x=x, W=W), want, rtol=1e-14)
    np.testing.assert_array_equal(op.jacobian("W", x=x, W=W).dense()[1, 2, 1], x[:, 2:])


# ----- wrong input -----


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("Conv2d", {"stride": 0}, r"Conv2d: expected a whole number of 1 or more for the option stride, got 0"),
        ("Conv2d", {"stride": 1.5}, r"whole number of 1 or more for the option stride, got 1\.5; as in stride=2"),
        ("Conv2d", {"stride": (2, -3)}, r"whole number of 1 or more for the option stride, got -3"),
        ("Conv2d", {"stride": (1, 2, 3)}, r"expected one number or 2 for the option stride, .* got 3 in \(1, 2, 3\)"),
        ("Conv1d", {"dilation": 0}, r"whole number of 1 or more for the option dilation, got 0; as in dilation=2"),
        ("Conv3d", {"padding": -1}, r"whole number of 0 or more for the option padding, got -1; as in padding=1"),
        ("Conv2d", {"padding": "full"}, r"unknown padding 'full'; known are same, valid, whole numbers"),
        ("Conv2d", {"padding": "same", "stride": 2}, r"expected stride = 1 with padding = 'same', got stride = 2"),
        ("Conv2d", {"padding": "same", "stride": (1, 3)}, r"stride = 1 with padding = 'same', got stride = \(1, 3\)"),
        ("Conv2d", {"groups": 0}, r"whole number of 1 or more for the option groups, got 0; as in groups=2"),
        ("Conv2d", {"groups": (2, 2)}, r"whole number of 1 or more for the option groups, got \(2, 2\)"),
        ("ConvTranspose2d", {"padding": "same"}, r"whole number of 0 or more for the option padding, got 'same'"),
        (
            "ConvTranspose2d",
            {"stride": 2, "output_padding": 2},
            r"output_padding below 2, the larger one of stride = 2 and dilation = 1, got output_padding = 2",
        ),
        (
            "ConvTranspose2d",
            {"stride": (2, 1), "dilation": (1, 3), "output_padding": (1, 4)},
            r"output_padding below 3, the larger one of stride = 1 and dilation = 3, got output_padding = 4",
        ),
    ],
)
def test_bad_options(kind, options, message):
    with pytest.raises(InputError, match=message):
        getattr(jac, kind)(**options)


@pytest.mark.parametrize(
    ("op", "shapes", "message"),
    [
        (
            jac.Conv2d(bias=False),
            {"x": (3, 5, 7), "W": (2, 3, 6, 2)},
            r"Conv2d.W: expected a kernel of at most 5 entries along h, the padded size of x \(5 \+ 0 \+ 0\), got 6 "
            r"\(kernel 6, dilation 1\); choose a smaller kernel or dilation, or padding=1",
        ),
        (
            jac.Conv2d(padding=1, dilation=(1, 4), bias=False),
            {"x": (3, 5, 7), "W": (2, 3, 3, 4)},
            r"at most 9 entries along w, the padded size of x \(7 \+ 1 \+ 1\), got 13 \(kernel 4, dilation 4\).*=3",
        ),
        (
            jac.Conv2d(groups=2, bias=False),
            {"x": (3, 5, 7), "W": (2, 2, 3, 3)},
            r"Conv2d.x: expected a number of channels c that groups = 2 divides, got c = 3; choose another",
        ),
        (
            jac.Conv2d(groups=2, bias=False),
            {"x": (4, 5, 7), "W": (5, 2, 3, 3)},
            r"Conv2d.W: expected a number of channels o that groups = 2 divides, got o = 5; choose another",
        ),
        (
            jac.Conv2d(groups=2, bias=False),
            {"x": (4, 5, 7), "W": (6, 4, 3, 3)},
            r"Conv2d.W: expected \(o k p q\) = \(6, 2, 3, 3\), got \(6, 4, 3, 3\); x fixes c = 4, and k = c / groups = "
            r"4 / 2 = 2",
        ),
        (
            jac.Conv2d(bias=False),
            {"x": (3, 5, 7), "W": (2, 4, 3, 3)},
            r"Conv2d.W: expected \(o c p q\) = \(\?, 3, \?, \?\), got \(2, 4, 3, 3\); x fixes c = 3",
        ),
        (
            jac.Conv2d(bias=False),
            {"x": (3, 5, 7), "W": (2, 3, 3)},
            r"Conv2d.W: expected \(o c p q\) = .*, got \(2, 3, 3",
        ),
        (
            jac.Conv2d(bias=False),
            {"x": (5, 7), "W": (2, 3, 3, 3)},
            r"Conv2d.x: expected \(\.\.\. c h w\).*got \(5, 7\)",
        ),
        (jac.Conv2d(bias=False), {"x": (0, 3, 5, 7), "W": (2, 3, 3, 3)}, r"without an empty axis, got \(0, 3, 5, 7\)"),
        (jac.Conv2d(bias=False), {"x": (3, 0, 7), "W": (2, 3, 3, 3)}, r"without an empty axis, got \(3, 0, 7\)"),
        (
            jac.Conv2d(),
            {"x": (3, 5, 7), "W": (2, 3, 3, 3), "b": (3,)},
            r"Conv2d.b: expected \(o\) = \(2\), got \(3\); W fixes o = 2",
        ),
        (
            jac.ConvTranspose2d(groups=2, bias=False),
            {"x": (3, 5, 7), "W": (3, 2, 3, 3)},
            r"ConvTranspose2d.W: expected a number of channels c that groups = 2 divides, got c = 3",
        ),
        (
            jac.ConvTranspose2d(groups=2),
            {"x": (4, 5, 7), "W": (4, 3, 3, 3), "b": (4,)},
            r"ConvTranspose2d.W: expected .* = \(4, 2, 3, 3\), got \(4, 3, 3, 3\); b fixes o = 4, and k = o / groups = "
            r"4 / 2 = 2",
        ),
        (
            jac.ConvTranspose2d(groups=2),
            {"x": (4, 5, 7), "W": (4, 3, 3, 3), "b": (5,)},
            r"ConvTranspose2d.b: expected a number of channels o that groups = 2 divides, got o = 5",
        ),
        (jac.ConvTranspose2d(groups=2), {"x": (4, 5, 7), "W": (4, 3, 3, 3), "b": ()}, r"b: expected \(o\).*got \(\)"),
        (
            jac.ConvTranspose1d(padding=2, bias=False),
            {"x": (3, 2), "W": (3, 2, 3)},
            r"ConvTranspose1d.x: expected padding that leaves an entry of the 4 along u \(1 \* 1 \+ 3 \+ 0\), got "
            r"padding = 2, which cuts off 2 \+ 2 = 4; choose a padding of at most 1",
        ),
    ],
)
def test_bad_shapes(op, shapes, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(**{name: np.ones(shape) for name, shape in shapes.items()})
