r"""Derivatives in all their spellings, gradients, sums, and values at a point."""

from __future__ import annotations

from dataclasses import replace

from jacobians.notation.latex_calls import NameParser
from jacobians.notation.latex_scripts import SCRIPTS
from jacobians.notation.parser import SUM_LEVEL
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Chain, Comparison, Index, List, Name, Number, Tree
from jacobians.notation.tree_calculus import (
    At,
    DerivativeSign,
    Differential,
    Gradient,
    Membership,
    Partial,
    Product,
    Slice,
    Sum,
)

STARTS_SYMBOL = frozenset((Kind.WORD, Kind.NAME, Kind.COMMAND, Kind.OPEN, Kind.GROUP_OPEN, Kind.LIST_OPEN))


class CalculusParser(NameParser):
    """Reads what only calculus has."""

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
        if self.token.kind is Kind.GROUP_OPEN:
            above = self.sign_at(self.position, above=True)
            behind = self.partner(self.position) + 1
            below = self.sign_at(behind) if self.tokens[behind].kind is Kind.GROUP_OPEN else None
        if above and below and ("δ" not in (above, below) or above == below):
            return self.derivative_fraction(start, above)
        top = self.lone_differential(above) if above == "∂" or self.is_lone_delta(above) else self.argument()
        return Binary("/", top, self.argument(), span=self.span(start))

    def is_lone_delta(self, sign: DerivativeSign | None) -> bool:
        r"""`\delta S / y`: where delta has no meaning and no scripts it is a differential sign."""
        return sign == "δ" and not self.symbols.declared("delta")

    def lone_differential(self, sign: DerivativeSign | None) -> Tree:
        """A numerator whose denominator has no differential: a mistake that the checker names."""
        self.advance()
        begin = self.token
        self.take_sign()
        of = self.nested(self.expression)
        tree = Differential(of, span=self.span(begin))
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        return tree

    def derivative_fraction(self, start: Token, sign: DerivativeSign) -> Tree:
        self.advance()
        self.take_sign()
        order = self.order()
        of = None if self.token.kind is Kind.GROUP_CLOSE else self.nested(self.expression)
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
        of = tree.of if isinstance(tree, Differential) else without_d(tree)
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
        kind = self.token.kind
        if kind is Kind.OPEN:
            return Differential(self.nested(self.unit), span=self.span(start))
        accent = kind is Kind.COMMAND and self.token.value not in ("frac", "dfrac", "tfrac", "cfrac", "sqrt", "over")
        capital = kind is Kind.WORD and (self.token.value[0].isupper() or self.symbols.declared(self.token.value))
        if kind is not Kind.NAME and not accent and not capital:
            return None
        inner = self.nested(self.power)
        named = renamed(inner, lambda text: f"d{text}", start)
        return Differential(inner, span=self.span(start)) if named is None else replace(named, span=self.span(start))

    # ----- gradients -----

    def nabla(self, start: Token) -> Tree:
        r"""`\nabla_W L`, `\nabla^2_x f`, `\nabla a`."""
        by, order = None, 1
        while self.token.kind in (Kind.SUBSCRIPT, Kind.POWER):
            if self.token.kind is Kind.POWER:
                order = self.order()
            else:
                self.advance()
                by = self.variable_of(self.indices())
        if by is None:
            return Gradient(self.nested(self.power), None, order, span=self.span(start))
        of = self.nested(self.power) if self.token.kind in self.factors and self.token.kind is not Kind.NUMBER else None
        return Gradient(by, of, order, span=self.span(start))

    # ----- sums -----

    def sum(self, start: Token) -> Tree:
        """The sum or the product, with everything up to the next + or - outside brackets as its body."""
        entries: tuple[Tree, ...] = ()
        upper: Tree | None = None
        before, self.implicit_product = self.implicit_product, True
        while self.token.kind in (Kind.SUBSCRIPT, Kind.POWER):
            if self.take(Kind.POWER):
                upper = self.argument()
            else:
                self.advance()
                entries += self.bounds()
        body = self.nested(self.summand)
        self.implicit_product = before
        bound = _Bounds(self, start)
        for entry in entries:
            bound.add(entry)
        kind = Product if start.value == "prod" else Sum
        indices = tuple(dict.fromkeys(bound.indices))
        return kind(indices, body, bound.lower, upper or bound.upper, bound.condition, span=self.span(start))

    def summand(self) -> Tree:
        return self.expression(SUM_LEVEL)

    def bounds(self) -> tuple[Tree, ...]:
        if self.token.kind is not Kind.GROUP_OPEN or self.ahead().value != "substack":
            return self.indices()
        self.advance()
        self.advance()
        entries = self.indices()
        self.expect(Kind.GROUP_CLOSE, "}")
        return entries

    # ----- values at a point -----

    def evaluated(self, start: Token) -> Tree:
        r"""`\left. ... \right|_{x = x_0}`."""
        body = self.nested(self.expression)
        self.expect(Kind.EVALUATED, "an operator or \\right|")
        return self.at_point(body, start)

    def point_ahead(self) -> bool:
        """`|_{x = x_0}` behind an expression."""
        if self.token.kind is not Kind.BAR or self.bars or self.ahead().kind is not Kind.SUBSCRIPT:
            return False
        return self.ahead(2).kind is Kind.GROUP_OPEN and self.condition_ahead(self.position + 2)

    def at_point(self, body: Tree, start: Token) -> Tree:
        self.expect(Kind.SUBSCRIPT, "the point as a subscript, as in \\right|_{x = x_0}")
        items = self.indices()
        values = []
        for item in items:
            if not isinstance(item, Chain) or len(item.parts) != 2:
                raise self.error("expected the point as an equation, as in x = x_0", self.last)
            values.append((item.parts[0], item.parts[1]))
        return At(body, tuple(values), span=self.span(start))

    def finished(self, tree: Tree, start: Token) -> Tree:
        """A unit with the scripts, the point or the denominator that follow it."""
        while True:
            if self.token.kind in SCRIPTS:
                tree = self.script_of(tree, start)
            elif self.point_ahead():
                self.advance()
                tree = self.at_point(tree, start)
            elif (ratio := self.ratio(tree, start)) is not None:
                tree = ratio
            else:
                return tree


