r"""The LaTeX and Unicode surface: `W^{(k)\top} \delta`, `∂L/∂W`, `δ⁽ᵏ⁾`.

The lexer takes away what has no meaning (fonts, spaces, sizes of brackets, remarks beside a formula) and says what the
rest means. What letters side by side, scripts and brackets mean is left to the parser, because declarations decide it.
"""

from __future__ import annotations

import difflib
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

from jacobians.errors import MathSyntaxError
from jacobians.notation import latex_commands as commands
from jacobians.notation.latex_macros import Macro, definitions, expand
from jacobians.notation.latex_scanner import Piece, is_latex, scan
from jacobians.notation.plain_lexer import LETTERS
from jacobians.notation.symbols import Symbols
from jacobians.notation.tokens import MAX_LENGTH, Kind, Token

CLOSING = {
    Kind.OPEN: Kind.CLOSE,
    Kind.LIST_OPEN: Kind.LIST_CLOSE,
    Kind.BRACE_OPEN: Kind.BRACE_CLOSE,
    Kind.GROUP_OPEN: Kind.GROUP_CLOSE,
    Kind.ANGLE_OPEN: Kind.ANGLE_CLOSE,
}
OPENING = {closing: opening for opening, closing in CLOSING.items()}
ENTITIES = {"&lt;": "<", "&gt;": ">", "&le;": "≤", "&ge;": "≥", "&ne;": "≠", "&minus;": "-", "&times;": "×"}
BLANK = frozenset(("space", "comment", "html"))


