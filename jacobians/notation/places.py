"""Where the parts of a formula stand in its source, and which of them can be quoted from it."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from jacobians.notation.tree import (
    Binary,
    Chain,
    Comparison,
    Index,
    Juxtaposition,
    Negative,
    Prime,
    Span,
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import Differential, Gradient, Partial, Sum

Surface = Literal["latex", "plain", "code"]

#: Brackets around their parts only group.
_GROUPING = (Binary, Juxtaposition, Negative, Transpose, Prime, Index, Chain, Comparison)
#: So do those in LaTeX; in plain text they belong to the function.
_GROUPING_LATEX = (*_GROUPING, Partial, Sum, Gradient, Differential)
_SIZE = r"(?:\\(?:left|right|[bB]igg?[lrm]?)\s*)?"
_OPENING = {
    "latex": re.compile(rf"{_SIZE}(?:\(|\[|\\\{{|\\lbrace)[\s~]*$"),
    "plain": re.compile(r"\(\s*$"),
    "code": re.compile(r"(?<![\w)\]])\(\s*$"),
}
_CLOSING = {"latex": re.compile(rf"[\s~]*{_SIZE}(?:\)|\]|\\\}}|\\rbrace)"), "plain": re.compile(r"\s*\)")}
_PARTNERS = {"(": ")", "[": "]", "{": "}", "e": "e"}


class Range(NamedTuple):
    """Characters of the source: from the first up to, but without, the last."""

    begin: int
    end: int

    def overlaps(self, other: Range) -> bool:
        return self.begin < other.end and other.begin < self.end

    def contains(self, other: Range) -> bool:
        return self.begin <= other.begin and other.end <= self.end


def slice_of(source: str, span: Span) -> str:
    """The text that a span of `source` covers, across lines too."""
    found = _range(_line_starts(source), span)
    return source[found.begin : found.end]


def _line_starts(source: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", source))]


def _range(starts: list[int], span: Span) -> Range:
    line, column, end_line, end_column = span
    last = len(starts) - 1
    return Range(starts[min(line - 1, last)] + column - 1, starts[min(end_line - 1, last)] + end_column - 1)


class Places:
    r"""The places of the parts of one tree.

    `outer` is the range with the brackets that do nothing but hold a part together. `quotable` are the parts whose text
    is theirs alone, which is not so for what stands in the body of a macro. `editable` are also those in whose text
    another part stands, as the index in `\delta_j^{(k)}`.
    """

    def __init__(self, source: str, tree: Tree, surface: Surface) -> None:
        self.source, self.surface, self._starts = source, surface, _line_starts(source)
        self.parts = {id(part): part for part in tree.walk()}
        self.outer: dict[int, Range] = {}
        self.quotable = {id(tree)} if tree.span else set()
        self.editable = set(self.quotable)
        grouping = _GROUPING_LATEX if surface == "latex" else _GROUPING
        for parent in tree.walk():
            if parent.span:
                self._children(parent, isinstance(parent, grouping))

    def range(self, part: Tree) -> Range:
        """Where a part with a span stands."""
        assert part.span is not None
        return _range(self._starts, part.span)

    def text(self, part: Tree) -> str:
        """What the reader wrote for it."""
        begin, end = self.range(part)
        return self.source[begin:end]

    def outer_text(self, part: Tree) -> str:
        """The same with its brackets."""
        begin, end = self.outer.get(id(part), self.range(part))
        return self.source[begin:end]

    def _children(self, parent: Tree, grouping: bool) -> None:
        children = [(child, self.range(child)) for child in parent.children if child.span]
        whole = self.range(parent)
        for child, place in children:
            others = [other for sibling, other in children if sibling is not child]
            within = [other for other in others if place.contains(other) and place != other]
            shared = [other for other in others if place.overlaps(other) and not other.contains(place)]
            if not shared and place != whole and place not in others:
                self.quotable.add(id(child))
            if (place != whole or within) and place not in others:
                self.editable.add(id(child))
            brackets = grouping and not (isinstance(parent, Index) and child is not parent.array)
            self.outer[id(child)] = self._with_brackets(place, whole) if brackets else place

    def _with_brackets(self, inner: Range, limits: Range) -> Range:
        """The range with all brackets directly around it that stand within the limits."""
        while True:
            opening = _OPENING[self.surface].search(self.source[limits.begin : inner.begin])
            closing = _CLOSING.get(self.surface, _CLOSING["plain"]).match(self.source[inner.end : limits.end])
            if not (opening and closing) or not _are_partners(opening[0], closing[0]):
                return inner
            inner = Range(limits.begin + opening.start(), inner.end + closing.end())


def _are_partners(opening: str, closing: str) -> bool:
    sign = opening.strip(" \t\n~")[-1]
    return closing[-1] == _PARTNERS[sign] and ("\\" in opening) == ("\\" in closing)
