"""Formulas of whole arrays: what kind of array each is, and a normal form with numbers in front of matrix products."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from jacobians.claims.functions import elementwise
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from symbolic.steps.graph import Graph
from symbolic.steps.sums import number, product_of

Kind = Literal["number", "column", "row", "matrix"]
TURNED: dict[Kind, Kind] = {"number": "number", "column": "row", "row": "column", "matrix": "matrix"}
ONE, TWO = t.Number("1"), t.Number("2")
#: Functions of an array whose value is a number.
TO_NUMBERS = frozenset("norm sum mean trace tr inner cross_entropy determinant det logdet".split())
#: Functions whose value is of the kind of their argument.
ROWWISE = frozenset(("softmax", "log_softmax"))
#: The kind of a matrix product, by the kinds of its factors.
PRODUCTS: dict[tuple[Kind, Kind], Kind] = {
    ("matrix", "matrix"): "matrix",
    ("matrix", "column"): "column",
    ("row", "matrix"): "row",
    ("row", "column"): "number",
    ("column", "row"): "matrix",
}


class NoMatrixFormError(InputError):
    """A formula that cannot be written, or not differentiated, with whole vectors and matrices."""


def no_matrix_form(tree: t.Tree) -> NoMatrixFormError:
    """The error, with what to do."""
    return NoMatrixFormError(f"derivation: {to_plain(tree)} has no matrix form here; take style='index' or 'tensor'")


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient * scalars / below * (the matrix product of the factors); without factors it is a number."""

    coefficient: Fraction = Fraction(1)
    scalars: tuple[t.Tree, ...] = ()
    below: tuple[t.Tree, ...] = ()
    factors: tuple[t.Tree, ...] = ()


Terms = tuple[Term, ...]


# ----- building -----


def matmul(a: t.Tree, b: t.Tree) -> t.Tree:
    return t.Binary("@", a, b)


def times(a: t.Tree, b: t.Tree) -> t.Tree:
    """A number times anything."""
    return t.Juxtaposition(a, b)


def hadamard(a: t.Tree, b: t.Tree) -> t.Tree:
    return t.Binary("*", a, b, hadamard=True)


def plus(a: t.Tree | None, b: t.Tree | None) -> t.Tree | None:
    """The sum of what is there; None is zero."""
    if a is None or b is None:
        return a if b is None else b
    return t.Binary("+", a, b)


def total(trees: Iterable[t.Tree | None]) -> t.Tree | None:
    """The sum of all that is not zero."""
    made: t.Tree | None = None
    for tree in trees:
        made = plus(made, tree)
    return made


def is_elementwise(graph: Graph, tree: t.Call) -> bool:
    """Whether a call is a function of one variable, entry by entry."""
    if len(tree.args) != 1 or tree.keywords:
        return False
    declared = graph.context.functions.get(tree.function)
    if declared is not None:
        return declared.kind == "elementwise"
    return elementwise(tree.function) is not None or len(tree.function.rstrip("0123456789")) == 1


