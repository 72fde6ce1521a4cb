"""Einsum: which labels its Jacobians get, integer examples to check by hand, and wrong equations and input."""

from __future__ import annotations

import numpy as np
import pytest

from jacobians.checks import complex_step
from jacobians.errors import InputError, ShapeError
from jacobians.ops.einsum import Einsum

W = [[1, 2, 3], [4, 5, 6]]
x = [7, 8, 9]


def equal(J, dense, pattern):
    """Every entry, and the structure they come from."""
    np.testing.assert_array_equal(J.dense(), dense)
    assert J.pattern.split() == pattern.split()


@pytest.mark.parametrize(
    ("equation", "shapes", "patterns"),
    [
        ("ij,jk->ik", [(2, 3), (3, 5)], ["j k -> i k | i j", "i j -> i k | j k"]),
        ("ii->", [(3, 3)], ["-> | i i"]),
        ("ii->i", [(3, 3)], ["-> i | i i"]),
        ("ij->j", [(2, 3)], ["-> j | i j"]),
        ("iij,j->ij", [(2, 2, 3), (3,)], ["j -> i j | i i j", "i i j -> i j | j"]),
        (",i->i", [(), (3,)], ["i -> i |", "-> i | i"]),
    ],
)
def test_einsum_moves_labels(equation, shapes, patterns):
    rng = np.random.default_rng(3)
    op = Einsum(equation)
    inputs = dict(zip(op.input_names(), map(rng.standard_normal, shapes), strict=True))
    for pattern, (name, J) in zip(patterns, op.jacobians(**inputs).items(), strict=True):
        assert J.pattern.split() == pattern.split()
        want = complex_step(lambda v, name=name: op.compute(**{**inputs, name: v}), inputs[name])
        np.testing.assert_allclose(J.dense(), want, rtol=1e-13, atol=1e-13)


def test_einsum_by_hand():
    op = Einsum("ij,j->")  # the sum of all entries of A times a vector, that is 1^T A x
    inputs = {"A": W, "B": x}
    assert op.forward(**inputs) == 50 + 122
    J = op.jacobians(**inputs)
    equal(J["A"], [[7, 8, 9], [7, 8, 9]], "j -> | i j")
    equal(J["B"], [1 + 4, 2 + 5, 3 + 6], "i j -> | j")


def test_einsum_of_a_diagonal_by_hand():
    J = Einsum("ii->i").jacobian("A", A=[[1, 2], [3, 4]])
    equal(J, [[[1, 0], [0, 0]], [[0, 0], [0, 1]]], "-> i | i i")
    assert str(J) == "δ_ii' δ_ii''"


def test_einsum_without_arrow_sorts_the_labels_as_numpy_does():
    A, B = np.arange(6.0).reshape(2, 3), np.arange(15.0).reshape(3, 5)
    op = Einsum(" ba, aC ")
    np.testing.assert_array_equal(op.forward(A=A, B=B), np.einsum("ba,aC", A, B))
    assert op.jacobian("B", A=A, B=B).pattern == "b a -> C b | a C"


def test_einsum_of_many_operands_skips_the_name_of_the_output():
    op = Einsum(",".join("i" * 26))
    assert op.input_names()[23:] == ("X", "Z", "Z25")
    assert "Y" not in op.input_names()


def test_einsum_says_its_equation():
    assert repr(Einsum("ij,jk->ik")) == "Einsum('ij,jk->ik')"


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("...i,i->...", r"Einsum\('...i,i->...'\): an ellipsis is not supported; name every axis"),
        ("ij,jk->il", r"the output label l is in no operand; known are i, j, k"),
        ("ij,jk->iik", r"the output label i occurs 2 times; it may occur once"),
        ("i1,i->", r"'1' is no label; expected letters, commas between operands and one '->'"),
        ("ij->i->j", r"'-' is no label"),
        ("ij>i", r"'>' is no label"),
        ("ij->i,j", r"',' is no label"),
        ("", r"expected an equation such as 'ij,jk->ik', got ''"),
        (3, r"expected an equation such as 'ij,jk->ik', got 3"),
    ],
)
def test_einsum_refuses_a_malformed_equation(equation, message):
    with pytest.raises(InputError, match=message):
        Einsum(equation)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (
            Einsum("ij,jk->ik"),
            {"A": np.ones((2, 3)), "B": np.ones((5, 7))},
            r"Einsum\('ij,jk->ik'\).B: expected \(j k\) = \(3, \?\), got \(5, 7\); A fixes j = 3",
        ),
        (Einsum("ii->"), {"A": np.ones((2, 3))}, r"Einsum\('ii->'\).A: expected \(i i\) = \(.*\), got \(2, 3\)"),
        (Einsum("ij,j->i"), {"A": x, "B": x}, r"A: expected \(i j\) = \(\?, 3\), got \(3\); B fixes j = 3"),
    ],
)
def test_sizes_that_do_not_fit(op, inputs, message):
    with pytest.raises(ShapeError, match=message):
        op.forward(**inputs)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Einsum("ij,jk->ik"), {"A": W, "x": x}, r"Einsum\('ij,jk->ik'\): unknown input 'x'; known are A, B"),
        (Einsum("ij,jk->ik"), {"A": W}, r"Einsum\('ij,jk->ik'\): input B is missing; expected A, B"),
    ],
)
def test_inputs_that_do_not_exist(op, inputs, message):
    with pytest.raises(InputError, match=message):
        op.forward(**inputs)


def test_a_jacobian_by_an_operand_that_is_not_there():
    with pytest.raises(InputError, match=r"Einsum\('ij,jk->ik'\).jacobian: unknown input 'C'; known are A, B"):
        Einsum("ij,jk->ik").jacobian("C", A=W, B=np.ones((3, 5)))


def test_float32_stays():
    assert Einsum("ij->ji").forward(A=np.array(W, np.float32)).dtype == np.float32
    assert Einsum("ij,j->i").jacobian("B", A=np.array(W, np.float32), B=np.ones(3, np.float32)).dtype == np.float32
