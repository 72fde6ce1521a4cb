"""Pictures: which cells are zero, against the dense array; everything inside the frame."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import jacobians as jac
from jacobians import delta_einsum
from jacobians.errors import FormError, InputError
from jacobians.pictures import picture
from jacobians.pictures.blocks import blocks
from jacobians.pictures.cells import possible, structure
from jacobians.pictures.diagram import diagram
from jacobians.pictures.layers import layers
from jacobians.pictures.lettering import number
from jacobians.pictures.scene import WIDTH, Polygon, Text
from jacobians.pictures.svg import svg
from jacobians.pictures.tikz import tikz
from jacobians.pictures.wiring import Vertex, wiring
from tests.contract import plainest

SERIF = FontProperties(family="STIXGeneral")
SVG = "{http://www.w3.org/2000/svg}"


def linear(wrt="W", m=2, n=3):
    x, W = np.arange(7.0, 7 + n), np.arange(1.0, 1 + m * n).reshape(m, n)
    return jac.Linear().jacobian(wrt, x=x, W=W, b=np.ones(m))


def softmax(n=4):
    return jac.Softmax().jacobian("x", x=np.linspace(-1, 2, n) ** 2)


def network():
    model = jac.mlp([3, 4, 2], activation="tanh", loss="squared_error")
    return model.run(model.random_point(seed=0))


@cache
def of_op(name):
    """The Jacobian by every differentiable input of an op, at its plainest example."""
    case = next(iter(plainest(jac.OPS[name])))
    return {wrt: case.op.jacobian(wrt, **case.inputs) for wrt in case.op.differentiable()}


OPS = list(jac.OPS)


# ----- which cells are zero -----


@pytest.mark.parametrize("name", OPS)
def test_cells_without_colour_are_zero(name):
    for wrt, J in of_op(name).items():
        mask = possible(J)
        assert mask.shape == J.shape, wrt
        assert (J.dense()[~mask] == 0).all(), wrt
        assert mask.sum() <= J.nnz, wrt


def test_the_coloured_cells_of_a_linear_layer_are_the_rows_of_its_slices():
    np.testing.assert_array_equal(
        possible(linear("W", 4, 5)), np.broadcast_to(np.eye(4, dtype=bool)[..., None], (4, 4, 5))
    )
    np.testing.assert_array_equal(possible(linear("b", 4, 5)), np.eye(4, dtype=bool))
    assert possible(linear("x", 4, 5)).all()


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.eye(5), "diagonal"),
        (np.ones((2, 3)), "dense"),
        (np.zeros((2, 3)), "zero"),
        (np.tri(5), "lower triangular"),
        (np.tri(5).T, "upper triangular"),
        (np.eye(7, 9, 2), "one diagonal, 2"),
        (np.eye(7) + np.eye(7, k=1), "banded, diagonals 0 to 1"),
        (np.eye(7, k=-1) + np.eye(7) + np.eye(7, k=1), "banded, diagonals -1 to 1"),
        (np.eye(5)[::-1], "sparse"),
    ],
    ids=lambda p: p if isinstance(p, str) else "",
)
def test_structure_in_a_word(matrix, word):
    assert structure(matrix != 0) == word


def test_block_picture_of_the_tensor():
    scene = blocks(linear("W", 4, 5), of="a", wrt="W")
    assert scene.words == "(4 | 4, 5): 20 of 80 entries can differ from zero"
    coloured = [shape for shape in scene.shapes if isinstance(shape, Polygon) and shape.style == "value"]
    assert len(coloured) == 4, "one row in each slice"
    assert len([s for s in scene.shapes if isinstance(s, Polygon) and s.style == "zero"]) == 4
    lefts = [row.points[0] for row in coloured]
    steps = [(round(b.x - a.x, 9), round(b.y - a.y, 9)) for a, b in pairwise(lefts)]
    assert len({*steps}) == 1
    assert min(steps[0]) > 0, "to the right from slice to slice, and one row down in each"
    shown = [s.label.plain for s in scene.shapes if isinstance(s, Text)]
    assert [f"∂a{k}/∂W" in shown for k in range(1, 6)] == [True, True, True, True, False]
    assert [name in shown for name in ("o = 1, …, 4", "o′ = 1, …, 4", "i = 1, …, 5")] == [True] * 3


def test_numbers_stand_in_their_cells():
    scene = blocks(linear("x"))
    frame = next(s for s in scene.shapes if isinstance(s, Polygon) and s.style == "zero")
    left, top = frame.points[0]
    right, bottom = frame.points[2]
    inside = [s for s in scene.shapes if isinstance(s, Text) and left < s.at.x < right and top < s.at.y < bottom]
    found = {
        (int(2 * (s.at.y - top) / (bottom - top)), int(3 * (s.at.x - left) / (right - left))): s.label for s in inside
    }
    assert {at: label.plain for at, label in found.items()} == dict(zip(np.ndindex(2, 3), "123456", strict=True))
    assert found[1, 2].latex == "$6$"


def test_symbols_stand_in_the_cells():
    texts = [s for s in blocks(linear("W"), "symbols").shapes if isinstance(s, Text)]
    symbols = [t for t in texts if t.label.plain.startswith("x")]
    assert [t.label.plain for t in symbols] == ["x1", "x2", "x3"] * 2
    assert symbols[0].label.latex == "$x_{1}$"
    assert [t.faint for t in texts if t.label.plain == "0"] == [True] * 6
    assert not any(t.label.plain == "0" for t in blocks(linear("W"), "none").shapes if isinstance(t, Text))


@pytest.mark.parametrize(
    ("x", "plain", "latex"),
    [
        (-3, "−3", "$-3$"),
        (0.123456, "0.12", "$0.12$"),
        (-1.26e-7, "−1.3·10−7", r"$-1.3 \cdot 10^{-7}$"),
        (-np.inf, "−∞", r"$-\infty$"),
        (np.nan, "nan", r"$\mathrm{nan}$"),
    ],
)
def test_numbers_in_cells(x, plain, latex):
    assert (number(x).plain, number(x).latex) == (plain, latex)


def test_nothing_to_draw():
    with pytest.raises(FormError, match=r"picture: the shape \(\) \| \(0\) has no entries"):
        delta_einsum("-> | i", i=0).picture()


def test_too_large_for_a_picture():
    with pytest.raises(
        FormError, match=r"\(41\) \| \(41, 50\) has 84,050 entries, at most 20,000 are drawn.*kind='diag"
    ):
        linear("W", 41, 50).picture()
    with pytest.raises(FormError, match=r"shape \(501\) needs 501 cells beside one another, at most 300"):
        delta_einsum("-> | i", i=501).picture()
    with pytest.raises(FormError, match="symbols: the matrix 30 x 30 has 900 entries"):
        linear("b", 30, 2).picture(cells="symbols")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"kind": "graph"}, "unknown kind 'graph'; known are blocks, diagram"),
        ({"format": "pdf"}, "unknown format 'pdf'; known are svg, tikz"),
        ({"cells": "words"}, "unknown cells 'words'; known are numbers, symbols, none"),
    ],
)
def test_unknown_pictures(asked, message):
    with pytest.raises(InputError, match=message):
        linear().picture(**asked)


# ----- tensor diagrams -----


def drawn(J):
    """The wires of a term with one letter per vertex: factors by name, legs by axis, dots by label."""
    (term,) = J.shown.terms
    graph = wiring(term)
    sides = {"out": term.out, "in": term.inp}

    def called(v: Vertex) -> str:
        if v.kind == "factor":
            return term.factors[v.number].name
        return f"•{v.label}" if v.kind == "dot" else f"{v.kind} {sides[v.kind][v.number]}{v.number}"

    return {frozenset((called(w.first), called(w.second))) for w in graph.wires}


def test_wires_of_the_tensor():
    assert drawn(linear("W")) == {frozenset(("out o0", "in o0")), frozenset(("x", "in i1"))}


def test_a_label_of_three_ends_is_a_dot_and_of_two_a_wire():
    x = np.array([1.0, -2.0, 3.0])
    assert drawn(jac.OPS["tanh"].jacobian("x", x=x)) == {
        frozenset(("•i", end)) for end in ("out i0", "in i0", "tanh'(x)")
    }
    assert drawn(network().jacobian("z2", "x")) == {
        frozenset(pair) for pair in [("out i0", "W2"), ("W2", "•k"), ("tanh'(z1)", "•k"), ("W1", "•k"), ("W1", "in j0")]
    }
    assert drawn(delta_einsum("-> | i", i=3)) == {frozenset(("•i", "in i0"))}, "a dot with one wire: ones"
    assert drawn(delta_einsum("-> i i |", i=3)) == {frozenset(("•i", "out i0")), frozenset(("•i", "out i1"))}


def test_factors_stand_on_the_way_from_outputs_to_inputs():
    (term,) = network().jacobian("z2", "x").shown.terms
    graph = wiring(term)
    placed = layers(graph)
    column = {s: k for k, spots in enumerate(placed.columns) for s in spots}
    by_name = {term.factors[v.number].name: v for v in graph.vertices if v.kind == "factor"}
    dot = next(v for v in graph.vertices if v.kind == "dot")
    path = [Vertex("out"), by_name["W2"], dot, by_name["W1"], Vertex("in")]
    assert [column[v] for v in path] == [0, 1, 2, 3, 4]
    assert len({round(placed.height[v], 1) for v in path}) == 1, "a straight line"
    assert placed.hanging == {dot: [by_name["tanh'(z1)"]]}


@pytest.mark.parametrize("name", OPS)
def test_no_two_vertices_in_one_place(name):
    for term in (t for J in of_op(name).values() for t in J.shown.terms):
        placed = layers(wiring(term))
        for spots in placed.columns:
            steps = [(placed.height[b] - placed.height[a], placed.gap(a, b)) for a, b in pairwise(spots)]
            assert all(step >= gap - 1e-9 for step, gap in steps)
        for way in placed.ways.values():
            at = [next(k for k, spots in enumerate(placed.columns) if s in spots) for s in way]
            assert at == list(range(at[0], at[-1] + 1)), "column by column"
            assert len(at) > 1, "never inside one"


def labels(J):
    return [s.label.plain for s in diagram(J).shapes if isinstance(s, Text)]


def test_signs_and_coefficients_between_the_terms():
    assert [t for t in labels(softmax()) if t in "+−"] == ["−"]
    v = delta_einsum("i -> | i", ("v", np.array([2.0, 3.0])), coef=-1 / 3)
    assert labels(v + v) == ["v", "i", "− 1/3", "v", "i", "− 1/3"]
    assert labels(delta_einsum(", -> |", ("a", 2.0), ("b", 3.0), coef=5)) == ["a", "b", "5"]
    assert labels(jac.jacobian.Jacobian([], (2,), (3,))) == ["0"]


def test_a_matrix_used_from_right_to_left_is_transposed():
    W, v = np.arange(6.0).reshape(2, 3), np.arange(1.0, 4)
    assert "W" in labels(delta_einsum("o i -> o | i", ("W", W)))
    assert "W⊤" in labels(delta_einsum("o i -> i | o", ("W", W)))
    assert "W" in labels(delta_einsum("i o -> i | o", ("W.T", W.T), o=2).T)
    assert "Wij" in labels(delta_einsum("i j, i, j -> | i j", ("W", W), ("u", v[:2]), ("v", v)))


def test_too_many_terms_for_a_diagram():
    v = delta_einsum("i -> | i", ("v", np.array([2.0, 3.0])))
    many = v
    for _ in range(16):
        many = many + v
    with pytest.raises(FormError, match=r"diagram: 17 terms with up to 1 factors each, at most 16 terms"):
        many.picture("diagram")
    long = delta_einsum("i -> | i", ("f" * 150, np.array([2.0, 3.0])))
    with pytest.raises(FormError, match=r"diagram: a term with 1 factors is [0-9.]+ times as wide as a page"):
        long.picture("diagram")


# ----- SVG and TikZ -----


def numbers(text):
    return [float(x) for x in re.findall(r"-?[0-9.]+", text)]


@cache
def letter(sign):
    """The width in a serif typeface, with some room, in parts of the size."""
    return TextPath((0, 0), sign, size=1, prop=SERIF).get_extents().width + 0.08 if sign.strip() else 0.3


def check_frame(text):
    """All coordinates lie in the view box; letters measured with a wide typeface."""
    root = ET.fromstring(text)
    _, _, width, height = numbers(root.get("viewBox"))
    for path in root.iter(f"{SVG}path"):
        values = numbers(path.get("d"))
        assert 0 <= min(values[::2]) <= max(values[::2]) <= width
        assert 0 <= min(values[1::2]) <= max(values[1::2]) <= height
    for box in root.iter(f"{SVG}rect"):
        if box.get("class") != "paper":
            x, y, w, h = (float(box.get(k)) for k in ("x", "y", "width", "height"))
            assert 0 <= x <= x + w <= width
            assert 0 <= y <= y + h <= height
    for line in root.iter(f"{SVG}text"):
        x, y = numbers(line.get("transform"))[:2]
        size = float(line.get("font-size"))
        wide = sum(sum(map(letter, s.text)) * size * (0.7 if s.get("font-size") else 1) for s in line)
        left = x - {"start": 0, "middle": 0.5, "end": 1}[line.get("text-anchor")] * wide
        assert 0 <= left <= left + wide <= width
        assert 0 <= y - size / 2 <= y + size / 2 <= height
    return root


@pytest.mark.parametrize("draw", [blocks, diagram])
@pytest.mark.parametrize("name", OPS)
def test_every_op_has_both_pictures(name, draw):
    for J in of_op(name).values():
        scene = draw(J)
        root = check_frame(svg(scene))
        assert not [e for e in root.iter() if e.tag.removeprefix(SVG) in ("script", "image", "use", "a")]
        assert numbers(root.get("viewBox"))[2] <= 40 * (WIDTH + 8)
        written = tikz(scene)
        assert written.count("{") == written.count("}")
        assert written.startswith("% ")


def test_names_are_escaped():
    J = delta_einsum("i -> | i", ("a < b & c", np.array([2.0, 3.0])))
    for kind in ("blocks", "diagram"):
        check_frame(J.picture(kind, of="<y>", wrt='"&'))
    assert "a &lt; b &amp; c" in J.picture("diagram")
    assert "<title>(a &lt; b &amp; c)_i</title>" in J.picture("diagram")


def test_own_colours_for_dark_surroundings():
    text = linear().picture()
    light, dark = text.split("@media (prefers-color-scheme:dark)")
    assert ".jacobian .paper{fill:#FFFFFF}" in light
    assert ".jacobian .paper{fill:#1B1E23}" in dark
    rules = re.findall(r"([.\w ]+)\{", text[text.index("<style>") + 7 : text.index("@media")])
    assert all(rule.startswith(".jacobian ") for rule in rules), "no rule for anything else on a page"


def brightness(colour):
    return np.array([int(colour[k : k + 2], 16) for k in (0, 2, 4)]) @ [0.2126, 0.7152, 0.0722] / 255


def test_zero_and_non_zero_differ_in_brightness():
    from jacobians.pictures.styles import INK, LOOKS

    for k, part in enumerate(("fill", "dark_fill")):
        zero, value = (brightness(getattr(LOOKS[name], part)) for name in ("zero", "value"))
        assert abs(zero - value) > 0.2
        assert min(abs(brightness(INK[k]) - zero), abs(brightness(INK[k]) - value)) > 0.4


@pytest.mark.tex
def test_tikz_compiles_with_tikz_alone(tmp_path):
    shown = [linear("W", 4, 5), softmax(), network().jacobian("L", "W1"), jac.OPS["norm"].jacobian("x", x=[3.0, 4.0])]
    pictures = [picture(J, kind, "tikz", of="a", wrt="W") for J in shown for kind in ("blocks", "diagram")]
    pictures.append(picture(linear("W", 4, 5), "blocks", "tikz", "symbols"))
    pictures += [picture(J, "diagram", "tikz") for name in OPS for J in of_op(name).values()]
    body = "\n\\par\n".join(pictures)
    head = r"\documentclass{article}\usepackage[margin=1cm]{geometry}\usepackage{tikz}\begin{document}"
    source = head + body + r"\end{document}"
    (tmp_path / "pictures.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-halt-on-error", "-no-shell-escape", "-interaction=nonstopmode", "pictures.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in done.stdout
    assert "Overfull" not in done.stdout
