"""One matrix of cells in the plane, straight or slanted, and the axes beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jacobians.pictures.cells import Cells
from jacobians.pictures.lettering import Label, index, joined, sign
from jacobians.pictures.scene import Line, Point, Polygon, Scene, Style, Text
from jacobians.terms import Array

#: From this size on, in units, cells have lines around them.
LINED = 0.12
#: Letters in cells are as large as fits, up to the first size and not below the second.
LARGE, SMALL = 0.42, 0.2
#: Between a matrix and the arrow of an axis, between the arrow and its letters; the size of those.
AWAY, BESIDE, LETTERS = 0.22, 0.3, 0.4


@dataclass(frozen=True)
class Frame:
    """Where a matrix lies: its upper left corner, and the ways of one column and of one row."""

    origin: Point
    column: Point
    row: Point

    def at(self, row: float, column: float) -> Point:
        """The corner between cells, or any place inside."""
        return self.origin.shift(row * self.row.x + column * self.column.x, row * self.row.y + column * self.column.y)

    def moved(self, x: float, y: float) -> Frame:
        """The same elsewhere."""
        return Frame(self.origin.shift(x, y), self.column, self.row)

    @property
    def slope(self) -> float:
        """How steeply its rows rise."""
        return -self.column.y / self.column.x


@dataclass(frozen=True)
class Axis:
    """What an axis is called and how long it is."""

    name: Label
    size: int
    stacked: bool = False

    @property
    def label(self) -> Label:
        """`o′ = 1, …, 4`, of several axes in one `(o, u): 12`."""
        if self.stacked:
            return joined(self.name, sign(f": {self.size}", rf"\colon {self.size}"))
        values = {1: "1", 2: "1, 2"}.get(self.size, f"1, …, {self.size}")
        return joined(self.name, sign(f" = {values}", "{} = " + values.replace("…", r"\ldots")))


def named(letter: str, size: int) -> Axis:
    """The axis of one index letter."""
    return Axis(index(letter), size)


def stacked(letters: Sequence[str], size: int) -> Axis:
    """Several axes in one, the last running first: `(o, y, x)`."""
    signs = [sign("(", "("), *(part for a in letters for part in (sign(", ", ",\\,"), index(a)))]
    return Axis(joined(signs[0], *signs[2:], sign(")", ")")), size, stacked=True)


def panel(scene: Scene, frame: Frame, cells: Cells, letters: float, blocks: tuple[int, int] | None = None) -> None:
    """Draw a matrix, with `letters` of that size in the cells (0: none); `blocks` are parted by stronger lines."""
    rows, columns = cells.possible.shape
    corners = [frame.at(*k) for k in ((0, 0), (0, columns), (rows, columns), (rows, 0))]
    scene.add(Polygon(corners, "zero"))
    for r, start, stop in _runs(cells.possible):
        scene.add(Polygon([frame.at(*k) for k in ((r, start), (r, stop), (r + 1, stop), (r + 1, start))], "value"))
    if min(frame.column.x, frame.row.y) >= LINED:
        scene.add(*_lines(frame, rows, columns, 1, 1, "grid"))
    if blocks:
        scene.add(*_lines(frame, rows, columns, *blocks, "axis"))
    scene.add(Line([*corners, corners[0], corners[1]], "edge"))  # one more, so that the last corner is mitred too
    if letters:
        for (r, c), label in np.ndenumerate(cells.letters):
            if label:
                at = frame.at(r + 0.5, c + 0.5)
                scene.add(Text(at, label, letters, slope=frame.slope, faint=not cells.possible[r, c]))


def letter_size(cells: Cells, frame: Frame) -> float:
    """The size at which all letters fit into their cells; 0 where they would be too small to read."""
    widest = cells.longest
    size = min(LARGE, 0.62 * frame.row.y, 0.88 * frame.column.x / widest) if widest else 0.0
    return size if size >= SMALL else 0.0


def _runs(possible: Array) -> Iterator[tuple[int, int, int]]:
    """Row, start and stop of every run of cells that can differ from zero."""
    for r, row in enumerate(possible):
        turns = np.flatnonzero(np.diff(row.astype(np.int8), prepend=0, append=0))
        for start, stop in turns.reshape(-1, 2).tolist():
            yield r, start, stop


def _lines(frame: Frame, rows: int, columns: int, down: int, right: int, style: Style) -> Iterator[Line]:
    for r in range(down, rows, down):
        yield Line([frame.at(r, 0), frame.at(r, columns)], style)
    for c in range(right, columns, right):
        yield Line([frame.at(0, c), frame.at(rows, c)], style)


# ----- axes -----


def axis_left(scene: Scene, frame: Frame, axis: Axis) -> None:
    """The rows' axis, on the left."""
    start, end = (frame.at(k, 0).shift(-AWAY, 0) for k in (0, axis.size))
    at = Point(start.x - 0.15, (start.y + end.y) / 2)
    scene.add(Line([start, end], "axis", arrow=True), Text(at, axis.label, LETTERS, "end"))


def axis_right(scene: Scene, frame: Frame, axis: Axis, columns: int) -> None:
    """The rows' axis, on the right."""
    start, end = (frame.at(k, columns).shift(AWAY, 0) for k in (0, axis.size))
    at = Point(start.x + 0.15, (start.y + end.y) / 2)
    scene.add(Line([start, end], "axis", arrow=True), Text(at, axis.label, LETTERS, "start"))


def axis_below(scene: Scene, ends: tuple[Point, Point], axis: Axis) -> None:
    """An axis from left to right with its letters below; on a slant they stand to its right."""
    start, end = ends
    scene.add(Line([start, end], "axis", arrow=True))
    middle = Point((start.x + end.x) / 2, (start.y + end.y) / 2)
    if start.y == end.y:
        scene.add(Text(middle.shift(0, BESIDE), axis.label, LETTERS))
    else:
        scene.add(Text(middle.shift(0.2, 0.22), axis.label, LETTERS, "start"))


def axis_above(scene: Scene, ends: tuple[Point, Point], axis: Axis) -> None:
    """An axis from left to right with its letters above."""
    start, end = ends
    middle = Point((start.x + end.x) / 2, start.y - BESIDE)
    scene.add(Line([start, end], "axis", arrow=True), Text(middle, axis.label, LETTERS))
