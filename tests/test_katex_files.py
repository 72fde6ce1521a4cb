"""KaTeX in the package: the files are those that its authors published, and a style sheet holds what formulas need."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from jacobians import katex

HOME = Path(katex.__file__).parent
FONTS = sorted(path.stem.removeprefix("KaTeX_") for path in (HOME / "fonts").glob("*.woff2"))


def test_every_file_has_the_checksum_of_its_release():
    sums = dict(reversed(line.split()) for line in (HOME / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
    there = {str(p.relative_to(HOME)) for p in HOME.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    assert there == {*sums, "SHA256SUMS"}
    for name, expected in sums.items():
        assert sha256((HOME / name).read_bytes()).hexdigest() == expected, name


def test_it_is_the_version_that_every_printed_formula_is_tested_with():
    package = json.loads((Path(__file__).parent / "katex" / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"]["katex"] == katex.VERSION
    assert f'version:"{katex.VERSION}"' in katex.script().replace(" ", "")


def test_the_script_cannot_end_its_own_element():
    assert "</script" not in katex.script()
    assert "<!--" not in katex.script()


def test_the_licences_are_there():
    assert "The MIT License" in (HOME / "LICENSE").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in (HOME / "fonts" / "LICENSE").read_text(encoding="utf-8")
    assert "--" not in katex.NOTICE  # it stands in a comment of HTML


def test_a_style_sheet_loads_nothing():
    css = katex.style(r"\mathcal{L} \mathbf{x}")
    assert set(re.findall(r"url\((.{0,22})", css)) == {"data:font/woff2;base64"}


@pytest.mark.parametrize(
    ("tex", "fonts"),
    [
        (r"\frac{a}{b}", set()),
        (r"\mathcal{L}", {"Caligraphic-Regular", "Caligraphic-Bold"}),
        (r"\mathfrak{g}", {"Fraktur-Regular", "Fraktur-Bold"}),
        (r"\boldsymbol{\delta}", {"Main-BoldItalic", "Math-BoldItalic"}),
        (r"\mathscr{F} \texttt{x}", {"Script-Regular", "Typewriter-Regular"}),
    ],
)
def test_fonts_that_formulas_ask_for(tex, fonts):
    always = {"AMS-Regular", "Main-Bold", "Main-Regular", "Math-Italic"} | {f"Size{k}-Regular" for k in (1, 2, 3, 4)}
    assert {font for font in FONTS if katex.needs(font, tex)} == always | fonts
    assert katex.style(tex).count("@font-face") == len(always | fonts)
