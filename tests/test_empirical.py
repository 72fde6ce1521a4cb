"""The tangent kernel and the empirical Fisher information of a data set; the example on digits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import jacobians as jac
from jacobians.errors import InputError
from tests.data_sets import NETWORK, POINT, N, X, Y, one_by_one


def test_the_kernel_is_that_of_all_pairs():
    K = jac.empirical_ntk(NETWORK, "z2", {"x": X}, point=POINT, chunk=4)
    assert K.shape == (N, 3, N, 3)
    values = K.compute()
    runs = [NETWORK.run({**POINT, "x": x}) for x in X]
    for a, b in [(0, 0), (3, 4), (10, 2)]:
        np.testing.assert_allclose(values[a, :, b], runs[a].ntk("z2", runs[b]).dense(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(values, values.transpose(2, 3, 0, 1), rtol=1e-12, atol=1e-14)
    traced = jac.empirical_ntk(NETWORK, "z2", {"x": X}, wrt=("W1", "b1", "W2", "b2"), point=POINT, chunk=5, trace=True)
    np.testing.assert_allclose(traced, np.einsum("aibi->ab", values), rtol=1e-12)
    one = jac.empirical_ntk(NETWORK, "z2", {"x": X}, wrt="b1", point=POINT, trace=True).compute()
    J = one_by_one(NETWORK, "z2", "b1", {"x": X}, POINT)
    np.testing.assert_allclose(one, np.einsum("aoi,boi->ab", J, J), rtol=1e-12)


def test_fishers_matrix_is_the_mean_of_the_squares_of_gradients():
    F = jac.empirical_fisher(NETWORK, "L", {"x": X, "y": Y}, point=POINT, chunk=4).compute()
    runs = [NETWORK.run({**POINT, "x": x, "y": y}) for x, y in zip(X, Y, strict=True)]
    g = np.stack([np.concatenate([v.ravel() for v in run.gradients().values()]) for run in runs])
    assert F.shape == (35 + 7 + 21 + 3,) * 2
    np.testing.assert_allclose(F, g.T @ g / N, rtol=1e-10, atol=1e-13)
    rows = jac.mlp([5, 7, 3], loss="cross_entropy_index", batch=N).run({**POINT, "x": X, "y": Y})
    inner = jac.empirical_fisher(NETWORK, "L", {"x": X, "y": Y}, wrt="W2", point=POINT).compute()
    of_batch = rows.fisher("L", "W2", empirical=True).matrix()
    np.testing.assert_allclose(inner * N, of_batch * N**2 / np.trace(of_batch * N) * np.trace(inner), rtol=1e-9)


@pytest.mark.parametrize(
    ("function", "of", "options", "match"),
    [
        (jac.empirical_ntk, "z2", {"wrt": ()}, "empirical_ntk: z2 has no parameters; name the leaves"),
        (jac.empirical_ntk, "z2", {"wrt": ("W1", "x")}, "expected parameters that all samples share, got x"),
        (jac.empirical_fisher, "z2", {}, r"fisher: expected a loss that is one number .* got z2 .* \(3\)"),
        (jac.empirical_fisher, "L", {}, "empirical_fisher: no value for y"),
    ],
)  # fmt: skip
def test_what_the_kernel_refuses(function, of, options, match):
    point = {name: value for name, value in POINT.items() if name != "y"}
    with pytest.raises(InputError, match=match):
        function(NETWORK, of, {"x": X}, point=point, **options)


def test_the_example_on_digits(tmp_path):
    example = Path(__file__).parent.parent / "examples" / "ntk_digits.py"
    done = subprocess.run(
        [sys.executable, example, "-o", tmp_path / "kernel.png"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for line in (
        "kernel, 2000 x 2000:",
        "of the same digit for 9",
        "Fisher information, 910 x 910:",
        "is in 5 directions",
    ):
        assert line in done.stdout
    assert (tmp_path / "kernel.png").read_bytes().startswith(b"\x89PNG")
