"""From text to a tree, per surface."""

from __future__ import annotations

from jacobians.notation.parser import Parser
from jacobians.notation.plain_lexer import plain_tokens
from jacobians.notation.tokens import Kind
from jacobians.notation.tree import Tree


def parse(text: str) -> Tree:
    """The tree of one formula in the plain notation; blank lines and comments around it do not count.

    Raises:
        MathSyntaxError: the text is no formula; it carries the line and the column.
    """
    tokens = plain_tokens(text)
    first = next(k for k, token in enumerate(tokens) if token.kind is not Kind.NEWLINE)
    while len(tokens) > first + 1 and tokens[-2].kind is Kind.NEWLINE:
        del tokens[-2]
    return Parser(tokens[first:], text).whole()
