"""The general product: an einsum is differentiated by moving labels alone."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.terms import Array, Labels, as_array, letters


class Einsum(Op):
    """Y = einsum(equation; A, B, C, ...), the sum over all labels that the output lacks of the product of the operands.

    The equation is NumPy's: a letter per axis, any number of operands, a label repeated in an operand takes its
    diagonal, a label missing in the output is summed; without `->` the output has the labels that occur once, in
    alphabetical order. An ellipsis is refused, because an axis without a label has no name to print.

    The Jacobian by an operand is the einsum of the other operands with this one's labels as input axes. Labels of the
    operand that are also output labels or repeat there are deltas; labels that only this operand has are ones.

    Shapes:    A (i j), B (j k) -> Y (i k), for the equation "ij,jk->ik"
    Formula:   Y_ik = sum_j A_ij B_jk
    Jacobians: dY/dA = δ_ii' B_jk   (i k | i' j)
               dY/dB = δ_kk' A_ij   (i k | j k')
    Source:    Laue, Mitterreiter, Giesen, "A Simple and Efficient Tensor Calculus", AAAI 2020; index form: own
    """

    symbol = "Y"

    def __init__(self, equation: str) -> None:
        """Read the equation, `"ij,jk->ik"`."""
        self.equation = equation
        self._operands, self._output = parse_equation(equation)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        equations = (
            "ij,jk->ik",
            "ij,jk",  # implicit output
            "i,j->ji",  # an outer product, transposed
            "ii->",  # a repeated label: the trace
            "ii->i",  # and the diagonal
            "iij,j->ij",
            "iji->j",
            "ij->j",  # a label of one operand only, summed
            "ij,k->k",
            "ijk->kij",
            "i,i,i->i",
            "ij,jk,kl->li",
            "bij,bjk->bik",  # a batch
            ",ij->ij",  # a scalar
            "ij,ij->",
        )
        return tuple(cls(e) for e in equations)

    @property
    def label(self) -> str:
        return repr(self)

    def __repr__(self) -> str:
        return f"Einsum({self.equation!r})"

    def input_names(self) -> tuple[str, ...]:
        """A, B, C, ...; Y is the output."""
        return letters(string.ascii_uppercase.replace("Y", ""), len(self._operands))

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        return Signature(dict(zip(self.input_names(), self._operands, strict=True)), self._output)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        size = dict(zip(dict.fromkeys(a for labels in self._operands for a in labels), sizes, strict=False))
        shapes = (tuple(size[a] for a in labels) for labels in self._operands)
        return [dict(zip(self.input_names(), shapes, strict=True))]

    def compute(self, **operands: Array) -> Array:
        return as_array(np.einsum(self.equation, *(operands[name] for name in self.input_names()), optimize=True))

    def rule(self, wrt: str, known: Callable[[str], Any]) -> Rule:
        labels = dict(zip(self.input_names(), self._operands, strict=True))
        inp = labels.pop(wrt)
        factors = ", ".join(" ".join(a) for a in labels.values())
        pattern = f"{factors} -> {' '.join(self._output)} | {' '.join(inp)}"
        return term(pattern, *((name, known(name)) for name in labels))


def parse_equation(equation: str) -> tuple[tuple[Labels, ...], Labels]:
    """The labels of each operand and of the output of an einsum equation."""
    where = f"Einsum({equation!r})"
    text = "".join(equation.split()) if isinstance(equation, str) else ""
    if not text:
        raise InputError(f"{where}: expected an equation such as 'ij,jk->ik', got {equation!r}")
    if "." in text:
        raise InputError(f"{where}: an ellipsis is not supported; name every axis by a letter, as in 'nij,njk->nik'")
    left, arrow, right = text.partition("->")
    if bad := [c for c in left.replace(",", "") + right if c not in string.ascii_letters]:
        raise InputError(f"{where}: {bad[0]!r} is no label; expected letters, commas between operands and one '->'")
    operands = tuple(tuple(labels) for labels in left.split(","))
    known = sorted({*left} - {","})
    if not arrow:
        return operands, tuple(a for a in known if left.count(a) == 1)
    for a in right:
        if a not in known:
            raise InputError(f"{where}: the output label {a} is in no operand; known are {', '.join(known)}")
        if right.count(a) > 1:
            raise InputError(f"{where}: the output label {a} occurs {right.count(a)} times; it may occur once")
    return operands, tuple(right)


OPS: tuple[Op, ...] = (Einsum("ij,jk->ik"),)
