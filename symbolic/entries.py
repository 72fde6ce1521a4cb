"""All entries of a Jacobian as SymPy expressions: of one op, or of a network with its values kept as named symbols."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from jacobians import settings
from jacobians.composite import Composite
from jacobians.errors import DenseLimitError, FormError, shape_text, unknown
from jacobians.model import Model
from jacobians.op import Op, Shape
from symbolic.closed import Values, local
from symbolic.convert import NDimArray, nd_array
from symbolic.derive import Sizes, entry_array, shapes_of
from symbolic.graph import Graph, inside
from symbolic.names import Names
from symbolic.products import Entries, dense
from symbolic.scope import Expr

Method = Literal["terms", "differentiate"]

#: Bytes that an entry takes at least: a reference to an expression.
REFERENCE = 8


def entries(op: Op, wrt: str, sizes: Sizes | None = None, method: Method | None = None) -> NDimArray:
    """All entries of d output / d input as an ImmutableDenseNDimArray, outputs first; `W_0_1` is the entry W[0, 1].

    `sizes` gives the size of every label, {"o": 2, "i": 3}, or the shape of every input, {"x": (3,), "W": (2, 3), ...};
    by default those of a small example.

    `method="terms"` puts expressions into the closed form, the terms of the op's own rule: no entry is differentiated.
    `method="differentiate"` has SymPy differentiate the op's index formula entry by entry, which is slow and shares
    nothing with the rule: the second opinion. By default the closed form where there is one.

    Raises:
        InputError: `wrt` is no differentiable input; a label or input that does not exist or is missing; an unknown
            method.
        ShapeError: shapes that do not fit the op.
        FormError: there is no closed form (method="terms"), or no index formula, as for an op of one's own.
        DenseLimitError: more entries than `jacobians.settings.dense_limit` has room for.
    """
    op.require_input(wrt)
    if method is not None and method not in get_args(Method):
        raise unknown("symbolic.entries", "method", method, get_args(Method))
    shapes = shapes_of(op, sizes)
    _guard(f"entries of {op.label}", op.out_shape(**shapes), shapes[wrt])
    if method != "differentiate":
        try:
            return nd_array(_by_terms(op, wrt, shapes))
        except FormError:
            if method == "terms":
                raise
    return nd_array(entry_array(op, wrt, shapes))


def _by_terms(op: Op, wrt: str, shapes: dict[str, Shape]) -> Entries:
    names = Names()
    inputs = {name: names.symbols(name, shape) for name, shape in shapes.items()}
    if isinstance(op, Composite):
        return dense(inside(op, inputs).backward([wrt])[wrt])
    return dense(local(op, wrt, Values(op, inputs)))


class NetworkEntries(NamedTuple):
    """Jacobians of a network as arrays of expressions, outputs first, and what the symbols in them stand for.

    `definitions` are pairs (symbol, expression), each after those that it is made of, as `sympy.cse` gives them.
    """

    definitions: list[tuple[Expr, Expr]]
    arrays: dict[str, NDimArray]


def entries_of(
    model: Model, of: str | None = None, wrt: str | Iterable[str] | None = None, shared: bool = True
) -> NetworkEntries:
    """All entries of d of / d wrt for one node of a network (default: the last) and leaves or nodes, in closed form.

    `wrt` is a name or several (default: all parameters). `z1_0` is the entry z1[0], `dL_dz1_0` that of the Jacobian of
    L by z1. With shared=False there are no definitions: every entry is written out in the entries of the leaves.

    The terms of all ops are multiplied by the chain rule, back to front. An op whose terms have no closed form is
    differentiated by SymPy.

    Raises:
        InputError: an unknown name; data without a derivative; two entries that would have one name.
        FormError: an op without an index formula.
        DenseLimitError: more entries than `jacobians.settings.dense_limit` has room for.
    """
    target = model.output if of is None else of
    wrts = model.parameters() if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt)
    for name in (target, *wrts):
        model.require(name, "symbolic.entries_of")
    for name in wrts:
        _guard(f"entries of d{target}/d{name}", model.shapes[target], model.shapes[name])
    names = Names()
    leaves = {name: names.symbols(name, shape) for name, shape in model.leaves.items()}
    try:
        found = Graph(model, target, leaves, names if shared else None).backward(wrts)
        arrays = {name: dense(J) for name, J in found.items()}
    except RecursionError:
        raise FormError(
            f"entries of d{target}: expected a network that Python's recursion limit lets SymPy write out in the "
            f"leaves, got {len(model.nodes)} nodes, one inside the other; use shared=True"
        ) from None
    definitions = names.needed(entry for array in arrays.values() for entry in array.flat)
    return NetworkEntries(definitions, {name: nd_array(array) for name, array in arrays.items()})


def _guard(where: str, out_shape: Shape, in_shape: Shape) -> None:
    needed = REFERENCE * math.prod((*out_shape, *in_shape))
    if needed > settings.dense_limit:
        raise DenseLimitError(
            f"{where}: the array of shape {shape_text(out_shape)} | {shape_text(in_shape)} needs at least {needed:,} "
            f"bytes, the limit is {settings.dense_limit:,}; choose smaller sizes, or set "
            "jacobians.settings.dense_limit = ..."
        )
