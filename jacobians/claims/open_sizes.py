"""Names that nobody declares, and sizes that stay open: what the equations say about them.

Ranks come from indices, else from custom (W is a matrix, x a vector, eta a number) unless that does not fit; sizes are
what the equations make equal. What nothing ties to anything else becomes a size of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from jacobians.claims.axes import Axes, AxesReader, Misfit, base_name
from jacobians.claims.context import LOSSES, Context, Leaf
from jacobians.claims.letters import index_letters, label_letters
from jacobians.claims.named import likely_ranks, most_indices, names_in, statement_name
from jacobians.errors import ModelError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.to_plain import to_plain

#: Names that need no declaration.
CONSTANTS = frozenset(("pi", "e", "infinity"))
#: Passes over all equations until nothing new follows; an equation may stand before the one that it needs.
MOST_PASSES = 12
#: The price of what has no meaning; of a number added to an array it is 1.
HARD = 10


@dataclass(frozen=True, slots=True)
class Equality:
    """Two sides with equal axes; an equation that defines its left side, or one line of a claim."""

    left: t.Tree
    right: t.Tree
    defines: bool
    text: str = ""


def with_sizes(context: Context, claims: Sequence[t.Tree] = (), strict: bool = True) -> Context:
    """The context with a leaf of named sizes for every name that its equations use and nobody declares.

    Names that only the `claims` use become leaves where both sides of a claim are made of them, or where they stand
    inside of what is differentiated: `x` and `A` of d(x^T A x)/dx.

    Raises:
        ModelError: sizes of the equations that contradict one another; not where `strict` is False.
    """
    if context.model is not None:
        return context
    equalities = [*_equations(context), *_claimed(claims)]
    names = _open_names(context, equalities, claims)
    if not names and all(None not in leaf.sizes for leaf in context.leaves.values()):
        return context
    parameters = dict.fromkeys(p for f in context.functions.values() for p in f.parameters)
    ranks = _ranks(context, [*names, *(p for p in parameters if p not in names)], equalities)
    labelled = frozenset(n for n in names if _is_labelled(n, equalities))
    reader = AxesReader(context, ranks, labelled)
    _read(reader, [e for e in equalities if e.defines])
    if strict and (bad := next((m for m in reader.misfits if m.sizes[0]), None)):
        raise _contradiction(bad, equalities, context)
    sizes = dict(context.sizes)
    _name_sizes(reader, sizes)  # now, so that no claim makes two of them equal
    _read(reader, [e for e in equalities if not e.defines])
    for name in names:
        reader.quantity(name)
    _name_sizes(reader, sizes)
    return _completed(context, reader, names, sizes)


# ----- what is said -----


def _equations(context: Context) -> Iterator[Equality]:
    for e in context.equations.values():
        left: t.Tree = t.Name(e.name, t.Name(e.label) if e.label else None)
        if e.indices:
            left = t.Index(left, tuple(map(t.Name, e.indices)))
        yield Equality(left, e.expression, True, e.text)
    for f in context.functions.values():
        if f.body is not None:
            call = t.Call(f.name, tuple(map(t.Name, f.parameters)))
            yield Equality(call, f.body, True, f"{to_plain(call)} = ...")


def _claimed(claims: Iterable[t.Tree]) -> Iterator[Equality]:
    for claim in claims:
        parts = claim.parts if isinstance(claim, t.Chain) else (claim,)
        parts = tuple(p.element if isinstance(p, c.Membership) else p for p in parts)
        for part in parts[1:] or parts:
            yield Equality(parts[0], part, False)


# ----- names -----


def _open_names(context: Context, equalities: Sequence[Equality], claims: Sequence[t.Tree]) -> list[str]:
    """Names that are used and mean nothing yet, in the order of their appearance; labelled ones by their base."""
    known = {base_name(n) for n in (*context.leaves, *context.equations) if split_name(n).layer}
    known |= {*context.leaves, *context.equations, *context.functions, *context.sizes, *context.labels, *CONSTANTS}
    found: dict[str, None] = {}
    for e in equalities:
        if e.defines:
            local = {a.text for a in e.left.args if isinstance(a, t.Name)} if isinstance(e.left, t.Call) else set()
            found.update(dict.fromkeys(n for n in _used(context, e.right) if n not in local))
            found.update(dict.fromkeys(_before_the_first(context, e)))
    for claim in claims:
        found.update(dict.fromkeys(_independent(context, claim)))
    return [n for n in found if not _is_known(context, n, known) and not _is_gradient(n, known | set(found))]


def _is_known(context: Context, name: str, known: set[str]) -> bool:
    """Declared, defined, or one layer of what is defined for all of them."""
    if name in known:
        return True
    generic, layer = context.equations.get(base_name(name)), split_name(name).layer
    if generic is None or generic.label is None or not layer:
        return False
    first, last = context.labels[generic.label]
    return first <= int(layer) <= last


def _before_the_first(context: Context, e: Equality) -> Iterator[str]:
    """`a0` of z_(k) = W_(k) a_(k-1) + b_(k), where a_(k) is defined from 1 on."""
    reader = AxesReader(context, {})
    for labels in _labels(context, e):
        reader.labels = dict(labels)
        for name in names_in(e.right):
            if name.label is not None and context.is_generic(name.text) and (text := reader.counted(name)):
                yield text


def _used(context: Context, tree: t.Tree) -> Iterator[str]:
    letters = index_letters(context, tree)
    return (name.text for name in names_in(tree) if name.label is not None or name.text not in letters)


def _independent(context: Context, claim: t.Tree) -> Iterator[str]:
    """The names of a claim that can only be variables: on both of its sides, or inside of what is differentiated."""
    if not isinstance(claim, t.Chain):
        return
    sides = [set(_used(context, part)) for part in claim.parts]
    for place, part in enumerate(claim.parts):
        bare = {name.text for name in _bare(part)}
        inside = {n for d in part.walk() if isinstance(d, c.Partial) for n in _inside(context, d)}
        for name in _used(context, part):
            both = any(name in side for k, side in enumerate(sides) if k != place)
            if name in inside or (both and name not in bare):
                yield name


def _inside(context: Context, tree: c.Partial) -> Iterator[str]:
    """The names in what is differentiated where it is more than a name."""
    if statement_name(tree.of) is None:
        yield from _used(context, tree.of)


def _bare(tree: t.Tree) -> Iterator[t.Name]:
    """Names that are differentiated, or differentiated by, as they stand."""
    for part in tree.walk():
        if isinstance(part, c.Partial | c.Gradient):
            ends = (part.of, part.by)
            yield from (name for end in ends if end is not None and (name := statement_name(end)) is not None)


def _is_gradient(name: str, known: set[str]) -> bool:
    """`dW` where there is a W."""
    return name.startswith("d") and len(name) > 1 and name[1:] in known


def _is_labelled(name: str, equalities: Sequence[Equality]) -> bool:
    """Whether it has a label wherever it stands: in equations, or in claims where no equation has it."""
    for defines in (True, False):
        trees = [tree for e in equalities if e.defines is defines for tree in (e.left, e.right)]
        found = [n.label for tree in trees for n in names_in(tree) if n.text == name]
        if found:
            return None not in found
    return False


# ----- ranks -----


def _ranks(context: Context, names: Sequence[str], equalities: Sequence[Equality]) -> dict[str, int]:
    """The ranks of the open names: from their indices, else the likeliest ones that fit all equations."""
    trees = [tree for e in equalities for tree in (e.left, e.right)]
    indexed = most_indices(trees)
    ranks = {name: indexed[name] for name in names if name in indexed}
    guessed: list[str] = []
    factors = {n.text for tree in trees for p in tree.walk() if _is_product(p) for n in names_in(p)}
    order = sorted((n for n in names if n not in ranks), key=lambda n: (likely_ranks(n)[0] != 2, n not in factors))
    for name in order:
        ranks[name] = _likeliest(context, ranks, name, guessed, equalities)
        guessed.append(name)
    return ranks


def _is_product(tree: t.Tree) -> bool:
    return isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in "@·")


def _likeliest(
    context: Context, ranks: dict[str, int], name: str, guessed: list[str], equalities: Sequence[Equality]
) -> int:
    """The rank that fits best; where none does, the vectors that were guessed beside it may be numbers."""
    before = _price(context, ranks, equalities)
    prices = {}
    for rank in likely_ranks(name):
        prices[rank] = _price(context, {**ranks, name: rank}, equalities)
        if prices[rank] <= before:
            return rank
        if rank == 1 and prices[rank] >= before + HARD:
            vectors = [n for n in guessed if ranks[n] == 1 and _stand_together(n, name, equalities)]
            numbers = {**ranks, **dict.fromkeys((*vectors, name), 0)}
            if vectors and _price(context, numbers, equalities) <= before:
                ranks.update(numbers)
                return 0
    return min(prices, key=lambda rank: prices[rank])


def _stand_together(one: str, other: str, equalities: Sequence[Equality]) -> bool:
    return any({one, other} <= {n.text for n in names_in(e.right)} for e in equalities)


def _price(context: Context, ranks: Mapping[str, int], equalities: Sequence[Equality]) -> int:
    """How badly the ranks fit."""
    reader = AxesReader(context, ranks)
    _read(reader, equalities)
    price = sum(1 if misfit.mild else HARD for misfit in reader.misfits)
    loss = context.loss or next((n for n in LOSSES if n in context.equations), "")
    return price + (HARD if reader.cells.get(loss) else 0)


# ----- sizes -----


def _read(reader: AxesReader, equalities: Sequence[Equality]) -> None:
    """All equalities, until nothing new follows."""
    for _ in range(MOST_PASSES):
        known = len(reader.cells)
        reader.misfits.clear()
        for e in equalities:
            for labels in _labels(reader.context, e):
                reader.labels, reader.letters = dict(labels), {}
                _settle(reader, e)
        if len(reader.cells) == known:
            return


def _labels(context: Context, e: Equality) -> Iterator[Mapping[str, int]]:
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


def _name_sizes(reader: AxesReader, sizes: dict[str, int | None]) -> None:
    """Every open size gets a name, of the first quantity that has it."""
    for name, cells in reader.cells.items():
        for place, cell in enumerate(cells):
            if reader.sizes.value(cell) is None:
                size = _size_name(name, place, len(cells), sizes)
                sizes[size] = None
                reader.sizes.unify(cell, reader.size(t.Name(size)))


def _completed(
    context: Context, reader: AxesReader, names: Sequence[str], sizes: dict[str, int | None]
) -> Context:
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
    parts = set(bad.at.walk())
    here = next((e for e in equalities if bad.at in (e.left, e.right) or not parts.isdisjoint(e.right.walk())), None)
    names = {n.text for n in names_in(bad.at)}
    others = (e for e in equalities if e is not here and names & {n.text for n in (*names_in(e.left), *names_in(e.right))})
    other = next(others, None)
    leaf = next((leaf for leaf in context.leaves.values() if leaf.name in names), None)
    against = f"`{other.text}`" if other else f"the declaration of {leaf.name}" if leaf else "the declarations"
    where = f"in `{here.text}`: " if here else ""
    return ModelError(
        f"{where}{to_plain(bad.at)} expected equal sizes, got {bad.sizes[0]} and {bad.sizes[1]} by {against}; "
        "change one of them"
    )
