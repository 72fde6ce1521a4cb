"""Sums of products as the lines of a bridge have them: multiplied out, put in, made tidy."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.bridge_keys import key_of
from symbolic.steps.sums import Product, Sums, cancelled, read, without_units, write

if TYPE_CHECKING:
    from symbolic.steps.bridge_world import World

#: Products that multiplying out may make.
MOST_PRODUCTS = 60


def tidy(sums: Sums) -> Sums:
    """Flat products, like ones added up; what is above and below a line is gone, and δ_ii is 1."""
    flat = tuple(p for one in sums for p in flattened(one))
    first: dict[str, Product] = {}
    for one in flat:
        key = key_of((replace(one, coefficient=Fraction(1)),))
        known = first.get(key)
        first[key] = replace(known, coefficient=known.coefficient + one.coefficient) if known else one
    return tuple(one for one in first.values() if one.coefficient)


def flattened(one: Product) -> Sums:
    """A product without products among its factors; a sum that stands alone is a sum of products."""
    made = replace(one, factors=(), below=())
    for factor in one.factors:
        inner = read(factor)
        if not inner:
            return ()
        if len(inner) > 1 and len(one.factors) == 1 and not one.below:
            return tuple(p for part in inner for p in flattened(made.times(part)))
        made = made.times(inner[0] if len(inner) == 1 else Product(factors=(factor,)))
    for factor in one.below:
        inner = read(factor)
        if len(inner) == 1 and not inner[0].letters and inner[0].coefficient:
            inverse = Product(1 / inner[0].coefficient, (), inner[0].below, inner[0].factors)
        else:
            inverse = Product(below=(factor,))
        made = made.times(inverse)
    return (without_units(cancelled(made)),)


def distributed(one: Product) -> Sums:
    """A product of sums, multiplied out."""
    options = [read(part) for factor in one.factors for part in _repeated(factor)]
    count = 1
    for option in options:
        count *= len(option)
    if count <= 1 or count > MOST_PRODUCTS:
        return (one,)
    rest = replace(one, factors=())
    return tuple(rest.times(*parts) for parts in itertools.product(*options))


def _repeated(factor: t.Tree) -> list[t.Tree]:
    """The square of a sum as two factors."""
    match factor:
        case t.Binary("^", base, t.Number("2")) if len(read(base)) > 1:
            return [base, base]
    return [factor]


def fresh(world: World, sums: Sums) -> Sums:
    """The same with letters of their own under all sums."""
    return tuple(_fresh(world, one) for one in sums)


def _fresh(world: World, one: Product) -> Product:
    letters = {x: world.letter(x) for x in one.letters}
    made = replace(one, letters=tuple(letters.values())).mapped({x: t.Name(new) for x, new in letters.items()})
    return made.each(world.refreshed)


def placed(world: World, sums: Sums, target: t.Tree, new: Sums) -> Sums:
    """Something else in place of a factor, everywhere."""
    return tuple(p for one in sums for p in _placed(world, one, target, new))


def _placed(world: World, one: Product, target: t.Tree, new: Sums) -> Iterator[Product]:
    def swap(tree: t.Tree) -> t.Tree:
        if tree == target:
            return write(fresh(world, new))
        return tree if isinstance(tree, c.Partial) else rebuilt(tree, swap)

    options = [fresh(world, new) if f == target else (Product(factors=(swap(f),)),) for f in one.factors]
    rest = replace(one, factors=(), below=tuple(map(swap, one.below)))
    for parts in itertools.product(*options):
        yield rest.times(*parts)


def outside(tree: t.Tree, inside: bool = False) -> Iterator[t.Tree]:
    """The parts of a factor outside of derivatives; with `inside` the derivatives themselves, too."""
    if not isinstance(tree, c.Partial):
        yield tree
        for child in tree.children:
            yield from outside(child, inside)
    elif inside:
        yield tree
