"""Label smoothing and focal losses: an example by hand, special cases, accuracy far out, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians import BinaryFocalLoss, CrossEntropyIndex, FocalLoss, LabelSmoothing
from jacobians.errors import InputError, ShapeError
from jacobians.ops.logits import BinaryCrossEntropyLogits
from tests.exact import check

Z, Y = np.log([[1, 2, 5], [3, 1, 4]]), np.array([2, 0])  # softmax (1 2 5) / 8, (3 1 4) / 8


def test_label_smoothing_by_hand():
    op = LabelSmoothing(smoothing=0.75, reduction="sum")  # targets .25 .25 .5 and .5 .25 .25
    p, q = np.array([[1, 2, 5], [3, 1, 4]]) / 8, np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])
    np.testing.assert_allclose(op.forward(z=Z, y=Y), -(q * np.log(p)).sum(), rtol=1e-15)
    J = op.jacobian("z", z=Z, y=Y)
    np.testing.assert_allclose(J.dense(), p - q, rtol=1e-13)
    np.testing.assert_allclose(J.shown.dense(), p - q, rtol=1e-14)
    assert str(J) == "softmax(z)_ni - 1/4 [i = y[n]] - 1/4"


def test_focal_loss_by_hand():
    op = FocalLoss(alpha=4, reduction="none")
    np.testing.assert_allclose(
        op.forward(z=Z, y=Y), 4 * np.array([9 / 64, 25 / 64]) * np.log([8 / 5, 8 / 3]), rtol=1e-15
    )
    J = op.jacobian("z", z=Z, y=Y).dense()
    q = np.array([5, 3]) / 8
    weight = 4 * ((1 - q) ** 2 - 2 * q * (1 - q) * np.log(q))
    np.testing.assert_allclose(J[0, 0], weight[0] * np.array([1, 2, -3]) / 8, rtol=1e-14)
    np.testing.assert_allclose(J[1, 1], weight[1] * np.array([-5, 1, 4]) / 8, rtol=1e-14)
    assert not J[0, 1].any()
    assert not J[1, 0].any()


def test_binary_focal_loss_by_hand():
    z, y = np.log([1, 3, 0.25]), np.array([1, 0, 1])  # p = 1/2, 3/4, 1/5, so q = 1/2, 1/4, 1/5
    op = BinaryFocalLoss(alpha=0.75)
    want = 0.75 * np.log(2) / 4 + 0.25 * np.log(4) * 9 / 16 + 0.75 * np.log(5) * 16 / 25
    np.testing.assert_allclose(op.forward(z=z, y=y), want, rtol=1e-15)
    p, q, alpha = np.array([1 / 2, 3 / 4, 1 / 5]), np.array([1 / 2, 1 / 4, 1 / 5]), np.array([0.75, 0.25, 0.75])
    weight = alpha * ((1 - q) ** 2 - 2 * q * (1 - q) * np.log(q))
    np.testing.assert_allclose(op.jacobian("z", z=z, y=y).dense(), weight * (p - y), rtol=1e-14)


def test_without_their_option_they_are_cross_entropy():
    rng = np.random.default_rng(5)
    z, y = rng.uniform(-3, 3, (2, 5, 3)), rng.integers(0, 3, (2, 5))
    plain = CrossEntropyIndex()
    for op in (LabelSmoothing(0), FocalLoss(gamma=0)):
        np.testing.assert_allclose(op.forward(z=z, y=y), plain.forward(z=z, y=y), rtol=1e-14)
        J = op.jacobian("z", z=z, y=y)
        np.testing.assert_allclose(J.dense(), plain.jacobian("z", z=z, y=y).dense(), rtol=1e-13)
        assert str(J) == str(plain.jacobian("z", z=z, y=y))
    t = rng.integers(0, 2, z.shape)
    focal, binary = BinaryFocalLoss(gamma=0, alpha=None), BinaryCrossEntropyLogits()
    np.testing.assert_allclose(focal.forward(z=z, y=t), binary.forward(z=z, y=t), rtol=1e-14)
    want = binary.jacobian("z", z=z, y=t).dense()
    np.testing.assert_allclose(focal.jacobian("z", z=z, y=t).dense(), want, rtol=1e-13)


@pytest.mark.parametrize("op", [FocalLoss(), FocalLoss(gamma=0.5), BinaryFocalLoss(gamma=1.5)], ids=repr)
def test_the_held_factor_is_what_prints(op):
    rng = np.random.default_rng(7)
    z = rng.uniform(-3, 3, (5, 3))
    y = rng.integers(0, 2, z.shape if isinstance(op, BinaryFocalLoss) else 5)
    J = op.jacobian("z", z=z, y=y)
    assert (len(J.terms), len(J.shown.terms)) == (1, 4)
    np.testing.assert_allclose(J.dense(), J.shown.dense(), rtol=1e-12, atol=1e-15)


# ----- accuracy -----

FAR = [
    [1e4, -1e4, 0],
    [-1e4, 1e4, 9999.3],
    [30.123, 0.017, -5.31],
    [700.3, 0.1, 11.7],
    [0.3, 0.2, -0.1],
    [1e-9, -1e-9, 2e-9],
    [1e4, 1e4 - 36.7, 1e4 - 1.3],
    [3.0, 3.0, 3.0],
]


def digits(z, power=1.0):
    """So many that e^-|z| to this power is still a third of them away from the end, or below what float64 holds."""
    return int(min(80 + 3 * (1 + power) * np.ptp([0, *z]) / np.log(10), 1500))


def softmax(z):
    e = [mpmath.exp(v) for v in z]
    return [v / mpmath.fsum(e) for v in e]


@pytest.mark.parametrize("z", FAR, ids=str)
def test_label_smoothing_against_mpmath(z):
    def definition(z, y):
        p, e = softmax(z), mpmath.mpf(0.1)
        return -mpmath.fsum(((1 - e) * (i == y) + e / 3) * mpmath.log(p[i]) for i in range(3))

    for y in range(3):
        check(LabelSmoothing(), definition, {"z": np.array(z), "y": y}, digits(z))


@pytest.mark.parametrize("gamma", [2.0, 0.5])
@pytest.mark.parametrize("z", FAR, ids=str)
def test_focal_loss_against_mpmath(z, gamma):
    def definition(z, y):
        p = softmax(z)
        rest = mpmath.fsum(v for i, v in enumerate(p) if i != y)
        return -(rest**gamma) * mpmath.log(p[int(y)])

    for y in range(3):
        check(FocalLoss(gamma), definition, {"z": np.array(z), "y": y}, digits(z, gamma))


@pytest.mark.parametrize("gamma", [2.0, 0.5])
@pytest.mark.parametrize("z", FAR, ids=str)
def test_binary_focal_loss_against_mpmath(z, gamma):
    def definition(z, y):
        q = [1 / (1 + mpmath.exp(-v if t == 1 else v)) for v, t in zip(z, y, strict=True)]
        return -mpmath.fsum(
            (mpmath.mpf(0.25) if t == 1 else mpmath.mpf(0.75)) * (1 - v) ** gamma * mpmath.log(v)
            for v, t in zip(q, y, strict=True)
        )

    for y in ([1, 0, 1], [0, 1, 0]):
        check(BinaryFocalLoss(gamma), definition, {"z": np.array(z), "y": np.array(y)}, digits(z, gamma))


# ----- wrong input -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LabelSmoothing(1.5), r"LabelSmoothing: expected a smoothing from 0 to 1, got 1.5"),
        (lambda: LabelSmoothing(-0.1), r"LabelSmoothing: expected a smoothing from 0 to 1, got -0.1"),
        (lambda: FocalLoss(gamma=-2), r"FocalLoss: expected gamma >= 0, got -2"),
        (lambda: FocalLoss(alpha=float("nan")), r"option alpha must be a finite real number, got nan"),
        (lambda: BinaryFocalLoss(alpha=1.25), r"BinaryFocalLoss: expected an alpha from 0 to 1, or None, got 1.25"),
        (lambda: BinaryFocalLoss(reduction="average"), r"BinaryFocalLoss: unknown reduction 'average'"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_wrong_values():
    z = np.zeros((2, 3))
    for op in (LabelSmoothing(), FocalLoss()):
        with pytest.raises(
            InputError, match=rf"{op.label}.y: expected class indices 0 <= y < 3 .* got 3 at sample \(1\)"
        ):
            op.forward(z=z, y=[0, 3])
        with pytest.raises(InputError, match=rf"{op.label}: no Jacobian by y: class indices are not differentiable"):
            op.jacobian("y", z=z, y=[0, 1])
    with pytest.raises(
        InputError,
        match=r"BinaryFocalLoss.y: expected targets 0 or 1, got -1 at \(1, 2\) of \(2, 3\); .* \(y \+ 1\) / 2",
    ):
        BinaryFocalLoss().jacobians(z=z, y=[[0, 1, 1], [1, 0, -1]])
    with pytest.raises(
        ShapeError, match=r"FocalLoss.z: expected 2 classes or more, got \(2, 1\) with 1; for one class take"
    ):
        FocalLoss().forward(z=z[:, :1], y=[0, 0])
