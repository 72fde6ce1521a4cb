"""Dense arrays: every way of writing them gives the definition, into a given array too, in the memory of the result."""

from __future__ import annotations

import tracemalloc
from unittest import mock

import numpy as np
import pytest
from hypothesis import given

import jacobians as jac
from jacobians import delta_einsum
from jacobians import dense as writing
from jacobians.errors import InputError, ShapeError
from tests.contract import PRIMES, away_from_kinks, close, ops
from tests.strategies import LAWS, any_jacobian, by_definition, chains


@pytest.fixture
def in_blocks():
    """Large arrays are written in blocks and by listing their patterns: call every array large."""
    with mock.patch.multiple(writing, BLOCK=1, BLOCKS=3, DENSEST=1.0):
        yield


@LAWS
@given(any_jacobian(most=4))
def test_blocks_and_lists_write_the_definition(J):
    with mock.patch.multiple(writing, BLOCK=1, BLOCKS=3, DENSEST=1.0):
        close(J.dense(), by_definition(J), 1e-13)


@LAWS
@given(chains(2))
def test_blocks_and_lists_write_products(chain):
    want = np.tensordot(chain[0].dense(), chain[1].dense(), len(chain[0].in_shape))
    with mock.patch.multiple(writing, BLOCK=1, BLOCKS=2, DENSEST=1.0):
        close((chain[0] @ chain[1]).dense(), want, 1e-12)


@pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
def test_blocks_and_lists_write_every_op(op, in_blocks):
    inputs = away_from_kinks(op, op.example_shapes(PRIMES[0])[0], seed=0)
    for wrt in op.differentiable():
        J = op.jacobian(wrt, **inputs)
        close(J.dense(), by_definition(J), 1e-13)


# ----- into a given array -----


@LAWS
@given(any_jacobian(most=4))
def test_out_is_overwritten_whole(J):
    out = np.full(J.shape, 7.5, J.dtype)
    assert J.dense(out=out) is out
    np.testing.assert_array_equal(out, J.dense())
    turned = np.full(J.shape[::-1], np.nan, J.dtype).transpose()
    with mock.patch.multiple(writing, BLOCK=1, BLOCKS=3, DENSEST=1.0):
        close(J.dense(out=turned), by_definition(J), 1e-13)


J = delta_einsum("i -> o | o i", ("x", np.array([1.0, 2.0, 4.0])), o=2)
FRESH = r"an array such as np\.empty\(\(2, 2, 3\), np\.float64\)"


def test_out_of_a_kept_array_needs_no_limit():
    out = np.empty((2, 2, 3))
    assert J.dense(limit=0, out=out) is out


def read_only():
    array = np.zeros((2, 2, 3))
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ([[[0.0]]], InputError, rf"expected {FRESH}, got list"),
        (np.zeros((2, 3, 2)), ShapeError, r"expected \(o o' i\) = \(2, 2, 3\), got \(2, 3, 2\)"),
        (np.zeros((2, 2, 3), np.float32), InputError, rf"expected {FRESH}, got the type float32"),
        (read_only(), InputError, rf"expected an array that can be written to, got a read-only one; give {FRESH}"),
    ],
    ids=["list", "shape", "type", "read-only"],
)
def test_bad_out(out, error, message):
    with pytest.raises(error, match=rf"^Jacobian\.dense\(out\): {message}$"):
        J.dense(out=out)


def test_out_is_no_factor():
    W = np.arange(6.0).reshape(2, 3)
    J = delta_einsum("o i -> o | i", ("W", W)) * 2
    message = (
        r"^Jacobian\.dense\(out\): expected memory of its own, got that of the factor W, which would be overwritten; "
        r"give an array such as np\.empty\(\(2, 3\), np\.float64\)$"
    )
    with pytest.raises(InputError, match=message):
        J.dense(out=W)
    np.testing.assert_array_equal(W, np.arange(6.0).reshape(2, 3))


def test_float32_stays():
    x = np.array([1.5, 2.5, 4.5], np.float32)
    J = delta_einsum("i -> o | o i", x, o=2) + delta_einsum("i, o -> o | o i", x, x[:2], coef=1 / 3)
    assert J.dense().dtype == J.dense(out=np.empty(J.shape, np.float32)).dtype == J.to_sparse().dtype == np.float32


# ----- memory -----


def term(pattern, *shapes, dtype=np.float64, **options):
    """One term with random factors of these shapes."""
    rng = np.random.default_rng(len(pattern))
    return delta_einsum(pattern, *(rng.random(shape, dtype) for shape in shapes), **options)


def convolution(wrt, *shape):
    rng = np.random.default_rng(3)
    return jac.Conv2d(padding=1, bias=False).jacobian(wrt, x=rng.random((3, *shape)), W=rng.random((8, 3, 3, 3)))


n = 211
LARGE = {
    "delta": lambda: term("i -> o | o i", n, o=n),
    "scaled": lambda: 2 * term("o k i -> o k | i", (n, n, n)),
    "outer": lambda: term("o k, i -> o | k i", (n, n), n),
    "three factors": lambda: term("o k, k i, o i -> o | k i", (n, n), (n, n), (n, n)),
    "full sums": lambda: (
        term("o k, i -> o | k i", (n, n), n)
        - term("o, k i -> o | k i", n, (n, n), coef=0.3)
        + term("-> o | o i", o=n, i=n)
    ),
    "product": lambda: term("o k -> o | k", (3001, 7)) @ term("k i -> k | i", (7, 3011)),
    "sum of products": lambda: (
        term("o k, k i -> o | i", (3001, 7), (7, 3011)) - term("k o, i k -> o | i", (7, 3001), (3011, 7), coef=0.7)
    ),
    "softmax": lambda: jac.Softmax().jacobian("x", x=np.random.default_rng(1).random(3001)),
    "convolution": lambda: convolution("x", 26, 29),
    "kernel": lambda: convolution("W", 100, 90),
    "float32": lambda: term("o k, i -> o | k i", (n, n), 2 * n, dtype=np.float32),
}


@pytest.mark.parametrize("name", LARGE)
def test_the_peak_is_the_result_and_a_tenth(name):
    J = LARGE[name]()
    assert J.size * J.dtype.itemsize > 40e6
    tracemalloc.start()
    dense = J.dense()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 1.1 * dense.nbytes, f"{peak / dense.nbytes:.3f} times the result"
    v = np.random.default_rng(2).standard_normal(J.in_shape)
    close(np.tensordot(dense, v, v.ndim), J.apply(v), 1e-5 if name == "float32" else 1e-11)
