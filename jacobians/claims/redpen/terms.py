"""Mistakes with signs, numbers, factors and summands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.redpen.edits import (
    Local,
    factors,
    heads_product,
    heads_sum,
    in_index,
    is_product,
    is_sum,
    is_target,
    product_of,
    sign_of,
    sum_of,
    summands,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

Above = tuple[t.Tree, ...]
ONE, TWO = t.Number("1"), t.Number("2")


def _is_term(tree: t.Tree, above: Above) -> bool:
    """A whole side, a summand, what a sum or a bracket holds: where a factor of its own could stand."""
    if in_index(tree, above) or is_target(tree, above) or (is_sum(tree) and above and not isinstance(above[0], c.Sum)):
        return False
    parent = above[0] if above else None
    if parent is None or is_sum(parent) or isinstance(parent, t.Negative):
        return True
    if isinstance(parent, c.Sum):
        return parent.body is tree
    return isinstance(parent, c.Cases) and any(tree is value for value, _ in parent.branches)


def flip_sign(site: Site) -> Local:
    """A summand or a whole side gets the other sign."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        parent = above[0] if above else None
        if isinstance(tree, t.Negative):
            yield tree.operand
        if isinstance(tree, t.Binary) and tree.op in "+-":
            yield replace(tree, op="-" if tree.op == "+" else "+")
            if tree.op == "-" and not is_sum(tree.left):
                yield replace(tree, left=tree.right, right=tree.left)
            if isinstance(tree.left, t.Negative):
                yield replace(tree, left=tree.left.operand)
        if parent is None and not isinstance(tree, t.Negative):
            yield t.Negative(tree)
        if parent is not None and is_sum(parent) and parent.left is tree and not is_sum(tree):  # type: ignore[attr-defined]
            yield t.Negative(tree)
        inside = isinstance(parent, c.Cases | t.List) or (isinstance(parent, c.Sum) and parent.body is tree)
        if inside and not isinstance(tree, t.Negative):
            yield t.Negative(tree)

    return local


def factor_two(site: Site) -> Local:
    """A factor 2 or 1/2 comes or goes."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if _is_term(tree, above):
            yield t.Binary("*", TWO, tree)
            yield t.Binary("*", t.Binary("/", ONE, TWO), tree)
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
        if _is_term(tree, above):
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
        if _is_term(tree, above):
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
        if not (_is_term(tree, above) or (above and is_product(above[0]))):
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


def drop_summand(site: Site) -> Local:
    """One summand is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if heads_sum(tree, above) and not in_index(tree, above):
            parts = summands(tree)
            for k in range(len(parts)):
                yield sum_of([*parts[:k], *parts[k + 1 :]])

    return local


def add_summand(site: Site) -> Local:
    """A part becomes a sum: with a path of the chain rule, a part of another line, another quantity, 1."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if _may_be_sum(tree, above):
            for summand in site.summands(tree):
                yield t.Binary("+", tree, summand)
                yield t.Binary("-", tree, summand)
                if not is_sum(tree):
                    yield t.Binary("-", summand, tree)

    return local


def _may_be_sum(tree: t.Tree, above: Above) -> bool:
    """A whole side, what a sum sign holds, a factor, an argument."""
    parent = above[0] if above else None
    if parent is None or isinstance(parent, t.Negative):
        return True
    if isinstance(tree, t.Number) and isinstance(parent, t.Binary) and parent.op in "/^":
        return False
    if isinstance(parent, c.Sum):
        return parent.body is tree
    if isinstance(parent, t.Call):
        return parent.function == "diag"
    return (is_product(parent) and not is_product(tree)) or (isinstance(parent, t.Binary) and parent.op in "/^")


def double_summand(site: Site) -> Local:
    """One summand stands twice."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if heads_sum(tree, above) and not in_index(tree, above):
            parts = summands(tree)
            for sign, part in parts:
                yield t.Binary("+" if sign > 0 else "-", tree, part)

    return local


def widen_brackets(site: Site) -> Local:
    """a + b c becomes (a + b) c."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_sum(tree) or in_index(tree, above):
            return
        assert isinstance(tree, t.Binary)
        last = tree.right
        if is_product(last):
            parts, sign = factors(last), sign_of(last)
            for k in range(1, len(parts)):
                inner = replace(tree, right=product_of(sign, parts[:k]))
                yield product_of(sign, [inner, *parts[k:]])
        first = tree.left
        if is_product(first):
            parts, sign = factors(first), sign_of(first)
            for k in range(1, len(parts)):
                inner = replace(tree, left=product_of(sign, parts[k:]))
                yield product_of(sign, [*parts[:k], inner])

    return local


def narrow_brackets(site: Site) -> Local:
    """(a + b) c becomes a + b c."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above):
            return
        parts, sign = factors(tree), sign_of(tree)
        if is_sum(parts[0]):
            inner = parts[0]
            assert isinstance(inner, t.Binary)
            yield replace(inner, right=product_of(sign, [inner.right, *parts[1:]]))
        if is_sum(parts[-1]):
            inner = parts[-1]
            assert isinstance(inner, t.Binary)
            yield replace(inner, left=product_of(sign, [*parts[:-1], inner.left]))

    return local


def turn_fraction(site: Site) -> Local:
    """a/b becomes b/a."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Binary) and tree.op == "/" and not in_index(tree, above):
            yield replace(tree, left=tree.right, right=tree.left)

    return local


def add_one(site: Site) -> Local:
    """p becomes 1 - p, 1 - p becomes p; a number changes by one."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if isinstance(tree, t.Binary) and tree.op == "-" and tree.left == ONE:
            yield tree.right
        parent = above[0] if above else None
        if isinstance(tree, t.Name | t.Index | t.Call) and (parent is None or is_product(parent)):
            yield t.Binary("-", ONE, tree)
        if isinstance(tree, t.Number) and tree.text.isdigit():
            for by in (1, -1):
                if int(tree.text) + by >= 0:
                    yield t.Number(str(int(tree.text) + by))

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "sign",
        "a sign is wrong",
        "Minus signs come from the model's own equation; follow each one through the line.",
        flip_sign,
        None,
        1,
        "sign",
    ),
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
        "summand missing",
        "a summand is missing: one path is left out",
        "The derivative is the sum over all paths from the variable to the result, and every factor of a product "
        "has its turn.",
        add_summand,
        drop_summand,
        2.5,
        "summand",
    ),
    Mistake(
        "summand too much",
        "a summand too much",
        "This summand belongs to no path.",
        drop_summand,
        double_summand,
        2,
        "summand",
    ),
    Mistake(
        "brackets missing",
        "brackets are missing around a sum",
        "The common factor multiplies every summand, which takes brackets.",
        widen_brackets,
        narrow_brackets,
        1,
        "brackets",
    ),
    Mistake(
        "brackets too much",
        "a factor reaches too far",
        "The factor belongs to one summand only, so it must not stand behind brackets.",
        narrow_brackets,
        widen_brackets,
        2,
        "brackets",
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
    Mistake(
        "one minus",
        "a number is off by one, or 1 - p is taken for p",
        "Look at the constant of this factor once more.",
        add_one,
        None,
        2,
        "number",
    ),
)
