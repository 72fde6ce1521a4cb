"""Sizes that stay open: what the equations say about them.

Sizes are what the equations make equal. What nothing ties to anything else becomes a size of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jacobians.claims.axes import AxesReader, Misfit, base_name
from jacobians.claims.context import Context, Leaf
from jacobians.claims.equalities import Equality, claimed, equations, read_axes
from jacobians.claims.named import names_in
from jacobians.claims.open_names import is_labelled, open_names, open_ranks
from jacobians.errors import ModelError
from jacobians.notation import tree as t
from jacobians.notation.to_plain import to_plain


def with_sizes(context: Context, claims: Sequence[t.Tree] = (), strict: bool = True) -> Context:
    """The context with a leaf of named sizes for every name that its equations use and nobody declares.

    Names that only the `claims` use become leaves where both sides of a claim are made of them, or where they stand
    inside of what is differentiated: `x` and `A` of d(x^T A x)/dx.

    Raises:
        ModelError: sizes of the equations that contradict one another; not where `strict` is False.
    """
    if context.model is not None:
        return context
    equalities = [*equations(context), *claimed(claims)]
    names = open_names(context, equalities, claims)
    if not names and not strict and all(None not in leaf.sizes for leaf in context.leaves.values()):
        return context
    parameters = dict.fromkeys(p for f in context.functions.values() for p in f.parameters)
    ranks = open_ranks(context, [*names, *(p for p in parameters if p not in names)], equalities)
    labelled = frozenset(n for n in names if is_labelled(n, equalities))
    reader = AxesReader(context, ranks, labelled)
    read_axes(reader, [e for e in equalities if e.defines])
    if strict and (bad := next((m for m in reader.misfits if m.sizes[0]), None)):
        raise _contradiction(bad, equalities, context)
    sizes = dict(context.sizes)
    _name_sizes(reader, sizes)  # now, so that no claim makes two of them equal
    read_axes(reader, [e for e in equalities if not e.defines])
    for name in names:
        reader.quantity(name)
    _name_sizes(reader, sizes)
    return _completed(context, reader, names, sizes)


def _name_sizes(reader: AxesReader, sizes: dict[str, int | None]) -> None:
    """Every open size gets a name, of the first quantity that has it; entries with numbers up to 3 and more fix it."""
    for count, cell in sorted(reader.numbered, reverse=True):
        if count > 2 and reader.sizes.value(cell) is None:
            reader.sizes.unify(cell, reader.size(t.Number(str(count))))
    for name, cells in reader.cells.items():
        for place, cell in enumerate(cells):
            if reader.sizes.value(cell) is None:
                size = _size_name(name, place, len(cells), sizes)
                sizes[size] = None
                reader.sizes.unify(cell, reader.size(t.Name(size)))


def _completed(context: Context, reader: AxesReader, names: Sequence[str], sizes: dict[str, int | None]) -> Context:
    """The context with all leaves that the reader has met, their open sizes named."""
    leaves, used = dict(context.leaves), set(context.sizes)
    for name, cells in reader.cells.items():
        old = context.leaves.get(name)
        if name in context.equations or not (old or name in names or base_name(name) in names):
            continue
        found = tuple(reader.declared[value] for n in cells if (value := reader.sizes.value(n)) is not None)
        leaves[name] = replace(old, sizes=found) if old else Leaf(name, found)
        used |= {n.text for n in found if isinstance(n, t.Name)}
    return replace(context, leaves=leaves, sizes={n: number for n, number in sizes.items() if n in used})


def _size_name(name: str, place: int, rank: int, taken: Mapping[str, object]) -> str:
    letter = "n" if place == rank - 1 else "mpq"[min(place, 2)]
    made = f"{letter}_{name}"
    while made in taken:
        made += "_"
    return made


def _contradiction(bad: Misfit, equalities: Sequence[Equality], context: Context) -> ModelError:
    """The equation that does not fit, and the other one that has a name in common with it."""
    here = next((e for e in equalities if bad.at in e.right.walk()), None)
    names = {n.text for n in names_in(bad.at)}
    others = (e for e in equalities if e is not here)
    other = next((e for e in others if names & {n.text for n in (*names_in(e.left), *names_in(e.right))}), None)
    leaf = next((leaf for leaf in context.leaves.values() if leaf.name in names), None)
    against = f"`{other.text}`" if other else f"the declaration of {leaf.name}" if leaf else "the declarations"
    where = f"in `{here.text}`: " if here else ""
    return ModelError(
        f"{where}{to_plain(bad.at)} expected equal sizes, got {bad.sizes[0]} and {bad.sizes[1]} by {against}; "
        "change one of them"
    )
