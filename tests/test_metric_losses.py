"""Losses of pairs and triplets: an example by hand for each, hinges and kinks, accuracy, wrong input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from jacobians import ContrastiveLoss, CosineEmbeddingLoss, CosineSimilarity, CrossEntropyIndex, InfoNCE, TripletLoss
from jacobians.errors import InputError, ShapeError
from tests.exact import check

A, P, N = np.zeros((2, 2)), np.array([[3.0, 4], [0, 2]]), np.array([[0.0, -5.5], [8, 6]])  # distances 5, 5.5; 2, 10


def test_triplet_loss_by_hand():
    op = TripletLoss(reduction="none")
    np.testing.assert_allclose(op.forward(a=A, p=P, n=N), [0.5, 0], rtol=1e-15)
    J = TripletLoss(reduction="sum").jacobians(a=A, p=P, n=N)
    np.testing.assert_allclose(J["a"].dense(), [[-0.6, -0.8 - 1], [0, 0]], rtol=1e-15)
    np.testing.assert_allclose(J["p"].dense(), [[0.6, 0.8], [0, 0]], rtol=1e-15)
    np.testing.assert_allclose(J["n"].dense(), [[0, 1], [0, 0]], atol=1e-15)
    squared = TripletLoss(margin=6, squared=True, reduction="sum")  # 25 - 30.25 + 6, and 4 - 100 + 6
    assert squared.forward(a=A, p=P, n=N) == 0.75
    np.testing.assert_array_equal(squared.jacobian("a", a=A, p=P, n=N).dense(), [[-6, -19], [0, 0]])  # 2 (n - p)
    np.testing.assert_array_equal(squared.jacobian("p", a=A, p=P, n=N).dense(), [[6, 8], [0, 0]])
    np.testing.assert_array_equal(squared.jacobian("n", a=A, p=P, n=N).dense(), [[0, 11], [0, 0]])


def test_contrastive_loss_by_hand():
    x, y, t = np.array([[3.0, 4], [3, 4], [3, 4]]), np.zeros((3, 2)), np.array([0, 1, 1])
    op = ContrastiveLoss(margin=7, reduction="none")  # D = 5
    np.testing.assert_array_equal(op.forward(x=x, y=y, t=t), [12.5, 2, 2])
    J = ContrastiveLoss(margin=7, reduction="sum").jacobian("x", x=x, y=y, t=t)
    np.testing.assert_allclose(J.dense(), [[3, 4], [-1.2, -1.6], [-1.2, -1.6]], rtol=1e-15)
    far = ContrastiveLoss(margin=2, reduction="sum").jacobian("y", x=x, y=y, t=t).dense()
    np.testing.assert_array_equal(far, [[-3, -4], [0, 0], [0, 0]])


def test_cosine_embedding_by_hand():
    x, y, t = np.array([[3.0, 4], [3, 4], [3, 4]]), np.array([[2.0, 0], [2, 0], [-2, 0]]), np.array([1, -1, -1])
    np.testing.assert_allclose(CosineSimilarity().forward(x=x, y=y), [0.6, 0.6, -0.6], rtol=1e-15)
    op = CosineEmbeddingLoss(margin=0.5, reduction="none")
    np.testing.assert_allclose(op.forward(x=x, y=y, t=t), [0.4, 0.1, 0], rtol=1e-14)
    J = CosineEmbeddingLoss(margin=0.5, reduction="sum").jacobians(x=x, y=y, t=t)
    slope = (np.array([1, 0]) - 0.6 * np.array([0.6, 0.8])) / 5
    np.testing.assert_allclose(J["x"].dense(), [-slope, slope, [0, 0]], rtol=1e-14)
    np.testing.assert_allclose(J["y"].dense(), [[0, -0.4], [0, 0.4], [0, 0]], atol=1e-16)


def test_info_nce_is_cross_entropy_of_the_scores():
    rng = np.random.default_rng(4)
    Q, K = rng.uniform(-2, 2, (2, 5, 3))
    for reduction in ("none", "sum", "mean"):
        op, plain = InfoNCE(0.5, reduction=reduction), CrossEntropyIndex(reduction)
        scores, rows = Q @ K.T / 0.5, np.arange(5)
        np.testing.assert_allclose(op.forward(Q=Q, K=K), plain.forward(z=scores, y=rows), rtol=1e-13)
        G = plain.jacobian("z", z=scores, y=rows).dense()
        by_Q, by_K = (np.einsum(s, G, x) / 0.5 for s, x in (("...nm,md->...nd", K), ("...nm,nd->...md", Q)))
        np.testing.assert_allclose(op.jacobian("Q", Q=Q, K=K).dense(), by_Q, atol=1e-13)
        np.testing.assert_allclose(op.jacobian("K", Q=Q, K=K).dense(), by_K, atol=1e-13)


def test_info_nce_with_cosines_does_not_change_with_lengths():
    rng = np.random.default_rng(6)
    Q, K = rng.uniform(-2, 2, (2, 5, 3))
    op = InfoNCE(temperature=0.2, normalize=True)
    np.testing.assert_allclose(op.forward(Q=Q, K=K), op.forward(Q=10 * Q, K=K / 7), rtol=1e-13)
    J = op.jacobians(Q=Q, K=K)
    for name, x in (("Q", Q), ("K", K)):
        np.testing.assert_allclose((J[name].dense() * x).sum(-1), 0, atol=1e-14)
        np.testing.assert_allclose(J[name].dense(), J[name].shown.dense(), atol=1e-14)
    assert (len(J["Q"].terms), len(J["Q"].shown.terms)) == (2, 4)


# ----- kinks -----


def test_the_derivative_at_the_hinge_is_zero():
    a, p, n = np.zeros(2), np.array([3.0, 4]), np.array([6.0, 0])
    assert TripletLoss(margin=1).near_kink(1e-12, a=a, p=p, n=n)
    assert not TripletLoss(margin=2).near_kink(0.4, a=a, p=p, n=n)
    for J in TripletLoss(margin=1).jacobians(a=a, p=p, n=n).values():
        np.testing.assert_array_equal(J.dense(), [0, 0])
    x, y = np.array([3.0, 4]), np.array([2.0, 0])
    op = CosineEmbeddingLoss(margin=float(CosineSimilarity().forward(x=x, y=y)))
    assert op.near_kink(1e-12, x=x, y=y, t=-1)
    assert not op.near_kink(1e9, x=x, y=y, t=1)
    np.testing.assert_array_equal(op.jacobian("x", x=x, y=y, t=-1).dense(), [0, 0])


def test_a_distance_of_zero():
    same, other = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 2], [3, 9]])
    where = r"expected p != a, got p = a at sample \(1\); a distance has no derivative at 0 .* squared=True has"
    points = {"a": np.array([[0.0, 0], [3, 4]]), "p": same, "n": other[:, ::-1]}
    active = TripletLoss(margin=9)
    for wrt in ("a", "p"):
        with pytest.raises(InputError, match=rf"^TripletLoss.p: {where}"):
            active.jacobian(wrt, **points)
    assert active.jacobian("n", **points).dense().any()
    with pytest.raises(InputError, match=r"^TripletLoss.n: expected n != a, got n = a; a distance has no derivative"):
        active.jacobian("n", a=same[0], p=same[1], n=same[0])
    off = TripletLoss(margin=0)  # at p = a the hinge is off wherever n != a
    np.testing.assert_array_equal(off.jacobian("p", a=same, p=same, n=same[::-1]).dense(), np.zeros((2, 2)))
    squared = TripletLoss(margin=9, squared=True)
    np.testing.assert_array_equal(squared.jacobian("p", a=same[0], p=same[0], n=same[0]).dense(), [0, 0])
    with pytest.raises(
        InputError, match=r"^ContrastiveLoss.y: expected y != x where t = 1, got y = x at sample \(1\); the"
    ):
        ContrastiveLoss().jacobians(x=same, y=same, t=[0, 1])
    np.testing.assert_array_equal(ContrastiveLoss().jacobian("x", x=same, y=same, t=[0, 0]).dense(), np.zeros((2, 2)))
    assert ContrastiveLoss().forward(x=same, y=same, t=[0, 1]) == 0.25


# ----- accuracy -----

SIZES = [1e-150, 1e-4, 1.0, 1e4, 1e150]


def length(d):
    return mpmath.sqrt(mpmath.fsum(v * v for v in d))


@pytest.mark.parametrize("size", SIZES)
def test_cosines_against_mpmath(size):
    def cosine(x, y):
        return mpmath.fsum(x * y) / length(x) / length(y)

    x, y = np.array([0.3, -1.2, 0.7]) * size, np.array([1.1, 0.4, -0.2])
    for a, b in ((x, y), (y, x), (x, x[::-1].copy())):
        scale = {"value": 1, "x": 1 / np.linalg.norm(a / size) / size, "y": 1 / np.linalg.norm(b / size) / size}
        check(CosineSimilarity(), cosine, {"x": a, "y": b}, 1500, scale)
        for t, definition in ((1, lambda x, y, t: 1 - cosine(x, y)), (-1, lambda x, y, t: cosine(x, y) + 1)):
            op = CosineEmbeddingLoss(margin=-1)
            check(op, definition, {"x": a, "y": b, "t": np.array(t)}, 1500, scale)


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
def test_distances_against_mpmath(size):
    a, p, n = (np.array(v) * size for v in ([0.3, -1.2], [1.1, 0.4], [0.9, 0.1]))

    def triplet(a, p, n):
        return length(a - p) - length(a - n) + mpmath.mpf(0.5)

    def squared(a, p, n):
        return length(a - p) ** 2 - length(a - n) ** 2 + mpmath.mpf(0.5)

    point = {"a": a, "p": p, "n": n}
    check(TripletLoss(0.5), triplet, point, 100, {"value": size, "a": 1})
    check(TripletLoss(0.5, squared=True), squared, point, 100, {"value": size * size, "a": size})
    for t in (0, 1):
        pair = {"x": a, "y": p, "t": np.array(t)}

        def contrastive(x, y, t):
            D = length(x - y)
            return (1 - t[()]) * D**2 / 2 + t[()] * (3 * size - D) ** 2 / 2

        check(ContrastiveLoss(3 * size), contrastive, pair, 100)


@pytest.mark.parametrize("size", [1.0, 100.0])
@pytest.mark.parametrize("normalize", [False, True])
def test_info_nce_against_mpmath(size, normalize):
    """Scores up to 1e4, and a positive that is as good as certain."""
    Q = np.array([[64.0, 1, -32], [-8, 64, 16], [96, 0, 32]]) * size / 64
    K = np.array([[48.0, 4, 0], [-16, 48, 64], [32, -96, 16]]) * size / 64

    def definition(Q, K):
        if normalize:
            Q, K = (np.array([row / length(row) for row in x]) for x in (Q, K))
        S = Q @ K.T / mpmath.mpf(0.25)
        return mpmath.fsum(mpmath.log(mpmath.fsum(mpmath.exp(S[n, m] - S[n, n]) for m in range(3))) for n in range(3))

    point = {"Q": Q, "K": K}
    op = InfoNCE(temperature=0.25, normalize=normalize, reduction="sum")
    top = {k: np.abs(op.jacobian(k, **point).dense()).max() for k in point}
    check(op, definition, point, 1000, {"value": 4 * size if normalize else 0.0, **top})


# ----- wrong input -----


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TripletLoss(margin=-1), r"TripletLoss: expected margin >= 0, got -1"),
        (lambda: ContrastiveLoss(margin=-0.5), r"ContrastiveLoss: expected margin >= 0, got -0.5"),
        (lambda: ContrastiveLoss(margin="1"), r"option margin must be a finite real number, got '1'"),
        (lambda: CosineEmbeddingLoss(margin=1.5), r"CosineEmbeddingLoss: expected a margin from -1 to 1, .* got 1.5"),
        (lambda: InfoNCE(temperature=0), r"InfoNCE: expected a temperature > 0, got 0"),
        (lambda: InfoNCE(reduction="max"), r"InfoNCE: unknown reduction 'max'; known are none, sum, mean"),
    ],
)
def test_wrong_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_wrong_values():
    x, y = np.ones((2, 3)), np.ones((2, 3))
    with pytest.raises(
        InputError, match=r"ContrastiveLoss.t: expected 0 \(similar\) or 1 \(dis.*, got -1 at sample \(1\)"
    ):
        ContrastiveLoss().forward(x=x, y=y, t=[0, -1])
    with pytest.raises(
        InputError, match=r"CosineEmbeddingLoss.t: expected 1 \(similar\) or -1 \(.*, got 0 at sample \(0\)"
    ):
        CosineEmbeddingLoss().forward(x=x, y=y, t=[0, -1])
    with pytest.raises(InputError, match=r"ContrastiveLoss: no Jacobian by t: labels are 0 or 1"):
        ContrastiveLoss().jacobian("t", x=x, y=y, t=[0, 1])
    zero = np.array([[1.0, 2, 3], [0, 0, 0]])
    for op, more in ((CosineSimilarity(), {}), (CosineEmbeddingLoss(), {"t": [1, -1]})):
        with pytest.raises(
            InputError, match=rf"{op.label}.y: expected y != 0, got y = 0 at sample \(1\); it has no dir"
        ):
            op.forward(x=x, y=zero, **more)
    with pytest.raises(InputError, match=r"InfoNCE.K: expected K != 0, got K = 0 at sample \(1\)"):
        InfoNCE(normalize=True).jacobians(Q=x, K=zero)
    with pytest.raises(ShapeError, match=r"InfoNCE.K: expected \(n d\) = \(2, 3\), got \(5, 3\); Q fixes n = 2"):
        InfoNCE().forward(Q=x, K=np.ones((5, 3)))
    with pytest.raises(ShapeError, match=r"TripletLoss.n: expected \(m i\) = \(2, 3\), got \(2, 5\); a fixes i = 3"):
        TripletLoss().forward(a=x, p=y, n=np.ones((2, 5)))
