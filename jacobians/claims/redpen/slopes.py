"""Mistakes with the derivatives of activations: forgotten, too much, at the wrong point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.matching import substituted
from jacobians.claims.redpen.edits import (
    Above,
    Local,
    factors,
    heads_product,
    in_index,
    is_product,
    is_sum,
    is_target,
    product_of,
    sign_of,
)
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c


def _is_derivative(tree: t.Tree) -> bool:
    """g'(z), or diag of it, or a'(1 - a) kind of factor of its own."""
    if isinstance(tree, t.Call) and tree.function == "diag" and tree.args:
        return _is_derivative(tree.args[0])
    if isinstance(tree, t.Index):
        return _is_derivative(tree.array)
    return isinstance(tree, t.Call) and tree.primes > 0


def drop_derivative(site: Site) -> Local:
    """The factor g'(z) is left out."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above):
            return
        parts = factors(tree)
        for k, part in enumerate(parts):
            if _is_derivative(part) and len(parts) > 1:
                yield product_of(sign_of(tree), [*parts[:k], *parts[k + 1 :]])

    return local


def add_derivative(site: Site) -> Local:
    """A product gets the factor g'(z), of an activation of the model."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        parent = above[0] if above else None
        if in_index(tree, above) or is_target(tree, above):
            return
        loose = parent is None or is_sum(parent) or isinstance(parent, t.Negative | c.Sum | t.Transpose)
        if not (loose or (parent is not None and is_product(parent) and _is_outer(parent))):
            return
        if is_sum(tree) and above:
            return
        rank = site.rank(tree)
        for factor, scalar in _slopes(site):
            if not scalar and rank == 2:
                yield from _between(tree, t.Call("diag", (factor,)))
                yield t.Juxtaposition(tree, t.Call("diag", (factor,)))
                yield t.Juxtaposition(t.Call("diag", (factor,)), tree)
            yield t.Binary("·" if scalar else "*", tree, factor)

    return local


def _between(tree: t.Tree, factor: t.Tree) -> Iterator[t.Tree]:
    """A product with a factor between two others."""
    if is_product(tree):
        parts, sign = factors(tree), sign_of(tree)
        for k in range(1, len(parts)):
            yield product_of(sign, [*parts[:k], factor, *parts[k:]])


def _is_outer(tree: t.Tree) -> bool:
    """δ a^T: the factor before the transposed one may lack its derivative."""
    return isinstance(tree, t.Binary | t.Juxtaposition) and isinstance(tree.right, t.Transpose)


def _slopes(site: Site) -> Iterator[tuple[t.Tree, bool]]:
    """g'(z) of every activation, in the layers and with the index letters of the claim."""
    seen: set[t.Tree] = set()
    for activation in site.activations:
        call = t.Call(activation.function, (activation.argument,), 1, (), activation.called)
        letter = activation.letter
        made = [call] if letter is None else [substituted(call, {letter: label}) for label in site.label_trees]
        for one in made:
            for slope, scalar in _indexed(site, one):
                if slope not in seen:
                    seen.add(slope)
                    yield slope, scalar


def _indexed(site: Site, call: t.Tree) -> Iterator[tuple[t.Tree, bool]]:
    assert isinstance(call, t.Call)
    rank = site.rank(call.args[0])
    if rank == 0:
        yield call, True
    elif not site.letters:
        yield call, False
    elif rank is not None:
        for letter in site.letters:
            yield replace(call, args=(t.Index(call.args[0], (t.Name(letter),)),)), True


def double_derivative(site: Site) -> Local:
    """The factor g'(z) stands twice."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if heads_product(tree, above):
            for part in factors(tree):
                if _is_derivative(part):
                    yield t.Binary("*" if (site.rank(part) or 0) else "·", tree, part)

    return local


def move_point(site: Site) -> Local:
    """g'(a) becomes g'(z): the derivative at another quantity of the same shape."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not (isinstance(tree, t.Call) and len(tree.args) == 1 and tree.primes):
            return
        argument = tree.args[0]
        base = argument.array if isinstance(argument, t.Index) else argument
        if isinstance(base, t.Call) and len(base.args) == 1 and not base.primes:  # g'(g(z)) for g'(z)
            yield replace(tree, args=(_at(argument, base.args[0]),))
        if not isinstance(base, t.Name):
            return
        for other in site.alike(base):
            yield replace(tree, args=(_at(argument, other),))

    return local


