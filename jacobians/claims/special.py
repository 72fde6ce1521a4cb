"""Special cases: a claim that fails for undefined functions may hold for the usual activation or loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jacobians.claims.context import Context, Function
from jacobians.notation.reading import parse

#: Ops that an undefined activation often is, and how they are called; smooth ones, which no few points can hide.
ACTIVATIONS = {
    "sigmoid": "the sigmoid",
    "tanh": "tanh",
    "exp": "the exponential function",
    "identity": "the identity (a linear layer)",
}
#: Losses of a target u and an output v, and how they are called.
LOSSES = {
    "-sum(u * log(v) + (1 - u) * log(1 - v))": "the binary cross-entropy",
    "1/2 * norm(v - u)^2": "half the squared error",
    "norm(v - u)^2": "the squared error",
    "-sum(u * log(v))": "the cross-entropy",
}


def special_cases(context: Context) -> Iterator[tuple[str, Context]]:
    """The context with the usual functions in the place of undefined ones, and what is assumed then."""
    functions = context.functions.values()
    undefined = [f.name for f in functions if f.kind == "elementwise" and not f.op]
    losses = [f.name for f in functions if f.kind == "number" and not f.domain]
    activations = [(said(undefined, word), _with_op(context, undefined, op)) for op, word in ACTIVATIONS.items()]
    if undefined:
        yield from activations
    for body, word in LOSSES.items() if losses else ():
        for assumed, special in activations if undefined else ():
            yield f"{assumed} and {said(losses, word)}", _with_loss(special, losses, body)
        yield said(losses, word), _with_loss(context, losses, body)


def said(names: list[str], word: str) -> str:
    """`g is tanh`, `f, g are tanh`."""
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {word}"


def _with_op(context: Context, names: list[str], op: str) -> Context:
    changed = {name: replace(context.functions[name], op=op) for name in names}
    return replace(context, functions={**context.functions, **changed})


def _with_loss(context: Context, names: list[str], body: str) -> Context:
    made = {name: Function(name, "defined", None, ("u", "v"), parse(body)) for name in names}
    return replace(context, functions={**context.functions, **made})
