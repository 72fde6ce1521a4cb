"""All entries of an answer written out: deltas are 0 and 1, conditions are decided, sums are written as sums."""

from __future__ import annotations

import pytest

import jacobians as jac
from jacobians.errors import InputError
from jacobians.notation import to_plain
from symbolic.steps.engine import derivation
from tests.derived_models import CASES


def entries(found) -> list[tuple[str, str]]:
    """The last parts, one for each slice: head and entries."""
    return [(to_plain(p.head), to_plain(p.result)) for p in found.parts if p.title.rule == "entries"]


def test_the_tensor_of_a_layer_is_zero_off_the_diagonal() -> None:
    found = derivation(*CASES["affine"], entries=True)
    assert entries(found) == [
        ("D(a[1], W)", "[[x[1], x[2], x[3]], [0, 0, 0]]"),
        ("D(a[2], W)", "[[0, 0, 0], [x[1], x[2], x[3]]]"),
    ]
    assert found.check().ok


def test_a_gradient_has_the_sums_of_the_layer_behind() -> None:
    found = derivation(jac.mlp([2, 3, 2]), "L", "b1", entries=True)
    first = "tanh'(z1[1]) ((z2[1] - y[1]) W2[1, 1] + (z2[2] - y[2]) W2[2, 1])"
    ((head, line),) = entries(found)
    assert head == "D(L, b1)"
    assert line.startswith(f"[{first}, ")
    assert found.check().ok


def test_conditions_on_numbers_are_decided() -> None:
    """Of Σ_rs O_ir X_js [s = r + p] one product is left for every r; indices of patterns count from 0."""
    found = derivation(*CASES["convolution"], entries=True)
    assert found.check().ok
    assert "==" not in str(entries(found))
    (first, *_) = entries(found)
    assert first[0] == "D(L, W[0, :, :])"
    assert first[1].startswith("[[2 (O[0, 0] X[0, 0] + O[0, 1] X[0, 1] + ")


@pytest.mark.parametrize("name", ["mlp", "mlp vector", "batch bias", "rnn", "residual"])
def test_written_out_entries_are_true(name: str) -> None:
    found = derivation(*CASES[name], entries=True)
    assert entries(found)
    assert found.check().ok


def test_what_cannot_be_written_out_is_said() -> None:
    with pytest.raises(InputError, match=r"1,\d+ entries, at most 400 are written out"):
        derivation(jac.mlp([37, 31, 2]), "L", "W1", entries=True)
    with pytest.raises(InputError, match="take style='index'"):
        derivation(jac.mlp([3, 5, 2]), "L", "W1", style="matrix", entries=True)
