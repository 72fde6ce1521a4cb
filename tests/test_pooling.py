"""Pooling: examples by hand, ties, padding, the last window, what the options print, extreme and wrong input."""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError

X = np.array([1.0, 5, 2, 8, 3, 4, 7])
IMAGE = np.array([[1.0, 2, 3], [4, 5, 6]])


def rows(op, x):
    return op.jacobian("x", x=x).dense()


# ----- by hand -----


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, [5, 8, 4]),
        ({"ceil_mode": True}, [5, 8, 4, 7]),
        ({"size": 3}, [5, 8]),
        ({"size": 3, "stride": 1}, [5, 8, 8, 8, 7]),
        ({"size": 3, "stride": 2, "padding": 1}, [5, 8, 8, 7]),
        ({"dilation": 3, "stride": 1}, [8, 5, 4, 8]),
        ({"size": 4, "stride": 4, "ceil_mode": True}, [8, 7]),
    ],
    ids=str,
)
def test_max_pooling_by_hand(options, want):
    np.testing.assert_array_equal(jac.MaxPool1d(**options).forward(x=X), want)


@pytest.mark.parametrize(
    ("options", "want"),
    [
        ({}, [3, 5, 3.5]),
        ({"ceil_mode": True}, [3, 5, 3.5, 7]),
        ({"size": 3, "stride": 3, "padding": 1}, [2, 13 / 3, 11 / 3]),
        ({"size": 3, "stride": 3, "padding": 1, "count_include_pad": False}, [3, 13 / 3, 11 / 2]),
        ({"size": 4, "stride": 3, "padding": 2, "ceil_mode": True}, [6 / 4, 18 / 4, 14 / 4]),
        ({"size": 4, "stride": 3, "padding": 1, "ceil_mode": True}, [8 / 4, 17 / 4, 11 / 3]),
    ],
    ids=str,
)
def test_average_pooling_by_hand(options, want):
    np.testing.assert_allclose(jac.AvgPool1d(**options).forward(x=X), want, rtol=1e-15)


def test_windows_that_share_x_out():
    np.testing.assert_array_equal(jac.AdaptiveMaxPool1d(3).forward(x=X), [5, 8, 7])  # 0-2, 2-4, 4-6
    np.testing.assert_allclose(jac.AdaptiveAvgPool1d(3).forward(x=X), [8 / 3, 13 / 3, 14 / 3])
    np.testing.assert_array_equal(jac.AdaptiveAvgPool2d((1, 3)).forward(x=IMAGE), [[2.5, 3.5, 4.5]])
    np.testing.assert_array_equal(jac.AdaptiveMaxPool1d(4).forward(x=X[:2]), [1, 1, 5, 5])  # more windows than entries


def test_all_of_an_image():
    images = np.stack([IMAGE, IMAGE[:, ::-1] * 10])
    np.testing.assert_array_equal(jac.GlobalAvgPool().forward(x=images), [3.5, 35])
    np.testing.assert_array_equal(jac.GlobalMaxPool().forward(x=images), [6, 60])
    np.testing.assert_array_equal(jac.GlobalMaxPool(dims=1).forward(x=images), [[3, 6], [30, 60]])
    np.testing.assert_array_equal(np.argwhere(rows(jac.GlobalMaxPool(), images)), [[0, 0, 1, 2], [1, 1, 1, 0]])
    np.testing.assert_array_equal(jac.GlobalAvgPool(dims=3).forward(x=images), 19.25)


def test_pooling_needs_no_channels_and_takes_any_number_of_axes_before():
    op = jac.AvgPool2d(size=(2, 1))
    np.testing.assert_array_equal(op.forward(x=IMAGE), [[2.5, 3.5, 4.5]])
    many = np.broadcast_to(IMAGE, (5, 7, 2, 3, 2, 3))
    assert op.forward(x=many).shape == (5, 7, 2, 3, 1, 3)
    assert str(op.jacobian("x", x=many[0, 0, 0])) == "1/2 δ_cc' [0 <= h - 2 u < 2] [w = v]"


# ----- ties, padding, values that are no numbers -----


