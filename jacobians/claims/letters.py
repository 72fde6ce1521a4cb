"""Which letters of a formula are free: index letters, for every value of which it must hold, and labels."""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.claims.context import Context
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


def index_letters(context: Context, *trees: t.Tree) -> tuple[str, ...]:
    """The free index letters in the order of their first appearance."""
    found: dict[str, None] = {}
    for tree in trees:
        for letter in _indices(tree, frozenset()):
            if _is_letter(context, letter):
                found.setdefault(letter)
    return tuple(found)


def _is_letter(context: Context, name: str) -> bool:
    first, last = context.labels.get(name, (0, 1))
    if first == last or name in context.sizes:
        return False
    if name in context.leaves or name in context.equations:
        return False
    model = context.model
    return len(name) <= 2 and not (model is not None and (name in model.leaves or name in model.nodes))


def _indices(tree: t.Tree, bound: frozenset[str]) -> Iterator[str]:
    """Names in places where an index stands, outside of the sums that bind them."""
    if isinstance(tree, c.Sum):
        inside = bound | frozenset(tree.indices)
        for child in tree.children:
            yield from _indices(child, inside)
        return
    places: tuple[t.Tree, ...] = ()
    if isinstance(tree, t.Index):
        places = tree.indices
    elif isinstance(tree, t.Call) and tree.function == "kronecker":
        places = tree.args
    elif isinstance(tree, t.Comparison):
        places = tree.parts
    if isinstance(tree, t.Index):
        yield from _indices(tree.array, bound)
    for place in places:
        yield from _names(place, bound)
        yield from _indices(place, bound)
    if not isinstance(tree, t.Index):
        for child in tree.children:
            if child not in places:
                yield from _indices(child, bound)


def _names(place: t.Tree, bound: frozenset[str]) -> Iterator[str]:
    """The names of an index such as i or i + 1; in a comparison of x_i with 0 only those that stand alone."""
    if isinstance(place, t.Name) and place.label is None and place.text not in bound:
        yield place.text
    elif isinstance(place, t.Binary) and place.op in "+-":
        yield from _names(place.left, bound)
        yield from _names(place.right, bound)


def label_letters(context: Context, *trees: t.Tree) -> tuple[str, ...]:
    """The free letters of labels that stand for more than one layer or step."""
    found: dict[str, None] = {}
    for tree in trees:
        for letter in _labels(tree, frozenset()):
            first, last = context.labels.get(letter, (0, 0))
            if first != last:
                found.setdefault(letter)
    return tuple(found)


def _labels(tree: t.Tree, bound: frozenset[str]) -> Iterator[str]:
    if isinstance(tree, t.Index):  # a letter in the place of an index is an index, also where it is a layer elsewhere
        yield from _labels(tree.array, bound)
        for index in tree.indices:
            if not isinstance(index, t.Name | t.Binary):
                yield from _labels(index, bound)
        return
    if isinstance(tree, t.Name) and tree.label is None and tree.text not in bound:
        yield tree.text
    inside = bound | frozenset(tree.indices) if isinstance(tree, c.Sum) else bound
    for child in tree.children:
        yield from _labels(child, inside)
    if isinstance(tree, t.Name | t.Call) and tree.label is not None:
        yield from _labels(tree.label, bound)
