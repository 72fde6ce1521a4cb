r"""Walking along the tokens of LaTeX: arguments of commands, parts of words, places in the source."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from jacobians.notation.latex_commands import known_functions
from jacobians.notation.latex_words import index_letters, leading_name
from jacobians.notation.parser import Parser
from jacobians.notation.symbols import Symbols
from jacobians.notation.token_stream import Reader
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Juxtaposition, Name, Number, Span, Tree

#: What closes what.
PARTNERS = {
    Kind.OPEN: Kind.CLOSE,
    Kind.LIST_OPEN: Kind.LIST_CLOSE,
    Kind.BRACE_OPEN: Kind.BRACE_CLOSE,
    Kind.GROUP_OPEN: Kind.GROUP_CLOSE,
    Kind.ANGLE_OPEN: Kind.ANGLE_CLOSE,
    Kind.BEGIN: Kind.FINISH,
}
CLOSERS = frozenset(PARTNERS.values())
BRACKETS = frozenset((Kind.OPEN, Kind.LIST_OPEN, Kind.BRACE_OPEN))


class LatexStream(Parser):
    """A place in the tokens; the tokens of words and numbers may be taken in parts."""

    def __init__(self, tokens: Sequence[Token], text: str, symbols: Symbols, plain: bool) -> None:
        self.all = list(tokens)
        super().__init__(self.all, text, implicit_product=True)
        self.symbols, self.plain, self.bars = symbols, plain, 0
        self.starts = [0, *(k + 1 for k, c in enumerate(text) if c == "\n")]

    # ----- places -----

    def span(self, start: Token) -> Span:
        return self.between(start, self.last)

    def between(self, start: Token, last: Token) -> Span:
        """From one token to another: what is only partly inside a macro's call takes the whole call."""
        begin, end = start.offset, last.offset + len(last.text)
        if start.origin is not last.origin:
            first = start.origin.calls if start.origin else []
            final = last.origin.calls if last.origin else []
            while first and final and first[0] is final[0]:
                first, final = first[1:], final[1:]
            begin, end = (first[0].begin if first else begin), (final[0].end if final else end)
        return Span(*self.place(begin), *self.place(end))

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    # ----- looking ahead -----

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def at(self, *kinds: Kind) -> bool:
        """Whether the next token is of one of these kinds."""
        return self.token.kind in kinds

    def juxtaposed(self, left: Tree, right: Tree, start: Token) -> Tree:
        return Juxtaposition(left, right, span=self.span(start))

    def partner(self, position: int) -> int:
        """Where the bracket that opens there is closed."""
        depth = 0
        for place in range(position, len(self.tokens)):
            kind = self.tokens[place].kind
            depth += (kind in PARTNERS) - (kind in CLOSERS)
            if depth == 0:
                return place
        raise self.error("is never closed", self.tokens[position])

    # ----- words -----

    def part(self, length: int) -> Token:
        """The first characters of a word or a number; the rest stays."""
        token = self.token
        if length >= len(token.value):
            return self.advance()
        same = token.text == token.value
        head = replace(token, value=token.value[:length], text=token.text[:length] if same else token.text)
        step = length if same else 0
        rest = replace(
            token,
            value=token.value[length:],
            text=token.text[step:],
            column=token.column + step,
            offset=token.offset + step,
        )
        self.all[self.position] = self.token = rest
        self.last = head
        return head

    def word(self) -> str:
        """The next name of a run of letters; an index where side by side means several."""
        run = self.token.value
        if not self.implicit_product:
            return self.part(index_letters(run, self.symbols)).value
        following = self.ahead()
        whole = run + following.value if following.kind is Kind.NUMBER else ""
        if whole and (self.symbols.declared(whole) or whole in known_functions()):
            self.advance()
            self.advance()
            return whole
        name = self.part(leading_name(run, self.symbols, self.plain)).value
        return name + self.digits(name)

    def digits(self, name: str) -> str:
        r"""The number that belongs to a name: `W1`, `rot180`, `\delta 9` where they are declared or plain text."""
        token = self.token
        if token.kind is not Kind.NUMBER or not token.value.isdigit():
            return ""
        adjacent = self.last.offset + len(self.last.text) == token.offset and self.last.text.isalnum()
        if self.symbols.declared(name + token.value) or (adjacent and (self.plain or len(name) > 2)):
            return self.advance().value
        return ""

    # ----- arguments -----

    def argument(self) -> Tree:
        """What TeX takes as one argument: a group, or the next sign."""
        if self.token.kind is Kind.GROUP_OPEN:
            return self.braced(self.expression)
        return self.nested(self.single)

    def braced(self, read: Reader) -> Tree:
        self.advance()
        tree = self.nested(read)
        self.expect(Kind.GROUP_CLOSE, "an operator or }")
        return tree

    def single(self) -> Tree:
        start = self.token
        if start.kind is Kind.WORD:
            value = self.part(1).value
            return Name(value, span=self.span(start))
        if start.kind is Kind.NUMBER:
            value = (self.advance() if self.plain else self.part(1)).value
            return Number(value, span=self.between(self.last, self.last))
        return self.unit()
