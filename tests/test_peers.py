"""Every Jacobian of every op against JAX and PyTorch, which differentiate twins of the forward pass by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from tests.contract import cases, close, ops
from tests.peers import twins

pytestmark = pytest.mark.peers
ALL_OPS = pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
TOLERANCE = 1e-10


@pytest.fixture(scope="module")
def jax():
    import jax  # fails, and does not skip, where the extra `peers` is not installed

    return jax


@pytest.fixture(scope="module")
def torch():
    import torch

    return torch


def test_every_op_has_its_twins():
    names = {op.name for op in ops()}
    assert set(twins("jax")) == names
    assert set(twins("torch")) == names


@ALL_OPS
def test_equals_jax(op, jax):
    twin_of = twins("jax")[op.name]
    for k, case in enumerate(cases(op)):
        differentiate = jax.jacrev if k % 2 else jax.jacfwd

        @jax.jit
        def value_and_jacobians(inputs, case=case, differentiate=differentiate):
            def twin(wrt, v):
                return twin_of(case.op, **{**inputs, wrt: v})

            names = case.op.differentiable()
            jacobians = {wrt: differentiate(lambda v, wrt=wrt: twin(wrt, v))(inputs[wrt]) for wrt in names}
            return twin_of(case.op, **inputs), jacobians

        value, jacobians = value_and_jacobians(case.inputs)
        close(case.op.forward(**case.inputs), np.asarray(value), 1e-12)
        assert set(jacobians) == set(case.op.differentiable())
        for wrt, J in jacobians.items():
            close(case.op.jacobian(wrt, **case.inputs).dense(), np.asarray(J), TOLERANCE)


@ALL_OPS
def test_equals_torch(op, torch):
    twin_of = twins("torch")[op.name]
    for case in cases(op):
        inputs = {name: torch.tensor(value) for name, value in case.inputs.items()}
        close(case.op.forward(**case.inputs), twin_of(case.op, **inputs).numpy(), 1e-12)
        for wrt in case.op.differentiable():

            def twin(value, case=case, inputs=inputs, wrt=wrt):
                return twin_of(case.op, **{**inputs, wrt: value})

            got = case.op.jacobian(wrt, **case.inputs).dense()
            close(got, torch.func.jacrev(twin)(inputs[wrt]).numpy(), TOLERANCE)
