"""A rule that is broken must not pass the contract: seven ways to break every rule of every op."""

from __future__ import annotations

import pytest

from tests.contract import ops
from tests.mutation_count import KINDS, mutants, table

pytestmark = pytest.mark.xdist_group("mutations")  # the last tests look at what all of them found


@pytest.fixture(scope="module")
def found():
    return {}


@pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)
def test_every_mutant_that_changes_the_value_is_caught(op, found):
    found[op.name] = list(mutants(op))
    assert [m for m in found[op.name] if m.changed and not m.caught] == []
    rules = {m.wrt for m in found[op.name]}
    assert rules or not op.differentiable(), "an op without a rule"
    for wrt in rules:  # none of these can go unnoticed in a rule that is not identically zero
        changed = {m.kind for m in found[op.name] if m.wrt == wrt and m.changed}
        assert {"zeroed", "sign", "factor 2"} <= changed, wrt


def test_mutants_that_change_nothing_are_not_called_caught(found):
    for of_op in found.values():
        assert not [m for m in of_op if m.caught and not m.changed]


def test_every_kind_of_mutation_is_tried(found):
    if len(found) < len(ops()):
        pytest.skip("only some ops were selected")
    everything = [m for of_op in found.values() for m in of_op]
    changed = {kind: sum(m.changed for m in everything if m.kind == kind) for kind in KINDS}
    assert min(changed.values()) >= 20, table(everything)
