"""Verify says which entry differs."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians import OPS, InputError, Linear, ReLU, Tanh, term


class WrongTanh(Tanh):
    """The slope that students write: 1 - x^2 in place of 1 - tanh(x)^2."""

    def d_x(self, x):
        return term("... -> ... | ...", ("1 - x^2", 1 - x**2))


X = np.array([0.5, -1.0, 0.25])


def test_agreement():
    W, b = np.arange(6.0).reshape(2, 3), np.array([1.0, 2.0])
    found = Linear().verify("W", x=X, W=W, b=b)
    assert found.agrees
    assert str(found) == "Linear.W agrees with the complex step; largest relative difference 0"
    assert ReLU().verify("x", x=X).witness == "central differences"


def test_disagreement_names_the_entry():
    found = WrongTanh().verify("x", x=X)
    assert not found.agrees
    assert found.index == (1, 1)
    assert str(found) == "WrongTanh.x differs from the complex step: entry [1, 1] is 0, expected 0.419974"


def test_nan_is_no_agreement():
    assert not Tanh().verify("x", x=[0.5, np.nan]).agrees


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.analytic], ids=lambda op: op.name)
def test_zero_is_a_point_like_any_other(op):
    """Whole numbers: a zero lies on the border between the two sides of a forward pass written for each sign."""
    for shapes in op.example_shapes((3, 2, 5, 7, 11)):
        inputs = {name: np.round(value) for name, value in op.sample(np.random.default_rng(0), shapes).items()}
        inputs |= {name: value.astype(int) for name, value in inputs.items() if name in op.data}
        try:
            op.jacobians(**inputs)
        except InputError:  # no derivative there: log(0), a singular matrix
            continue
        for wrt in op.differentiable():
            assert op.verify(wrt, **inputs).agrees, str(op.verify(wrt, **inputs))


def test_unknown_input():
    with pytest.raises(InputError, match="unknown input 'z'; known are x"):
        Tanh().verify("z", x=X)
