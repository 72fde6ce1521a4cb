"""Every Jacobian of every op against JAX and PyTorch, which differentiate twins of the forward pass by themselves."""

from __future__ import annotations

import pytest

from tests.configurations import by_jax, by_torch, rules
from tests.contract import cases, close, ops, plainest
from tests.peers import twins

pytestmark = pytest.mark.peers
ALL_OPS = pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
TOLERANCE = 1e-10


def test_every_op_has_its_twins():
    names = {op.name for op in ops()}
    assert set(twins("jax")) == names
    assert set(twins("torch")) == names


def agree(case, theirs):
    """The value and the Jacobian by every differentiable input."""
    ours = rules(case)
    assert set(theirs) == {"", *case.op.differentiable()}, case.name
    for wrt, want in theirs.items():
        close(ours[wrt], want, TOLERANCE if wrt else 1e-12)


@ALL_OPS
def test_equals_torch(op):
    for case in cases(op):
        agree(case, by_torch(case))


@ALL_OPS
def test_equals_jax(op):
    """Every variant once: compiling takes all the time, and PyTorch is asked about the other shapes."""
    plain = list(plainest(op))
    for case, theirs in zip(plain, by_jax(plain), strict=True):
        agree(case, theirs)
