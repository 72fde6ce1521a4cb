"""Recursive descent from tokens to a tree; it knows what tokens mean, not how a surface spells them.

From loose to tight:

- relation: sum (= sum)*, or with comparisons
- sum: product (+ product)*; product: unary (@ unary)*; left to right
- unary: - unary, or factors without a sign between them, `2 x`
- power: postfix ^ exponent; right to left; the exponent may have a sign
- postfix: unit (.T or ' or [indices])*
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isinf

from jacobians.notation.names import with_layer
from jacobians.notation.token_stream import TokenStream
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Iverson,
    Juxtaposition,
    List,
    Name,
    Negative,
    Number,
    Operator,
    Prime,
    Relation,
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import Partial, Sum

#: Levels of a tree: `a + b + c + ...` has one per sign, and whatever walks a tree must not run out of stack.
MAX_DEPTH = 200
MAX_DIGITS = 100

SUM_LEVEL, PRODUCT_LEVEL = 1, 2
OPERATORS: dict[Kind, tuple[int, Operator]] = {
    Kind.PLUS: (SUM_LEVEL, "+"),
    Kind.MINUS: (SUM_LEVEL, "-"),
    Kind.MATMUL: (PRODUCT_LEVEL, "@"),
    Kind.HADAMARD: (PRODUCT_LEVEL, "*"),
    Kind.DOT: (PRODUCT_LEVEL, "·"),
    Kind.OUTER: (PRODUCT_LEVEL, "⊗"),
    Kind.DIVIDE: (PRODUCT_LEVEL, "/"),
}
#: Signs of the elementwise product that mean nothing else; `*` may be any product.
ONLY_HADAMARD = frozenset(("⊙", "⨀", r"\odot", r"\bigodot"))
RELATIONS: dict[Kind, Relation] = {
    Kind.EQUALS: "==",
    Kind.SAME: "==",
    Kind.DIFFERENT: "!=",
    Kind.LESS: "<",
    Kind.LESS_EQUAL: "<=",
    Kind.GREATER: ">",
    Kind.GREATER_EQUAL: ">=",
}
SIGNS = frozenset((Kind.PLUS, Kind.MINUS))
POSTFIX = frozenset((Kind.TRANSPOSE, Kind.PRIME, Kind.LIST_OPEN))
#: What a factor without a sign before it may begin with.
FACTORS = frozenset((Kind.NAME, Kind.OPEN, Kind.SUM, Kind.DERIVATIVE, Kind.PARTIAL, Kind.NORM))
#: Functions that are written as a letter.
FUNCTIONS = {"sigma": "sigmoid"}


class Parser(TokenStream):
    """One pass over the tokens of one formula (the last of kind END); `text` is the source that errors show.

    With `implicit_product` factors may stand side by side; without it only a number may stand before a factor.
    """

    operators, factors = OPERATORS, FACTORS

    def __init__(self, tokens: Sequence[Token], text: str, implicit_product: bool = False) -> None:
        super().__init__(tokens, text)
        self.implicit_product, self.norms = implicit_product, 0

    # ----- what a caller parses -----

    def whole(self) -> Tree:
        """The only formula of the tokens: an expression, or a chain of equalities or comparisons."""
        return self.ended(self.relation())

    def ended(self, tree: Tree) -> Tree:
        """The tree, where nothing follows it and it is not too deep."""
        if self.token.kind is not Kind.END:
            hint = "; a product needs its sign" if self.token.kind in (*FACTORS, Kind.NUMBER) else ""
            self.fail("an operator or the end", hint)
        if len(self.tokens) > MAX_DEPTH and tree.depth > MAX_DEPTH:
            self.token = self.tokens[0]
            raise self.error(f"expected at most {MAX_DEPTH} operations within one another; split the formula")
        return tree

    def relation(self) -> Tree:
        start, first = self.token, self.expression()
        if self.token.kind not in RELATIONS:
            return first
        parts, kinds = [first], []
        while self.token.kind in RELATIONS:
            kinds.append(self.advance().kind)
            parts.append(self.expression())
        span = self.span(start)
        if all(kind is Kind.EQUALS for kind in kinds):
            return Chain(tuple(parts), span=span)
        return Comparison(tuple(parts), tuple(RELATIONS[kind] for kind in kinds), span=span)

    def expression(self, level: int = 0) -> Tree:
        """Everything up to an operator that binds no tighter than `level`."""
        start, left = self.token, self.unary()
        while (found := self.operators.get(self.token.kind)) and found[0] > level:
            sign = self.advance()
            right = self.expression(found[0])
            if sign.kind is Kind.DIVIDE:
                left = self.quotient(left, right, sign, start)
            else:
                left = Binary(found[1], left, right, hadamard=sign.text in ONLY_HADAMARD, span=self.span(start))
        return left

    # ----- from loose to tight -----

    def unary(self) -> Tree:
        start = self.token
        if start.kind in SIGNS:
            self.advance()
            operand = self.nested(self.unary)
            return operand if start.kind is Kind.PLUS else Negative(operand, span=self.span(start))
        left = self.power()
        while self.token.kind in self.factors and self.starts_factor(left):
            left = Juxtaposition(left, self.power(), span=self.span(start))
        return left

    def power(self) -> Tree:
        start, base = self.token, self.postfix()
        if self.token.kind is not Kind.POWER:
            return base
        self.advance()
        exponent = self.nested(self.exponent)
        return Binary("^", base, exponent, span=self.span(start))

    def exponent(self) -> Tree:
        start = self.token
        if not self.take(Kind.MINUS):
            return self.power()
        operand = self.nested(self.exponent)
        return Negative(operand, span=self.span(start))

    def postfix(self) -> Tree:
        start, tree = self.token, self.unit()
        while (kind := self.token.kind) in POSTFIX:
            if kind is Kind.LIST_OPEN:
                tree = self.index(tree, start)
            elif self.take(Kind.TRANSPOSE):
                tree = Transpose(tree, span=self.span(start))
            else:
                tree = Prime(tree, self.primes(), span=self.span(start))
        return tree

    def index(self, array: Tree, start: Token) -> Tree:
        self.advance()
        indices = self.several(self.expression)
        self.expect(Kind.LIST_CLOSE, "a comma or ]")
        return Index(array, indices, span=self.span(start))

    def starts_factor(self, left: Tree) -> bool:
        """It needs no sign before it; norm bars look alike, so within a norm the next one closes it."""
        if not (self.implicit_product or isinstance(left, Number)):
            return False
        return self.token.kind is not Kind.NORM or self.norms == 0

    def quotient(self, left: Tree, right: Tree, sign: Token, start: Token) -> Tree:
        """`a / 2 x` can mean two things; a product in brackets ends before the last token that was read."""
        below = right
        while isinstance(below, Negative):
            below = below.operand
        if isinstance(below, Juxtaposition) and below.span and below.span[2:] == self.end():
            problem = "unclear whether the factor after the fraction belongs below"
            raise self.error(f"{problem}: put the fraction or what is below in brackets", sign)
        return Binary("/", left, right, span=self.span(start))

    # ----- units -----

    def unit(self) -> Tree:
        reader = UNITS.get(self.token.kind)
        if reader is None:
            self.fail("a number, a name or a bracket")
        return reader(self, self.advance())

    def number(self, start: Token) -> Tree:
        exponent = start.value.lower().partition("e")[2].lstrip("+-0")
        if len(start.value) > MAX_DIGITS or len(exponent) > 3 or isinf(float(start.value)):
            raise self.error(f"expected a number of at most {MAX_DIGITS} characters that a float can hold", start)
        return Number(start.value, span=self.span(start))

    def name(self, start: Token) -> Tree:
        text, label = start.value, None
        if self.token.kind is Kind.LABEL_OPEN:
            label = self.label()
            if isinstance(label, Number) and label.text.isdigit():
                text, label = with_layer(text, label.text), None
        ahead = self.position
        while self.tokens[ahead].kind is Kind.PRIME:
            ahead += 1
        if self.tokens[ahead].kind is Kind.OPEN:
            return self.call(start, text, label)
        return Name(text, label, span=self.span(start))

    def label(self) -> Tree:
        self.advance()
        label = self.nested(self.expression)
        self.expect(Kind.LABEL_CLOSE, "the end of the layer label")
        return label

    def call(self, start: Token, function: str, label: Tree | None) -> Tree:
        primes = self.primes()
        self.advance()
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        while self.token.kind is not Kind.CLOSE:
            if self.token.kind is Kind.NAME and self.tokens[self.position + 1].kind is Kind.EQUALS:
                if any(self.token.value == key for key, _ in keywords):
                    self.fail("each option once")
                key = self.advance().value
                self.advance()
                keywords.append((key, self.nested(self.expression)))
            elif keywords:
                self.fail("an option such as axis=0 after the first option")
            else:
                args.append(self.nested(self.relation))
            if not self.take(Kind.COMMA):
                break
        self.expect(Kind.CLOSE, "a comma or )")
        function = FUNCTIONS.get(function, function)
        return Call(function, tuple(args), primes, tuple(keywords), label, span=self.span(start))

    def bracket(self, _: Token) -> Tree:
        tree = self.nested(self.expression)
        self.expect(Kind.CLOSE, "an operator or )")
        return tree

    def list_or_iverson(self, start: Token) -> Tree:
        items = self.several(self.relation)
        self.expect(Kind.LIST_CLOSE, "a comma or ]")
        first = items[0]
        if len(items) == 1 and isinstance(first, Chain):
            first = Comparison(first.parts, tuple(RELATIONS[Kind.EQUALS] for _ in first.parts[1:]), span=first.span)
        if len(items) == 1 and isinstance(first, Comparison):
            return Iverson(first, span=self.span(start))
        if any(isinstance(item, Chain | Comparison) for item in items):
            raise self.error("expected numbers or expressions in a list, got a comparison", start)
        return List(items, span=self.span(start))

    def norm(self, start: Token) -> Tree:
        self.norms += 1
        tree = self.nested(self.expression)
        self.expect(Kind.NORM, f"an operator or the closing {start.text}")
        self.norms -= 1
        return Call("norm", (tree,), span=self.span(start))

    def derivative(self, start: Token) -> Tree:
        self.expect(Kind.OPEN, "an opening bracket")
        of = self.nested(self.expression)
        self.expect(Kind.COMMA, "a comma and the variable to differentiate by")
        by = self.nested(self.expression)
        self.expect(Kind.CLOSE, "an operator or )")
        return Partial(of, by, span=self.span(start))

    def partial(self, start: Token) -> Tree:
        of = self.differential()
        self.expect(Kind.DIVIDE, "a derivative of the form ∂a/∂b")
        self.expect(Kind.PARTIAL, "a derivative of the form ∂a/∂b")
        by = self.differential()
        if self.token.kind is Kind.TRANSPOSE:
            raise self.error("unclear which is transposed: write (∂a/∂b).T or ∂a/∂(b.T)")
        return Partial(of, by, span=self.span(start))

    def differential(self) -> Tree:
        """What a ∂ applies to: a unit, with indices."""
        start, tree = self.token, self.nested(self.unit)
        while self.token.kind is Kind.LIST_OPEN:
            tree = self.index(tree, start)
        return tree

    def sum(self, start: Token) -> Tree:
        self.expect(Kind.OPEN, "an opening bracket")
        body = self.nested(self.expression)
        self.expect(Kind.CLOSE, "an operator or )")
        return Sum(tuple(start.value.split()), body, span=self.span(start))


UNITS: dict[Kind, Callable[[Parser, Token], Tree]] = {
    Kind.NUMBER: Parser.number,
    Kind.NAME: Parser.name,
    Kind.OPEN: Parser.bracket,
    Kind.LIST_OPEN: Parser.list_or_iverson,
    Kind.NORM: Parser.norm,
    Kind.DERIVATIVE: Parser.derivative,
    Kind.PARTIAL: Parser.partial,
    Kind.SUM: Parser.sum,
}
