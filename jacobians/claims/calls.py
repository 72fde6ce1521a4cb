"""Functions applied to something: ops of ours, functions that a document declares or defines, compositions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jacobians.claims import functions as f
from jacobians.claims.bindings import Scope
from jacobians.claims.calculus import derivative, extract
from jacobians.claims.context import Function
from jacobians.claims.errors import IllFormed, NotUnderstood
from jacobians.claims.instance import DRAWS
from jacobians.claims.network import op_value
from jacobians.claims.products import product
from jacobians.claims.structures import STRUCTURES
from jacobians.claims.undeclared import known
from jacobians.claims.values import (
    Derivatives,
    Seed,
    Value,
    contract,
    hadamard,
    mapped,
    structured,
)
from jacobians.errors import JacobiansError
from jacobians.functions import named_op, option_value, wrong_count
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.evaluator import Evaluator


# ----- calls -----


def call(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """`tanh(z)`, `g'(z)`, `softmax(x)`, `norm(x)`, `diag(v)`."""
    functions = ev.instance.context.functions
    tree = _with_layer(tree, functions)
    name = tree.function
    if tree.primes and (derivative_of := functions.get(name + "'" * tree.primes)) is not None:
        return _defined(ev, derivative_of, t.Call(name, tree.args, span=tree.span), scope)
    if (function := functions.get(name)) is not None:
        return _declared(ev, function, tree, scope)
    if name == "d" and ev.instance.context.varying is not None and len(tree.args) == 1:  # d(W x) in plain text
        return ev.value(c.Differential(tree.args[0], span=tree.span), scope)
    if name in STRUCTURES and not tree.primes:
        return STRUCTURES[name](ev, tree, scope)
    if not tree.args:
        raise IllFormed(f"{name} of nothing; write its argument", tree)
    if known(ev, name):
        return apply(ev, c.Apply(t.Name(name, span=tree.span), tree.args, span=tree.span), scope)
    derivatives = f.elementwise(name) if len(tree.args) == 1 and not tree.keywords else None
    if derivatives is None and len(name) == 1 and len(tree.args) == 1 and not tree.keywords:
        derivatives = _undefined(ev, tree, scope)
    if derivatives is not None:
        return _elementwise(ev, tree, derivatives, scope)
    if tree.primes:
        return _primed(ev, tree, scope)
    return applied_op(ev, tree, [ev.value(a, scope) for a in tree.args], scope)


def _with_layer(tree: t.Call, functions: Collection[str]) -> t.Call:
    """g3(z) as the g of the third layer, where g is declared and g3 is not."""
    parts = split_name(tree.function)
    if tree.function in functions or not parts.layer or parts.subscript or parts.base not in functions:
        return tree
    return replace(tree, function=parts.base, label=t.Number(parts.layer))


def _elementwise(ev: Evaluator, tree: t.Call, derivatives: Derivatives, scope: Scope) -> Value:
    x = ev.value(tree.args[0], scope)
    primes = tree.primes
    try:
        made = mapped(derivatives if not primes else lambda n, v: derivatives(n + primes, v), x)
    except IndexError:
        raise NotUnderstood(f"too high a derivative of {tree.function}", tree) from None
    return made.as_(x.orientation)


def _undefined(ev: Evaluator, tree: t.Call, scope: Scope) -> Derivatives:
    """A smooth random function of the letter's own; every layer has another one."""
    function = ev.instance.context.functions.get(tree.function)
    if function is not None and function.op and (known := f.elementwise(function.op)) is not None:
        return known
    return f.undefined(_function_key(ev, tree, scope), DRAWS)


def _function_key(ev: Evaluator, tree: t.Call, scope: Scope) -> str:
    """The name of an undefined function with its layer; without one, the layer of what it is applied to."""
    if tree.label is not None:
        return f"{tree.function}/{ev.instance.label(tree.label, scope.label())}"
    base = split_name(tree.function)
    if base.layer:
        return f"{base.base}/{base.layer}"
    if ev.instance.context.functions.get(tree.function) is not None and tree.function in ev.instance.context.layered():
        for part in tree.args[0].walk() if tree.args else ():
            if isinstance(part, t.Name) and part.label is not None:
                return f"{tree.function}/{ev.instance.label(part.label, scope.label())}"
            if isinstance(part, t.Name) and split_name(part.text).layer:
                return f"{tree.function}/{split_name(part.text).layer}"
    return tree.function


