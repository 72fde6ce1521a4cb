"""The tensor diagram (Penrose notation) of a Jacobian: one for every term, joined by + and -.

Factors are boxes (dashed where they are 0/1 patterns), labels are wires, free legs the axes: outputs on the left,
inputs on the right. A straight wire from side to side is a Kronecker delta, a dot ties all the wires that meet in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from jacobians.errors import FormError
from jacobians.pictures.layers import Layers, Spot, layers
from jacobians.pictures.lettering import Label, factor, index, sign
from jacobians.pictures.scene import WIDTH, Box, Curve, Disc, Line, Point, Scene, Shape, Text, corners, moved, scaled
from jacobians.pictures.wiring import Vertex, Wiring, wiring
from jacobians.printing import LATEX, TEXT, index_letters, index_text, nice
from jacobians.structure import axis_names
from jacobians.terms import Labels, Term

if TYPE_CHECKING:
    from jacobians.jacobian import Jacobian

#: More than this in one picture is no help to a reader.
TERMS, FACTORS = 16, 16
#: Between columns, between rows, between terms, between lines of terms.
ACROSS, DOWN, BETWEEN, LINES = 0.8, 0.95, 0.4, 0.9
#: A box, the room beside its letters, a dot; letters of factors and of wires.
TALL, BESIDE, DOT, LARGE, LETTERS = 0.72, 0.36, 0.085, 0.44, 0.36
#: Between wires at one side of a box.
PORT = 0.18
#: A picture is not made smaller than this to fit the width.
SMALLEST = 0.4


def diagram(J: Jacobian) -> Scene:
    """The diagrams of all terms, in lines that fit the width.

    Raises:
        FormError: too many terms or factors.
    """
    terms = J.shown.terms
    most = max((len(t.factors) for t in terms), default=0)
    if len(terms) > TERMS or most > FACTORS:
        raise FormError(
            f"diagram: {len(terms):,} terms with up to {most} factors each, at most {TERMS} terms with {FACTORS} are "
            "drawn; use J.merge() to add up like terms, or J.text('index')"
        )
    names = axis_names(terms, len(J.shape))
    scene = Scene(index_text(J))
    pieces = [_piece(term, names, first=k == 0) for k, term in enumerate(terms)]
    scene.add(*_in_lines(pieces) if pieces else [Text(Point(0, 0), sign("0", "0"), LARGE)])
    low, high = scene.corners
    scale = min(1.0, WIDTH / (high.x - low.x))
    if scale < SMALLEST:
        raise FormError(
            f"diagram: a term with {most} factors is {1 / scale:.1f} times as wide as a page; use shorter names for "
            "the factors, or J.text('index')"
        )
    scene.shapes = [scaled(shape, scale) for shape in scene.shapes]
    return scene


def _in_lines(pieces: Sequence[Sequence[Shape]]) -> list[Shape]:
    """Pieces beside one another, each around the height 0 of its line."""
    shapes: list[Shape] = []
    x = y = bottom = 0.0
    line: list[Shape] = []
    for piece in pieces:
        low, high = corners(piece)
        if line and x + high.x - low.x > WIDTH:
            shapes += line
            x, y, line = 0.0, bottom + LINES - low.y, []
        line += [moved(shape, x - low.x, y) for shape in piece]
        x += high.x - low.x + BETWEEN
        bottom = max(bottom, y + high.y)
    return shapes + line


def _piece(term: Term, names: Labels, first: bool) -> list[Shape]:
    """Sign, coefficient and diagram of a term, the diagram's middle at the height 0."""
    graph = wiring(term)
    drawn = _Drawing(graph, layers(graph), index_letters(term, names), names).shapes()
    low, high = corners(drawn)
    drawn = [moved(shape, -low.x, -(low.y + high.y) / 2) for shape in drawn]
    front = _front(term.coef, first, bare=not drawn)
    if front:
        drawn.append(Text(Point(-BETWEEN, 0), front, LARGE, "end"))
    return drawn


def _front(coef: float, first: bool, bare: bool) -> Label | None:
    """`−`, `+ 2`, `1/3`; None where nothing need be written."""
    size = nice(abs(coef))
    number = size != 1 or bare
    mark = "-" if math.copysign(1, coef) < 0 else "" if first else "+"
    if not mark and not number:
        return None
    plain = " ".join(filter(None, (mark.replace("-", "−"), TEXT.number(size) if number else "")))
    latex = LATEX.number(size) if number else ""
    if isinstance(size, Fraction) and size.denominator != 1:
        latex = latex.replace(r"\tfrac", r"\frac", 1)
    return sign(plain, f"{mark} {latex}".strip())


def _wire(a: Point, b: Point) -> Shape:
    return Line([a, b], "wire") if abs(a.y - b.y) < 0.01 else Curve(a, b, "wire")


