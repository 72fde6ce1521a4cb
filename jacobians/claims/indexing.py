"""Indices, sums, products, cases: where letters come from and where they go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.errors import ClaimError, IllFormed, NotUnderstood
from jacobians.claims.values import (
    Value,
    along,
    contract,
    hadamard,
    take_letter,
    take_number,
    take_slice,
)
from jacobians.errors import shape_text
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator


# ----- letters -----


def letter_value(ev: Evaluator, axis: str, at: t.Tree) -> Value:
    """The number that a letter stands for, one for each of its values."""
    if axis not in ev.ranges:
        raise NotUnderstood(f"how many values has {to_plain(at)}? write the limits, or use it as an index", at)
    return along(axis, ev.settings.indices + np.arange(ev.ranges[axis], dtype=np.float64))


def with_letter(ev: Evaluator, a: Value, axis: str) -> Value:
    """The value with an axis for a letter that it does not depend on."""
    if axis in a.letters:
        return a
    if axis not in ev.ranges:
        raise NotUnderstood(f"how many values has the index {axis.partition('#')[0]}? nothing says it")
    return hadamard(a, along(axis, np.ones(ev.ranges[axis])))


def find_ranges(ev: Evaluator, tree: t.Tree, scope: Scope) -> None:
    """How many values each letter of the scope takes, from the axes that it indexes.

    Raises:
        IllFormed: one letter counts axes of different sizes.
    """
    letters = dict(scope.letters)
    plain = ev.without(*ev.seeds)
    deltas: list[tuple[t.Name, ...]] = []
    for part in _free_parts(tree, frozenset()):
        if isinstance(part, t.Index):
            _ranges_of(plain, part, scope, letters)
        elif tied := _tied(part):
            deltas.append(tied)
    for delta in deltas:
        _tie(ev, delta, letters)


def _tied(tree: t.Tree) -> tuple[t.Name, ...]:
    """The two letters of a Kronecker delta, also of [i = j]; none of anything else."""
    ends: tuple[t.Tree, ...] = ()
    if isinstance(tree, t.Call) and tree.function == "kronecker":
        ends = tree.args
    elif isinstance(tree, t.Iverson) and tree.condition.relations == ("==",):
        ends = tree.condition.parts
    names = tuple(x for x in ends if isinstance(x, t.Name) and x.label is None)
    return names if len(names) == len(ends) == 2 else ()


def _tie(ev: Evaluator, delta: tuple[t.Name, ...], letters: dict[str, str]) -> None:
    """Of the two letters of a delta, one that counts nothing else takes as many values as the other."""
    axes = [letters[x.text] for x in delta if x.text in letters]
    if known := [ev.ranges[axis] for axis in axes if axis in ev.ranges]:
        for axis in axes:
            ev.ranges.setdefault(axis, known[0])


def _free_parts(tree: t.Tree, bound: frozenset[str]) -> Iterator[t.Tree]:
    """All parts outside of sums that bind a letter which the part has."""
    if isinstance(tree, t.Index) and not any(isinstance(k, t.Name) and k.text in bound for k in tree.indices):
        yield tree
    elif isinstance(tree, t.Index):
        yield t.Index(
            tree.array, tuple(t.Name("") if isinstance(k, t.Name) and k.text in bound else k for k in tree.indices)
        )
    elif (tied := _tied(tree)) and not bound & {k.text for k in tied}:
        yield tree
    inside = bound | frozenset(tree.indices) if isinstance(tree, c.Sum) else bound
    for child in tree.children:
        yield from _free_parts(child, inside)


def _ranges_of(ev: Evaluator, part: t.Index, scope: Scope, letters: dict[str, str]) -> None:
    wanted = [k for k in part.indices if isinstance(k, t.Name) and k.text in letters]
    if not wanted or not isinstance(part.array, t.Name):
        return
    try:
        shape = ev.value(ev.instance.context.array_of(part), scope).shape
    except (ClaimError, ValueError):
        return  # found again where the whole is evaluated
    for size, index in zip(shape, part.indices, strict=False):
        if isinstance(index, t.Name) and index.text in letters:
            require_range(ev, letters[index.text], size, index)


def require_range(ev: Evaluator, axis: str, size: int, at: t.Tree) -> None:
    """A letter counts to one number.

    Raises:
        IllFormed: it counts an axis of another size already.
    """
    known = ev.ranges.setdefault(axis, size)
    if known != size:
        letter = axis.partition("#")[0]
        raise IllFormed(f"the index {letter} counts to {known} in one place and to {size} in another", at)


# ----- indices -----


def index(ev: Evaluator, tree: t.Index, scope: Scope) -> Value:
    """`a_i`, `W_{k l}`, `a_{2}`, `(W a + b)_j`."""
    if not isinstance(tree.array, t.Name):
        _require_unbound(tree)
    array = ev.value(ev.instance.context.array_of(tree), scope)
    return take(ev, array, 0, tree.indices, scope, tree)


def _require_unbound(tree: t.Index) -> None:
    """`(sum_j ...)_j`: the letter is summed over inside, so that nothing is left of it outside."""
    bound = {x for part in tree.array.walk() if isinstance(part, c.Sum) for x in part.indices}
    for k in tree.indices:
        if isinstance(k, t.Name) and k.text in bound:
            raise IllFormed(f"the index {k.text} is summed over inside the brackets and stands free outside", tree)


def take(ev: Evaluator, a: Value, first: int, indices: Sequence[t.Tree], scope: Scope, at: t.Tree) -> Value:
    """The entries of a value along its structural axes from `first` on."""
    if len(indices) > a.rank - first:
        raise IllFormed(
            f"{to_plain(at)}: {len(indices)} indices for what has {a.rank - first} axes, shape {shape_text(a.shape)}",
            at,
        )
    axis, letters, plain = first, dict(scope.letters), ev.without(*ev.seeds)
    for k in indices:
        if isinstance(k, c.Slice):
            a, axis = _sliced(ev, a, axis, k, scope), axis + 1
        elif isinstance(k, t.Name) and k.label is None and k.text in letters:
            letter = letters[k.text]
            require_range(ev, letter, a.shape[axis], k)
            a = take_letter(a, axis, letter)
        else:
            a = _taken(ev, a, axis, plain.value(k, scope), k)
    return a


def _taken(ev: Evaluator, a: Value, axis: int, place: Value, at: t.Tree) -> Value:
    """An entry at a computed index: a number, a class, a shifted letter."""
    base, size = ev.settings.indices, a.shape[axis]
    numbers = np.rint(place.array.astype(np.float64)).astype(int) - base
    if place.rank or numbers.min() < (0 if base else -size) or numbers.max() >= size:
        raise IllFormed(f"the index {to_plain(at)} is outside of {base}..{size - 1 + base}", at)
    if numbers.size == 1:
        return take_number(a, axis, int(numbers.flat[0]))
    picks = Value({(): (numbers[..., None] == np.arange(size)).astype(float)}, place.letters, 1)
    names = "abcdefgh"[: a.rank]
    return contract(a, picks, names, names[axis], names[:axis] + names[axis + 1 :])


def _sliced(ev: Evaluator, a: Value, axis: int, k: c.Slice, scope: Scope) -> Value:
    if k.start is None and k.stop is None:
        return a

    def number(tree: t.Tree | None, default: int) -> int:
        return default if tree is None else int(ev.value(tree, scope).array.flat[0])

    base = ev.settings.indices
    start, stop = number(k.start, base) - base, number(k.stop, a.shape[axis])
    return take_slice(a, axis, start, stop)
