"""Mistakes with functions: another one, applied too often, with other powers and arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.redpen.edits import (
    Above,
    Local,
    in_index,
    is_sum,
    is_target,
    shifted,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.claims.redpen.slopes import _is_activation
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c

#: Functions that make arrays of a shape.
SHAPING = ("diag", "ones", "zeros", "Id", "kronecker", "norm")
#: Activations that are taken for one another.
ACTIVATIONS = ("tanh", "sigmoid", "relu", "softplus")


def other_function(site: Site) -> Local:
    """tanh becomes sigmoid, and so on."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, c.Apply) and isinstance(tree.function, t.Prime):  # delta'(z), where delta is no function
            for name in dict.fromkeys(a.function for a in site.activations):
                yield t.Call(name, tree.args, tree.function.order)
        if not isinstance(tree, t.Call) or len(tree.args) != 1:
            return
        if tree.primes or tree.function in ACTIVATIONS or tree.function in site.judge.context.functions:
            own = [a.function for a in site.activations]
            for name in dict.fromkeys((*own, *ACTIVATIONS)):
                if name != tree.function:
                    yield replace(tree, function=name)
                    if tree.label is not None:
                        yield replace(tree, function=name, label=None)

    return local


def drop_function(site: Site) -> Local:
    """f(x) becomes x."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not isinstance(tree, t.Call) or len(tree.args) != 1 or tree.primes or in_index(tree, above):
            return
        if tree.function not in SHAPING:
            yield tree.args[0]

    return local


def apply_function(site: Site) -> Local:
    """x becomes f(x), of a function that the model or the claim has."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        parent = above[0] if above else None
        if in_index(tree, above) or is_target(tree, above) or isinstance(parent, t.Index | t.Call):
            return
        if isinstance(tree, t.Name | t.Index):
            for name in dict.fromkeys(a.function for a in site.activations):
                label = next(a.called for a in site.activations if a.function == name)
                if label is None:
                    yield t.Call(name, (tree,))

    return local


def square(site: Site) -> Local:
    """x becomes x^2; below a fraction too."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        parent = above[0] if above else None
        if in_index(tree, above) or is_target(tree, above) or (isinstance(parent, t.Binary) and parent.op == "^"):
            return
        held = isinstance(parent, c.Partial) or (isinstance(parent, t.Index) and parent.array is tree)
        if (isinstance(tree, t.Name | t.Index | t.Call) or is_sum(tree)) and not held:
            yield t.Binary("^", tree, t.Number("2"))
        if is_sum(tree) and isinstance(parent, t.Binary | t.Juxtaposition):
            for power in ("-1", "-1/2", "-3/2"):
                yield t.Binary("^", tree, _power(power))
        if (
            isinstance(tree, t.Binary)
            and tree.op == "/"
            and isinstance(tree.right, t.Name | t.Index | t.Call | t.Binary)
        ):
            yield replace(tree, right=t.Binary("^", tree.right, t.Number("2")))

    return local


def make_square(site: Site) -> Local:
    """x becomes x^2 and nothing else."""
    raised = square(site)

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        yield from (new for new in raised(tree, above) if not any(isinstance(p, t.Negative) for p in _exponents(new)))

    return local


def _exponents(tree: t.Tree) -> Iterator[t.Tree]:
    if isinstance(tree, t.Binary) and tree.op == "^":
        yield tree.right


def _power(text: str) -> t.Tree:
    """-1, -1/2 as trees."""
    top, _, below = text.lstrip("-").partition("/")
    fraction: t.Tree = t.Binary("/", t.Number(top), t.Number(below)) if below else t.Number(top)
    return t.Negative(fraction)


def drop_exponent(site: Site) -> Local:
    """x^2 becomes x; a square root is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Binary) and tree.op == "^" and not in_index(tree, above):
            yield tree.left
        if isinstance(tree, t.Call) and tree.function == "sqrt" and tree.args:
            yield tree.args[0]

    return local


def other_exponent(site: Site) -> Local:
    """x^2 becomes x^3 or x, x^-1 becomes x^-2; the root is taken."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if in_index(tree, above) or is_target(tree, above):
            return
        if isinstance(tree, t.Binary) and tree.op == "^":
            for by in (1, -1):
                yield replace(tree, right=shifted(tree.right, by) if isinstance(tree.right, t.Number) else tree.right)
            if isinstance(tree.right, t.Negative) and isinstance(tree.right.operand, t.Number):
                for by in (1, -1):
                    yield replace(tree, right=t.Negative(shifted(tree.right.operand, by)))
        parent = above[0] if above else None
        below = isinstance(parent, t.Binary) and parent.op == "/" and parent.right is tree
        if below and isinstance(tree, t.Name | t.Index | t.Binary):
            yield t.Call("sqrt", (tree,))

    return local


def flip_argument(site: Site) -> Local:
    """f(u) becomes f(-u)."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and len(tree.args) == 1 and _is_activation(site, tree):
            inner = tree.args[0]
            yield replace(tree, args=(inner.operand if isinstance(inner, t.Negative) else t.Negative(inner),))

    return local


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "derivative of the wrong function",
        "the wrong function",
        "The model has another function here, and its derivative is another one too.",
        other_function,
        None,
        2,
        "function",
    ),
    Mistake(
        "function applied twice",
        "a function is applied once too often",
        "This quantity is the function's output already.",
        drop_function,
        apply_function,
        2,
        "function",
    ),
    Mistake(
        "function missing",
        "a function is missing",
        "The function's value is meant here, not its argument.",
        apply_function,
        drop_function,
        3,
        "function",
    ),
    Mistake(
        "exponent dropped",
        "an exponent is missing",
        "This quantity is squared: tanh' = 1 - tanh^2, and the quotient rule squares the denominator.",
        square,
        drop_exponent,
        2,
        "exponent",
    ),
    Mistake(
        "exponent too much",
        "an exponent or a root too much",
        "This quantity stands here to the first power.",
        drop_exponent,
        make_square,
        2,
        "exponent",
    ),
    Mistake(
        "wrong exponent",
        "a wrong exponent",
        "Differentiating a power lowers its exponent by one.",
        other_exponent,
        None,
        3,
        "exponent",
    ),
    Mistake(
        "sign inside the argument",
        "the sign inside the argument is lost",
        "The function is applied to minus this quantity, and so is its derivative.",
        flip_argument,
        None,
        2,
        "sign",
    ),
)
