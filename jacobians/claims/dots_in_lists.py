"""Vectors and matrices that are written with dots: `[x_1, ..., x_n]`, rows that go on, diagonals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jacobians.claims.dots import moved, steps_between
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator

ZERO = t.Number("0")


def has_dots(tree: t.List) -> bool:
    """Whether entries are left out, in a vector or in the rows of a matrix."""
    return any(_is_dots(item) or (isinstance(item, t.List) and has_dots(item)) for item in tree.items)


def written_out(ev: Evaluator, tree: t.List, scope: Scope) -> t.Tree:
    """With the entries that the dots stand for: indices go on in steps of one, as far as the entry behind the dots.

    Raises:
        NotUnderstood: the entries beside the dots differ in something else than one number.
    """
    rows = tree.items
    if not all(isinstance(row, t.List) for row in rows):
        return t.List(tuple(_filled(ev, rows, scope, tree)), span=tree.span)
    matrix = [row.items for row in rows if isinstance(row, t.List)]
    if _is_diagonal(matrix):
        diagonal = _filled(ev, [row[k] for k, row in enumerate(matrix)], scope, tree)
        return t.Call("diag", (t.List(tuple(diagonal)),), span=tree.span)
    whole: list[t.Tree] = []
    for row in matrix:
        left_out = all(map(_is_dots, row))
        whole.append(c.Dots() if left_out else t.List(tuple(_filled(ev, row, scope, tree))))
    return t.List(tuple(_filled(ev, whole, scope, tree)), span=tree.span)


def _is_dots(tree: t.Tree) -> bool:
    return isinstance(tree, c.Dots)


def _is_diagonal(rows: Sequence[Sequence[t.Tree]]) -> bool:
    """A square of zeros and dots, but for its diagonal."""
    if any(len(row) != len(rows) for row in rows):
        return False
    beside = [item for i, row in enumerate(rows) for j, item in enumerate(row) if i != j]
    return all(_is_dots(item) or item == ZERO for item in beside) and ZERO in beside


def _filled(ev: Evaluator, items: Sequence[t.Tree], scope: Scope, at: t.Tree) -> list[t.Tree]:
    """The entries with those between each pair that has dots between."""
    made: list[t.Tree] = []
    for k, item in enumerate(items):
        if not _is_dots(item):
            made.append(item)
        elif made and k + 1 < len(items) and not _is_dots(items[k + 1]):
            made += _between(ev, made, items[k + 1], scope)
        else:
            raise NotUnderstood("dots need an entry before and an entry behind them", at)
    return made


def _between(ev: Evaluator, made: list[t.Tree], end: t.Tree, scope: Scope) -> list[t.Tree]:
    """What is left out between the last entry and `end`; where the two are one and the same, the last goes."""
    last = made[-1]
    steps = set(steps_between(ev, last, end, scope))
    if len(steps) > 1:
        raise NotUnderstood(f"what do the dots between {to_plain(last)} and {to_plain(end)} stand for?", end)
    count = steps.pop() if steps else 0
    if count < 0:
        raise IllFormed(f"the dots lead back from {to_plain(last)} to {to_plain(end)}", end)
    if count == 0:
        made.pop()
    return [moved(ev, last, end, k, scope) for k in range(1, count)]
