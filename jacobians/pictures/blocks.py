"""The block picture: every entry a cell, zero ones light, those that can differ from zero coloured.

Rank 3 is drawn as parallel slices in cabinet projection: the first axis runs to the right, one slice for each of its
values, the rows of a slice downwards, its columns into the depth. Rank 4 is a grid of slices, a higher rank the matrix
vec(output) x vec(input), row by row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jacobians.errors import FormError, shape_text
from jacobians.pictures.cells import Cells, Content, caption, cells
from jacobians.pictures.lettering import derivative, sign, words
from jacobians.pictures.panels import (
    AWAY,
    LETTERS,
    Axis,
    Frame,
    axis_above,
    axis_below,
    axis_left,
    axis_right,
    letter_size,
    named,
    panel,
    stacked,
)
from jacobians.pictures.scene import WIDTH, Point, Scene, Text
from jacobians.structure import axis_names

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: The way of one column into the depth: 30 degrees upwards, half of the column's length.
DEPTH = Point(0.80, -0.46)
#: The height of a row of a slice; cells between slices; the part of a slice that is seen where they overlap.
ROW, GAP, SEEN = 0.74, 0.8, 0.4
#: Slices overlap before cells become smaller than this.
SMALLEST = 0.5
#: The height that fits a page; cells beside one another that can still be told apart.
HEIGHT, LONGEST = 14.0, 300
#: Numbers over slices and panels that are at least so far apart.
TICKS = 0.45


def blocks(J: Jacobian, content: Content = "numbers", of: str = "", wrt: str = "") -> Scene:
    """The block picture; `of` and `wrt`, in plain notation, name the slices.

    Raises:
        FormError: too large for a picture, or no symbols for the cells.
        InputError: another `content`.
    """
    known = cells(J, content)
    names = axis_names(J.shown.terms, len(J.shape)) if J.shape else ()
    axes = [named(a, n) for a, n in zip(names, J.shape, strict=True)]
    scene = Scene(caption(J, known.possible))
    if len(axes) == 3:
        _slices(scene, known, axes, (of, wrt) if len(J.out_shape) == 1 else ("", ""))
    elif len(axes) == 4:
        _grid(scene, known, axes)
    elif len(axes) > 4:
        _unfolded(scene, known, J, names)
    else:
        _matrix(scene, known, axes)
    low, high = scene.corners
    scene.add(Text(Point((low.x + high.x) / 2, high.y + 0.55), words(scene.words), 0.34))
    return scene


def _scale(J_shape: tuple[int, ...], width: float, height: float) -> float:
    """How much smaller than usual cells have to be."""
    scale = min(1.0, WIDTH / width, HEIGHT / height)
    if max(width, height) > LONGEST:
        raise FormError(
            f"picture: the shape {shape_text(J_shape)} needs {max(width, height):.0f} cells beside one another, at "
            f"most {LONGEST} can be told apart; take a smaller example of the same kind, or kind='diagram'"
        )
    return scale


# ----- rank 0, 1, 2 and, unfolded, 5 and more -----


def _matrix(scene: Scene, known: Cells, axes: list[Axis]) -> None:
    """A number, a row or a matrix."""
    rows, columns = (1, 1, *known.possible.shape)[-2:]
    frame = _straight(known.possible.shape, (rows, columns))
    flat = known.reshape(rows, columns)
    panel(scene, frame, flat, letter_size(flat, frame))
    _around(scene, frame, axes)


def _unfolded(scene: Scene, known: Cells, J: Jacobian, names: tuple[str, ...]) -> None:
    """The matrix vec(output) x vec(input), with lines between the blocks of the last axes."""
    rows, columns = math.prod(J.out_shape), math.prod(J.in_shape)
    n = len(J.out_shape)
    frame = _straight(J.shape, (rows, columns))
    steps = (J.out_shape or (1,))[-1], (J.in_shape or (1,))[-1]
    flat = known.reshape(rows, columns)
    panel(scene, frame, flat, letter_size(flat, frame), steps)
    axes = [stacked(names[:n], rows), stacked(names[n:], columns)]
    _around(scene, frame, axes)
    scene.words += "; of the axes in one, the last runs first"


def _straight(shape: tuple[int, ...], cells_shape: tuple[int, int]) -> Frame:
    scale = _scale(shape, cells_shape[1], cells_shape[0])
    return Frame(Point(0, 0), Point(scale, 0), Point(0, scale))


def _around(scene: Scene, frame: Frame, axes: list[Axis]) -> None:
    if len(axes) > 1:
        axis_left(scene, frame, axes[0])
    if axes:
        ends = frame.at(0, 0).shift(0, -AWAY), frame.at(0, axes[-1].size).shift(0, -AWAY)
        axis_above(scene, ends, axes[-1])


# ----- rank 3 -----


def _slices(scene: Scene, known: Cells, axes: list[Axis], names: tuple[str, str]) -> None:
    """The slices of the first axis from left to right, each going into the depth."""
    many, rows, columns = known.possible.shape
    deep = columns * DEPTH.x
    height = rows * ROW - columns * DEPTH.y
    pitch = deep + GAP
    if SMALLEST * many * pitch > WIDTH:
        pitch = max(SEEN * deep, ROW)
    scale = _scale(known.possible.shape, (many - 1) * pitch + deep, height)
    frame = Frame(Point(0, 0), Point(scale * DEPTH.x, scale * DEPTH.y), Point(0, scale * ROW))
    letters = letter_size(known, frame) if pitch > deep else 0.0
    for k in range(many):
        here = frame.moved(k * scale * pitch, 0)
        panel(scene, here, known[k], letters)
        if pitch > deep:
            _heading(scene, here, columns, k, names)
    axis_left(scene, frame, axes[1])
    _depth_axes(scene, frame, (many - 1) * scale * pitch, axes)


def _heading(scene: Scene, frame: Frame, columns: int, k: int, names: tuple[str, str]) -> None:
    """`1` or `∂a₁/∂W` over a slice, along its upper edge."""
    of, wrt = names
    label = derivative(of, wrt, str(k + 1)) if of and wrt else sign(str(k + 1), str(k + 1))
    scene.add(Text(frame.at(0, columns / 2).shift(-0.1, -0.32), label, LETTERS, slope=frame.slope))


def _depth_axes(scene: Scene, frame: Frame, length: float, axes: list[Axis]) -> None:
    """The axis of the slices under their front edges, the axis into the depth along the last one."""
    first, rows, columns = axes
    front = frame.at(rows.size, 0).shift(0, AWAY)
    axis_below(scene, (front, front.shift(max(length, 0.6), 0)), first)
    last = frame.moved(length, 0)
    ends = last.at(rows.size, 0).shift(0.18, 0.12), last.at(rows.size, columns.size).shift(0.18, 0.12)
    axis_below(scene, ends, columns)


# ----- rank 4 -----


def _grid(scene: Scene, known: Cells, axes: list[Axis]) -> None:
    """A matrix of matrices: the first two axes run over the panels, the last two inside."""
    down, right, rows, columns = known.possible.shape
    scale = _scale(known.possible.shape, right * (columns + GAP) - GAP, down * (rows + GAP) - GAP)
    step = Point(scale * (columns + GAP), scale * (rows + GAP))
    corner = Frame(Point(0, 0), Point(scale, 0), Point(0, scale))
    letters = letter_size(known, corner)
    for a in range(down):
        for b in range(right):
            panel(scene, corner.moved(b * step.x, a * step.y), known[a, b], letters)
    end = Point(right * step.x - scale * GAP, down * step.y - scale * GAP)
    _ticks(scene, axes, step, corner)
    axis_above(scene, (Point(0, -0.62), Point(end.x, -0.62)), axes[1])
    axis_left(scene, Frame(Point(-0.4, 0), Point(1, 0), Point(0, end.y / down)), axes[0])
    last = corner.moved((right - 1) * step.x, (down - 1) * step.y)
    axis_right(scene, last, axes[2], columns)
    axis_below(scene, (last.at(rows, 0).shift(0, AWAY), last.at(rows, columns).shift(0, AWAY)), axes[3])


def _ticks(scene: Scene, axes: list[Axis], step: Point, corner: Frame) -> None:
    """1, 2, 3 beside the rows and over the columns of panels."""
    middle = corner.at(axes[2].size / 2, axes[3].size / 2)
    if step.x >= TICKS:
        for k in range(axes[1].size):
            scene.add(Text(Point(k * step.x + middle.x, -0.3), sign(str(k + 1), str(k + 1)), 0.34))
    if step.y >= TICKS:
        for k in range(axes[0].size):
            scene.add(Text(Point(-0.28, k * step.y + middle.y), sign(str(k + 1), str(k + 1)), 0.34))
