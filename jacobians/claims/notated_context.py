"""The context in which formulas of another notation are read back: names, layers, layout, and rows for columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jacobians.claims.context import Context, Equation, Function, Leaf
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.conventions import effective_layout
from jacobians.notation.names import split_name
from jacobians.notation.own_names import own_name
from jacobians.notation.rebuild import rebuilt

if TYPE_CHECKING:
    from jacobians.claims.notated import Notated
    from jacobians.claims.notated_layout import LaidOutFormulas

#: The settings that a notation decides.
SETTINGS = ("layout", "vectors", "vec", "sums")
#: Matrices whose rows are drawn so; turned, they are the transpose of such a one.
ALONG_ROWS = ("one-hot", "probability")


def reading_context(notated: Notated) -> Context:
    """The context of the formulas that `notated` prints: a claim printed there means there what it meant before.

    Raises:
        InputError: two names that are written alike, or an equation that has no form in the notation.
    """
    made = relaid_context(notated)
    made = replace(made.with_settings(sums=notated.notation.sums), stated=made.stated | set(SETTINGS))
    if notated.names:
        made = _renamed(made, notated)
    return _with_spelling(made, notated)


# ----- rows, layout, sums -----


def relaid_context(notated: LaidOutFormulas) -> Context:
    """Equations, sizes and layout as the notation has them; names and sums as the context has them."""
    notation, layout = notated.notation, effective_layout(notated.notation)
    made = _relaid(notated) if notated.source.model is None else notated.source
    layout = {"mixed": "strict mixed", "row-gradients": "row gradients"}.get(layout, layout)
    return made.with_settings(layout=layout, vectors=notation.vectors, vec=notation.vec)


def _relaid(notated: LaidOutFormulas) -> Context:
    source = notated.source
    turned = source.settings.vectors != notated.notation.vectors
    functions = {name: _function(f, notated) if turned else f for name, f in source.functions.items()}
    leaves, equations = dict(source.leaves), {n: _equation(e, notated) for n, e in source.equations.items()}
    for name, leaf in source.leaves.items() if turned else ():
        if len(leaf.sizes) == 2 and leaf.domain in ALONG_ROWS:
            other = f"{name}_turned"
            leaves[other] = replace(leaves.pop(name), name=other)
            label = t.Name(leaf.label) if leaf.label else None
            equations[name] = Equation(name, t.Transpose(t.Name(other, label)), label=leaf.label)
        else:
            leaves[name] = _leaf(leaf)
    return replace(source, functions=functions, leaves=leaves, equations=equations)


def _leaf(leaf: Leaf) -> Leaf:
    """A matrix has its sizes exchanged."""
    if leaf.row:
        raise InputError(f"notation.vectors: {leaf.name} is declared as a row among columns; transpose it there")
    return replace(leaf, sizes=leaf.sizes[::-1]) if len(leaf.sizes) == 2 else leaf


def _function(function: Function, notated: LaidOutFormulas) -> Function:
    names = [] if function.body is None else [p for p in function.body.walk() if isinstance(p, t.Name)]
    if any(notated.rank(name) for name in names if name.text not in function.parameters):
        raise InputError(f"notation.vectors: the equation of {function.name} has arrays; write them as arguments")
    return replace(function, domain=function.domain[::-1])


def _equation(equation: Equation, notated: LaidOutFormulas) -> Equation:
    """The equation as the notation has it; one of a matrix by entries has its letters exchanged."""
    head = t.Name(equation.name.partition("[")[0], t.Name(equation.label) if equation.label else None)
    left: t.Tree = t.Index(head, tuple(map(t.Name, equation.indices))) if equation.indices else head
    left, right = notated.relaid((left, equation.expression))
    letters = tuple(k.text for k in left.indices if isinstance(k, t.Name)) if isinstance(left, t.Index) else ()
    return replace(equation, expression=right, indices=letters)


# ----- names -----


def _renamed(context: Context, notated: Notated) -> Context:
    """Quantities and functions under the reader's own names; the error signals get an equation of their own."""
    context = _with_signals(context, notated)
    present = {*context.leaves, *context.equations, *context.functions}
    present |= set(all_names(e.expression for e in context.equations.values()))
    names = {name: own for name in present if (own := own_name(name, notated.names)) and own != name}
    _refuse_same(names, present | set(context.labels) | set(context.sizes))

    def text(name: str) -> str:
        return names.get(name, name)

    equations = {
        text(name): replace(e, name=text(name), expression=renamed(e.expression, names))
        for name, e in context.equations.items()
    }
    functions = {
        text(name): replace(f, name=text(name), body=None if f.body is None else renamed(f.body, names))
        for name, f in context.functions.items()
    }
    return replace(
        context,
        leaves={text(name): replace(leaf, name=text(name)) for name, leaf in context.leaves.items()},
        equations=equations,
        functions=functions,
        loss=text(context.loss),
    )


def _refuse_same(names: dict[str, str], present: set[str]) -> None:
    """Two things must not be written alike."""
    for name, own in names.items():
        other = next((x for x, y in names.items() if y == own and x != name), None)
        if other is not None or (own in present and own not in names):
            what = other or own
            raise InputError(
                f"notation.names: {name} would be written as {what} is, which is there too; give it another name, as "
                f"in names.{name}=..."
            )


def _with_signals(context: Context, notated: Notated) -> Context:
    """An equation for every error signal that has another name, and is known by its name only."""
    if "delta" not in notated.names or not context.loss or any("delta" in name for name in context.names()):
        return context
    signals = {e.name: e for e in _signals(context)}
    return replace(context, equations={**context.equations, **signals})


def _signals(context: Context) -> Iterator[Equation]:
    for name in [*context.equations]:
        parts, label = split_name(name), context.label_of(name)
        if parts.base == "z" and not parts.subscript and (parts.layer or label):
            variable = t.Name(name, t.Name(label) if label else None)
            yield Equation(f"delta{parts.layer}", c.Gradient(variable, t.Name(context.loss)), (), "", 0, label or None)


def renamed(tree: t.Tree, names: dict[str, str]) -> t.Tree:
    """The formula with quantities and functions called otherwise; labels keep their letters."""
    if isinstance(tree, t.Name):
        return replace(tree, text=names.get(tree.text, tree.text))
    made = rebuilt(tree, lambda child: renamed(child, names))
    if isinstance(tree, t.Call) and isinstance(made, t.Call):
        return replace(made, function=names.get(tree.function, tree.function), label=tree.label)
    return made


def all_names(trees: Iterable[t.Tree]) -> Iterator[str]:
    """The names that stand in formulas."""
    for tree in trees:
        for part in tree.walk():
            if isinstance(part, t.Name | t.Call):
                yield part.text if isinstance(part, t.Name) else part.function


# ----- spelling -----


def _with_spelling(context: Context, notated: Notated) -> Context:
    """What has a d before it, and what a script is the layer of, where it would else be a power or an entry."""
    spelling = context.spelling
    if notated.notation.derivative == "d":
        gradients = {f"d{name}": rank for name, rank in context.names().items() if split_name(name).subscript}
        spelling = replace(spelling, quantities={**spelling.quantities, **gradients})
    if notated.notation.layers in ("k", "_k"):
        names = replace(context, spelling=spelling).symbols().quantities
        labelled = {split_name(name).base for name in names if split_name(name).layer} | context.layered()
        spelling = replace(spelling, labelled=spelling.labelled | labelled)
    return replace(context, spelling=spelling)
