"""The lines of a model: declarations `W1 : 4 x 3`, values `x = [1, 2, 3]`, equations `z1 = W1 @ x + b1`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, Union

from jacobians.errors import MathSyntaxError, shape_text
from jacobians.notation.parser import Parser
from jacobians.notation.plain_lexer import plain_tokens
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import List, Negative, Number, Tree

#: Longest model, in characters: values may be whole matrices.
MAX_MODEL_LENGTH = 1_000_000
#: Longer whole numbers are read as floats, as arrays hold them.
MAX_INTEGER_DIGITS = 15

ENDS = frozenset((Kind.NEWLINE, Kind.END))
_COMMENT = re.compile("#.*")
_GLUED = re.compile("(?:x[0-9]+)+")

Numbers = Union[int, float, list["Numbers"]]  # noqa: UP007 - a string cannot stand in a union with |
Size = int | str


@dataclass(frozen=True, slots=True)
class Declaration:
    """`W1 : 4 x 3`: an array with its sizes (numbers or names of sizes), or a symbolic size, or a layer letter."""

    name: str
    shape: tuple[Size, ...] | None
    kind: Literal["array", "size", "layer"]
    line: int


@dataclass(frozen=True, slots=True)
class Value:
    """`x = [1, 2, 3]`: a name and its numbers."""

    name: str
    value: Numbers
    line: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the nested list."""
        shape, inner = [], self.value
        while isinstance(inner, list):
            shape.append(len(inner))
            inner = inner[0]
        return tuple(shape)


@dataclass(frozen=True, slots=True)
class Equation:
    """`z1 = W1 @ x + b1`: a name, the tree of its right side, and the equation as it was written."""

    name: str
    expression: Tree
    text: str
    line: int


Statement = Declaration | Value | Equation


def parse_model(text: str) -> list[Statement]:
    """The statements of a model in plain notation, one a line; a line goes on while a bracket is open.

    A name may be declared and given a value; otherwise it is introduced once.

    Raises:
        MathSyntaxError: a line that is no statement, with its line and column.
    """
    statements: list[Statement] = []
    known: dict[str, Statement] = {}
    tokens, start = plain_tokens(text, MAX_MODEL_LENGTH), 0
    for end, token in enumerate(tokens):
        if token.kind not in ENDS:
            continue
        if start < end:
            token.kind = Kind.END  # of this statement
            statement = _statement(tokens[start : end + 1], text)
            _require_new(statement, known, tokens[start], text)
            statements.append(statement)
        start = end + 1
    return statements


def _statement(tokens: Sequence[Token], text: str) -> Statement:
    first, second = tokens[0], tokens[1]
    if first.kind is not Kind.NAME:
        _fail("a name at the beginning of the line", first, text)
    if second.kind in (Kind.COLON, Kind.ELEMENT) or (second.kind is Kind.NAME and second.text == "in"):
        return _Declared(tokens, text).statement()
    if second.kind is not Kind.EQUALS:
        _fail(f"`{first.text} : sizes` or `{first.text} = formula`: after the name : or =", second, text)
    parser = Parser(tokens[2:], text)
    tree = parser.ended(parser.expression())
    if _is_literal(tree):
        return Value(first.value, _numbers(tree, text), first.line)
    source = " ".join(_COMMENT.sub("", text[first.offset : tokens[-1].offset]).split())
    return Equation(first.value, tree, source, first.line)


def _require_new(statement: Statement, known: dict[str, Statement], at: Token, text: str) -> None:
    """A name is introduced once; only a declared array may get its value in another line."""
    name, before = statement.name, known.get(statement.name)
    known[name] = statement
    if before is None:
        return
    pair = (before, statement) if isinstance(before, Declaration) else (statement, before)
    match pair:
        case Declaration(shape=tuple() as declared), Value() as value:
            shape = value.shape
            open_or_same = [isinstance(a, str) or a == b for a, b in zip(declared, shape, strict=False)]
            if len(shape) == len(declared) and all(open_or_same):
                return
            sizes = "(" + ", ".join(map(str, declared)) + ")"
            problem = f"{name}: expected the declared sizes {sizes}, got a value of shape {shape_text(shape)}"
        case _:
            problem = f"{name} is already introduced in line {before.line}; use another name"
    raise MathSyntaxError(problem, text, at.line, at.column)


