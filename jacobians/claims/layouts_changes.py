"""What changes in a formula when a convention does: derivatives are transposed, Kronecker factors swapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jacobians.claims.conventions import Layout
from jacobians.claims.layouts_transpose import Transposer, product
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain


class LaidOut:
    """Puts D^T for every derivative D that is another one's transpose in the new layout.

    `kinds` says of the functions of a context whether they give a number or a vector.
    """

    def __init__(self, transposer: Transposer, kinds: Mapping[str, str], old: Layout, new: Layout) -> None:
        self.transposer, self.kinds, self.old, self.new = transposer, kinds, old, new

    def side(self, tree: t.Tree) -> t.Tree:
        """One side of an equation, or a part of it."""
        match tree:
            case c.Partial() | c.JacobianOf():
                return self.derivative(tree)
            case c.Gradient():
                return tree
            case t.Binary() | t.Juxtaposition() if self.transposer.kind(tree) == "matrix product":
                factors, signs = self.transposer.factors(tree)
                if any(self.is_moved(factor) for factor in factors):
                    return self.reversed_chain(factors, signs)
                if any(self.is_tensor(factor) for factor in factors):
                    return tree
        return rebuilt(tree, self.side)

    def derivative(self, tree: t.Tree) -> t.Tree:
        """A derivative of at most two axes.

        Raises:
            InputError: it has more, in another order.
        """
        if self.is_moved(tree):
            raise InputError(
                f"rewritten: {to_plain(tree)} has more than two axes, which stand in another order there; "
                "write it by its entries"
            )
        out, inputs = self.axes(tree)
        if out == 0:
            differs = self.row(self.old, inputs) != self.row(self.new, inputs)
        else:
            differs = out == 1 and inputs < 2 and self.old.inputs_first != self.new.inputs_first
        return t.Transpose(tree) if differs else tree

    def row(self, layout: Layout, inputs: int) -> bool:
        """Whether the gradient of a number is transposed."""
        return layout.gradient == "row" if inputs == 1 else inputs == 2 and layout.matrix_turned

    def axes(self, tree: t.Tree) -> tuple[int, int]:
        """How many axes a derivative has of its output and of its input."""
        if not isinstance(tree, c.Partial):
            return 1, self.transposer.rank(tree) - 1
        return self.rank(tree.of) + (self.rank(tree.second) if tree.second else 0), self.rank(tree.by)

    def rank(self, tree: t.Tree) -> int:
        """The rank of what is differentiated; of a function without its argument, that of what it gives."""
        kind = self.kinds.get(tree.text) if isinstance(tree, t.Name) else None
        return max(self.transposer.rank(tree), int(kind in ("vector", "elementwise")), 0)

    def is_moved(self, tree: t.Tree) -> bool:
        """Whether it is a derivative of more than two axes, which stand in another order there."""
        return self.old.inputs_first != self.new.inputs_first and self.is_tensor(tree)

    def is_tensor(self, tree: t.Tree) -> bool:
        """Whether it is a derivative with more than two axes, of the output and of the input."""
        if not isinstance(tree, c.Partial | c.JacobianOf):
            return False
        out, inputs = self.axes(tree)
        return out + inputs > 2 and inputs > 0 < out

    def reversed_chain(self, factors: Sequence[t.Tree], signs: Sequence[str]) -> t.Tree:
        """The chain rule with all axes in between summed: the factors in reverse, derivatives as they are."""
        turned = [
            factor if isinstance(factor, c.Partial | c.JacobianOf) else self.transposer.turned(factor)
            for factor in factors
        ]
        return product(turned[::-1], list(signs)[::-1])


def swapped(tree: t.Tree) -> t.Tree:
    """vec(A X B) is (B^T ⊗ A) vec X for columns and (A ⊗ B^T) vec X for rows."""
    tree = rebuilt(tree, swapped)
    if isinstance(tree, t.Binary) and tree.op == "⊗":
        return replace(tree, left=tree.right, right=tree.left)
    return tree


def other_product(tree: t.Tree, transposer: Transposer, to: str) -> t.Tree:
    """a ⊗ b of two columns as an outer product is a ⊗ b^T as a Kronecker product.

    Raises:
        InputError: a product of matrices, which is no matrix in the other meaning.
    """
    tree = rebuilt(tree, lambda part: other_product(part, transposer, to))
    if not (isinstance(tree, t.Binary) and tree.op == "⊗"):
        return tree
    ranks = transposer.rank(tree.left), transposer.rank(tree.right)
    if ranks == (1, 1):
        return replace(tree, right=transposer.turned(tree.right))
    if 0 in ranks:
        return tree
    raise InputError(f"rewritten: {to_plain(tree)} of matrices has no form for {to}; write it by its entries")
