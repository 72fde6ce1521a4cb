r"""Formulas of a context in the layout of a notation, for columns or for rows: rewritten, and judged again.

Rows from columns: let every quantity X of the columns stand for its transpose. Then A B turns into (B^T A^T)^T, so the
value of a formula is transposed by reversing each of its products and leaving everything else alone: transposing is an
anti-automorphism, it keeps sums, numbers and products of entries, and reverses matrix products. Hence W x + b becomes
x W + b, W^T \delta becomes \delta W^T, and \delta a^T becomes a^T \delta: transposes stay on the same names.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from jacobians.claims.context import Context
from jacobians.claims.context_text import read_context
from jacobians.claims.judge import Judge
from jacobians.claims.layouts_detective import Detective, Sides, sides
from jacobians.claims.layouts_rewriting import Rewriting
from jacobians.claims.layouts_table import CHOICES, LAYOUT, VEC, VECTORS, Conventions, Question, answer, chosen, usual
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.conventions import effective_layout
from jacobians.notation.names import split_name
from jacobians.notation.options import Notation
from jacobians.notation.to_latex_names import rank_of
from jacobians.notation.to_plain import to_plain

#: The layouts that a formula may be right in whose context lays gradients out as neither row nor column.
STRICT = ("mixed", "row-gradients", "numerator", "denominator")


class LaidOutFormulas:
    """The formulas of one context in the layout of one notation."""

    def __init__(self, context: Context, notation: Notation) -> None:
        """A network given as a Model is read from its text where names or sizes change."""
        if context.model is not None and (notation.vectors == "rows" or notation.names):
            context = read_context(context.model.text, Context(settings=context.settings))
        self.source, self.notation, self.judge = context, notation, Judge(context)
        self.home = usual(context.settings)

    # ----- ranks -----

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

    def rank(self, tree: t.Tree) -> int:
        """The number of axes; 1 where it is not known."""
        if isinstance(tree, t.Name):
            found = rank_of(tree, self.ranks)
            return self.rank_of_value(tree) if found is None else found
        if isinstance(tree, t.Index):
            return max(self.rank(tree.array) - len(tree.indices), 0)
        return self.rank_of_value(tree)

    def rank_of_value(self, tree: t.Tree) -> int:
        value = self.judge.value(tree, self.source.settings)
        return 1 if value is None else value.rank

    # ----- what is to be changed -----

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

    def differs(self, question: Question) -> bool:
        """Whether the notation answers a question otherwise than the context."""
        free = question is LAYOUT and self.source.settings.layout == "mixed"
        return free or answer(self.goal, question) is not answer(self.home, question)

    def matters(self, question: Question, part: t.Tree) -> bool:
        """Whether a part of a formula depends on the answer to a question."""
        if question is LAYOUT:
            return isinstance(part, c.JacobianOf) or (isinstance(part, c.Partial) and self.rank(part.by) > 0)
        if question is VEC:
            return isinstance(part, t.Call) and part.function == "vec"
        if isinstance(part, t.Index):
            return self.rank(part.array) > 1
        return isinstance(part, t.Name | t.Juxtaposition | t.List) and self.rank(part) > 0

    # ----- changing it -----

    def laid_out(self, parts: Sides) -> Sides:
        """The sides of a chain in the conventions of the notation; that they are right there has been judged.

        Raises:
            InputError: no form was found that is right.
        """
        made = self.relaid(parts)
        if made is not parts and self.differs(VECTORS) and not all(self.is_right(part, made[0]) for part in made[1:]):
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
        detective = self.detective(chain)
        for source in self.sources:
            if not detective.finding([parts], source, direct=True).right:
                continue
            if source == self.goal:
                return tuple(parts)
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
