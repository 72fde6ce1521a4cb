r"""Words and fonts: `\text{...}`, `\operatorname{diag}`, `\mathbf W`."""

from __future__ import annotations

from jacobians.notation import latex_commands as commands
from jacobians.notation.latex_reader import BLANK, PieceReader
from jacobians.notation.latex_scanner import Piece
from jacobians.notation.plain_lexer import LETTERS
from jacobians.notation.tokens import Kind

SCRIPTED = frozenset((Kind.SUBSCRIPT, Kind.POWER))
THIN_SPACES = frozenset(("\\,", "\\;", "\\:", "\\ ", "\\!"))
#: Upright letters above something: its transpose.
TRANSPOSES = frozenset(("T", "Tr"))
#: Blackboard letters that stand for more than the letter.
OPERATORS = {"E": "expectation", "P": "probability", "V": "variance"}


class FontReader(PieceReader):
    """Reads what only says how something looks."""

    @property
    def script(self) -> Kind | None:
        """The sign of the script that begins here."""
        kinds = [token.kind for token in self.tokens[-2:]]
        if kinds and kinds[-1] is Kind.GROUP_OPEN:
            kinds.pop()
        return kinds[-1] if kinds and kinds[-1] in SCRIPTED else None

    # ----- words -----

    def words(self, piece: Piece) -> None:
        r"""`\text{...}`: a name if it is one word, else a remark, with formulas between dollar signs."""
        begin = self.at
        content, end = self.argument(piece)
        said = "".join(part.text for part in content).strip()
        nested = any(part.group == "command" and part.text[1:] in commands.TEXT for part in content)
        if _is_word(said) and (self.script or said.lower() not in commands.REMARK_WORDS):
            self.named(said, piece._replace(end=end))
        elif not nested and (set(said) & set("$=<>≠≤≥")):
            self.pieces[begin : self.at] = self.mixed(content)
            self.at = begin
        elif said:
            self.emit(Kind.TEXT, said, piece._replace(end=end))

    def mixed(self, content: list[Piece]) -> list[Piece]:
        """Words with formulas between them: `if $i = j$`, `p = i`."""
        formula = not any(part.text == "$" for part in content)
        result: list[Piece] = []
        for part in content:
            if part.text == "$":
                formula = not formula
            elif part.group == "word" and ((len(part.text) > 1 and not formula) or part.text in commands.REMARK_WORDS):
                result.append(part._replace(group="text"))
            elif formula or part.group == "word":
                result.append(part)
            elif part.group not in BLANK:
                result.append(part._replace(group="text"))
        return result

    def named(self, said: str, place: Piece) -> None:
        """A word in upright letters: a name, the d of a differential, a transpose, a number."""
        word = said.replace("-", "_")
        lower = word.lower()
        known = len(word) > 1 and lower in commands.known_functions() and not self.symbols.declared(word)
        if word == "d":
            self.emit(Kind.PARTIAL, "d", place)
        elif word in TRANSPOSES and self.script is Kind.POWER:
            self.emit(Kind.TRANSPOSE, word, place)
        elif word.isdigit():
            self.emit(Kind.NUMBER, word, place)
        elif word[0].isalpha() and word.isascii():
            self.emit(Kind.NAME, lower if known else word, place)
        else:
            self.emit(Kind.TEXT, word, place)

    def upright(self, piece: Piece) -> None:
        begin = self.at
        content, end = self.argument(piece)
        shown = (part.text for part in content if part.group not in BLANK and part.text not in THIN_SPACES)
        said = "".join(shown).replace("\\_", "_")
        if _is_word(said) and said.isascii():
            self.named(said, piece._replace(end=end))
        else:
            self.at = begin

    # ----- fonts -----

    def font(self, piece: Piece, style: str) -> None:
        """A letter in a font is the letter, unless that font has a meaning of its own."""
        begin = self.at
        content, end = self.argument(piece)
        bare = [part.text for part in content if part.group not in BLANK]
        whole = piece._replace(end=end)
        text = bare[0] if len(bare) == 1 else ""
        if text in ("1", "0") and style != "cal":
            self.emit(Kind.COMMAND, "ones" if text == "1" else "zeros", whole)
        elif text == "I" and style == "bb":
            self.emit(Kind.COMMAND, "indicator", whole)
        elif len(text) == 1 and text.isascii() and text.isalpha():
            self.emit(Kind.NAME, self.styled(text, style), whole)
        elif text[1:] in commands.GREEK_NAMES or text in LETTERS:
            self.emit(Kind.NAME, self.styled(LETTERS.get(text) or self.greek(text[1:]), style), whole)
        else:
            if len(bare) > 1:
                self.emit(Kind.COMMAND, "font", piece)
            self.at = begin

    def styled(self, letter: str, style: str) -> str:
        r"""`\mathbf x` is boldx where that is declared."""
        if style == "bb" and letter in OPERATORS and not self.symbols.declared(letter):
            return OPERATORS[letter]
        return f"{style}{letter}" if self.symbols.declared(f"{style}{letter}") else self.lower_ell(letter)

    def lower_ell(self, name: str) -> str:
        r"""`\ell` is l unless it has a meaning of its own."""
        return "l" if name == "ell" and not self.symbols.declared(name) else name

    def greek(self, name: str) -> str:
        r"""`\varepsilon` is epsilon unless it has a meaning of its own."""
        plain = name.removeprefix("var")
        return self.lower_ell(commands.GREEK_NAMES[name] if plain == name or self.symbols.declared(name) else plain)


def _is_word(text: str) -> bool:
    return text.replace("_", "").replace("-", "").isalnum()