def _declared(ev: Evaluator, function: Function, tree: t.Call, scope: Scope) -> Value:
    """A function that the document declares or defines."""
    if function.kind == "elementwise":
        if len(tree.args) != 1:
            raise IllFormed(f"{function.name} takes one argument, got {len(tree.args)}", tree)
        return _elementwise(ev, tree, _undefined(ev, tree, scope), scope)
    if function.kind == "defined":
        return _defined(ev, function, tree, scope)
    if tree.primes:
        return _primed(ev, tree, scope)
    if not tree.args:
        raise IllFormed(f"{function.name} of nothing; write its argument", tree)
    args = [ev.value(a, scope) for a in tree.args]
    size = ev.instance.size(function.size, scope.label()) if function.size is not None else None
    return f.undefined_of_arrays(_function_key(ev, tree, scope), args, DRAWS, size)


def _defined(ev: Evaluator, function: Function, tree: t.Call, scope: Scope) -> Value:
    """A function with an equation: its body with the arguments in place of the parameters."""
    assert function.body is not None
    if len(tree.args) != len(function.parameters):
        raise IllFormed(f"{function.name} takes {len(function.parameters)} arguments, got {len(tree.args)}", tree)
    if tree.primes:
        return _derivative_of_body(ev, function, tree, scope)
    inner = Scope()
    for parameter, arg in zip(function.parameters, tree.args, strict=True):
        inner = inner.with_value(parameter, ev.value(arg, scope))
    return ev.value(function.body, inner)


def _derivative_of_body(ev: Evaluator, function: Function, tree: t.Call, scope: Scope) -> Value:
    """f'(x) entry by entry of an f that has an equation for one entry."""
    if tree.primes > 1 or len(function.parameters) != 1:
        raise NotUnderstood(f"a derivative of {function.name} that is not the first by one variable", tree)
    x = ev.value(tree.args[0], scope)
    if any(seeds for seeds in x.parts):
        raise NotUnderstood(f"a second derivative of {function.name}", tree)
    seed = Seed(f"the argument of {function.name}", 0, False, ())
    ones = np.ones(x.array.shape)
    moving = Value({**x.parts, (seed,): ones}, x.letters, x.rank, x.orientation)
    body = ev.seeded(seed).value(function.body, Scope().with_value(function.parameters[0], moving))  # type: ignore[arg-type]
    if body.shape != x.shape:
        raise NotUnderstood(f"{function.name} is not elementwise; write its Jacobian instead of a prime", tree)
    made = extract(body, seed)
    return Value(made.parts, made.letters, x.rank, x.orientation)


