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


def places(tree: Tree) -> list[tuple[Tree, Callable[[Tree], Tree]]]:
    """Every child, and the tree with another one in its place."""
    found: list[tuple[Tree, Callable[[Tree], Tree]]] = []
    for field in fields(tree):
        if field.name == "span":
            continue
        value = getattr(tree, field.name)
        for child, put in _inside(value):
            found.append((child, lambda new, name=field.name, put=put: replace(tree, **{name: put(new)})))  # type: ignore[misc]
    return found


def _inside(value: Any) -> list[tuple[Tree, Callable[[Tree], Any]]]:
    if isinstance(value, Tree):
        return [(value, lambda new: new)]
    if not isinstance(value, tuple):
        return []
    found: list[tuple[Tree, Callable[[Tree], Any]]] = []
    for k, item in enumerate(value):
        for child, put in _inside(item):
            found.append((child, lambda new, k=k, put=put: (*value[:k], put(new), *value[k + 1 :])))  # type: ignore[misc]
    return found
