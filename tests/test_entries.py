"""Entries and slices without the whole, and what a bad index is told."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians import delta_einsum
from jacobians.errors import EntryError, JacobiansError
from jacobians.ops.softmax import Softmax

x = np.array([1.0, 2.0, 4.0])
J = delta_einsum("i -> o | o i", ("x", x), o=2)


def test_entries():
    assert (J[0, 0, 1], J[0, 1, 1], J[-1, -1, -1], J[np.int64(1), 1, 2]) == (2, 0, 4, 4)
    assert isinstance(J[0, 0, 1], float)
    p = Softmax().forward(x=x)
    S = Softmax().jacobian("x", x=x)
    assert S[1, 1] == pytest.approx(p[1] * (1 - p[1]), rel=1e-14)
    assert S[0, 2] == pytest.approx(-p[0] * p[2], rel=1e-14)


@pytest.mark.parametrize(
    "index",
    [
        np.s_[1],
        np.s_[:, 1],
        np.s_[..., 2],
        np.s_[0, ...],
        np.s_[...],
        np.s_[:],
        np.s_[::-1],
        np.s_[1:, :, ::2],
        np.s_[:, 1:, -1],
        np.s_[1, 1:],
        np.s_[1, :1],
        np.s_[0:0],
        np.s_[5:],
        np.s_[:, :, 2::-1],
    ],
    ids=str,
)
def test_slices(index):
    part = J[index]
    np.testing.assert_array_equal(part.dense(), J.dense()[index])
    assert part.shape == J.dense()[index].shape


def test_a_slice_keeps_the_structure():
    assert J[1].nnz == 3
    assert J[:, :, 1].nnz == 2
    assert (J[0, 1].terms, J[0, 1].shape) == ((), (3,)), "the delta makes it zero"


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.s_[2, 0, 0], r"J\[...\], axis 0: index 2 is out of range for size 2"),
        (np.s_[0, 0, -4], r"J\[...\], axis 2: index -4 is out of range for size 3"),
        (np.s_[0, 0, 0, 0], r"J\[...\]: 4 indices for the shape \(2, 2, 3\)"),
        (np.s_[0, ..., 0, 0, 0], r"J\[...\]: 4 indices for the shape \(2, 2, 3\)"),
        (np.s_[0.5], r"J\[...\], axis 0: expected an integer or a slice, got 0.5"),
        (np.s_[0, True], r"J\[...\], axis 1: expected an integer or a slice, got True"),
        (np.s_[:, None], r"J\[...\], axis 1: expected an integer or a slice, got None"),
        (np.s_["o"], r"J\[...\], axis 0: expected an integer or a slice, got 'o'"),
        (np.s_[[0, 1]], r"J\[...\], axis 0: expected an integer or a slice, got \[0, 1\]"),
        (np.s_[np.array([0, 1])], r"J\[...\], axis 0: expected an integer or a slice, got array\(\[0, 1\]\)"),
        (np.s_[..., 0, ...], r"J\[...\], axis 2: expected an integer or a slice, got Ellipsis"),
    ],
    ids=str,
)
def test_bad_index(index, message):
    with pytest.raises(EntryError, match=f"^{message}$"):
        J[index]


def test_a_bad_entry_is_an_index_error_too():
    with pytest.raises(IndexError, match="axis 1: index 9 is out of range for size 2"):
        J[0, 9]
    assert issubclass(EntryError, JacobiansError)


def test_a_slice_of_an_axis_without_delta_slices_the_factors_alone():
    x = np.arange(7.0)
    J = delta_einsum("i -> o | o i", ("x", x), o=5)[:, :, 2:6:2]
    assert [f.value.shape for t in J.terms for f in t.factors] == [(2,)]
    np.testing.assert_array_equal(J.dense(), np.einsum("op,i->opi", np.eye(5), x[2:6:2]))