class _Declared:
    """The right side of a declaration: `3`, `4 x 3`, `R^(4 x 3)`, `scalar`, `size`, `layer`."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self.name, self.rest, self.text = tokens[0], list(tokens[2:]), text

    def statement(self) -> Declaration:
        name, line = self.name.value, self.name.line
        word = self.rest[0].value if len(self.rest) == 2 else ""
        if word in ("size", "layer"):
            return Declaration(name, None, "size" if word == "size" else "layer", line)
        if word in ("scalar", "R"):
            return Declaration(name, (), "array", line)
        if [token.value for token in self.rest[:2]] == ["R", "^"]:
            del self.rest[:2]
        return Declaration(name, tuple(self.sizes()), "array", line)

    def sizes(self) -> list[Size]:
        """`4 x 3`, with or without brackets."""
        bracketed = self.rest[0].kind is Kind.OPEN
        if bracketed:
            self.rest.pop(0)
        sizes = [self.size()]
        while self.separator():
            sizes.append(self.size())
        if bracketed and self.rest[0].kind is Kind.CLOSE:
            self.rest.pop(0)
        if self.rest[0].kind is not Kind.END:
            _fail("sizes such as `4 x 3`", self.rest[0], self.text)
        return sizes

    def size(self) -> Size:
        token = self.rest.pop(0)
        if token.kind is Kind.NAME:
            return token.value
        whole = token.kind is Kind.NUMBER and token.value.isdigit() and len(token.value) <= MAX_INTEGER_DIGITS
        if not whole or int(token.value) < 1:
            _fail("a size: a whole number from 1, or a name; `scalar` for a number", token, self.text)
        if _GLUED.fullmatch(self.rest[0].text):
            self.rest[:1] = _unglued(self.rest[0])
        return int(token.value)

    def separator(self) -> bool:
        """`x`, `×` or a comma."""
        found = self.rest[0].kind in (Kind.TIMES, Kind.COMMA) or self.rest[0].text == "x"
        if found:
            self.rest.pop(0)
        return found


def _unglued(token: Token) -> Iterator[Token]:
    """`4x3` comes as the number 4 and the name x3: of the latter ×, 3."""
    for digits in re.finditer("[0-9]+", token.text):
        column = token.column + digits.start()
        yield Token(Kind.TIMES, "x", "x", token.line, column - 1, token.offset)
        yield Token(Kind.NUMBER, digits[0], digits[0], token.line, column, token.offset)


def _is_literal(tree: Tree) -> bool:
    return all(
        isinstance(part, Number | List) or (isinstance(part, Negative) and isinstance(part.operand, Number | Negative))
        for part in tree.walk()
    )


def _numbers(tree: Tree, text: str) -> Numbers:
    """The nested list, whose rows must all have one shape."""
    if not isinstance(tree, List):
        return _number(tree)
    items = [_numbers(item, text) for item in tree.items]
    shapes = [Value("", item, 0).shape for item in items]
    for item, shape in zip(tree.items, shapes, strict=True):
        if shape != shapes[0]:
            place = item.span[:2] if item.span else (1, 1)
            expected = f"expected all rows alike: the first has shape {shape_text(shapes[0])}, got {shape_text(shape)}"
            raise MathSyntaxError(f"{expected}; make them equally long", text, *place)
    return items


def _number(tree: Tree) -> int | float:
    if isinstance(tree, Negative):
        return -_number(tree.operand)
    assert isinstance(tree, Number)
    return int(tree.text) if tree.text.isdigit() and len(tree.text) <= MAX_INTEGER_DIGITS else float(tree.text)


def _fail(expected: str, token: Token, text: str) -> NoReturn:
    raise MathSyntaxError(f"expected {expected}, got {token.shown}", text, token.line, token.column)
