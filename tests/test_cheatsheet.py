"""The cheat sheet: every op is on it, once; its formulas are read back; its two pages look as they should."""

from __future__ import annotations

import re

import numpy as np
import pytest

from jacobians.ops import FAMILIES, OPS
from symbolic.sheets import cheatsheet
from symbolic.sheets.content import LEGEND, families, lines
from symbolic.sheets.entries import Entry, entries
from symbolic.sheets.prose import formulas
from tests.sheet_pages import ink, overfull, pdflatex, text
from tests.sheet_values import Values, parsed
from tests.test_katex import problems


@pytest.fixture(scope="module")
def sheet():
    return families()


@pytest.fixture(scope="module")
def page():
    return cheatsheet.latex()


def test_every_op_is_there_once(sheet):
    assert [f.title for f in sheet] == list(FAMILIES)
    assert sorted(op.name for family in sheet for item in family.items for op in item.ops) == sorted(OPS)


def test_every_input_is_there(sheet):
    """By its entry in the line of its Jacobian; of ops with 2d and 3d the first op stands for all."""
    for family in sheet:
        for item in family.others:
            said = " ".join(item.jacobians)
            for entry in entries(item.ops[0]):
                assert rf"\partial {entry.at}" in said, (item.name, entry.wrt)


def test_the_file_has_every_name_and_balanced_braces(page):
    for name in OPS:
        assert name.replace("_", r"\_") in page
    assert page.count("{") == page.count("}")
    assert page.count("$") % 2 == 0
    assert re.findall(r"\\usepackage(?:\[[^]]*\])?\{(\w+)\}", page) == [
        "geometry", "amsmath", "multicol", "fontenc", "lmodern",
    ]  # fmt: skip


def test_patterns_count_from_zero(page):
    assert "Indices count from 0" in " ".join(LEGEND)
    assert r"\sum_{p} W_{o c p} [h = u + p]" in page.replace(r"\allowbreak ", "")
    assert r"x_{c, u + p}" in page


def test_inputs_share_a_line_where_they_differ_by_a_sign_or_a_factor():
    assert lines(entries(OPS["subtract"])) == (
        r"$\partial x_{i'},\ -\partial y_{i'}\colon \delta_{i i'} \equiv \mathrm{Id}_{n}$",
    )
    shared = lines(entries(OPS["elman_cell"]))[-1]
    assert shared.endswith(r"$, $\partial W_{j' i}\colon \dots\, x_{i}$, $\partial U_{j' p}\colon \dots\, h_{p}$")


@pytest.mark.parametrize(
    ("index", "shared"),
    [
        ("a_{i} x_{i} - b_{j} y_{j}", True),
        ("-a_{i} x_{i} - b_{j} y_{j}", False),  # the negative of one term
        ("a_{i} x_{i} - b_{j} y_{j} z_{k}", False),  # one term times z_k
    ],
)
def test_sums_share_a_line_where_they_are_equal_only(index, shared):
    leader = "a_{i} x_{i} - b_{j} y_{j}"
    found = lines([Entry("a", "y", "a", leader, "", 3), Entry("b", "y", "b", index, "", 3)])
    apart = (rf"$\partial a\colon {leader}$", rf"$\partial b\colon {index}$")
    assert found == ((rf"$\partial a,\ \partial b\colon {leader}$",) if shared else apart)


def slopes(sheet):
    """The functions and derivatives of the elementwise ops that are stated by one formula each."""
    for item in (item for family in sheet for item in family.elementwise):
        (slope,) = item.jacobians
        found = re.fullmatch(r"\$f'\\colon ([^$]*)\$(?: for .*)?", slope)
        if found and not re.search(r"'|\bc\b|erf", found[1]):
            yield item.ops[0], found[1]


def test_elementwise_derivatives_are_read_back_with_their_values(sheet):
    checked = 0
    for op, tex in slopes(sheet):
        for x in (0.3, 0.7):
            values = Values({"x": np.asarray(x), r"\pi": np.asarray(np.pi), r"\beta": np.asarray(1.0)}, {})
            got = values.value(parsed(tex, {"x": 0, "pi": 0, "beta": 0}))
            np.testing.assert_allclose(got, op.jacobian("x", x=x).dense(), rtol=1e-12, err_msg=f"{op.name}: {tex}")
        checked += 1
    assert checked >= 20


@pytest.mark.parametrize("ending", ["tex", "md", "html"])
def test_the_command_writes_the_sheet(ending, tmp_path, run_command):
    target = tmp_path / f"sheet.{ending}"
    run_command("cheatsheet", "-o", str(target))
    written = target.read_text(encoding="utf-8").replace("\\_", "_")
    assert all(name in written for name in OPS)


def test_an_unknown_ending_is_refused(run_command):
    status, _, said = run_command("cheatsheet", "-o", "sheet.docx")
    assert status == 2
    assert "expected a name that ends in .pdf, .tex, .md, .html, got 'sheet.docx'" in said


@pytest.mark.tex
def test_two_full_pages_with_every_name(page, tmp_path):
    log, pages = pdflatex(page, tmp_path)
    assert pages == 2
    assert not overfull(log)
    assert "Missing character" not in log
    words = re.sub(r"-\s+|\s+", "", text(tmp_path))
    assert [name for name in OPS if name not in words and name not in words.replace("\u02d9", "_")] == []
    for edges in ink(tmp_path):
        assert min(edges) > 5
        assert max(edges) < 20


@pytest.mark.katex
def test_every_formula_renders(sheet):
    items = [item for family in sheet for item in family.items]
    shown = [f for item in items for line in (item.formula, *item.jacobians) for f in formulas(line)]
    shown += [f for line in LEGEND for f in formulas(line)]
    bad = [f"{error}\n  {f}" for f, error in zip(shown, problems(shown), strict=True) if error]
    assert not bad, "\n".join(bad)
