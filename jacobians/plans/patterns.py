"""The labels of a term without its arrays, so that what is decided from labels alone is decided once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from jacobians.terms import Array, Factor, Labels, Term, letters

#: Labels as numbers, in order of first appearance: output axes, input axes, factors.
Numbers = tuple[int, ...]


class Pattern(NamedTuple):
    """`factors -> out | inp` and the size of each label."""

    factors: tuple[Numbers, ...]
    out: Numbers
    inp: Numbers
    sizes: tuple[int, ...]

    @property
    def axes(self) -> Numbers:
        return self.out + self.inp

    @property
    def ties(self) -> Numbers:
        """For each axis the first axis with its label."""
        axes = self.axes
        return tuple(axes.index(a) for a in axes)


class Part(NamedTuple):
    """A term whose factors are values of a program."""

    pattern: Pattern
    values: tuple[int, ...]
    coef: float


def numbered(factors: Sequence[Sequence[Any]], out: Sequence[Any], inp: Sequence[Any], sizes: Any) -> Pattern:
    """The pattern of labels of any kind."""
    number: dict[Any, int] = {}
    for labels in (out, inp, *factors):
        for a in labels:
            number.setdefault(a, len(number))

    def of(labels: Sequence[Any]) -> Numbers:
        return tuple([number[a] for a in labels])

    return Pattern(tuple(map(of, factors)), of(out), of(inp), tuple([sizes[a] for a in number]))


def pattern_of(term: Term) -> Pattern:
    """The labels of a term."""
    return numbered([f.labels for f in term.factors], term.out, term.inp, term.sizes)


@lru_cache(maxsize=4096)
def identity(shape: tuple[int, ...]) -> Pattern:
    """A delta for each axis."""
    axes = tuple(range(len(shape)))
    return Pattern((), axes, axes, shape)


@lru_cache(maxsize=65536)
def compose(outer: Pattern, inner: Pattern) -> tuple[Pattern, float]:
    """The chain rule on labels, as `Term @ Term`, and the number that closed loops of deltas leave."""
    product = _bare(outer) @ _bare(inner)
    return pattern_of(product), product.coef


_NOTHING = np.empty(0)


def _bare(pattern: Pattern) -> Term:
    def of(numbers: Numbers) -> Labels:
        return tuple(f"a{k}" for k in numbers)

    factors = tuple(Factor(_NOTHING, of(f), "") for f in pattern.factors)
    sizes = {f"a{k}": n for k, n in enumerate(pattern.sizes)}
    return Term(factors, of(pattern.out), of(pattern.inp), sizes)


def term_of(part: Part, factors: Sequence[tuple[Array, str]]) -> Term:
    """A term with these arrays and names as factors."""
    p = part.pattern
    label = letters("ijklmnopqrstuvwxyz", len(p.sizes))
    made = tuple(
        Factor(np.asarray(value), tuple(label[a] for a in labels), name)
        for (value, name), labels in zip(factors, p.factors, strict=True)
    )
    out, inp = (tuple(label[a] for a in axes) for axes in (p.out, p.inp))
    return Term(made, out, inp, dict(zip(label, p.sizes, strict=True)), part.coef)


def chained(outer: Sequence[Part], inner: Sequence[Part]) -> list[Part]:
    """The terms of a product of Jacobians: only labels move."""
    parts = []
    for a in outer:
        for b in inner:
            pattern, loops = compose(a.pattern, b.pattern)
            parts.append(Part(pattern, a.values + b.values, a.coef * b.coef * loops))
    return parts
