"""Which quantities a formula names, apart from indices, labels and what its sums bind."""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

#: Greek letters that are numbers unless something shows that they are not: rates, weights, small constants.
NUMBERS = frozenset("alpha beta gamma epsilon zeta eta iota kappa lambda mu nu rho tau omega pi xi sigma".split())
#: Functions of arrays.
ARRAY_FUNCTIONS = frozenset(
    "norm diag trace tr inner outer vec softmax log_softmax logsumexp sum mean Id ones zeros det".split()
)


def names_in(tree: t.Tree, bound: frozenset[str] = frozenset()) -> Iterator[t.Name]:
    """The names that stand where a quantity may stand, from left to right."""
    if isinstance(tree, t.Name):
        if tree.label is not None or tree.text not in bound:
            yield tree
    elif isinstance(tree, c.Sum):
        yield from names_in(tree.body, bound | frozenset(tree.indices))
    elif isinstance(tree, t.Index):
        yield from names_in(tree.array, bound)
    elif isinstance(tree, t.Call):
        for argument in tree.args if tree.function not in ("kronecker", "Id", "ones", "zeros") else ():
            yield from names_in(argument, bound)
    elif isinstance(tree, c.Cases):
        for value, _ in tree.branches:
            yield from names_in(value, bound)
    elif isinstance(tree, c.Membership):
        yield from names_in(tree.element, bound)
    elif not isinstance(tree, t.Iverson | t.Comparison | c.MapsTo):
        for child in tree.children:
            yield from names_in(child, bound)


def most_indices(trees: list[t.Tree]) -> dict[str, int]:
    """With how many indices each name is written, at most."""
    found: dict[str, int] = {}
    for tree in trees:
        for part in tree.walk():
            if isinstance(part, t.Index) and isinstance(part.array, t.Name):
                name = part.array.text
                found[name] = max(found.get(name, 0), len(part.indices))
    return found


def likely_ranks(name: str) -> tuple[int, ...]:
    """The ranks that a name may have by custom, the likeliest first: W is a matrix, x a vector, eta a number."""
    base = name.partition("_")[0].removesuffix("hat").removesuffix("bar").removesuffix("tilde").rstrip("0123456789")
    if base in NUMBERS:
        return (0, 1, 2)
    return (2, 1, 0) if base[:1].isupper() else (1, 0, 2)


def is_of_arrays(tree: t.Tree) -> bool:
    """Whether anything in it only makes sense of arrays: a transpose, an index, an elementwise product, a norm."""
    for part in tree.walk():
        if isinstance(part, t.Transpose | t.Index | t.List | c.Gradient | c.JacobianOf):
            return True
        if isinstance(part, t.Binary) and part.op in "@*⊗":
            return True
        if isinstance(part, t.Call) and part.function in ARRAY_FUNCTIONS:
            return True
    return False


def statement_name(tree: t.Tree) -> t.Name | None:
    """What the left side of an equation names: `z`, `z_(k)`, `z_j`, `W_(k)[j, i]`."""
    base = tree.array if isinstance(tree, t.Index) else tree
    return base if isinstance(base, t.Name) else None
