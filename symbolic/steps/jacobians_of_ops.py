"""The Jacobian of an op inside a derivation: the terms of its own rule, with its arguments in place of their names."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims.bindings import Scope
from jacobians.claims.instances import CONFIGURATIONS
from jacobians.errors import InputError, JacobiansError
from jacobians.functions import named_op, option_value
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.factor_names import read_factor
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from jacobians.op import Op
from jacobians.printing import nice
from jacobians.terms import Factor, Term
from symbolic.steps.components import Indices, array, indices
from symbolic.steps.derivation import Reason
from symbolic.steps.sums import Product, delta, put

if TYPE_CHECKING:
    from symbolic.steps.components import Components
    from symbolic.steps.graph import Graph
    from symbolic.steps.rules import Derived


class DependsOnSizesError(InputError):
    """The terms of an op have numbers in them that come from sizes: it is derived for given sizes only."""


def op_jacobian(components: Components, of: t.Tree, by: t.Tree) -> Derived:
    """Σ_q (∂f_p/∂u_q) ∂u_q/∂by for every argument u of an op f that names what is differentiated by.

    Raises:
        InputError: the op's Jacobian is made of values that no formula of the model names.
        DependsOnSizesError: its terms differ from size to size.
    """
    from symbolic.steps.rules import Derived

    call, at = array(of), indices(of)
    assert isinstance(call, t.Call)
    op = op_of(call)
    wanted = array(by)
    made: list[Product] = []
    for name, argument in zip(op.input_names(), call.args, strict=True):
        if not any(isinstance(p, t.Name) and components.graph.named(p) == wanted for p in argument.walk()):
            continue
        if name in op.data:
            raise InputError(f"derivation: {to_plain(call)} has no derivative by {name}: {op.data[name]}")
        for term in terms(components.graph, op, call, name):
            made.append(_filled(components, op, call, term, at, argument, by))
    return Derived(tuple(made), Reason("Jacobian of an op", {"name": call}))


def op_of(call: t.Call) -> Op:
    """The op that a call means."""
    options = {key: option_value(value, _number) for key, value in call.keywords}
    try:
        return named_op(call.function, len(call.args), options)
    except JacobiansError as error:
        raise InputError(f"derivation: {to_plain(call)}: {error}") from None


def _number(tree: t.Tree) -> float | int:
    match tree:
        case t.Number():
            return int(tree.value) if tree.value.denominator == 1 else float(tree.value)
        case t.Negative(operand):
            return -_number(operand)
    raise InputError(f"derivation: the option {to_plain(tree)} is no number or word")


def terms(graph: Graph, op: Op, call: t.Call, wrt: str) -> tuple[Term, ...]:
    """The terms of an op's rule at a point; the same pattern and numbers whatever the sizes.

    Raises:
        DependsOnSizesError: a number in them comes from a size.
    """
    found = []
    for configuration in CONFIGURATIONS[: 1 if graph.context.is_concrete else 2]:
        ev = graph.instances.evaluator(configuration, graph.context.settings, False, False)
        values = [ev.value(argument, Scope()).array for argument in call.args]
        inputs = dict(zip(op.input_names(), (v[0] for v in values), strict=True))
        found.append(
            op.jacobian(wrt, **{k: np.asarray(v, float) if k not in op.data else v for k, v in inputs.items()})
        )
    first, *others = (J.shown.terms for J in found)
    for other in others:
        if _without_values(first) != _without_values(other):
            raise DependsOnSizesError(
                f"derivation: the Jacobian of {to_plain(call)} has numbers that depend on its sizes"
            )
    return tuple(first)


def _without_values(terms: Iterable[Term]) -> list[tuple[object, ...]]:
    """What terms say apart from numbers in arrays."""
    return [(x.pattern, x.coef, *(f.name for f in x.factors)) for x in terms]


#: What only numbers decide, or has no meaning in formulas.
UNSAID = frozenset(("argmax", "argmin", "floor", "ceil", "sign", "clip", "cof"))


def _require_formula(call: t.Call, tree: t.Tree) -> None:
    """That a factor of a rule can be written as a formula of the model.

    Raises:
        InputError: it is made of what no formula says.
    """
    for part in tree.walk():
        if isinstance(part, t.Call) and part.function in UNSAID:
            raise InputError(
                f"derivation: the Jacobian of {to_plain(call)} is made of {part.function}, which has no value in "
                f"formulas here; `jacobians op {call.function}` shows it"
            )


def _inverses(tree: t.Tree) -> t.Tree:
    """The inverse of a matrix, which rules write as a power."""
    tree = rebuilt(tree, _inverses)
    if isinstance(tree, t.Binary) and tree.op == "^" and tree.right in (t.Negative(t.Number("1")), t.Number("-1")):
        return t.Call("inverse", (tree.left,))
    return tree


def _filled(
    components: Components, op: Op, call: t.Call, term: Term, at: Indices, argument: t.Tree, by: t.Tree
) -> Product:
    """A term with letters for its labels: those of the output are given, those of the input are summed or tied."""
    index: dict[str, t.Tree] = {}
    factors: list[t.Tree] = []
    for label, letter in zip(term.out, at, strict=True):
        if label in index:
            factors.append(delta(index[label], letter))
        index.setdefault(label, letter)
    letters = []
    bare = isinstance(argument, t.Name)  # what is differentiated by is the input itself: its indices are those of `by`
    if bare:
        for label, letter in zip(term.inp, indices(by), strict=True):
            if label in index:
                factors.append(delta(index[label], letter))
            index.setdefault(label, letter)
    for label in (*term.inp, *term.hidden):
        if label not in index:
            letters.append(components.letters.fresh())
            index[label] = t.Name(letters[-1])
    factors += [_factor(components, op, call, f, tuple(index[a] for a in f.labels)) for f in term.factors]
    _require_ranges(call, letters, factors)
    if not bare:
        factors.append(c.Partial(components.entry(argument, tuple(index[a] for a in term.inp)), by))
    return Product(Fraction(nice(term.coef)), tuple(letters), tuple(factors))


def _require_ranges(call: t.Call, letters: Iterable[str], factors: Iterable[t.Tree]) -> None:
    """That every sum is over an axis of something.

    Raises:
        InputError: a letter stands in computed places only, as in x[2 i + p].
    """
    placed = {
        i.text
        for factor in factors
        for part in factor.walk()
        if isinstance(part, t.Index)
        for i in part.indices
        if isinstance(i, t.Name)
    }
    if unplaced := [letter for letter in letters if letter not in placed]:
        raise InputError(
            f"derivation: in the Jacobian of {to_plain(call)} the sum over {unplaced[0]} is over the places of a "
            f"window, which formulas here have no name for; `jacobians op {call.function}` shows it"
        )


def _factor(components: Components, op: Op, call: t.Call, factor: Factor, at: Indices) -> t.Tree:
    """The entry of a factor of the rule, in the names of the model."""
    names: dict[str, t.Tree] = dict(zip(op.input_names(), call.args, strict=True))
    names.setdefault(op.symbol, components.graph.named_by(call))
    tree, slots = read_factor(factor.name)
    if slots:
        tree = put(tree, {**names, **{slot: at[k] for k, slot in slots.items()}})
        _require_formula(call, tree)
        return tree
    _require_formula(call, tree)
    for part in tree.walk():
        if isinstance(part, t.Name) and part.text not in names:
            raise InputError(
                f"derivation: the Jacobian of {to_plain(call)} is made of {part.text}, which no equation of the model "
                f"names; write {call.function} out in equations"
            )
    tree = put(tree, names)
    return components.entry(tree if factor.value.ndim < 2 else _inverses(tree), at)
