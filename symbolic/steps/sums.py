"""Index algebra: a formula of components is a sum of products under summation signs, and a delta collapses a sum."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import TypeVar

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt

ONE = t.Number("1")
Factor = TypeVar("Factor", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Product:
    """coefficient * Σ_letters factors / below; a factor is one number: an entry, a function of one, a derivative."""

    coefficient: Fraction = Fraction(1)
    letters: tuple[str, ...] = ()
    factors: tuple[t.Tree, ...] = ()
    below: tuple[t.Tree, ...] = ()

    def times(self, *others: Product) -> Product:
        """The product; summation letters must differ."""
        every = (self, *others)
        return Product(
            prod((one.coefficient for one in every), start=Fraction(1)),
            tuple(x for one in every for x in one.letters),
            tuple(x for one in every for x in one.factors),
            tuple(x for one in every for x in one.below),
        )

    def mapped(self, letters: Mapping[str, t.Tree]) -> Product:
        """Other indices in place of letters."""
        return self.each(lambda factor: put(factor, letters))

    def each(self, f: Callable[[t.Tree], t.Tree]) -> Product:
        """Something else in place of every factor."""
        return replace(self, factors=tuple(map(f, self.factors)), below=tuple(map(f, self.below)))

    def without(self, factor: t.Tree) -> Product:
        """Once less one of its factors."""
        return replace(self, factors=without_common(self.factors, (factor,))[0])

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for products that differ by their coefficient only."""
        return (self.letters, frozenset(Counter(self.factors).items()), frozenset(Counter(self.below).items()))


Sums = tuple[Product, ...]


def put(tree: t.Tree, letters: Mapping[str, t.Tree]) -> t.Tree:
    """Other trees in place of letters that are free there."""
    if isinstance(tree, t.Name) and tree.label is None and tree.text in letters:
        return letters[tree.text]
    if isinstance(tree, c.Sum):
        letters = {k: v for k, v in letters.items() if k not in tree.indices}
    if isinstance(tree, t.Name):  # a label is no index
        return tree
    return rebuilt(tree, lambda child: put(child, letters))


def is_plain(tree: t.Tree) -> bool:
    """Whether it is a sum over all values of its letters."""
    every = isinstance(tree, c.Sum) and (tree.lower, tree.upper, tree.condition) == (None, None, None)
    return every and type(tree) is c.Sum and bool(tree.indices)


def renamed(tree: c.Sum, letters: Mapping[str, str]) -> c.Sum:
    """Σ_i a_i as Σ_q a_q."""
    body = put(tree.body, {x: t.Name(letters[x]) for x in tree.indices if x in letters})
    return replace(tree, indices=tuple(letters.get(x, x) for x in tree.indices), body=body)


# ----- reading and writing -----


def read(tree: t.Tree) -> Sums:
    """A formula of components as a sum of products."""
    match tree:
        case t.Number():
            return (Product(tree.value),) if tree.value else ()
        case t.Negative(operand):
            return scaled(read(operand), Fraction(-1))
        case t.Binary("+", left, right):
            return read(left) + read(right)
        case t.Binary("-", left, right):
            return read(left) + scaled(read(right), Fraction(-1))
        case t.Juxtaposition(left, right) | t.Binary("*" | "·" | "@", left, right):
            return tuple(a.times(b) for a, b in itertools.product(_factors(left), _factors(right)))
        case t.Binary("/", left, t.Number() as number) if number.value:
            return scaled(read(left), 1 / number.value)
        case t.Binary("/", left, right):
            (below,) = _factors(right) or (Product(factors=(right,)),)
            simple = not below.letters and not below.below
            inverse = Product(1 / below.coefficient, (), (), below.factors) if simple else Product(below=(right,))
            return tuple(a.times(inverse) for a in _factors(left))
        case c.Sum(indices, body) if is_plain(tree):
            return tuple(replace(p, letters=(*indices, *p.letters)) for p in read(body))
    return (Product(factors=(tree,)),)


def _factors(tree: t.Tree) -> Sums:
    """A factor of a product: a sum of several stays one factor, so that nothing is multiplied out."""
    sums = read(tree)
    return sums if len(sums) < 2 else (Product(factors=(tree,)),)


def scaled(sums: Sums, factor: Fraction) -> Sums:
    """A multiple."""
    return tuple(replace(p, coefficient=p.coefficient * factor) for p in sums) if factor else ()


def write(sums: Sums) -> t.Tree:
    """The formula; an empty sum is 0."""
    if not sums:
        return t.Number("0")
    first, *rest = sums
    total = _signed(first)
    for one in rest:
        total = t.Binary("-" if one.coefficient < 0 else "+", total, _absolute(one))
    return total


def _signed(one: Product) -> t.Tree:
    return t.Negative(_absolute(one)) if one.coefficient < 0 else _absolute(one)


def _absolute(one: Product) -> t.Tree:
    """The product without its sign: the number, what no sum is over, the sum sign, the factors."""
    free, summed = _before_sum(one)
    if not one.letters:
        free, summed = summed, Product()
    above, under = (t.Number(str(n)) for n in (abs(one.coefficient.numerator), one.coefficient.denominator))
    top = product_of((*(() if above == ONE else (above,)), *free.factors))
    if free.below:
        top = t.Binary("/", top or ONE, product_of((*(() if under == ONE else (under,)), *free.below)) or ONE)
    elif under != ONE:
        rest = product_of(free.factors)
        fraction = t.Binary("/", above, under)
        top = fraction if rest is None else _beside(fraction, rest)
    if not summed.letters:
        return top or ONE
    inside = c.Sum(summed.letters, _fraction(summed) or ONE)
    return inside if top is None else _beside(top, inside)


