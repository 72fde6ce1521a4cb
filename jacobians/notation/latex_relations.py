r"""Equalities, comparisons, `x \in \mathbb{R}^n`, `f : \mathbb{R}^n \to \mathbb{R}^m`."""

from __future__ import annotations

from jacobians.notation.latex_units import UnitParser
from jacobians.notation.parser import RELATIONS, SUM_LEVEL
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Chain, Comparison, Tree
from jacobians.notation.tree_calculus import MapsTo, Membership

HADAMARD_LEVEL, DOT_LEVEL = SUM_LEVEL + 1, SUM_LEVEL + 2


class RelationParser(UnitParser):
    """Reads whole statements."""

    def relation(self) -> Tree:
        start, first = self.token, self.member()
        if self.token.kind is Kind.COLON and self.implicit_product and self.arrow_ahead():
            return self.map_between(first, start)
        parts, kinds = [first], []
        while self.token.kind in RELATIONS:
            kinds.append(self.advance().kind)
            parts.append(self.member())
        if not kinds:
            return first
        if all(kind is Kind.EQUALS for kind in kinds):
            return Chain(tuple(parts), span=self.span(start))
        return Comparison(tuple(parts), tuple(RELATIONS[kind] for kind in kinds), span=self.span(start))

    def member(self) -> Tree:
        r"""An expression, with the set it is in: `x \in \mathbb{R}^n`."""
        start, tree = self.token, self.expression()
        if not self.take(Kind.ELEMENT):
            return tree
        sizes, within = self.space()
        return Membership(tree, sizes, within, span=self.span(start))

    def space(self) -> tuple[tuple[Tree, ...] | None, Tree | None]:
        """Real arrays with their sizes, or some other set."""
        token = self.token
        if token.kind not in (Kind.NAME, Kind.WORD) or token.value != "R":
            before, self.implicit_product = self.implicit_product, True
            within = self.expression()
            self.implicit_product = before
            return None, within
        self.advance()
        if not self.take(Kind.POWER):
            return (), None
        if self.token.kind is not Kind.GROUP_OPEN:
            return (self.argument(),), None
        self.advance()
        before, self.implicit_product = self.implicit_product, True
        sizes = [self.expression(DOT_LEVEL)]
        while self.take(Kind.TIMES) or self.take(Kind.COMMA):
            sizes.append(self.expression(DOT_LEVEL))
        self.implicit_product = before
        self.expect(Kind.GROUP_CLOSE, "another size or }")
        return tuple(sizes), None

    def arrow_ahead(self) -> bool:
        for token in self.tokens[self.position :]:
            if token.kind in (Kind.ARROW, Kind.SEPARATOR, Kind.END):
                return token.kind is Kind.ARROW
        return False

    def map_between(self, function: Tree, start: Token) -> Tree:
        r"""`f : \mathbb{R}^n \to \mathbb{R}^m`."""
        self.advance()
        domain, _ = self.space()
        self.expect(Kind.ARROW, "an arrow and another set")
        codomain, _ = self.space()
        return MapsTo(function, domain, codomain, span=self.span(start))
