"""A formula for rows, x W, as one about columns, W x: every vector and matrix in it is the transpose of the other's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    """Puts X^T for every quantity X, so that a formula about columns is one about rows, and the other way round.

    A Jacobian of vectors by vectors has axes, but is neither row nor column, so it stays what it is. `whole` are
    functions of arrays that nothing defines: they take rows there and columns here. `own` formulas are about the
    document's quantities before, others are so afterwards: `rank` knows only such.
    """

    def __init__(self, rank: Rank, whole: frozenset[str], own: bool) -> None:
        self.rank, self.whole, self.own = rank, whole, own

    def turned(self, tree: t.Tree) -> t.Tree:
        """The tree with every quantity transposed."""
        match tree:
            case t.Index():
                return self.entry(tree)
            case t.Name():
                return t.Transpose(tree) if self.rank(tree) in (1, 2) else tree
            case c.Gradient():
                made = rebuilt(tree, self.inside)
                return t.Transpose(made) if self.rank_of(tree, made) in (1, 2) else made
            case c.Partial():
                return self.derivative(tree)
            case c.JacobianOf() | t.Prime(operand=t.Name()):
                return tree
            case c.Apply(function=t.Name()) if all(isinstance(arg, t.Name) for arg in tree.args):
                return t.Transpose(tree) if self.rank(tree) in (1, 2) else tree  # `f(x)`: an f that depends on x
            case t.Call() if is_open(tree):
                return t.Transpose(tree)
            case t.Call() if tree.function in self.whole:
                applied = replace(tree, args=tuple(self.argument(arg) for arg in tree.args))
                return t.Transpose(applied) if self.rank_of(tree, applied) == 1 else applied
        return rebuilt(tree, self.turned)

    def rank_of(self, before: t.Tree, after: t.Tree) -> int:
        """The rank of a part, which is the same before and after."""
        return self.rank(before if self.own else after)

    def entry(self, tree: t.Index) -> t.Tree:
        """`W_ij` is the entry ji of the other."""
        array = self.turned(tree.array)
        if not isinstance(array, t.Transpose) or isinstance(tree.array, t.Transpose):
            return t.Index(array, tree.indices, span=tree.span) if array is not tree.array else tree
        array = array.operand
        if self.rank_of(tree.array, array) == 2 == len(tree.indices):
            return t.Index(array, tree.indices[::-1], span=tree.span)
        return tree if array is tree.array else t.Index(array, tree.indices, span=tree.span)

    def derivative(self, tree: c.Partial) -> t.Tree:
        """What is differentiated, and the gradient of a number as the quantity that it is."""
        of, by = self.inside(tree.of), self.inside(tree.by)
        second = None if tree.second is None else self.inside(tree.second)
        same = of is tree.of and by is tree.by and second is tree.second
        made = tree if same else replace(tree, of=of, by=by, second=second)
        out = self.rank_of(tree.of, of)
        is_jacobian = second is not None or (out > 0 and self.rank_of(tree.by, by) > 0)
        is_formula = out > 0 and not isinstance(of, t.Name)  # its parts are transposed already
        if self.rank_of(tree, made) not in (1, 2) or is_jacobian or is_formula:
            return made
        return t.Transpose(made)

    def argument(self, tree: t.Tree) -> t.Tree:
        """What a function of arrays is applied to: the quantity itself."""
        made = self.turned(tree)
        return made.operand if isinstance(made, t.Transpose) else tree if made is tree else t.Transpose(made)

    def inside(self, tree: t.Tree) -> t.Tree:
        """What is differentiated, or differentiated by: a quantity by its name, an entry, or a formula."""
        base = tree.operand if isinstance(tree, t.Transpose) else tree
        return tree if isinstance(base, t.Name) else self.turned(tree)
