"""Two trees that are made alike: the same kind of part with other parts inside, or with another sign or name."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

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
        differing = ("op",) if _op(old) != _op(new) else ()
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


def _op(tree: Tree) -> str:
    return tree.op if isinstance(tree, Binary) else ""


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
