r"""Sums and products: `\sum_{i=1}^n`, `\sum_{j \ne i}`, `\sum_{1 \le i \le n}`, `\prod`."""

from __future__ import annotations

from jacobians.notation.latex_calls import NameParser
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Chain, Comparison, Index, List, Name, Number, Tree
from jacobians.notation.tree_calculus import Membership, Product, Slice, Sum


class SumParser(NameParser):
    """Reads sums and products with their bounds."""

    def sum(self, start: Token) -> Tree:
        """The body is everything up to the next + or - outside brackets; a sign right behind the sum belongs to it."""
        bounds = Bounds(self, start)
        before, self.implicit_product = self.implicit_product, True
        while self.token.kind in (Kind.SUBSCRIPT, Kind.POWER):
            if self.take(Kind.POWER):
                bounds.upper = self.argument()
            else:
                self.advance()
                for entry in self.entries():
                    bounds.add(entry)
        body = self.nested(self.summand)
        self.implicit_product = before
        kind = Product if start.value == "prod" else Sum
        indices = tuple(dict.fromkeys(bounds.indices))
        return kind(indices, body, bounds.lower, bounds.upper, bounds.condition, span=self.span(start))

    def entries(self) -> tuple[Tree, ...]:
        """What stands below the sign, in one row or several."""
        stacked = self.at(Kind.GROUP_OPEN) and self.ahead().value == "substack"
        if stacked:
            self.advance()
            self.advance()
        entries = self.indices()
        if stacked:
            self.expect(Kind.GROUP_CLOSE, "}")
        return entries


class Bounds:
    """The letters of a sum, its limits and its condition."""

    def __init__(self, parser: SumParser, start: Token) -> None:
        self.parser, self.start = parser, start
        self.indices: list[str] = []
        self.lower: Tree | None = None
        self.upper: Tree | None = None
        self.condition: Tree | None = None

    def add(self, entry: Tree) -> None:
        """Another entry below the sign."""
        if isinstance(entry, Slice) and entry.start is not None and entry.stop is not None:  # i : y_i = 1
            self.letter(entry.start)
            self.restrict(entry.stop)
        elif isinstance(entry, Chain):
            self.letter(entry.parts[0])
            self.lower = entry.parts[1]
        elif isinstance(entry, Comparison):
            self.compare(entry)
        elif isinstance(entry, Membership):
            self.letter(entry.element)
            self.restrict(entry)
        else:
            self.letter(entry)

    def compare(self, entry: Comparison) -> None:
        r"""`j \ne i` binds j, `1 \le i \le n` gives i its limits; behind another entry it only restricts."""
        limits = entry.relations == ("<=", "<=")
        letter = entry.parts[1 if limits or isinstance(entry.parts[0], Number) else 0]
        if limits:
            self.letter(letter)
            self.lower, self.upper = entry.parts[0], entry.parts[2]
            return
        if not self.indices:
            self.letter(letter)
        self.restrict(entry)

    def restrict(self, condition: Tree) -> None:
        if self.condition is not None:
            raise self.parser.error("expected one condition below a sum; write the others as factors", self.start)
        chain = isinstance(condition, Chain)
        self.condition = self.parser.condition(condition, self.start) if chain else condition

    def letter(self, tree: Tree) -> None:
        r"""A bound letter, the indices of `x_i \in M`, or several letters in a bracket."""
        parts = tree.indices if isinstance(tree, Index) else tree.items if isinstance(tree, List) else (tree,)
        for part in parts:
            if not isinstance(part, Name) or part.label is not None:
                problem = "expected an index letter below a sum, as in \\sum_i or \\sum_{i=1}^n"
                raise self.parser.error(problem, self.start)
            self.indices.append(part.text)
