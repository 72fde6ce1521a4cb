"""What a picture consists of, whatever it is written in: polygons, lines, discs, boxes and letters in one plane.

One unit is about the height of three letters; x runs to the right, y downwards. `svg.py` and `tikz.py` write a scene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from jacobians.pictures.lettering import Label

#: The width that fits a column of text; larger pictures take smaller cells or several lines.
WIDTH = 15.0
#: How far letters reach above and below the middle of their line, in parts of their size.
RISE = 0.62

Style = Literal["zero", "value", "grid", "edge", "axis", "wire", "node", "pattern", "dot"]
Anchor = Literal["start", "middle", "end"]


class Point(NamedTuple):
    """A place in the plane."""

    x: float
    y: float

    def shift(self, x: float, y: float) -> Point:
        """The place so far to the right and down."""
        return Point(self.x + x, self.y + y)


@dataclass(frozen=True)
class Polygon:
    """A filled area."""

    points: Sequence[Point]
    style: Style

    @property
    def extent(self) -> Sequence[Point]:
        return self.points


@dataclass(frozen=True)
class Line:
    """Straight from point to point."""

    points: Sequence[Point]
    style: Style
    arrow: bool = False

    @property
    def extent(self) -> Sequence[Point]:
        return self.points


@dataclass(frozen=True)
class Curve:
    """From left to right, horizontal at both ends."""

    start: Point
    end: Point
    style: Style

    @property
    def controls(self) -> tuple[Point, Point]:
        """The two inner points of the Bézier curve."""
        half = (self.end.x - self.start.x) / 2
        return self.start.shift(half, 0), self.end.shift(-half, 0)

    @property
    def extent(self) -> Sequence[Point]:
        return self.start, self.end


@dataclass(frozen=True)
class Disc:
    """A filled circle."""

    center: Point
    radius: float
    style: Style

    @property
    def extent(self) -> Sequence[Point]:
        return self.center.shift(-self.radius, -self.radius), self.center.shift(self.radius, self.radius)


@dataclass(frozen=True)
class Box:
    """A rectangle with round corners."""

    center: Point
    width: float
    height: float
    style: Style

    @property
    def extent(self) -> Sequence[Point]:
        x, y = self.width / 2, self.height / 2
        return self.center.shift(-x, -y), self.center.shift(x, y)


@dataclass(frozen=True)
class Text:
    """Letters on a line through the middle of their height; `slope` says how steeply the line rises to the right."""

    at: Point
    label: Label
    size: float = 0.4
    anchor: Anchor = "middle"
    slope: float = 0.0
    faint: bool = False

    @property
    def extent(self) -> Sequence[Point]:
        width, height = self.label.width * self.size, RISE * self.size
        left = {"start": 0.0, "middle": -width / 2, "end": -width}[self.anchor]
        ends = (left, left + width)
        return [self.at.shift(x, -self.slope * x + side) for x in ends for side in (-height, height)]


Shape = Polygon | Line | Curve | Disc | Box | Text


@dataclass
class Scene:
    """Shapes in the order in which they are drawn, and what they show in words."""

    words: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Draw on top of what is there."""
        self.shapes.extend(shapes)

    @property
    def corners(self) -> tuple[Point, Point]:
        """The upper left and the lower right corner of all that is drawn."""
        return corners(self.shapes)


def corners(shapes: Iterable[Shape]) -> tuple[Point, Point]:
    """The upper left and the lower right corner of shapes; of none, the origin."""
    points = [p for shape in shapes for p in shape.extent] or [Point(0, 0)]
    xs, ys = [p.x for p in points], [p.y for p in points]
    return Point(min(xs), min(ys)), Point(max(xs), max(ys))


def moved(shape: Shape, x: float, y: float) -> Shape:
    """The same shape elsewhere."""
    return _mapped(shape, lambda p: p.shift(x, y), 1.0)


def scaled(shape: Shape, scale: float) -> Shape:
    """The same shape larger or smaller, from the origin."""
    return _mapped(shape, lambda p: Point(scale * p.x, scale * p.y), scale)


def _mapped(shape: Shape, to: Callable[[Point], Point], scale: float) -> Shape:
    match shape:
        case Polygon(points) | Line(points):
            return replace(shape, points=list(map(to, points)))
        case Curve(start, end):
            return replace(shape, start=to(start), end=to(end))
        case Disc(center, radius):
            return replace(shape, center=to(center), radius=scale * radius)
        case Box(center, width, height):
            return replace(shape, center=to(center), width=scale * width, height=scale * height)
        case Text(at):
            return replace(shape, at=to(at), size=scale * shape.size)
