"""Mistakes with Kronecker deltas, and Jacobians of which only the diagonal is kept."""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.claims.redpen.edits import (
    ONE,
    Above,
    Local,
    in_index,
    is_product,
    is_sum,
    is_term,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t


def add_delta(site: Site) -> Local:
    """A product gets a Kronecker delta."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_term(tree, above) or isinstance(tree, t.Number):
            return
        letters = site.letters
        for k, i in enumerate(letters):
            for j in letters[k + 1 :]:
                yield t.Binary("·", t.Call("kronecker", (t.Name(i), t.Name(j))), tree)

    return local


def drop_delta(site: Site) -> Local:
    """A Kronecker delta (or a condition in brackets) is left out of a product."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_product(tree):
            return
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        for delta, other in ((tree.left, tree.right), (tree.right, tree.left)):
            if _is_delta(delta):
                yield other

    return local


def _is_delta(tree: t.Tree) -> bool:
    return isinstance(tree, t.Iverson) or (isinstance(tree, t.Call) and tree.function == "kronecker")


def one_to_delta(site: Site) -> Local:
    """p_i (1 - p_j) becomes p_i (δ_ij - p_j)."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if tree == ONE and above and is_sum(above[0]) and not in_index(tree, above):
            letters = site.letters
            for k, i in enumerate(letters):
                for j in letters[k + 1 :]:
                    yield t.Call("kronecker", (t.Name(i), t.Name(j)))

    return local


def delta_to_one(site: Site) -> Local:
    """δ_ij becomes 1."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if _is_delta(tree):
            yield ONE

    return local


def full_jacobian(site: Site) -> Local:
    """p ⊙ (1 - p) becomes diag(p) - p p^T: all entries of the Jacobian, not its diagonal alone."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        p = _diagonal_of(tree)
        if p is not None:
            yield t.Binary("-", t.Call("diag", (p,)), t.Juxtaposition(p, t.Transpose(p)))
        if isinstance(tree, t.Binary) and tree.op == "*" and is_product(tree.left):
            p = _diagonal_of(t.Binary("*", tree.left.right, tree.right))  # type: ignore[attr-defined]
            if p is not None:  # g ⊙ p ⊙ (1 - p) becomes p ⊙ (g - (p^T g))
                g = tree.left.left  # type: ignore[attr-defined]
                yield t.Binary("*", p, t.Binary("-", g, t.Juxtaposition(t.Transpose(p), g)))

    return local


def _diagonal_of(tree: t.Tree) -> t.Tree | None:
    """The p of p ⊙ (1 - p), of diag(p ⊙ (1 - p)), of diag(p)."""
    if isinstance(tree, t.Call) and tree.function == "diag" and len(tree.args) == 1:
        return _diagonal_of(tree.args[0]) or tree.args[0]
    if is_product(tree):
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        for p, rest in ((tree.left, tree.right), (tree.right, tree.left)):
            if isinstance(rest, t.Binary) and rest.op == "-" and rest.left == ONE and rest.right == p:
                return p
    return None


def only_diagonal(site: Site) -> Local:
    """diag(p) - p p^T becomes diag(p ⊙ (1 - p)); δ_ij - p_j becomes 1 - p_j."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        left = tree.left if isinstance(tree, t.Binary) and tree.op == "-" else None
        if isinstance(left, t.Call) and left.function == "diag" and len(left.args) == 1:
            p = left.args[0]
            yield t.Call("diag", (t.Binary("*", p, t.Binary("-", ONE, p)),))
            yield left

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "Kronecker delta dropped",
        "a Kronecker delta is dropped",
        "The derivative of one entry by another is 1 where both are the same entry and 0 elsewhere: that is the delta.",
        add_delta,
        drop_delta,
        1,
        "delta",
    ),
    Mistake(
        "Kronecker delta too much",
        "a Kronecker delta too much",
        "This derivative is not zero where the two indices differ.",
        drop_delta,
        add_delta,
        1,
        "delta",
    ),
    Mistake(
        "one for a delta",
        "1 stands where a Kronecker delta belongs",
        "Off the diagonal the 1 is missing: softmax has p_i (delta_ij - p_j).",
        one_to_delta,
        delta_to_one,
        1,
        "delta",
    ),
    Mistake(
        "only the diagonal",
        "only the diagonal of the Jacobian is kept",
        "Every output depends on every input here, so the Jacobian is full: softmax is no elementwise function.",
        full_jacobian,
        only_diagonal,
        1,
        "delta",
    ),
)
