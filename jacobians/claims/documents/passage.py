"""Text cut out of a document that remembers where each of its lines stands in the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

#: A line and a column of the file, both from 1; a column counts characters.
Place = tuple[int, int]


class Passage:
    """Lines of text, and the place in the file at which each of them starts."""

    def __init__(self, text: str, starts: Sequence[Place]) -> None:
        """`starts` has one place for each line of `text`."""
        self.text, self.starts = text, tuple(starts)
        self._offsets = [0, *(newline.end() for newline in re.finditer("\n", text))]

    @classmethod
    def whole(cls, text: str) -> Passage:
        """A file's text."""
        return cls(text, [(line, 1) for line in range(1, text.count("\n") + 2)])

    @classmethod
    def found(cls, lines: Sequence[str], first: int, text: str) -> Passage:
        """What a Markdown block holds, in the file's `lines` from number `first` (from 0) on.

        A block's text lacks what stands at the left of its lines (`> `, indentation), so each line of it is looked for
        at the right end of its line in the file.
        """
        parts = text.split("\n")
        while parts[0].strip() and not lines[first].strip():  # a separator such as U+2028 alone is left out by a parser
            first += 1
        return cls(text, [(first + k + 1, _column(lines[first + k], part)) for k, part in enumerate(parts)])

    def place(self, offset: int) -> Place:
        """Where the character at `offset` stands in the file."""
        index = bisect_right(self._offsets, offset) - 1
        line, column = self.starts[index]
        return line, column + offset - self._offsets[index]

    def cut(self, start: int, end: int, gaps: Sequence[tuple[int, int]] = ()) -> Passage:
        """Mathematics between two offsets: no blanks around it, no indentation, blanks in place of the `gaps`."""
        text = self.text[start:end]
        for left, right in gaps:
            blanks = re.sub(r"[^\n]", " ", text[left - start : right - start])
            text = text[: left - start] + blanks + text[right - start :]
        start += len(text) - len(text.lstrip())
        return self._dedented(start, text.strip(), None)

    def listing(self, start: int, end: int) -> Passage:
        """Whole lines of code between two offsets, without the indentation that all of them share."""
        text = self.text[start:end].rstrip()
        margin = min((_indentation(line) for line in text.split("\n") if line.strip()), default=0)
        return self._dedented(start, text, margin)

    def _dedented(self, start: int, text: str, margin: int | None) -> Passage:
        """Without `margin` characters at the left of each line, where it is None without any blanks there."""
        lines, starts, offset = [], [], start
        for line in text.split("\n"):
            indent = _indentation(line) if margin is None else min(margin, len(line))
            lines.append(line[indent:].rstrip())
            starts.append(self.place(offset + indent))
            offset += len(line) + 1
        return Passage("\n".join(lines), starts)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _column(line: str, part: str) -> int:
    """The column, from 1, at which `part` starts in `line`, of which it is the end, or the middle in `# title #`."""
    bare, whole = part.strip(), line.rstrip()
    at = len(whole) - len(bare) if whole.endswith(bare) else max(whole.find(bare), 0)
    return at - _indentation(part) + 1
