"""The axes of what functions give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jacobians.claims.axes import NUMBER, Axes
from jacobians.claims.context import Function
from jacobians.claims.functions import elementwise
from jacobians.notation import tree as t

if TYPE_CHECKING:
    from jacobians.claims.axes import AxesReader

#: Functions of arrays that give a number, and those that give what they are given.
TO_NUMBER = frozenset(("norm", "trace", "tr", "inner", "kronecker", "logsumexp", "det", "cross_entropy", "mse"))
SAME = frozenset(("softmax", "log_softmax", "maximum", "minimum", "max", "min", "relu", "layer_norm"))


def call(reader: AxesReader, tree: t.Call) -> Axes | None:
    """The axes of a function's value, None where they do not follow from those of its arguments."""
    args = [reader.axes(a) for a in tree.args]
    function = reader.context.functions.get(tree.function)
    if function is not None and function.kind != "elementwise":
        return declared_call(reader, function, args, tree)
    if tree.function in TO_NUMBER:
        if tree.function == "inner" and None not in args:
            reader.all_same(args[0], args[1], tree)  # type: ignore[arg-type]
        return NUMBER
    if tree.function in ("sum", "mean"):
        return NUMBER if len(args) == 1 and not tree.keywords else None
    if tree.function == "diag" and args and args[0] is not None:
        cells = args[0].cells
        return Axes((cells[0],) * 2) if len(cells) == 1 else Axes(cells[:1])
    if tree.function == "outer" and None not in args:
        return Axes(tuple(cell for a in args for cell in a.cells))  # type: ignore[union-attr]
    if tree.function == "Id" and tree.args:
        return Axes((reader.size(tree.args[0]),) * 2)
    same = tree.function in SAME or function is not None or len(tree.function) == 1
    if args and (same or elementwise(tree.function) is not None):
        return next((a for a in args if a is not None and a.cells), args[-1])
    return None


def declared_call(reader: AxesReader, function: Function, args: Sequence[Axes | None], tree: t.Call) -> Axes | None:
    """A function with an equation, of its arguments; one to a number or to a vector of a size."""
    if function.kind == "defined" and function.body is not None and len(args) == len(function.parameters):
        before, reader.local = reader.local, dict(zip(function.parameters, args, strict=True))
        made = reader.axes(function.body)
        reader.local = before
        return made
    if function.domain and len(args) == 1 and args[0] is not None:
        reader.all_same(args[0], Axes(tuple(reader.size(n) for n in function.domain)), tree)
    if function.kind == "number":
        return NUMBER
    return Axes((reader.size(function.size),)) if function.kind == "vector" else None
