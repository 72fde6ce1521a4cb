"""Rules: what an op writes for its derivative by one input, and the terms that become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jacobians.terms import Array, Factor, Labels, Term, as_array, parse_pattern, term_sizes


@dataclass(frozen=True, slots=True)
class Rule:
    """One delta-einsum term of a rule; `Op.jacobian` fills in the batch axes and the sizes."""

    pattern: str
    factors: tuple[tuple[str, Array], ...]
    coef: float
    sizes: Mapping[str, int]


def term(pattern: str, *factors: tuple[str, Array], coef: float = 1.0, **sizes: int) -> Rule:
    """One delta-einsum term, `term("... i -> ... o | o i", ("x", x))`; factors are (name in plain notation, array).

    Names are written with the op's own input and output names (`tanh'(x)`, `p`); a network replaces those by its own.
    """
    return Rule(pattern, factors, coef, sizes)


def rule_term(where: str, rule: Rule, axes: Labels, sizes: Mapping[str, int]) -> Term:
    """The term of a rule; `...` in its pattern stands for the labels in `axes`."""
    names = tuple([name for name, _ in rule.factors])
    values = [as_array(value) for _, value in rule.factors]
    shapes = tuple([value.shape for value in values])
    given = (*sizes.items(), *rule.sizes.items())
    labels, out, inp, known = _layout(where, rule.pattern, axes, names, shapes, given)
    return Term(tuple(map(Factor, values, labels, names)), out, inp, dict(known), rule.coef)


@lru_cache(maxsize=4096)
def _layout(
    where: str,
    pattern: str,
    axes: Labels,
    names: tuple[str, ...],
    shapes: tuple[tuple[int, ...], ...],
    given: tuple[tuple[str, int], ...],
) -> tuple[tuple[Labels, ...], Labels, Labels, Mapping[str, int]]:
    """Labels of the factors, of the output and of the input, and the size of every label, checked."""
    spec, out, inp = parse_pattern(pattern, axes)
    spec = spec or ((),) * len(names)  # factors without axes: "-> ... | ..." with the number c
    needed = {a: n for a, n in dict(given).items() if a in out or a in inp}
    return spec, out, inp, term_sizes(where, zip(names, spec, shapes, strict=True), out, inp, needed)
