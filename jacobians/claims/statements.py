"""Assignments: what a name stands for may change from one statement of a text to the next, as in a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jacobians.claims.context import Context
from jacobians.claims.letters import label_letters
from jacobians.claims.matching import substituted
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.rebuild import rebuilt


def is_update(tree: t.Tree) -> bool:
    """`W = W - eta dW`, `d = d W^T`: as an equation it could hardly hold. `A = A^T` is an equation."""
    if not (isinstance(tree, t.Chain) and len(tree.parts) == 2 and isinstance(tree.parts[0], t.Name)):
        return False
    name, value = tree.parts
    inside = value.operand if isinstance(value, t.Transpose | t.Negative) else value
    return not isinstance(inside, t.Name) and name in _quantities(value)


def _quantities(tree: t.Tree) -> Iterator[t.Tree]:
    """The names of whole quantities: x of x + 1, neither of [x_1, x_2] nor of what a derivative is of or by."""
    if isinstance(tree, t.Name):
        yield tree
    elif not isinstance(tree, t.Index | c.Partial | c.Gradient):
        for child in tree.children:
            yield from _quantities(child)


def in_order(trees: Sequence[t.Tree], context: Context, surface: str) -> list[t.Tree]:
    """The statements with what was assigned before put in.

    A name that is updated after it was assigned, `do = dh * tanh(C); do = do * o * (1 - o)`, has the meaning that an
    equation of the context gives it for its last value; the one before is a step on the way. An update by itself starts
    from what the context calls so, and claims nothing. In code, what means nothing outside of it is put in, too.
    """
    values: dict[str, t.Tree] = {}
    made: list[t.Tree] = []
    for number, tree in enumerate(trees):
        later = any(is_update(other) and other.children[0] == _target(tree) for other in trees[number + 1 :])
        name = _target(tree)
        if name is None or not (is_update(tree) or later or (surface == "code" and not _is_known(context, name.text))):
            made.append(substituted(tree, values))
            continue
        value = _unplaced(substituted(tree.children[1], values))
        if is_update(tree) and name.text not in values:
            made.append(_accumulated(tree, context) or tree)
        elif (name.text in context.equations or _is_gradient(name.text, context)) and not later:
            made.append(t.Chain((name, value), span=tree.span))
        else:
            made.append(value)
        values[name.text] = value
    return made


def _unplaced(tree: t.Tree) -> t.Tree:
    """Without places in the text: what is put in somewhere else is written out there."""
    return replace(rebuilt(tree, _unplaced), span=None)


def _target(tree: t.Tree) -> t.Name | None:
    """What a statement may assign to: a name without a label."""
    if isinstance(tree, t.Chain) and len(tree.parts) == 2:
        head = tree.parts[0]
        return head if isinstance(head, t.Name) and head.label is None else None
    return None


def _is_known(context: Context, name: str) -> bool:
    """Whether it means something: a quantity, its gradient, one layer of what there is for all of them."""
    symbols = context.symbols()
    shorter = name.removeprefix("d")
    bases = {part for n in (name, shorter) for part in (n, split_name(n).base)}
    return any(symbols.declared(part) for part in bases) or name in ("delta", "return")


def _is_gradient(name: str, context: Context) -> bool:
    """`dx` that stands for the gradient by x."""
    return name.startswith("d") and name not in context.leaves and _is_known(context, name)


def _accumulated(tree: t.Tree, context: Context) -> t.Tree | None:
    """`dW += dz_t x_t^T` of a gradient, which starts from zero: the sum over all steps; None for other updates."""
    name, value = tree.children
    if not (isinstance(name, t.Name) and isinstance(value, t.Binary) and value.op == "+" and value.left == name):
        return None
    is_sum = name.text in context.equations or _is_gradient(name.text, context)
    if not is_sum or name in _quantities(value.right):
        return None
    steps = label_letters(context, value.right)
    total = c.Sum(steps, value.right, span=value.right.span) if steps else value.right
    return t.Chain((name, total), span=tree.span)
