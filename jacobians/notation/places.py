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
from jacobians.notation.tree_calculus import Cases, Differential, Gradient, Partial, Sum

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


#: The brace before cases that are written as an array.
_CASES = re.compile(r"\\left\s*\\\{\s*$")
_RIGHT = re.compile(r"\s*\\right\s*\.")


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
    another part stands, as the index in `\delta_j^{(k)}`; `ragged` those whose script goes on, as W in `W^{(k)\top}`.
    """

    def __init__(self, source: str, tree: Tree, surface: Surface) -> None:
        self.source, self.surface = source, surface
        self.parts = {id(part): part for part in tree.walk() if part.span}
        self._ranges: dict[int, Range] = {}
        starts = _line_starts(source)
        for part in reversed(list(tree.walk())):
            if part.span:
                self._ranges[id(part)] = self._whole_range(part, _range(starts, part.span))
        self.outer = {id(tree): self._ranges[id(tree)]} if tree.span else {}
        self.quotable = {id(tree)} if tree.span else set()
        self.editable, self.ragged = set(self.quotable), set[int]()
        grouping = _GROUPING_LATEX if surface == "latex" else _GROUPING
        for parent in self.parts.values():
            self._children(parent, isinstance(parent, grouping))

    def _whole_range(self, part: Tree, own: Range) -> Range:
        r"""With its parts, as the transpose in `a_j^T`, and with the brace that closes a script."""
        inside = [self._ranges[id(child)] for child in part.children if child.span]
        begin, end = min([own.begin, *(r.begin for r in inside)]), max([own.end, *(r.end for r in inside)])
        if self.surface == "latex" and (missing := missing_braces(self.source[begin:end])):
            closing = re.match(rf"(?:\s*\}}){{{missing}}}", self.source[end:])
            end += closing.end() if closing else 0
        if isinstance(part, Cases):
            opening, closing = _CASES.search(self.source[:begin]), _RIGHT.match(self.source[end:])
            begin = opening.start() if opening else begin
            end += closing.end() if closing else 0
        return Range(begin, end)

    def range(self, part: Tree) -> Range:
        """Where a part with a span stands."""
        return self._ranges[id(part)]

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
            if self.surface == "latex" and missing_braces(self.source[place.begin : place.end]):
                self.ragged.add(id(child))
            elif not (shared or place == whole or place in others):
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


def missing_braces(text: str) -> int:
    """How many braces are open at the end."""
    return text.count("{") - text.count("}") - text.count("\\{") + text.count("\\}")
