"""Derivatives in formulas: of anything by anything, exact, in the shape that the document's layout gives them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims import indexing
from jacobians.claims.context import Settings
from jacobians.claims.conventions import LAYOUTS
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.matching import defined_quantity, right_side
from jacobians.claims.values import FLIPPED, Array, Orientation, Seed, Seeds, Value, contract, rearrange, transposed
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.bindings import Scope
    from jacobians.claims.evaluator import Evaluator


def identity(a: Value, seed: Seed) -> Value:
    """The value of what is differentiated by: its own derivative is the identity."""
    n, lead = int(np.prod(seed.shape, dtype=int)), 1 + len(a.letters)
    eye = np.eye(n).reshape((1,) * lead + seed.shape * 2)
    wide = np.broadcast_to(eye, (1, *a.array.shape[1:lead], *seed.shape * 2))
    return Value({**a.parts, (seed,): wide}, a.letters, a.rank, a.orientation)


def extract(a: Value, seed: Seed) -> Value:
    """The derivative by a seed: its axes join the structure, behind those of the value."""
    lead = 1 + len(a.letters)
    parts: dict[Seeds, Array] = {}
    for seeds, part in a.parts.items():
        if seed not in seeds:
            continue
        at = lead + a.rank + sum(len(s.shape) for s in seeds[: seeds.index(seed)])
        own = range(at, at + len(seed.shape))
        rest = [k for k in range(lead + a.rank, part.ndim) if k not in own]
        order = (*range(lead + a.rank), *own, *rest)
        parts[tuple(s for s in seeds if s != seed)] = part.transpose(order)
    if () not in parts:
        parts[()] = np.zeros((1, *a.array.shape[1 : lead + a.rank], *seed.shape), a.array.dtype)
    rank = a.rank + len(seed.shape)
    side = a.orientation if rank == a.rank else "free" if rank == 1 else "column"
    return Value(parts, a.letters, rank, side, a.rank)


# ----- what stands below -----


class Variable:
    """What is differentiated by: a quantity (or a part of the formula), then the axes of it that are meant."""

    def __init__(self, ev: Evaluator, tree: t.Tree, scope: Scope) -> None:
        self.tree, self.scope = tree, scope
        self.indices: tuple[t.Tree, ...] = ()
        self.turned = False
        self.name: str | None = None
        base = tree
        if isinstance(base, t.Transpose):
            base, self.turned = base.operand, True
        if isinstance(base, t.Index):
            self.indices, base = base.indices, ev.instance.context.array_of(base)
        if isinstance(base, t.Name) and base.label is None:
            base = ev.applied.get(base.text, base)
        self.base = base
        if isinstance(base, t.Name):
            self.name = ev.full_name(base, scope)
        elif (found := _defined_as(ev, tree, scope)) is not None:
            self.name, self.indices, self.turned = found[0], found[1], False
            self.base = t.Name(self.name)

    def shape(self, ev: Evaluator) -> tuple[int, ...]:
        if self.name is not None:
            return ev.quantity(self.name, self.tree).shape
        value = ev.value(self.base, self.scope)
        if value.letters:
            raise NotUnderstood(
                f"a derivative by {to_plain(self.base)}, which no equation defines for every index; give it a name "
                "with an equation",
                self.base,
            )
        return value.shape


def _defined_as(ev: Evaluator, tree: t.Tree, scope: Scope) -> tuple[str, tuple[t.Tree, ...]] | None:
    """The quantity that a compound denominator equals, with the letters it has, as in ∂(sum_i W_ji a_i + b_j)."""
    if isinstance(tree, t.Call | c.Apply) or (isinstance(tree, t.Index) and isinstance(tree.array, t.Call)):
        return None
    return defined_quantity(ev, tree, scope)


# ----- the trees -----


def partial(ev: Evaluator, tree: c.Partial, scope: Scope) -> Value:
    """∂ of / ∂ by: total along the graph, or direct where the reading says so."""
    first = derivative(ev, tree.of, tree.by, scope, direct=tree in ev.reading.direct)
    if tree.second is None:
        return first
    inner = c.Partial(tree.of, tree.second, span=tree.span)
    return derivative(ev, inner, tree.by, scope, direct=False)


def derivative(ev: Evaluator, of: t.Tree, by: t.Tree, scope: Scope, direct: bool) -> Value:
    """The derivative in numerator layout (outputs first), then as the settings lay it out."""
    variable = Variable(ev, by, scope)
    order = sum(s.name == (variable.name or to_plain(by)) for s in ev.seeds)
    shape = variable.shape(ev.without(*ev.seeds))
    seed = Seed(variable.name or to_plain(variable.base), order, direct, shape)
    target = None if variable.name is not None else (variable.base, scope)
    inner = ev.seeded(seed, target)
    value = inner.value(expanded(ev, of, scope) if direct else of, scope)
    made = extract(value, seed)
    out = value.rank
    if variable.indices:
        made = indexing.take(ev, made, out, variable.indices, variable.scope, by)
        made = made.as_("free" if made.rank == 1 and out == 0 else "column", out)
    if variable.turned:
        made = _inputs_turned(made, out)
    return laid_out(made, out, ev.settings)


def _inputs_turned(a: Value, out: int) -> Value:
    """The derivative by a transposed variable."""
    names = "abcdefgh"[: a.rank]
    made = rearrange(a, names, names[:out] + names[out:][::-1])
    return made.as_("row" if made.rank == 1 and out == 0 else "column", out)


def laid_out(a: Value, out: int, settings: Settings) -> Value:
    """The axes in the order of the layout; the value has those of the output first."""
    how = LAYOUTS[settings.layout]
    if out == 0 and how.matrix_turned and a.rank == 2:
        return transposed(a).as_("column", None)
    if out == 0:
        return a.as_(_side(a, how.gradient, settings), 0)
    if not how.inputs_first:
        return a
    names = "abcdefgh"[: a.rank]
    turned = rearrange(a, names, names[out:] + names[:out])
    return turned.as_(transposed(a).orientation if a.rank == out == 1 else "column", a.rank - out)


def _side(a: Value, gradient: Orientation, settings: Settings) -> Orientation:
    """What the gradient of a number by a vector is; by a transposed one it is a row, whatever the layout."""
    if a.rank != 1 or gradient == "free" or a.orientation == "row":
        return a.orientation
    return FLIPPED[gradient] if settings.vectors == "rows" else gradient


def expanded(ev: Evaluator, of: t.Tree, scope: Scope) -> t.Tree:
    """The right side of the equation of what is differentiated, for a derivative that holds all else in it fixed."""
    return right_side(ev, of, scope) or of


def differential(ev: Evaluator, tree: c.Differential, scope: Scope) -> Value:
    """d of a formula: the linear part of its change with the one quantity that varies; of all else it is zero.

    Raises:
        IllFormed: nothing varies.
    """
    varying = ev.instance.context.varying
    if varying is None:
        raise IllFormed(
            f"the differential d{to_plain(tree.of)} stands alone; "
            "in a quotient of differentials its partner is missing",
            tree,
        )
    name = ev.full_name(varying, scope)
    seed = Seed(name, sum(s.name == name for s in ev.seeds), False, ev.without(*ev.seeds).quantity(name, tree).shape)
    value = ev.seeded(seed).value(tree.of, scope)
    out, changed = "abcdefgh"[: value.rank], "pqrstuvw"[: len(seed.shape)]
    made = contract(extract(value, seed), ev.instance.direction(name, seed.shape), out + changed, changed, out)
    return made.as_(value.orientation)


def gradient(ev: Evaluator, tree: c.Gradient, scope: Scope) -> Value:
    """The gradient by a quantity, in its shape; of a vector the transposed Jacobian; of order 2 the Hessian."""
    if tree.of is None and isinstance(tree.by, t.Call) and len(tree.by.args) == 1:  # ∇f(x) is by x
        return gradient(ev, c.Gradient(tree.by.args[0], tree.by, tree.order, span=tree.span), scope)
    of = tree.of if tree.of is not None else t.Name(loss_name(ev, tree))
    plain = ev.settings.layout if tree.order == 1 else "mixed"
    if tree.order == 2:
        inner = c.Partial(of, tree.by, tree.by, span=tree.span)
        return ev.value(inner, scope).as_("column", None)
    mixed = ev if plain == "mixed" else replace(ev, settings=replace(ev.settings, layout="mixed"), _cache={})
    made = derivative(mixed, of, tree.by, scope, direct=False)
    if made.split:
        return transposed(made) if made.rank > 1 else made.as_("column")
    return made.as_("row" if ev.settings.vectors == "rows" else "column", 0)


def loss_name(ev: Evaluator, at: t.Tree) -> str:
    """The name of the loss.

    Raises:
        NotUnderstood: nothing says which quantity it is.
    """
    if ev.instance.context.loss:
        return ev.instance.context.loss
    raise NotUnderstood("which quantity is the loss? declare it, as in `loss is L`", at)


def jacobian_of(ev: Evaluator, tree: c.JacobianOf, scope: Scope) -> Value:
    """J_f(x): of a function at a point; of a quantity by a variable."""
    of, argument = tree.of, tree.argument
    context = ev.instance.context
    function = isinstance(of, t.Name) and of.text in context.functions
    if isinstance(of, t.Name) and not function:
        if argument is None:
            raise IllFormed(f"J of {of.text} by what? write the variable in brackets", tree)
        return ev.value(c.Partial(of, argument, span=tree.span), scope)
    if argument is None:
        raise NotUnderstood("the Jacobian of a function needs its argument in brackets", tree)
    applied: t.Tree = t.Call(of.text, (argument,), span=of.span) if isinstance(of, t.Name) else c.Apply(of, (argument,))
    return derivative(ev, applied, argument, scope, direct=False)