def _primed(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """f'(x) of a function of one array: its Jacobian."""
    if tree.primes > 1 or len(tree.args) != 1:
        raise NotUnderstood(f"a derivative of {tree.function} that is not the first by one variable", tree)
    plain = t.Call(tree.function, tree.args, 0, tree.keywords, tree.label, span=tree.span)
    return derivative(ev, plain, tree.args[0], scope, direct=False)


def applied_op(ev: Evaluator, tree: t.Call, args: Sequence[Value], scope: Scope) -> Value:
    """An op of ours, with options as a model's equations have them."""
    options = {key: option_value(value, lambda x: _number(ev, x, scope)) for key, value in tree.keywords}
    try:
        op = named_op(tree.function, len(args), options)
    except JacobiansError as error:
        raise NotUnderstood(str(error), tree) from None
    names = op.input_names()
    if len(names) != len(args):
        raise NotUnderstood(wrong_count(op, len(args)), tree)
    made = op_value(op, dict(zip(names, args, strict=True)))
    rows = made.rank == 1 and any(a.rank == 1 and a.orientation == "row" for a in args)
    return made.as_("row" if rows else "column")


def _number(ev: Evaluator, tree: t.Tree, scope: Scope) -> float | int:
    number = float(ev.value(tree, scope).array.flat[0])
    return int(number) if number.is_integer() else number


# ----- other applications -----


def apply(ev: Evaluator, tree: c.Apply, scope: Scope) -> Value:
    """`z_j(W_ji)`: a quantity that depends on its argument, a product if it does not; `(g ∘ f)'(x)`."""
    head = tree.function
    if isinstance(head, t.Prime) and isinstance(head.operand, t.Binary) and head.operand.op == "∘":
        composed = c.Apply(head.operand, tree.args, span=tree.span)
        return derivative(ev, composed, tree.args[0], scope, direct=False)
    if isinstance(head, t.Prime) and isinstance(head.operand, t.Name):
        name = head.operand.text
        if known(ev, name) or name in ev.instance.context.symbols().labelled:
            raise IllFormed(f"{name} is a quantity and no function: there is no {to_plain(head)} of anything", tree)
    if isinstance(head, t.Binary) and head.op == "∘":
        inner: t.Tree = _applied(head.right, tree.args, tree)
        return ev.value(_applied(head.left, (inner,), tree), scope)
    base = head.array if isinstance(head, t.Index) else head
    if isinstance(base, t.Name) and all(_depends(ev, base, a, scope) for a in tree.args):
        if not all(
            isinstance(argument, t.Name) for argument in tree.args
        ):  # f(x) of an f that is defined by x is no guess
            ev.notes[tree] = f"{to_plain(tree)} is read as {to_plain(head)}, which depends on what is in brackets"
        return ev.value(head, scope)
    made = ev.value(head, scope)
    if len(tree.args) != 1:
        raise IllFormed(f"{to_plain(head)} is no function of {len(tree.args)} arguments", tree)
    return product(made, ev.value(tree.args[0], scope), "", ev.settings)


def _applied(head: t.Tree, args: tuple[t.Tree, ...], at: t.Tree) -> t.Tree:
    if isinstance(head, t.Name):
        return t.Call(head.text, args, 0, (), head.label, span=at.span)
    return c.Apply(head, args, span=at.span)


def _depends(ev: Evaluator, base: t.Name, argument: t.Tree, scope: Scope) -> bool:
    """Whether a quantity changes with what stands in the brackets behind it."""
    inner = argument.array if isinstance(argument, t.Index) else argument
    if isinstance(inner, c.Apply):
        return _depends(ev, base, inner.function, scope)
    if not isinstance(inner, t.Name):
        return False
    try:
        value = derivative(ev, base, inner, scope, direct=False)
    except (NotUnderstood, IllFormed):
        return False
    return bool(np.any(value.array != 0))


def prime(ev: Evaluator, tree: t.Prime, scope: Scope) -> Value:
    """A prime without an argument: `[g(z)]'` is g'(z); of an expression in one variable, the derivative by it."""
    inner = tree.operand
    if isinstance(inner, t.Call):
        return ev.value(replace(inner, primes=inner.primes + tree.order), scope)
    names = {part.text for part in tree.operand.walk() if isinstance(part, t.Name) and known(ev, part.text)}
    if len(names) == 1 and tree.order == 1:
        return derivative(ev, tree.operand, t.Name(names.pop()), scope, direct=False)
    raise NotUnderstood(f"{to_plain(tree)}: a derivative by what? write it as a quotient of differentials", tree)


def at(ev: Evaluator, tree: c.At, scope: Scope) -> Value:
    """The body where some quantities have other values: a derivative at the point x = x_0."""
    fixed = dict(ev.fixed)
    for name, point in tree.values:
        if not isinstance(name, t.Name):
            raise NotUnderstood("a point is given by names, as in x = x_0", name)
        fixed[ev.full_name(name, scope)] = ev.without(*ev.seeds).value(point, scope)
    there = ev.varied(fixed=fixed, _cache={}, _caches={}, _names={})
    return there.value(tree.body, scope)


def general_power(base: Value, exponent: Value, at: t.Tree) -> Value:
    """base^exponent with a varying exponent: exp(exponent log base)."""
    log = mapped(f.PRECISE["log"], base)
    if exponent.rank and base.rank and exponent.shape != base.shape:
        raise IllFormed("a power needs an exponent that is a number, or of equal shape", at)
    return mapped(f.PRECISE["exp"], hadamard(exponent, log))


def matrix_power(base: Value, number: float, at: t.Tree) -> Value:
    """A whole power of a square matrix; the inverse is an op of ours."""
    if not float(number).is_integer() or abs(number) > 64:
        raise NotUnderstood("a power of a matrix that is no whole number", at)
    if number < 0:
        base = op_value(named_op("inverse", 1, {}), {"A": base})
    made = structured(np.eye(base.shape[0]))
    for _ in range(abs(int(number))):
        made = contract(made, base, "ab", "bc", "ac")
    return made
