"""The shortest form of an expression, by the output's own letter where that helps, as textbooks write it.

y (1 - y) for the sigmoid, p_i (delta_ij - p_j) for softmax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import sympy as sp

from symbolic.scope import Expr

#: What counts as one letter while an expression is rearranged.
LETTERS = sp.Sum | sp.Product | sp.Indexed | sp.KroneckerDelta | sp.Piecewise
#: An output made of more letters has no derivative that its own letter makes shorter; looking for one takes minutes.
MOST_LETTERS = 3
#: Longer expressions become longer still where SymPy multiplies out their polynomials and factors them, for seconds.
MOST_PARTS = 24


def outermost(expr: Expr, kind: Any) -> Iterator[Expr]:
    """The subexpressions of that kind that lie in no other one."""
    if isinstance(expr, kind):
        yield expr
    else:
        for arg in expr.args:
            yield from outermost(arg, kind)


def by_letters(expr: Expr, rearrange: Callable[[Expr], Expr]) -> Expr:
    """`rearrange` applied with sums, entries and cases replaced by letters."""
    letter = {atom: sp.Dummy(real=True) for atom in outermost(expr, LETTERS)}
    return rearrange(expr.xreplace(letter)).xreplace({d: atom for atom, d in letter.items()})


def tidy(expr: Expr) -> Expr:
    """The shortest of a few equal forms."""
    return by_letters(expr, _shortest)


def _shortest(expr: Expr) -> Expr:
    collected = sp.factor_terms(expr)
    factored = [sp.factor(expr)] if sp.count_ops(collected) <= MOST_PARTS else []
    return min((expr, *factored, collected), key=sp.count_ops)


def _cancelled(expr: Expr) -> Expr:
    return sp.factor_terms(sp.expand(sp.cancel(expr)))


def name_entries(expr: Expr, output: Expr, entry: Expr, readings: Iterable[Mapping[Expr, Expr]]) -> Expr:
    """`expr` with the output's letter where that makes it shorter: entry = output is solved for a part of the output.

    `readings` renames the output's indices to those of other axes: exp(x_i) = p_i S also says exp(x_j) = p_j S.
    """
    if len(set(outermost(output, LETTERS))) > MOST_LETTERS:
        return expr
    shown = expr
    readings = [dict(r) for r in readings]
    root = isinstance(output, sp.Pow) and output.exp.is_Rational and not output.exp.is_Integer
    letters = [sp.Dummy(real=True, positive=root or None) for _ in readings]  # a root is not negative
    back = {d: entry.xreplace(r) for d, r in zip(letters, readings, strict=True)}
    y = sp.Dummy(real=True)
    for part, value in _solutions(output, y):
        swap = {part.xreplace(r): value.xreplace({**r, y: d}) for d, r in zip(letters, readings, strict=True)}
        if (swapped := _swapped(expr, swap)) == expr:
            continue
        named = by_letters(swapped, _cancelled)
        if sp.count_ops(named) < sp.count_ops(shown) and _safe(named, expr, letters):
            shown = named
    return shown.xreplace(back)


def _swapped(expr: Expr, swap: Mapping[Expr, Expr]) -> Expr:
    """`xreplace`, also inside the exponentials of sums that SymPy makes of products: exp(a + 2 b) = exp(a) exp(b)^2."""
    swap = {**swap, **{1 / part: 1 / value for part, value in swap.items() if isinstance(part, sp.exp)}}

    def split(exponent: Expr) -> Expr:
        powers = (term.as_coeff_Mul() for term in sp.Add.make_args(exponent))
        return sp.Mul(*(swap.get(sp.exp(e), sp.exp(e)) ** c if c.is_Integer else sp.exp(c * e) for c, e in powers))

    return expr.replace(sp.exp, split).xreplace(swap)


def _solutions(output: Expr, y: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Parts of the output with their value as a function of the output's letter y, where that is unique."""
    yield output, y
    part_letter = sp.Dummy(real=True)
    for part in outermost_first(output):
        rest = output.xreplace({part: part_letter})
        if _entries(part) & _entries(rest):
            continue  # the part is no function of the output alone
        if (value := _solved(rest, y, part_letter)) is not None:
            yield part, value


def _solved(side: Expr, y: Expr, unknown: Expr) -> Expr | None:
    """The unknown from y = side, where side is a root of, or itself, a quotient of linear expressions."""
    if side.is_Pow and side.exp.is_Rational:
        side, y = side.base, y ** (1 / side.exp)
    numerator = sp.fraction(sp.together(side - y))[0]
    if not numerator.is_polynomial(unknown) or sp.degree(numerator, unknown) != 1:
        return None
    slope = sp.diff(numerator, unknown)
    return -(numerator - slope * unknown).expand() / slope


def outermost_first(expr: Expr) -> Iterator[Expr]:
    """The proper parts of an expression that are no numbers; sums and entries are not opened."""
    for arg in expr.args if not isinstance(expr, LETTERS) else ():
        if not arg.is_number:
            yield arg
            yield from outermost_first(arg)


def _entries(expr: Expr) -> set[Expr]:
    """The entries and scalars that an expression is made of, those under a sum left out."""
    bound = {limit[0] for s in expr.atoms(sp.Sum, sp.Product) for limit in s.limits}
    entries = {e for e in expr.atoms(sp.Indexed) if not e.free_symbols & bound}
    plain = expr.xreplace({atom: sp.Dummy() for atom in outermost(expr, LETTERS)})
    return entries | {s for s in plain.free_symbols if not isinstance(s, sp.Dummy)}


def _safe(named: Expr, plain: Expr, letters: Iterable[Expr]) -> bool:
    """True where the letters occur in no function, and nothing but a letter became a denominator."""
    inside = [f for f in named.atoms(sp.Function, sp.Pow) if not (isinstance(f, sp.Pow) and f.exp.is_Integer)]
    added = _denominators(named) - _denominators(plain) - set(letters)
    return not added and not any(f.has(d) for f in inside for d in letters)


def _denominators(expr: Expr) -> set[Expr]:
    return {p.base for p in expr.atoms(sp.Pow) if p.exp.could_extract_minus_sign()}
