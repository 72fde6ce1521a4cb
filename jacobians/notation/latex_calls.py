r"""Names and what follows them: calls, what a quantity depends on, factors."""

from __future__ import annotations

from dataclasses import replace

from jacobians.notation.latex_commands import ACCENTS
from jacobians.notation.latex_customs import CustomParser
from jacobians.notation.latex_stream import BRACKETS, PARTNERS
from jacobians.notation.latex_subscripts import SYMBOLS, Scripts
from jacobians.notation.latex_words import SHORTEST_WORD, is_function, takes_bare_argument
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.parser import FUNCTIONS, SIGNS, SUM_LEVEL
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Call, Index, Name, Negative, Number, Prime, Transpose, Tree
from jacobians.notation.tree_calculus import Apply, Differential

#: What may stand in a bracket that says what a quantity depends on.
DEPENDENCE = SYMBOLS | {Kind.SUBSCRIPT, Kind.POWER, Kind.COMMA, Kind.SEMICOLON, Kind.PRIME, Kind.COMMAND, *PARTNERS}
#: What is below these ranges over something.
EXTREMA = frozenset(("max", "min", "argmax", "argmin"))
MINUS_ONE = Negative(Number("1"))


class NameParser(CustomParser):
    """Reads names with everything that belongs to them."""

    def name(self, start: Token) -> Tree:
        text = start.value
        return self.named(text + self.digits(text), start)

    def letters_unit(self, start: Token) -> Tree:
        """The first name of a run of letters: `start` was the run, which is still to be read."""
        text = self.word()
        return self.named(text, replace(start, text=self.last.text))

    def named(self, text: str, start: Token) -> Tree:
        last = self.last
        if text == "sum" and self.at(Kind.SUBSCRIPT):
            return self.sum(replace(start, value="sum"))
        if self.is_differential_of_function(text):
            inner = replace(start, column=start.column + 1, offset=start.offset + 1, text=start.text[1:])
            return Differential(self.named(text[1:], inner), span=self.span(start))
        if text == "arg" and self.at(Kind.NAME) and f"arg{self.token.value}" in EXTREMA:
            text += self.advance().value
        found = self.scripts(text)
        if (custom := self.by_custom(text, found, start)) is not None:
            return custom
        base, label = self.labelled(text, found)
        if self.is_called(base, found) or self.is_word_call(base, start):
            return self.function_call(base, label, found, start)
        if (
            is_function(base, self.symbols)
            and takes_bare_argument(base, self.symbols)
            and self.is_argument_ahead(found)
        ):
            return self.bare_call(base, label, found, start)
        if not found.items and label is None and self.is_layer_ahead(base):
            layer = self.label_in_brackets()
            base, label = (with_layer(base, layer.text), None) if isinstance(layer, Number) else (base, layer)
            last = self.last
        return self.applied(self.scripted_name(base, label, found, start, last), base, start)

    def known(self, base: str) -> bool:
        """A quantity, or one layer of a labelled one."""
        return self.symbols.is_quantity(base) or _without_layer(base) in self.symbols.labelled

    def is_differential_of_function(self, text: str) -> bool:
        """`df(x)`."""
        inner = text[1:]
        if text[0] != "d" or not inner or not self.at(Kind.OPEN) or self.symbols.declared(text):
            return False
        return is_function(inner, self.symbols) or (self.known(inner) and self.are_names_ahead())

    # ----- calls -----

    def is_called(self, base: str, found: Scripts) -> bool:
        """A function before a bracket; a prime makes one of what is no quantity."""
        derived = found.primes > 0 or is_function(_without_layer(base), self.symbols)  # g1 of g
        function = is_function(base, self.symbols) or (derived and not self.known(base))
        return function and self.token.kind in (BRACKETS if not found.primes else {Kind.OPEN, Kind.LIST_OPEN})

    def is_word_call(self, base: str, start: Token) -> bool:
        """A word that nobody declares, right before a bracket: no product of its letters."""
        word = start.kind is Kind.WORD and base == start.value and len(base) >= SHORTEST_WORD
        upright = start.kind is Kind.NAME and base == start.value and len(base) > 1 and self.is_upright(start)
        spelled = start.text == base and "_" in base
        return (word or upright or spelled) and self.at(Kind.OPEN) and not self.known(base) and self.is_adjacent()

    def function_call(self, base: str, label: Tree | None, found: Scripts, start: Token) -> Tree:
        args, keywords = self.arguments()
        return self.called(Call(base, args, found.primes, keywords, label), found, start)

    def called(self, call: Call, found: Scripts, start: Token) -> Tree:
        """The call with what its scripts mean: an entry or a power of the value, the base of a logarithm."""
        span, base = self.span(start), call.function
        function = base if base in self.symbols.functions else FUNCTIONS.get(base, base)
        ranges = tuple(("over", item) for item in found.items if base in EXTREMA)
        tree: Tree = replace(call, function=function, keywords=(*call.keywords, *ranges), span=span)
        if found.items and base == "log":
            tree = Binary("/", tree, Call("log", found.items, span=found.items[0].span), span=span)
        elif found.items and not ranges:
            tree = Index(tree, found.items, span=span)
        if found.transposed:
            tree = Transpose(tree, span=span)
        if found.power == MINUS_ONE:
            raise self.error(f"unclear: the inverse function of {base}, or 1/{base}(...); write out which", start)
        return self.raised(tree, found.power, start)

    def is_argument_ahead(self, found: Scripts) -> bool:
        power = found.power is not None
        return power or self.token.kind in self.factors or self.token.kind in SIGNS

    def bare_call(self, base: str, label: Tree | None, found: Scripts, start: Token) -> Tree:
        r"""`\tanh z`, `\log y_i`, `\exp^{-z}`, `\max_i x_i w_i`."""
        if base == "exp" and found.power is not None:
            argument, found.power = found.power, None
        elif base in EXTREMA and found.items:
            argument = self.nested(self.summand)
        elif self.token.kind in self.factors or self.token.kind in SIGNS:
            argument = self.nested(self.bare_argument)
        else:
            return self.scripted_name(base, label, found, start, self.last)
        return self.called(Call(base, (argument,), found.primes, (), label), found, start)

    def summand(self) -> Tree:
        return self.expression(SUM_LEVEL)

    def bare_argument(self) -> Tree:
        """Names side by side up to the next function, or one bracket, fraction or call."""
        start = self.token
        if start.kind in SIGNS:
            return self.unary()
        simple = start.kind in SYMBOLS or (start.kind is Kind.COMMAND and start.value in ACCENTS)
        tree = self.power()
        while simple and not isinstance(tree, Call) and self.token.kind in SYMBOLS and self.starts_factor(tree):
            if takes_bare_argument(self.token.value.lower(), self.symbols):
                break
            tree = self.juxtaposed(tree, self.power(), start)
        return tree

    # ----- quantities before a bracket -----

    def applied(self, tree: Tree, base: str, start: Token) -> Tree:
        """`z_j(W_{ji})` says what a quantity depends on; any other bracket is a factor."""
        if self.plain and self.at(Kind.LIST_OPEN) and self.known(base) and self.is_adjacent():
            return Index(tree, self.bracketed_items(), span=self.span(start))
        if not self.at(Kind.OPEN) or not self.implicit_product:
            return tree
        known = self.known(base) or isinstance(tree, Prime)
        several = self.are_several_ahead()
        behind = self.tokens[self.partner(self.position) + 1].kind
        raised = behind in (Kind.POWER, Kind.TRANSPOSE, Kind.PRIME)  # \delta (a)^T is a product
        if not several and (raised or not known or not self.are_names_ahead()):
            return tree
        args, keywords = self.arguments()
        if several and isinstance(tree, Name) and not known and not self.symbols.declared(base):
            return Call(tree.text, args, 0, keywords, tree.label, span=self.span(start))
        return Apply(tree, args, span=self.span(start))

    def is_adjacent(self) -> bool:
        return self.last.offset + len(self.last.text) == self.token.offset

    def are_several_ahead(self) -> bool:
        """Several things in the bracket that opens here."""
        depth = 0
        for token in self.tokens[self.position : self.partner(self.position)]:
            if depth == 1 and token.kind in (Kind.COMMA, Kind.SEMICOLON):
                return True
            depth += (token.kind in PARTNERS) - (token.kind in PARTNERS.values())
        return False

    def are_names_ahead(self) -> bool:
        """One name between two commas in the bracket that opens here; its scripts and brackets do not count."""
        names = depth = 0
        scripted = False
        for place in range(self.position + 1, self.partner(self.position)):
            token = self.tokens[place]
            if depth == 0 and token.kind not in DEPENDENCE:
                return False
            if depth == 0 and token.kind in (Kind.COMMA, Kind.SEMICOLON):
                if names != 1:
                    return False
                names = 0
            elif depth == 0 and not scripted:
                names += self.names_in(token, self.tokens[place + 1])
            scripted = depth == 0 and token.kind in (Kind.SUBSCRIPT, Kind.POWER)
            depth += (token.kind in PARTNERS) - (token.kind in PARTNERS.values())
        return names == 1

    def names_in(self, token: Token, following: Token) -> int:
        """How many names a token is; numbers and fractions count as too many."""
        if token.kind is Kind.WORD:
            return 1 if self.symbols.declared(token.value) else len(token.value)
        if token.kind is Kind.COMMAND and (token.value in ACCENTS or token.value == "font"):
            return int(following.kind is Kind.GROUP_OPEN)
        return {Kind.NAME: 1, Kind.NUMBER: 2, Kind.COMMAND: 2}.get(token.kind, 0)

    def is_layer_ahead(self, base: str) -> bool:
        r"""`\delta(L)`, `W[l]`, `z(3)` of labelled quantities."""
        if base not in self.symbols.labelled or not self.at(Kind.OPEN, Kind.LIST_OPEN):
            return False
        inner = self.tokens[self.position + 1 : self.partner(self.position)]
        if len(inner) == 1 and inner[0].kind is Kind.NUMBER:
            return True
        simple = all(token.kind in (*SYMBOLS, Kind.PLUS, Kind.MINUS) for token in inner)
        return simple and any(token.value in self.symbols.labels for token in inner)

    def sum(self, start: Token) -> Tree:
        raise NotImplementedError


def _without_layer(name: str) -> str:
    """`W1` is one of the W."""
    parts = split_name(name)
    return f"{parts.base}_{parts.subscript}" if parts.subscript else parts.base
