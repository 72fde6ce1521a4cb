"""Mistakes with factors: numbers, counts, roots, and factors that are missing or too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.redpen.edits import (
    ONE,
    TWO,
    Above,
    Local,
    factors,
    heads_product,
    in_index,
    is_product,
    is_target,
    is_term,
    product_of,
    sign_of,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t


def factor_two(site: Site) -> Local:
    """A factor 2 or 1/2 comes or goes."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if is_term(tree, above):
            yield t.Juxtaposition(TWO, tree)
            yield t.Binary("/", tree, TWO)
        yield from _without_number(tree, above)

    return local


def _without_number(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
    """The tree without a factor that is a number, or with it turned over."""
    if in_index(tree, above):
        return
    if is_product(tree):
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        if _is_number(tree.left):
            yield tree.right
        if _is_number(tree.right):
            yield tree.left
    if isinstance(tree, t.Binary) and tree.op == "/" and _is_number(tree.right) and not _is_number(tree.left):
        yield tree.left


def _is_number(tree: t.Tree) -> bool:
    return all(isinstance(part, t.Number | t.Negative | t.Binary) for part in tree.walk())


def factor_count(site: Site) -> Local:
    """A factor 1/m, m, or the square root of a size comes or goes."""
    context = site.judge.context
    names = [t.Name(n) for n in context.sizes]

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if is_term(tree, above):
            for name in names:
                yield t.Binary("/", tree, name)
                yield t.Binary("*", name, tree)
        if isinstance(tree, t.Binary) and tree.op == "/" and _is_count(site, tree.right):
            if isinstance(tree.right, t.Name):
                yield replace(tree, right=t.Call("sqrt", (tree.right,)))
            elif isinstance(tree.right, t.Call) and tree.right.function == "sqrt":
                yield replace(tree, right=tree.right.args[0])
            yield tree.left
            for name in names:
                if name != tree.right:
                    yield replace(tree, right=name)
        if is_product(tree):
            assert isinstance(tree, t.Binary | t.Juxtaposition)
            if _is_count(site, tree.left):
                yield tree.right
            if _is_count(site, tree.right):
                yield tree.left

    return local


def factor_root(site: Site) -> Local:
    """A factor that is the square root of a size, or one over it, comes."""
    roots = [t.Call("sqrt", (t.Name(n),)) for n in site.judge.context.sizes]

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if is_term(tree, above):
            for root in roots:
                yield t.Binary("/", tree, root)
                yield t.Binary("*", root, tree)

    return local


def _is_count(site: Site, tree: t.Tree) -> bool:
    """m, 1/m, sqrt(m)."""
    sizes = site.judge.context.sizes
    names = [p.text for p in tree.walk() if isinstance(p, t.Name)]
    return bool(names) and all(n in sizes for n in names)


def drop_factor(site: Site) -> Local:
    """One factor of a product, the divisor of a fraction, is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if heads_product(tree, above):
            parts = factors(tree)
            for k in range(len(parts)):
                yield product_of(sign_of(tree), [*parts[:k], *parts[k + 1 :]])
        if isinstance(tree, t.Binary) and tree.op == "/":
            yield tree.left
            if not _is_number(tree.left):
                yield replace(tree, left=ONE)

    return local


def drop_small_factor(site: Site) -> Local:
    """One factor is left out where more than it is left."""
    dropped = drop_factor(site)

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        size = sum(1 for _ in tree.walk())
        yield from (new for new in dropped(tree, above) if 2 * sum(1 for _ in new.walk()) >= size)

    return local


def add_factor(site: Site) -> Local:
    """A product gets a factor: of the model, of another line, the gradient that arrives from behind."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not (is_term(tree, above) or (above and is_product(above[0]))):
            return
        rank = site.rank(tree)
        for factor in site.pool:
            yield from _with_factor(tree, rank, factor, site.rank(factor))

    return local


def _with_factor(tree: t.Tree, rank: int | None, factor: t.Tree, other: int | None) -> Iterator[t.Tree]:
    """The products of a part with a factor that can have a meaning."""
    if other == 0:
        yield t.Binary("·", tree, factor)
        yield t.Binary("/", tree, factor)
        return
    if rank == 0:
        yield t.Binary("·", tree, factor)
        return
    turned = factor.operand if isinstance(factor, t.Transpose) else t.Transpose(factor)
    if rank == other:
        yield t.Binary("*", tree, factor)
    if rank == 1 and other == 1:
        yield t.Juxtaposition(tree, turned)
        yield t.Juxtaposition(factor, t.Transpose(tree))
    else:
        for one in (factor, turned):
            yield t.Juxtaposition(one, tree)
            yield t.Juxtaposition(tree, one)


def double_factor(site: Site) -> Local:
    """One factor stands twice."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if heads_product(tree, above):
            for part in factors(tree):
                yield t.Binary("*" if (site.rank(part) or 0) else "·", tree, part)

    return local


def turn_fraction(site: Site) -> Local:
    """a/b becomes b/a."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Binary) and tree.op == "/" and not in_index(tree, above):
            yield replace(tree, left=tree.right, right=tree.left)

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "factor 2",
        "a factor 2 or 1/2",
        "The derivative of a square brings a 2 down, which a 1/2 in the loss cancels.",
        factor_two,
        None,
        1,
        "number",
    ),
    Mistake(
        "factor 1/m",
        "a factor from counting, such as 1/m, is missing or too much",
        "A mean over m things has the factor 1/m, once; a sum has none.",
        factor_count,
        None,
        1,
        "number",
    ),
    Mistake(
        "factor with a root",
        "a square root of a size is missing or too much",
        "Scaled scores have the factor 1/sqrt(d), and so have the gradients that pass through them.",
        factor_root,
        factor_count,
        2.2,
        "number",
    ),
    Mistake(
        "factor missing",
        "a factor is missing",
        "Each step of the chain rule leaves one factor; one of them is not there.",
        add_factor,
        drop_small_factor,
        4,
        "factor",
    ),
    Mistake(
        "factor too much",
        "a factor too much",
        "Each step of the chain rule leaves one factor, and this one is there once too often.",
        drop_factor,
        double_factor,
        2,
        "factor",
    ),
    Mistake(
        "fraction upside down",
        "a fraction is upside down",
        "What is divided by stands below.",
        turn_fraction,
        None,
        2,
        "fraction",
    ),
)