def _at(argument: t.Tree, base: t.Tree) -> t.Tree:
    """An argument of another quantity, with the same indices."""
    return t.Index(base, argument.indices) if isinstance(argument, t.Index) else base


def _is_activation(site: Site, tree: t.Call) -> bool:
    return site.judge.is_elementwise(tree.function)


def add_prime(site: Site) -> Local:
    """g(z) becomes g'(z)."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and not tree.primes and len(tree.args) == 1 and _is_activation(site, tree):
            yield replace(tree, primes=1)
            if tree.label is not None:  # a prime that became a superscript
                yield replace(tree, primes=1, label=None)

    return local


def remove_prime(site: Site) -> Local:
    """g'(z) becomes g(z)."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and tree.primes:
            yield replace(tree, primes=tree.primes - 1)

    return local


def general_slope(site: Site) -> Local:
    """a (1 - a) and 1 - a^2 become g'(z): the slope of one activation stands for that of another."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if not heads_product(tree, above):
            return
        parts = factors(tree)
        rest = [p for p in parts if not _is_special_slope(p)]
        if len(rest) == len(parts):
            return
        outputs = {_output(p) for p in parts if _is_special_slope(p)}
        rest = [p for p in rest if p not in outputs]
        for slope, scalar in _slopes(site):
            yield product_of(sign_of(tree), [*rest, slope]) if rest else slope
            if scalar and not rest:
                return

    return local


def special_slope(site: Site) -> Local:
    """g'(z) becomes g(z) (1 - g(z))."""

    def local(tree: t.Tree, above: Above) -> Iterator[t.Tree]:
        if isinstance(tree, t.Call) and tree.primes == 1 and above and is_product(above[0]):
            value = replace(tree, primes=0)
            sign = "·" if site.rank(tree) == 0 else "*"
            yield t.Binary(sign, value, t.Binary("-", t.Number("1"), value))  # type: ignore[arg-type]

    return local


def _is_special_slope(tree: t.Tree) -> bool:
    """1 - a, 1 - a^2."""
    return isinstance(tree, t.Binary) and tree.op == "-" and tree.left == t.Number("1")


def _output(tree: t.Tree) -> t.Tree:
    """The a of 1 - a."""
    assert isinstance(tree, t.Binary)
    return tree.right


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "derivative of the activation forgotten",
        "the derivative of the activation is forgotten",
        "Going backward through a = g(z) multiplies every entry by g'(z).",
        add_derivative,
        drop_derivative,
        1.5,
        "slope",
    ),
    Mistake(
        "derivative of the activation too much",
        "the derivative of the activation is there once too often",
        "No activation lies between these two quantities, or its derivative has been multiplied in already.",
        drop_derivative,
        double_derivative,
        1,
        "slope",
    ),
    Mistake(
        "derivative at the wrong point",
        "the derivative of the activation is taken at the wrong quantity",
        "g' is evaluated where g was: at the pre-activation z of the same layer, not at the output a.",
        move_point,
        None,
        1,
        "name",
    ),
    Mistake(
        "function for its derivative",
        "the function stands where its derivative belongs",
        "The chain rule multiplies by g', not by g.",
        add_prime,
        remove_prime,
        1,
        "slope",
    ),
    Mistake(
        "derivative for the function",
        "the derivative stands where the function belongs",
        "Here the value of the activation is meant, not its slope.",
        remove_prime,
        add_prime,
        1,
        "slope",
    ),
    Mistake(
        "slope of a special activation",
        "the derivative of one activation stands for that of any",
        "a (1 - a) is the slope of the sigmoid and 1 - a^2 that of tanh; the activation here is another or any one.",
        general_slope,
        special_slope,
        1.5,
        "slope",
    ),
)
