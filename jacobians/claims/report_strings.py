"""Text of documents in reports: on one line, harmless on a terminal, and where its parts stand."""

from __future__ import annotations

import re

from jacobians.claims.documents.passage import Place

_RELATION = r":?=|\\(?:approx|equiv|triangleq|coloneqq|in|Rightarrow|implies|Leftrightarrow|iff)\b"
_SIGN = "[=≈≡]"
_ENVIRONMENT = re.compile(
    r"\\(?:begin|end)\{(?:align|split|aligned|gather|equation|eqnarray|multline|alignat|flalign)\w*\*?\}"
)


def one_line(text: str) -> str:
    """Without line breaks, alignment and the environment around it."""
    text = _ENVIRONMENT.sub("", text)
    text = re.sub(rf"&\s*(?={_RELATION})|(?<={_SIGN})\s*&", " ", text)
    return re.sub(r"\s*\\\\\s*$", "", " ".join(text.split())).strip()


def visible(text: str) -> str:
    r"""Text that changes neither a terminal nor the direction of writing: control characters become a middle dot.

    >>> visible("a\x1b[31m\tb")
    'a·[31m b'
    """
    return "".join(c if c.isprintable() else " " if c in "\t\n" else "·" for c in text)


def visible_lines(text: str) -> str:
    """The same, but lines and tabs stay."""
    return re.sub(r"[^\n\t]+", lambda found: visible(found.group()), text)


def offset(text: str, line: int, column: int) -> int:
    """The place of a line and column, both from 1, in a text."""
    rows = text.split("\n")[: line - 1]
    return min(sum(len(row) + 1 for row in rows) + column - 1, len(text))


def position(text: str, place: int) -> Place:
    """The line and column, both from 1, of a place in a text."""
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def changed(old: str, new: str) -> tuple[int, int, str]:
    """Where the text that differs begins and ends in the old one, and what stands there in the new one.

    >>> changed("y - z", "y + z")
    (2, 3, '+')
    """
    begin = _same(old, new)
    end = _same(old[begin:][::-1], new[begin:][::-1])
    return begin, len(old) - end, new[begin : len(new) - end]


def _same(one: str, other: str) -> int:
    """How many characters are the same from the start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((k for k, (a, b) in pairs if a != b), min(len(one), len(other)))