class _Drawing:
    """The shapes of one term's diagram."""

    def __init__(self, graph: Wiring, placed: Layers, letters: Mapping[str, str], names: Labels) -> None:
        self.graph, self.placed, self.letters, self.names = graph, placed, letters, names
        self.column = {spot: k for k, column in enumerate(placed.columns) for spot in column}
        self.label = {v: self._name(v) for v in graph.vertices if v.kind == "factor"}
        self.x = self._across()

    def _name(self, v: Vertex) -> Label:
        """The factor's name; index letters where left and right do not tell which axis is which."""
        f = self.graph.term.factors[v.number]
        sides = [self._side(v, a) for a in f.labels] if len({*f.labels}) == len(f.labels) == 2 else []
        clear = len(f.labels) < 2 or sides in ([-1, 1], [1, -1])
        return factor(f, tuple(self.letters[a] for a in f.labels), shown=not clear, transposed=sides == [1, -1])

    def _side(self, v: Vertex, label: str) -> int:
        """-1 where the wire of a label leaves to the left, 1 to the right."""
        wire = next(w for w in self.graph.at(v) if w.label == label)
        other = self.column.get(wire.other(v), self.column[v])
        return (other > self.column[v]) - (other < self.column[v])

    def _width(self, v: Vertex) -> float:
        return max(TALL, self.label[v].width * LARGE + BESIDE) if v.kind == "factor" else 0.0

    def _wide(self, spot: Spot) -> float:
        """The width of a spot with what hangs above or below it."""
        if not isinstance(spot, Vertex):
            return 0.0
        rows = self._rows(spot)
        return max([self._width(spot), *(sum(map(self._width, row)) + 0.2 * (len(row) - 1) for row in rows)])

    def _rows(self, dot: Vertex) -> tuple[list[Vertex], list[Vertex]]:
        """What hangs above a dot and what hangs below it."""
        leaves = self.placed.hanging.get(dot, [])
        half = (len(leaves) + 1) // 2
        return leaves[:half], leaves[half:]

    def _across(self) -> list[float]:
        widths = [max(map(self._wide, column), default=0.0) for column in self.placed.columns]
        x = [0.0]
        for one, two in pairwise(widths):
            x.append(x[-1] + (one + two) / 2 + ACROSS)
        return x

    def _at(self, spot: Spot) -> Point:
        return Point(self.x[self.column[spot]], DOWN * self.placed.height[spot])

    def shapes(self) -> list[Shape]:
        """Wires first, so that boxes and dots lie on top of them."""
        wires: list[Shape] = []
        nodes: list[Shape] = []
        summed = set(self.graph.term.hidden)
        for wire, way in self.placed.ways.items():
            points = [self._port(way, 0), *map(self._at, way[1:-1]), self._port(way, -1)]
            wires += [_wire(a, b) for a, b in pairwise(points)]
            if wire.label in summed:
                summed.remove(wire.label)  # of the wires that meet in a dot one has the letter
                middle = Point((points[0].x + points[1].x) / 2, (points[0].y + points[1].y) / 2)
                wires.append(Text(middle.shift(0, -0.22), index(self.letters[wire.label]), LETTERS, faint=True))
        for spot in self.column:
            if isinstance(spot, Vertex):
                nodes += self._vertex(spot)
        return [*wires, *nodes]

    def _port(self, way: Sequence[Spot], end: Literal[0, -1]) -> Point:
        """Where a wire meets a vertex: of a box the right edge (end=0) or the left one, its wires in order."""
        spot, at = way[end], self._at(way[end])
        if not isinstance(spot, Vertex) or spot.kind != "factor":
            return at
        beside = 1 if end == 0 else -2
        rivals = [w for w in self.placed.ways.values() if w[end] == spot]
        rivals.sort(key=lambda w: self.placed.height[w[beside]])
        number = next(k for k, w in enumerate(rivals) if w is way)
        down = PORT * (number - (len(rivals) - 1) / 2)
        return at.shift((0.5 if end == 0 else -0.5) * self._width(spot), down)

    def _vertex(self, v: Vertex) -> list[Shape]:
        at = self._at(v)
        match v.kind:
            case "out":
                return [Text(at.shift(-0.12, 0), index(self.names[v.number]), LARGE, "end")]
            case "in":
                name = self.names[len(self.graph.term.out) + v.number]
                return [Text(at.shift(0.12, 0), index(name), LARGE, "start")]
            case "factor":
                return self._box(v, at)
            case "dot":
                return [*self._hung(v, at), Disc(at, DOT, "dot")]

    def _hung(self, dot: Vertex, at: Point) -> list[Shape]:
        shapes: list[Shape] = []
        for row, y in zip(self._rows(dot), (-DOWN, DOWN), strict=True):
            x = at.x - (sum(map(self._width, row)) + 0.2 * (len(row) - 1)) / 2
            for leaf in row:
                place = Point(x + self._width(leaf) / 2, at.y + y)
                shapes += [Line([at, place], "wire"), *self._box(leaf, place)]
                x += self._width(leaf) + 0.2
        return shapes

    def _box(self, v: Vertex, at: Point) -> list[Shape]:
        pattern = self.graph.term.factors[v.number].value.dtype == bool
        return [
            Box(at, self._width(v), TALL, "pattern" if pattern else "node"),
            Text(at, self.label[v], LARGE),
        ]
