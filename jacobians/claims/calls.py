"""Functions applied to something, and names that no document declares because everybody knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from jacobians.claims import correlation
from jacobians.claims import functions as f
from jacobians.claims.calculus import derivative, extract
from jacobians.claims.context import Function
from jacobians.claims.errors import IllFormed, NotUnderstood, OutsideLabels
from jacobians.claims.network import op_value
from jacobians.claims.values import (
    Derivatives,
    Seed,
    Value,
    add,
    constant,
    contract,
    hadamard,
    mapped,
    rearrange,
    scaled,
    structured,
)
from jacobians.errors import JacobiansError, shape_text
from jacobians.functions import named_op, wrong_count
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.to_plain import to_plain

if TYPE_CHECKING:
    from jacobians.claims.evaluator import Evaluator, Scope


# ----- names that were not declared -----


def unknown_name(ev: Evaluator, name: str, at: t.Tree | None) -> Value:
    """Sizes, gradients named after their variable, the error signals delta, constants.

    Raises:
        NotUnderstood: the name means nothing here.
    """
    context = ev.instance.context
    if (by := gradient_of(ev, name)) is not None:
        if by == context.loss:
            problem = f"the differential {name} stands alone; in a quotient of differentials its partner is missing"
            raise IllFormed(problem, at)
        return _loss_gradient(ev, by, at)
    if name in context.sizes or name in ev.instance.sizes:
        return constant(float(ev.instance.size_of_name(name)))
    if name in context.labels and context.labels[name][0] == context.labels[name][1]:
        return constant(float(context.labels[name][0]))
    if name in context.functions:
        return _bare_function(ev, name, at)
    if name in CONSTANTS:
        return constant(CONSTANTS[name])
    if ev.instance.context.is_generic(name):
        raise NotUnderstood(f"which layer's {name} is meant? write its label, as in {name}^{{(k)}}", at)
    if (layer := split_name(name).layer) and (has := _other_labels(ev, name)):
        raise OutsideLabels(f"{name}: there is no label {layer}; {has}", at)
    raise NotUnderstood(f"{name} is not declared; say what it is, as in `{name} : 3` or `{name} = ...`", at)


def _other_labels(ev: Evaluator, name: str) -> str:
    """What labels a name has, where it has any."""
    parts = split_name(name)
    base = parts.base.removeprefix("d") if parts.base != "delta" else "z"
    rest = f"_{parts.subscript}" if parts.subscript else ""
    there = [k for k in range(10) for b in (parts.base, base) if known(ev, f"{b}{k}{rest}")]
    return f"known are {there[0]} to {there[-1]}" if there else ""


RELATION: Final = "=="
CONSTANTS = {"pi": float(np.pi), "e": float(np.e)}


def gradient_of(ev: Evaluator, name: str) -> str | None:
    """The quantity whose gradient a name is: `dW1` of W1, `W1bar` where the overline says so, `delta1` of z1."""
    parts = split_name(name)
    rest = parts.layer + (f"_{parts.subscript}" if parts.subscript else "")
    if name.startswith("d") and len(name) > 1 and known(ev, name[1:]):
        return name[1:]
    if parts.base.endswith("bar") and ev.settings.overline == "gradient" and known(ev, parts.base[:-3] + rest):
        return parts.base[:-3] + rest
    if parts.base == "delta" and parts.layer:
        return next((v + rest for v in ("z", "Z") if known(ev, v + rest)), None)
    return None


def known(ev: Evaluator, name: str) -> bool:
    """Whether this is a leaf or defined."""
    model = ev.instance.context.model
    if model is not None and (name in model.leaves or name in model.named):
        return True
    return ev.instance.find(name) is not None


def _loss_gradient(ev: Evaluator, by: str, at: t.Tree | None) -> Value:
    """The gradient of the loss in the shape of its variable."""
    from jacobians.claims.evaluator import Scope

    tree = c.Gradient(t.Name(by), None, span=at.span if at else None)
    made = ev.value(tree, Scope())
    count = ev.instance.context.samples
    if ev.settings.gradients == "sum" and count is not None and _has_samples(ev, by, count, at):
        made = scaled(made, float(ev.instance.size(count, {})))
    return made


def _has_samples(ev: Evaluator, name: str, count: t.Tree, at: t.Tree | None) -> bool:
    """Whether a quantity has an axis of samples, as Z has and W has not: told by its size where all sizes differ."""
    different = replace(ev.instance, configuration="different sizes", sizes={})
    shape = (
        replace(ev.without(*ev.seeds), instance=different, _cache={}, _names={}, _open=set()).quantity(name, at).shape
    )
    return different.size(count, {}) in shape


def _bare_function(ev: Evaluator, name: str, at: t.Tree | None) -> Value:
    """`f` for f(x): the one application that the equations have."""
    applications = ev.instance.context.applications(name)
    if len(applications) != 1:
        raise NotUnderstood(f"{name} is a function; write what it is applied to, as in {name}(x)", at)
    from jacobians.claims.evaluator import Scope

    return ev.value(applications[0], Scope())


# ----- calls -----


def call(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """`tanh(z)`, `g'(z)`, `softmax(x)`, `norm(x)`, `diag(v)`."""
    name = tree.function
    functions = ev.instance.context.functions
    if tree.primes and (derivative_of := functions.get(name + "'" * tree.primes)) is not None:
        return _defined(ev, derivative_of, t.Call(name, tree.args, span=tree.span), scope)
    if (function := functions.get(name)) is not None:
        return _declared(ev, function, tree, scope)
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
    return _op(ev, tree, [ev.value(a, scope) for a in tree.args], scope)


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
    from jacobians.claims.instance import DRAWS

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
    from jacobians.claims.instance import DRAWS

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
    from jacobians.claims.evaluator import Scope as NewScope

    assert function.body is not None
    if len(tree.args) != len(function.parameters):
        raise IllFormed(f"{function.name} takes {len(function.parameters)} arguments, got {len(tree.args)}", tree)
    if tree.primes:
        return _derivative_of_body(ev, function, tree, scope)
    inner = NewScope()
    for parameter, arg in zip(function.parameters, tree.args, strict=True):
        inner = inner.with_value(parameter, ev.value(arg, scope))
    return ev.value(function.body, inner)


def _derivative_of_body(ev: Evaluator, function: Function, tree: t.Call, scope: Scope) -> Value:
    """f'(x) entry by entry of an f that has an equation for one entry."""
    from jacobians.claims.evaluator import Scope as NewScope

    if tree.primes > 1 or len(function.parameters) != 1:
        raise NotUnderstood(f"a derivative of {function.name} that is not the first by one variable", tree)
    x = ev.value(tree.args[0], scope)
    if any(seeds for seeds in x.parts):
        raise NotUnderstood(f"a second derivative of {function.name}", tree)
    seed = Seed(f"the argument of {function.name}", 0, False, ())
    ones = np.ones(x.array.shape)
    moving = Value({**x.parts, (seed,): ones}, x.letters, x.rank, x.orientation)
    body = ev.seeded(seed).value(function.body, NewScope().with_value(function.parameters[0], moving))  # type: ignore[arg-type]
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


