"""Published claims about the gradients of a convolution, z = a * W with a of 3 x 3 and W of 2 x 2, and their verdicts.

The places of the entries are those of the claims: a_11 is the first one.
"""

from __future__ import annotations

import numpy as np
import pytest

import jacobians as jac


def correlated(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The kernel, not turned, at every place of the image."""
    rows, columns = (n - k + 1 for n, k in zip(image.shape, kernel.shape, strict=True))
    p, q = kernel.shape
    return np.array([[np.sum(image[i : i + p, j : j + q] * kernel) for j in range(columns)] for i in range(rows)])


@pytest.fixture(params=[0, 1, 2])
def claim(request):
    """a, W, delta = dC/dz, and the gradients of C by a and by W from the full Jacobians."""
    rng = np.random.default_rng(request.param)
    a, W, delta = (rng.uniform(-2, 2, shape) for shape in ((3, 3), (2, 2), (2, 2)))
    J = jac.Conv2d(bias=False).jacobians(x=a[None], W=W[None, None])
    by_a, by_W = J["x"].pull(delta[None])[0], J["W"].pull(delta[None])[0, 0]
    return a, W, delta, by_a, by_W


def test_one_entry_of_the_gradient_by_the_image(claim):
    _, W, d, by_a, _ = claim
    np.testing.assert_allclose(
        by_a[1, 1], d[0, 0] * W[1, 1] + d[0, 1] * W[1, 0] + d[1, 0] * W[0, 1] + d[1, 1] * W[0, 0]
    )


def test_the_gradient_by_the_image_is_the_padded_delta_with_the_turned_kernel(claim):
    _, W, d, by_a, _ = claim
    np.testing.assert_allclose(by_a, correlated(np.pad(d, 1), np.rot90(W, 2)))


def test_the_slope_of_the_activation_belongs_to_the_delta_of_the_layer_below(claim):
    a, W, d, by_a, _ = claim
    z = np.log(0.4 + np.abs(a))  # any pre-activation
    sigmoid = jac.Sigmoid()
    below = (
        jac.Conv2d(bias=False).jacobian("x", x=sigmoid.forward(x=z)[None], W=W[None, None]).pull(d[None])[0]
    )  # dC/da does not depend on a
    np.testing.assert_allclose(below, by_a)
    delta_below = sigmoid.jacobian("x", x=z).pull(below)
    claimed = correlated(np.pad(d, 1), np.rot90(W, 2))
    s = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(delta_below, claimed * s * (1 - s))
    assert np.max(np.abs(delta_below - claimed)) > 0.1 * np.max(np.abs(claimed))


def test_the_gradient_by_the_kernel_is_the_image_with_delta_for_a_kernel(claim):
    a, _, d, _, by_W = claim
    np.testing.assert_allclose(by_W, correlated(a, d))


def test_entries_of_the_gradient_by_the_kernel(claim):
    a, _, d, _, by_W = claim
    claimed = a[1, 0] * d[0, 0] + a[1, 1] * d[0, 1] + a[2, 0] * d[1, 0] + a[2, 2] * d[1, 1]  # a_33 for a_32
    corrected = a[1, 0] * d[0, 0] + a[1, 1] * d[0, 1] + a[2, 0] * d[1, 0] + a[2, 1] * d[1, 1]
    np.testing.assert_allclose(by_W[1, 0], corrected)
    assert abs(by_W[1, 0] - claimed) > 1e-3
    other = a[1, 1] * d[0, 0] + a[1, 2] * d[0, 1] + a[2, 1] * d[1, 0] + a[2, 2] * d[1, 1]  # said to be by W_12
    np.testing.assert_allclose(by_W[1, 1], other)
    assert abs(by_W[0, 1] - other) > 1e-3
