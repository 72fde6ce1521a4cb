r"""The LaTeX and Unicode surface: `W^{(k)\top} \delta`, `∂L/∂W`, `δ⁽ᵏ⁾`.

The lexer takes away what has no meaning (fonts, spaces, sizes of brackets, remarks beside a formula) and says what the
rest means. What letters side by side, scripts and brackets mean is left to the parser, because declarations decide it.
"""

from __future__ import annotations

import difflib
import unicodedata
from typing import NoReturn

from jacobians.notation import latex_commands as commands
from jacobians.notation.latex_fonts import FontReader
from jacobians.notation.latex_reader import BLANK
from jacobians.notation.latex_scanner import Piece, scan
from jacobians.notation.plain_lexer import LETTERS
from jacobians.notation.tokens import Kind

ENTITIES = {"&lt;": "<", "&gt;": ">", "&le;": "≤", "&ge;": "≥", "&ne;": "≠", "&minus;": "-", "&times;": "×"}
#: Bars that say on which side they stand, and angles.
LEFT = {Kind.BAR: Kind.BAR_OPEN, Kind.NORM: Kind.NORM_OPEN, Kind.LESS: Kind.ANGLE_OPEN}
RIGHT = {Kind.BAR: Kind.BAR_CLOSE, Kind.NORM: Kind.NORM_CLOSE, Kind.GREATER: Kind.ANGLE_CLOSE}


class LatexLexer(FontReader):
    """One pass over the pieces of a formula."""

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
            self.small_signs(piece, Kind.POWER if group == "above" else Kind.SUBSCRIPT)
        elif group == "sign":
            self.sign(piece)
        elif group == "text":
            self.emit(Kind.TEXT, text, piece)
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
        """A Greek letter; Σ is the sign of a sum where no Sigma is declared, and scripts follow or a sign is before."""
        following = self.peek()
        scripts = following is not None and (following.text == "_" or following.group == "below")
        behind_sign = bool(self.tokens) and self.tokens[-1].kind in (Kind.MINUS, Kind.PLUS, Kind.EQUALS, Kind.OPEN)
        is_sum = scripts or (behind_sign and following is not None and following.group != "sign")
        if name == "Sigma" and is_sum and not self.symbols.is_quantity(name):
            self.emit(Kind.SUM, "sum", piece)
        else:
            self.emit(Kind.NAME, self.lower_ell(name), piece)

    def small_signs(self, piece: Piece, kind: Kind) -> None:
        """`⁽ᵏ⁻¹⁾` is `^{(k-1)}`; the braces take no room."""
        before = piece._replace(end=piece.begin)
        self.meaning(kind, piece.text, before)
        self.meaning(Kind.GROUP_OPEN, "{", before)
        for part in scan(unicodedata.normalize("NFKC", piece.text.replace("ᵀ", "⊤"))):
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
            self.upright(piece)
        elif name in commands.FONTS:
            self.font(piece, commands.FONTS[name])
        elif name in ("begin", "end"):
            self.environment(piece, name)
        elif name == "not":
            self.negated(piece)
        elif name in commands.KINDS:
            self.meaning(commands.KINDS[name], name, piece)
        elif name in commands.GREEK_NAMES:
            self.emit(Kind.NAME, self.greek(name), piece)
        elif name in commands.COMMAND_FUNCTIONS:
            self.star()
            self.emit(Kind.NAME, commands.COMMAND_FUNCTIONS[name], piece)
        elif name in commands.STRUCTURES:
            self.emit(Kind.COMMAND, name, piece)
        elif name not in "()[]":
            self.unknown(piece, name)

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
            self.at -= 1
            self.pieces[self.at] = place._replace(group=sign.group)

    def left(self, kind: Kind | None, place: Piece) -> None:
        kind = Kind.NULL_OPEN if place.text == "." else LEFT.get(kind, kind) if kind else None
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
        kind = RIGHT.get(kind, kind) if kind else None
        if place.text == ".":
            if self.open and self.open[-1][1] is opened and opened.kind is Kind.BRACE_OPEN:
                self.meaning(Kind.BRACE_CLOSE, ".", place)
        elif kind is None:
            raise self.error(f"expected a bracket, got {place.text!r}", place.begin)
        elif opened.kind is not Kind.NULL_OPEN or kind is not Kind.BRACE_CLOSE:
            self.meaning(kind, place.text, place)

    # ----- environments -----

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
            self.tokens.append(token)
            self.opened(name)
            if not matrix:
                self.tokens.pop()
            return
        if not self.open or self.open[-1][0] != name:
            raise self.error(rf"\end{{{name}}} closes nothing: its \begin{{{name}}} is missing", piece.begin)
        self.open.pop()
        if matrix:
            self.emit(Kind.FINISH, name.rstrip("*"), whole)
