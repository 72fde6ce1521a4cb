r"""What letters mean while nobody declares them: `\delta_{ij}`, `I_n`, `e^x`, `J_f`, `\mathbb 1`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jacobians.notation.latex_commands import ACCENTS
from jacobians.notation.latex_scripts import ScriptParser
from jacobians.notation.latex_stream import BRACKETS, PARTNERS
from jacobians.notation.latex_subscripts import SYMBOLS, Scripts
from jacobians.notation.latex_words import is_function
from jacobians.notation.parser import RELATIONS
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Call, Chain, Comparison, Iverson, Name, Transpose, Tree
from jacobians.notation.tree_calculus import JacobianOf, Partial

#: Sizes that an identity matrix is often given where no size is declared.
SIZE_LETTERS = frozenset("ndmkpqNDMK")


class CustomParser(ScriptParser):
    """Reads names that nobody declares, and ones and indicators."""

    def by_custom(self, text: str, found: Scripts, start: Token) -> Tree | None:
        """What a name means by custom; None if it is declared, or if its scripts do not fit."""
        reader = CUSTOMS.get(text)
        if reader is None or (self.symbols.declared(text) and text != "delta"):
            return None
        return reader(self, found, start)

    def arguments(self) -> tuple[tuple[Tree, ...], tuple[tuple[str, Tree], ...]]:
        """Everything in the bracket that opens here; `axis = 0` is an option."""
        closing = PARTNERS[self.advance().kind]
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        before, self.implicit_product = self.implicit_product, True
        bars, self.bars, norms, self.norms = self.bars, 0, self.norms, 0
        while not self.at(closing):
            argument = self.nested(self.relation)
            if isinstance(argument, Chain) and len(argument.parts) == 2 and isinstance(argument.parts[0], Name):
                keywords.append((argument.parts[0].text, argument.parts[1]))
            else:
                args.append(argument)
            if not (self.take(Kind.COMMA) or self.take(Kind.SEMICOLON)):
                break
        self.expect(closing, "a comma or the closing bracket")
        self.implicit_product, self.bars, self.norms = before, bars, norms
        return tuple(args), tuple(keywords)

    # ----- letters -----

    def kronecker(self, found: Scripts, start: Token) -> Tree | None:
        """Two indices and nothing else, where delta is no matrix and none of them a layer."""
        if len(found.items) != 2 or found.suffix or found.label or found.power or found.primes or found.transposed:
            return None
        plain = "delta" in self.symbols.quantities and "delta" not in self.symbols.labelled
        if plain and self.rank("delta") in (None, 2):
            return None
        names = {part.text for item in found.items for part in item.walk() if isinstance(part, Name)}
        if not names or (self.symbols.declared("delta") and names & self.symbols.labels):
            return None
        return Call("kronecker", found.items, span=self.span(start))

    def identity(self, found: Scripts, start: Token) -> Tree | None:
        size = found.items[0] if len(found.items) == 1 else None
        if found.suffix or found.label or (found.items and size is None):
            return None
        if start.value == "I" and not (size and self.is_size(size)):
            return None
        tree: Tree = Call("Id", found.items, span=self.span(start))
        tree = Transpose(tree, span=self.span(start)) if found.transposed else tree
        return self.raised(tree, found.power, start)

    def is_size(self, size: Tree) -> bool:
        if not isinstance(size, Name):
            return True
        return size.text in self.symbols.sizes or (size.text in SIZE_LETTERS and not self.symbols.declared(size.text))

    def exponential(self, found: Scripts, start: Token) -> Tree | None:
        power = found.label if found.power is None else found.power
        if power is None or found.items or found.suffix:
            return None
        return Call("exp", (power,), span=self.span(start))

    def jacobian(self, found: Scripts, start: Token) -> Tree | None:
        """`J_f(x)`, where what is below is a function or a bracket follows."""
        of = Name(found.suffix) if found.suffix else found.items[0] if len(found.items) == 1 else None
        function = isinstance(of, Name) and is_function(of.text, self.symbols)
        composed = isinstance(of, Binary) and of.op == "∘"
        if of is None or found.label or not (function or composed or self.at(Kind.OPEN)):
            return None
        args = self.arguments()[0] if self.at(Kind.OPEN) else ()
        if len(args) > 1:
            raise self.error("expected one point or variable in the bracket of a Jacobian", start)
        tree: Tree = JacobianOf(of, args[0] if args else None, span=self.span(start))
        tree = Transpose(tree, span=self.span(start)) if found.transposed else tree
        return self.raised(tree, found.power, start)

    def derivation(self, found: Scripts, start: Token) -> Tree | None:
        """`D_x f`."""
        accented = self.token.kind is Kind.COMMAND and self.token.value in ACCENTS
        if len(found.items) != 1 or found.power or found.label or not (self.token.kind in SYMBOLS or accented):
            return None
        return JacobianOf(self.nested(self.power), found.items[0], span=self.span(start))

    def derivation_d(self, found: Scripts, start: Token) -> Tree | None:
        """`d_x f`."""
        if len(found.items) != 1 or found.power or found.label or self.token.kind not in SYMBOLS - {Kind.NUMBER}:
            return None
        return Partial(self.nested(self.power), found.items[0], sign="d", span=self.span(start))

    # ----- ones and indicators -----

    def numbered(self, start: Token) -> Tree:
        """A number; `1_n` and `1^T` are vectors of ones, `1_{i=j}` an indicator."""
        if start.value != "1":
            return self.number(start)
        if self.at(Kind.SUBSCRIPT):
            return self.ones(start)
        group = self.at(Kind.POWER) and self.ahead().kind is Kind.GROUP_OPEN
        above = self.ahead(2 if group else 1)
        alone = not group or self.ahead(3).kind is Kind.GROUP_CLOSE
        if self.at(Kind.POWER) and alone and self.is_transpose(above):
            return Call("ones", (), span=self.span(start))
        return self.number(start)

    def ones(self, start: Token) -> Tree:
        r"""`\mathbf 1`, `\mathbb 1_n`: ones; `\mathbb 1_{i=j}`, `\mathbb 1[x > 0]`: 1 where the condition holds."""
        if self.token.kind in BRACKETS and self.is_condition_ahead():
            return self.indicator_bracket(start)
        if not self.take(Kind.SUBSCRIPT):
            return Call("ones", (), span=self.span(start))
        if not (self.at(Kind.GROUP_OPEN) and self.is_condition_ahead()):
            return Call("ones", self.sizes(), span=self.span(start))
        self.advance()
        if self.token.kind in BRACKETS:
            tree: Tree = self.indicator_bracket(start)
        else:
            tree = Iverson(self.condition(self.nested(self.relation), start))
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        return replace(tree, span=self.span(start))

    def zeros(self, start: Token) -> Tree:
        sizes = self.sizes() if self.take(Kind.SUBSCRIPT) else ()
        return Call("zeros", sizes, span=self.span(start))

    def sizes(self) -> tuple[Tree, ...]:
        r"""`_n`, `_{m, n}`, `_{m \times n}`."""
        found = self.indices()
        while found and isinstance(found[0], Binary) and found[0].op == "×":
            found = (*found[0].children, *found[1:])
        return found

    def indicator(self, start: Token) -> Tree:
        r"""`\mathbb I`: an indicator before a condition, else the identity."""
        place = self.position + 1 if self.at(Kind.SUBSCRIPT) else self.position
        if self.tokens[place].kind in PARTNERS and self.is_condition_ahead(place):
            return self.ones(start)
        return self.named("I", replace(start, value="I"))

    def named(self, text: str, start: Token) -> Tree:
        """A name that was just read, with its scripts and arguments."""
        raise NotImplementedError

    def is_condition_ahead(self, position: int | None = None) -> bool:
        """A relation in the bracket that opens there."""
        position = self.position if position is None else position
        inner = self.tokens[position : self.partner(position)]
        return any(token.kind in RELATIONS or token.kind is Kind.ELEMENT for token in inner)

    def indicator_bracket(self, start: Token) -> Tree:
        closing = PARTNERS[self.advance().kind]
        condition = self.nested(self.relation)
        self.expect(closing, "an operator or the closing bracket")
        return Iverson(self.condition(condition, start), span=self.span(start))

    def condition(self, tree: Tree, start: Token) -> Comparison:
        """An equation as a condition."""
        if isinstance(tree, Iverson):
            return tree.condition
        if isinstance(tree, Chain):
            return Comparison(tree.parts, tuple(RELATIONS[Kind.EQUALS] for _ in tree.parts[1:]), span=tree.span)
        if not isinstance(tree, Comparison):
            raise self.error("expected a comparison such as i = j as the condition", start)
        return tree


CUSTOMS: dict[str, Callable[[CustomParser, Scripts, Token], Tree | None]] = {
    "delta": CustomParser.kronecker,
    "I": CustomParser.identity,
    "Id": CustomParser.identity,
    "e": CustomParser.exponential,
    "J": CustomParser.jacobian,
    "D": CustomParser.derivation,
    "d": CustomParser.derivation_d,
}
