r"""A document's own commands: `\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}`, `\def\bx{\mathbf{x}}`.

Macros are replaced among the pieces of a formula, never in its text, so that every piece keeps its place: what a macro
brings stands where it was called, its arguments stand where they were written. Nothing else of TeX is carried out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jacobians.errors import MathSyntaxError
from jacobians.notation.latex_scanner import Piece, closing, scan
from jacobians.notation.tokens import MAX_LENGTH, Origin

MAX_EXPANSIONS = 1000
#: Macros within macros.
MAX_MACRO_DEPTH = 32

_DEFINITION = re.compile(
    r"\\(?P<kind>newcommand|renewcommand|providecommand|DeclareMathOperator|def)(?![A-Za-z])\s*\*?\s*"
    r"(?:\{\s*\\(?P<braced>[A-Za-z]+|.)\s*\}|\\(?P<bare>[A-Za-z]+|.))"
)
_COUNT = re.compile(r"\s*\[\s*([1-9])\s*\]")
_DEFAULT = re.compile(r"\s*\[([^\[\]]*)\]")
_PARAMETERS = re.compile(r"\s*((?:#[1-9]\s*)*)(?=\{)")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")


class Macro(NamedTuple):
    """A command that stands for `body`, with `#1`, `#2` for its arguments; the first one may have a default."""

    parameters: int
    body: str
    default: str | None = None


class Definition(NamedTuple):
    """A macro and where it is defined."""

    name: str
    macro: Macro
    begin: int
    end: int
    only_if_new: bool


def collect_macros(text: str) -> dict[str, Macro]:
    r"""The macros that a document defines, the last definition of each; what is no definition is passed over.

    Known are \newcommand, \renewcommand, \providecommand, \def and \DeclareMathOperator.

    >>> collect_macros(r"\newcommand{\half}[1]{\frac{#1}{2}}")
    {'half': Macro(parameters=1, body='\\frac{#1}{2}', default=None)}
    """
    macros: dict[str, Macro] = {}
    for found in definitions(text):
        if not (found.only_if_new and found.name in macros):
            macros[found.name] = found.macro
    return macros


def definitions(text: str) -> Iterator[Definition]:
    """Every definition, in the order of the text; comments do not count."""
    text = _COMMENT.sub(lambda match: " " * len(match[0]), text)
    position = 0
    while match := _DEFINITION.search(text, position):
        position = match.end()
        count, default = 0, None
        if match["kind"] == "def":
            if not (parameters := _PARAMETERS.match(text, position)):
                continue
            count, position = parameters[1].count("#"), parameters.end()
        elif match["kind"] != "DeclareMathOperator" and (counted := _COUNT.match(text, position)):
            count, position = int(counted[1]), counted.end()
            if given := _DEFAULT.match(text, position):
                default, position = given[1], given.end()
        body, end = _body(text, position)
        if body is None:
            continue
        if match["kind"] == "DeclareMathOperator":
            body = rf"\operatorname{{{body}}}"
        name = match["braced"] or match["bare"]
        yield Definition(name, Macro(count, body, default), match.start(), end, match["kind"] == "providecommand")
        position = end


def _body(text: str, position: int) -> tuple[str | None, int]:
    """What stands in braces, or the one command that needs none."""
    if single := re.compile(r"\s*(\\[A-Za-z]+|[^\s{}\\])").match(text, position):
        return single[1], single.end()
    opened = re.compile(r"\s*\{").match(text, position)
    end = closing(text, opened.end() - 1) if opened else None
    return (None, position) if opened is None or end is None else (text[opened.end() : end], end + 1)


def expand(pieces: list[Piece], macros: Mapping[str, Macro], text: str) -> list[Piece]:
    """The pieces with every macro replaced.

    Raises:
        MathSyntaxError: an argument is missing, or there is no end to it.
    """
    return _Expansion(pieces, macros, text).done() if macros else pieces


class _Expansion:
    def __init__(self, pieces: list[Piece], macros: Mapping[str, Macro], text: str) -> None:
        self.waiting, self.macros, self.text = pieces[::-1], macros, text
        self.expansions = self.length = 0

    def done(self) -> list[Piece]:
        """What is left of the pieces when no macro is."""
        result: list[Piece] = []
        while self.waiting:
            piece = self.waiting.pop()
            macro = self.macros.get(piece.text[1:]) if piece.group == "command" else None
            if macro is None:
                result.append(piece)
            else:
                self.waiting += self.replaced(piece, macro)[::-1]
        return result

    def replaced(self, call: Piece, macro: Macro) -> list[Piece]:
        end = call.end
        arguments: list[list[Piece]] = []
        if macro.default is not None:
            arguments.append(self.optional() or [p._replace(begin=call.begin, end=end) for p in scan(macro.default)])
        while len(arguments) < macro.parameters:
            argument, end = self.argument(call)
            arguments.append(argument)
        begin, origin = call.begin, Origin(call.begin, end, call.origin)
        result: list[Piece] = []
        for piece in scan(macro.body):
            if piece.group != "parameter":
                result.append(piece._replace(begin=begin, end=end, origin=origin))
            elif int(piece.text[1:]) <= len(arguments):
                result += _copied(arguments[int(piece.text[1:]) - 1], begin, end)
            if len(result) > MAX_LENGTH:
                break
        self.count(call, origin, result)
        return result

    def count(self, call: Piece, origin: Origin, result: list[Piece]) -> None:
        self.expansions += 1
        self.length += sum(len(piece.text) for piece in result)
        deep = len(origin.calls) > MAX_MACRO_DEPTH
        if deep or self.expansions > MAX_EXPANSIONS or self.length > MAX_LENGTH:
            limits = f"{MAX_EXPANSIONS} replacements, {MAX_MACRO_DEPTH} within one another, {MAX_LENGTH} characters"
            raise self.error(f"the macro {call.text} grows too large: expected at most {limits} in a formula", call)

    def argument(self, call: Piece) -> tuple[list[Piece], int]:
        """The next group without its braces, or the next single piece; and where it ends."""
        while self.waiting and self.waiting[-1].group in ("space", "comment"):
            self.waiting.pop()
        if not self.waiting or self.waiting[-1].text == "}":
            count = self.macros[call.text[1:]].parameters
            expected = f"{count} argument{'s' if count > 1 else ''}"
            raise self.error(f"the macro {call.text} expects {expected}, got fewer; give them in braces", call)
        first = self.waiting.pop()
        if first.text != "{":
            if len(first.text) > 1 and first.group in ("word", "number"):
                head, rest = first.cut(1)
                self.waiting.append(rest)
                return [head], head.end
            return [first], first.end
        pieces: list[Piece] = []
        depth = 1
        while self.waiting:
            piece = self.waiting.pop()
            depth += (piece.text == "{") - (piece.text == "}")
            if depth == 0:
                return pieces, piece.end
            pieces.append(piece)
        raise self.error(f"{first.text!r} is never closed", first)

    def optional(self) -> list[Piece] | None:
        """What stands in square brackets right behind the macro."""
        if not self.waiting or self.waiting[-1].text != "[":
            return None
        if not any(piece.text == "]" for piece in self.waiting):
            return None
        self.waiting.pop()
        pieces: list[Piece] = []
        while (piece := self.waiting.pop()).text != "]":
            pieces.append(piece)
        return pieces

    def error(self, problem: str, piece: Piece) -> MathSyntaxError:
        before = self.text[: piece.begin]
        return MathSyntaxError(problem, self.text, before.count("\n") + 1, piece.begin - before.rfind("\n"))


def _copied(pieces: list[Piece], begin: int, end: int) -> list[Piece]:
    """An argument where its parameter stood: one origin for each copy, below the origin that a piece has already."""
    origins: dict[Origin | None, Origin] = {}
    for piece in pieces:
        origins.setdefault(piece.origin, Origin(begin, end, piece.origin))
    return [piece._replace(origin=origins[piece.origin]) for piece in pieces]
