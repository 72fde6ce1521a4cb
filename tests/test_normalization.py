"""The normalization layers: by hand, claims of others, extreme inputs against mpmath, factors, bad input."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import jacobians as jac
from jacobians.checks import complex_step
from jacobians.errors import InputError, ShapeError
from tests.contract import PRIMES, close

RNG = np.random.default_rng(23)
NORMS = ("layer_norm", "rms_norm", "batch_norm", "instance_norm", "group_norm", "weight_norm", "batch_norm_inference")


# ----- by hand -----


def test_layer_norm_by_hand():
    x = np.array([3.0, 3, 1, 1])  # mean 2, sigma 1, xhat = (1, 1, -1, -1)
    gamma, beta = np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 30, 40])
    op = jac.LayerNorm(eps=0.0)
    np.testing.assert_array_equal(op.forward(x=x, gamma=gamma, beta=beta), [11, 22, 27, 36])
    J = op.jacobians(x=x, gamma=gamma, beta=beta)
    want = [[0.5, -0.5, 0, 0], [-1, 1, 0, 0], [0, 0, 1.5, -1.5], [0, 0, -2, 2]]
    np.testing.assert_array_equal(J["x"].dense(), want)
    np.testing.assert_array_equal(J["gamma"].dense(), np.diag([1, 1, -1, -1]))
    np.testing.assert_array_equal(J["beta"].dense(), np.eye(4))


def test_rms_norm_by_hand():
    op = jac.RMSNorm(affine=False, eps=0.0)  # x = (1, 7): mean square 25, xhat = (1/5, 7/5)
    np.testing.assert_allclose(op.forward(x=[1, 7]), [0.2, 1.4], rtol=1e-15)
    want = np.array([[49, -7], [-7, 1]]) / 250
    np.testing.assert_allclose(op.jacobian("x", x=[1, 7]).dense(), want, rtol=1e-13)


def test_weight_norm_by_hand():
    point = {"v": [[2.0, -3, 6]], "g": [14.0]}  # |v| = 7
    np.testing.assert_allclose(jac.WeightNorm().forward(**point), [[4, -6, 12]], rtol=1e-15)
    J = jac.WeightNorm().jacobian("v", **point).dense()[0, :, 0]
    np.testing.assert_allclose(J, 2 * np.array([[45, 6, -12], [6, 40, 18], [-12, 18, 13]]) / 49, rtol=1e-14)
    np.testing.assert_allclose(
        jac.WeightNorm().jacobian("g", **point).dense()[0, :, 0], [2 / 7, -3 / 7, 6 / 7], rtol=1e-15
    )


def test_batch_norm_inference_by_hand():
    point = {"x": [[7.0, 1], [1, 5]], "gamma": [3, 10], "beta": [1, -1], "mean": [3, -3], "var": [4, 16]}
    op = jac.BatchNormInference(eps=0.0)
    np.testing.assert_allclose(op.forward(**point), [[7, 9], [-2, 19]], rtol=1e-15)
    J = {name: K.dense() for name, K in op.jacobians(**point).items()}
    np.testing.assert_allclose(J["x"][1, :, 1], [[1.5, 0], [0, 2.5]], rtol=1e-15)
    np.testing.assert_allclose(J["mean"][1], [[-1.5, 0], [0, -2.5]], rtol=1e-15)
    np.testing.assert_allclose(J["var"][1], [[0.375, 0], [0, -0.625]], rtol=1e-15)


def test_all_are_layer_norm_over_other_axes():
    x = RNG.uniform(-2, 2, (2, 6, 3, 5))
    plain = jac.LayerNorm(axes=3, affine=False)
    one_group = jac.GroupNorm(groups=1, affine=False)
    np.testing.assert_allclose(plain.forward(x=x), one_group.forward(x=x), rtol=1e-13)
    np.testing.assert_allclose(plain.jacobian("x", x=x).dense(), one_group.jacobian("x", x=x).dense(), atol=1e-15)
    each = jac.InstanceNorm(affine=False).jacobian("x", x=x).dense()
    np.testing.assert_allclose(each, jac.GroupNorm(groups=6, affine=False).jacobian("x", x=x).dense(), atol=1e-15)
    np.testing.assert_allclose(each, jac.LayerNorm(axes=2, affine=False).jacobian("x", x=x).dense(), atol=1e-15)
    by_channel = jac.LayerNorm(axes=3, affine=False).forward(x=x.swapaxes(0, 1)[:, None])
    batch = jac.BatchNorm(affine=False).forward(x=x)
    np.testing.assert_allclose(batch.swapaxes(0, 1), by_channel[:, 0], rtol=1e-13)


# ----- printing -----


def test_batch_axes_are_deltas():
    x = RNG.uniform(-2, 2, (2, 3))
    J = jac.LayerNorm(affine=False).jacobian("x", x=x)
    assert str(J) == ("δ_nn' δ_ij (1/sigma)_n - 1/3 δ_nn' (1/sigma)_n - 1/3 δ_nn' (1/sigma)_n xhat_ni xhat_nj")
    assert J.nnz == 2 * 3 * 3


def test_two_entries_print_as_the_textbook_has_it():
    J = jac.LayerNorm(affine=False).jacobian("x", x=[1.0, 4.0])
    assert str(J) == "δ_ij 1/sigma - 1/2 1/sigma - 1/2 1/sigma xhat_i xhat_j"
    assert [f.name for f in J.terms[0].factors] == ["1/sigma", "eps/sigma^2"]


def test_latex():
    point = {"x": [1.0, 2.0, 5.0], "gamma": [1.0, 2.0, 3.0], "beta": [0.0, 0.0, 0.0]}
    assert jac.LayerNorm().jacobian("x", **point).latex() == (
        r"\delta_{i j} \gamma_{i} \frac{1}{\sigma} - \tfrac{1}{3} \gamma_{i} \frac{1}{\sigma} - "
        r"\tfrac{1}{3} \gamma_{i} \frac{1}{\sigma} \hat{x}_{i} \hat{x}_{j}"
    )


def test_group_norm_counts_its_zeros():
    op = jac.GroupNorm(groups=3, affine=False)
    J = op.jacobian("x", x=RNG.uniform(-2, 2, (2, 6, 5)))
    assert J.nnz == 2 * 6 * 5 * 2 * 5


# ----- claims of others -----


def test_claims_about_the_diagonal_of_batch_norm():
    """bn-04: 1/s is the derivative with mean and variance held fixed; bn-05: another form of the total derivative."""
    x, eps = RNG.uniform(-2, 2, (7, 1)), 1e-5
    N, mu = len(x), x.mean()
    s = np.sqrt(x.var() + eps)
    total = np.diagonal(jac.BatchNorm(affine=False, eps=eps).jacobian("x", x=x).dense()[:, 0, :, 0])
    corrected = (1 - 1 / N) / s - (x[:, 0] - mu) ** 2 / (N * s**3)
    bracket = ((N - 1) / N * s - (x[:, 0] - mu) ** 2 / (N * s)) / s**2
    np.testing.assert_allclose(total, corrected, rtol=1e-12)
    np.testing.assert_allclose(total, bracket, rtol=1e-12)
    assert np.all(np.abs(total - 1 / s) > 0.01 / s)
    fixed = jac.BatchNormInference(affine=False, eps=eps)
    held = np.diagonal(fixed.jacobian("x", x=x, mean=[mu], var=[x.var()]).dense()[:, 0, :, 0])
    np.testing.assert_allclose(held, np.full(N, 1 / s), rtol=1e-12)
    assert np.all(np.abs(held - bracket) > 0.01 / s)


def test_claim_about_the_backward_pass_of_layer_norm():
    """ln-02: dx from dout by two means over the last axis, as implementations write it."""
    x, dout = RNG.uniform(-2, 2, (2, 3, 5)), RNG.uniform(-2, 2, (2, 3, 5))
    w, b = RNG.uniform(0.5, 2, 5), RNG.uniform(-1, 1, 5)
    rstd = (x.var(-1, keepdims=True) + 1e-5) ** -0.5
    norm = (x - x.mean(-1, keepdims=True)) * rstd
    dnorm = dout * w
    dx = dnorm - dnorm.mean(-1, keepdims=True) - norm * (dnorm * norm).mean(-1, keepdims=True)
    J = jac.LayerNorm().jacobians(x=x, gamma=w, beta=b)
    np.testing.assert_allclose(J["x"].pull(dout), dx * rstd, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(J["gamma"].pull(dout), (dout * norm).sum((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(J["beta"].pull(dout), dout.sum((0, 1)), rtol=1e-12)


# ----- extreme inputs -----

#: Enough digits for 1 - xhat^2 = eps/sigma^2 = 1e-305.
mp.mp.dps = 700


def exact(x, eps, gamma, beta, centred=True, mean=True):
    """Value and Jacobian by the definition."""
    x, n = [mp.mpf(float(v)) for v in x], len(x)
    middle = mp.fsum(x) / n if centred else mp.mpf(0)
    square = mp.fsum((v - middle) ** 2 for v in x) / (n if mean else 1) + mp.mpf(eps)
    sigma = mp.sqrt(square)
    hat = [(v - middle) / sigma for v in x]
    value = [mp.mpf(float(g)) * h + mp.mpf(float(b)) for g, h, b in zip(gamma, hat, beta, strict=True)]
    J = np.empty((n, n))
    for i, j in np.ndindex(n, n):
        inner = (i == j) - (mp.mpf(1) / n if centred else 0) - hat[i] * hat[j] / (n if mean else 1)
        J[i, j] = float(mp.mpf(float(gamma[i])) * inner / sigma)
    return np.array([float(v) for v in value]), J


VECTORS = {
    "differences of 1e-8 on 1e4": 1e4 + 1e-8 * np.array([3.0, -1, 2, 7, -5]),
    "three of them": 1e4 + 1e-8 * np.array([3.0, -1, 2]),
    "neighbouring floats": np.array([1e4, np.nextafter(1e4, 2e4), 1e4, np.nextafter(1e4, 0)]),
    "ten thousand": np.array([1e4, -1e4, 1e4, 3.0, -1e4]),
    "1e150": 1e150 * np.array([1.0, -0.3, 0.7, 0.2]),
    "1e-150": 1e-150 * np.array([1.0, -0.3, 0.7, 0.2]),
    "1e308": 1e308 * np.array([1.7, 1.6, -1.7]),
    "all sizes": np.array([1e-150, 1.0, 1e4, -1e150]),
    "an outlier": np.array([1e4, *np.linspace(0, 1e-6, 6)]),
    "two, close": 1e4 + np.array([1e-8, -1e-8]),
    "two, large": np.array([1e4, -1e4]),
    "two, huge": np.array([1e150, -3e150]),
    "two, tiny": np.array([1e-150, -3e-150]),
    "one": np.array([1e4]),
    "constant": np.full(3, 0.1),
    "zero": np.zeros(3),
}


@pytest.mark.parametrize("eps", [1e-5, 0.0])
@pytest.mark.parametrize("name", VECTORS)
def test_extremes_equal_mpmath(name, eps):
    x = VECTORS[name]
    n = len(x)
    gamma, beta = np.array([1.5, -0.5, 2.0, 1.0, -3.0, 0.7, 1.1])[:n], np.linspace(-1, 2, n)
    flat = np.all(x == x[0])
    point = {"gamma": gamma, "beta": beta}
    if not (flat and eps == 0):
        want = exact(x, eps, gamma, beta)
        compare(jac.LayerNorm(eps=eps), want, x=x, **point)
        if n > 1:
            alone = {"gamma": [gamma[1]], "beta": [beta[1]]}  # one channel
            want_alone = exact(x, eps, np.full(n, gamma[1]), np.full(n, beta[1]))
            compare(jac.BatchNorm(eps=eps), want_alone, x=x[:, None], **alone)
            compare(jac.InstanceNorm(eps=eps), want_alone, x=x[None, None], **alone)
        compare(jac.GroupNorm(groups=1, eps=eps), want, x=x[None], **point)
    if x.any() or eps:
        compare(jac.RMSNorm(eps=eps), exact(x, eps, gamma, np.zeros(n), centred=False), x=x, gamma=gamma)
    if x.any() and not eps:
        want = exact(x, 0, np.full(n, gamma[0]), np.zeros(n), centred=False, mean=False)
        compare(jac.WeightNorm(), want, v=x[None], g=gamma[:1])


def compare(op, want, **inputs):
    """Value and Jacobian of the only vector in the input, to 1e-12 of their largest entries."""
    value, J = want
    variable = "v" if "v" in inputs else "x"
    got = op.forward(**inputs).ravel()
    np.testing.assert_allclose(got, value, rtol=0, atol=1e-12 * np.max(np.abs(value)))
    dense = op.jacobian(variable, **inputs).dense().reshape(J.shape)
    np.testing.assert_allclose(dense, J, rtol=0, atol=1e-12 * np.max(np.abs(J)))


def test_a_constant_input_gives_beta():
    point = {"x": np.full(3, 0.1), "gamma": [2.0, 3.0, 5.0], "beta": [1.0, -1.0, 7.0]}
    np.testing.assert_array_equal(jac.LayerNorm().forward(**point), [1, -1, 7])
    want = np.diag(point["gamma"]) @ (np.eye(3) - 1 / 3) / np.sqrt(1e-5)
    np.testing.assert_allclose(jac.LayerNorm().jacobian("x", **point).dense(), want, rtol=1e-14)


def test_two_entries_without_eps_do_not_depend_on_their_sizes():
    for op in (jac.LayerNorm(affine=False, eps=0.0), jac.RMSNorm(affine=False, eps=0.0)):
        x = np.array([[1e4], [-7.0]]) if op.name == "rms_norm" else np.array([[1e4, 3.0], [1e-150, 2e-150]])
        np.testing.assert_array_equal(op.jacobian("x", x=x).dense(), np.zeros(x.shape * 2))


def test_batch_norm_inference_at_extremes():
    point = {
        "x": [[1e4, 1e150]],
        "gamma": [2.0, 3.0],
        "beta": [0.0, 1.0],
        "mean": [1e4 - 1e-8, -1e4],
        "var": [0, 1e300],
    }
    op = jac.BatchNormInference()
    difference = float(mp.mpf(1e4) - mp.mpf(1e4 - 1e-8))
    np.testing.assert_allclose(op.forward(**point), [[2 * difference / np.sqrt(1e-5), 4]], rtol=1e-12)
    J = op.jacobian("var", **point).dense()[0]
    np.testing.assert_allclose(J, [[-difference * 1e5 / np.sqrt(1e-5), 0], [0, -1.5e-300]], rtol=1e-12)


def test_float32_stays():
    x, gamma = RNG.uniform(-2, 2, (2, 5)).astype(np.float32), RNG.uniform(1, 2, 5).astype(np.float32)
    for op in (jac.RMSNorm(), jac.RMSNorm(eps=1e-3)):
        J = op.jacobian("x", x=x, gamma=gamma)
        assert J.dtype == op.forward(x=x, gamma=gamma).dtype == np.float32
        wide = op.jacobian("x", x=x.astype(float), gamma=gamma.astype(float))
        np.testing.assert_allclose(J.dense(), wide.dense(), atol=3e-6)
    small = jac.RMSNorm(affine=False).forward(x=np.full(3, 1e-4, np.float32))
    np.testing.assert_allclose(small, np.full(3, 1e-4 / np.sqrt(1e-8 + 2.0**-23)), rtol=1e-5)


def test_nan_and_infinity_pass():
    y = jac.LayerNorm(affine=False, eps=0.0).forward(x=[[1.0, 2.0, np.nan], [np.inf, 1, 2], [1, 2, 6]])
    assert np.isnan(y[0]).all()
    assert np.isnan(y[1]).all()
    assert np.isfinite(y[2]).all()


# ----- the ops behind the factors -----


@pytest.mark.parametrize("name", NORMS)
def test_parts_make_the_factors(name):
    for variant in type(jac.OPS[name]).variants():
        point = variant.sample(np.random.default_rng(3), variant.example_shapes(PRIMES[0])[-1])
        made = values_of_parts(variant, point)
        for wrt in variant.differentiable():
            for factor in (f for t in variant.jacobian(wrt, **point).shown.terms for f in t.factors):
                if factor.name not in point and factor.value.dtype != bool:
                    np.testing.assert_allclose(factor.value, made[factor.name], rtol=1e-14)


def values_of_parts(op, point):
    parts, values = op.parts(), {**point, op.symbol: op.forward(**point)}
    while missing := [name for name in parts if name not in values]:
        for name in missing:
            maker, sources = parts[name]
            if all(source in values for source in sources.values()):
                values[name] = maker.forward(**{key: values[source] for key, source in sources.items()})
    return values


@pytest.mark.parametrize("name", [name for name in NORMS if name != "batch_norm_inference"])
def test_derivative_of_the_inverse_deviation(name):
    for variant in type(jac.OPS[name]).variants():
        for shapes in variant.example_shapes(PRIMES[0]):
            x = variant.sample(np.random.default_rng(4), shapes)[variant.normalized]
            op, _ = variant.parts()[variant.shrink]
            want = complex_step(lambda z, op=op: op.compute(z), x)
            close(op.jacobian("x", x=x).dense(), want, 1e-12)
            assert op.parts()[variant.hat][1] == {variant.normalized: "x"}


# ----- in networks -----


def test_two_norms_of_a_network_have_two_xhat():
    model = jac.Model.parse(
        "x : 3\nW : 5 x 3\ngamma : 5\nh = layer_norm(x)\nz = W @ h\ny = rms_norm(z, gamma, eps=0.01)"
    )
    run = model.run(model.random_point(seed=1))
    names = {f.name for t in run.terms("y", "x").terms for f in t.factors}
    assert names == {"gamma", "1/sigma_y", "xhat_y", "W", "1/sigma_h", "xhat_h"}
    assert run.check().ok


# ----- bad input -----


def test_groups_that_do_not_divide():
    point = {"x": np.ones((2, 6)), "gamma": np.ones(6), "beta": np.ones(6)}
    with pytest.raises(
        ShapeError, match=r"GroupNorm.x: expected a number of channels that groups = 4 divides, got 6 cha"
    ):
        jac.GroupNorm(groups=4).forward(**point)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: jac.GroupNorm(groups=0), "GroupNorm: expected groups >= 1, got 0"),
        (lambda: jac.GroupNorm(groups=2.5), "GroupNorm: expected an integer groups, got 2.5"),
        (lambda: jac.LayerNorm(axes=0), "LayerNorm: expected axes >= 1, got 0"),
        (lambda: jac.LayerNorm(eps=-1e-5), "LayerNorm: expected eps >= 0, got -1e-05"),
        (lambda: jac.RMSNorm(eps=-2), "RMSNorm: expected eps >= 0, got -2"),
        (lambda: jac.BatchNorm(eps=np.nan), "BatchNorm: option eps must be a finite real number, got nan"),
        (lambda: jac.LayerNorm(eps=None), "LayerNorm: option eps must be a finite real number, got None"),
        (lambda: jac.BatchNormInference(eps=-1), "BatchNormInference: expected eps >= 0, got -1"),
    ],
)
def test_bad_options(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    ("op", "shape", "message"),
    [
        (jac.BatchNorm(False), (1, 3), r"at least 2 values per channel, got 1 in the shape \(1, 3\); a value alone"),
        (jac.BatchNorm(False), (0, 3), r"at least 2 values per channel, got 0 in the shape \(0, 3\); there is nothing"),
        (
            jac.InstanceNorm(False),
            (2, 3, 1),
            r"at least 2 values per sample and channel, got 1 in the shape \(2, 3, 1\)",
        ),
        (jac.LayerNorm(affine=False), (2, 0), r"at least 1 value per sample, got 0 in the shape \(2, 0\)"),
        (jac.BatchNorm(False), (3,), r"BatchNorm.x: expected \(n c ...\) = \(\?, \?\), got \(3\)"),
        (jac.GroupNorm(affine=False), (4,), r"GroupNorm.x: expected \(n c ...\) = \(\?, \?\), got \(4\)"),
        (jac.InstanceNorm(False), (2, 3), r"InstanceNorm.x: expected \(n c s ...\) = \(\?, \?, \?\), got \(2, 3\)"),
        (jac.LayerNorm(axes=2, affine=False), (3,), r"LayerNorm.x: expected \(... i j\) = \(\?, \?\), got \(3\)"),
    ],
)
def test_bad_shapes(op, shape, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(x=np.ones(shape))


def test_other_bad_shapes():
    with pytest.raises(ShapeError, match=r"LayerNorm.gamma: expected \(i\) = \(3\), got \(2\); x fixes i = 3"):
        jac.LayerNorm().forward(x=np.ones((2, 3)), gamma=np.ones(2), beta=np.ones(3))
    with pytest.raises(ShapeError, match=r"BatchNorm.beta: expected \(c\) = \(3\), got \(2\); x fixes c = 3"):
        jac.BatchNorm().forward(x=np.ones((2, 3)), gamma=np.ones(3), beta=np.ones(2))
    with pytest.raises(ShapeError, match=r"WeightNorm.v: expected \(o i ...\) = \(\?, \?\), got \(3\)"):
        jac.WeightNorm().forward(v=np.ones(3), g=np.ones(3))
    with pytest.raises(ShapeError, match=r"BatchNormInference.x: expected \(n c ...\) = \(\?, \?\), got \(3\)"):
        jac.BatchNormInference(False).forward(x=np.ones(3), mean=np.ones(3), var=np.ones(3))


FLAT = np.array([[1.0, 2, 4, 3], [5, 5, 5, 5]])


@pytest.mark.parametrize(
    ("op", "x", "message"),
    [
        (jac.LayerNorm(affine=False, eps=0), FLAT, r"LayerNorm.x: expected a variance > 0, got 0 at \(n\) = \(1\)"),
        (jac.LayerNorm(affine=False, eps=0), FLAT[1], r"expected a variance > 0, got 0; with eps = 0 that is 0/0"),
        (jac.LayerNorm(affine=False, eps=0), [0.1] * 7, r"expected a variance > 0, got 0; with eps = 0 that is 0/0"),
        (jac.BatchNorm(False, 0), FLAT.T, r"BatchNorm.x: expected a variance > 0, got 0 at \(c\) = \(1\)"),
        (jac.InstanceNorm(False, 0), FLAT[None], r"expected a variance > 0, got 0 at \(n c\) = \(0, 1\)"),
        (jac.GroupNorm(2, False, 0), FLAT.reshape(1, 8), r"expected a variance > 0, got 0 at \(n c\) = \(0, 4\)"),
        (jac.RMSNorm(1, False, 0), [[1.0], [0.0]], r"RMSNorm.x: expected a mean square > 0, got 0 at \(n\) = \(1\)"),
    ],
)
def test_variance_zero_with_eps_zero(op, x, message):
    with pytest.raises(InputError, match=message):
        op.forward(x=x)


def test_weights_and_variances_without_meaning():
    with pytest.raises(InputError, match=r"WeightNorm.v: expected a norm > 0, got 0 at \(o\) = \(1\); a row of zeros"):
        jac.WeightNorm(affine=False).forward(v=[[1.0, 2], [0, 0]])
    point = {"x": np.ones((2, 3)), "mean": np.ones(3)}
    with pytest.raises(InputError, match=r"got var = -0.5 with eps = 1e-05 at channel 2 of 3"):
        jac.BatchNormInference(affine=False).forward(**point, var=[1, 1, -0.5])
    with pytest.raises(InputError, match=r"got var = 0 with eps = 0 at channel 1 of 3"):
        jac.BatchNormInference(affine=False, eps=0).forward(**point, var=[1, 0, 2])
