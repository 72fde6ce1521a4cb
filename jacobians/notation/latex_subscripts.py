r"""Subscripts: `W_{ji}`, `h_{t-1}`, `W_{hh}`, `y_{t_k}`, `X_{:,i}`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jacobians.notation.latex_stream import BRACKETS, PARTNERS, LatexStream
from jacobians.notation.latex_words import PARAMETERS, is_subscript_word
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Juxtaposition, Name, Number, Tree
from jacobians.notation.tree_calculus import Slice

SYMBOLS = frozenset((Kind.WORD, Kind.NAME, Kind.NUMBER))
#: The whole of an axis.
WHOLE_AXIS = frozenset((Kind.HADAMARD, Kind.DOT, Kind.COLON))
ITEM_ENDS = frozenset((Kind.COMMA, Kind.GROUP_CLOSE, Kind.LIST_CLOSE, Kind.CLOSE))
#: What stands below these says what they range over.
RANGING = frozenset(("argmin", "argmax", "max", "min", "log"))


@dataclass(slots=True)
class Scripts:
    """What stands above and below a name, and where what belongs to the name and to the index ends."""

    suffix: str = ""
    items: tuple[Tree, ...] = ()
    label: Tree | None = None
    power: Tree | None = None
    primes: int = 0
    transposed: bool = False
    starred: bool = False
    named_end: Token | None = None
    items_end: Token | None = None


class SubscriptParser(LatexStream):
    """Reads what stands below: part of a name, or indices."""

    def below(self, base: str, found: Scripts) -> None:
        self.advance()
        word, whole = self.suffix(base)
        if word:
            found.suffix = f"{found.suffix}_{word}" if found.suffix else word
            found.named_end = self.last
        if not whole:
            found.items += self.rest_of_group() if word else self.separated(base, self.indices())
            found.items_end = self.last

    # ----- part of the name -----

    def suffix(self, base: str) -> tuple[str, bool]:
        """What of the subscript is part of the name, now read, and whether that was all of it."""
        if base in RANGING:
            return "", False
        if not self.at(Kind.GROUP_OPEN):
            word = self.bare_suffix(base)
            return word, bool(word)
        end = self.partner(self.position)
        inner = self.tokens[self.position + 1 : end]
        simple = all(token.kind in (*SYMBOLS, Kind.SUBSCRIPT, Kind.PARTIAL) for token in inner)
        text = "".join("_" if token.kind is Kind.SUBSCRIPT else token.value for token in inner) if simple else ""
        if text and (self.symbols.declared(f"{base}_{text}") or self.is_word(base, inner, text)):
            while self.position <= end:
                self.advance()
            return text, True
        first, second = inner[0], inner[min(1, len(inner) - 1)]
        if len(inner) == 1 and (length := self.declared_beginning(base, first)):
            self.advance()
            return self.part(length).value, False
        if second.kind not in (Kind.LIST_OPEN, Kind.COMMA) or first.kind not in SYMBOLS:
            return "", False
        if not (self.symbols.declared(f"{base}_{first.value}") or self.is_upright(first)):
            return "", False
        self.advance()
        self.advance()
        return first.value, False

    def declared_beginning(self, base: str, token: Token) -> int:
        """How many letters of `W_{oij}` belong to the name: as many as are declared, here W_o; the rest are indices."""
        letters = len(token.value)
        if token.kind is not Kind.WORD or self.rank(base) == letters:
            return 0
        for n in range(letters - 1, 0, -1):
            if any(self.symbols.declared(f"{name}_{token.value[:n]}") for name in (base, base.upper())):
                return n
        return 0

    def rest_of_group(self) -> tuple[Tree, ...]:
        r"""The indices behind a word: the rest of `_{f[i, j]}`, `_{\text{in}, i}` and `_{oij}`."""
        bracketed = not self.take(Kind.COMMA) and self.token.kind in BRACKETS
        items = self.bracketed_items() if bracketed else self.items(Kind.GROUP_CLOSE)
        self.expect(Kind.GROUP_CLOSE, "an index or }")
        return items

    def bare_suffix(self, base: str) -> str:
        """A subscript without braces: TeX takes one sign; plain text and declared names take the whole word."""
        token = self.token
        if token.kind not in (*SYMBOLS, Kind.PARTIAL):
            return ""
        shortest = 1 if token.kind is Kind.WORD else len(token.value)
        for length in range(len(token.value), shortest - 1, -1):
            if self.symbols.declared(f"{base}_{token.value[:length]}"):
                return self.part(length).value
        word = self.is_word(base, [token], token.value)
        return self.advance().value if word and (self.plain or token.kind is not Kind.WORD) else ""

    def is_word(self, base: str, tokens: Sequence[Token], text: str) -> bool:
        """An upright word, a parameter, or letters that are known to make a word."""
        token = tokens[0]
        if len(tokens) > 1:
            return False
        if token.kind is Kind.WORD:
            return is_subscript_word(text) and self.rank(base) != len(text)
        return (token.kind is Kind.NAME and text in PARAMETERS) or self.is_upright(token)

    def is_upright(self, token: Token) -> bool:
        r"""`\text{in}`, `\mathrm{d}`; not `\mathrm{i}`, nor a Greek letter."""
        if token.kind is Kind.PARTIAL:
            return token.value == "d"
        spelled = token.text in (token.value, f"\\{token.value}")
        return token.kind is Kind.NAME and not spelled and len(token.value) > 1 and token.text.isascii()

    # ----- indices -----

    def indices(self, base: str = "") -> tuple[Tree, ...]:
        """The subscript (of `base`) as indices."""
        if self.token.kind is Kind.GROUP_OPEN:
            return self.braced_items()
        if self.plain and self.token.kind in BRACKETS:
            return self.bracketed_items()
        start = self.token
        if start.kind in WHOLE_AXIS:
            self.advance()
            return (Slice(span=self.span(start)),)
        if self.plain and start.kind is Kind.WORD:
            return tuple(self.single() for _ in range(self.plain_letters(base)))
        return (self.argument(),)

    def plain_letters(self, base: str) -> int:
        """How many letters of `W_ji` are indices: as many as W has; in `a_ka_i` the next name has a subscript too."""
        length = len(self.token.value)
        letters = length - 1 if length > 1 and self.ahead().kind is Kind.SUBSCRIPT else length
        return min(letters, self.rank(base) or letters)

    def separated(self, base: str, items: tuple[Tree, ...]) -> tuple[Tree, ...]:
        """`w_{1j}` of a matrix has two indices, `x_{2i}` of a vector has one."""
        if len(items) != 1 or not isinstance(items[0], Juxtaposition) or (self.rank(base) or 0) < 2:
            return items
        return items[0].children if isinstance(items[0].left, Number) else items

    def braced_items(self) -> tuple[Tree, ...]:
        end = self.partner(self.position)
        self.advance()
        bracketed = self.token.kind in BRACKETS and self.partner(self.position) == end - 1
        items = self.bracketed_items() if bracketed else self.items(Kind.GROUP_CLOSE)
        self.expect(Kind.GROUP_CLOSE, "an index or }")
        return items

    def bracketed_items(self) -> tuple[Tree, ...]:
        closing = PARTNERS[self.advance().kind]
        items = self.items(closing)
        self.expect(closing, "an index or the closing bracket")
        return items

    def items(self, closing: Kind) -> tuple[Tree, ...]:
        """Indices up to what closes them, with or without commas: letters side by side are separate indices."""
        items: list[Tree] = []
        before, self.implicit_product = self.implicit_product, self.is_slice_of_products(closing)
        while not self.at(closing):
            if self.at(Kind.END):
                self.fail("an index")
            if not (items and (self.take(Kind.COMMA) or self.take(Kind.ROW))):
                items.append(self.nested(self.item))
        self.implicit_product = before
        return tuple(items)

    def is_slice_of_products(self, closing: Kind) -> bool:
        """`di : d(i+1)`."""
        for token in self.tokens[self.position :]:
            if token.kind in (closing, Kind.COMMA, Kind.END, Kind.EQUALS):
                return False
            if token.kind is Kind.COLON:
                return True
        return False

    def item(self) -> Tree:
        """An index, a slice of an axis, or a bound of a sum."""
        start = self.token
        if start.kind in WHOLE_AXIS and self.ahead().kind in ITEM_ENDS:
            self.advance()
            return Slice(span=self.span(start))
        if self.ahead().kind in WHOLE_AXIS and self.ahead(2).kind in ITEM_ENDS and start.kind in SYMBOLS:
            return self.single() if len(start.value) == 1 else self.unit()
        first = None if start.kind is Kind.COLON else self.relation()
        if not self.take(Kind.COLON):
            return first if first is not None else Slice(span=self.span(start))
        stop = None if self.token.kind in ITEM_ENDS else self.relation()
        return Slice(first, stop, span=self.span(start))

    # ----- what is declared -----

    def rank(self, name: str) -> int | None:
        return self.symbols.quantities.get(name)

    def letters_of(self, tree: Tree) -> list[str]:
        """All names in an expression."""
        return [part.text for part in tree.walk() if isinstance(part, Name)]
