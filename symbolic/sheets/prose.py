r"""Sentences with formulas between dollar signs, as Markdown has them: how those of an op are put together and read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jacobians.notation import name_to_latex
from symbolic.sheets.formula import Piece
from symbolic.sheets.writer import SheetWriter

#: What is mathematics also in words: a name with an index, a number, a letter that is no English word, a call.
_NOTATION = re.compile(r"(?<![\w\"'-])(?:([A-Za-z]\w*)_(\w+)|(-?\d+)|([b-zA-HJ-Z])|(\w+'\(\w\))|\|(\w)\|)(?![\w\"])")


def sentence(pieces: Sequence[Piece]) -> str:
    """The pieces of a formula, one after the other."""
    text = ""
    for piece in pieces:
        words = in_words(piece.words.strip()) if piece.tree is None else f"${SheetWriter().text(piece.tree)}$"
        text += words if not text or words[0] in ",;:" else f" {words}"
    return text


def in_words(words: str) -> str:
    """Words, with what is notation in them between dollar signs."""

    def latex(found: re.Match[str]) -> str:
        name, index, number, letter, call, size = found.groups()
        if name:
            return f"${name_to_latex(name, (index,) if len(index) == 1 else list(index))}$"
        if size:
            return rf"$\lvert {size} \rvert$"
        return f"${number or letter or name_to_latex(call, ())}$"

    return _NOTATION.sub(latex, words).replace("->", r"$\to$")


def spans(text: str) -> Iterator[tuple[bool, str]]:
    """Whether it is a formula, and the words or the formula."""
    for k, part in enumerate(text.split("$")):
        if part:
            yield k % 2 == 1, part


def formulas(text: str) -> list[str]:
    """What stands between dollar signs."""
    return [part for is_formula, part in spans(text) if is_formula]
