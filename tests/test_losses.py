"""Losses: an example by hand for each, reductions, accuracy far out, borders and kinks, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians.errors import InputError, ShapeError
from jacobians.ops import OPS
from jacobians.ops.likelihood import KL, BinaryCrossEntropy, NegativeLogLikelihood
from jacobians.ops.logits import BinaryCrossEntropyLogits, CrossEntropy, CrossEntropyIndex
from jacobians.ops.losses import AbsoluteError, Hinge, Huber, Loss, SquaredError

LOSSES = pytest.mark.parametrize("op", [op for op in OPS.values() if isinstance(op, Loss)], ids=lambda op: op.name)
A, Y = np.array([[1, 2, 5], [4, 4, 0]]), np.array([[0, 4, 1], [5, 4, 3]])  # a - y = (1 -2 4), (-1 0 -3)


# ----- one example each, to be checked by eye -----


@pytest.mark.parametrize(
    ("op", "value", "slope"),
    [
        (SquaredError(reduction="none"), [10.5, 5], [[1, -2, 4], [-1, 0, -3]]),
        (SquaredError(half=False, reduction="sum"), 31, [[2, -4, 8], [-2, 0, -6]]),
        (SquaredError(half=False, mean=True, reduction="none"), [7, 10 / 3], [[2 / 3, -4 / 3, 8 / 3], [-2 / 3, 0, -2]]),
        (SquaredError(), 7.75, [[0.5, -1, 2], [-0.5, 0, -1.5]]),
        (AbsoluteError(reduction="none"), [7, 4], [[1, -1, 1], [-1, 0, -1]]),
        (AbsoluteError(), 5.5, [[0.5, -0.5, 0.5], [-0.5, 0, -0.5]]),
        (Huber(delta=2, reduction="none"), [0.5 + 2 + 6, 0.5 + 4], [[1, -2, 2], [-1, 0, -2]]),
    ],
    ids=repr,
)
def test_residuals_by_hand(op, value, slope):
    np.testing.assert_allclose(op.forward(a=A, y=Y), value, rtol=1e-15)
    samples = op.jacobian("a", a=A, y=Y).dense()
    by_sample = samples if op.reduction != "none" else samples.sum(axis=0)
    np.testing.assert_allclose(by_sample, slope, rtol=1e-15)
    np.testing.assert_array_equal(op.jacobian("y", a=A, y=Y).dense(), -samples)
    if op.reduction == "none":
        assert samples.shape == (2, 2, 3)
        assert not samples[0, 1].any()
        assert not samples[1, 0].any()


def test_hinge_by_hand():
    a, y = np.array([[2.0, 0.5, -1], [1, -3, 0]]), np.array([[1, 1, 1], [1, -1, -1]])  # y a = (2 .5 -1), (1 3 0)
    np.testing.assert_array_equal(Hinge(reduction="none").forward(a=a, y=y), [2.5, 1])
    np.testing.assert_array_equal(Hinge(reduction="sum").jacobian("a", a=a, y=y).dense(), [[0, -1, -1], [0, 0, 1]])
    assert str(Hinge().jacobian("a", a=a, y=y)) == "-1/2 y_ni [y[n, i] * a[n, i] < 1]"


def test_binary_cross_entropy_by_hand():
    p, y = np.array([0.5, 0.25, 0.25]), np.array([1.0, 0, 1])
    J = BinaryCrossEntropy().jacobian("p", p=p, y=y)
    np.testing.assert_allclose(BinaryCrossEntropy().forward(p=p, y=y), np.log(2 * 4 / 3 * 4), rtol=1e-15)
    np.testing.assert_allclose(J.dense(), [-2, 4 / 3, -4], rtol=1e-15)
    np.testing.assert_allclose(BinaryCrossEntropy().jacobian("y", p=p, y=y).dense(), np.log([1, 3, 3]), rtol=1e-15)


def test_binary_cross_entropy_from_logits_by_hand():
    z, y = np.log([1, 3, 0.25]), np.array([1, 0, 1])  # p = 1/2, 3/4, 1/5
    op = BinaryCrossEntropyLogits()
    np.testing.assert_allclose(op.forward(z=z, y=y), np.log(2 * 4 * 5), rtol=1e-15)
    np.testing.assert_allclose(op.jacobian("z", z=z, y=y).dense(), [-1 / 2, 3 / 4, -4 / 5], rtol=1e-15)
    np.testing.assert_array_equal(op.jacobian("y", z=z, y=y).dense(), -z)


def test_cross_entropy_by_hand():
    z = np.log([[1, 2, 5], [3, 1, 4]])  # p = (1 2 5) / 8, (3 1 4) / 8
    p = np.array([[1, 2, 5], [3, 1, 4]]) / 8
    one_hot = np.array([[0, 0, 1], [1, 0, 0]])
    op = CrossEntropy(reduction="sum")
    np.testing.assert_allclose(op.forward(z=z, y=one_hot), np.log(8 / 5 * 8 / 3), rtol=1e-15)
    J = op.jacobian("z", z=z, y=one_hot)
    np.testing.assert_allclose(J.dense(), [[1 / 8, 2 / 8, -3 / 8], [-5 / 8, 1 / 8, 4 / 8]], rtol=1e-15)
    assert str(J) == "softmax(z)_ni - y_ni"
    soft = np.array([[1, 2, 0], [0.5, 0.25, 0.25]])  # the first sample counts three times
    K = op.jacobian("z", z=z, y=soft)
    np.testing.assert_allclose(K.dense(), [3 * p[0] - [1, 2, 0], p[1] - soft[1]], rtol=1e-14)
    assert str(K) == "sum(y)_n softmax(z)_ni - y_ni"
    np.testing.assert_allclose(op.jacobian("y", z=z, y=soft).dense(), -np.log(p), rtol=1e-15)


def test_cross_entropy_by_class_by_hand():
    z, y = np.log([[1, 2, 5], [3, 1, 4]]), np.array([2, 0])
    op = CrossEntropyIndex()
    np.testing.assert_allclose(op.forward(z=z, y=y), np.log(8 / 5 * 8 / 3) / 2, rtol=1e-15)
    J = op.jacobian("z", z=z, y=y)
    np.testing.assert_allclose(J.dense(), np.array([[1, 2, -3], [-5, 1, 4]]) / 16, rtol=1e-15)
    assert str(J) == "1/2 softmax(z)_ni - 1/2 [i = y[n]]"
    np.testing.assert_array_equal(op.forward(z=z, y=y.astype(float)), op.forward(z=z, y=y))


def test_negative_log_likelihood_by_hand():
    q, y = np.array([[-1, -2, -4], [-3, -5, -7]]), np.array([2, 1])
    J = NegativeLogLikelihood(reduction="none").jacobian("q", q=q, y=y)
    np.testing.assert_array_equal(NegativeLogLikelihood(reduction="none").forward(q=q, y=y), [4, 5])
    np.testing.assert_array_equal(J.dense(), [[[0, 0, -1], [0, 0, 0]], [[0, 0, 0], [0, -1, 0]]])
    assert (J.pattern, str(J), J.nnz) == ("n i -> n | n i", "-δ_nn' [i = y[n]]", 2)


def test_kl_by_hand():
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    np.testing.assert_allclose(KL().forward(p=p, q=q), np.log(2) / 4, rtol=1e-15)
    np.testing.assert_allclose(KL().jacobian("p", p=p, q=q).dense(), np.log([2, 1, 0.5]) + 1, rtol=1e-15)
    np.testing.assert_array_equal(KL().jacobian("q", p=p, q=q).dense(), [-2, -1, -0.5])


# ----- reductions -----


@LOSSES
def test_reductions_agree(op):
    rng = np.random.default_rng(11)
    for shapes in op.example_shapes((2, 3, 5, 7)):
        inputs = op.sample(rng, shapes)
        none, total, mean = (type(op)(reduction=r) for r in ("none", "sum", "mean"))
        each = none.forward(**inputs)
        assert each.shape == none.out_shape(**shapes)
        np.testing.assert_allclose(total.forward(**inputs), each.sum(), rtol=1e-14)
        np.testing.assert_allclose(mean.forward(**inputs), each.mean(), rtol=1e-14)
        for wrt in op.differentiable():
            J = none.jacobian(wrt, **inputs).dense()
            summed = J.sum(axis=tuple(range(each.ndim)))
            assert np.abs(summed).max() > 0.01
            np.testing.assert_allclose(total.jacobian(wrt, **inputs).dense(), summed, rtol=1e-12)
            np.testing.assert_allclose(mean.jacobian(wrt, **inputs).dense(), summed / each.size, rtol=1e-12)


@LOSSES
def test_float32_stays(op):
    inputs = op.sample(np.random.default_rng(3), op.example_shapes((2, 3, 5, 7))[-1])
    small = {k: v if v.dtype.kind == "i" else v.astype(np.float32) for k, v in inputs.items()}
    assert op.forward(**small).dtype == np.float32
    for wrt in op.differentiable():
        J = op.jacobian(wrt, **small).dense()
        if any(f.value.dtype != bool for t in op.jacobian(wrt, **small).terms for f in t.factors):
            assert J.dtype == np.float32
        np.testing.assert_allclose(J, op.jacobian(wrt, **inputs).dense(), rtol=2e-5, atol=1e-6)


def test_class_index_is_cross_entropy_with_one_hot_targets():
    rng = np.random.default_rng(5)
    z, y = rng.uniform(-3, 3, (2, 5, 3)), rng.integers(0, 3, (2, 5))
    hot = np.eye(3)[y]
    pairs = [(CrossEntropyIndex(r), CrossEntropy(r)) for r in ("none", "sum", "mean")]
    for index, soft in pairs:
        np.testing.assert_allclose(index.forward(z=z, y=y), soft.forward(z=z, y=hot), rtol=1e-15)
        ours, theirs = index.jacobian("z", z=z, y=y).dense(), soft.jacobian("z", z=z, y=hot).dense()
        np.testing.assert_allclose(ours, theirs, rtol=1e-15)


def test_the_held_factor_is_what_prints():
    rng = np.random.default_rng(7)
    z, y = rng.uniform(-3, 3, (5, 3)), rng.uniform(0, 1, (5, 3))
    for op in (CrossEntropy(), CrossEntropy("none"), BinaryCrossEntropyLogits("sum")):
        J = op.jacobian("z", z=z, y=y)
        assert (len(J.terms), len(J.shown.terms)) == (1, 2)
        np.testing.assert_allclose(J.dense(), J.shown.dense(), atol=1e-15)


# ----- accuracy: mpmath at 50 digits -----

LOGITS = np.array(
    [
        [1e4, -1e4, 0],
        [-1e4, 1e4, 9999.3],
        [30.123, 0.017, -5.31],
        [700.3, 0.1, 11.7],
        [0.3, 0.2, -0.1],
        [1e-9, -1e-9, 2e-9],
        [-700.123, 1.37, -350.71],
        [1e4, 1e4 - 36.7, 1e4 - 1.3],
    ]
)


def agrees(got, want, scale=0):
    """Relative error below 1e-14 wherever the true value is a normal float; relative to a larger `scale`."""
    for ours, true, size in np.broadcast(np.asarray(got), np.asarray(want), np.asarray(scale)):
        if abs(true) > mpmath.mpf(2) ** -1020:
            assert abs(mpmath.mpf(float(ours)) - true) < 1e-14 * max(abs(true), size), (float(ours), true)
        else:
            assert abs(ours) < 1e-300


def exact(array):
    return np.vectorize(lambda v: mpmath.mpf(float(v)), otypes=[object])(array)


LOG, EXP = (np.vectorize(f, otypes=[object]) for f in (mpmath.log, mpmath.exp))


def fifty_digits(z):
    """50 digits that are still there after 1 - p, with p as close to 1 as these logits bring it."""
    return mpmath.workdps(55 + int(np.ptp([0, *z]) / np.log(10)))


@pytest.mark.parametrize("z", LOGITS, ids=str)
def test_cross_entropy_by_class_is_accurate(z):
    with fifty_digits(z):
        p = EXP(exact(z)) / EXP(exact(z)).sum()
        for y in range(3):
            agrees(CrossEntropyIndex().forward(z=z, y=y), -LOG(p[y]))
            agrees(CrossEntropyIndex().jacobian("z", z=z, y=y).dense(), p - exact(np.eye(3)[y]))


@pytest.mark.parametrize("y", [[0, 1, 0], [0, 0.5, 0.5], [0.2, 0.3, 0.5], [3, 1, 2]], ids=str)
@pytest.mark.parametrize("z", LOGITS, ids=str)
def test_cross_entropy_is_accurate(z, y):
    op, y = CrossEntropy(), np.array(y, float)
    with fifty_digits(z):
        p, true_y = EXP(exact(z)) / EXP(exact(z)).sum(), exact(y)
        agrees(op.forward(z=z, y=y), -(true_y * LOG(p)).sum())
        agrees(op.jacobian("y", z=z, y=y).dense(), -LOG(p))
        soft = (y > 0) & (y < y.sum())  # there p - y cancels where a p comes close to a y
        agrees(op.jacobian("z", z=z, y=y).dense(), true_y.sum() * p - true_y, scale=np.where(soft, y, 0))


@pytest.mark.parametrize("y", [0.0, 1.0, 0.25, 1e-9])
@pytest.mark.parametrize("z", sorted({*LOGITS.ravel()}))
def test_binary_cross_entropy_from_logits_is_accurate(z, y):
    op, inputs = BinaryCrossEntropyLogits(), {"z": np.array([z]), "y": np.array([y])}
    with fifty_digits([z]):
        p, true_y = 1 / (1 + mpmath.exp(-mpmath.mpf(z))), mpmath.mpf(y)
        agrees(op.forward(**inputs), -true_y * mpmath.log(p) - (1 - true_y) * mpmath.log(1 - p))
        agrees(op.jacobian("z", **inputs).dense(), p - true_y, scale=y if y not in (0, 1) else 0)


# ----- borders and kinks -----


def test_zero_times_log_zero_is_zero():
    p, y = np.array([0.0, 1.0, 0.5]), np.array([0.0, 1.0, 0.5])
    np.testing.assert_allclose(BinaryCrossEntropy().forward(p=p, y=y), np.log(2), rtol=1e-15)
    np.testing.assert_array_equal(BinaryCrossEntropy().jacobian("p", p=p, y=y).dense(), [1, -1, 0])
    np.testing.assert_array_equal(BinaryCrossEntropy().jacobian("y", p=p, y=y).dense(), [np.inf, -np.inf, 0])
    q = np.array([0.0, 0.25, 0.75])
    np.testing.assert_allclose(KL().forward(p=[0, 0.5, 0.5], q=q), np.log(2 * 2 / 3) / 2, rtol=1e-15)
    np.testing.assert_allclose(KL().jacobian("q", p=[0, 0.5, 0.5], q=q).dense(), [0, -2, -2 / 3], rtol=1e-15)
    assert KL().jacobian("p", p=[0, 0.5, 0.5], q=[0.5, 0.25, 0.25]).dense()[0] == -np.inf


def test_a_masked_class_has_probability_zero():
    z = np.array([0.0, -np.inf, np.log(3)])
    np.testing.assert_allclose(CrossEntropyIndex().forward(z=z, y=2), np.log(4 / 3), rtol=1e-15)
    np.testing.assert_allclose(CrossEntropyIndex().jacobian("z", z=z, y=2).dense(), [0.25, 0, -0.25], rtol=1e-15)
    np.testing.assert_allclose(CrossEntropy().forward(z=z, y=[1, 0, 0]), np.log(4), rtol=1e-15)
    np.testing.assert_allclose(CrossEntropy().jacobian("z", z=z, y=[1, 0, 0]).dense(), [-0.75, 0, 0.75], rtol=1e-15)


def test_nan_passes():
    bad = np.array([[np.nan, 0.5], [0.25, 0.5]])
    targets = np.array([[0.5, 0.5], [0.25, 0.75]])
    for op, first, second in (
        (SquaredError(reduction="none"), "a", "y"),
        (BinaryCrossEntropy("none"), "p", "y"),
        (BinaryCrossEntropyLogits("none"), "z", "y"),
        (CrossEntropy("none"), "z", "y"),
        (KL("none"), "p", "q"),
    ):
        values = np.atleast_1d(op.forward(**{first: bad, second: targets}))
        assert np.isnan(values[0]), op
        J = op.jacobian(first, **{first: bad, second: targets}).dense()
        assert np.isnan(J).any(), op


def test_kinks():
    a, y = np.array([1.0, -2, 0.5]), np.array([1.0, 3, 0.75])
    np.testing.assert_array_equal(AbsoluteError().jacobian("a", a=a, y=y).dense(), [0, -1, -1])  # sign(0) = 0
    assert AbsoluteError().near_kink(0.0, a=a, y=y)
    assert not AbsoluteError().near_kink(0.2, a=a[1:], y=y[1:])
    assert AbsoluteError().near_kink(0.25, a=a[1:], y=y[1:])
    sign = np.array([1, -1, 1])
    np.testing.assert_array_equal(Hinge().jacobian("a", a=a, y=sign).dense(), [0, 0, -1])  # y a = 1, 2, 0.5
    assert Hinge().near_kink(0.0, a=a, y=sign)
    assert not Hinge().near_kink(0.4, a=a[1:], y=sign[1:])
    assert Hinge().near_kink(0.5, a=a[1:], y=sign[1:])
    np.testing.assert_array_equal(Huber().jacobian("a", a=[1.0, -1, 3], y=[0.0, 0, 0]).dense(), [1, -1, 1])  # C^1
    assert not Huber().near_kink(1e9, a=a, y=y)


# ----- wrong input -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CrossEntropy("average"), r"CrossEntropy: unknown reduction 'average'; known are none, sum, mean"),
        (lambda: SquaredError(reduction=None), r"SquaredError: unknown reduction None; known are none, sum, mean"),
        (lambda: Huber(delta=0), r"Huber: expected a positive finite delta, got 0"),
        (lambda: Huber(delta=float("nan")), r"Huber: expected a positive finite delta, got nan"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


P, T = np.full((2, 3), 0.5), np.full((2, 3), 0.25)


def put(array, value):
    changed = np.array(array, float)
    changed[1, 2] = value
    return changed


PLACE = r"at \(1, 2\) of \(2, 3\)"


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (
            BinaryCrossEntropy(),
            {"p": put(P, 1.5), "y": T},
            rf"p: expected probabilities in \[0, 1\], got 1.5 {PLACE}; for",
        ),
        (
            BinaryCrossEntropy(),
            {"p": P, "y": put(T, -0.5)},
            rf"y: expected probabilities in \[0, 1\], got -0.5 {PLACE}",
        ),
        (
            BinaryCrossEntropy(),
            {"p": put(P, 0), "y": T},
            rf"p: expected p > 0 where y > 0, got 0.0 {PLACE}, where the loss",
        ),
        (
            BinaryCrossEntropy(),
            {"p": put(P, 1), "y": T},
            rf"p: expected p < 1 where y < 1, got 1.0 {PLACE}, where the loss",
        ),
        (
            BinaryCrossEntropyLogits(),
            {"z": P, "y": put(T, 2)},
            rf"y: expected probabilities in \[0, 1\], got 2.0 {PLACE}",
        ),
        (KL(), {"p": put(P, -1), "q": T}, rf"p: expected probabilities in \[0, 1\], got -1.0 {PLACE}"),
        (KL(), {"p": P, "q": put(T, 7)}, rf"q: expected probabilities in \[0, 1\], got 7.0 {PLACE}"),
        (
            KL(),
            {"p": P, "q": put(T, 0)},
            rf"q: expected q > 0 where p > 0, got 0.0 {PLACE}, .* infinite; move it inside",
        ),
        (
            Hinge(),
            {"a": P, "y": put(np.ones((2, 3)), 0)},
            rf"y: expected targets -1 or 1, got 0.0 {PLACE}; for classes",
        ),
    ],
)
def test_wrong_values(op, inputs, message):
    for call in (op.forward, op.jacobians):
        with pytest.raises(InputError, match=rf"^{op.label}\.{message}"):
            call(**inputs)


@pytest.mark.parametrize(
    ("y", "got", "sample"),
    [([0, 3], "3", "1"), ([-1, 2], "-1", "0"), ([1, 0.5], "0.5", "1"), ([np.nan, 0], "nan", "0")],
)
@pytest.mark.parametrize(("op", "name"), [(CrossEntropyIndex(), "z"), (NegativeLogLikelihood(), "q")])
def test_wrong_classes(op, name, y, got, sample):
    message = (
        rf"{op.label}.y: expected class indices 0 <= y < 3 of 3 classes, got {got} at sample \({sample}\); .* from 0"
    )
    for call in (op.forward, op.jacobians):
        with pytest.raises(InputError, match=message):
            call(**{name: P, "y": y})
    with pytest.raises(InputError, match=r"of 3 classes, got 5 at sample \(\)"):
        op.forward(**{name: P[0], "y": 5})


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (SquaredError(), {"a": P, "y": T[:, :2]}, r"y: expected \(n i\) = \(2, 3\), got \(2, 2\); a fixes i = 3"),
        (SquaredError(), {"a": P, "y": T[0]}, r"y: expected \(n i\) = \(2, 3\), got \(3\); a fixes n = 2"),
        (SquaredError(), {"a": 1.0, "y": 2.0}, r"a: expected \(... i\) = \(\?\), got \(\)"),
        (CrossEntropyIndex(), {"z": P, "y": [1, 0, 2]}, r"y: expected \(n\) = \(2\), got \(3\); z fixes n = 2"),
        (CrossEntropyIndex(), {"z": P, "y": [[1, 0, 2]]}, r"y: expected \(n\) = \(2\), got \(1, 3\)"),
    ],
)
def test_wrong_shapes(op, inputs, message):
    with pytest.raises(ShapeError, match=rf"^{op.label}\.{message}"):
        op.forward(**inputs)


def test_data_has_no_jacobian():
    with pytest.raises(InputError, match="CrossEntropyIndex: no Jacobian by y: class indices are not differentiable"):
        CrossEntropyIndex().jacobian("y", z=P, y=[0, 1])
    with pytest.raises(InputError, match="Hinge: no Jacobian by y: targets are -1 or 1"):
        Hinge().jacobian("y", a=P, y=np.ones((2, 3)))
