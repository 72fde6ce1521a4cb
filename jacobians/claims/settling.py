"""What plain text leaves to its reader, settled by what the names mean: labels, derivatives, products of letters."""

from __future__ import annotations

from jacobians.claims.context import Context
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.rebuild import rebuilt


def settled(tree: t.Tree, context: Context) -> t.Tree:
    """A plain formula as it is meant."""
    return _with_products(_with_derivatives(_without_brackets(with_labels(tree, context)), context), context)


def _without_brackets(tree: t.Tree) -> t.Tree:
    """`-[Y (1 - A)]`: square brackets around one thing are brackets."""
    tree = rebuilt(tree, _without_brackets)
    return tree.items[0] if isinstance(tree, t.List) and len(tree.items) == 1 else tree


# ----- h[t] -----


def with_labels(tree: t.Tree, context: Context) -> t.Tree:
    """`h[t]`, `W[2]`, `dZ[l - 1]` of what there is for every step or layer: its label."""
    tree = rebuilt(tree, lambda child: with_labels(child, context))
    if not (isinstance(tree, t.Index) and isinstance(tree.array, t.Name) and tree.array.label is None):
        return tree
    name, (label, *rest) = tree.array.text, tree.indices
    if not _is_labelled(context, name) or not _is_label(context, label):
        return tree
    numbered = t.Name(with_layer(name, label.text)) if isinstance(label, t.Number) else t.Name(name, label)
    made = type(numbered)(numbered.text, numbered.label, span=tree.array.span if rest else tree.span)
    return t.Index(made, tuple(rest), span=tree.span) if rest else made


def _is_labelled(context: Context, name: str) -> bool:
    """Whether there is a quantity of this name, or one whose gradient it is, for every label only."""
    if name in context.leaves or name in context.equations:
        return context.is_generic(name)
    return name in context.symbols().labelled or context.is_generic(name.removeprefix("d"))


def _is_label(context: Context, tree: t.Tree) -> bool:
    if isinstance(tree, t.Name):
        return tree.label is None and tree.text in context.labels
    if isinstance(tree, t.Binary) and tree.op in ("+", "-"):
        return all(isinstance(part, t.Number) or _is_label(context, part) for part in tree.children)
    return isinstance(tree, t.Number) and tree.text.isdigit()


# ----- dL/dW -----


def _with_derivatives(tree: t.Tree, context: Context) -> t.Tree:
    """`dL/dz * dz/dW`, where L, z and W are quantities: the quotients that are meant, whatever binds tighter."""
    tree = rebuilt(tree, lambda child: _with_derivatives(child, context))
    if not (isinstance(tree, t.Binary) and tree.op == "/"):
        return tree
    by, (left, above) = _differentiated(tree.right, context), _last_factor(tree.left)
    of = _differentiated(above, context)
    if by is None or of is None:
        return tree
    made = c.Partial(of, by, sign="d", span=tree.span)
    return made if left is None else t.Binary(left.op, left.left, made, span=tree.span)


def _last_factor(tree: t.Tree) -> tuple[t.Binary | None, t.Tree]:
    """A product and its last factor, which is what stands above the stroke."""
    if isinstance(tree, t.Binary) and tree.op in ("*", "@", "·"):
        return tree, tree.right
    return None, tree


def _differentiated(tree: t.Tree, context: Context) -> t.Tree | None:
    """The quantity x of `dx`, `d(x)`; None where `dx` has a meaning of its own."""
    if isinstance(tree, t.Index) and (inner := _differentiated(tree.array, context)) is not None:
        return t.Index(inner, tree.indices, span=tree.span)
    if isinstance(tree, t.Call) and tree.function == "d" and len(tree.args) == 1:
        return tree.args[0]
    if not isinstance(tree, t.Name) or not tree.text.startswith("d") or _is_quantity(context, tree.text):
        return None
    name = tree.text[1:]
    return t.Name(name, tree.label, span=tree.span) if _is_quantity(context, name) else None


def _is_quantity(context: Context, name: str) -> bool:
    symbols = context.symbols()
    return bool(name) and (name in symbols.quantities or split_name(name).base in symbols.labelled - {"delta"})


# ----- YA -----


def _with_products(tree: t.Tree, context: Context) -> t.Tree:
    """`YA` where nothing is called so, and Y and A are quantities."""
    tree = rebuilt(tree, lambda child: _with_products(child, context))
    if (
        not isinstance(tree, t.Name)
        or tree.label is not None
        or len(tree.text) < 2
        or context.symbols().declared(tree.text)
    ):
        return tree
    letters = [t.Name(letter, span=tree.span) for letter in tree.text]
    if not all(_is_quantity(context, letter.text) for letter in letters):
        return tree
    made: t.Tree = letters[0]
    for letter in letters[1:]:
        made = t.Juxtaposition(made, letter, span=tree.span)
    return made
