r"""A scene as a `tikzpicture` that needs `\usepackage{tikz}` and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jacobians.pictures.scene import Box, Curve, Disc, Line, Point, Polygon, Scene, Shape, Style, Text
from jacobians.pictures.styles import FAINT, INK, LOOKS, Look

#: Centimetres and points of a unit.
UNIT, POINTS = 0.8, 22.8
#: Where TikZ puts the anchor of a text.
ANCHORS = {"start": "mid west", "middle": "mid", "end": "mid east"}
#: What formulas take from amsmath, for documents without it.
AMSMATH = {
    r"\operatorname": r"\providecommand{\operatorname}[1]{\mathrm{#1}}",
    r"\text": r"\providecommand{\text}[1]{\mbox{#1}}",
    r"\lVert": r"\providecommand{\lVert}{\Vert}\providecommand{\rVert}{\Vert}",
    r"\lvert": r"\providecommand{\lvert}{\vert}\providecommand{\rvert}{\vert}",
    r"\tfrac": r"\providecommand{\tfrac}[2]{{\textstyle\frac{#1}{#2}}}",
}


def tikz(scene: Scene) -> str:
    """The scene as a `tikzpicture` environment; `%` lines say what it shows."""
    body = [_path(shape) for shape in scene.shapes]
    looks = {name: look for name, look in LOOKS.items() if any(getattr(s, "style", "") == name for s in scene.shapes)}
    used = "\n".join(body)
    commands = [line for command, line in AMSMATH.items() if command in used]
    comment = f"% {' '.join(scene.words.split())}"
    head = rf"\begin{{tikzpicture}}[x={UNIT}cm, y=-{UNIT}cm, {', '.join(_styles(looks))}]"
    return "\n".join([comment, head, *commands, *_colours(looks), *body, r"\end{tikzpicture}"]) + "\n"


def _colours(looks: Mapping[Style, Look]) -> Iterator[str]:
    for name, look in looks.items():
        for kind, colour in (("fill", look.fill), ("stroke", look.stroke)):
            if colour:
                yield rf"\definecolor{{jacobian {name} {kind}}}{{HTML}}{{{colour}}}"
    yield rf"\definecolor{{jacobian ink}}{{HTML}}{{{INK[0]}}}"
    yield rf"\definecolor{{jacobian faint}}{{HTML}}{{{FAINT[0]}}}"


def _styles(looks: Mapping[Style, Look]) -> Iterator[str]:
    """A style `jacobian value` and so on for every kind of shape."""
    for name, look in looks.items():
        parts = [f"fill=jacobian {name} fill"] if look.fill else []
        if look.stroke:
            parts += [f"draw=jacobian {name} stroke", f"line width={POINTS * look.width:.2f}pt"]
        parts += ["dashed"] if look.dashed else []
        yield f"jacobian {name}/.style={{{', '.join(parts)}}}"
    yield "jacobian letters/.style={inner sep=0pt, outer sep=0pt}"


def _path(shape: Shape) -> str:
    match shape:
        case Polygon(points, style):
            return rf"\path[jacobian {style}] {' -- '.join(map(_place, points))} -- cycle;"
        case Line(points, style, arrow):
            return rf"\path[jacobian {style}{', ->' if arrow else ''}] {' -- '.join(map(_place, points))};"
        case Curve(start, end, style):
            first, second = map(_place, shape.controls)
            return rf"\path[jacobian {style}] {_place(start)} .. controls {first} and {second} .. {_place(end)};"
        case Disc(center, radius, style):
            return rf"\path[jacobian {style}] {_place(center)} circle[radius={UNIT * radius:.3f}cm];"
        case Box(height=height, style=style):
            low, high = shape.extent
            corners = f"rounded corners={POINTS * min(0.2, height / 4):.1f}pt"
            return rf"\path[jacobian {style}, {corners}] {_place(low)} rectangle {_place(high)};"
        case Text():
            return _node(shape)


def _node(text: Text) -> str:
    size = POINTS * text.size
    slope = f", yslant={text.slope:.3f}" if text.slope else ""
    look = f"text=jacobian {'faint' if text.faint else 'ink'}, anchor={ANCHORS[text.anchor]}{slope}"
    font = rf"\fontsize{{{size:.1f}}}{{{1.2 * size:.1f}}}\selectfont"
    return rf"\node[jacobian letters, {look}, font={font}] at {_place(text.at)} {{{text.label.latex}}};"


def _place(p: Point) -> str:
    return f"({p.x:.3f}, {p.y:.3f})"
