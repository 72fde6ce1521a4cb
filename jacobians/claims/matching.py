"""Which quantity a part of a formula is: a compound denominator, the equation behind a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.context import Equation
from jacobians.claims.errors import NotUnderstood
from jacobians.claims.values import Value
from jacobians.notation import tree as t
from jacobians.notation.names import with_layer
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from jacobians.notation.tree import Index, Name, Tree
from jacobians.notation.tree_calculus import Partial, Sum

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator
    from jacobians.claims.instance import Instance


def defined_quantity(ev: Evaluator, tree: Tree, scope: Scope) -> tuple[str, tuple[Tree, ...]] | None:
    """The name of the quantity that equals a part of a formula, and the letters that it is taken at.

    Values at random points decide; two quantities are not equal by chance. None where the part is to be taken as it
    is: a function applied to something, in dg(f(x))/df(x).

    Raises:
        NotUnderstood: no quantity equals it.
    """
    plain = ev.without(*ev.seeds)
    value = plain.value(tree, scope)
    axes = {axis: letter for letter, axis in scope.letters}
    for name in quantities(ev):
        try:
            other = plain.quantity(name, tree)
        except (NotUnderstood, ValueError):
            continue
        if same_numbers(value, other):
            return name, tuple(Name(axes.get(x, x)) for x in value.letters)
    if not value.letters:
        return None
    raise NotUnderstood(
        f"a derivative by {to_plain(tree)}: no equation defines this; give it a name, as in z = {to_plain(tree)}", tree
    )


def same_numbers(value: Value, other: Value) -> bool:
    """Whether letters first, then structure, are the axes of the other value, with equal numbers."""
    a, b = value.array, other.array
    if other.letters or a.shape[1:] != b.shape[1:] or not np.any(a):
        return False
    return bool(np.allclose(a.astype(float), b.astype(float), rtol=1e-9, atol=1e-12))


def quantities(ev: Evaluator) -> Iterator[str]:
    """The names of what equations define, with labels counted out."""
    context = ev.instance.context
    if context.model is not None:
        yield from context.model.named
    for name, e in context.equations.items():
        if e.label is None:
            yield name
        else:
            first, last = context.labels[e.label]
            yield from (with_layer(name, str(k)) for k in range(first, last + 1))


def right_side(ev: Evaluator, of: Tree, scope: Scope) -> Tree | None:
    """The expression that a defined name stands for, with its indices and label put in; None for anything else."""
    context = ev.instance.context
    base, indices = (context.array_of(of), of.indices) if isinstance(of, Index) else (of, ())
    if not isinstance(base, Name):
        return None
    name = ev.full_name(base, scope)
    if context.model is not None and name in context.model.nodes:
        return None
    found = ev.instance.find(name)
    if found is None:
        return None
    definition, labels = found
    if not isinstance(definition, Equation):
        return None
    body = definition.expression
    numbers: dict[str, Tree] = {k: t.Number(str(n)) for k, n in labels.items()}
    body = substituted(body, numbers)
    if definition.indices:
        if len(indices) != len(definition.indices):
            return None
        return substituted(body, dict(zip(definition.indices, indices, strict=True)))
    return Index(body, indices) if indices else body


def applied_functions(instance: Instance, trees: tuple[Tree, ...]) -> dict[str, Tree]:
    """What each function that is differentiated, or differentiated by, without its argument is applied to elsewhere."""
    functions = instance.context.functions
    if not functions:
        return {}
    parts = [part for tree in trees for part in tree.walk()]
    ends = [end for part in parts if isinstance(part, Partial) for end in (part.of, part.by)]
    bare = {end.text for end in ends if isinstance(end, Name) and end.text in functions and not instance.find(end.text)}
    found: dict[str, set[Tree]] = {name: set() for name in bare}
    for part in parts if bare else ():
        if isinstance(part, t.Call) and part.function in bare and not part.primes:
            found[part.function].add(part)
    return {name: calls.pop() for name, calls in sorted(found.items()) if len(calls) == 1}


def substituted(tree: Tree, names: dict[str, Tree]) -> Tree:
    """The tree with names replaced, also inside labels; what a sum binds is left alone."""
    if not names:
        return tree
    if isinstance(tree, Name) and tree.label is None and tree.text in names:
        return names[tree.text]
    if isinstance(tree, Sum):
        names = {k: v for k, v in names.items() if k not in tree.indices}
    return rebuilt(tree, lambda child: substituted(child, names))
