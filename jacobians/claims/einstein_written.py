"""Sums without their signs: what Einstein's convention leaves out, where a reader then sums over the same letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jacobians.claims.context import Context
from jacobians.claims.letters import index_letters
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain

#: Signs of products whose factors may carry the two indices of a sum.
PRODUCTS = frozenset("@*·×")


def without_sums(context: Context, parts: Sequence[t.Tree]) -> tuple[t.Tree, ...]:
    """The sides of a chain, each sum without its sign whose letters stand twice in a product and nowhere else.

    The sign stays where a factor is a sum or a function of the letter, as in `sum_i tanh(x_i) y_i`, where the sum has
    limits or a condition, and where the letter stands elsewhere on its side or is a letter of the first side.

    Raises:
        InputError: a letter that is not summed over would be, as the i of dx_i/dx_i = 1.
    """
    head, *lines = parts
    taken = set(index_letters(context, head)) | {x for line in lines for x in index_letters(context, line)}
    bare_head = _bare(context, head, taken | {x for line in lines for x in _bound(line)})
    made = (bare_head, *(_bare(context, line, taken | set(_bound(head))) for line in lines))
    for line, before in zip(made[1:], lines, strict=True):
        for side, other, was in ((made[0], line, head), (line, made[0], before)):
            _refuse_unmeant(context, side, other, was)
    return made


def _refuse_unmeant(context: Context, side: t.Tree, other: t.Tree, was: t.Tree) -> None:
    """A letter of one side only is read as summed over."""
    summed = set(index_letters(context, side)) - set(index_letters(context, other))
    for letter in sorted(summed & set(index_letters(context, was))):
        if _occurrences(side)[letter] > 1:
            raise InputError(
                f"notation.sums: {to_plain(was)} has {letter} twice without a sum, which Einstein's convention would "
                "read as one; write the sums"
            )


def _bare(context: Context, side: t.Tree, taken: set[str]) -> t.Tree:
    """One side without the signs of its sums, save for letters that are taken."""
    counts = _occurrences(side)

    def bare(tree: t.Tree) -> t.Tree:
        was, tree = tree, rebuilt(tree, bare)
        if isinstance(was, t.Juxtaposition) and isinstance(was.right, c.Sum) and isinstance(tree, t.Juxtaposition):
            return _beside(tree.left, tree.right)
        if type(tree) is not c.Sum or tree.lower or tree.upper or tree.condition or not tree.indices:
            return tree
        twice = 2 * len(list(_summands(tree.body)))
        fits = all(
            x not in taken and counts[x] == twice and _is_index_letter(context, x) and _in_two_factors(tree.body, x)
            for x in tree.indices
        )
        return tree.body if fits else tree

    return bare(side)


def _beside(left: t.Tree, right: t.Tree) -> t.Tree:
    """`a (b c)` as `a b c`, where a sign stood between them."""
    if isinstance(right, t.Juxtaposition):
        return t.Juxtaposition(_beside(left, right.left), right.right)
    return t.Juxtaposition(left, right)


def _is_index_letter(context: Context, letter: str) -> bool:
    return index_letters(context, t.Index(t.Name("x"), (t.Name(letter),))) == (letter,)


def _in_two_factors(tree: t.Tree, letter: str) -> bool:
    """Whether each summand is a product with the letter as an index of exactly two of its factors, once of each."""
    return all(sum(_has_as_index(factor, letter) for factor in _factors(part)) == 2 for part in _summands(tree))


def _summands(tree: t.Tree) -> Iterator[t.Tree]:
    if isinstance(tree, t.Binary) and tree.op in "+-":
        yield from _summands(tree.left)
        yield from _summands(tree.right)
    elif isinstance(tree, t.Negative):
        yield from _summands(tree.operand)
    elif type(tree) is c.Sum:
        yield from _summands(tree.body)
    else:
        yield tree


def _factors(tree: t.Tree) -> Iterator[t.Tree]:
    if isinstance(tree, t.Juxtaposition) or (isinstance(tree, t.Binary) and tree.op in PRODUCTS):
        yield from _factors(tree.left)
        yield from _factors(tree.right)
    else:
        yield tree


def _has_as_index(tree: t.Tree, letter: str) -> bool:
    """An entry with the letter once among its indices, by itself or differentiated, or a Kronecker delta."""
    if isinstance(tree, c.Partial):
        return _occurrences(tree)[letter] == 1
    places = tree.indices if isinstance(tree, t.Index) else ()
    if isinstance(tree, t.Call) and tree.function == "kronecker":
        places = tree.args
    return [place for place in places if isinstance(place, t.Name)].count(t.Name(letter)) == 1


def _occurrences(tree: t.Tree) -> Counter[str]:
    """How often every letter stands as a name of its own."""
    return Counter(p.text for p in tree.walk() if isinstance(p, t.Name) and p.label is None)


def _bound(tree: t.Tree) -> Iterator[str]:
    return (x for part in tree.walk() if isinstance(part, c.Sum) for x in part.indices)
