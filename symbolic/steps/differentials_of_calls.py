"""The differentials of functions of whole arrays: d|x| = x^T dx / |x|, d tr(A) = tr(dA), that of a softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jacobians.notation import tree as t
from symbolic.steps.arrays import ONE, hadamard, matmul, no_matrix_form, times

if TYPE_CHECKING:
    from symbolic.steps.differentials import Differentials

Rule = Callable[["Differentials", t.Call], t.Tree | None]


def norm(work: Differentials, tree: t.Call) -> t.Tree | None:
    """x^T dx / |x|."""
    if len(tree.args) != 1:
        raise no_matrix_form(tree)
    return t.Binary("/", work.along(tree.args[0], ONE) or ONE, tree)


def total(work: Differentials, tree: t.Call) -> t.Tree | None:
    """1^T dx of the sum of all entries."""
    (x,) = tree.args
    inner = work.of(x)
    assert inner is not None
    return work.arrays.inner(work.arrays.ones(x), inner)


def mean(work: Differentials, tree: t.Call) -> t.Tree | None:
    """That of the sum, over the number of entries."""
    made = total(work, tree)
    assert made is not None
    for axis in range(len(work.arrays.graph.shape(tree.args[0]))):
        made = t.Binary("/", made, work.arrays.size(tree.args[0], axis))
    return made


def trace(work: Differentials, tree: t.Call) -> t.Tree | None:
    """tr(dA)."""
    inner = work.of(tree.args[0])
    return t.Call("trace", (inner,)) if inner is not None else None


def inverse(work: Differentials, tree: t.Call) -> t.Tree | None:
    """-A^(-1) dA A^(-1)."""
    inner = work.of(tree.args[0])
    assert inner is not None
    work.used("inverse")
    return t.Negative(matmul(matmul(tree, inner), tree))


def log_determinant(work: Differentials, tree: t.Call) -> t.Tree | None:
    """tr(A^(-1) dA)."""
    (x,) = tree.args
    inner = work.of(x)
    assert inner is not None
    work.used("determinant")
    return t.Call("trace", (matmul(t.Call("inverse", (x,)), inner),))


def determinant(work: Differentials, tree: t.Call) -> t.Tree | None:
    """det(A) tr(A^(-1) dA)."""
    made = log_determinant(work, tree)
    return times(tree, made) if made is not None else None


def inner(work: Differentials, tree: t.Call) -> t.Tree | None:
    """<da, b> + <a, db>."""
    a, b = tree.args
    return work.product(a, b, work.arrays.inner)


def outer(work: Differentials, tree: t.Call) -> t.Tree | None:
    """da b^T + a db^T."""
    a, b = tree.args
    return work.product(a, b, lambda x, y: matmul(x, t.Transpose(y)))


def softmax(work: Differentials, tree: t.Call) -> t.Tree | None:
    """The differential (diag(p) - p p^T) dz; row by row dP = (dZ - (dZ ⊙ P) 1 1^T) ⊙ P."""
    (x,) = tree.args
    inner = work.of(x)
    assert inner is not None
    p = _value(work, tree)
    work.used("softmax", name=p)
    match work.arrays.kind(x):
        case "column":
            return matmul(t.Binary("-", t.Call("diag", (p,)), matmul(p, t.Transpose(p))), inner)
        case "row":
            return matmul(inner, t.Binary("-", t.Call("diag", (p,)), matmul(t.Transpose(p), p)))
    n = work.arrays.size(x, 1)
    return t.Binary("-", hadamard(inner, p), hadamard(matmul(hadamard(inner, p), t.Call("ones", (n, n))), p))


def log_softmax(work: Differentials, tree: t.Call) -> t.Tree | None:
    """d log softmax(z) = dz - 1 p^T dz."""
    (x,) = tree.args
    inner = work.of(x)
    if work.arrays.kind(x) != "column" or inner is None:
        raise no_matrix_form(tree)
    p = _softmax_of(work, x)
    work.used("softmax", name=p)
    return t.Binary("-", inner, times(matmul(t.Transpose(p), inner), work.arrays.ones(x)))


def logsumexp(work: Differentials, tree: t.Call) -> t.Tree | None:
    """d log Σ exp(z) = p^T dz."""
    (x,) = tree.args
    inner = work.of(x)
    if work.arrays.kind(x) == "matrix" or inner is None:
        raise no_matrix_form(tree)
    p = _softmax_of(work, x)
    work.used("softmax", name=p)
    return work.arrays.inner(p, inner)


def cross_entropy(work: Differentials, tree: t.Call) -> t.Tree | None:
    """d of -Σ y log softmax(z) by z is (p - y)^T dz where y sums to 1, else (Σy p - y)^T dz."""
    z, y = tree.args
    inner = work.of(z)
    if work.of(y) is not None or inner is None or work.arrays.kind(z) == "matrix":
        raise no_matrix_form(tree)
    p = _softmax_of(work, z)
    work.used("cross-entropy", name=p)
    weight = p if work.arrays.sums_to_one(y) else times(t.Call("sum", (y,)), p)
    return work.arrays.inner(t.Binary("-", weight, y), inner)


def _value(work: Differentials, tree: t.Call) -> t.Tree:
    """The name of a quantity that has this equation, else the formula."""
    return next((name for name in work.arrays.named(tree)), tree)


def _softmax_of(work: Differentials, x: t.Tree) -> t.Tree:
    return _value(work, t.Call("softmax", (x,)))


CALLS: dict[str, Rule] = {
    "norm": norm,
    "sum": total,
    "mean": mean,
    "inverse": inverse,
    "logdet": log_determinant,
    "determinant": determinant,
    "trace": trace,
    "inner": inner,
    "outer": outer,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
}
