"""Mistakes with transposes, with the order of factors and with the kind of a product."""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.claims.redpen.edits import (
    Above,
    Local,
    factors,
    heads_product,
    in_index,
    is_product,
    is_sum,
    is_target,
    product_of,
    sign_of,
    times,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

#: Signs that a matrix product may have.
MATRIX = ("", "@", "·", "×")
#: What may be transposed as it stands; anything else would need brackets, which is no slip of the pen.
UNITS = (t.Name, t.Index, t.Call, c.Partial, t.Binary, t.Juxtaposition)


def _may_be_transposed(site: Site, tree: t.Tree, above: Above) -> bool:
    if not isinstance(tree, UNITS) or in_index(tree, above) or is_target(tree, above):
        return False
    parent = above[0] if above else None
    if isinstance(parent, t.Transpose) or (isinstance(parent, t.Index) and parent.array is tree):
        return False
    if is_product(tree) and parent is not None and is_product(parent):
        return False  # a bracket around the whole product is another mistake
    return (site.rank(tree) or 0) >= 1


def add_transpose(site: Site) -> Local:
    """X becomes X^T."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if _may_be_transposed(site, tree, above):
            yield t.Transpose(tree)

    return local


def remove_transpose(site: Site) -> Local:
    """X^T becomes X."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Transpose) and not in_index(tree, above):
            yield tree.operand

    return local


def swap_factors(site: Site) -> Local:
    """A B becomes B A."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above) or sign_of(tree) not in MATRIX:
            return
        parts = factors(tree)
        for k in range(len(parts) - 1):
            if (site.rank(parts[k]) or 0) and (site.rank(parts[k + 1]) or 0):
                yield product_of(sign_of(tree), [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]])
        if len(parts) > 2:
            yield product_of(sign_of(tree), parts[::-1])

    return local


def turn_outer(site: Site) -> Local:
    """u v^T becomes v u^T; (A B)^T the other way round too."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above) or sign_of(tree) not in (*MATRIX, "⊗"):
            return
        sign, parts = sign_of(tree), factors(tree)
        if sign == "⊗" and len(parts) == 2:
            yield times(sign, parts[1], parts[0])
            return
        for k in range(len(parts) - 1):
            u, v = parts[k], parts[k + 1]
            if isinstance(v, t.Transpose) and not isinstance(u, t.Transpose):
                yield product_of(sign, [*parts[:k], v.operand, t.Transpose(u), *parts[k + 2 :]])
            elif isinstance(u, t.Transpose) and not isinstance(v, t.Transpose):
                yield product_of(sign, [*parts[:k], t.Transpose(v), u.operand, *parts[k + 2 :]])
        if len(parts) > 2 and isinstance(parts[-1], t.Transpose):
            whole = product_of(sign, parts[:-1])
            yield product_of(sign, [parts[-1].operand, t.Transpose(whole)])
        elif len(parts) == 2 and isinstance(parts[1], t.Transpose) and is_product(parts[0]):
            yield times(sign, parts[1].operand, t.Transpose(parts[0]))

    return local


def outer_missing(site: Site) -> Local:
    """u v of two columns becomes u v^T."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above) or sign_of(tree) not in (*MATRIX, "*"):
            return
        parts = factors(tree)
        u, v = product_of(sign_of(tree), parts[:-1]), parts[-1]
        if site.rank(u) == 1 and site.rank(v) == 1:
            sign = "" if sign_of(tree) == "*" else sign_of(tree)
            yield times(sign, u, t.Transpose(v))
            yield times(sign, v, t.Transpose(u))

    return local


def drop_outer(site: Site) -> Local:
    """u v^T becomes u v."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        last = tree.right if is_product(tree) and isinstance(tree, t.Binary | t.Juxtaposition) else None
        if isinstance(last, t.Transpose) and site.rank(last) == 1:
            yield times(sign_of(tree), tree.left, last.operand)  # type: ignore[attr-defined]

    return local


def to_elementwise(site: Site) -> Local:
    """A matrix product becomes an elementwise one."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if is_product(tree) and sign_of(tree) in MATRIX and _arrays(site, tree):
            assert isinstance(tree, t.Binary | t.Juxtaposition)
            yield t.Binary("*", tree.left, tree.right)
            parts = factors(tree)  # A B c with c elementwise: the sign binds more loosely
            for k in range(1, len(parts) - 1):
                sign = sign_of(tree)
                yield t.Binary("*", product_of(sign, parts[:k]), product_of(sign, parts[k:]))

    return local


def to_matrix(site: Site) -> Local:
    """An elementwise product becomes a matrix product."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Binary) and tree.op in ("*", "∘") and _arrays(site, tree):
            yield t.Binary("@", tree.left, tree.right)

    return local


def _arrays(site: Site, tree: t.Tree) -> bool:
    assert isinstance(tree, t.Binary | t.Juxtaposition)
    return site.rank(tree.left) != 0 and site.rank(tree.right) != 0


def add_diag(site: Site) -> Local:
    """v W becomes diag(v) W."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if above and is_sum(above[0]) and not is_sum(tree) and site.rank(tree) == 1:
            yield t.Call("diag", (tree,))
        if not is_product(tree):
            return
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        sign = "" if sign_of(tree) in ("*", "∘") else sign_of(tree)
        if site.rank(tree.left) == 1:
            yield times(sign, t.Call("diag", (tree.left,)), tree.right)
        if site.rank(tree.right) == 1:
            yield times(sign, tree.left, t.Call("diag", (tree.right,)))

    return local


def remove_diag(site: Site) -> Local:
    """diag(v) becomes v, and its product elementwise."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and tree.function == "diag" and len(tree.args) == 1:
            yield tree.args[0]
        if is_product(tree):
            assert isinstance(tree, t.Binary | t.Juxtaposition)
            for diag, other, first in ((tree.left, tree.right, True), (tree.right, tree.left, False)):
                if isinstance(diag, t.Call) and diag.function == "diag" and len(diag.args) == 1:
                    yield t.Binary("*", diag.args[0], other) if first else t.Binary("*", other, diag.args[0])

    return local


def regroup(site: Site) -> Local:
    """A (b ⊙ c) becomes (A b) ⊙ c, and the reverse."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not is_product(tree) or is_sum(tree):
            return
        assert isinstance(tree, t.Binary | t.Juxtaposition)
        left, right, sign = tree.left, tree.right, sign_of(tree)
        if is_product(right) and sign_of(right) != sign:
            assert isinstance(right, t.Binary | t.Juxtaposition)
            yield times(sign_of(right), times(sign, left, right.left), right.right)
        if is_product(left) and sign_of(left) != sign:
            assert isinstance(left, t.Binary | t.Juxtaposition)
            yield times(sign_of(left), left.left, times(sign, left.right, right))

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "transpose missing",
        "a transpose is missing",
        "Going backward through z = W a takes W transposed, and an outer product takes its second vector as a row.",
        add_transpose,
        remove_transpose,
        1,
        "transpose",
    ),
    Mistake(
        "transpose too much",
        "a transpose too much",
        "This factor stands as it is: its rows and columns already fit the sizes on the left side.",
        remove_transpose,
        add_transpose,
        1,
        "transpose",
    ),
    Mistake(
        "outer product turned",
        "the outer product is the wrong way round",
        "The gradient has the shape of its variable: for W in z = W a the error stands first and the input transposed.",
        turn_outer,
        None,
        1,
        "transpose",
    ),
    Mistake(
        "product of two columns",
        "two columns are multiplied without a transpose",
        "Two columns have no matrix product; the gradient by W is their outer product, a column times a row.",
        outer_missing,
        drop_outer,
        1,
        "transpose",
    ),
    Mistake(
        "factors swapped",
        "two factors are in the wrong order",
        "Matrix products do not commute: the factors stand in the order in which the chain rule multiplies them.",
        swap_factors,
        None,
        2,
        "order",
    ),
    Mistake(
        "elementwise for matrix product",
        "an elementwise product where a matrix product belongs",
        "Entries are summed over here: that takes a matrix product, not one entry by entry.",
        to_matrix,
        to_elementwise,
        2,
        "product",
    ),
    Mistake(
        "matrix product for elementwise",
        "a matrix product where an elementwise product belongs",
        "An activation acts on every entry by itself, so its derivative multiplies entry by entry.",
        to_elementwise,
        to_matrix,
        2,
        "product",
    ),
    Mistake(
        "diag missing",
        "diag is missing",
        "The Jacobian of an elementwise function is a diagonal matrix; a vector alone does not multiply the rows.",
        add_diag,
        remove_diag,
        2,
        "product",
    ),
    Mistake(
        "diag too much",
        "diag too much",
        "Entry by entry a vector is multiplied as it is; diag would make a matrix of it.",
        remove_diag,
        add_diag,
        2,
        "product",
    ),
    Mistake(
        "brackets around the wrong product",
        "the elementwise factor stands inside the wrong bracket",
        "The matrix product is taken first and the elementwise factor multiplies its result, or the reverse.",
        regroup,
        None,
        3,
        "product",
    ),
)
