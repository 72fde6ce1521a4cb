r"""Formulas of a context in a reader's notation: the options that change a formula, and not only its signs.

Layout, columns or rows, and the order of vec are changed by `layouts_rewriting`, and the result is judged there.

Rows from columns: let every quantity X of the columns stand for its transpose. Then A B turns into (B^T A^T)^T, so the
value of a formula is transposed by reversing each of its products and leaving everything else alone: transposing is an
anti-automorphism, it keeps sums, numbers and products of entries, and reverses matrix products. Hence W x + b becomes
x W + b, W^T \delta becomes \delta W^T, and \delta a^T becomes a^T \delta: transposes stay on the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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

    def laid_out(self, parts: Sides) -> Sides:
        """The sides of a chain in the conventions of the notation; that they are right there has been judged.

        Raises:
            InputError: no form was found that is right.
        """
        made = self.relaid(parts)
        if made is not parts and self.differs(VECTORS) and not all(map(self.is_right, made[1:], made[:1] * len(made))):
            raise self.no_form(parts)
        return made

    def is_right(self, part: t.Tree, head: t.Tree) -> bool:
        """Whether an equation of the notation is one of the quantities that are rows there."""
        return self.relaid_judge.holds(head, part)

    @cached_property
    def relaid_judge(self) -> Judge:
        """What judges formulas in the conventions of the notation, under the names of the context."""
        from jacobians.claims.notated_context import relaid_context

        return Judge(relaid_context(self))

    def no_form(self, parts: Sides) -> InputError:
        names = ", ".join(x.key for x in self.goal[:3])
        return InputError(
            f"notation: no form of {to_plain(t.Chain(tuple(parts)))} was found for {names}; write it by its entries"
        )

    def relaid(self, parts: Sides) -> Sides:
        """The sides of a chain in the conventions of the notation, as the layout detective finds them."""
        if len(parts) < 2 or not self.changes(parts):
            return parts
        whole = self.rewritten(parts)
        if whole is None and len(parts) > 2:  # gradients that are rows in one line and columns in the next
            pairs = [pair for part in parts[1:] if (pair := self.rewritten((parts[0], part))) is not None]
            if len(pairs) == len(parts) - 1 and len({pair[0] for pair in pairs}) == 1:
                whole = (pairs[0][0], *(pair[1] for pair in pairs))
        if whole is None:
            raise self.no_form(parts)
        return whole

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
        judge = self.relaid_judge
        return made if all(judge.outcome(made[0], part).equal for part in made[1:]) else parts

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
