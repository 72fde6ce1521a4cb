"""Mistakes with sums: missing, too much, over another letter, with other limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.matching import substituted
from jacobians.claims.redpen.edits import (
    Above,
    Local,
    factors,
    heads_product,
    is_product,
    is_term,
    product_of,
    shifted,
    sign_of,
)
from jacobians.claims.redpen.letters import _outside_sums
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


def add_sum(site: Site) -> Local:
    """A product with a letter that is free on this side only is summed over it."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not _outside_sums(tree, above) or not (is_term(tree, above) or is_product(tree)):
            return
        inside = {p.text for p in tree.walk() if isinstance(p, t.Name)}
        bound = {x for p in (*above, tree) if isinstance(p, c.Sum) for x in p.indices}
        for letter in site.letters:
            if letter in inside and letter not in bound and letter not in site.free:
                yield c.Sum((letter,), tree)
        for label in site.labels:
            if label in inside and label not in bound:
                yield c.Sum((label,), tree)

    return local


def sum_over_middle(site: Site) -> Local:
    """dL/dp_i dp_i/dz_i becomes the sum over j of dL/dp_j dp_j/dz_i: all ways from the variable to the result."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_product(tree) or not heads_product(tree, above):
            return
        parts, sign = factors(tree), sign_of(tree)
        new = t.Name(next(x for x in "jklmnpqr" if x not in site.letters))
        for k in range(len(parts) - 1):
            first, second = parts[k], parts[k + 1]
            if not (isinstance(first, c.Partial) and isinstance(second, c.Partial)):
                continue
            if first.by == second.of and isinstance(first.by, t.Index):
                for letter in first.by.indices:
                    if isinstance(letter, t.Name):
                        middle = substituted(first.by, {letter.text: new})
                        both = [replace(first, by=middle), replace(second, of=middle)]
                        yield c.Sum((new.text,), product_of(sign, [*parts[:k], *both, *parts[k + 2 :]]))

    return local


def drop_sum(site: Site) -> Local:
    """A sum sign is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if type(tree) is c.Sum:
            yield tree.body

    return local


def other_sum_letter(site: Site) -> Local:
    """The sum is over another letter."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, c.Sum) and len(tree.indices) == 1:
            for letter in site.letters:
                if letter not in tree.indices:
                    yield replace(tree, indices=(letter,))

    return local


def other_limits(site: Site) -> Local:
    """A sum or product begins or ends one earlier or later, or has a condition more or less."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, c.Sum):
            return
        for by in (1, -1):
            if tree.lower is not None:
                yield replace(tree, lower=shifted(tree.lower, by))
            if tree.upper is not None:
                yield replace(tree, upper=shifted(tree.upper, by))
        if tree.condition is not None:
            yield replace(tree, condition=None)
        elif len(tree.indices) == 1:
            for letter in site.free:
                condition = t.Comparison((t.Name(tree.indices[0]), t.Name(letter)), ("!=",))
                yield replace(tree, condition=condition)

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "sum missing",
        "a sum is missing",
        "The variable reaches the result by several ways, one for each value of this index: they are summed.",
        add_sum,
        drop_sum,
        1,
        "sum",
    ),
    Mistake(
        "one way only",
        "a sum is missing: only one way through the middle is taken",
        "Every output in the middle depends on the variable, so the chain rule sums over all of them.",
        sum_over_middle,
        drop_sum,
        1,
        "sum",
    ),
    Mistake(
        "sum too much",
        "a sum too much",
        "Only one summand is there: a Kronecker delta leaves no other, or the index is free.",
        drop_sum,
        add_sum,
        1,
        "sum",
    ),
    Mistake(
        "sum over the wrong index",
        "the sum is over the wrong index",
        "Summed is over the index that stands on the right side alone.",
        other_sum_letter,
        None,
        1,
        "sum",
    ),
    Mistake(
        "limits",
        "the limits of a sum or product, or its condition, are wrong",
        "Write out the first and the last summand: one is missing or too much.",
        other_limits,
        None,
        2,
        "limits",
    ),
)
