"""Linear maps of differentials turned round: <G, A dX B> = <A^T G B^T, dX>, and the matrix of a map of a column."""

from __future__ import annotations

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.arrays import ONE, hadamard, matmul, no_matrix_form, plus, times
from symbolic.steps.normal_form import Arrays


def varies(tree: t.Tree, by: t.Name) -> bool:
    """Whether a differential of a quantity stands in a formula."""
    return c.Differential(by) in tree.walk()


def pulled(arrays: Arrays, tree: t.Tree, gradient: t.Tree, by: t.Name) -> t.Tree | None:
    """A with <gradient, tree> = <A, d by> + what does not depend on d by; None where nothing does.

    The gradient is of the kind of the tree, a row where that is a row.

    Raises:
        NoMatrixFormError: no rule for a part of the tree.
    """
    if not varies(tree, by):
        return None
    match tree:
        case c.Differential():
            return gradient
        case t.Negative(operand):
            return pulled(arrays, operand, t.Negative(gradient), by)
        case t.Transpose(operand):
            return pulled(arrays, operand, t.Transpose(gradient), by)
        case t.Binary("+" | "-" as sign, left, right):
            second = t.Negative(gradient) if sign == "-" else gradient
            return plus(pulled(arrays, left, gradient, by), pulled(arrays, right, second, by))
        case t.Binary("/", left, right):
            return pulled(arrays, left, t.Binary("/", gradient, right), by)
        case t.Binary("⊗", left, right):
            return _product(arrays, left, t.Transpose(right), gradient, by)
        case t.Binary("*" | "∘", left, right) if "number" not in (arrays.kind(left), arrays.kind(right)):
            moving, fixed = (left, right) if varies(left, by) else (right, left)
            return pulled(arrays, moving, hadamard(gradient, fixed), by)
        case t.Juxtaposition(left, right) | t.Binary(_, left, right):
            return _product(arrays, left, right, gradient, by)
        case t.Call("inner", (left, right)):
            moving, fixed = (left, right) if varies(left, by) else (right, left)
            return pulled(arrays, moving, times(gradient, fixed), by)
        case t.Call("trace", (operand,)):
            return pulled(arrays, operand, times(gradient, t.Call("Id", (arrays.size(operand),))), by)
    raise no_matrix_form(tree)


def _product(arrays: Arrays, left: t.Tree, right: t.Tree, gradient: t.Tree, by: t.Name) -> t.Tree | None:
    """<G, A dX> = <A^T G, dX> and <G, dX B> = <G B^T, dX>; the gradient of a number is the inner product."""
    moving, fixed = (left, right) if varies(left, by) else (right, left)
    if arrays.kind(fixed) == "number":
        return pulled(arrays, moving, times(fixed, gradient), by)
    if arrays.kind(moving) == "number":
        return pulled(arrays, moving, arrays.inner(gradient, fixed), by)
    if arrays.kind(gradient) == "number":  # a row times a column, or two alike with a dot
        same = arrays.kind(left) == arrays.kind(right)
        return pulled(arrays, moving, times(gradient, fixed if same else t.Transpose(fixed)), by)
    turned = t.Transpose(fixed)
    return pulled(arrays, moving, matmul(gradient, turned) if moving is left else matmul(turned, gradient), by)


def coefficient(arrays: Arrays, tree: t.Tree, by: t.Name) -> t.Tree | None:
    """J with tree = J d by + what does not depend on d by; the tree and `by` are columns or numbers.

    Raises:
        NoMatrixFormError: no rule for a part of the tree.
    """
    if not varies(tree, by):
        return None
    match tree:
        case c.Differential():
            return ONE if arrays.kind(by) == "number" else t.Call("Id", (arrays.size(by),))
        case t.Negative(operand):
            inner = coefficient(arrays, operand, by)
            return t.Negative(inner) if inner is not None else None
        case t.Binary("+" | "-" as sign, left, right):
            one, other = coefficient(arrays, left, by), coefficient(arrays, right, by)
            return plus(one, t.Negative(other) if other is not None and sign == "-" else other)
    if arrays.kind(tree) == "number":
        if arrays.kind(by) == "number":
            return pulled(arrays, tree, ONE, by)
        row = pulled(arrays, tree, ONE, by)
        return t.Transpose(row) if row is not None else None
    match tree:
        case t.Binary("/", left, right):
            inner = coefficient(arrays, left, by)
            assert inner is not None
            if arrays.kind(right) == "number":
                return t.Binary("/", inner, right)
            return _scaled_rows(arrays, t.Binary("/", ONE, right), inner)
        case t.Binary("*" | "∘", left, right) if "number" not in (arrays.kind(left), arrays.kind(right)):
            moving, fixed = (left, right) if varies(left, by) else (right, left)
            inner = coefficient(arrays, moving, by)
            assert inner is not None
            return _scaled_rows(arrays, fixed, inner)
        case t.Juxtaposition(left, right) | t.Binary(_, left, right):
            moving, fixed = (left, right) if varies(left, by) else (right, left)
            inner = coefficient(arrays, moving, by)
            assert inner is not None
            if arrays.kind(fixed) == "number":
                return times(fixed, inner)
            if arrays.kind(moving) == "number" or moving is right:
                return matmul(fixed, inner)
    raise no_matrix_form(tree)


def _scaled_rows(arrays: Arrays, by: t.Tree, rows: t.Tree) -> t.Tree:
    """diag(v) J; entry by entry where J is a column."""
    return matmul(t.Call("diag", (by,)), rows) if arrays.kind(rows) == "matrix" else hadamard(by, rows)
