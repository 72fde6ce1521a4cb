r"""Derivatives in all their spellings, gradients, and values at a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jacobians.notation.latex_commands import ACCENTS
from jacobians.notation.latex_scripts import SCRIPTS
from jacobians.notation.latex_sums import SumParser
from jacobians.notation.latex_words import is_function
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Chain, Index, List, Name, Number, Span, Tree
from jacobians.notation.tree_calculus import At, DerivativeSign, Differential, Gradient, Partial

STARTS_SYMBOL = frozenset((Kind.WORD, Kind.NAME, Kind.COMMAND, Kind.OPEN, Kind.GROUP_OPEN, Kind.LIST_OPEN))


class DerivativeParser(SumParser):
    """Reads what has a differential sign."""

    # ----- fractions -----

    def sign_at(self, position: int, above: bool = False) -> DerivativeSign | None:
        """The sign of a differential that begins there, within a group or not; `above` it may stand alone."""
        if self.tokens[position].kind is Kind.GROUP_OPEN:
            position += 1
        token, following = self.tokens[position], self.tokens[min(position + 1, len(self.tokens) - 1)]
        if token.kind is Kind.PARTIAL:
            return "d" if token.value == "d" else "∂"
        alone = above and following.kind in (Kind.GROUP_CLOSE, Kind.POWER)
        if token.kind is Kind.WORD and token.value[0] == "d":
            return "d" if len(token.value) > 1 or alone or following.kind in STARTS_SYMBOL else None
        if token.kind is Kind.NAME and token.value == "delta":
            return "δ" if alone or following.kind in STARTS_SYMBOL else None
        return None

    def take_sign(self) -> None:
        if self.token.kind is Kind.WORD:
            self.part(1)
        else:
            self.advance()

    def fraction(self, start: Token) -> Tree:
        r"""`\frac{a}{b}`, a derivative where both begin with the same sign."""
        above = below = None
        if self.at(Kind.GROUP_OPEN):
            above = self.sign_at(self.position, above=True)
            behind = self.partner(self.position) + 1
            below = self.sign_at(behind) if self.tokens[behind].kind is Kind.GROUP_OPEN else None
        if above and below and ("δ" not in (above, below) or above == below):
            return self.derivative_fraction(start, above)
        lone = above == "∂" or (above == "δ" and not self.symbols.declared("delta"))
        top = self.lone_differential() if lone else self.argument()
        return Binary("/", top, self.argument(), span=self.span(start))

    def lone_differential(self) -> Tree:
        """A numerator whose denominator has no differential: a mistake that the checker names."""
        self.advance()
        start = self.token
        self.take_sign()
        tree = Differential(self.nested(self.expression), span=self.span(start))
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        return tree

    def derivative_fraction(self, start: Token, sign: DerivativeSign) -> Tree:
        self.advance()
        self.take_sign()
        order = self.order()
        of = None if self.at(Kind.GROUP_CLOSE) else self.nested(self.expression)
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        self.advance()
        self.take_sign()
        by, second = self.variables(order)
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        of = self.operand() if of is None else of
        return Partial(of, by, second, sign=sign, span=self.span(start))

    def order(self) -> int:
        r"""The 2 of `\partial^2`; the + of a direct derivative, `\partial^+`, is no order."""
        if not self.take(Kind.POWER):
            return 1
        group = self.take(Kind.GROUP_OPEN)
        token = self.token
        if token.kind is not Kind.PLUS and token.value not in ("1", "2"):
            self.fail("a first or a second derivative")
        self.advance()
        if group:
            self.expect(Kind.GROUP_CLOSE, "}")
        return 2 if token.value == "2" else 1

    def variables(self, order: int) -> tuple[Tree, Tree | None]:
        """What is differentiated by: everything behind the sign, or two variables, or one squared."""
        if order == 1:
            return self.nested(self.expression), None
        first = self.nested(self.power)
        if isinstance(first, Binary) and first.op == "^" and first.right == Number("2"):
            return first.left, first.left
        if self.sign_at(self.position) is None:
            self.fail("a second variable, as in \\partial x \\partial y")
        self.take_sign()
        return first, self.nested(self.power)

    def operand(self) -> Tree:
        """What a derivative sign without numerator applies to: the factors behind it."""
        start = self.token
        if start.kind not in self.factors:
            self.fail("what is differentiated behind the derivative sign")
        tree = self.nested(self.power)
        while self.token.kind in self.factors and self.starts_factor(tree):
            tree = self.juxtaposed(tree, self.nested(self.power), start)
        return tree

    # ----- in one line -----

    def partial(self, start: Token) -> Tree:
        r"""`\partial L/\partial W` (see `ratio`), `\partial_x f`, or a differential by itself."""
        sign: DerivativeSign = "d" if start.value == "d" else "∂"
        if self.order() != 1:
            raise self.error("expected a second derivative as a fraction, \\frac{\\partial^2 f}{...}", start)
        if self.take(Kind.SUBSCRIPT):
            by = self.variable_of(self.indices())
            return Partial(self.nested(self.power), by, sign=sign, span=self.span(start))
        return Differential(self.nested(self.power), span=self.span(start))

    def variable_of(self, items: tuple[Tree, ...]) -> Tree:
        return items[0] if len(items) == 1 else List(items)

    def ratio(self, tree: Tree, start: Token) -> Tree | None:
        """A derivative in one line, where a differential, `/` and another differential follow one another."""
        if self.token.kind is not Kind.DIVIDE or (below := self.sign_at(self.position + 1)) is None:
            return None
        of = tree.of if isinstance(tree, Differential) else self.without_d(tree)
        if of is None or (below == "δ" and not isinstance(tree, Differential)):
            return None
        self.advance()
        group = self.take(Kind.GROUP_OPEN)
        self.take_sign()
        by = self.nested(self.expression if group else self.power)
        if group:
            self.expect(Kind.GROUP_CLOSE, "an operator or }")
        return Partial(of, by, sign=below, span=self.span(start))

    def after_d(self, start: Token) -> Tree | None:
        """What a d that has no meaning of its own stands before: the name of a gradient, or a differential."""
        token = self.token
        word = token.kind is Kind.WORD
        function = word and is_function(token.value, self.symbols)
        if self.at(Kind.OPEN) or function:
            return Differential(self.nested(self.power if function else self.unit), span=self.span(start))
        accent = token.kind is Kind.COMMAND and (token.value in ACCENTS or token.value == "font")
        capital = word and (token.value[0].isupper() or self.symbols.declared(token.value))
        if token.kind is not Kind.NAME and not accent and not capital:
            return None
        inner = self.nested(self.power)
        named = renamed(inner, lambda text: f"d{text}", self.span(start))
        return Differential(inner, span=self.span(start)) if named is None else named

    def without_d(self, tree: Tree) -> Tree | None:
        """The quantity of `dL` in `dL/dW`."""
        inner = tree.array if isinstance(tree, Index) else tree
        if not isinstance(inner, Name) or inner.text[0] != "d" or len(inner.text) < 2:
            return None
        begin = inner.span
        if begin and self.text[self.starts[begin.line - 1] + begin.column - 1] == "d":
            begin = begin._replace(column=begin.column + 1)
        return renamed(tree, lambda text: text[1:], begin)

    # ----- gradients -----

    def nabla(self, start: Token) -> Tree:
        r"""`\nabla_W L`, `\nabla^2_x f`, `\nabla a`."""
        by, order = None, 1
        while self.token.kind in (Kind.SUBSCRIPT, Kind.POWER):
            if self.at(Kind.POWER):
                order = self.order()
            else:
                self.advance()
                by = self.variable_of(self.indices())
        if by is None:
            return Gradient(self.nested(self.power), None, order, span=self.span(start))
        follows = self.token.kind in self.factors - {Kind.NUMBER}
        return Gradient(by, self.nested(self.power) if follows else None, order, span=self.span(start))

    # ----- values at a point -----

    def evaluated(self, start: Token) -> Tree:
        r"""`\left. ... \right|_{x = x_0}`."""
        body = self.nested(self.expression)
        self.expect(Kind.EVALUATED, "an operator or \\right|")
        return self.at_point(body, start)

    def is_point_ahead(self) -> bool:
        """`|_{x = x_0}` behind an expression."""
        if self.token.kind is not Kind.BAR or self.bars or self.ahead().kind is not Kind.SUBSCRIPT:
            return False
        return self.ahead(2).kind is Kind.GROUP_OPEN and self.is_condition_ahead(self.position + 2)

    def at_point(self, body: Tree, start: Token) -> Tree:
        self.expect(Kind.SUBSCRIPT, "the point as a subscript, as in \\right|_{x = x_0}")
        values: list[tuple[Tree, Tree]] = []
        for item in self.indices():
            if not isinstance(item, Chain) or len(item.parts) != 2:
                raise self.error("expected the point as an equation, as in x = x_0", self.last)
            values.append((item.parts[0], item.parts[1]))
        return At(body, tuple(values), span=self.span(start))

    def finished(self, tree: Tree, start: Token) -> Tree:
        """A unit with the scripts, the point or the denominator that follow it."""
        while True:
            if self.token.kind in SCRIPTS:
                tree = self.script_of(tree, start)
            elif self.is_point_ahead():
                self.advance()
                tree = self.at_point(tree, start)
            elif (ratio := self.ratio(tree, start)) is not None:
                tree = ratio
            else:
                return tree


def renamed(tree: Tree, change: Callable[[str], str], begin: Span | None = None) -> Tree | None:
    """The tree with its leading name changed, beginning where `begin` does; None where it has none."""
    span = tree.span._replace(line=begin.line, column=begin.column) if tree.span and begin else tree.span
    if isinstance(tree, Name):
        return replace(tree, text=change(tree.text), span=span)
    if isinstance(tree, Index) and (array := renamed(tree.array, change, begin)) is not None:
        return replace(tree, array=array, span=span)
    return None
