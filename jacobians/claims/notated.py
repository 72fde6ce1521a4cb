r"""Formulas of a context in a reader's notation: the options that change a formula, and not only its signs.

Layout, columns or rows, and the order of vec are changed by `layouts_rewriting`, and the result is judged there.

Rows from columns: let every quantity X of the columns stand for its transpose. Then A B turns into (B^T A^T)^T, so the
value of a formula is transposed by reversing each of its products and leaving everything else alone: transposing is an
anti-automorphism, it keeps sums, numbers and products of entries, and reverses matrix products. Hence W x + b becomes
x W + b, W^T \delta becomes \delta W^T, and \delta a^T becomes a^T \delta: transposes stay on the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from jacobians.claims.context import Context
from jacobians.claims.einstein import with_sums
from jacobians.claims.einstein_written import without_sums
from jacobians.claims.judge import Judge
from jacobians.claims.layouts_detective import Detective, Sides, sides
from jacobians.claims.layouts_rewriting import Rewriting
from jacobians.claims.layouts_table import CHOICES, LAYOUT, VEC, VECTORS, Conventions, answer, chosen, usual
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.options import Notation
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_latex import LatexWriter
from jacobians.notation.to_plain import to_plain

#: The layouts that a formula may be right in whose context lays gradients out as neither row nor column.
STRICT = ("mixed", "row-gradients", "numerator", "denominator")


def written(tree: t.Tree, notation: Notation, context: Context) -> str:
    """The formula in LaTeX in a notation; of several formulas of one context see `Notated`.

    Raises:
        InputError: it cannot be written so.
    """
    return Notated(context, notation).latex(tree)


def effective_layout(notation: Notation) -> str:
    """The layout that derivatives are printed in: signs of gradients mean the shape of the parameter."""
    own_shape = notation.derivative in "∇d" and notation.layout == "numerator"
    return "mixed" if own_shape else notation.layout


class Notated:
    """The formulas of one context in one notation; what was computed for one of them serves the next."""

    def __init__(self, context: Context, notation: Notation) -> None:
        self.source, self.notation, self.judge = context, notation, Judge(context)
        self.home = usual(context.settings)

    # ----- what there is -----

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The number of axes of every quantity and of its gradient, by the name or by that of all layers."""
        found: dict[str, int] = {}
        for name, rank in self.source.names().items():
            shape = self.judge.shape(name) if rank is None else None
            known = rank if rank is not None else len(shape) if shape is not None else None
            if known is not None:
                found[name] = known
        for name, rank in list(found.items()):
            parts = split_name(name)
            found.setdefault(f"d{name}", rank)
            if parts.base in ("z", "Z"):
                found.setdefault(f"delta{parts.layer}", rank)
        return found

    @cached_property
    def writer(self) -> LatexWriter:
        """What prints the formulas; a star that means a convolution stays one."""
        writer = LatexWriter(notation=replace(self.notation, names=self.names), ranks=self.ranks)
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
        from jacobians.claims.notated_context import context_for

        return context_for(self)

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
        parts = sides(self.laid_out(tree))
        parts = self.with_signs(self.summed(parts))
        made = (
            replace(old, element=new) if isinstance(old, c.Membership) else new
            for old, new in zip(tree.parts, parts, strict=True)
        )
        return replace(tree, parts=tuple(made))

    def alone(self, tree: t.Tree) -> t.Tree:
        """A formula that is not equated to anything: for rows the transpose of what it is for columns."""
        if isinstance(tree, c.Membership | c.MapsTo | t.Comparison):
            return tree
        if not self.changes([tree]):
            return self.with_signs((tree,))[0]
        rewriting = self.rewriting(t.Chain((tree,)), self.sources[0])
        turned = answer(self.goal, VECTORS) is not answer(self.home, VECTORS)
        made = rewriting.statement(t.Chain((tree,))).parts[0]
        if turned and not isinstance(tree, c.Partial | c.JacobianOf):
            made = rewriting.transposer(self.goal).turned(made)
        return self.with_signs((made,))[0]

    # ----- layout, rows, vec -----

    @cached_property
    def goal(self) -> Conventions:
        """The conventions of the notation, as the layout detective calls them."""
        notation = self.notation
        made = chosen(self.home, CHOICES[effective_layout(notation)])
        return chosen(chosen(made, CHOICES[notation.vectors]), CHOICES[f"{notation.vec}-vec"])

    @cached_property
    def sources(self) -> list[Conventions]:
        """What a formula of the context may be right in, with gradients that are rows or columns."""
        if self.source.settings.layout != "mixed":
            return [self.home]
        return [chosen(self.home, CHOICES[name]) for name in STRICT]

    def changes(self, parts: Iterable[t.Tree]) -> bool:
        """Whether the conventions make a difference for these formulas."""
        moved = [question for question in (LAYOUT, VECTORS, VEC) if self.differs(question)]
        return any(self.matters(question, part) for tree in parts for part in tree.walk() for question in moved)

    def differs(self, question: object) -> bool:
        """Whether the notation answers a question otherwise than the context."""
        free = question is LAYOUT and self.source.settings.layout == "mixed"
        return free or answer(self.goal, question) is not answer(self.home, question)  # type: ignore[arg-type]

    def matters(self, question: object, part: t.Tree) -> bool:
        """Whether a part of a formula depends on the answer to a question."""
        if question is LAYOUT:
            return isinstance(part, c.JacobianOf) or (isinstance(part, c.Partial) and self.rank(part.by) > 0)
        if question is VEC:
            return isinstance(part, t.Call) and part.function == "vec"
        if isinstance(part, t.Index):
            return self.rank(part.array) > 1
        return isinstance(part, t.Name | t.Juxtaposition | t.List) and self.rank(part) > 0

    def rank(self, tree: t.Tree) -> int:
        """The number of axes; 1 where it is not known."""
        if isinstance(tree, t.Name):
            found = self.writer.rank(tree)
            return self.rank_of_value(tree) if found is None else found
        if isinstance(tree, t.Index):
            return max(self.rank(tree.array) - len(tree.indices), 0)
        return self.rank_of_value(tree)

    def rank_of_value(self, tree: t.Tree) -> int:
        value = self.judge.value(tree, self.source.settings)
        return 1 if value is None else value.rank

    def laid_out(self, tree: t.Chain) -> t.Chain:
        """The chain in the conventions of the notation; what was judged there is right there.

        Raises:
            InputError: no form of it was found that is right.
        """
        parts = sides(tree)
        if len(parts) < 2 or not self.changes(parts):
            return tree
        whole = self.rewritten(parts)
        if whole is None and len(parts) > 2:  # gradients that are rows in one line and columns in the next
            pairs = [self.rewritten((parts[0], part)) for part in parts[1:]]
            if all(pairs) and len({pair[0] for pair in pairs if pair}) == 1:
                whole = (pairs[0][0], *(pair[1] for pair in pairs if pair))  # type: ignore[index]
        if whole is None:
            names = ", ".join(x.key for x in self.goal[:3])
            raise InputError(f"notation: no form of {to_plain(tree)} was found for {names}; write it by its entries")
        return t.Chain(whole, span=tree.span)

    def rewritten(self, parts: Sides) -> Sides | None:
        """The sides of an equation in the conventions of the notation; None where none was found that is right."""
        chain = t.Chain(tuple(parts))
        for source in self.sources:
            detective = self.detective(chain)
            if not detective.finding([parts], source, direct=True).right:
                continue
            try:
                made = sides(Rewriting(detective, source, self.goal).statement(chain))
            except InputError:
                continue
            if detective.finding([made], self.goal, direct=True).right:
                return made
        return None

    def rewriting(self, chain: t.Chain, source: Conventions) -> Rewriting:
        return Rewriting(self.detective(chain), source, self.goal)

    def detective(self, chain: t.Chain) -> Detective:
        return Detective(self.source, to_plain(chain), [chain], self.judge)

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

    # ----- signs of gradients -----

    def with_signs(self, parts: Sequence[t.Tree]) -> tuple[t.Tree, ...]:
        """With gradients of numbers as the notation has them; what has no such sign keeps the fraction."""
        return tuple(self.signed(part) for part in parts) if self.notation.derivative in "∇d" else tuple(parts)

    def signed(self, tree: t.Tree) -> t.Tree:
        if isinstance(tree, c.Partial | c.Gradient) and (found := self.gradient(tree)) is not None:
            return found
        return rebuilt(tree, self.signed)

    def gradient(self, tree: c.Partial | c.Gradient) -> t.Tree | None:
        r"""`\nabla_x L`, or `dx` where L is the loss, and its entries."""
        entry = tree.by if isinstance(tree.by, t.Index) else None
        variable = entry.array if entry is not None else tree.by
        second = isinstance(tree, c.Partial) and tree.second is not None
        order = tree.order if isinstance(tree, c.Gradient) else 1
        if second or order > 1 or not isinstance(variable, t.Name) or not isinstance(tree.of, t.Name):
            return None
        if self.rank(tree.of) != 0 or (not self.rank(variable) and self.notation.derivative == "∇"):
            return None
        if self.notation.derivative == "∇":
            return c.Gradient(variable, tree.of) if entry is None else None
        named = t.Name(f"d{variable.text}", variable.label)
        if tree.of.text != self.source.loss or named.text in self.source.names():
            return None
        return named if entry is None else replace(entry, array=named)


def renamed(tree: t.Tree, names: dict[str, str]) -> t.Tree:
    """The formula with quantities and functions called otherwise; labels keep their letters."""
    made = rebuilt(tree, lambda child: renamed(child, names))
    if isinstance(tree, t.Name):
        return replace(tree, text=names.get(tree.text, tree.text))
    if isinstance(tree, t.Call):
        made = replace(made, label=tree.label)  # type: ignore[call-arg]
    if isinstance(made, t.Call) and made.function in names:
        return replace(made, function=names[made.function])
    return made


def all_names(trees: Iterable[t.Tree]) -> Iterator[str]:
    """The names that stand in formulas."""
    for tree in trees:
        for part in tree.walk():
            if isinstance(part, t.Name | t.Call):
                yield part.text if isinstance(part, t.Name) else part.function
