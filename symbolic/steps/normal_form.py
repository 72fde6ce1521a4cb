"""A normal form of formulas of whole arrays: numbers in front, then a matrix product, transposes at the names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.arrays import ONE, Kinds, hadamard, is_ones, matmul, times
from symbolic.steps.sums import number, product_of, without_common


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient * scalars / below * (the matrix product of the factors); without factors it is a number."""

    coefficient: Fraction = Fraction(1)
    scalars: tuple[t.Tree, ...] = ()
    below: tuple[t.Tree, ...] = ()
    factors: tuple[t.Tree, ...] = ()


Terms = tuple[Term, ...]


class Arrays(Kinds):
    """Kinds and normal forms of the formulas of a graph."""

    def tidy(self, tree: t.Tree) -> t.Tree:
        """The same value: numbers in front, transposes at the names, units left out."""
        return self.write(self.read(tree))

    def read(self, tree: t.Tree) -> Terms:
        """A formula as a sum of terms."""
        match tree:
            case t.Number(text):
                exact = (Term(tree.value),) if text.isdigit() else (Term(scalars=(tree,)),)  # 0.1 stays 0.1
                return exact if tree.value else ()
            case t.Negative(operand):
                return scaled(self.read(operand), Fraction(-1))
            case t.Binary("+" | "-" as sign, left, right):
                return self._sum(sign, left, right)
            case t.Binary("*" | "∘", left, right) if "number" not in (self.kind(left), self.kind(right)):
                return self._hadamard(self.read(left), self.read(right))
            case t.Binary("/", left, right):
                return self._quotient(left, right)
            case t.Juxtaposition(left, right) | t.Binary("*" | "∘" | "@" | "·" | "×", left, right):
                return self._product(self.read(left), self.read(right))
            case t.Transpose(operand):
                one = self._one(self.read(operand)) if self.read(operand) else None
                return (replace(one, factors=tuple(map(self._turned, reversed(one.factors)))),) if one else ()
            case t.Call("trace" | "tr" | "inner"):
                return self._linear_call(tree)
            case t.Name() | t.Index() | c.Gradient() | c.Partial() | c.Differential():
                return self._opaque(tree)
        return self._opaque(rebuilt(tree, self.tidy))

    def _opaque(self, tree: t.Tree) -> Terms:
        if self.kind(tree) == "number":
            return (Term(scalars=(tree,)),)
        return (Term(factors=(tree,)),)

    def _sum(self, sign: str, left: t.Tree, right: t.Tree) -> Terms:
        if self.kind(left) != self.kind(right):  # a number added to every entry, a bias to every sample
            made = t.Binary(sign, self.tidy(left), self.tidy(right))  # type: ignore[arg-type]
            return (Term(factors=(made,)),)
        return self._factored(merged(self.read(left) + scaled(self.read(right), Fraction(1 if sign == "+" else -1))))

    def _factored(self, terms: Terms) -> Terms:
        """A ⊙ C - B ⊙ C as (A - B) ⊙ C."""
        if len(terms) != 2 or not all(_is_hadamard(one) for one in terms):
            return terms
        a, b = terms
        x, y = a.factors[0], b.factors[0]
        assert isinstance(x, t.Binary)
        assert isinstance(y, t.Binary)
        if x.right != y.right or (a.scalars, a.below, abs(a.coefficient)) != (b.scalars, b.below, abs(b.coefficient)):
            return terms
        inner = t.Binary("+" if a.coefficient == b.coefficient else "-", x.left, y.left)
        return (replace(a, factors=(hadamard(inner, x.right),)),)

    def _one(self, terms: Terms) -> Term:
        """Several terms as one factor in brackets; what they have in common stands in front."""
        if len(terms) == 1:
            return terms[0]
        first = terms[0]
        common = {(abs(one.coefficient), one.scalars, one.below) for one in terms}
        if len(common) == 1 and first.factors:
            signs = (
                replace(one, coefficient=Fraction(1 if one.coefficient > 0 else -1), scalars=(), below=())
                for one in terms
            )
            return replace(first, coefficient=abs(first.coefficient), factors=(self.write(tuple(signs)),))
        return self._opaque(self.write(terms))[0]

    def _product(self, left: Terms, right: Terms) -> Terms:
        if not left or not right:
            return ()
        a, b = self._one(left), self._one(right)
        factors = tuple(f for f in a.factors + b.factors if not _is_unit(f)) or (a.factors + b.factors)[:1]
        factors = _joined_ones(factors)
        made = Term(a.coefficient * b.coefficient, a.scalars + b.scalars, a.below + b.below, factors)
        if factors and self.kind(chain(factors)) == "number":
            made = replace(made, scalars=(*made.scalars, chain(factors)), factors=())
        return (cancelled(made),)

    def _hadamard(self, left: Terms, right: Terms) -> Terms:
        if not left or not right:
            return ()
        a, b = self._one(left), self._one(right)
        one, other = chain(a.factors), chain(b.factors)
        for x, y in ((one, other), (other, one)):  # (1 / x) ⊙ y as y / x
            if isinstance(x, t.Binary) and x.op == "/" and is_ones(x.left) and self.kind(x) == self.kind(y):
                made = t.Binary("/", y, x.right)
                return (cancelled(replace(_number_times(a, b), factors=(made,))),)
        same = self.kind(one) == self.kind(other)
        factor = other if same and is_ones(one) else one if same and is_ones(other) else hadamard(one, other)
        factors = a.factors if factor is one else b.factors if factor is other else (factor,)
        return (cancelled(Term(a.coefficient * b.coefficient, a.scalars + b.scalars, a.below + b.below, factors)),)

    def _quotient(self, left: t.Tree, right: t.Tree) -> Terms:
        above, below = self.read(left), self._one(self.read(right))
        if not above:
            return ()
        if below.factors:
            a = self._one(above)
            over = chain(a.factors) if a.factors else ONE
            made = Term(
                a.coefficient / below.coefficient,
                a.scalars + below.below,
                a.below + below.scalars,
                (t.Binary("/", over, chain(below.factors)),),
            )
            return (cancelled(made),)
        inverse = Term(1 / below.coefficient, below.below, below.scalars)
        return tuple(cancelled(_number_times(inverse, one)) for one in above)

    def _turned(self, tree: t.Tree) -> t.Tree:
        """The transpose, with the sign at the names."""
        match tree:
            case t.Transpose(operand):
                return operand
            case t.Call("diag" | "Id"):
                return tree
            case t.Call("ones", (rows, columns)):
                return t.Call("ones", (columns, rows))
            case t.Binary("-", t.Call("diag"), t.Binary("@", left, t.Transpose(right))) if left == right:
                return tree
        return t.Transpose(tree)

    def _linear_call(self, tree: t.Call) -> Terms:
        """trace and inner: numbers come out in front."""
        made = []
        rest = [self._one(self.read(a)) for a in tree.args[1:]]
        for one in self.read(tree.args[0]):
            every = (one, *rest)
            parts = [chain(x.factors) for x in every]
            call = self.inner(*parts) if rest else t.Call(tree.function, tuple(parts))
            scalars = (*(s for x in every for s in x.scalars), call)
            coefficient = Fraction(1)
            for x in every:
                coefficient *= x.coefficient
            made.append(cancelled(Term(coefficient, scalars, tuple(s for x in every for s in x.below))))
        return tuple(made)

    def write(self, terms: Terms) -> t.Tree:
        """The formula; an empty sum is 0."""
        if not terms:
            return t.Number("0")
        first, *rest = terms
        made = t.Negative(_absolute(first)) if first.coefficient < 0 else _absolute(first)
        for one in rest:
            made = t.Binary("-" if one.coefficient < 0 else "+", made, _absolute(one))
        return made


