"""Functions that are made of sums and products, so that they have derivatives of every order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from jacobians.claims import correlation
from jacobians.claims import functions as f
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.products import outer
from jacobians.claims.values import (
    Value,
    add,
    constant,
    hadamard,
    letter_to_axis,
    mapped,
    rearrange,
    structured,
)
from jacobians.claims.written_out import cases, condition
from jacobians.errors import shape_text
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator


RELATION: Final = "=="
Structure = Callable[["Evaluator", t.Call, "Scope"], Value]


def _one(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    if len(tree.args) < 1:
        raise IllFormed(f"{tree.function} of nothing; write its argument", tree)
    return ev.value(tree.args[0], scope)


def _norm(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    if len(tree.args) > 1 and to_plain(tree.args[1]) == "1":
        return f.sum_axis(mapped(f.elementwise("abs"), x), None)  # type: ignore[arg-type]
    return mapped(f.PRECISE["sqrt"], f.norm_squared(x))


def _axis(ev: Evaluator, tree: t.Call, x: Value, scope: Scope) -> tuple[int | None, bool]:
    """The structural axis of a sum, and whether it is kept with size 1."""
    options = dict(tree.keywords)
    keep = to_plain(options["keepdims"]).lower() == "true" if "keepdims" in options else False
    wanted = options.get("axis") or (tree.args[1] if len(tree.args) > 1 else None)
    if wanted is None or to_plain(wanted).lower() == "none":
        return None, keep
    axis = int(ev.value(wanted, scope).array.flat[0])
    if not -x.rank <= axis < x.rank:
        raise IllFormed(f"axis {axis} of an array of shape {shape_text(x.shape)}", tree)
    return axis % x.rank, keep


def _summed(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    if x.rank == 0:
        return x
    axis, keep = _axis(ev, tree, x, scope)
    made = f.sum_axis(x, axis, keep)
    return (
        f.mean(x, axis, keep).as_(_left_over(made, axis))
        if tree.function == "mean"
        else made.as_(_left_over(made, axis))
    )


def _left_over(made: Value, axis: int | None) -> Any:
    """What is left of a matrix whose rows were summed over (axis 0) is a row."""
    return "row" if made.rank == 1 and axis == 0 else "column"


def _softmax(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    axis = dict(tree.keywords).get("axis")
    turned = x.rank == 2 and axis is not None and to_plain(axis) == "0"
    if turned:
        return rearrange(f.softmax(rearrange(x, "ab", "ba")), "ab", "ba")
    made = f.softmax(x)
    made = mapped(f.PRECISE["log"], made) if tree.function == "log_softmax" else made
    return made.as_(x.orientation)


def _kronecker_delta(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    return condition(ev, t.Comparison(tree.args, tuple(RELATION for _ in tree.args[1:]), span=tree.span), scope)


def _identity(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    if not tree.args:
        raise NotUnderstood("which size has the identity? write it, as in Id_m", tree)
    return structured(np.eye(_size(ev, tree.args[0], scope)))


def _size(ev: Evaluator, tree: t.Tree, scope: Scope) -> int:
    return ev.instance.size(tree, scope.label())


def _filled(number: float) -> Structure:
    def filled(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
        if not tree.args:
            return constant(number)
        sizes = tuple(_size(ev, a, scope) for a in tree.args)
        return structured(np.full(sizes, number))

    return filled


def _diag(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    if x.rank == 0 and x.letters:  # diag(f'(z_i)): the letter becomes the axis
        x = letter_to_axis(x, x.letters[-1:])
    if x.rank not in (1, 2) or (x.rank == 2 and x.shape[0] != x.shape[1]):
        raise IllFormed(f"diag of shape {shape_text(x.shape)}; it takes a vector or a square matrix", tree)
    return f.diagonal_matrix(x)


def _vec(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    return f.vec(x, ev.settings.vec) if x.rank == 2 else x


def _trace(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    x = _one(ev, tree, scope)
    if x.rank == 0:
        return x
    if x.rank != 2 or x.shape[0] != x.shape[1]:
        raise IllFormed(f"the trace of shape {shape_text(x.shape)}; it takes a square matrix", tree)
    return rearrange(x, "aa", "")


def _inner(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    a, b = (ev.value(arg, scope) for arg in tree.args)
    if a.shape != b.shape:
        raise IllFormed(
            f"an inner product needs equal shapes, got {shape_text(a.shape)} and {shape_text(b.shape)}", tree
        )
    return f.inner(a, b)


def _where(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    test, yes, no = tree.args
    branches = ((yes, test.condition if isinstance(test, t.Iverson) else test), (no, None))
    return cases(ev, c.Cases(branches, span=tree.span), scope)


def _extreme(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """max(0, x): the larger one, entry by entry; of one array its largest entry."""
    from jacobians.claims.calls import applied_op

    args = [ev.value(a, scope) for a in tree.args]
    if len(args) == 1:
        return applied_op(ev, tree, args, scope) if args[0].rank else args[0]
    a, b = args
    difference = add(a, b, -1)
    greater = (difference.array > 0) == (tree.function in ("max", "maximum"))
    holds = Value({(): greater.astype(float)}, difference.letters, difference.rank, difference.orientation)
    main = a if a.rank >= b.rank else b
    return add(hadamard(a, holds), hadamard(b, add(constant(1.0), holds, -1))).as_(main.orientation)


def _outer(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    return outer(ev.value(tree.args[0], scope), ev.value(tree.args[1], scope))


def _log_sum_exp(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    return f.log_sum_exp(_one(ev, tree, scope))


def _correlation(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """`correlate2d(image, kernel, mode=valid)` of SciPy, `np.convolve(x, w)`; without a mode as those have it."""
    mode = dict(tree.keywords).get("mode") or (tree.args[2] if len(tree.args) > 2 else None)
    default = "valid" if tree.function == "correlate" else "full"
    found = to_plain(mode) if mode is not None else default
    if found not in ("valid", "full") or len(tree.args) < 2:
        raise NotUnderstood(f"{tree.function} takes an image, a kernel and the mode valid or full", tree)
    kind = correlation.Kind(found == "full", tree.function.startswith("convolve"))
    return correlation.correlated(ev.value(tree.args[0], scope), ev.value(tree.args[1], scope), kind)


def _turned_round(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    return correlation.turned_round(_one(ev, tree, scope))


STRUCTURES: dict[str, Structure] = {
    **dict.fromkeys(("correlate", "correlate2d", "convolve", "convolve2d"), _correlation),
    "rot180": _turned_round,
    "flip": _turned_round,
    "norm": _norm,
    "sum": _summed,
    "mean": _summed,
    "softmax": _softmax,
    "log_softmax": _softmax,
    "logsumexp": _log_sum_exp,
    "kronecker": _kronecker_delta,
    "Id": _identity,
    "ones": _filled(1.0),
    "zeros": _filled(0.0),
    "diag": _diag,
    "vec": _vec,
    "trace": _trace,
    "tr": _trace,
    "inner": _inner,
    "outer": _outer,
    "where": _where,
    "max": _extreme,
    "maximum": _extreme,
    "min": _extreme,
    "minimum": _extreme,
}
