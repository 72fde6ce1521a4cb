r"""Brackets, groups, matrices, case distinctions, accents and roots."""

from __future__ import annotations

from dataclasses import replace

from jacobians.notation.latex_commands import ACCENTS, OTHERWISE_WORDS
from jacobians.notation.latex_derivatives import DerivativeParser, renamed
from jacobians.notation.latex_scripts import SCRIPTS
from jacobians.notation.latex_stream import BRACKETS, PARTNERS
from jacobians.notation.latex_subscripts import Scripts
from jacobians.notation.latex_words import accented
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Call, Chain, Comparison, Iverson, List, Name, Number, Span, Tree
from jacobians.notation.tree_calculus import Cases, Differential, Dots, Membership, Partial

#: The norm that needs no order: of vectors the 2-norm, of matrices that of Frobenius.
PLAIN_NORMS = (Number("2"), Name("F"))


class UnitParser(DerivativeParser):
    """Reads what stands by itself."""

    # ----- groups and commands -----

    def group(self, start: Token) -> Tree:
        """What stands in braces; a name in braces is a name."""
        before, self.implicit_product = self.implicit_product, True
        tree = self.nested(self.expression)
        if self.token.kind is Kind.COMMAND and self.token.value == "over":
            tree = self.over(tree, start)
        self.implicit_product = before
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        if isinstance(tree, Name) and tree.label is None and self.token.kind in SCRIPTS | BRACKETS:
            return self.named(tree.text, start)
        return tree

    def over(self, top: Tree, start: Token) -> Tree:
        r"""`{a \over b}`."""
        self.advance()
        below = self.nested(self.expression)
        if isinstance(top, Differential) and isinstance(below, Differential):
            return Partial(top.of, below.of, span=self.span(start))
        return Binary("/", top, below, span=self.span(start))

    def command(self, start: Token) -> Tree:
        name = start.value
        if name in ACCENTS:
            return self.accent(start)
        reader = COMMANDS.get(name)
        if reader is None:
            self.token = start
            self.fail("a number, a name or a bracket")
        return reader(self, start)

    def font(self, start: Token) -> Tree:
        """Several signs in one font."""
        tree = self.group(self.advance())
        return replace(tree, span=self.span(start)) if isinstance(tree, Name) else tree

    def accent(self, start: Token) -> Tree:
        suffix = ACCENTS[start.value]
        inner = self.argument()
        if isinstance(inner, Name) and inner.label is None:
            return self.named(accented(inner.text, suffix), start)
        tree = renamed(inner, lambda text: accented(text, suffix))
        if tree is None:
            raise self.error(f"expected a name under {start.text}; give what stands there a name", start)
        return replace(tree, span=self.span(start))

    def root(self, start: Token) -> Tree:
        order = None
        if start.text == "√":
            return Call("sqrt", (self.nested(self.power),), span=self.span(start))
        if self.take(Kind.LIST_OPEN):
            order = self.nested(self.expression)
            self.expect(Kind.LIST_CLOSE, "]")
        inner = self.argument()
        if order is None:
            return Call("sqrt", (inner,), span=self.span(start))
        return Binary("^", inner, Binary("/", Number("1"), order, span=order.span), span=self.span(start))

    def braced_remark(self, start: Token) -> Tree:
        r"""`\underbrace{x}_{remark}`."""
        tree = self.argument()
        while self.take(Kind.SUBSCRIPT) or self.take(Kind.POWER):
            end = self.partner(self.position) if self.at(Kind.GROUP_OPEN) else self.position
            while self.position <= end:
                self.advance()
        return tree

    def dots(self, start: Token) -> Tree:
        return Dots(span=self.span(start))

    # ----- brackets -----

    def bracketed(self, start: Token) -> Tree:
        r"""A bracket: for grouping, around a list, around a condition; `\left\{` before an array is one of cases."""
        if start.kind is Kind.BRACE_OPEN and self.token.kind is Kind.BEGIN:
            tree = self.cases(self.advance())
            self.take(Kind.BRACE_CLOSE)
            return replace(tree, span=self.span(start))
        items = self.bracket_items(PARTNERS[start.kind])
        if len(items) > 1:
            return List(items, span=self.span(start))
        tree = items[0]
        if isinstance(tree, Chain):
            tree = self.condition(tree, start)
        if isinstance(tree, Comparison) and start.kind is Kind.LIST_OPEN:
            return Iverson(tree, span=self.span(start))
        return tree

    def bracket_items(self, closing: Kind) -> tuple[Tree, ...]:
        before, self.implicit_product = self.implicit_product, True
        bars, self.bars, norms, self.norms = self.bars, 0, self.norms, 0
        items = [self.nested(self.relation)]
        while self.take(Kind.COMMA) or self.take(Kind.SEMICOLON):
            if self.token.kind is closing:
                break
            items.append(self.nested(self.relation))
        self.expect(closing, "an operator or the closing bracket")
        self.implicit_product, self.bars, self.norms = before, bars, norms
        return tuple(items)

    def norm(self, start: Token) -> Tree:
        closing = Kind.NORM_CLOSE if start.kind is Kind.NORM_OPEN else Kind.NORM
        self.norms += 1
        inner = self.nested(self.expression)
        self.expect(closing, f"an operator or the closing {start.text}")
        self.norms -= 1
        found = Scripts()
        while self.at(Kind.SUBSCRIPT, Kind.POWER):
            if self.at(Kind.POWER):
                self.above(found)
            else:
                self.advance()
                found.items += self.indices()
        orders = tuple(order for order in found.items if order not in PLAIN_NORMS)
        return self.raised(Call("norm", (inner, *orders), span=self.span(start)), found.power, start)

    def absolute(self, start: Token) -> Tree:
        closing = Kind.BAR_CLOSE if start.kind is Kind.BAR_OPEN else Kind.BAR
        self.bars += 1
        inner = self.nested(self.expression)
        self.expect(closing, "an operator or the closing |")
        self.bars -= 1
        return Call("abs", (inner,), span=self.span(start))

    def inner_product(self, start: Token) -> Tree:
        items = self.bracket_items(Kind.ANGLE_CLOSE)
        if len(items) != 2:
            raise self.error(f"expected two factors of an inner product, got {len(items)}", start)
        return Call("inner", items, span=self.span(start))

    # ----- matrices and cases -----

    def matrix(self, start: Token) -> Tree:
        if "cases" in start.value:
            return self.cases(start)
        before, self.implicit_product = self.implicit_product, True
        rows: list[tuple[Tree, ...]] = []
        while self.token.kind is not Kind.FINISH:
            row = [self.nested(self.expression)]
            while self.take(Kind.CELL):
                row.append(self.nested(self.expression))
            rows.append(tuple(row))
            self.take(Kind.COMMA)
            if not self.take(Kind.ROW):
                break
        self.expect(Kind.FINISH, "an operator, & or the end of the matrix")
        self.implicit_product = before
        span = self.span(start)
        if not rows:
            raise self.error("expected entries in a matrix, got none", start)
        if all(len(row) == 1 for row in rows) and len(rows) > 1:
            tree = List(tuple(row[0] for row in rows), span=span)
        else:
            tree = List(tuple(List(row, span=_span_of(row)) for row in rows), span=span)
        return Call("determinant", (tree,), span=span) if start.value == "vmatrix" else tree

    def cases(self, start: Token) -> Tree:
        branches: list[tuple[Tree, Tree | None]] = []
        before, self.implicit_product = self.implicit_product, True
        while self.token.kind is not Kind.FINISH:
            value = self.nested(self.expression)
            self.skip(Kind.COMMA, Kind.SEMICOLON)
            self.take(Kind.CELL)
            branches.append((value, self.case_condition()))
            if not self.take(Kind.ROW):
                break
        self.expect(Kind.FINISH, "a condition or the end of the cases")
        self.implicit_product = before
        if not branches:
            raise self.error("expected a value and a condition in cases, got none", start)
        return Cases(tuple(branches), span=self.span(start))

    def case_condition(self) -> Tree | None:
        """The condition of a case; None for what remains."""
        said = self.skip(Kind.TEXT, Kind.CELL, Kind.COMMA)
        if self.token.kind in (Kind.ROW, Kind.FINISH):
            words = [word.strip(".,;:()'").lower() for word in said.split()]
            if words and not set(words) & OTHERWISE_WORDS:
                raise self.error(f"expected a condition such as i = j, got {said!r}", self.last)
            return None
        start = self.token
        tree = self.nested(self.relation)
        condition = tree if isinstance(tree, Membership) else self.condition(tree, start)
        self.skip(Kind.TEXT, Kind.COMMA, Kind.SEMICOLON)
        return condition

    def skip(self, *kinds: Kind) -> str:
        """What stands between; the words of it."""
        said: list[str] = []
        while self.token.kind in kinds:
            token = self.advance()
            said += [token.value] if token.kind is Kind.TEXT else []
        return " ".join(said)


def _span_of(row: tuple[Tree, ...]) -> Span | None:
    first, last = row[0].span, row[-1].span
    return first._replace(end_line=last.end_line, end_column=last.end_column) if first and last else None


COMMANDS = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), UnitParser.fraction),
    "sqrt": UnitParser.root,
    "font": UnitParser.font,
    "ones": UnitParser.ones,
    "zeros": UnitParser.zeros,
    "indicator": UnitParser.indicator,
    "underbrace": UnitParser.braced_remark,
    "overbrace": UnitParser.braced_remark,
}