def _op(ev: Evaluator, tree: t.Call, args: Sequence[Value], scope: Scope) -> Value:
    """An op of ours, with options as a model's equations have them."""
    options = {key: _option(ev, value, scope) for key, value in tree.keywords}
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


def _option(ev: Evaluator, tree: t.Tree, scope: Scope) -> Any:
    if isinstance(tree, t.Name):
        return {"true": True, "false": False}.get(tree.text.lower(), tree.text)
    if isinstance(tree, t.List):
        return tuple(_option(ev, item, scope) for item in tree.items)
    number = float(ev.value(tree, scope).array.flat[0])
    return int(number) if number.is_integer() else number


# ----- functions that are sums and products, so that every derivative is there -----

Structure = Callable[["Evaluator", t.Call, "Scope"], Value]


def _one(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    if len(tree.args) < 1:
        raise IllFormed(f"{tree.function} of nothing; write its argument", tree)
    return ev.value(tree.args[0], scope)


def norm_squared(x: Value) -> Value:
    """The sum of squares."""
    return f.norm_squared(x)


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
    from jacobians.claims import indexing

    return indexing.condition(
        ev, t.Comparison(tree.args, tuple(RELATION for _ in tree.args[1:]), span=tree.span), scope
    )


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
        from jacobians.claims.values import letter_to_axis

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
    from jacobians.claims import indexing

    test, yes, no = tree.args
    branches = ((yes, test.condition if isinstance(test, t.Iverson) else test), (no, None))
    return indexing.cases(ev, c.Cases(branches, span=tree.span), scope)


def _extreme(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    """max(0, x): the larger one, entry by entry; of one array its largest entry."""
    args = [ev.value(a, scope) for a in tree.args]
    if len(args) == 1:
        return _op(ev, tree, args, scope) if args[0].rank else args[0]
    a, b = args
    difference = add(a, b, -1)
    greater = (difference.array > 0) == (tree.function in ("max", "maximum"))
    holds = Value({(): greater.astype(float)}, difference.letters, difference.rank, difference.orientation)
    main = a if a.rank >= b.rank else b
    return add(hadamard(a, holds), hadamard(b, add(constant(1.0), holds, -1))).as_(main.orientation)


def _outer(ev: Evaluator, tree: t.Call, scope: Scope) -> Value:
    from jacobians.claims.products import outer

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
    from jacobians.claims.products import product

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
    """The body at another point."""
    raise NotUnderstood("a value at another point than the general one", tree)


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