def _beside(left: t.Tree, right: t.Tree) -> t.Tree:
    """Two products as one, read from the left."""
    if isinstance(right, t.Juxtaposition):
        return t.Juxtaposition(_beside(left, right.left), right.right)
    return t.Juxtaposition(left, right)


def _before_sum(one: Product) -> tuple[Product, Product]:
    """What the sums of a product are not over, and the rest; a line with derivatives keeps the order of its factors."""
    if not one.letters or any(isinstance(f, c.Partial) or _is_delta(f) for f in one.factors):
        return Product(), one
    letters = set(one.letters)
    free = tuple(f for f in one.factors if not letters & names(f))
    below = tuple(f for f in one.below if not letters & names(f))
    inside = replace(
        one,
        factors=tuple(f for f in one.factors if f not in free),
        below=tuple(f for f in one.below if f not in below),
    )
    return Product(factors=free, below=below), inside


def names(tree: t.Tree) -> set[str]:
    """The names in a formula that may be index letters."""
    return {p.text for p in tree.walk() if isinstance(p, t.Name)}


def _fraction(one: Product) -> t.Tree | None:
    """The factors; numbers below stand in one fraction."""
    above, below = product_of(one.factors), product_of(one.below)
    return above if below is None else t.Binary("/", above or ONE, below)


def cancelled(one: Product) -> Product:
    """What stands above and below the line is gone."""
    factors, below = without_common(one.factors, one.below)
    return replace(one, factors=factors, below=below)


def without_common(above: Iterable[Factor], below: Iterable[Factor]) -> tuple[tuple[Factor, ...], tuple[Factor, ...]]:
    """Two lists of factors without those that are in both, each as often as it is in both."""
    common = Counter(above) & Counter(below)
    return _without(above, common), _without(below, common)


def _without(factors: Iterable[Factor], gone: Counter[Factor]) -> tuple[Factor, ...]:
    left, kept = Counter(gone), []
    for factor in factors:
        if left[factor] > 0:
            left[factor] -= 1
        else:
            kept.append(factor)
    return tuple(kept)


def number(value: Fraction) -> t.Tree:
    """A number, as a fraction where it is none of the whole ones."""
    above = t.Number(str(value.numerator))
    return above if value.denominator == 1 else t.Binary("/", above, t.Number(str(value.denominator)))


def product_of(factors: Iterable[t.Tree]) -> t.Tree | None:
    """The factors side by side, in their order; like ones as a power."""
    made: t.Tree | None = None
    for factor, many in Counter(factors).items():
        one = factor if many == 1 else _power(factor, many)
        made = one if made is None else t.Juxtaposition(made, one)
    return made


def _power(factor: t.Tree, many: int) -> t.Tree:
    if isinstance(factor, t.Binary) and factor.op == "^" and isinstance(factor.right, t.Number):
        return t.Binary("^", factor.left, number(factor.right.value * many))
    return t.Binary("^", factor, t.Number(str(many)))


# ----- deltas -----


def delta(a: t.Tree, b: t.Tree) -> t.Tree:
    """The Kronecker delta."""
    return t.Call("kronecker", (a, b))


def deltas(one: Product) -> Iterator[t.Call]:
    """The Kronecker deltas among the factors."""
    for factor in one.factors:
        if isinstance(factor, t.Call) and factor.function == "kronecker":
            yield factor


def collapsible(one: Product) -> str | None:
    """The first letter whose sum a delta collapses."""
    return next((found[0] for found in _collapses(one)), None)


def _collapses(one: Product) -> Iterator[tuple[str, t.Tree, t.Call]]:
    for factor in deltas(one):
        for own, other in (factor.args, factor.args[::-1]):
            if isinstance(own, t.Name) and own.label is None and own.text in one.letters and own != other:
                yield own.text, other, factor


def collapsed(one: Product, letter: str) -> Product:
    """The sum over a letter that a delta collapses: Σ_q δ_qi f(q) = f(i)."""
    for found, other, factor in _collapses(one):
        if found == letter:
            rest = replace(one.without(factor), letters=tuple(x for x in one.letters if x != letter))
            return without_units(rest.mapped({letter: other}))
    return one


def contracted(one: Product) -> Product:
    """All sums that deltas collapse, collapsed."""
    while (letter := collapsible(one)) is not None:
        one = collapsed(one, letter)
    return without_units(one)


def without_units(one: Product) -> Product:
    """δ_ii is 1."""
    return replace(one, factors=tuple(f for f in one.factors if not (_is_delta(f) and f.children[0] == f.children[1])))


def _is_delta(tree: t.Tree) -> bool:
    return isinstance(tree, t.Call) and tree.function == "kronecker"


def merged(sums: Sums) -> Sums:
    """Like products added up; those that cancel are gone."""
    found: dict[object, Product] = {}
    for one in sums:
        if one.key in found:
            both = found[one.key].coefficient + one.coefficient
            found[one.key] = replace(found[one.key], coefficient=both)
        else:
            found[one.key] = one
    return tuple(one for one in found.values() if one.coefficient)
