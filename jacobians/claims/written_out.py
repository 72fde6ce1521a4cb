"""Conditions and cases, and vectors and matrices that are written out."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims import dots_in_lists, products
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.values import (
    Value,
    add,
    constant,
    contract,
    hadamard,
    structured,
    take_number,
)
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator

RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def condition(ev: Evaluator, tree: t.Tree, scope: Scope) -> Value:
    """1 where a comparison holds, 0 elsewhere."""
    if not isinstance(tree, t.Comparison):
        raise NotUnderstood("expected a condition such as i = j or x > 0", tree)
    plain = ev.without(*ev.seeds)
    parts = [plain.value(part, scope) for part in tree.parts]
    made: Value | None = None
    for a, b, relation in zip(parts, parts[1:], tree.relations, strict=False):
        holds = compared(a, b, RELATIONS[relation])
        made = holds if made is None else hadamard(made, holds)
    assert made is not None
    return made


def compared(a: Value, b: Value, relation: object) -> Value:
    """The relation, entry by entry: of the difference with 0."""
    difference = add(a, b, -1)
    holds = relation(difference.array, 0)  # type: ignore[operator]
    return Value({(): holds.astype(np.float64)}, difference.letters, difference.rank, difference.orientation)


def as_condition(tree: t.Tree) -> t.Tree:
    """A comparison as what is 1 where it holds; anything else as it is."""
    return t.Iverson(tree, span=tree.span) if isinstance(tree, t.Comparison) else tree


def cases(ev: Evaluator, tree: c.Cases, scope: Scope) -> Value:
    """Row by row; what no condition covers is 0, "otherwise" is what all others leave."""
    total: Value | None = None
    left = constant(1.0)
    conditions = [None if k is None else ev.without(*ev.seeds).value(as_condition(k), scope) for _, k in tree.branches]
    if any(k is None for k in conditions[:-1]):  # "0 otherwise" may stand first
        order = sorted(range(len(conditions)), key=lambda k: conditions[k] is None)
    else:
        order = list(range(len(conditions)))
    for k in order:
        holds = left if conditions[k] is None else hadamard(left, conditions[k])  # type: ignore[arg-type]
        left = add(left, holds, -1)
        value = ev.value(tree.branches[k][0], scope)
        summand = hadamard(value, holds).as_(value.orientation)
        total = summand if total is None else add(total, summand)
    assert total is not None
    return total


def stacked(ev: Evaluator, tree: t.List, scope: Scope) -> Value:
    """A column `[x_1, x_2]`, a matrix of rows, blocks joined below one another."""
    if dots_in_lists.has_dots(tree):
        return ev.value(dots_in_lists.written_out(ev, tree, scope), scope)
    rows = [item.items if isinstance(item, t.List) else (item,) for item in tree.items]
    matrix = any(isinstance(item, t.List) for item in tree.items)
    values = [[ev.value(item, scope) for item in row] for row in rows]
    if len({len(row) for row in rows}) > 1:
        raise IllFormed("rows of different lengths", tree)
    if any(v.rank for row in values for v in row):
        return _blocks(values, matrix, tree)
    total: Value | None = None
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            place = np.zeros((len(rows), len(row)) if matrix else (len(rows),))
            place[(i, j) if matrix else i] = 1.0
            summand = contract(value, structured(place), "", "ab"[: place.ndim], "ab"[: place.ndim])
            total = summand if total is None else add(total, summand)
    assert total is not None
    if matrix and len(rows) == 1:
        return _as_row(total)
    return total


def _as_row(a: Value) -> Value:
    """A matrix with one row, which is what a row of numbers in brackets is."""
    return take_number(a, 0, 0).as_("row")


def _blocks(values: list[list[Value]], matrix: bool, at: t.Tree) -> Value:
    if matrix and len(values[0]) > 1 and len(values) > 1:
        raise NotUnderstood("a matrix of blocks; write its rows one by one", at)
    flat = [v for row in values for v in row]
    sideways = matrix and len(values) == 1
    if all(v.rank == 1 for v in flat) and sideways:  # columns side by side
        return _joined([products.as_matrix(v) for v in flat], 1)
    if all(v.rank == 1 and v.orientation == "row" for v in flat):
        return _joined([products.as_matrix(v) for v in flat], 0)
    if any(v.rank == 0 for v in flat):
        flat = [products.outer(v, structured(np.ones(1))) if v.rank == 0 else v for v in flat]
    if len({v.rank for v in flat}) > 1:
        raise IllFormed("blocks of different kinds below one another", at)
    return _joined(flat, 1 if sideways else 0)


def _joined(values: Iterable[Value], axis: int) -> Value:
    """Values one after another along a structural axis."""
    parts = list(values)
    sizes = [v.shape[axis] for v in parts]
    total: Value | None = None
    start = 0
    for v, size in zip(parts, sizes, strict=True):
        picks = np.eye(sum(sizes))[start : start + size]
        start += size
        names = "abcdefgh"[: v.rank]
        moved = contract(v, structured(picks), names, names[axis] + "z", names[:axis] + "z" + names[axis + 1 :])
        total = moved if total is None else add(total, moved)
    assert total is not None
    return total
