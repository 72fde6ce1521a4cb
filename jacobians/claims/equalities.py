"""What a context and its claims say to be equal, and the axes that follow for the names in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from jacobians.claims.axes import Axes, AxesReader
from jacobians.claims.context import Context
from jacobians.claims.letters import label_letters
from jacobians.claims.named import statement_name
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

#: Passes over all equations until nothing new follows; an equation may stand before the one that it needs.
MOST_PASSES = 12


@dataclass(frozen=True, slots=True)
class Equality:
    """Two sides with equal axes; an equation that defines its left side, or one line of a claim."""

    left: t.Tree
    right: t.Tree
    defines: bool
    text: str = ""


def equations(context: Context) -> Iterator[Equality]:
    """The equations of a context, those of its functions too."""
    for e in context.equations.values():
        left: t.Tree = t.Name(e.name, t.Name(e.label) if e.label else None)
        if e.indices:
            left = t.Index(left, tuple(map(t.Name, e.indices)))
        yield Equality(left, e.expression, True, e.text)
    for f in context.functions.values():
        if f.body is not None:
            call = t.Call(f.name, tuple(map(t.Name, f.parameters)))
            yield Equality(call, f.body, True, f"{to_plain(call)} = ...")


def claimed(claims: Iterable[t.Tree]) -> Iterator[Equality]:
    """The lines of claims, each with the head of its chain."""
    for claim in claims:
        parts = claim.parts if isinstance(claim, t.Chain) else (claim,)
        parts = tuple(p.element if isinstance(p, c.Membership) else p for p in parts)
        for part in parts[1:] or parts:
            yield Equality(parts[0], part, False)


def read_axes(reader: AxesReader, equalities: Sequence[Equality]) -> None:
    """All equalities, until nothing new follows."""
    for _ in range(MOST_PASSES):
        known = len(reader.cells)
        reader.misfits.clear()
        for e in equalities:
            for labels in label_values(reader.context, e):
                reader.labels, reader.letters = dict(labels), {}
                _settle(reader, e)
        if len(reader.cells) == known:
            return


def label_values(context: Context, e: Equality) -> Iterator[Mapping[str, int]]:
    """Every combination of values of the labels of an equality."""
    letters = label_letters(context, e.left, e.right)
    ranges = [range(context.labels[x][0], context.labels[x][1] + 1) for x in letters]
    for values in product(*ranges):
        yield dict(zip(letters, values, strict=True))


def _settle(reader: AxesReader, e: Equality) -> None:
    """One equality for one value of its labels: what has no axes yet takes those of the other side."""
    right = reader.axes(e.right)
    name = statement_name(e.left)
    text = None if name is None or not e.defines else name.text if name.label is None else reader.counted(name)
    if text is not None and text not in reader.cells:
        if right is None:
            return
        indices = e.left.indices if isinstance(e.left, t.Index) else ()
        axes = tuple(reader.letters.setdefault(k.text, reader.fresh()) for k in indices if isinstance(k, t.Name))
        reader.cells[text] = (*axes, *right.cells)
        return
    left = None if isinstance(e.left, t.Call) and e.defines else reader.axes(e.left)
    if left is not None and right is not None and not _by_entries(left, right):
        reader.all_same(left, right, e.right)


def _by_entries(left: Axes, right: Axes) -> bool:
    """A number on one side: an entry, or zero, stands for the whole array."""
    return len(left.cells) != len(right.cells) and not (left.cells and right.cells)