@dataclass
class Arrays:
    """Kinds and normal forms of the formulas of a graph."""

    graph: Graph
    _kinds: dict[t.Tree, Kind] = field(default_factory=dict)

    # ----- kinds -----

    @property
    def upright(self) -> Kind:
        """What vectors are unless they say otherwise, and gradients by vectors are."""
        return "row" if self.graph.context.settings.vectors == "rows" else "column"

    def kind(self, tree: t.Tree) -> Kind:
        """What an array is in a matrix product.

        Raises:
            NoMatrixFormError: it has more than two axes, or its factors do not fit as matrices.
        """
        if tree not in self._kinds:
            self._kinds[tree] = self._kind(tree)
        return self._kinds[tree]

    def _kind(self, tree: t.Tree) -> Kind:
        match tree:
            case t.Number():
                return "number"
            case t.Negative(operand) | c.Differential(operand):
                return self.kind(operand)
            case t.Transpose(operand):
                return TURNED[self.kind(operand)]
            case c.Gradient(by, _):
                kind = self.kind(by)
                return self.upright if kind in ("row", "column") else kind
            case c.Partial(of, by, None):
                return self._kind_of_derivative(tree, self.kind(of), self.kind(by))
            case t.Binary("^", left, _):
                return self.kind(left)
            case t.Binary("+" | "-" | "*" | "∘" | "/", left, right):
                return self._wider(tree, self.kind(left), self.kind(right))
            case t.Binary(_, left, right) | t.Juxtaposition(left, right):
                return self._kind_of_product(tree, self.kind(left), self.kind(right))
            case t.Call():
                return self._kind_of_call(tree)
            case t.Index(array, indices) if isinstance(array, t.Name) and self.graph.rank(array) == len(indices):
                return "number"
        return self._kind_of_value(tree)

    def _kind_of_value(self, tree: t.Tree) -> Kind:
        value = self.graph.instances.value(tree, self.graph.context.settings)
        if value is None or value.rank > 2:
            raise no_matrix_form(tree)
        if value.rank == 1:
            return "row" if value.orientation == "row" else "column"
        return "matrix" if value.rank else "number"

    def _kind_of_derivative(self, tree: t.Tree, of: Kind, by: Kind) -> Kind:
        if "matrix" in (of, by):
            raise no_matrix_form(tree)
        if of == "number" or by == "number":
            return of if by == "number" else "row"
        return "matrix"

    def _wider(self, tree: t.Tree, left: Kind, right: Kind) -> Kind:
        for one, other in ((left, right), (right, left)):
            if one in ("number", other):
                return other
        raise no_matrix_form(tree)

    def _kind_of_product(self, tree: t.Tree, left: Kind, right: Kind) -> Kind:
        if "number" in (left, right):
            return right if left == "number" else left
        if isinstance(tree, t.Binary) and tree.op == "⊗" and left == right == "column":
            return "matrix"
        if isinstance(tree, t.Binary) and tree.op == "·" and left == right != "matrix":
            return "number"
        if (left, right) not in PRODUCTS:
            raise no_matrix_form(tree)
        return PRODUCTS[left, right]

    def _kind_of_call(self, tree: t.Call) -> Kind:
        name = tree.function
        if name == "ones":
            return "column" if len(tree.args) == 1 else "matrix"
        if name in ("Id", "outer"):
            return "matrix"
        if name == "diag":
            return "column" if self.kind(tree.args[0]) == "matrix" else "matrix"
        if name in TO_NUMBERS and not tree.keywords:
            return "number"
        if name in ROWWISE or is_elementwise(self.graph, tree):
            return self.kind(tree.args[0])
        return self._kind_of_value(tree)

    # ----- what is known of values -----

    def named(self, tree: t.Tree) -> list[t.Name]:
        """The quantities whose equation is this formula."""
        graph = self.graph
        return [t.Name(name) for name in graph.equations if graph.equation(t.Name(name)) == tree]

    def sums_to_one(self, tree: t.Tree) -> bool:
        """Whether the entries of a vector sum to one, as those of a one-hot or a probability vector do."""
        value = self.graph.instances.value(t.Call("sum", (tree,)), self.graph.context.settings)
        return value is not None and bool(np.allclose(value.array, 1.0, rtol=0, atol=1e-12))

    # ----- sizes -----

    def size(self, tree: t.Tree, axis: int = 0) -> t.Tree:
        """How many entries an array has along an axis, as it is called."""
        return self.graph.size(self.graph.shape(tree)[axis])

    def ones(self, tree: t.Tree) -> t.Tree:
        """The array of ones of the same shape."""
        kind = self.kind(tree)
        if kind == "number":
            return ONE
        made = t.Call("ones", tuple(self.size(tree, axis) for axis in range(2 if kind == "matrix" else 1)))
        return t.Transpose(made) if kind == "row" else made

    def inner(self, a: t.Tree, b: t.Tree) -> t.Tree:
        """The sum of the products of all entries of two arrays of one kind."""
        match self.kind(a):
            case "number":
                return times(a, b)
            case "column":
                return matmul(t.Transpose(a), b)
            case "row":
                return matmul(a, t.Transpose(b))
        for one, other in ((a, b), (b, a)):  # the sum of all entries of one
            if is_ones(one) and isinstance(one, t.Call):
                left, right = (t.Call("ones", (size,)) for size in one.args)
                return matmul(matmul(t.Transpose(left), other), right)
        return t.Call("inner", (a, b))

    def natural(self, gradient: t.Tree, kind: Kind) -> t.Tree:
        """A gradient by a vector as the column or row that the vector is, and back."""
        return t.Transpose(gradient) if kind in ("row", "column") and kind != self.upright else gradient

    # ----- the normal form -----

    def tidy(self, tree: t.Tree) -> t.Tree:
        """The same value: numbers in front, transposes at the names, units left out."""
        return self.write(self.read(tree))

    def read(self, tree: t.Tree) -> Terms:
        """A formula as a sum of terms."""
        match tree:
            case t.Number():
                return (Term(tree.value),) if tree.value else ()
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
                return tuple(self._transposed(one) for one in self.read(operand))
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
        kinds = {self.kind(left), self.kind(right)}
        if len(kinds) > 1:  # a number added to every entry
            made = t.Binary(sign, self.tidy(left), self.tidy(right))  # type: ignore[arg-type]
            return (Term(factors=(made,)),)
        return merged(self.read(left) + scaled(self.read(right), Fraction(1 if sign == "+" else -1)))

    def _one(self, terms: Terms) -> Term:
        """Several terms as one factor in brackets."""
        if len(terms) == 1:
            return terms[0]
        tree = self.write(terms)
        return self._opaque(tree)[0]

    def _product(self, left: Terms, right: Terms) -> Terms:
        if not left or not right:
            return ()
        a, b = self._one(left), self._one(right)
        factors = tuple(f for f in a.factors + b.factors if not _is_unit(f)) or (a.factors + b.factors)[:1]
        made = Term(a.coefficient * b.coefficient, a.scalars + b.scalars, a.below + b.below, factors)
        if factors and self.kind(chain(factors)) == "number":
            made = replace(made, scalars=(*made.scalars, chain(factors)), factors=())
        return (cancelled(made),)

    def _hadamard(self, left: Terms, right: Terms) -> Terms:
        if not left or not right:
            return ()
        a, b = self._one(left), self._one(right)
        one, other = chain(a.factors), chain(b.factors)
        factor = other if is_ones(one) else one if is_ones(other) else hadamard(one, other)
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

    def _transposed(self, one: Term) -> Term:
        return replace(one, factors=tuple(self._turned(f) for f in reversed(one.factors)))

    def _turned(self, tree: t.Tree) -> t.Tree:
        """The transpose, with the sign at the names."""
        match tree:
            case t.Transpose(operand):
                return operand
            case t.Call("diag" | "Id"):
                return tree
            case t.Call("ones", (rows, columns)):
                return t.Call("ones", (columns, rows))
            case t.Binary("+" | "-" | "*" | "∘" | "/" | "@") | t.Negative() | t.Juxtaposition():
                if isinstance(tree, t.Binary) and tree.op in "@":
                    return matmul(self._turned(tree.right), self._turned(tree.left))
                return rebuilt(tree, lambda part: part if self.kind(part) == "number" else self._turned(part))
        return t.Transpose(tree)

    def _linear_call(self, tree: t.Call) -> Terms:
        """trace and inner: numbers come out in front."""
        made = []
        rest = [self._one(self.read(a)) for a in tree.args[1:]]
        for one in self.read(tree.args[0]):
            every = (one, *rest)
            call = t.Call(tree.function, tuple(chain(x.factors) for x in every))
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
    above, below = list(one.scalars), list(one.below)
    for tree in one.below:
        if tree in above:
            above.remove(tree)
            below.remove(tree)
    return replace(one, scalars=tuple(above), below=tuple(below))


