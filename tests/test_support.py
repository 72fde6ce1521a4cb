"""Structural non-zeros: counted without the array, in slabs too, and bounded where nothing is listed."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given

from jacobians import Jacobian, delta_einsum, support
from jacobians.errors import DenseLimitError
from tests.strategies import LAWS, allowed, any_jacobian, chains


@LAWS
@given(any_jacobian(most=4))
def test_overlaps_are_counted_once_in_slabs_too(J: Jacobian):
    many = np.count_nonzero(allowed(J))
    with mock.patch.object(support, "AT_ONCE", 1):
        assert J.nnz == many
    assert many <= support.at_most(J.terms, J.shape) <= J.size
    assert J.density == many / J.size


@LAWS
@given(chains(2))
def test_products_keep_patterns_apart(chain):
    J = chain[0] @ chain[1]
    assert J.nnz == np.count_nonzero(allowed(J))


def test_a_pattern_inside_another_support():
    hits = np.array([[True, False, True], [False, True, False]])
    band = delta_einsum("o i -> o | i", hits)
    assert band.nnz == 3
    assert (band + delta_einsum("o, i -> o | i", np.ones(2), np.ones(3))).nnz == 6
    assert (band + 2 * band).nnz == 3
    assert (band + delta_einsum("o i -> o | i", ~hits)).nnz == 6


def test_a_hidden_pattern_without_a_hit_leaves_nothing():
    nowhere = np.zeros((2, 3), bool)
    J = delta_einsum("u i, u -> o | i", nowhere, np.ones(2), o=5)
    assert (J.nnz, J.to_sparse().nnz) == (0, 0)
    J = delta_einsum("u v, o -> o | i", nowhere, np.ones(5), i=7)
    assert (J.nnz, J.to_sparse().nnz) == (0, 0)
    assert (J + delta_einsum("o i -> o | i", np.eye(5, 7, dtype=bool))).nnz == 5


def test_the_limit_of_dense_lists_nothing():
    step = np.eye(2003, dtype=bool)
    J = delta_einsum("o i -> o k | i k", step, k=1009) + delta_einsum("o i -> o k | i k", ~step, k=1009)
    message = r"; at most 4,048,117,081 of its 4,084,550,134,729 entries differ from zero\. "
    with (
        mock.patch.object(support, "_places", side_effect=AssertionError),
        pytest.raises(DenseLimitError, match=message),
    ):
        J.dense()