class LatexLexer:
    """One pass over the pieces of a formula. `open` lists the brackets, groups and environments we are in."""

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

    # ----- what a piece means -----

    def piece(self, piece: Piece) -> None:
        group, text = piece.group, piece.text
        if group == "command":
            self.command(piece, text[1:])
        elif group == "word":
            self.emit(Kind.WORD, text, piece)
        elif group == "number":
            self.emit(Kind.NUMBER, text, piece)
        elif group == "identifier":
            self.emit(Kind.NAME, text, piece)
        elif group == "accented":
            self.emit(Kind.NAME, LETTERS.get(text[0], text[0]) + commands.COMBINING[text[1]], piece)
        elif group in ("above", "below"):
            self.script(piece, Kind.POWER if group == "above" else Kind.SUBSCRIPT)
        elif group == "sign":
            self.sign(piece)
        elif group == "entity":
            if text in ENTITIES:
                self.sign(piece._replace(text=ENTITIES[text]))
        elif group not in BLANK:
            raise self.error(f"expected a formula, got {text!r}, which has no meaning here", piece.begin)

    def sign(self, piece: Piece) -> None:
        text = piece.text
        if text in LETTERS:
            self.letter(piece, LETTERS[text])
        elif text in commands.SIGNS:
            value = {"∑": "sum", "∏": "prod", "∂": "∂"}.get(text, text)
            self.meaning(commands.SIGNS[text], value, piece)
        elif text == "√":
            self.emit(Kind.COMMAND, "sqrt", piece)
        elif text in "𝟏𝟙":
            self.emit(Kind.COMMAND, "ones", piece)
        elif text not in "$~":
            self.other_character(piece)

    def other_character(self, piece: Piece) -> None:
        """Accented letters, bold ones, full-width signs: whatever Unicode says they are made of."""
        name = unicodedata.name(piece.text, "")
        parts = unicodedata.normalize("NFD", piece.text)
        simple = unicodedata.normalize("NFKC", piece.text)
        if len(parts) == 2 and parts[1] in commands.COMBINING:
            self.emit(Kind.NAME, parts[0] + commands.COMBINING[parts[1]], piece)
        elif simple == piece.text:
            problem = f"expected a formula, got {piece.text!r}, which has no meaning here"
            raise self.error(problem, piece.begin)
        elif "SCRIPT" in name and "SUPERSCRIPT" not in name:
            self.emit(Kind.NAME, self.styled(simple, "cal"), piece)
        else:
            for part in scan(simple):
                self.piece(part._replace(begin=piece.begin, end=piece.end, origin=piece.origin))

    def letter(self, piece: Piece, name: str) -> None:
        """A Greek letter; Σ is the sign of a sum where no Sigma is declared and scripts follow."""
        following = self.peek()
        scripts = following is not None and (following.text == "_" or following.group == "below")
        if name == "Sigma" and scripts and not self.symbols.is_quantity(name) and piece.group == "sign":
            self.emit(Kind.SUM, "sum", piece)
        else:
            self.emit(Kind.NAME, name if name != "ell" or self.symbols.declared("ell") else "l", piece)

    def script(self, piece: Piece, kind: Kind) -> None:
        """`⁽ᵏ⁻¹⁾` is `^{(k-1)}`; the braces take no room."""
        before = piece._replace(end=piece.begin)
        self.meaning(kind, piece.text, before)
        self.meaning(Kind.GROUP_OPEN, "{", before)
        for part in scan(unicodedata.normalize("NFKC", piece.text)):
            begin = piece.begin + part.begin
            self.piece(part._replace(begin=begin, end=piece.begin + part.end, origin=piece.origin))
        self.meaning(Kind.GROUP_CLOSE, "}", piece._replace(begin=piece.end))

    # ----- commands -----

    def command(self, piece: Piece, name: str) -> None:
        if name in commands.FORBIDDEN:
            raise self.error(f"{piece.text} is not carried out: write down what it stands for", piece.begin)
        if name in commands.SKIPPED:
            return
        if name in commands.SKIPPED_WITH_ARGUMENT:
            self.star()
            self.argument(piece)
        elif name in commands.FENCES:
            self.fence(piece, name)
        elif name in commands.TEXT:
            self.words(piece)
        elif name in commands.UPRIGHT:
            self.star()
            self.upright(piece, name)
        elif name in commands.FONTS:
            self.font(piece, name)
        elif name in ("begin", "end"):
            self.environment(piece, name)
        elif name == "not":
            self.negated(piece)
        elif name in commands.KINDS:
            self.meaning(commands.KINDS[name], name, piece)
        elif name in commands.GREEK_NAMES:
            self.letter(piece, self.greek(name))
        elif name in commands.COMMAND_FUNCTIONS:
            self.star()
            self.emit(Kind.NAME, commands.COMMAND_FUNCTIONS[name], piece)
        elif name in commands.STRUCTURES:
            self.emit(Kind.COMMAND, name, piece)
        elif name not in "()[]":
            self.unknown(piece, name)

    def greek(self, name: str) -> str:
        r"""`\varepsilon` is epsilon unless it has a meaning of its own."""
        plain = name.removeprefix("var")
        return commands.GREEK_NAMES[name] if plain == name or self.symbols.declared(name) else plain

    def unknown(self, piece: Piece, name: str) -> NoReturn:
        if name in commands.INEXACT:
            raise self.error(f"{piece.text} claims no equality; write = for what is exactly equal", piece.begin)
        known = [*commands.KINDS, *commands.GREEK_NAMES, *commands.COMMAND_FUNCTIONS, *commands.STRUCTURES]
        known += [*self.all_macros, *commands.FONTS, *commands.TEXT, *commands.UPRIGHT]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean \\{near[0]}? If not, " if near else ""
        problem = f"unknown command {piece.text}; {hint}define it, as in \\newcommand{{{piece.text}}}{{...}}"
        raise self.error(problem, piece.begin)

    def star(self) -> None:
        if self.at < len(self.pieces) and self.pieces[self.at].text == "*":
            self.at += 1

    def negated(self, piece: Piece) -> None:
        r"""`\not=`."""
        argument, end = self.argument(piece)
        if [part.text for part in argument] != ["="]:
            raise self.error(r"expected \not=, got \not before something else", piece.begin)
        self.emit(Kind.DIFFERENT, "!=", piece._replace(end=end))

    def fence(self, piece: Piece, name: str) -> None:
        """A bracket of some size is one token with its size."""
        sign = self.peek()
        if sign is None:
            raise self.error(f"{piece.text} expects a bracket, got the end", piece.begin)
        self.at += 1
        kind = commands.KINDS.get(sign.text[1:]) if sign.group == "command" else commands.SIGNS.get(sign.text)
        place = piece._replace(text=sign.text, end=max(sign.end, piece.end))
        if name == "left":
            self.left(kind, place)
        elif name == "right":
            self.right(kind, place)
        elif sign.text != ".":
            self.piece(place._replace(group=sign.group))

    def left(self, kind: Kind | None, place: Piece) -> None:
        kind = {Kind.BAR: Kind.BAR_OPEN, Kind.NORM: Kind.NORM_OPEN, Kind.LESS: Kind.ANGLE_OPEN}.get(
            kind or Kind.END, kind
        )
        kind = Kind.NULL_OPEN if place.text == "." else kind
        if kind is None:
            raise self.error(f"expected a bracket, got {place.text!r}", place.begin)
        if kind is Kind.BRACE_OPEN and self.system_ahead():
            self.fences.append(self.token(Kind.NULL_OPEN, "", place.begin, place.end))
            return
        self.meaning(kind, place.text, place)
        self.fences.append(self.tokens[-1])

    def system_ahead(self) -> bool:
        """A brace around aligned equations: no case distinction but several statements."""
        following = self.peek()
        if following is None or following.text != "\\begin":
            return False
        names = [piece.text for piece in self.pieces[self.at + 1 : self.at + 5]]
        return "".join(names).lstrip("{ ").partition("}")[0] in commands.ALIGNED

    def right(self, kind: Kind | None, place: Piece) -> None:
        if not self.fences:
            raise self.error(r"\right closes nothing: its \left is missing", place.begin)
        opened = self.fences.pop()
        if opened.kind is Kind.NULL_OPEN and kind in (Kind.BAR, Kind.NORM):
            self.emit(Kind.EVALUATED, place.text, place)
            return
        if opened.kind is Kind.NULL_OPEN:
            self.tokens = [token for token in self.tokens if token is not opened]
        kind = {Kind.BAR: Kind.BAR_CLOSE, Kind.NORM: Kind.NORM_CLOSE, Kind.GREATER: Kind.ANGLE_CLOSE}.get(
            kind or Kind.END, kind
        )
        if place.text == ".":
            if self.open and self.open[-1][1] is opened and opened.kind is Kind.BRACE_OPEN:
                self.open.pop()
        elif kind is None:
            raise self.error(f"expected a bracket, got {place.text!r}", place.begin)
        elif opened.kind is not Kind.NULL_OPEN or kind is not Kind.BRACE_CLOSE:
            self.meaning(kind, place.text, place)

    # ----- words and fonts -----

    def words(self, piece: Piece) -> None:
        r"""`\text{...}`: a name if it is one word, else a remark, with formulas between dollar signs."""
        content, end = self.argument(piece)
        said = "".join(part.text for part in content).strip()
        whole = piece._replace(text=said, end=end)
        if said.replace("_", "").replace("-", "").isalnum() and said.lower() not in commands.REMARK_WORDS:
            self.named(whole)
        elif any(part.text == "$" for part in content) or set(said) & set("=<>≠≤≥"):
            self.mixed(content)
        elif said:
            self.emit(Kind.TEXT, said, whole)

    def mixed(self, content: list[Piece]) -> None:
        """Words with formulas between them: `if $i = j$`, `p = i`."""
        dollars = any(part.text == "$" for part in content)
        formula, words = not dollars, [part for part in content if part.group == "word"]
        for part in content:
            if part.text == "$":
                formula = not formula
            elif part.group == "word" and part.text.lower() in commands.REMARK_WORDS:
                self.emit(Kind.TEXT, part.text, part)
            elif formula or (part in words and len(part.text) == 1):
                self.piece(part)
            elif part.group not in BLANK:
                self.emit(Kind.TEXT, part.text, part)

    def named(self, whole: Piece) -> None:
        """A word in upright letters: a name, the d of a differential, a number."""
        word = whole.text.replace("-", "_")
        if word == "d":
            self.emit(Kind.PARTIAL, "d", whole)
        elif word.isdigit():
            self.emit(Kind.NUMBER, word, whole)
        elif word[:1].isalpha() and word.isascii():
            lower = word.lower()
            known = lower in commands.known_functions() and not self.symbols.declared(word)
            self.emit(Kind.NAME, lower if known and len(word) > 1 else word, whole)
        else:
            self.emit(Kind.TEXT, word, whole)

    def upright(self, piece: Piece, name: str) -> None:
        content, end = self.argument(piece)
        bare = [part for part in content if part.group not in BLANK and part.text not in ("\\,", "\\;", "\\ ", "\\!")]
        said = "".join(part.text for part in bare)
        if said.replace("_", "").replace("-", "").isalnum() and said.isascii():
            self.named(piece._replace(text=said, end=end))
        elif len(bare) == 1:
            self.piece(bare[0]._replace(begin=piece.begin, end=end))
        else:
            self.grouped(piece, content, end)

    def font(self, piece: Piece, name: str) -> None:
        """A letter in a font is the letter, unless that font has a meaning of its own."""
        style = commands.FONTS[name]
        content, end = self.argument(piece)
        bare = [part for part in content if part.group not in BLANK]
        whole = piece._replace(end=end)
        text = bare[0].text if len(bare) == 1 else ""
        if text in ("1", "0") and style != "cal":
            self.emit(Kind.COMMAND, "ones" if text == "1" else "zeros", whole)
        elif text == "I" and style == "bb":
            self.emit(Kind.COMMAND, "indicator", whole)
        elif len(text) == 1 and text.isascii() and text.isalpha():
            self.emit(Kind.NAME, self.styled(text, style), whole)
        elif text[1:] in commands.GREEK_NAMES or text in LETTERS:
            letter = LETTERS[text] if text in LETTERS else self.greek(text[1:])
            self.letter(whole._replace(group="command"), self.styled(letter, style))
        else:
            self.emit(Kind.COMMAND, "font", piece)
            self.grouped(piece, content, end)

    def styled(self, letter: str, style: str) -> str:
        return f"{style}{letter}" if self.symbols.declared(f"{style}{letter}") else letter

    def grouped(self, piece: Piece, content: list[Piece], end: int) -> None:
        """The content of an argument as a group."""
        self.pieces[self.at : self.at] = [
            Piece("sign", "{", piece.end, piece.end, piece.origin),
            *content,
            Piece("sign", "}", max(end - 1, piece.end), end, piece.origin),
        ]

    # ----- environments, rows and brackets -----

    def environment(self, piece: Piece, side: str) -> None:
        content, end = self.argument(piece)
        name = "".join(part.text for part in content if part.group not in BLANK)
        whole = piece._replace(end=end)
        matrix = name in commands.MATRICES
        if not matrix and name not in commands.ALIGNED:
            raise self.error(f"the environment {name} is not known as mathematics", piece.begin)
        if side == "begin":
            if name in commands.WITH_COLUMNS:
                self.argument(piece)
            token = self.token(Kind.BEGIN, name.rstrip("*"), whole.begin, whole.end, whole)
            self.open.append((name, token))
            if matrix:
                self.tokens.append(token)
            return
        if not self.open or self.open[-1][0] != name:
            raise self.error(rf"\end{{{name}}} closes nothing: its \begin{{{name}}} is missing", piece.begin)
        self.open.pop()
        if matrix:
            self.emit(Kind.FINISH, name.rstrip("*"), whole)

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
        if kind in CLOSING:
            self.emit(kind, value, piece)
            self.open.append((kind, self.tokens[-1]))
            if len(self.tokens) > 1 and self.tokens[-2].value == "substack":
                self.stacks.add(self.tokens[-1])
            return
        if kind in OPENING:
            self.close(kind, piece)
        if kind is Kind.GROUP_CLOSE and self.dropped_group():
            return
        self.emit(kind, value, piece)

    def row_spacing(self) -> None:
        r"""`\\[2ex]`."""
        texts = [piece.text for piece in self.pieces[self.at : self.at + 4]]
        if texts and texts[0] == "[" and "]" in texts and texts[-2:-1] and texts[1][:1] in "-.0123456789":
            unit = texts[2] if len(texts) > 2 else ""
            if unit in ("ex", "em", "pt", "mm", "cm", "in", "mu"):
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


UNWRAPPED = frozenset(
    (Kind.EQUALS, Kind.SAME, Kind.DIFFERENT, Kind.LESS, Kind.LESS_EQUAL, Kind.GREATER, Kind.GREATER_EQUAL, Kind.PLUS)
) | {Kind.MINUS, Kind.HADAMARD, Kind.DOT, Kind.OUTER, Kind.TIMES, Kind.COMPOSE, Kind.SUM, Kind.COMMA, Kind.SEPARATOR}


def with_value(token: Token, kind: Kind, value: str) -> Token:
    """The token in the same place with another meaning."""
    return replace(token, kind=kind, value=value)
