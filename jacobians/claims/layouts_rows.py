"""A formula for rows, x W, as one about columns, W x: every vector and matrix in it is the transpose of the other's."""

from __future__ import annotations

from collections.abc import Callable

from jacobians.claims.filled import NUMBERS
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt

#: The rank of a part of the formula; 0 where it has no value by itself.
Rank = Callable[[t.Tree], int]


def is_open(tree: t.Tree) -> bool:
    """Ones or zeros without a size: a vector or matrix as long as it needs to be."""
    return isinstance(tree, t.Call) and tree.function in NUMBERS and not tree.args


class Turning:
    """Puts X^T for every X of a document whose vectors are the transposes of those that the formula is about.

    A Jacobian of vectors by vectors has axes, but is neither row nor column, so it stays what it is. `whole` are
    functions of arrays that nothing defines: they take rows there and columns here.
    """

    def __init__(self, rank: Rank, whole: frozenset[str]) -> None:
        self.rank, self.whole = rank, whole

    def turned(self, tree: t.Tree) -> t.Tree:
        """The tree with every quantity transposed."""
        match tree:
            case t.Index():
                return self.entry(tree)
            case t.Name() | c.Gradient():
                return t.Transpose(tree) if self.rank(tree) in (1, 2) else tree
            case c.Partial():
                return self.derivative(tree)
            case c.JacobianOf() | t.Prime():
                return tree
            case t.Call() if is_open(tree):
                return t.Transpose(tree)
            case t.Call() if tree.function in self.whole:
                return t.Transpose(tree) if self.rank(tree) == 1 else tree
        return rebuilt(tree, self.turned)

    def entry(self, tree: t.Index) -> t.Tree:
        """`W_ij` is the entry ji of the other."""
        array = self.derivative(tree.array) if isinstance(tree.array, c.Partial) else self.turned(tree.array)
        if not isinstance(array, t.Transpose) or isinstance(tree.array, t.Transpose):
            return t.Index(array, tree.indices, span=tree.span) if array is not tree.array else tree
        array = array.operand
        if self.rank(array) == 2 == len(tree.indices):
            return t.Index(array, tree.indices[::-1], span=tree.span)
        return tree if self.rank(array) == 1 and array is tree.array else t.Index(array, tree.indices, span=tree.span)

    def derivative(self, tree: c.Partial) -> t.Tree:
        """What is differentiated, and the gradient of a number as the quantity that it is."""
        made = rebuilt(tree, self.inside)
        is_jacobian = tree.second is not None or (self.rank(tree.of) > 0 and self.rank(tree.by) > 0)
        is_formula = self.rank(tree.of) > 0 and not isinstance(tree.of, t.Name)  # its parts are transposed already
        if self.rank(tree) not in (1, 2) or is_jacobian or is_formula:
            return made
        return t.Transpose(made)

    def inside(self, tree: t.Tree) -> t.Tree:
        """What is differentiated, or differentiated by: a quantity by its name, an entry, or a formula."""
        base = tree.operand if isinstance(tree, t.Transpose) else tree
        return tree if isinstance(base, t.Name) else self.turned(tree)
