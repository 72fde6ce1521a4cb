"""Sums that are not written: an index that occurs twice in a product, and on one side of an equation only."""

from __future__ import annotations

from jacobians.claims.context import Context
from jacobians.claims.letters import index_letters
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt


def with_sums(context: Context, left: t.Tree, right: t.Tree) -> tuple[t.Tree, t.Tree]:
    """Both sides with the sums written that Einstein's convention leaves out.

    An index that is free on both sides is not summed over, however often it occurs: y_l (1 - y_l) for one l.
    """
    there = [index_letters(context, side) for side in (left, right)]
    return summed(left, [x for x in there[0] if x not in there[1]]), summed(
        right, [x for x in there[1] if x not in there[0]]
    )


def summed(tree: t.Tree, letters: list[str] | tuple[str, ...]) -> t.Tree:
    """The sum over each of the letters, of the smallest product that has it twice."""
    for letter in letters:
        tree = _summed(tree, letter)
    return tree


def _summed(tree: t.Tree, letter: str) -> t.Tree:
    if isinstance(tree, t.Index | t.Call) and _count(tree, letter) < 2:
        return tree
    factors = [child for child in tree.children if _count(child, letter)]
    if _is_sum(tree) or (len(factors) == 1 and not isinstance(tree, t.Index)):
        return rebuilt(tree, lambda child: _summed(child, letter))
    return c.Sum((letter,), tree, span=tree.span) if len(factors) > 1 else tree


def _is_sum(tree: t.Tree) -> bool:
    """What has summands or lines, each with indices of its own."""
    return isinstance(tree, t.Chain | c.Cases) or (isinstance(tree, t.Binary) and tree.op in ("+", "-"))


def _count(tree: t.Tree, letter: str) -> int:
    """How often a letter stands in the tree as a name, outside of sums that bind it."""
    if isinstance(tree, c.Sum) and letter in tree.indices:
        return 0
    own = isinstance(tree, t.Name) and tree.text == letter and tree.label is None
    return own + sum(_count(child, letter) for child in tree.children)
