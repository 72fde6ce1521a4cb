"""Formulas of a context in a reader's notation: the options that change a formula, and not only its signs."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from jacobians.claims.context import Context
from jacobians.claims.einstein import with_sums
from jacobians.claims.einstein_written import without_sums
from jacobians.claims.layouts_detective import Sides, sides
from jacobians.claims.layouts_table import VECTORS
from jacobians.claims.notated_context import reading_context
from jacobians.claims.notated_layout import LaidOutFormulas
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.options import Notation
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_latex import LatexWriter


def written(tree: t.Tree, notation: Notation, context: Context) -> str:
    """The formula in LaTeX in a notation; of several formulas of one context see `Notated`.

    Raises:
        InputError: it cannot be written so.
    """
    return Notated(context, notation).latex(tree)


def context_for(context: Context, notation: Notation) -> Context:
    """The context in which formulas that were printed in the notation are read back and judged.

    Raises:
        InputError: it cannot be written so.
    """
    return Notated(context, notation).context


class Notated(LaidOutFormulas):
    """The formulas of one context in one notation; what was computed for one of them serves the next."""

    @cached_property
    def writer(self) -> LatexWriter:
        """What prints the formulas; a star that means a convolution stays one, a T beside a quantity T is roman."""
        transpose = self.notation.transpose
        if transpose == "T" and self.source.symbols().declared("T"):
            transpose = r"\mathrm{T}"
        notation = replace(self.notation, names=self.names, transpose=transpose)
        writer = LatexWriter(notation=notation, ranks=self.ranks)
        writer.signs_fractions = False  # which derivatives have the sign of the notation is said by the trees
        star = self.source.settings.star
        signs = {"elementwise": writer.signs["*"], "matrix product": r"\cdot"}
        writer.signs["*"] = signs.get(star, r"\ast")
        return writer

    @cached_property
    def names(self) -> dict[str, str]:
        """The reader's own names of what there is here: L may be the last layer and no loss."""
        known = {*self.ranks, *self.source.names(), *self.source.functions, "delta"}
        known |= {split_name(name).base for name in known}
        return {name: latex for name, latex in self.notation.names.items() if name in known}

    @cached_property
    def context(self) -> Context:
        """The context in which the printed formulas are read back."""
        return reading_context(self)

    # ----- formulas -----

    def latex(self, tree: t.Tree) -> str:
        """A formula or a chain in LaTeX.

        Raises:
            InputError: it cannot be written in this notation.
        """
        return self.writer.text(self.formula(tree))

    def formula(self, tree: t.Tree) -> t.Tree:
        """The formula as this notation has it; of a chain as many sides as before.

        Raises:
            InputError: it cannot be written in this notation.
        """
        if not isinstance(tree, t.Chain):
            return self.alone(tree)
        before = tuple(flat(part) for part in sides(tree))
        made = self.summed(self.with_signs(self.laid_out(before)))
        parts = (
            replace(old, element=new) if isinstance(old, c.Membership) else new
            for old, new in zip(tree.parts, made, strict=True)
        )
        return replace(tree, parts=tuple(parts))

    def alone(self, tree: t.Tree) -> t.Tree:
        """A formula that is not equated to anything: for rows the transpose of what it is for columns."""
        if isinstance(tree, c.Membership | c.MapsTo | t.Comparison):
            return tree
        if not self.changes([tree]):
            return self.with_signs((tree,))[0]
        rewriting = self.rewriting(t.Chain((tree,)), self.sources[0])
        made = rewriting.statement(t.Chain((tree,))).parts[0]
        if self.differs(VECTORS) and not isinstance(tree, c.Partial | c.JacobianOf):
            made = rewriting.transposer(self.goal).turned(made)
        return self.with_signs((made,))[0]

    # ----- sums -----

    def summed(self, parts: Sides) -> Sides:
        """With the signs of sums as the notation has them."""
        here, wanted = self.source.settings.sums, self.notation.sums
        if here == wanted or len(parts) < 2:
            return parts
        if wanted == "Einstein":
            return without_sums(self.source, parts)
        head = with_sums(self.source, parts[0], parts[1])[0]
        return (head, *(with_sums(self.source, parts[0], part)[1] for part in parts[1:]))

    # ----- signs of derivatives -----

    def with_signs(self, parts: Sides) -> Sides:
        """With the derivatives of whole quantities in the notation's sign; what has none keeps the fraction.

        A chain that only holds for direct derivatives keeps it too: the other signs mean the total one.

        Raises:
            InputError: the sign is the name of a quantity.
        """
        made = tuple(self.signed(part) for part in parts)
        if all(new is old for new, old in zip(made, parts, strict=True)):
            return parts
        sign = self.notation.derivative
        if sign in "DJ" and sign in self.source.names() and sign not in self.names:
            raise InputError(
                f"notation.derivative: {sign} is a quantity here; give it another name, as in names.{sign}=..., or use "
                "another sign"
            )
        judge, true = self.relaid_judge, [made[0]]
        for part in made[1:]:  # an entry may say only with a line above what its letters count
            if not any(judge.outcome(above, part).equal for above in true):
                return parts
            true.append(part)
        return made

    def signed(self, tree: t.Tree) -> t.Tree:
        if isinstance(tree, c.Partial | c.Gradient) and (found := self.derivative(tree)) is not None:
            return found
        return rebuilt(tree, self.signed)

    def derivative(self, tree: c.Partial | c.Gradient) -> t.Tree | None:
        r"""`J_y(x)`, `\nabla_x L`, `dx` where L is the loss, and its entries; None where there is no such sign."""
        sign = self.notation.derivative
        if isinstance(tree, c.Partial) and sign in "DJ":
            return self.writer.jacobian(tree)
        second = tree.second is not None if isinstance(tree, c.Partial) else tree.order > 1
        variable = tree.by.array if isinstance(tree.by, t.Index) else tree.by
        if second or not isinstance(tree.of, t.Name) or not isinstance(variable, t.Name) or self.rank(tree.of):
            return None
        if sign == "∇" and self.rank(variable) and variable is tree.by:
            return c.Gradient(variable, tree.of)
        return self.named(tree, variable) if sign == "d" and tree.of == t.Name(self.source.loss) else None

    def named(self, tree: c.Partial | c.Gradient, variable: t.Name) -> t.Tree | None:
        """`dx` of a quantity x, unless something else is called so."""
        name = t.Name(f"d{variable.text}", variable.label)
        if variable.text not in self.ranks or name.text in self.source.names():
            return None
        return replace(tree.by, array=name) if isinstance(tree.by, t.Index) else name


def flat(tree: t.Tree) -> t.Tree:
    """An entry of a row, (W_j)_p, as an entry: W_jp."""
    tree = rebuilt(tree, flat)
    if isinstance(tree, t.Index) and isinstance(tree.array, t.Index):
        return replace(tree, array=tree.array.array, indices=(*tree.array.indices, *tree.indices))
    return tree