class _Bounds:
    """What stands below a sum sign: letters, limits, a condition."""

    def __init__(self, parser: CalculusParser, start: Token) -> None:
        self.parser, self.start = parser, start
        self.indices: list[str] = []
        self.lower: Tree | None = None
        self.upper: Tree | None = None
        self.condition: Tree | None = None

    def add(self, entry: Tree) -> None:
        if isinstance(entry, Slice) and entry.start is not None and entry.stop is not None:
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
        if not isinstance(entry.parts[0], Number):
            if not (self.indices and self.letter_text(entry.parts[0]) is None):
                self.letter(entry.parts[0])
            self.restrict(entry)
        elif len(entry.parts) == 3 and entry.relations == ("<=", "<="):
            self.letter(entry.parts[1])
            self.lower, self.upper = entry.parts[0], entry.parts[2]
        else:
            self.letter(entry.parts[1])
            self.restrict(entry)

    def restrict(self, condition: Tree) -> None:
        if isinstance(condition, Chain):
            condition = self.parser.condition(condition, self.start)
        if self.condition is not None:
            raise self.parser.error("expected one condition below a sum; write the others as factors", self.start)
        self.condition = condition

    def letter_text(self, tree: Tree) -> list[str] | None:
        if isinstance(tree, Name):
            return [tree.text]
        if isinstance(tree, Index):
            tree = List(tree.indices)
        if isinstance(tree, List) and all(isinstance(item, Name) for item in tree.items):
            return [item.text for item in tree.items if isinstance(item, Name)]
        return None

    def letter(self, tree: Tree) -> None:
        letters = self.letter_text(tree)
        if letters is None:
            raise self.parser.error("expected an index letter below a sum, as in \\sum_i or \\sum_{i=1}^n", self.start)
        self.indices += letters


def renamed(tree: Tree, change, start: Token | None = None) -> Tree | None:  # type: ignore[no-untyped-def]
    """The tree with its leading name changed; None where it has none."""
    if isinstance(tree, Name):
        return replace(tree, text=change(tree.text))
    if isinstance(tree, Index) and (array := renamed(tree.array, change)) is not None:
        return replace(tree, array=array)
    return None


def without_d(tree: Tree) -> Tree | None:
    """The quantity of `dL` in `dL/dW`."""
    inner = tree.array if isinstance(tree, Index) else tree
    if not isinstance(inner, Name) or inner.text[0] != "d" or len(inner.text) < 2:
        return None
    found = renamed(tree, lambda text: text[1:])
    if found is None or not found.span:
        return found
    return replace(found, span=found.span._replace(column=found.span.column + 1))
