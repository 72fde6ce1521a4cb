"""Brackets multiplied out where that leaves less: (diag(p) - p p^T) (y / p) is y - p where the y sum to 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jacobians.notation import tree as t
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.arrays import ONE, hadamard, length, matmul
from symbolic.steps.normal_form import Arrays, Term, Terms, chain


def simplified(arrays: Arrays, tree: t.Tree) -> t.Tree:
    """The formula with brackets multiplied out; as it is, unless that is shorter."""
    terms = tuple(made for one in arrays.read(tree) for made in _multiplied_out(arrays, one))
    shorter = arrays.write(tuple(sorted(terms, key=lambda one: one.coefficient < 0)))
    return shorter if length(shorter) < length(tree) else tree


def _multiplied_out(arrays: Arrays, one: Term) -> Terms:
    """A term whose first two factors are multiplied out."""
    match one.factors:
        case (t.Binary("*", left, right),):
            return _each(arrays, one, left, lambda part: hadamard(part, right))
        case (first, second):
            return _each(arrays, one, first, lambda part: _product(arrays, part, second))
        case (first, second, *rest):
            inner = _multiplied_out(arrays, replace(one, factors=(first, second)))
            return arrays.read(matmul(arrays.write(inner), chain(rest)))
    return (one,)


def _each(arrays: Arrays, one: Term, bracket: t.Tree, f: Callable[[t.Tree], t.Tree]) -> Terms:
    """f of every summand of a bracket, times what stands in front."""
    made = []
    for part in arrays.read(bracket):
        for inner in arrays.read(_cancelled(arrays, f(chain(part.factors)))):
            front = (one, part, inner)
            made.append(
                Term(
                    one.coefficient * part.coefficient * inner.coefficient,
                    tuple(x for every in front for x in every.scalars),
                    tuple(x for every in front for x in every.below),
                    inner.factors,
                )
            )
    return tuple(made)


def _product(arrays: Arrays, a: t.Tree, b: t.Tree) -> t.Tree:
    """diag(p) b is p ⊙ b, and (p q^T) b is (q^T b) p."""
    if arrays.kind(b) == "column":
        match a:
            case t.Call("diag", (p,)):
                return hadamard(b, p)
            case t.Binary("@", p, q) if arrays.kind(q) == "row":
                return t.Juxtaposition(matmul(q, b), p)
    return matmul(a, b)


def _cancelled(arrays: Arrays, tree: t.Tree) -> t.Tree:
    """(y / p) ⊙ p is y, and p^T (y / p) is the sum of y, which may be 1; 1 / p has the number in every entry."""
    tree = rebuilt(tree, lambda part: _cancelled(arrays, part))
    match tree:
        case t.Binary("*", t.Binary("/", y, p), q) if p == q and arrays.kind(y) == arrays.kind(p):
            return y
        case t.Binary("@", t.Transpose(p), t.Binary("/", y, q)) if p == q and arrays.kind(y) == arrays.kind(p):
            return ONE if arrays.sums_to_one(y) else t.Call("sum", (y,))
    return tree