def scaled(terms: Terms, factor: Fraction) -> Terms:
    """A multiple."""
    return tuple(replace(one, coefficient=one.coefficient * factor) for one in terms)


def merged(terms: Terms) -> Terms:
    """Like terms added up; those that cancel are gone."""
    found: dict[Term, Fraction] = {}
    for one in terms:
        key = replace(one, coefficient=Fraction(1))
        found[key] = found.get(key, Fraction(0)) + one.coefficient
    return tuple(replace(key, coefficient=value) for key, value in found.items() if value)


def chain(factors: Iterable[t.Tree]) -> t.Tree:
    """The matrix product of the factors."""
    made: t.Tree | None = None
    for factor in factors:
        made = factor if made is None else matmul(made, factor)
    return made if made is not None else ONE


def cancelled(one: Term) -> Term:
    """What stands above and below the line is gone."""
    scalars, below = without_common(one.scalars, one.below)
    return replace(one, scalars=scalars, below=below)


def _is_hadamard(one: Term) -> bool:
    (tree,) = one.factors if len(one.factors) == 1 else (ONE,)
    return isinstance(tree, t.Binary) and tree.op == "*"


def _joined_ones(factors: tuple[t.Tree, ...]) -> tuple[t.Tree, ...]:
    """A column of ones times a row of ones as a matrix of ones."""
    made: list[t.Tree] = []
    for factor in factors:
        match made[-1:], factor:
            case [t.Call("ones", (rows,))], t.Transpose(t.Call("ones", (columns,))):
                made[-1] = t.Call("ones", (rows, columns))
            case _:
                made.append(factor)
    return tuple(made)


def _is_unit(tree: t.Tree) -> bool:
    return isinstance(tree, t.Call) and tree.function == "Id"


def _number_times(a: Term, b: Term) -> Term:
    return Term(a.coefficient * b.coefficient, a.scalars + b.scalars, a.below + b.below, b.factors)


def _absolute(one: Term) -> t.Tree:
    """A term without its sign: the number, the scalars, the product; what is below in one fraction."""
    size = abs(one.coefficient)
    array, scalars = one.factors, one.scalars
    if not array and scalars and isinstance(scalars[-1], t.Binary) and scalars[-1].op == "@":
        *before, last = scalars  # 2 (x^T A y) as 2 x^T A y
        scalars, array = tuple(before), tuple(_factors(last))
    if not one.below:
        return _in_front(product_of((*_counted(size), *scalars)), array)
    outside: tuple[t.Tree, ...] = ()
    if any(isinstance(x, c.Partial) for x in scalars):  # a fraction in a fraction is hard to read
        scalars, outside = (), scalars
    above = (*_counted(Fraction(size.numerator)), *scalars)
    if not above and array and not outside:
        above, array = (chain(array),), ()
    under = product_of((*_counted(Fraction(size.denominator)), *one.below))
    return _in_front(product_of((t.Binary("/", product_of(above) or ONE, under or ONE), *outside)), array)


def _in_front(lead: t.Tree | None, factors: tuple[t.Tree, ...]) -> t.Tree:
    """A number in front of a matrix product."""
    if not factors:
        return lead or ONE
    first, *rest = factors
    return chain((first if lead is None else times(lead, first), *rest))


def _factors(tree: t.Tree) -> Iterator[t.Tree]:
    """The factors of a matrix product."""
    if isinstance(tree, t.Binary) and tree.op == "@":
        yield from _factors(tree.left)
        yield tree.right
    else:
        yield tree


def _counted(size: Fraction) -> tuple[t.Tree, ...]:
    """A number as a factor; 1 is none."""
    return (number(size),) if size != 1 else ()
