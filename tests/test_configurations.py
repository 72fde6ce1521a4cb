"""Values and Jacobians of every layer against PyTorch, on at least 20 random configurations of options and sizes."""

from __future__ import annotations

import inspect

import pytest

from tests.configurations import COUNT, by_torch, configurations, disagreement, layers, rules

LAYERS = pytest.mark.parametrize("op", layers(), ids=lambda op: op.name)
TOLERANCE = 1e-10


@pytest.mark.peers
@LAYERS
def test_equals_torch_on_random_configurations(op):
    cases = configurations(op)
    assert len(cases) >= COUNT
    assert {repr(case.op) for case in cases} == {repr(variant) for variant in type(op).variants()}
    for case in cases:
        ours, theirs = rules(case), by_torch(case)
        assert set(ours) == set(theirs) == {"", *case.op.differentiable()}
        for wrt, want in theirs.items():
            assert disagreement(ours[wrt], want) < TOLERANCE, (case.name, wrt)


@LAYERS
def test_the_variants_cross_every_option(op):
    """A configuration is a variant with random sizes: an option that no variant changes would never be tried."""
    for name in inspect.signature(type(op)).parameters:
        values = {repr(getattr(variant, name)) for variant in type(op).variants()}
        assert len(values) > 1, f"{type(op).__name__}: no variant has another {name}"
