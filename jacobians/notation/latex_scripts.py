r"""Subscripts and superscripts: layers, indices, transposes, primes, powers.

Scripts are gathered first, in whatever order they stand, and get their meaning together, because `W^{(1)}_{12}` has an
entry where `W_{12}` may be a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jacobians.notation.latex_stream import BRACKETS, LatexStream
from jacobians.notation.latex_words import is_function, is_subscript_word
from jacobians.notation.names import with_layer
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Binary, Index, Juxtaposition, Name, Negative, Number, Prime, Transpose, Tree
from jacobians.notation.tree_calculus import Slice

SCRIPTS = frozenset((Kind.SUBSCRIPT, Kind.POWER, Kind.PRIME, Kind.TRANSPOSE))
LABEL_BRACKETS = frozenset((Kind.OPEN, Kind.LIST_OPEN, Kind.ANGLE_OPEN, Kind.LESS))
TRANSPOSES = frozenset(("T", "t", "Tr", "tr", "top"))
#: Parameters: `f_\theta` is a name.
NO_SUFFIX = frozenset(("argmin", "argmax", "max", "min", "log"))
PARAMETERS = frozenset(("theta", "phi", "psi", "Theta"))


@dataclass(slots=True)
class Scripts:
    """What stands above and below a name, and where each part ends."""

    suffix: str = ""
    items: tuple[Tree, ...] = ()
    label: Tree | None = None
    power: Tree | None = None
    primes: int = 0
    transposed: bool = False
    starred: bool = False
    named_end: Token | None = None
    items_end: Token | None = None


class ScriptParser(LatexStream):
    """Reads scripts."""

    def scripts(self, base: str) -> Scripts:
        """All scripts that follow a name."""
        found = Scripts()
        while (kind := self.token.kind) in SCRIPTS:
            if kind is Kind.SUBSCRIPT:
                self.below(base, found)
            elif kind is Kind.POWER:
                self.above(found)
            elif self.take(Kind.TRANSPOSE):
                found.transposed = True
            else:
                found.primes += self.primes()
        return found

    # ----- below -----

    def below(self, base: str, found: Scripts) -> None:
        self.advance()
        suffix = self.suffix(base, found)
        if suffix is not None:
            found.suffix = f"{found.suffix}_{suffix}" if found.suffix else suffix
            found.named_end = self.last
            return
        found.items += self.indices()
        found.items_end = self.last

    def suffix(self, base: str, found: Scripts) -> str | None:
        """The subscript, read, where it is part of the name."""
        group = self.token.kind is Kind.GROUP_OPEN
        first = self.ahead() if group else self.token
        if not group:
            return self.single_suffix(base)
        if base in NO_SUFFIX:
            return None
        end = self.partner(self.position)
        inner = self.tokens[self.position + 1 : end]
        plain = all(t.kind in (Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.SUBSCRIPT, Kind.PARTIAL) for t in inner)
        text = "".join("_" if t.kind is Kind.SUBSCRIPT else t.value for t in inner) if plain else ""
        if text and (self.symbols.declared(f"{base}_{text}") or self.is_word(base, inner, text)):
            while self.position <= end:
                self.advance()
            return text
        follows = self.ahead(2).kind
        if follows in (Kind.LIST_OPEN, Kind.COMMA) and (
            self.symbols.declared(f"{base}_{first.value}") or (first.kind is Kind.NAME and len(first.text) > 2)
        ):
            self.advance()
            self.advance()
            bracket = not self.take(Kind.COMMA)
            found.items += self.bracketed_items() if bracket else self.items(Kind.GROUP_CLOSE)
            self.expect(Kind.GROUP_CLOSE, "an index or }")
            found.items_end = self.last
            return first.value
        return None

    def single_suffix(self, base: str) -> str | None:
        """A subscript without braces: TeX takes one sign, plain text and declared names take the whole word."""
        token = self.token
        if token.kind not in (Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.PARTIAL):
            return None
        lengths = range(len(token.value), 0, -1) if token.kind is Kind.WORD else (len(token.value),)
        for length in lengths:
            if self.symbols.declared(f"{base}_{token.value[:length]}"):
                return self.part(length).value
        if token.kind is Kind.WORD and self.plain and is_subscript_word(token.value) and not self.rank(base):
            return self.advance().value
        return self.advance().value if self.is_word(base, [token], token.value) and token.kind is Kind.NAME else None

    def is_word(self, base: str, tokens: Sequence[Token], text: str) -> bool:
        """An upright word, a parameter, or letters that are known to make a word."""
        if len(tokens) != 1:
            return False
        token = tokens[0]
        if token.kind is Kind.PARTIAL:
            return token.value == "d"
        if token.kind is Kind.NAME:
            return text in PARAMETERS or (token.text != text and rf"\{text}" not in token.text and len(text) > 1)
        return token.kind is Kind.WORD and is_subscript_word(text) and self.rank(base) != len(text)

    def indices(self) -> tuple[Tree, ...]:
        """The subscript as indices."""
        if self.token.kind is not Kind.GROUP_OPEN:
            if self.token.kind in BRACKETS and self.plain:
                return self.bracketed_items()
            if self.token.kind in (Kind.HADAMARD, Kind.COLON, Kind.DOT):
                start = self.advance()
                return (Slice(span=self.span(start)),)
            if self.plain and self.token.kind is Kind.WORD:
                return self.letters()
            return (self.argument(),)
        whole = self.partner(self.position)
        self.advance()
        bracketed = self.token.kind in BRACKETS and self.partner(self.position) == whole - 1
        items = self.bracketed_items() if bracketed else self.items(Kind.GROUP_CLOSE)
        self.expect(Kind.GROUP_CLOSE, "an index or }")
        return items

    def letters(self) -> tuple[Tree, ...]:
        """`W_ji` in plain text: every letter of the word."""
        items: list[Tree] = []
        for _ in range(len(self.token.value)):
            start = self.token
            value = self.part(1).value
            items.append(Name(value, span=self.between(self.last, self.last) if start else None))
        return tuple(items)

    def bracketed_items(self) -> tuple[Tree, ...]:
        closing = {Kind.OPEN: Kind.CLOSE, Kind.LIST_OPEN: Kind.LIST_CLOSE, Kind.BRACE_OPEN: Kind.BRACE_CLOSE}
        closes = closing[self.advance().kind]
        items = self.items(closes)
        self.expect(closes, "an index or the closing bracket")
        return items

    def items(self, closing: Kind) -> tuple[Tree, ...]:
        """Indices side by side or with commas, up to what closes them; letters side by side are separate indices."""
        before, items = self.implicit_product, list[Tree]()
        self.implicit_product = self.slice_of_products(closing)
        while self.token.kind is not closing:
            if self.token.kind is Kind.END:
                self.fail("an index")
            if not (items and self.take(Kind.COMMA)):
                items.append(self.nested(self.item))
        self.implicit_product = before
        return tuple(items)

    def slice_of_products(self, closing: Kind) -> bool:
        """`di : d(i+1)`."""
        kinds = []
        for token in self.tokens[self.position :]:
            if token.kind is closing:
                break
            kinds.append(token.kind)
        return Kind.COLON in kinds and Kind.COMMA not in kinds

    def item(self) -> Tree:
        """An index, or a slice of an axis."""
        start = self.token
        after = self.ahead().kind
        ends = (Kind.COMMA, Kind.GROUP_CLOSE, Kind.LIST_CLOSE, Kind.CLOSE)
        if start.kind in (Kind.HADAMARD, Kind.DOT, Kind.COLON) and after in ends:
            self.advance()
            return Slice(span=self.span(start))
        first = None if start.kind is Kind.COLON else self.relation()
        if not self.take(Kind.COLON):
            if first is None:
                self.fail("an index")
            return first
        stop = None if self.token.kind in ends else self.expression()
        return Slice(first, stop, span=self.span(start))

    # ----- above -----

    def above(self, found: Scripts) -> None:
        self.advance()
        if found.power is not None:
            raise self.error("expected one exponent, got two; put the first power in brackets", self.last)
        if not self.take(Kind.GROUP_OPEN):
            self.above_single(found)
            return
        first = self.token
        while not self.at(Kind.GROUP_CLOSE):
            if self.token is first and self.label_ahead():
                found.label = self.label_in_brackets()
                found.named_end = self.last
            elif not self.above_sign(found):
                found.power = self.nested(self.relation)
                if not self.at(Kind.GROUP_CLOSE):
                    self.fail("an operator or }")
        self.advance()
        if found.label is not None and not found.items:
            found.named_end = self.last if not (found.transposed or found.primes) else found.named_end

    def above_sign(self, found: Scripts) -> bool:
        """A transpose, primes or a star as (the rest of) a superscript."""
        kind, closes = self.token.kind, self.ahead().kind is Kind.GROUP_CLOSE
        if kind is Kind.POWER and self.ahead().kind is not Kind.GROUP_CLOSE:
            self.advance()
            return True
        if kind is Kind.GROUP_OPEN and self.is_transpose(self.ahead()) and self.ahead(2).kind is Kind.GROUP_CLOSE:
            self.advance(), self.advance(), self.advance()
            found.transposed = True
        elif kind is Kind.PRIME:
            found.primes += self.primes()
        elif self.is_transpose(self.token) and closes:
            self.advance()
            found.transposed = True
        elif kind is Kind.HADAMARD and closes:
            self.advance()
            found.starred = True
        else:
            return False
        return True

    def above_single(self, found: Scripts) -> None:
        token = self.token
        if token.kind is Kind.PRIME:
            found.primes += self.primes()
        elif token.kind is Kind.HADAMARD:
            self.advance()
            found.starred = True
        elif self.is_transpose(token):
            self.advance() if token.kind is not Kind.WORD else self.part(len(token.value) if self.plain else 1)
            found.transposed = True
        elif token.kind is Kind.WORD and token.value[0] == "T" and not self.symbols.declared("T"):
            self.part(1)
            found.transposed = True
        elif self.plain and token.kind in BRACKETS:
            if self.label_ahead():
                found.label = self.label_in_brackets()
                found.named_end = self.last
            else:
                found.power = self.power()
        elif self.plain and token.kind is Kind.MINUS:
            found.power = self.exponent()
        else:
            found.power = self.argument()

    def is_transpose(self, token: Token) -> bool:
        if token.kind is Kind.TRANSPOSE:
            return True
        if token.kind not in (Kind.WORD, Kind.NAME) or token.value not in TRANSPOSES:
            return False
        array = token.value == "T" and (self.rank("T") or 0) > 0  # no exponent
        return array or not self.symbols.declared(token.value)

    def label_ahead(self) -> bool:
        """A bracket that fills the superscript, save for a transpose: a label if what is in it may be one."""
        if self.token.kind not in LABEL_BRACKETS:
            return False
        close = self.closing_angle() if self.token.kind is Kind.LESS else self.partner(self.position)
        if close is None:
            return False
        behind = self.tokens[close + 1]
        if self.plain:
            inner = self.tokens[self.position + 1 : close]
            signs = (Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.PLUS, Kind.MINUS)
            return all(t.kind in signs for t in inner) and inner[0].kind is not Kind.MINUS
        allowed = behind.kind in (Kind.GROUP_CLOSE, Kind.POWER, Kind.PRIME) or self.is_transpose(behind)
        inner_kinds = {token.kind for token in self.tokens[self.position + 1 : close]}
        first = self.tokens[self.position + 1].kind
        return allowed and first is not Kind.MINUS and not inner_kinds & {Kind.DIVIDE, Kind.COMMAND, Kind.EQUALS}

    def closing_angle(self) -> int | None:
        for place in range(self.position, len(self.tokens)):
            if self.tokens[place].kind in (Kind.GREATER, Kind.GROUP_CLOSE, Kind.END):
                return place if self.tokens[place].kind is Kind.GREATER else None
        return None

    def label_in_brackets(self) -> Tree:
        self.advance()
        label = self.nested(self.expression)
        self.advance()
        return label

    # ----- what they mean -----

    def labelled(self, text: str, found: Scripts) -> tuple[str, Tree | None]:
        """The name with its suffix and its label; what is used up is taken out of the scripts."""
        base = f"{text}_{found.suffix}" if found.suffix else text
        symbols = self.symbols
        has_label = base in symbols.labelled
        raised = found.power is not None and self.is_label(found.power, base)
        if found.label is None and raised and not self.power_of_numbered(base, found):
            found.label, found.power, found.named_end = found.power, None, self.last
        items = found.items
        if found.label is None and len(items) == 1 and isinstance(items[0], Number):
            number = items[0].text
            entry = self.rank(base) == 2 and len(number) == 2
            if symbols.declared(base + number) or (has_label and not entry):
                found.items, found.named_end = (), found.items_end
                return with_layer(base, number), None
        if found.label is None and has_label and items:
            self.label_below(base, found)
        label = found.label
        if isinstance(label, Number) and label.text.isdigit():
            return with_layer(base, label.text), None
        return base, label

    def power_of_numbered(self, base: str, found: Scripts) -> bool:
        """`P_1^2` is the square of P1 where that is declared, and not entry 1 of P2."""
        first = found.items[0] if len(found.items) == 1 else None
        if isinstance(found.power, Number) and first is not None and base in self.symbols.labelled:
            if any(isinstance(part, Name) and part.text in self.symbols.labels for part in first.walk()):
                return True  # h_t^2: the label stands below
        if not isinstance(first, Number) or not isinstance(found.power, Number):
            return False
        numbered = base + first.text
        if not self.symbols.declared(numbered):
            return False
        return self.rank(numbered) == 0 or not self.symbols.declared(base + found.power.text)

    def is_label(self, power: Tree, base: str) -> bool:
        """A bare superscript of a labelled quantity: a number, or an expression in a letter of labels."""
        capital = base.upper() if not self.symbols.declared(base) else base
        functions = is_function(base, self.symbols)
        if not functions and base not in self.symbols.labelled and capital not in self.symbols.labelled:
            return False
        if isinstance(power, Number):
            return not functions and power.text.isdigit()
        return self.mentions_label(power)

    def mentions_label(self, tree: Tree) -> bool:
        """An expression that a label may be, with a letter of labels."""
        names = [part.text for part in tree.walk() if isinstance(part, Name)]
        simple = all(isinstance(part, Name | Number | Binary | Juxtaposition) for part in tree.walk())
        return simple and any(name in self.symbols.labels for name in names)

    def label_below(self, base: str, found: Scripts) -> None:
        r"""`h_{t-1}`, `y_{t_k}` and `u_{ot}` where t is a letter of labels."""
        first = found.items[0]
        if len(found.items) == 1 and isinstance(first, Index) and self.mentions_label(first.array):
            found.label, found.items = first.array, first.indices
            return
        places = [k for k, item in enumerate(found.items) if self.mentions_label(item)]
        if len(places) != 1 or (len(found.items) > 1 and self.rank(base) == len(found.items)):
            return
        found.label = found.items[places[0]]
        found.items = found.items[: places[0]] + found.items[places[0] + 1 :]
        if not found.items:
            found.named_end = found.items_end

    def rank(self, name: str) -> int | None:
        return self.symbols.quantities.get(name)

    def capital(self, base: str, count: int) -> str:
        """`w_{kl}` is an entry of W where only W is declared."""
        upper = base.upper()
        known = self.symbols.is_quantity(upper) and not self.symbols.declared(base) and len(base) == 1
        fits = count == 0 or self.rank(upper) == count or (self.rank(upper) is None and count == 2)
        return upper if known and fits else base

    def scripted_name(self, text: str, label: Tree | None, found: Scripts, start: Token, last: Token) -> Tree:
        """The name with its label, indices, star, primes, transpose and power."""
        items = found.items
        two_digits = len(items) == 1 and isinstance(items[0], Number) and len(items[0].text) == 2
        if two_digits and 2 in (self.rank(text), self.rank(self.capital(text, 2))):
            items = self.digit_items(items[0])
        if items or label is not None:
            text = self.capital(text, len(items))
        if found.starred:
            text += "star"
        named = max((t for t in (last, found.named_end) if t), key=lambda t: t.offset + len(t.text))
        tree: Tree = Name(text, label, span=self.between(start, named))
        if found.primes:
            tree = Prime(tree, found.primes, span=self.span(start))
        whole = self.rank(text) == len(items) or (self.rank(text) is None and len(items) > 1)
        if found.transposed and whole and items:
            tree = Transpose(tree, span=self.span(start))
        if items:
            end = max((t for t in (named, found.items_end) if t), key=lambda t: t.offset + len(t.text))
            tree = Index(tree, items, span=self.between(start, end))
        if found.transposed and not (whole and items):
            tree = Transpose(tree, span=self.span(start))
        return self.raised(tree, found.power, start)

    def digit_items(self, number: Tree) -> tuple[Tree, ...]:
        """`a_{21}` of a matrix is the entry (2, 1)."""
        assert isinstance(number, Number)
        if not number.span:
            return tuple(Number(digit) for digit in number.text)
        line, column, _, end = number.span
        if end - column != len(number.text):
            return tuple(Number(digit, span=number.span) for digit in number.text)
        return tuple(
            Number(digit, span=number.span._replace(column=column + k, end_column=column + k + 1))
            for k, digit in enumerate(number.text)
        )

    def raised(self, tree: Tree, power: Tree | None, start: Token) -> Tree:
        return tree if power is None else Binary("^", tree, power, span=self.span(start))

    def script_of(self, tree: Tree, start: Token) -> Tree:
        """One script of what is no name: a bracket, a fraction, a call."""
        if self.token.kind is Kind.SUBSCRIPT:
            self.advance()
            return Index(tree, self.indices(), span=self.span(start))
        if self.token.kind is not Kind.POWER:
            found = Scripts()
            if self.take(Kind.TRANSPOSE):
                found.transposed = True
            else:
                found.primes = self.primes()
        else:
            found = Scripts()
            self.above(found)
        if found.starred:
            raise self.error("expected a name before the star; call the starred quantity by a name", self.last)
        if found.label is not None:
            tree = self.with_label(tree, found.label, start)
        if found.primes:
            tree = Prime(tree, found.primes, span=self.span(start))
        if found.transposed:
            tree = Transpose(tree, span=self.span(start))
        return self.raised(tree, found.power, start)

    def with_label(self, tree: Tree, label: Tree, start: Token) -> Tree:
        """`{W_{ji}}^{(k)}`; on anything but a name what is in brackets is an exponent."""
        inner = tree.array if isinstance(tree, Index) else tree
        if not isinstance(inner, Name) or inner.label is not None:
            return Binary("^", tree, label, span=self.span(start))
        number = isinstance(label, Number)
        text = with_layer(inner.text, label.text) if isinstance(label, Number) else inner.text
        name = Name(text, None if number else label, span=inner.span)
        return Index(name, tree.indices, span=self.span(start)) if isinstance(tree, Index) else name


def is_negative(tree: Tree) -> bool:
    return isinstance(tree, Negative)
