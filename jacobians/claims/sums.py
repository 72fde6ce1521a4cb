"""Sums and products over letters, labels, and all entries."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims import products
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.functions import sum_axis
from jacobians.claims.indexing import find_ranges, with_letter
from jacobians.claims.values import (
    Value,
    add,
    along,
    constant,
    hadamard,
    letter_to_axis,
    sum_letter,
    take_number,
)
from jacobians.claims.written_out import as_condition, compared
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator


def big_sum(ev: Evaluator, tree: c.Sum, scope: Scope) -> Value:
    """A sum over index letters, over labels, or of all entries."""
    if not tree.indices:
        return _sum_of_all(ev, tree, scope)
    letter, *rest = tree.indices
    inner = c.Sum(tuple(rest), tree.body, None, None, tree.condition, span=tree.span) if rest else tree.body
    if is_label(ev, letter, tree, scope):
        summands = [ev.value(inner, s) for s in _labelled(ev, tree, letter, scope)]
        if not summands:
            return constant(0.0)
        total = summands[0]
        for more in summands[1:]:
            total = ev.sum_of(total, more, 1, t.Binary("+", tree.body, tree.body, span=tree.span))
        return total
    axis = ev.fresh(letter)
    bound = scope.with_letter(letter, axis)
    _range_of_sum(ev, tree, letter, axis, bound)
    body = ev.value(inner, bound)
    if axis not in ev.ranges and body.rank == 1 and tree.lower is tree.upper is tree.condition is None:
        ev.notes[tree] = f"{to_plain(tree)} is read as the sum of all entries"
        return _sum_of_entries(body)
    mask = _mask(ev, tree, axis, bound, last=not rest)
    body = with_letter(ev, body, axis)
    if mask is not None:
        body = hadamard(body, mask).as_(body.orientation, body.split)
    return sum_letter(body, axis)


def is_label(ev: Evaluator, letter: str, tree: t.Tree, scope: Scope) -> bool:
    """Whether the letter counts labels: it stands in a label, or is declared so and is no index here."""
    labels = [p.label for p in tree.walk() if isinstance(p, t.Name | t.Call) and p.label is not None]
    if any(isinstance(p, t.Name) and p.text == letter for label in labels for p in label.walk()):
        return True
    if letter not in ev.instance.context.labels:
        return False
    indices = [k for p in tree.walk() if isinstance(p, t.Index) for k in p.indices]
    return not any(isinstance(p, t.Name) and p.text == letter for k in indices for p in k.walk())


def _labelled(ev: Evaluator, tree: c.Sum, letter: str, scope: Scope) -> Iterator[Scope]:
    """The scopes for all values of a label, in the order of the limits."""
    declared = ev.instance.context.labels.get(letter, (1, 0))
    first = declared[0] if tree.lower is None else ev.instance.label(tree.lower, scope.label())
    last = declared[1] if tree.upper is None else ev.instance.label(tree.upper, scope.label())
    if tree.lower is None and declared == (1, 0):
        raise NotUnderstood(f"from where to where does {letter} run? write the limits", tree)
    descending = isinstance(tree, c.Product) and last < first - 1
    if not descending and declared[0] <= declared[1] and (first < declared[0] or last > declared[1]):
        elsewhere = f"from {declared[0]} to {declared[1]} elsewhere"
        ev.notes[tree] = f"{letter} goes from {first} to {last} in this sum, and {elsewhere}"
    for n in range(first, last - 1, -1) if descending else range(first, last + 1):
        inner = scope.with_label(letter, n)
        if tree.condition is None or bool(np.all(ev.value(as_condition(tree.condition), inner).array)):
            yield inner


def _range_of_sum(ev: Evaluator, tree: c.Sum, letter: str, axis: str, scope: Scope) -> None:
    """The range of a bound letter: from what it indexes, else from its limits."""
    find_ranges(ev, tree.body, scope)
    if axis not in ev.ranges and tree.upper is not None:
        size = ev.value(tree.upper, scope).array
        ev.ranges[axis] = int(size.flat[0]) + 1 - ev.settings.indices


def _mask(ev: Evaluator, tree: c.Sum, axis: str, scope: Scope, last: bool) -> Value | None:
    """1 where the letter is within the limits and the condition holds."""
    mask: Value | None = None
    if tree.condition is not None and last and not isinstance(tree.condition, c.Membership):
        mask = ev.value(as_condition(tree.condition), scope)
    place = along(axis, np.arange(ev.ranges[axis]) + float(ev.settings.indices)) if axis in ev.ranges else None
    for limit, relation in ((tree.lower, operator.ge), (tree.upper, operator.le)):
        if limit is None or place is None:
            continue
        try:
            bound = ev.value(limit, scope)
        except NotUnderstood:
            continue  # a bound that only says "all of them", such as K - 1
        within = compared(place, bound, relation)
        mask = within if mask is None else hadamard(mask, within)
    return mask


def _sum_of_all(ev: Evaluator, tree: c.Sum, scope: Scope) -> Value:
    body = ev.value(tree.body, scope)
    return _sum_of_entries(body) if body.rank else body


def _sum_of_entries(a: Value) -> Value:
    return sum_axis(a, None)


def big_product(ev: Evaluator, tree: c.Product, scope: Scope) -> Value:
    """A product over labels, factors in the order of the letter; over an index letter of numbers."""
    letter = tree.indices[0] if tree.indices else ""
    if not letter or not is_label(ev, letter, tree, scope):
        return _product_of_numbers(ev, tree, scope)
    factors = [ev.value(tree.body, s) for s in _labelled(ev, tree, letter, scope)]
    if not factors:
        return constant(1.0)
    made = factors[0]
    for factor in factors[1:]:
        try:
            made = products.product(made, factor, "", ev.settings)
        except IllFormed:  # d h_t / d h_{t-1} with t rising: the later step stands on the left
            made = products.product(factor, made, "", ev.settings)
    return made


def _product_of_numbers(ev: Evaluator, tree: c.Product, scope: Scope) -> Value:
    letter = tree.indices[0] if tree.indices else ""
    axis = ev.fresh(letter)
    bound = scope.with_letter(letter, axis)
    _range_of_sum(ev, tree, letter, axis, bound)
    body = with_letter(ev, ev.value(tree.body, bound), axis)
    if body.rank:
        raise NotUnderstood("a product over an index of what is no number", tree)
    mask = _mask(ev, tree, axis, bound, last=True)
    whole = take_back(body, axis)
    made = constant(1.0)
    for k in range(whole.shape[0]):
        factor = take_number(whole, 0, k)
        if mask is not None:  # 1 where the letter is outside of the limits
            here = take_number(take_back(with_letter(ev, mask, axis), axis), 0, k)
            factor = add(hadamard(here, factor), add(constant(1.0), here, -1))
        made = hadamard(made, factor)
    return made


def take_back(a: Value, letter: str) -> Value:
    """A free letter as the first structural axis."""
    return letter_to_axis(a, (letter,))
