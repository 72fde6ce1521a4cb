"""Mistakes with signs, summands, brackets and constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.redpen.edits import (
    ONE,
    Above,
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
        "one minus",
        "a number is off by one, or 1 - p is taken for p",
        "Look at the constant of this factor once more.",
        add_one,
        None,
        2,
        "number",
    ),
)
