"""Dense arrays: every way of writing them gives the definition, into a given array too, in the memory of the result."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given

from jacobians import dense as writing
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
