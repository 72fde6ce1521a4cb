"""The same tree with other children."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from jacobians.notation.tree import Tree


def rebuilt(tree: Tree, f: Callable[[Tree], Tree]) -> Tree:
    """The tree with f applied to every child; the very same object where f changes none."""
    changes: dict[str, Any] = {}
    for field in fields(tree):
        if field.name == "span":
            continue
        old = getattr(tree, field.name)
        new = _mapped(old, f)
        if new is not old:
            changes[field.name] = new
    return replace(tree, **changes) if changes else tree


def _mapped(value: Any, f: Callable[[Tree], Tree]) -> Any:
    """f on trees, also those in tuples and in pairs."""
    if isinstance(value, Tree):
        return f(value)
    if isinstance(value, tuple) and value:
        new = tuple([_mapped(item, f) for item in value])
        return new if any(a is not b for a, b in zip(new, value, strict=True)) else value
    return value
