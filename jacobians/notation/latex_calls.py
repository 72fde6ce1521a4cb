r"""Names and what follows them: calls, dependences, products; and the names that mean something by custom."""

from __future__ import annotations

from dataclasses import replace

from jacobians.notation.latex_commands import ACCENTS
from jacobians.notation.latex_scripts import ScriptParser, Scripts
from jacobians.notation.latex_stream import BRACKETS, PARTNERS
from jacobians.notation.latex_words import is_function, takes_bare_argument
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.parser import FUNCTIONS, RELATIONS, SIGNS
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Iverson,
    Name,
    Number,
    Prime,
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import Apply, Differential, JacobianOf

#: Sizes that an identity matrix is often given where no size is declared.
SIZE_LETTERS = frozenset("ndmkpqNDMKd")
SYMBOLS = frozenset((Kind.WORD, Kind.NAME, Kind.NUMBER))
#: What may stand in a bracket that says what a quantity depends on.
DEPENDENCE = SYMBOLS | {Kind.SUBSCRIPT, Kind.POWER, Kind.COMMA, Kind.SEMICOLON, Kind.PRIME, Kind.COMMAND, *PARTNERS}
EXTREMA = frozenset(("max", "min", "argmax", "argmin", "arg"))


class NameParser(ScriptParser):
    """Reads names with everything that belongs to them."""

    def name(self, start: Token) -> Tree:
        text = start.value
        return self.named(text + self.digits(text), start)

    def letters_unit(self, start: Token) -> Tree:
        """The first name of a run of letters: `start` was the run, which is still to be read."""
        text = self.word()
        return self.named(text, replace(start, text=self.last.text))

    def named(self, text: str, start: Token) -> Tree:
        """A name that was just read, with its scripts and arguments."""
        last = self.last
        if text == "sum" and self.token.kind is Kind.SUBSCRIPT:
            return self.sum(replace(start, value="sum"))
        if self.is_differential_of_function(text):
            return self.differential_of_function(text, start)
        if text == "arg" and self.token.kind is Kind.NAME and self.token.value in EXTREMA:
            text += self.advance().value
        found = self.scripts(text)
        if (custom := self.by_custom(text, found, start)) is not None:
            return custom
        base, label = self.labelled(text, found)
        if is_function(base, self.symbols) or (found.primes and self.token.kind is Kind.OPEN and not self.known(base)):
            if self.token.kind in BRACKETS:
                return self.function_call(base, label, found, start)
            if takes_bare_argument(base, self.symbols):
                return self.bare_call(base, label, found, start)
        if self.token.kind in BRACKETS and not found.items and label is None and self.layer_ahead(base):
            base, label = self.layer_in_brackets(base)
            last = self.last
        tree = self.scripted_name(base, label, found, start, last)
        return self.applied(tree, base, start)

    def known(self, base: str) -> bool:
        """A quantity, or one layer of a labelled one."""
        parts = split_name(base)
        family = f"{parts.base}_{parts.subscript}" if parts.subscript else parts.base
        return self.symbols.is_quantity(base) or (parts.layer != "" and family in self.symbols.labelled)

    def is_differential_of_function(self, text: str) -> bool:
        """`df(x)`."""
        inner = text[1:]
        known = inner in self.symbols.functions or (len(inner) > 1 and is_function(inner, self.symbols))
        return text[0] == "d" and known and self.token.kind is Kind.OPEN and not self.symbols.declared(text)

    def differential_of_function(self, text: str, start: Token) -> Tree:
        inner = replace(start, column=start.column + 1, offset=start.offset + 1, text=start.text[1:])
        return Differential(self.named(text[1:], inner), span=self.span(start))

    # ----- calls -----

    def function_call(self, base: str, label: Tree | None, found: Scripts, start: Token) -> Tree:
        args, keywords = self.arguments()
        if found.power is not None and self.is_label(found.power, base):
            found.label, found.power = found.power, None
        return self.called(base, label, found, args, keywords, start)

    def called(
        self,
        base: str,
        label: Tree | None,
        found: Scripts,
        args: tuple[Tree, ...],
        keywords: tuple[tuple[str, Tree], ...],
        start: Token,
    ) -> Tree:
        """The call with what its scripts mean: an entry or a power of the value, the base of a logarithm."""
        span = self.span(start)
        function = base if base in self.symbols.functions else FUNCTIONS.get(base, base)
        if found.items and base in EXTREMA:
            keywords = (*keywords, *(("over", item) for item in found.items))
        tree: Tree = Call(function, args, found.primes, keywords, label, span=span)
        if found.items and base == "log":
            tree = Binary("/", tree, Call("log", found.items, span=found.items[0].span), span=span)
        elif found.items and base not in EXTREMA:
            tree = Index(tree, found.items, span=span)
        if found.transposed:
            tree = Transpose(tree, span=span)
        if found.power is None:
            return tree
        if isinstance(found.power, Tree) and _is_minus_one(found.power):
            raise self.error(f"unclear: the inverse function of {base}, or 1/{base}(...); write out which", start)
        return Binary("^", tree, found.power, span=span)

    def arguments(self) -> tuple[tuple[Tree, ...], tuple[tuple[str, Tree], ...]]:
        """Everything in the bracket that opens here; `axis = 0` is an option."""
        closing = PARTNERS[self.advance().kind]
        args: list[Tree] = []
        keywords: list[tuple[str, Tree]] = []
        while self.token.kind is not closing:
            argument = self.nested(self.relation)
            if isinstance(argument, Chain) and len(argument.parts) == 2 and isinstance(argument.parts[0], Name):
                keywords.append((argument.parts[0].text, argument.parts[1]))
            else:
                args.append(argument)
            if not (self.take(Kind.COMMA) or self.take(Kind.SEMICOLON)):
                break
        self.expect(closing, "a comma or the closing bracket")
        return tuple(args), tuple(keywords)

    def bare_call(self, base: str, label: Tree | None, found: Scripts, start: Token) -> Tree:
        r"""`\tanh z`, `\log y_i`, `\exp^{-z}`: the argument reaches over names side by side."""
        if base == "exp" and found.power is not None:
            power, found.power = found.power, None
            return self.called(base, label, found, (power,), (), start)
        if self.token.kind not in self.factors and self.token.kind not in SIGNS | {Kind.NUMBER}:
            return self.scripted_name(base, label, found, start, self.last)
        if base in EXTREMA and found.items:
            return self.called(base, label, found, (self.nested(self.product),), (), start)
        return self.called(base, label, found, (self.nested(self.bare_argument),), (), start)

    def product(self) -> Tree:
        return self.expression(1)

    def bare_argument(self) -> Tree:
        start = self.token
        if start.kind in SIGNS:
            return self.unary()
        simple = start.kind in SYMBOLS or (start.kind is Kind.COMMAND and start.value not in ("frac", "sqrt"))
        tree = self.power()
        while simple and not isinstance(tree, Call) and self.token.kind in SYMBOLS:
            if not self.starts_factor(tree) or self.function_ahead():
                break
            tree = self.juxtaposed(tree, self.power(), start)
        return tree

    def function_ahead(self) -> bool:
        return takes_bare_argument(self.token.value.lower(), self.symbols)

    # ----- quantities before a bracket -----

    def applied(self, tree: Tree, base: str, start: Token) -> Tree:
        """`z_j(W_{ji})` says what a quantity depends on; any other bracket is a factor."""
        plain_index = self.plain and self.token.kind is Kind.LIST_OPEN and self.known(base)
        if plain_index and self.adjacent():
            return Index(tree, self.bracketed_items(), span=self.span(start))
        if self.token.kind is not Kind.OPEN or not self.implicit_product:
            return tree
        several = self.comma_ahead()
        declared = self.known(base) or isinstance(tree, Prime)
        behind = self.tokens[self.partner(self.position) + 1].kind
        raised = behind in (Kind.POWER, Kind.TRANSPOSE, Kind.PRIME)  # \delta (a)^T is a product
        if not (several or (declared and not raised and self.single_names_ahead())):
            return tree
        if several and isinstance(tree, Name) and not (self.known(base) or self.symbols.declared(base)):
            args, keywords = self.arguments()
            return Call(tree.text, args, 0, keywords, tree.label, span=self.span(start))
        args, _ = self.arguments()
        return Apply(tree, args, span=self.span(start))

    def adjacent(self) -> bool:
        return self.last.offset + len(self.last.text) == self.token.offset

    def comma_ahead(self) -> bool:
        """Several things in the bracket that opens here."""
        depth = 0
        for token in self.tokens[self.position : self.partner(self.position)]:
            if depth == 1 and token.kind in (Kind.COMMA, Kind.SEMICOLON):
                return True
            depth += (token.kind in PARTNERS) - (token.kind in PARTNERS.values())
        return False

    def single_names_ahead(self) -> bool:
        """One name between two commas in the bracket that opens here; its scripts and brackets do not count."""
        names = depth = 0
        scripted = False
        for place in range(self.position + 1, self.partner(self.position)):
            token = self.tokens[place]
            letters = token.kind in (Kind.WORD, Kind.NAME) and not scripted
            if depth == 0 and token.kind not in DEPENDENCE:
                return False
            if depth == 0 and token.kind in (Kind.COMMA, Kind.SEMICOLON):
                if names != 1:
                    return False
                names = 0
            elif depth == 0 and letters:
                names += 1 if token.kind is Kind.NAME or self.symbols.declared(token.value) else len(token.value)
            elif depth == 0 and token.kind in (Kind.NUMBER, Kind.COMMAND) and not scripted:
                if token.value not in ACCENTS and token.value != "font":
                    return False
                names += self.tokens[place + 1].kind is Kind.GROUP_OPEN
            scripted = depth == 0 and token.kind in (Kind.SUBSCRIPT, Kind.POWER)
            depth += (token.kind in PARTNERS) - (token.kind in PARTNERS.values())
        return names == 1

    def layer_ahead(self, base: str) -> bool:
        r"""`\delta(L)`, `W[l]`, `z(3)` of labelled quantities."""
        if base not in self.symbols.labelled or self.token.kind not in (Kind.OPEN, Kind.LIST_OPEN):
            return False
        inner = self.tokens[self.position + 1 : self.partner(self.position)]
        if len(inner) == 1 and inner[0].kind is Kind.NUMBER:
            return True
        signs = all(token.kind in (*SYMBOLS, Kind.PLUS, Kind.MINUS) for token in inner)
        return signs and any(token.value in self.symbols.labels for token in inner)

    def layer_in_brackets(self, base: str) -> tuple[str, Tree | None]:
        label = self.label_in_brackets()
        return (with_layer(base, label.text), None) if isinstance(label, Number) else (base, label)

    # ----- customs -----

    def by_custom(self, text: str, found: Scripts, start: Token) -> Tree | None:
        """Kronecker deltas, identities, e, J and D, where the letter is not declared."""
        if self.symbols.declared(text) and text != "delta":
            return None
        reader = CUSTOMS.get(text)
        return reader(self, found, start) if reader else None

    def kronecker(self, found: Scripts, start: Token) -> Tree | None:
        rank = self.rank("delta")
        if len(found.items) != 2 or found.label or found.power or found.primes or found.transposed or found.suffix:
            return None
        if self.symbols.declared("delta") and "delta" not in self.symbols.labelled and rank in (None, 2):
            return None
        return Call("kronecker", found.items, span=self.span(start))

    def identity(self, found: Scripts, start: Token) -> Tree | None:
        size = found.items[0] if len(found.items) == 1 else None
        if found.suffix or found.label or (found.items and size is None):
            return None
        if start.value == "I" and not (size and self.is_size(size)):
            return None
        tree: Tree = Call("Id", found.items, span=self.span(start))
        if found.transposed:
            tree = Transpose(tree, span=self.span(start))
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
        of = found.items[0] if len(found.items) == 1 else None
        if found.suffix:
            of = Name(found.suffix)
        functions = isinstance(of, Name) and is_function(of.text, self.symbols)
        composed = isinstance(of, Binary) and of.op == "∘"
        if of is None or not (functions or composed or self.token.kind is Kind.OPEN) or self.rank("J") is not None:
            return None
        args = self.arguments()[0] if self.token.kind is Kind.OPEN else ()
        if len(args) > 1:
            raise self.error("expected one point or variable in the bracket of a Jacobian", start)
        tree: Tree = JacobianOf(of, args[0] if args else None, span=self.span(start))
        return Transpose(tree, span=self.span(start)) if found.transposed else tree

    def derivation(self, found: Scripts, start: Token) -> Tree | None:
        """`D_x f`."""
        if len(found.items) != 1 or found.power or found.label or self.token.kind not in SYMBOLS:
            return None
        return JacobianOf(self.nested(self.power), found.items[0], span=self.span(start))

    def numbered(self, start: Token) -> Tree:
        """A number; `1_n` and `1^T` are vectors of ones, `1_{i=j}` an indicator."""
        if start.value == "1" and self.token.kind is Kind.SUBSCRIPT:
            return self.ones(start)
        above = self.token.kind is Kind.POWER and self.is_transpose(self.ahead())
        grouped = self.token.kind is Kind.POWER and self.ahead().kind is Kind.GROUP_OPEN
        grouped = grouped and self.is_transpose(self.ahead(2)) and self.ahead(3).kind is Kind.GROUP_CLOSE
        if start.value == "1" and (above or grouped):
            return Call("ones", (), span=self.span(start))
        return self.number(start)

    def ones(self, start: Token) -> Tree:
        r"""`\mathbf 1`, `\mathbb 1_n`: ones; `\mathbb 1_{i=j}`, `\mathbb 1[x > 0]`: 1 where the condition holds."""
        if self.token.kind in BRACKETS and self.condition_ahead():
            return self.indicator_bracket(start)
        if not self.take(Kind.SUBSCRIPT):
            return Call("ones", (), span=self.span(start))
        if self.token.kind is Kind.GROUP_OPEN and self.condition_ahead():
            self.advance()
            if self.token.kind in BRACKETS:
                tree = self.indicator_bracket(start)
            else:
                tree = Iverson(self.condition(self.nested(self.relation), start), span=self.span(start))
            self.expect(Kind.GROUP_CLOSE, "an operator or }")
            return replace(tree, span=self.span(start))
        sizes = self.indices()
        return Call("ones", sizes, span=self.span(start))

    def indicator(self, start: Token) -> Tree:
        r"""`\mathbb I`: an indicator before a condition, else the identity."""
        group = self.token.kind is Kind.SUBSCRIPT and self.ahead().kind is Kind.GROUP_OPEN
        if self.token.kind in BRACKETS or group:
            place = self.position + 1 if group else self.position
            if self.condition_ahead(place):
                return self.ones(start)
        return self.named("I", replace(start, value="I"))

    def condition_ahead(self, position: int | None = None) -> bool:
        """A relation in the bracket that opens there."""
        position = self.position if position is None else position
        inner = self.tokens[position : self.partner(position)]
        return any(token.kind in RELATIONS or token.kind is Kind.ELEMENT for token in inner)

    def indicator_bracket(self, start: Token) -> Tree:
        closing = PARTNERS[self.advance().kind]
        condition = self.nested(self.relation)
        self.expect(closing, "an operator or the closing bracket")
        if isinstance(condition, Iverson):
            condition = condition.condition
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


CUSTOMS = {
    "delta": NameParser.kronecker,
    "I": NameParser.identity,
    "Id": NameParser.identity,
    "e": NameParser.exponential,
    "J": NameParser.jacobian,
    "D": NameParser.derivation,
}


def _is_minus_one(tree: Tree) -> bool:
    from jacobians.notation.tree import Negative

    return isinstance(tree, Negative) and tree.operand == Number("1")
