"""Index algebra: a formula of components is a sum of products under summation signs, and a delta collapses a sum."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt


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
        coefficient = Fraction(1)
        for one in every:
            coefficient *= one.coefficient
        return Product(
            coefficient,
            tuple(x for one in every for x in one.letters),
            tuple(x for one in every for x in one.factors),
            tuple(x for one in every for x in one.below),
        )

    def mapped(self, letters: Mapping[str, t.Tree]) -> Product:
        """Other indices in place of letters."""
        return replace(
            self,
            factors=tuple(put(f, letters) for f in self.factors),
            below=tuple(put(f, letters) for f in self.below),
        )

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for products that differ by their coefficient only."""
        return (self.letters, frozenset(self.factors), len(self.factors), frozenset(self.below), len(self.below))


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
            return tuple(a.times(b) for a, b in itertools.product(read(left), read(right)))
        case t.Binary("/", left, t.Number() as number) if number.value:
            return scaled(read(left), 1 / number.value)
        case t.Binary("/", left, right):
            below = read(right)
            if len(below) == 1 and not below[0].letters and not below[0].below:
                inverse = Product(1 / below[0].coefficient, (), (), below[0].factors)
            else:
                inverse = Product(below=(right,))
            return tuple(a.times(inverse) for a in read(left))
        case c.Sum(indices, body, None, None, None) if type(tree) is c.Sum and indices:
            return tuple(replace(p, letters=(*indices, *p.letters)) for p in read(body))
    return (Product(factors=(tree,)),)


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
    """The product without its sign: the number, the sum sign, the factors; numbers below stand in one fraction."""
    size = abs(one.coefficient)
    inside = product_of(one.factors)
    if one.below:
        inside = t.Binary("/", inside if inside is not None else t.Number("1"), product_of(one.below) or t.Number("1"))
    if inside is None:
        return number(size)
    if one.letters:
        inside = c.Sum(one.letters, inside)
    return inside if size == 1 else t.Juxtaposition(number(size), inside)


def number(value: Fraction) -> t.Tree:
    """A number, as a fraction where it is none of the whole ones."""
    above = t.Number(str(value.numerator))
    return above if value.denominator == 1 else t.Binary("/", above, t.Number(str(value.denominator)))


def product_of(factors: Iterable[t.Tree]) -> t.Tree | None:
    """The factors side by side, in their order; like ones as a power."""
    made: t.Tree | None = None
    for factor, many in _powers(factors):
        one = factor if many == 1 else _power(factor, many)
        made = one if made is None else t.Juxtaposition(made, one)
    return made


def _power(factor: t.Tree, many: int) -> t.Tree:
    if isinstance(factor, t.Binary) and factor.op == "^" and isinstance(factor.right, t.Number):
        return t.Binary("^", factor.left, number(factor.right.value * many))
    return t.Binary("^", factor, t.Number(str(many)))


def _powers(factors: Iterable[t.Tree]) -> Iterator[tuple[t.Tree, int]]:
    counts: dict[t.Tree, int] = {}
    for factor in factors:
        counts[factor] = counts.get(factor, 0) + 1
    yield from counts.items()


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
            factors = list(one.factors)
            factors.remove(factor)
            rest = replace(one, letters=tuple(x for x in one.letters if x != letter), factors=tuple(factors))
            return _without_units(rest.mapped({letter: other}))
    return one


def contracted(one: Product) -> Product:
    """All sums that deltas collapse, collapsed."""
    while (letter := collapsible(one)) is not None:
        one = collapsed(one, letter)
    return _without_units(one)


def _without_units(one: Product) -> Product:
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
