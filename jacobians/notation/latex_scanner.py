r"""From text to the pieces that LaTeX and Unicode mathematics are made of, each with its place."""

from __future__ import annotations

import re
from typing import NamedTuple

from jacobians.notation.latex_commands import COMBINING, SUBSCRIPTS, SUPERSCRIPTS
from jacobians.notation.plain_lexer import LETTERS
from jacobians.notation.tokens import Origin

_GREEK = "".join(LETTERS)
PIECE = re.compile(
    rf"""
      (?P<space>      \s+ )
    | (?P<comment>    %[^\n]* )
    | (?P<html>       </?(?:font|span|br|div|mark|strong|em|small|center)\b[^<>]*> )
    | (?P<entity>     &(?:lt|gt|amp|nbsp|le|ge|ne|minus|times|middot); )
    | (?P<parameter>  \#[1-9] )
    | (?P<command>    \\(?: [A-Za-z]+ | . | \n ) )
    | (?P<number>     (?: [0-9]+(?:\.[0-9]+)? | \.[0-9]+ ) (?: [eE][+-]?[0-9]+ )? )
    | (?P<accented>   [A-Za-z{_GREEK}][{"".join(COMBINING)}] )
    | (?P<identifier> [A-Za-z]{{2,}}(?:_[A-Za-z]{{2,}})+ )
    | (?P<word>       [A-Za-z]+ (?! [{"".join(COMBINING)}] ) )
    | (?P<above>      [{SUPERSCRIPTS}]+ )
    | (?P<below>      [{SUBSCRIPTS}]+ )
    | (?P<sign>       := | == | != | <= | >= | => | -> | \|\| | \*\* | \.\.\. | \.\* | \.T(?![A-Za-z]) | . )
    """,
    re.VERBOSE,
)


class Piece(NamedTuple):
    """A piece: what it is made of, what it says (in macros not what the source says there), where it stands."""

    group: str
    text: str
    begin: int
    end: int
    origin: Origin | None = None

    def cut(self, length: int) -> tuple[Piece, Piece]:
        """Two pieces; those of a macro's body stand in the same place."""
        middle = self.begin + length if self.end - self.begin == len(self.text) else None
        head = self._replace(text=self.text[:length], end=middle or self.end)
        return head, self._replace(text=self.text[length:], begin=middle or self.begin)


def scan(text: str, begin: int = 0) -> list[Piece]:
    """The pieces of a text, which stands at `begin`; letters with `_` between them are taken apart if it is LaTeX."""
    pieces: list[Piece] = []
    for match in PIECE.finditer(text):
        piece = Piece(match.lastgroup or "", match[0], begin + match.start(), begin + match.end())
        pieces += _words(piece) if piece.group == "identifier" and is_latex(text) else [piece]
    return pieces


def is_latex(text: str) -> bool:
    """Whether it has commands; plain text may have words of many letters."""
    return "\\" in text


def _words(piece: Piece) -> list[Piece]:
    found = re.finditer(r"[A-Za-z]+|_", piece.text)
    groups = (("sign" if m[0] == "_" else "word", m) for m in found)
    return [Piece(group, m[0], piece.begin + m.start(), piece.begin + m.end()) for group, m in groups]


def closing(text: str, opening: int) -> int | None:
    """Where the brace that opens there is closed; an escaped brace does not count."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, opening):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return match.start()
    return None
