"""Embedding and one-hot by hand, positions, and what they refuse."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError, ShapeError
from jacobians.op_pages import ops_json, print_op
from jacobians.ops.embedding import Embedding, OneHot
from jacobians.ops.linear import LinearMap
from jacobians.ops.positions import RotaryEmbedding, SinusoidalPositions
from jacobians.sheet import sheet

E = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]])


def test_embedding_by_hand():
    indices = [2, 0, 2]
    np.testing.assert_array_equal(Embedding().forward(E=E, indices=indices), E[[2, 0, 2]])
    J = Embedding().jacobian("E", E=E, indices=indices)
    assert str(J) == "δ_dd' [v = indices[n]]"
    assert J.nnz == 9
    hits = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]
    np.testing.assert_array_equal(J.dense(), np.einsum("nv,de->ndve", hits, np.eye(3)))


def test_embedding_is_a_product_with_one_hot_vectors():
    indices = np.array([[3, 1, 3], [0, 2, 0]])
    rows = OneHot(4).forward(indices=indices)
    np.testing.assert_array_equal(rows @ E, Embedding().forward(E=E, indices=indices))
    product = LinearMap().jacobian("W", x=rows, W=E.T).dense()  # (n m d | d v)
    np.testing.assert_array_equal(Embedding().jacobian("E", E=E, indices=indices).dense(), product.swapaxes(-1, -2))


def test_embedding_in_a_model():
    model = jac.Model.parse("E : 5 x 3\nids = [4, 0, 4]\nX = embedding(E, ids)\nL = squared_norm(X)")
    run = model.run({"E": np.arange(15.0).reshape(5, 3)})
    np.testing.assert_array_equal(run.jacobian("L", "E").dense(), 2 * run["E"] * [[1], [0], [0], [0], [2]])
    with pytest.raises(InputError, match="no Jacobian by ids: row numbers are not differentiable"):
        run.jacobian("X", "ids")


def test_one_hot_has_no_jacobian():
    np.testing.assert_array_equal(OneHot(3).forward(indices=2), [0, 0, 1])
    assert OneHot(3).differentiable() == ()
    assert OneHot(3).jacobians(indices=[0, 1]) == {}
    with pytest.raises(InputError, match=r"OneHot: no Jacobian by indices: a one-hot vector jumps"):
        OneHot(3).jacobian("indices", indices=[0, 1])


def test_the_sheet_of_an_op_without_jacobians(capsys):
    assert sheet(jac.OPS["one_hot"]).jacobians == {}
    print_op("one_hot", 3)
    assert "one_hot" in capsys.readouterr().out
    assert json.loads(ops_json("one_hot"))[0]["jacobians"] == {}


@pytest.mark.parametrize("index", [4, -1, 1.5, np.nan])
def test_indices_out_of_range(index):
    message = (
        rf"Embedding\.indices: expected whole numbers from 0 to 3 for a table E of 4 rows, got {index} at \(1\) of"
    )
    with pytest.raises(InputError, match=message):
        Embedding().forward(E=E, indices=[0, index])
    message = (
        rf"OneHot\.indices: expected whole numbers from 0 to 3 for classes = 4, got {index} at \(0, 1\) of \(1, 2\)"
    )
    with pytest.raises(InputError, match=message):
        OneHot(4).forward(indices=[[0, index]])


@pytest.mark.parametrize("classes", [0, -3, 2.5, True])
def test_bad_number_of_classes(classes):
    with pytest.raises(InputError, match=rf"OneHot: expected a positive whole number of classes, got {classes}"):
        OneHot(classes)


# ----- positions -----


def test_rotation_by_hand():
    """Position t turns the only pair by the angle t."""
    x = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    op = RotaryEmbedding()
    angle = np.arange(3.0)
    want = np.stack([np.cos(angle) - 2 * np.sin(angle), np.sin(angle) + 2 * np.cos(angle)], axis=-1)
    np.testing.assert_allclose(op.forward(x=x), want, rtol=1e-15, atol=1e-15)
    J = op.jacobian("x", x=x).dense()
    np.testing.assert_allclose(J[1, :, 1], [[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]], rtol=1e-15)
    assert not np.any(J[1, :, 0])


@pytest.mark.parametrize("layout", ["interleaved", "half"])
def test_rotation_keeps_lengths_and_knows_only_distances(layout):
    rng = np.random.default_rng(1)
    q, k = rng.standard_normal((1, 6)), rng.standard_normal((1, 6))
    J = RotaryEmbedding(offset=7, layout=layout).jacobian("x", x=q).matrix()
    np.testing.assert_allclose(J @ J.T, np.eye(6), atol=1e-15)

    def product(m, n):
        turned = (RotaryEmbedding(offset=p, layout=layout).forward(x=x) for p, x in ((m, q), (n, k)))
        return np.vdot(*turned)

    np.testing.assert_allclose(product(9, 4), product(25, 20), rtol=1e-13)
    assert abs(product(9, 4) - product(9, 5)) > 1e-3


def test_the_two_layouts_are_a_permutation_apart():
    x = np.random.default_rng(0).standard_normal((3, 6))
    order = [0, 2, 4, 1, 3, 5]
    interleaved = RotaryEmbedding(base=100).forward(x=x)
    np.testing.assert_allclose(interleaved[:, order], RotaryEmbedding(base=100, layout="half").forward(x=x[:, order]))


def test_rotation_is_linear():
    x = np.random.default_rng(0).standard_normal((3, 4))
    assert not np.any(RotaryEmbedding().hessian("x", x=x).dense())


def test_positions_with_50_digits():
    op, x = SinusoidalPositions(offset=5), np.zeros((3, 4))
    with mpmath.workdps(50):
        for t in range(3):
            for k in range(2):
                angle = (t + 5) * mpmath.mpf(10000) ** (-mpmath.mpf(2 * k) / 4)
                got = op.forward(x=x)[t, 2 * k : 2 * k + 2]
                np.testing.assert_allclose(got, [float(mpmath.sin(angle)), float(mpmath.cos(angle))], rtol=1e-14)


def test_float32_stays():
    x = np.ones((2, 4), np.float32)
    for op in (RotaryEmbedding(), SinusoidalPositions()):
        assert op.forward(x=x).dtype == np.float32
    assert RotaryEmbedding().jacobian("x", x=x).dense().dtype == np.float32


def test_odd_widths():
    message = r"RotaryEmbedding\.x: expected an even size d, .* got d = 5 in \(2, 5\); d = 4 or d = 6 would do"
    with pytest.raises(ShapeError, match=message):
        RotaryEmbedding().forward(x=np.ones((2, 5)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"base": 0}, "RotaryEmbedding: expected a positive finite base, got 0"),
        ({"base": np.inf}, "RotaryEmbedding: expected a positive finite base, got inf"),
        ({"offset": 0.5}, "RotaryEmbedding: expected an integer offset, got 0.5"),
        ({"layout": "halves"}, "RotaryEmbedding: unknown layout 'halves'; known are interleaved, half"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError, match=message):
        RotaryEmbedding(**options)
