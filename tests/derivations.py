"""Derivations that the tests of documents write: one from the engine for each style, one by hand with wide lines."""

from __future__ import annotations

from functools import cache, partial

import jacobians as jac
import symbolic
from jacobians.claims.check import context_of
from jacobians.notation import parse
from jacobians.notation.options import Notation
from symbolic.steps.derivation import STYLES, Derivation, Part, Reason, Step

MODELS = {
    "two layers": lambda: jac.mlp([3, 5, 2]),
    "softmax": lambda: jac.mlp([3, 5, 2], loss="cross_entropy"),
    "five layers": lambda: jac.mlp([3, 5, 7, 5, 3, 2], activation="sigmoid"),
    "recurrent": lambda: jac.rnn([2, 3, 5], steps=3),
}


@cache
def derived(
    model: str = "two layers", style: str = "index", detail: str = "lecture", language: str = "en"
) -> Derivation:
    return symbolic.derivation(MODELS[model](), style=style, detail=detail, notation=Notation(language=language))


NETWORK = """
x : 3
y : 2
W1 : 5 x 3
b1 : 5
W2 : 2 x 5
b2 : 2
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1 + b2
L = 1/2 * norm(z2 - y)^2
"""


@cache
def by_hand() -> Derivation:
    """Three parts, the last with a head and lines that no page holds in one row."""
    a, s = "D(L, z2[k]) * D(z2[k], a1[l]) * D(a1[l], z1[m]) * D(z1[m], W1[i, j])", "sum_k(sum_l(sum_m({})))"
    wide = " + ".join(f"{n} * {s.format(a)}" for n in (2, 3, 5, -9))
    parts = (
        part(
            "delta2[k]",
            "definition of delta",
            ("D(L, z2[k])", "definition of delta"),
            ("z2[k] - y[k]", "simplification"),
        ),
        part("D(L, a1[l])", "adjoint", ("sum_k(delta2[k] * W2[k, l])", "chain rule")),
        part(
            "D(L, W1[i, j])",
            "result",
            (s.format(a), "sum over paths"),
            (wide, "linearity"),
            ("(1 - a1[i]^2) * x[j] * sum_k(W2[k, i] * (z2[k] - y[k]))", "contraction"),
        ),
    )
    return Derivation(context_of(NETWORK), parse("L"), parse("W1"), "index", parts)


def part(head: str, title: str, *lines: tuple[str, str]) -> Part:
    return Part(parse(head), tuple(Step(parse(line), Reason(rule)) for line, rule in lines), Reason(title))


#: One of every style and model, in two languages.
CASES = {
    "by hand": by_hand,
    "German": partial(derived, language="de"),
    "every step": partial(derived, detail="every step"),
    "recurrent": partial(derived, "recurrent", language="de"),
    "five layers": partial(derived, "five layers"),
    **{f"two layers, {style}": partial(derived, style=style) for style in STYLES},
    **{f"softmax, {style}": partial(derived, "softmax", style) for style in STYLES},
    "recurrent, forward": partial(derived, "recurrent", "forward"),
}
