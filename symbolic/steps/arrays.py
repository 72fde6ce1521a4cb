"""Formulas of whole arrays: which are numbers, columns, rows, matrices; ones, sums of products, sizes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from symbolic.steps.graph import Graph

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


# ----- building -----


def matmul(a: t.Tree, b: t.Tree) -> t.Tree:
    """The matrix product."""
    return t.Binary("@", a, b)


def times(a: t.Tree, b: t.Tree) -> t.Tree:
    """A number times anything."""
    return t.Juxtaposition(a, b)


def hadamard(a: t.Tree, b: t.Tree) -> t.Tree:
    """The product entry by entry."""
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


@dataclass
class Kinds:
    """What kind of array each formula of a graph is."""

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

    def alike(self, tree: t.Tree, known: t.Tree) -> None:
        """Say that a formula is of the kind of another one."""
        self._kinds.setdefault(tree, self.kind(known))

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
            if one in ("number", other) or other == "matrix":
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
        if name in ("Id", "outer", "inverse"):
            return "matrix"
        if name == "diag":
            return "column" if self.kind(tree.args[0]) == "matrix" else "matrix"
        if name in TO_NUMBERS and not tree.keywords:
            return "number"
        if name in ROWWISE or self.graph.is_elementwise(tree):
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
        return self.graph.size(self.graph.shape(_undifferentiated(tree))[axis])

    def ones(self, tree: t.Tree) -> t.Tree:
        """The array of ones of the same shape."""
        kind = self.kind(tree)
        if kind == "number":
            return ONE
        made = t.Call("ones", tuple(self.size(tree, axis) for axis in range(2 if kind == "matrix" else 1)))
        return t.Transpose(made) if kind == "row" else made

    def spread(self, tree: t.Tree, over: t.Tree) -> t.Tree:
        """A number in every entry of an array, a column in every column of a matrix, a row in every row."""
        kinds = self.kind(tree), self.kind(over)
        if kinds[0] == kinds[1]:
            return tree
        if kinds[0] == "number":
            return times(tree, self.ones(over))
        if kinds[0] == "column":
            return matmul(tree, t.Transpose(t.Call("ones", (self.size(over, 1),))))
        return matmul(t.Call("ones", (self.size(over, 0),)), tree)

    def inner(self, a: t.Tree, b: t.Tree) -> t.Tree:
        """The sum of the products of all entries of two arrays of one kind."""
        if is_ones(b):
            a, b = b, a
        match self.kind(a):
            case "number":
                return times(a, b)
            case "column":
                return matmul(t.Transpose(a), b)
            case "row":
                return matmul(a, t.Transpose(b))
        if isinstance(a, t.Call) and is_ones(a):  # the sum of all entries
            left, right = (t.Call("ones", (size,)) for size in a.args)
            return matmul(matmul(t.Transpose(left), b), right)
        return t.Call("inner", (a, b))

    def natural(self, gradient: t.Tree, kind: Kind) -> t.Tree:
        """A gradient by a vector as the column or row that the vector is, and back."""
        return t.Transpose(gradient) if kind in ("row", "column") and kind != self.upright else gradient


def _undifferentiated(tree: t.Tree) -> t.Tree:
    """The formula with x in place of dx: an array of the same shape."""
    if isinstance(tree, c.Differential):
        return tree.of
    return rebuilt(tree, _undifferentiated)


def is_ones(tree: t.Tree) -> bool:
    """Whether every entry is 1."""
    call = tree.operand if isinstance(tree, t.Transpose) else tree
    return isinstance(call, t.Call) and call.function == "ones"


def length(tree: t.Tree) -> int:
    """How many names, numbers and functions stand in a formula."""
    return sum(isinstance(part, t.Name | t.Number | t.Call) for part in tree.walk())