def test_the_first_of_equal_entries_wins():
    x = np.array([[3.0, 3, 1, 2], [3, 0, 2, 2]])
    J = rows(jac.MaxPool2d(), x)
    np.testing.assert_array_equal(J[0, 0], [[1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(J[0, 1], [[0, 0, 0, 1], [0, 0, 0, 0]])
    np.testing.assert_array_equal(rows(jac.AdaptiveMaxPool2d(1), x)[0, 0], [[1, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(rows(jac.GlobalMaxPool(), x), [[1, 0, 0, 0], [0, 0, 0, 0]])
    assert jac.MaxPool2d().near_kink(0, x=x)


def test_padding_never_wins():
    x = np.array([-3.0, -5, -np.inf, -np.inf])
    op = jac.MaxPool1d(size=2, padding=1)
    np.testing.assert_array_equal(op.forward(x=x), [-3, -5, -np.inf])
    np.testing.assert_array_equal(rows(op, x), [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


def test_nan_passes_on():
    x = np.array([1.0, np.nan, 2, 3])
    np.testing.assert_array_equal(jac.MaxPool1d().forward(x=x), [np.nan, 3])
    np.testing.assert_array_equal(rows(jac.MaxPool1d(), x), [[0, 1, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(jac.AvgPool1d().forward(x=x), [np.nan, 2.5])


def test_how_far_the_next_kink_is():
    assert jac.MaxPool1d().kink_distance(x=X[:6]) == 1  # the windows 1 5, 2 8, 3 4
    assert jac.MaxPool1d(size=1).kink_distance(x=X) == np.inf
    assert jac.AdaptiveMaxPool1d(7).kink_distance(x=X) == np.inf
    assert jac.GlobalMaxPool(dims=1).kink_distance(x=X) == 1
    assert jac.GlobalMaxPool(dims=1).kink_distance(x=X[:1]) == np.inf


@pytest.mark.parametrize("x", [np.full(4, 1e4), np.array([-1e4, 1e4, 1e4, -1e4]), np.array([1e308, -1e308, 0, 5e-324])])
def test_extreme_inputs(x):
    np.testing.assert_array_equal(jac.MaxPool1d().forward(x=x), [max(x[:2]), max(x[2:])])
    np.testing.assert_array_equal(jac.AvgPool1d().forward(x=x), [(x[0] + x[1]) / 2, (x[2] + x[3]) / 2])
    np.testing.assert_array_equal(rows(jac.AvgPool1d(), x), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    assert rows(jac.MaxPool1d(), x).sum() == 2


def test_float32_stays():
    x = np.ones((3, 5), np.float32)
    for op in (jac.MaxPool1d(), jac.AvgPool1d(), jac.AdaptiveAvgPool1d(3), jac.GlobalAvgPool(dims=1)):
        assert op.forward(x=x).dtype == np.float32
    assert jac.AdaptiveAvgPool1d(3).jacobian("x", x=x).dtype == np.float32


# ----- how options print, models -----


@pytest.mark.parametrize(
    ("op", "text"),
    [
        (jac.MaxPool1d(3, 2, 1), "Σ_p [x[2 u + p - 1] = y[u]] [h = 2 u + p - 1]"),
        (jac.MaxPool1d(3, 1, dilation=2), "Σ_p [x[u + 2 p] = y[u]] [h = u + 2 p]"),
        (jac.AvgPool1d(3, 2, 1), "1/3 [0 <= h - 2 u + 1 < 3]"),
        (jac.AvgPool1d(3, 2, 1, count_include_pad=False), "(1/size)_u [0 <= h - 2 u + 1 < 3]"),
        (jac.AdaptiveAvgPool1d(1), "1/7 [0 <= h - 7 u < 7]"),
        (jac.AdaptiveAvgPool1d(3), "1/3 [floor(7 u / 3) <= h < ceil(7 (u + 1) / 3)]"),
        (jac.AdaptiveAvgPool1d(2), "1/4 [floor(7 u / 2) <= h < ceil(7 (u + 1) / 2)]"),
        (jac.AdaptiveAvgPool1d(4), "(1/size)_u [floor(7 u / 4) <= h < ceil(7 (u + 1) / 4)]"),
        (jac.GlobalMaxPool(dims=1), "[x[h] = y]"),
    ],
    ids=str,
)
def test_options_in_the_pattern(op, text):
    assert str(op.jacobian("x", x=X)) == text


def test_sizes_of_windows_have_a_name_for_each_axis_and_each_pool():
    x = np.random.default_rng(1).standard_normal((1, 7, 5))
    J = jac.AvgPool2d(3, 2, 1, count_include_pad=False).jacobian("x", x=x)
    sizes = {f.name: f.value for t in J.terms for f in t.factors if f.value.dtype != bool}
    np.testing.assert_allclose(sizes["1/size_h"], [1 / 2, 1 / 3, 1 / 3, 1 / 2])
    np.testing.assert_allclose(sizes["1/size_w"], [1 / 2, 1 / 3, 1 / 2])
    model = jac.Model.parse(
        "X : 1 x 7\nA = adaptive_avg_pool1d(X, output_size=4)\nB = adaptive_avg_pool1d(A, output_size=3)"
    )
    J = model.run(model.random_point(0)).jacobian("B", "X")
    assert {f.name for t in J.shown.terms for f in t.factors if f.value.dtype != bool} == {"1/size_A"}


def test_a_winner_takes_the_names_of_the_model():
    model = jac.Model.parse("X : 2 x 6 x 4\nz = tanh(X)\na = max_pool2d(z)\nL = sum(a)")
    run = model.run(model.random_point(seed=1))
    assert run["a"].shape == (2, 3, 2)
    shown = "δ_ii' Σ_no [z[i, 2 j + n, 2 k + o] = a[i, j, k]] [l = 2 j + n] [m = 2 k + o] tanh'(X)_ilm"
    assert str(run.jacobian("a", "X")) == shown
    np.testing.assert_array_equal(np.count_nonzero(run.jacobian("L", "X").dense(), axis=(1, 2)), [6, 6])


# ----- wrong input -----


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("MaxPool2d", {"size": 0}, r"MaxPool2d: expected a whole number of 1 or more for the option size, got 0"),
        ("MaxPool2d", {"stride": 0}, r"whole number of 1 or more for the option stride, got 0; as in stride=2"),
        ("MaxPool2d", {"dilation": (1, 0)}, r"whole number of 1 or more for the option dilation, got 0"),
        ("AvgPool2d", {"padding": -1}, r"whole number of 0 or more for the option padding, got -1"),
        ("AvgPool2d", {"padding": "same"}, r"whole number of 0 or more for the option padding, got 'same'"),
        ("AvgPool3d", {"size": (2, 2)}, r"expected one number or 3 for the option size, .* got 2 in \(2, 2\)"),
        (
            "AvgPool2d",
            {"size": (4, 3), "padding": 2},
            r"padding of at most half the window, 3 // 2 = 1 \(size 3, dilation 1\), got padding = 2; take less",
        ),
        (
            "MaxPool1d",
            {"size": 2, "dilation": 3, "padding": 3},
            r"padding of at most half the window, 4 // 2 = 2 \(size 2, dilation 3\), got padding = 3",
        ),
        ("AdaptiveAvgPool2d", {"output_size": 0}, r"whole number of 1 or more for the option output_size, got 0"),
        ("AdaptiveMaxPool2d", {"output_size": (1, 2, 3)}, r"one number or 2 for the option output_size.*got 3 in"),
        ("GlobalAvgPool", {"dims": 4}, r"GlobalAvgPool: expected 1, 2 or 3 for the option dims, got 4; as in dims=2"),
        ("GlobalMaxPool", {"dims": True}, r"expected 1, 2 or 3 for the option dims, got True"),
    ],
)
def test_bad_options(kind, options, message):
    with pytest.raises(InputError, match=message):
        getattr(jac, kind)(**options)


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (
            jac.MaxPool2d(size=(2, 4), dilation=2),
            (3, 5, 6),
            r"MaxPool2d.x: expected at least 7 entries along w, the window's size 4 with dilation 2, got 6 "
            r"\(6 \+ 2 \* 0 of padding\); take a smaller window",
        ),
        (jac.AvgPool1d(size=6, padding=1), (3,), r"at least 6 entries along h, .* got 5 \(3 \+ 2 \* 1 of padding\)"),
        (
            jac.MaxPool1d(size=2, dilation=3, padding=2),
            (1,),
            r"expected an entry of x in every window, got none in window 0 along h: size 2 with dilation 3 and padding "
            r"2 steps over all 1; take less dilation",
        ),
        (jac.MaxPool2d(), (5,), r"MaxPool2d.x: expected \(\.\.\. h w\).*got \(5\)"),
        (jac.MaxPool2d(), (0, 3, 4, 6), r"without an empty axis, got \(0, 3, 4, 6\); axis n has size 0"),
        (jac.AdaptiveAvgPool1d(), (3, 0), r"without an empty axis, got \(3, 0\); axis h has size 0"),
        (jac.GlobalMaxPool(), (5,), r"GlobalMaxPool.x: expected \(\.\.\. h w\).*got \(5\)"),
        (jac.GlobalMaxPool(), (2, 0, 3), r"without an empty axis, got \(2, 0, 3\); axis h has size 0"),
    ],
)
def test_bad_shapes(op, shape, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(x=np.ones(shape))