def is_ones(tree: t.Tree) -> bool:
    """Whether every entry is 1."""
    return isinstance(tree, t.Call) and tree.function == "ones" or isinstance(tree, t.Transpose) and is_ones(tree.operand)


def _is_unit(tree: t.Tree) -> bool:
    return isinstance(tree, t.Call) and tree.function == "Id"


def _number_times(a: Term, b: Term) -> Term:
    return Term(a.coefficient * b.coefficient, a.scalars + b.scalars, a.below + b.below, b.factors)


def _absolute(one: Term) -> t.Tree:
    """A term without its sign: the number, the scalars, the product; what is below in one fraction."""
    size = abs(one.coefficient)
    array = chain(one.factors) if one.factors else None
    scalars = product_of(one.scalars)
    if not one.below:
        parts = [x for x in (number(size) if size != 1 else None, scalars, array) if x is not None]
        return _side_by_side(parts)
    above = [x for x in (t.Number(str(size.numerator)) if size.numerator != 1 else None, scalars) if x is not None]
    under = [x for x in (t.Number(str(size.denominator)) if size.denominator != 1 else None, product_of(one.below)) if x]
    if array is None or not above:
        return t.Binary("/", _side_by_side([*above, *([array] if array is not None else [])]), _side_by_side(under))
    return times(t.Binary("/", _side_by_side(above), _side_by_side(under)), array)


def _side_by_side(trees: list[t.Tree]) -> t.Tree:
    if not trees:
        return ONE
    made = trees[0]
    for tree in trees[1:]:
        made = times(made, tree)
    return made
