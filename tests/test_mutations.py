"""A rule that is broken must not pass the contract: seven ways to break every rule of every op."""

from __future__ import annotations

import pytest

from jacobians.ops import OPS
from tests.contract import ops
from tests.mutation_count import KINDS, mutants, table

#: Ops on which every way to break a rule changes something.
VARIED = ("linear", "matmul", "hadamard", "softmax", "normalize", "layer_norm", "conv1d", "attention", "cross_entropy")


@pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
def test_every_mutant_that_changes_the_value_is_caught(op):
    found = list(mutants(op))
    assert [m for m in found if m.changed and not m.caught] == []
    assert not [m for m in found if m.caught and not m.changed]
    rules = {m.wrt for m in found}
    assert rules or not op.differentiable(), "an op without a rule"
    for wrt in rules:  # none of these can go unnoticed in a rule that is not identically zero
        changed = {m.kind for m in found if m.wrt == wrt and m.changed}
        assert {"zeroed", "sign", "factor 2"} <= changed, wrt


def test_every_kind_of_mutation_is_tried():
    found = [m for name in VARIED for m in mutants(OPS[name])]
    changed = {kind: sum(m.changed for m in found if m.kind == kind) for kind in KINDS}
    assert min(changed.values()) >= 5, table(found)
