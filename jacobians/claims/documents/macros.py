"""Definitions of macros in running text: where they start and end."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Groups in groups of a definition or a heading; an expression of fixed depth reads hostile text in one pass.
_DEPTH = 8
_INNER = r"(?:[^{}\\]|\\.)*+"
for _ in range(_DEPTH):
    _INNER = rf"(?:[^{{}}\\]|\\.|\{{{_INNER}\}})*+"
_GROUP = re.compile(rf"\{{{_INNER}\}}", re.DOTALL)
_NAME = r"\s*(?:\{\s*\\[A-Za-z@]+\s*\}|\\(?:[A-Za-z@]+|.))\s*"
DEFINITION = re.compile(
    rf"\\(?:(?:re|provide)?newcommand|providecommand|DeclareMathOperator|DeclareRobustCommand)\*?{_NAME}(?:\[[^\]]*\]\s*)*(?=\{{)"
    rf"|\\[gex]?def\s*\\(?:[A-Za-z@]+|.)[^{{}}\\\n]*(?=\{{)"
)


def group_end(text: str, start: int) -> int | None:
    """The offset after the brace that closes the one at `start`; None where none does."""
    group = _GROUP.match(text, start)
    return group.end() if group else None


def definition_end(text: str, start: int) -> int | None:
    """The end of the definition that starts at `start`; None where there is none."""
    head = DEFINITION.match(text, start)
    return group_end(text, head.end()) if head else None


def definitions(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each definition."""
    position = 0
    while found := DEFINITION.search(text, position):
        end = group_end(text, found.end())
        if end is not None:
            yield found.start(), end
        position = end or found.end()
