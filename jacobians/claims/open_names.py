"""Names that nobody declares: which are variables, and what ranks they have.

Ranks come from indices, else from custom (W is a matrix, x a vector, eta a number) unless that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jacobians.claims.axes import AxesReader, base_name
from jacobians.claims.context import LOSSES, Context
from jacobians.claims.equalities import Equality, label_values, read_axes
from jacobians.claims.letters import index_letters
from jacobians.claims.named import is_of_arrays, likely_ranks, most_indices, names_in, statement_name
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name

#: Names that need no declaration.
CONSTANTS = frozenset(("pi", "e", "infinity"))
#: The price of what has no meaning; of a number added to an array it is 1.
HARD = 10


def open_names(context: Context, equalities: Sequence[Equality], claims: Sequence[t.Tree]) -> list[str]:
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
    """Declared, defined, or one layer of what is declared or defined for all of them."""
    if name in known:
        return True
    base, layer = base_name(name), split_name(name).layer
    letter = context.label_of(base)
    if not letter or not layer:
        return False
    first, last = context.labels[letter]
    return base in context.leaves or first <= int(layer) <= last


def _before_the_first(context: Context, e: Equality) -> Iterator[str]:
    """`a0` of z_(k) = W_(k) a_(k-1) + b_(k), where a_(k) is defined from 1 on."""
    reader = AxesReader(context, {})
    for labels in label_values(context, e):
        reader.labels = dict(labels)
        generic = (n for n in names_in(e.right) if n.label is not None and n.text in context.equations)
        yield from (text for name in generic if (text := reader.counted(name)))


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
    """`dW` where there is a W, an error signal: what depends on the equations is no variable."""
    parts = split_name(name)
    return parts.base == "delta" or (len(name) > 1 and name.startswith("d") and base_name(name[1:]) in known)


def is_labelled(name: str, equalities: Sequence[Equality]) -> bool:
    """Whether it has a label wherever it stands: in equations, or in claims where no equation has it."""
    for defines in (True, False):
        trees = [tree for e in equalities if e.defines is defines for tree in (e.left, e.right)]
        found = [n.label for tree in trees for n in names_in(tree) if n.text == name]
        if found:
            return None not in found
    return False


# ----- ranks -----


def open_ranks(context: Context, names: Sequence[str], equalities: Sequence[Equality]) -> dict[str, int]:
    """The ranks of the open names: from their indices, else the likeliest ones that fit all equations."""
    trees = [tree for e in equalities for tree in (e.left, e.right)]
    indexed = most_indices(trees)
    ranks = {name: indexed[name] for name in names if name in indexed}
    guessed: list[str] = []
    factors = {n.text for tree in trees for p in tree.walk() if _is_product(p) for n in names_in(p)}
    order = sorted((n for n in names if n not in ranks), key=lambda n: (likely_ranks(n)[0] != 2, n not in factors))
    if not any(map(is_of_arrays, trees)) and not any(likely_ranks(n)[0] == 2 for n in order):
        return ranks | dict.fromkeys(order, 0)  # calculus of numbers
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
    read_axes(reader, equalities)
    price = sum(1 if misfit.mild else HARD for misfit in reader.misfits if not misfit.sizes[0])
    loss = context.loss or next((n for n in LOSSES if n in context.equations), "")
    return price + (HARD if reader.cells.get(loss) else 0)
