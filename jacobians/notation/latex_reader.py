r"""Walking along the pieces of a formula, and what opens, closes or separates something."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from jacobians.errors import MathSyntaxError
from jacobians.notation import latex_commands as commands
from jacobians.notation.latex_macros import Macro, definitions, expand
from jacobians.notation.latex_scanner import Piece, is_latex, scan
from jacobians.notation.symbols import Symbols
from jacobians.notation.token_stream import MAX_NESTING
from jacobians.notation.tokens import MAX_LENGTH, Kind, Token

CLOSING = {
    Kind.OPEN: Kind.CLOSE,
    Kind.LIST_OPEN: Kind.LIST_CLOSE,
    Kind.BRACE_OPEN: Kind.BRACE_CLOSE,
    Kind.GROUP_OPEN: Kind.GROUP_CLOSE,
    Kind.ANGLE_OPEN: Kind.ANGLE_CLOSE,
}
OPENING = {closing: opening for opening, closing in CLOSING.items()}
BLANK = frozenset(("space", "comment", "html"))
UNITS_OF_LENGTH = frozenset(("ex", "em", "pt", "mm", "cm", "in", "mu"))
#: What needs no braces of its own.
UNWRAPPED = frozenset(
    (Kind.EQUALS, Kind.SAME, Kind.DIFFERENT, Kind.LESS, Kind.LESS_EQUAL, Kind.GREATER, Kind.GREATER_EQUAL, Kind.PLUS)
) | {Kind.MINUS, Kind.HADAMARD, Kind.DOT, Kind.OUTER, Kind.TIMES, Kind.COMPOSE, Kind.SUM, Kind.COMMA, Kind.SEPARATOR}


class PieceReader:
    r"""One pass over the pieces of a formula.

    `open` lists the brackets, groups and environments we are in; `fences` what \left opened; `stacks` the groups with
    rows. What a piece means is said by `piece`.
    """

    def __init__(self, text: str, symbols: Symbols, macros: Mapping[str, Macro]) -> None:
        self.text, self.symbols = text, symbols
        self.starts = [0, *(k + 1 for k, c in enumerate(text) if c == "\n")]
        if len(text) > MAX_LENGTH:
            raise MathSyntaxError(f"expected at most {MAX_LENGTH} characters, got {len(text)}; split the text")
        self.latex = is_latex(text)
        self.pieces = expand(self.scanned(macros), self.all_macros, text)
        self.at = 0
        self.tokens: list[Token] = []
        self.open: list[tuple[Kind | str, Token]] = []
        self.fences: list[Token] = []
        self.stacks: set[Token] = set()

    def scanned(self, macros: Mapping[str, Macro]) -> list[Piece]:
        """The pieces without definitions, which are kept in `all_macros`."""
        self.all_macros = dict(macros)
        pieces: list[Piece] = []
        position = 0
        for found in definitions(self.text) if "\\" in self.text else ():
            pieces += scan(self.text[position : found.begin], position)
            position = found.end
            if not (found.only_if_new and found.name in self.all_macros):
                self.all_macros[found.name] = found.macro
        return pieces + scan(self.text[position:], position)

    # ----- walking -----

    def piece(self, piece: Piece) -> None:
        """Read one piece, and what belongs to it."""
        raise NotImplementedError

    def read(self) -> list[Token]:
        """All tokens, the last of kind END."""
        while self.at < len(self.pieces):
            self.piece(self.next())
        if self.open:
            raise self.error(f"{self.open[-1][1].shown} is never closed", self.open[-1][1].offset)
        end = len(self.text)
        self.tokens.append(self.token(Kind.END, "", end, end))
        return self.tokens

    def next(self) -> Piece:
        self.at += 1
        return self.pieces[self.at - 1]

    def peek(self) -> Piece | None:
        """The next piece that is no blank."""
        while self.at < len(self.pieces) and self.pieces[self.at].group in BLANK:
            self.at += 1
        return self.pieces[self.at] if self.at < len(self.pieces) else None

    def argument(self, command: Piece) -> tuple[list[Piece], int]:
        """The pieces of the next group without its braces, or one piece; and where it ends."""
        first = self.peek()
        if first is None:
            raise self.error(f"{command.text} expects an argument, got the end", command.begin)
        self.at += 1
        if first.text != "{":
            if len(first.text) > 1 and first.group in ("word", "number"):
                head, rest = first.cut(1)
                self.at -= 1
                self.pieces[self.at] = rest
                return [head], head.end
            return [first], first.end
        begin, depth = self.at, 1
        while self.at < len(self.pieces):
            piece = self.next()
            depth += (piece.text == "{") - (piece.text == "}")
            if depth == 0:
                return self.pieces[begin : self.at - 1], piece.end
        raise self.error(f"{first.text!r} is never closed", first.begin)

    # ----- brackets, rows and separators -----

    @property
    def inside(self) -> Kind | str | None:
        """The innermost bracket, group or matrix; None at the level of statements."""
        kind = self.open[-1][0] if self.open else None
        statements = all(name in commands.ALIGNED for name, _ in self.open)
        return None if statements else kind

    def meaning(self, kind: Kind, value: str, piece: Piece) -> None:
        """A token that may open or close something, or separate what is open."""
        if kind is Kind.ROW:
            self.row_spacing()
        if kind in (Kind.ROW, Kind.CELL, Kind.SEPARATOR):
            inside = self.inside
            matrix = inside in commands.MATRICES or (bool(self.open) and self.open[-1][1] in self.stacks)
            if inside is None or (matrix and kind is not Kind.SEPARATOR):
                self.emit(kind, value, piece)
            return
        if kind in OPENING:
            self.close(kind, piece)
        if kind is Kind.GROUP_CLOSE and self.dropped_group():
            return
        self.emit(kind, value, piece)
        if kind in CLOSING:
            self.opened(kind)
            if len(self.tokens) > 1 and self.tokens[-2].value == "substack":
                self.stacks.add(self.tokens[-1])

    def opened(self, kind: Kind | str) -> None:
        """The last token opens something."""
        self.open.append((kind, self.tokens[-1]))
        if len(self.open) > MAX_NESTING:
            problem = f"expected at most {MAX_NESTING} brackets and signs within one another; split the formula"
            raise self.error(problem, self.tokens[-1].offset)

    def row_spacing(self) -> None:
        r"""`\\[2ex]`."""
        texts = [piece.text for piece in self.pieces[self.at : self.at + 5]]
        if texts[:1] == ["["] and "]" in texts and UNITS_OF_LENGTH & set(texts):
            self.at += texts.index("]") + 1

    def close(self, kind: Kind, piece: Piece) -> None:
        if not self.open:
            problem = f"{piece.text!r} closes nothing: its opening bracket is missing"
            raise self.error(problem, piece.begin)
        opened, token = self.open[-1]
        if opened is not OPENING[kind]:
            where = f"line {token.line}, column {token.column}"
            raise self.error(f"expected the partner of {token.shown} in {where}, got {piece.text!r}", piece.begin)
        self.open.pop()

    def dropped_group(self) -> bool:
        """An empty group has no meaning, and a group around one sign is that sign."""
        if self.tokens[-1].kind is Kind.GROUP_OPEN:
            self.tokens.pop()
            return True
        if len(self.tokens) > 1 and self.tokens[-2].kind is Kind.GROUP_OPEN and self.tokens[-1].kind in UNWRAPPED:
            del self.tokens[-2]
            return True
        return False

    # ----- tokens -----

    def emit(self, kind: Kind, value: str, piece: Piece) -> None:
        self.tokens.append(self.token(kind, value, piece.begin, piece.end, piece))

    def token(self, kind: Kind, value: str, begin: int, end: int, piece: Piece | None = None) -> Token:
        line = bisect_right(self.starts, begin)
        column = begin - self.starts[line - 1] + 1
        return Token(kind, value, self.text[begin:end], line, column, begin, piece.origin if piece else None)

    def error(self, problem: str, offset: int) -> MathSyntaxError:
        line = bisect_right(self.starts, offset)
        return MathSyntaxError(problem, self.text, line, offset - self.starts[line - 1] + 1)
