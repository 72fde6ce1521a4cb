"""Indices, sums, products, cases: where letters come from and where they go."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims import dots_in_lists, products
from jacobians.claims.errors import ClaimError, IllFormed, NotUnderstood
from jacobians.claims.values import (
    Value,
    add,
    along,
    constant,
    contract,
    hadamard,
    structured,
    sum_letter,
    take_letter,
    take_number,
    take_slice,
)
from jacobians.errors import shape_text
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.evaluator import Evaluator, Scope

RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


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
    for part in _free_parts(tree, frozenset()):
        if isinstance(part, t.Index):
            _ranges_of(plain, part, scope, letters)


def _free_parts(tree: t.Tree, bound: frozenset[str]) -> Iterator[t.Tree]:
    """All parts outside of sums that bind a letter which the part has."""
    if isinstance(tree, t.Index) and not any(isinstance(k, t.Name) and k.text in bound for k in tree.indices):
        yield tree
    elif isinstance(tree, t.Index):
        yield t.Index(
            tree.array, tuple(t.Name("") if isinstance(k, t.Name) and k.text in bound else k for k in tree.indices)
        )
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


# ----- sums and products -----


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
        if tree.condition is None or bool(np.all(ev.value(_condition(tree.condition), inner).array)):
            yield inner


def _condition(tree: t.Tree) -> t.Tree:
    return t.Iverson(tree, span=tree.span) if isinstance(tree, t.Comparison) else tree


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
        mask = ev.value(_condition(tree.condition), scope)
    place = along(axis, np.arange(ev.ranges[axis]) + float(ev.settings.indices)) if axis in ev.ranges else None
    for limit, relation in ((tree.lower, operator.ge), (tree.upper, operator.le)):
        if limit is None or place is None:
            continue
        try:
            bound = ev.value(limit, scope)
        except NotUnderstood:
            continue  # a bound that only says "all of them", such as K - 1
        within = _compared(place, bound, relation)
        mask = within if mask is None else hadamard(mask, within)
    return mask


def _sum_of_all(ev: Evaluator, tree: c.Sum, scope: Scope) -> Value:
    body = ev.value(tree.body, scope)
    return _sum_of_entries(body) if body.rank else body


def _sum_of_entries(a: Value) -> Value:
    from jacobians.claims.functions import sum_axis

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
    from jacobians.claims.values import letter_to_axis

    return letter_to_axis(a, (letter,))


# ----- conditions, cases, matrices that are written out -----


def condition(ev: Evaluator, tree: t.Tree, scope: Scope) -> Value:
    """1 where a comparison holds, 0 elsewhere."""
    if not isinstance(tree, t.Comparison):
        raise NotUnderstood("expected a condition such as i = j or x > 0", tree)
    plain = ev.without(*ev.seeds)
    parts = [plain.value(part, scope) for part in tree.parts]
    made: Value | None = None
    for a, b, relation in zip(parts, parts[1:], tree.relations, strict=False):
        holds = _compared(a, b, RELATIONS[relation])
        made = holds if made is None else hadamard(made, holds)
    assert made is not None
    return made


def _compared(a: Value, b: Value, relation: object) -> Value:
    """The relation, entry by entry: of the difference with 0."""
    difference = add(a, b, -1)
    holds = relation(difference.array, 0)  # type: ignore[operator]
    return Value({(): holds.astype(np.float64)}, difference.letters, difference.rank, difference.orientation)


def cases(ev: Evaluator, tree: c.Cases, scope: Scope) -> Value:
    """Row by row; what no condition covers is 0, "otherwise" is what all others leave."""
    total: Value | None = None
    left = constant(1.0)
    conditions = [None if k is None else ev.without(*ev.seeds).value(_condition(k), scope) for _, k in tree.branches]
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
