"""What of a picture is written: every shape in SVG and in TikZ, coloured cells in their places, wires and patterns."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import numpy as np
import pytest

import jacobians as jac
from jacobians import delta_einsum
from jacobians.pictures.blocks import blocks
from jacobians.pictures.cells import possible
from jacobians.pictures.diagram import diagram
from jacobians.pictures.scene import Line, Polygon, Text
from jacobians.pictures.svg import svg
from jacobians.pictures.tikz import tikz
from jacobians.pictures.wiring import wiring
from tests.test_pictures import OPS, SVG, linear, of_op

DRAWN = [f"{SVG}{tag}" for tag in ("path", "rect", "circle")]


@pytest.mark.parametrize("draw", [blocks, diagram])
@pytest.mark.parametrize("name", OPS)
def test_every_shape_is_written(name, draw):
    for J in of_op(name).values():
        scene = draw(J)
        texts = [s.label for s in scene.shapes if isinstance(s, Text)]
        root = ET.fromstring(svg(scene))
        assert ["".join(line.itertext()) for line in root.iter(f"{SVG}text")] == [label.plain for label in texts]
        styled = [s for s in scene.shapes if not isinstance(s, Text)]
        heads = [s.style for s in styled if isinstance(s, Line) and s.arrow]
        classes = Counter(e.get("class") for e in root.iter() if e.tag in DRAWN)
        assert classes == Counter(["paper", *heads, *(s.style for s in styled)])
        lines = re.findall(r"\\(?:path|node)\[jacobian (\w+).*", written := tikz(scene))
        assert lines == [getattr(s, "style", "letters") for s in scene.shapes]
        nodes = [line for line in written.splitlines() if line.startswith(r"\node")]
        assert all(line.endswith(f"{{{label.latex}}};") for line, label in zip(nodes, texts, strict=True))


def area(polygon):
    """Of a parallelogram, by its first corner and the two beside it."""
    a, b, _, d = polygon.points
    return abs((b.x - a.x) * (d.y - a.y) - (b.y - a.y) * (d.x - a.x))


def areas(scene, style):
    return [area(s) for s in scene.shapes if isinstance(s, Polygon) and s.style == style]


@pytest.mark.parametrize("name", OPS)
def test_as_much_is_coloured_as_can_differ_from_zero(name):
    for J in of_op(name).values():
        scene = blocks(J)
        assert sum(areas(scene, "value")) / sum(areas(scene, "zero")) == pytest.approx(possible(J).mean())


def test_every_panel_of_rank_four_has_its_own_cell():
    shapes = [s for s in blocks(delta_einsum("-> i j | i j", i=2, j=3)).shapes if isinstance(s, Polygon)]
    panels = [s for s in shapes if s.style == "zero"]
    cells = [s for s in shapes if s.style == "value"]
    places = []
    for panel, cell in zip(panels, cells, strict=True):
        (left, top), (right, bottom) = panel.points[0], panel.points[2]
        x, y = cell.points[0]
        places.append((round(2 * (y - top) / (bottom - top)), round(3 * (x - left) / (right - left))))
    assert places == list(np.ndindex(2, 3))


@pytest.mark.parametrize("name", OPS)
def test_every_wire_is_drawn(name):
    for J in of_op(name).values():
        drawn = [s for s in diagram(J).shapes if getattr(s, "style", "") == "wire"]
        assert len(drawn) >= sum(len(wiring(term).wires) for term in J.shown.terms)


def test_patterns_have_boxes_of_their_own():
    def boxes(J):
        return [s.style for s in diagram(J).shapes if getattr(s, "style", "") in ("node", "pattern")]

    assert boxes(jac.OPS["cumsum"].jacobian("x", x=[1.0, 2.0, 3.0])) == ["pattern"]
    assert boxes(linear("x")) == ["node"]
