"""Trees that are made alike: the same kind of part with other parts inside, with another sign or name, or grouping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, NamedTuple

from jacobians.notation.rebuild import rebuilt
from jacobians.notation.tree import Binary, Juxtaposition, Tree

SUM_SIGNS, PRODUCT_SIGNS = frozenset("+-"), frozenset("@*·⊗∘×")


class Likeness(NamedTuple):
    """Parts in the same places, and the attributes that differ."""

    pairs: list[tuple[Tree, Tree]]
    differing: frozenset[str]


def alike(old: Tree, new: Tree) -> Likeness | None:
    """How the trees correspond; None where one has other parts than the other."""
    if _sign(old) and _sign(new) and _sign(old) == _sign(new):
        assert isinstance(old, Binary | Juxtaposition)
        assert isinstance(new, Binary | Juxtaposition)
        differing = ("op",) if operator(old) != operator(new) else ()
        return Likeness([(old.left, new.left), (old.right, new.right)], frozenset(differing))
    if type(old) is not type(new):
        return None
    pairs: list[tuple[Tree, Tree]] = []
    attributes = set()
    for field in fields(old):
        if field.name in ("span", "sign"):
            continue
        a, b = getattr(old, field.name), getattr(new, field.name)
        found = _pairs(a, b)
        if found is not None:
            pairs += found
        elif isinstance(a, str | int):
            attributes.add(field.name)
        else:
            return None
    return Likeness(pairs, frozenset(attributes))


def operator(tree: Tree) -> str:
    """The sign of two operands, empty where they stand side by side, and of anything else."""
    return tree.op if isinstance(tree, Binary) else ""


#: Pairs of operators for which a (b c) is (a b) c.
ASSOCIATIVE = frozenset((("+", "+"), ("+", "-"), ("*", "*"), ("@", "@"), ("@", ""), ("", "@"), ("", "")))


def regrouped(tree: Tree, held_together: Callable[[Tree], bool] = lambda part: False) -> Tree:
    """The same formula grouped from the left, `(a b) c` for `a (b c)`, save for what is held together."""
    tree = rebuilt(tree, lambda part: regrouped(part, held_together))
    while _is_product(tree) and _is_product(right := tree.children[1]):
        if (operator(tree), operator(right)) not in ASSOCIATIVE or held_together(right):
            break
        left = regrouped(_joined(operator(tree), tree.children[0], right.children[0]), held_together)
        tree = _joined(operator(right), left, right.children[1])
    return tree


def _is_product(tree: Tree) -> bool:
    return isinstance(tree, Binary | Juxtaposition)


def _joined(op: str, left: Tree, right: Tree) -> Tree:
    return Binary(op, left, right) if op else Juxtaposition(left, right)  # type: ignore[arg-type]


def _sign(tree: Tree) -> str:
    """The family of operators that may take each other's place: sums, products, or an operator by itself."""
    if isinstance(tree, Juxtaposition):
        return "product"
    if not isinstance(tree, Binary):
        return ""
    return "sum" if tree.op in SUM_SIGNS else "product" if tree.op in PRODUCT_SIGNS else tree.op


def _pairs(old: Any, new: Any) -> list[tuple[Tree, Tree]] | None:
    """The trees in two values of the same form; None where the rest differs."""
    if isinstance(old, Tree) and isinstance(new, Tree):
        return [(old, new)]
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        found = [_pairs(a, b) for a, b in zip(old, new, strict=True)]
        return None if any(part is None for part in found) else [pair for part in found if part for pair in part]
    return [] if old == new and not isinstance(old, Tree) else None
