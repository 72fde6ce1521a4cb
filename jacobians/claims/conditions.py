r"""What a claim is restricted to: `\frac{\partial y_i}{\partial z_j} = -y_i y_j \text{ for } i \ne j`."""

from __future__ import annotations

from collections.abc import Sequence

from jacobians.claims.context import Context
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


def conditions(trees: Sequence[t.Tree], context: Context) -> dict[int, tuple[t.Tree, t.Comparison]]:
    """The condition of each line that has one, by the identity of the line (which is kept with it).

    A condition belongs to the statement before it; where the first statement is one, to those behind it.
    """
    found: dict[int, tuple[t.Tree, t.Comparison]] = {}
    read = [condition(tree, context) for tree in trees]
    leads = bool(read) and read[0] is not None
    current: t.Comparison | None = None
    for k, tree in enumerate(trees):
        if read[k] is not None:
            current = read[k]
            continue
        own = current if leads else next(iter(read[k + 1 : k + 2]), None)
        if own is not None and isinstance(tree, t.Chain):
            parts = [part.element if isinstance(part, c.Membership) else part for part in tree.parts]
            found |= {id(part): (part, own) for part in parts}
    return found


def condition(tree: t.Tree, context: Context) -> t.Comparison | None:
    """A comparison that stands by itself; `i = j` of two indices is one, too."""
    if isinstance(tree, t.Comparison):
        return tree
    if not isinstance(tree, t.Chain) or not all(_is_index(part, context) for part in tree.parts):
        return None
    same: tuple[t.Relation, ...] = tuple("==" for _ in tree.parts[1:])
    return t.Comparison(tree.parts, same, span=tree.span)


def _is_index(tree: t.Tree, context: Context) -> bool:
    """A letter that is no quantity and no size."""
    bare = isinstance(tree, t.Name) and tree.label is None and len(tree.text) == 1
    return bare and (tree.text in context.labels or not context.symbols().declared(tree.text))  # type: ignore[attr-defined]
