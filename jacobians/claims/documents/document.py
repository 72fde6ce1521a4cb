"""What a document holds for the checker: formulas and models in order, each with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jacobians.claims.documents.macros import definitions
from jacobians.claims.documents.passage import Passage, Place

Kind = Literal["markdown", "latex", "notebook", "text", "plain"]
Surface = Literal["latex", "code", "plain"]


class Placed:
    """A text of a document that knows where each of its lines starts in the file."""

    __slots__ = ()
    starts: tuple[Place, ...]

    def place(self, line: int, column: int) -> Place:
        """The file's line and column of a line and column of `text`, all from 1.

        A line after the last, where a message may point at the end of the text, is placed in the last.
        """
        first, left = self.starts[min(line, len(self.starts)) - 1]
        return first, left + column - 1


@dataclass(frozen=True, slots=True)
class Formula(Placed):
    """Mathematics without its delimiters; of `align` and other environments of several rows, with them.

    Inline formulas with nothing but a relation sign between them, `$A$ = $B$`, are one formula, with blanks in place of
    the delimiters between.

    Attributes:
        text: the formula, its lines without indentation.
        surface: the language it is written in.
        display: whether it stands on its own rather than in a line of prose.
        starts: the file's (line, column), from 1, at which each line of `text` starts; in a notebook the cell's.
        heading: the headings above it, outermost first.
        cell: the number of the notebook's cell, from 1.
    """

    text: str
    surface: Surface
    display: bool
    starts: tuple[Place, ...]
    heading: tuple[str, ...]
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class ModelBlock(Placed):
    """A model in plain notation; it holds for what follows it, until the next one."""

    text: str
    starts: tuple[Place, ...]
    heading: tuple[str, ...]
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    r"""A document as it was read.

    Attributes:
        path: where it came from.
        text: its lines; of a notebook, the lines of its cells, each cell after a line that numbers it.
        kind: the format it was read as.
        parts: formulas and models, in order.
        macros: the definitions (`\newcommand`, `\def`, ...) found anywhere in it, one a line.
        notes: what was not followed or not understood, each with its place.
        cells: of a notebook, the line of `text`, from 1, at which each cell starts.
    """

    path: str
    text: str
    kind: Kind
    parts: tuple[Formula | ModelBlock, ...]
    macros: str = ""
    notes: tuple[str, ...] = ()
    cells: tuple[int, ...] = ()


class Draft:
    """A document while it is read: what was found so far, and the headings above the place reached."""

    def __init__(self) -> None:
        self.parts: list[Formula | ModelBlock] = []
        self.macros: list[str] = []
        self.notes: list[str] = []
        self.cell: int | None = None
        self._headings: list[tuple[int, str]] = []

    @property
    def heading(self) -> tuple[str, ...]:
        """The headings above, outermost first."""
        return tuple(title for _, title in self._headings)

    def enter(self, level: int, title: str) -> None:
        """A heading ends those of its own level and deeper ones."""
        self._headings = [*(h for h in self._headings if h[0] < level), (level, " ".join(title.split()))]

    def define(self, definition: str) -> None:
        """A macro for all formulas."""
        self.macros.append(definition)

    def formula(self, found: Passage, surface: Surface, display: bool) -> None:
        """A formula; definitions in it are kept for all formulas, and a formula of nothing else is none."""
        if surface == "latex":
            inside = list(definitions(found.text))
            self.macros += [found.text[start:end] for start, end in inside]
            leading = 0
            for start, end in inside:
                if found.text[leading:start].strip():
                    break
                leading = end
            found = found.cut(leading, len(found.text))
        if found.text:
            self.parts.append(Formula(found.text, surface, display, found.starts, self.heading, self.cell))

    def model(self, found: Passage) -> None:
        """A model."""
        if found.text.strip():
            self.parts.append(ModelBlock(found.text, found.starts, self.heading, self.cell))

    def note(self, place: Place, remark: str) -> None:
        """Something the reader of the report should know, with its place."""
        cell = f"cell {self.cell}, " if self.cell else ""
        self.notes.append(f"{cell}line {place[0]}, column {place[1]}: {remark}")

    def document(self, path: str, text: str, kind: Kind, cells: tuple[int, ...] = ()) -> Document:
        """All that was found."""
        return Document(path, text, kind, tuple(self.parts), "\n".join(self.macros), tuple(self.notes), cells)
