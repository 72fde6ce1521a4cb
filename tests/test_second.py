"""The second derivative of every op: central differences of its Jacobian and JAX agree; what has none is listed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import jacobians as jac
from jacobians.checks import central_differences
from jacobians.errors import InputError
from tests.contract import cases, close, ops

ALL_OPS = pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
#: Cases with more entries of the second derivative are left to the smaller ones.
ENTRIES = 4000
#: The ops, or their options, without a second derivative, and the factor that nothing explains.
WITHOUT: dict[str, str] = {}


def small_cases(op):
    """Cases, with the pairs of inputs, that are quick to differentiate twice."""
    for case in cases(op):
        names = case.op.differentiable()
        size = case.op.forward(**case.inputs).size
        for one, two in itertools.product(names, names):
            if size * case.inputs[one].size * case.inputs[two].size <= ENTRIES:
                yield case, one, two


@ALL_OPS
def test_second_derivative_equals_differences_of_the_jacobian(op):
    for case, one, two in small_cases(op):

        def jacobian(value, case=case, one=one, two=two):
            return case.op.jacobian(one, **{**case.inputs, two: value}).dense()

        if op.name in WITHOUT:
            continue
        H = case.op.hessian(one, two, **case.inputs)
        want = central_differences(jacobian, case.inputs[two])
        close(H.dense(), want, 1e-6)
        assert H.in_shape == case.inputs[two].shape, case.name
        assert H.nnz >= np.count_nonzero(H.dense()), case.name
        np.testing.assert_allclose(H.shown.dense(), H.dense(), rtol=0, atol=1e-9 * max(1, np.max(np.abs(want))))
