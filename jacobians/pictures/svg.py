"""A scene as SVG: no script, nothing from elsewhere, in light and in dark surroundings on its own paper."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from jacobians.pictures.lettering import Run
from jacobians.pictures.scene import Box, Curve, Disc, Line, Point, Polygon, Scene, Shape, Text
from jacobians.pictures.styles import FAINT, INK, LOOKS, PAPER

#: Pixels of a unit, and units left free around the picture.
UNIT, MARGIN = 40.0, 0.3
#: How far below the middle of a line its letters stand, how far scripts are moved, in parts of the size of the letters.
DROP, MOVED = 0.34, {"above": -0.38, "below": 0.24}
SCRIPT_SIZE = 70


def svg(scene: Scene) -> str:
    """The scene as one `<svg>` element, which may stand in a file of its own or in a page."""
    low, high = scene.corners
    origin = low.shift(-MARGIN, -MARGIN)
    width, height = (UNIT * (b - a + 2 * MARGIN) for a, b in zip(low, high, strict=True))
    body = "\n".join(_element(shape, origin) for shape in scene.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="jacobian" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="img">\n<title>{escape(scene.words)}</title>\n'
        f'<style>{_sheet()}</style>\n<rect class="paper" width="100%" height="100%"/>\n{body}\n</svg>\n'
    )


def _sheet() -> str:
    """The style sheet; every rule is for our own pictures alone."""
    rules = [
        ".jacobian text{font-family:'STIX Two Text','Latin Modern Roman','Times New Roman',Times,serif}",
        ".jacobian .italic{font-style:italic}",
        *(
            f".jacobian .{name}{{stroke-width:{_n(UNIT * look.width)}"
            + (";stroke-dasharray:5 3" if look.dashed else "")
            + (";fill:none}" if not look.fill else "}")
            for name, look in LOOKS.items()
            if look.width
        ),
        *_colours(0),
    ]
    return "".join(rules) + "@media (prefers-color-scheme:dark){" + "".join(_colours(1)) + "}"


def _colours(dark: int) -> Sequence[str]:
    letters = {".paper": PAPER[dark], "text": INK[dark], "text.faint": FAINT[dark]}
    rules = [f".jacobian {name}{{fill:#{colour}}}" for name, colour in letters.items()]
    for name, look in LOOKS.items():
        fill, stroke = (look.dark_fill, look.dark_stroke) if dark else (look.fill, look.stroke)
        parts = [f"{part}:#{colour}" for part, colour in (("fill", fill), ("stroke", stroke)) if colour]
        rules.append(f".jacobian .{name}{{{';'.join(parts)}}}")
    return rules


def _element(shape: Shape, origin: Point) -> str:
    def place(p: Point) -> str:
        return f"{_n(UNIT * (p.x - origin.x))} {_n(UNIT * (p.y - origin.y))}"

    match shape:
        case Polygon(points, style):
            return f'<path class="{style}" d="M{"L".join(map(place, points))}Z"/>'
        case Line(points, style, arrow):
            head = f'\n<path class="{style}" d="M{"L".join(map(place, _head(points)))}"/>' if arrow else ""
            return f'<path class="{style}" d="M{"L".join(map(place, points))}"/>{head}'
        case Curve(start, end, style):
            inner = " ".join(map(place, (*shape.controls, end)))
            return f'<path class="{style}" d="M{place(start)}C{inner}"/>'
        case Disc(center, radius, style):
            x, y = place(center).split()
            return f'<circle class="{style}" cx="{x}" cy="{y}" r="{_n(UNIT * radius)}"/>'
        case Box(_, width, height, style):
            x, y = place(shape.extent[0]).split()
            size = f'width="{_n(UNIT * width)}" height="{_n(UNIT * height)}" rx="{_n(UNIT * min(0.2, height / 4))}"'
            return f'<rect class="{style}" x="{x}" y="{y}" {size}/>'
        case Text():
            return _text(shape, place(shape.at))


def _head(points: Sequence[Point], long: float = 0.16, wide: float = 0.07) -> list[Point]:
    """The two strokes of an arrow head at the last point."""
    (x, y), (tip_x, tip_y) = points[-2:]
    length = ((tip_x - x) ** 2 + (tip_y - y) ** 2) ** 0.5
    along = Point((tip_x - x) / length, (tip_y - y) / length)
    back = Point(tip_x - long * along.x, tip_y - long * along.y)
    return [back.shift(-wide * along.y, wide * along.x), points[-1], back.shift(wide * along.y, -wide * along.x)]


def _text(text: Text, place: str) -> str:
    size = UNIT * text.size
    slant = f" matrix(1 {_n(-text.slope)} 0 1 0 0)" if text.slope else ""
    spans, moved = [], 0.0
    for run in text.label.runs:
        target = MOVED.get(run.style, 0.0)
        spans.append(_span(run, size * (target - moved)))
        moved = target
    look = ' class="faint"' if text.faint else ""
    return (
        f'<text{look} transform="translate({place}){slant}" y="{_n(DROP * size)}" font-size="{_n(size)}" '
        f'text-anchor="{text.anchor}">{"".join(spans)}</text>'
    )


def _span(run: Run, down: float) -> str:
    """Scripts are smaller; a piece after a script comes back to the line."""
    look = f' class="{run.style}"' if run.style == "italic" else ""
    size = f' font-size="{SCRIPT_SIZE}%"' if run.style in MOVED else ""
    move = f' dy="{_n(down)}"' if abs(down) > 1e-9 else ""
    return f"<tspan{look}{size}{move}>{escape(run.text)}</tspan>"


def _n(x: float) -> str:
    """A number with at most two decimals."""
    return f"{round(x, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
