r"""SymPy expressions in index notation as LaTeX: `\delta_{o o'} x_{i}`, `\sum_{p=1}^{n} A_{i p} x_{p}`.

Indices count from 0 in the expressions, as in NumPy, and from 1 in LaTeX, as in books.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from sympy.core.relational import Relational
from sympy.printing.latex import LatexPrinter

from jacobians.forms.entries import number_latex
from jacobians.notation import name_to_latex
from symbolic.scope import Expr


def index_latex(expr: Expr, sizes: Mapping[Expr, str] | None = None) -> str:
    """LaTeX for math mode; `sizes` gives letters to the size symbols."""
    return str(IndexPrinter(sizes or {}).doprint(from_one(expr)))


def from_one(expr: Expr) -> Expr:
    """The same expression with indices that count from 1."""
    if isinstance(expr, sp.Indexed):
        return expr.base[tuple(_place(i) for i in expr.indices)]
    if isinstance(expr, sp.KroneckerDelta):
        return sp.KroneckerDelta(*map(_place, expr.args))
    if isinstance(expr, sp.Sum | sp.Product):
        limits = [(k, _place(low), _place(high)) for k, low, high in expr.limits]
        return expr.func(from_one(expr.function), *limits)
    if isinstance(expr, Relational) and all(side.is_integer for side in expr.args):
        return _comparison(expr)
    if expr.is_Symbol:
        return expr - 1 if _is_index(expr) else expr
    return expr.func(*map(from_one, expr.args)) if expr.args else expr


def _comparison(relation: Expr) -> Expr:
    """A comparison of indices: `o < n` from 0 is `o <= n` from 1."""
    if isinstance(relation, sp.StrictGreaterThan):
        relation = relation.reversed
    left, right = relation.args
    if isinstance(relation, sp.StrictLessThan) and not any(map(_is_index, right.free_symbols)):
        return sp.Le(_place(left), right)
    return relation.func(_place(left), _place(right))


def _place(index: Expr) -> Expr:
    """An index expression, from 1: its own indices, and data that are indices, count from 1 too."""
    held = {e: sp.Dummy(integer=True, nonnegative=True) for e in index.atoms(sp.Indexed)}
    plain = index.xreplace(held)
    shifted = plain.xreplace({s: s - 1 for s in plain.free_symbols if not s.is_positive}) + 1
    return shifted.xreplace({d: from_one(e) for e, d in held.items()})


def _is_index(symbol: Expr) -> bool:
    return bool(symbol.is_integer and not symbol.is_positive)


class IndexPrinter(LatexPrinter):  # type: ignore[misc]
    """Names as the notation writes them; deltas, then entries, then functions, then sums."""

    def __init__(self, sizes: Mapping[Expr, str]) -> None:
        super().__init__()
        self.sizes = sizes

    def _print_Indexed(self, expr: Expr) -> str:
        return name_to_latex(str(expr.base.label), [self._print(i) for i in expr.indices])

    def _print_Symbol(self, expr: Expr, style: str = "plain") -> str:
        if expr in self.sizes:
            return self.sizes[expr]
        return expr.name if _is_index(expr) else name_to_latex(expr.name, ())

    def _print_KroneckerDelta(self, expr: Expr, exp: str | None = None) -> str:
        indices = [self._print(i) for i in sorted(expr.args, key=lambda a: bool(a.is_number))]
        return name_to_latex("delta", indices) if exp is None else f"{name_to_latex('delta', indices)}^{{{exp}}}"

    def _print_Pow(self, expr: Expr) -> str:
        if isinstance(expr.base, sp.Indexed) and expr.exp.is_Integer and expr.exp > 0:
            base = self._print(expr.base)
            return f"{{{base}}}^{{{expr.exp}}}" if "^" in base else f"{base}^{{{expr.exp}}}"
        return str(super()._print_Pow(expr))

    def _print_Rational(self, expr: Expr) -> str:
        return number_latex(expr) if expr.q > 10_000 else str(super()._print_Rational(expr))

    def _print_Float(self, expr: Expr) -> str:
        return number_latex(expr)

    def _print_Piecewise(self, expr: Expr) -> str:
        if len(expr.args) == 2 and expr.args[0][0] == 1 and expr.args[1] == (0, True):
            return rf"\left[ {self._print(expr.args[0][1])} \right]"  # Iverson's bracket
        return str(super()._print_Piecewise(expr))

    def _print_Add(self, expr: Expr, order: Any = None) -> str:
        summands = sorted(self._as_ordered_terms(expr), key=lambda a: bool(a.could_extract_minus_sign()))
        first, *rest = (str(self._print(a)) for a in summands)
        return first + "".join(f" - {s[1:].lstrip()}" if s.startswith("-") else f" + {s}" for s in rest)

    def _print_Relational(self, expr: Expr) -> str:
        # SymPy sorts the sides; an index reads better on the left of its bound
        turned = expr.rhs.is_integer and not any(map(_is_index, expr.lhs.free_symbols))
        return str(super()._print_Relational(expr.reversed if turned else expr))

    def _print_Mul(self, expr: Expr) -> str:
        if expr.could_extract_minus_sign():
            return f"- {self._factor(-expr, last=True)}"
        above, below = [], []
        for factor in sp.Mul.make_args(expr):  # not multiplied again: SymPy would expand 2 (a + b)
            if factor.is_Rational and factor.q <= 10_000:
                above += [sp.Integer(factor.p)] if factor.p != 1 else []
                below += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif factor.is_Pow and factor.exp.could_extract_minus_sign():
                below.append(1 / factor)
            else:
                above.append(factor)
        return rf"\frac{{{self._line(above)}}}{{{self._line(below)}}}" if below else self._line(above)

    def _line(self, factors: Sequence[Expr]) -> str:
        """A product of factors without a denominator; one factor alone needs no brackets."""
        if len(factors) < 2:
            return str(self._print(factors[0])) if factors else "1"
        ordered = sorted(factors, key=_place_in_product)
        return " ".join(self._factor(f, last=f is ordered[-1]) for f in ordered)

    def _factor(self, expr: Expr, last: bool = False) -> str:
        shown = str(self._print(expr))
        loose = expr.is_Add or (isinstance(expr, sp.Sum | sp.Product) and not last)
        return rf"\left({shown}\right)" if loose else shown


def _place_in_product(factor: Expr) -> tuple[int, str]:
    """Numbers, sizes, deltas, cases, entries, functions, brackets, sums."""
    base = factor.base if factor.is_Pow and factor.exp.is_Integer else factor
    kinds: tuple[Any, ...] = (sp.Number, sp.Symbol, sp.KroneckerDelta, sp.Indexed, sp.Function, sp.Pow, sp.Add)
    if factor.is_number:
        return 0, str(factor)
    rank = next((k for k, kind in enumerate(kinds) if isinstance(base, kind)), len(kinds))
    return rank, str(factor).replace("'", "~")  # i before i' before i''
