"""Walking along the tokens of a formula: where we are, what must come next, and how errors say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from jacobians.errors import MathSyntaxError
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import Span, Tree

#: Brackets and signs within one another.
MAX_NESTING = 64

Reader = Callable[[], Tree]


class TokenStream:
    """A place in a list of tokens (the last of kind END); `text` is the source that errors show."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.tokens, self.text = tokens, text
        self.position = self.nesting = 0
        self.token = self.last = tokens[0]

    def several(self, read: Reader) -> tuple[Tree, ...]:
        items = [self.nested(read)]
        while self.take(Kind.COMMA):
            items.append(self.nested(read))
        return tuple(items)

    def nested(self, read: Reader) -> Tree:
        """One level further in."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self.error(f"expected at most {MAX_NESTING} brackets and signs within one another; split the formula")
        tree = read()
        self.nesting -= 1
        return tree

    def primes(self) -> int:
        count = 0
        while self.take(Kind.PRIME):
            count += 1
        return count

    def advance(self) -> Token:
        self.last = self.token
        self.position += 1
        self.token = self.tokens[self.position]
        return self.last

    def take(self, kind: Kind) -> bool:
        if self.token.kind is not kind:
            return False
        self.advance()
        return True

    def expect(self, kind: Kind, expected: str) -> None:
        if not self.take(kind):
            self.fail(expected)

    def end(self) -> tuple[int, int]:
        return self.last.line, self.last.column + len(self.last.text)

    def span(self, start: Token) -> Span:
        last = self.last
        return Span(start.line, start.column, last.line, last.column + len(last.text))

    def fail(self, expected: str, hint: str = "") -> NoReturn:
        raise self.error(f"expected {expected}, got {self.token.shown}{hint}")

    def error(self, problem: str, at: Token | None = None) -> MathSyntaxError:
        at = at or self.token
        return MathSyntaxError(problem, self.text, at.line, at.column)
