"""Code in a loop over layers or steps, which has one name for what all of them have."""

from __future__ import annotations

from jacobians.claims.context import Context
from jacobians.notation import tree as t
from jacobians.notation.rebuild import rebuilt


def in_loop(target: t.Tree, value: t.Tree, context: Context) -> tuple[t.Tree, t.Tree]:
    """`delta = W[k].T @ delta` for the delta_(k) of every layer: what it is set to has the one of the turn before."""
    if not isinstance(target, t.Name) or not (letter := context.label_of(target.text)):
        return target, value
    label = t.Name(letter)
    before = t.Binary("+" if letter in context.descending else "-", label, t.Number("1"))
    return t.Name(target.text, label, span=target.span), _with_label(value, target, before)


def _with_label(tree: t.Tree, name: t.Name, label: t.Tree) -> t.Tree:
    if tree == name:
        return t.Name(name.text, label, span=tree.span)
    return rebuilt(tree, lambda child: _with_label(child, name, label))
