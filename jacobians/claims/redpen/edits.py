"""Editing trees: a local change at every place, products and sums as lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import places

#: Operators of products, and what stands side by side.
PRODUCTS = ("@", "*", "·", "×", "∘", "⊗")
ONE, TWO = t.Number("1"), t.Number("2")
#: The parents of a part, the nearest first.
Above = tuple[t.Tree, ...]
#: What may stand in the place of a part of a formula; the parents of the part come last first.
Local = Callable[[t.Tree, Above], Iterator[t.Tree]]


class Edited(NamedTuple):
    """The whole formula after a local change, and the part that was changed."""

    tree: t.Tree
    part: t.Tree


def everywhere(tree: t.Tree, local: Local, above: Above = ()) -> Iterator[Edited]:
    """The formula with one part changed, for every part and every change of it."""
    for new in local(tree, above):
        if new != tree:
            yield Edited(new, tree)
    for child, put in places(tree):
        for edited in everywhere(child, local, (tree, *above)):
            yield Edited(put(edited.tree), edited.part)


# ----- products -----


def is_product(tree: t.Tree) -> bool:
    """Whether it is a product of two factors."""
    return isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in PRODUCTS)


def sign_of(tree: t.Tree) -> str:
    """The sign of a product, "" for standing side by side."""
    return tree.op if isinstance(tree, t.Binary) else ""


def times(sign: str, left: t.Tree, right: t.Tree) -> t.Tree:
    """A product with a sign."""
    return t.Binary(sign, left, right) if sign else t.Juxtaposition(left, right)  # type: ignore[arg-type]


def factors(tree: t.Tree) -> list[t.Tree]:
    """The factors of a product with one and the same sign, from left to right."""
    sign, found = sign_of(tree), []
    while is_product(tree) and sign_of(tree) == sign:
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        found.append(tree.right)
        tree = tree.left
    return [tree, *reversed(found)]


def product_of(sign: str, parts: list[t.Tree]) -> t.Tree:
    """The product of factors; a single one is itself."""
    made = parts[0]
    for part in parts[1:]:
        made = times(sign, made, part)
    return made


def heads_product(tree: t.Tree, above: Above) -> bool:
    """Whether it is a product that is not itself the left part of one with the same sign."""
    if not is_product(tree):
        return False
    parent = above[0] if above else None
    return not (
        parent is not None
        and is_product(parent)
        and sign_of(parent) == sign_of(tree)
        and getattr(parent, "left", None) is tree
    )


def every_factor(tree: t.Tree) -> Iterator[t.Tree]:
    """The factors of nested products, whatever their signs."""
    if is_product(tree):
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        yield from every_factor(tree.left)
        yield from every_factor(tree.right)
    elif isinstance(tree, t.Negative):
        yield from every_factor(tree.operand)
    else:
        yield tree


# ----- sums -----


def is_sum(tree: t.Tree) -> bool:
    """Whether it is a sum or a difference."""
    return isinstance(tree, t.Binary) and tree.op in "+-"


def summands(tree: t.Tree) -> list[tuple[int, t.Tree]]:
    """The summands with their signs."""
    if is_sum(tree):
        assert isinstance(tree, t.Binary)
        return [*summands(tree.left), (1 if tree.op == "+" else -1, tree.right)]
    if isinstance(tree, t.Negative) and not is_sum(tree.operand):
        return [(-1, tree.operand)]
    return [(1, tree)]


def sum_of(parts: list[tuple[int, t.Tree]]) -> t.Tree:
    """The sum of summands with signs."""
    sign, first = parts[0]
    made = first if sign > 0 else t.Negative(first)
    for sign, part in parts[1:]:
        made = t.Binary("+" if sign > 0 else "-", made, part)
    return made


def heads_sum(tree: t.Tree, above: Above) -> bool:
    """Whether it is a whole sum, not the left part of a longer one."""
    if not is_sum(tree):
        return False
    parent = above[0] if above else None
    return not (parent is not None and is_sum(parent) and getattr(parent, "left", None) is tree)


def in_index(tree: t.Tree, above: Above) -> bool:
    """Whether a part is an index, a label, a limit of a sum: no quantity."""
    below = tree
    for parent in above:
        if isinstance(parent, t.Index) and below is not parent.array:
            return True
        if isinstance(parent, t.Name | t.Call) and below is parent.label:
            return True
        if isinstance(parent, c.Sum) and below is not parent.body:
            return True
        if isinstance(parent, t.Comparison) or (isinstance(parent, t.Call) and parent.function in ("kronecker", "Id")):
            return True
        below = parent
    return False


def is_target(tree: t.Tree, above: Above) -> bool:
    """Whether a part stands below in a derivative."""
    below = tree
    for parent in above:
        if isinstance(parent, c.Partial | c.Gradient) and (below is parent.by):
            return True
        below = parent
    return False


def shifted(label: t.Tree, by: int) -> t.Tree:
    """k becomes k + 1, k + 1 becomes k + 2 or k, 2 becomes 3."""
    if isinstance(label, t.Number):
        return t.Number(str(int(label.value) + by))
    if isinstance(label, t.Binary) and label.op in "+-" and isinstance(label.right, t.Number):
        old = int(label.right.value) * (1 if label.op == "+" else -1)
        new = old + by
        if new == 0:
            return label.left
        return t.Binary("+" if new > 0 else "-", label.left, t.Number(str(abs(new))))
    return t.Binary("+" if by > 0 else "-", label, t.Number(str(abs(by))))


def with_label(tree: t.Name | t.Call, label: t.Tree) -> t.Tree:
    """The same name in another layer."""
    return replace(tree, label=label)


def is_term(tree: t.Tree, above: Above) -> bool:
    """A whole side, a summand, what a sum or a bracket holds: where a factor of its own could stand."""
    if in_index(tree, above) or is_target(tree, above) or (is_sum(tree) and above and not isinstance(above[0], c.Sum)):
        return False
    parent = above[0] if above else None
    if parent is None or is_sum(parent) or isinstance(parent, t.Negative):
        return True
    if isinstance(parent, c.Sum):
        return parent.body is tree
    return isinstance(parent, c.Cases) and any(tree is value for value, _ in parent.branches)
