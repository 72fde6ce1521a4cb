"""The contract of every op in the list: hand rule, forward pass and SymPy agree; the docstring is what prints."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.structure import axis_names
from tests.contract import PRIMES, away_from_kinks, cases, close, from_sympy, numeric, ops

ALL_OPS = pytest.mark.parametrize("op", ops(), ids=lambda op: op.name)


@ALL_OPS
def test_hand_rule_equals_forward_pass(op):
    for case in cases(op):
        for wrt in case.op.differentiable():
            J = case.op.jacobian(wrt, **case.inputs)
            want, tolerance = numeric(case, wrt)
            close(J.dense(), want, tolerance)
            assert J.shape == case.op.forward(**case.inputs).shape + case.inputs[wrt].shape, case.name


@ALL_OPS
def test_hand_rule_equals_sympy(op):
    for case in cases(op, PRIMES[:2]):  # an axis longer than another, and shorter: enough where every entry is derived
        if sum(value.size for value in case.inputs.values()) > 120:
            continue  # the same formula on more entries; the smaller cases of this op are compared
        for wrt in case.op.differentiable():
            close(case.op.jacobian(wrt, **case.inputs).dense(), from_sympy(case, wrt), 1e-12)


@ALL_OPS
def test_apply_and_pull_equal_the_dense_products(op):
    rng = np.random.default_rng(5)
    for case in cases(op):
        for wrt in case.op.differentiable():
            J = case.op.jacobian(wrt, **case.inputs)
            v, u = rng.standard_normal(J.in_shape), rng.standard_normal(J.out_shape)
            dense = J.dense()
            close(J.apply(v), np.tensordot(dense, v, v.ndim), 1e-12)
            close(J.pull(u), np.tensordot(u, dense, u.ndim), 1e-12)
            close(J.contract().dense(), dense, 1e-13)
            assert J.nnz >= np.count_nonzero(dense), (case.name, wrt)


@ALL_OPS
def test_docstring_is_what_prints(op):
    shapes = op.example_shapes(PRIMES[0])[0]
    inputs = away_from_kinks(op, shapes, seed=0)
    lines = []
    for wrt in op.differentiable():
        J = op.jacobian(wrt, **inputs)
        axes = axis_names(J.terms, len(J.shape))
        n = len(J.out_shape)
        lines.append(
            f"d{op.symbol}/d{wrt} = {J} ({' '.join(axes[:n])} | {' '.join(axes[n:])})".replace("( ", "(").replace(
                " )", ")"
            )
        )
    doc = " ".join((type(op).__doc__ or "").split())
    for line in lines:
        assert " ".join(line.split()) in doc, f"{type(op).__name__}: the printer says\n  {line}"
    assert all(part in doc for part in ("Shapes:", "Formula:", "Jacobians:", "Source:"))
