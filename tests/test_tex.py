"""Documents through pdflatex, and their pages through poppler.

On Debian 12 this needs: apt-get install -y --no-install-recommends texlive-latex-base texlive-latex-recommended
texlive-pictures texlive-latex-extra lmodern poppler-utils (100 MB to download, of which texlive-latex-extra, for the
class `standalone`, is 25 MB; three minutes on two busy cores).
"""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

from jacobians.notation import parse, to_latex
from symbolic.documents import pdf as pdf_file
from symbolic.documents.latex import KINDS
from symbolic.documents.pdf import TexError, pdf
from symbolic.documents.widths import size_of, words_width
from tests.derivations import CASES, by_hand, derived

pytestmark = pytest.mark.tex

#: Boxes may stick out by this much, in points.
TOLERATED = 2.0
#: The resolution of pages that are looked at, in dots per inch, and what counts as ink, of 255.
DPI, INK = 60, 160
#: Within so many millimetres of its edge a page is white.
MARGINS = {"article": 15, "beamer": 2, "standalone": 1}


def set_document(tex: str, monkeypatch) -> tuple[bytes, str]:
    """The PDF, and what pdflatex printed."""
    printed = []
    run = pdf_file._run
    monkeypatch.setattr(pdf_file, "_run", lambda *given: printed.append(run(*given)) or printed[-1])
    return pdf(tex), printed[-1][0]


#: Slides and pictures take long to set: of those, only some.
SET = [(name, "article") for name in CASES] + [
    (n, k) for k in KINDS[1:] for n in (*list(CASES)[:4], "recurrent, forward")
]


@pytest.mark.parametrize(("name", "kind"), SET)
def test_documents_are_set_without_complaint(name, kind, monkeypatch):
    made, printed = set_document(CASES[name]().document(kind), monkeypatch)
    assert made.startswith(b"%PDF")
    assert "Missing character" not in printed
    over = [float(points) for points in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too", printed)]
    assert all(points <= TOLERATED for points in over), printed[-3000:]
    shown = pages(made)
    assert shown
    for number, page in enumerate(shown, 1):
        check_page(page, kind, number)


def pages(made: bytes) -> list[np.ndarray]:
    """The pages in grey, from portable grey maps."""
    shown = subprocess.run(["pdftoppm", "-r", str(DPI), "-gray", "-"], input=made, capture_output=True, check=True)
    found, rest = [], shown.stdout
    while rest:
        magic, size, depth, rest = rest.split(b"\n", 3)
        assert (magic, depth) == (b"P5", b"255")
        width, height = map(int, size.split())
        found.append(np.frombuffer(rest[: width * height], np.uint8).reshape(height, width))
        rest = rest[width * height :]
    return found


def check_page(page: np.ndarray, kind: str, number: int) -> None:
    ink = page < INK
    assert ink.mean() > 1e-4, f"page {number} is blank"
    edge = round(MARGINS[kind] / 25.4 * DPI)
    inner = ink[edge:-edge, edge:-edge]
    assert ink.sum() == inner.sum(), f"page {number} has ink in its margins"


@pytest.mark.parametrize("width", [20.0, 34.0])
def test_snippets_fit_the_lines_that_they_are_made_for(width, monkeypatch):
    for derivation in (by_hand(), derived("recurrent"), derived(style="matrix")):
        tex = (
            rf"\documentclass{{article}}\usepackage{{amsmath}}\sloppy\setlength{{\textwidth}}{{{width}em}}"
            "\\begin{document}\n" + derivation.latex(width) + "\\end{document}\n"
        )
        _, printed = set_document(tex, monkeypatch)
        over = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too", printed)]
        assert all(points <= TOLERATED for points in over), printed[-2000:]


def test_the_english_document_and_the_german_one_have_the_same_pages(monkeypatch):
    assert len(pages(derived().pdf())) == len(pages(derived(language="de").pdf())) == 2


# ----- widths -----

FORMULAS = [
    "sum_k(D(L, z2[k]) * D(z2[k], W1[i, j]))",
    "W2.T @ (z2 - y) * tanh'(z1)",
    "(1 - a1[i]^2) * x[j] * sum_k(W2[k, i] * (z2[k] - y[k]))",
    "where(i == j, x[l], 0) + exp(z1)/sum_k(exp(z1[k]))",
    "diag(p) - p @ p.T + sqrt(v + eps) * gamma",
    "Id(m) ⊗ x + [[a, b], [c, d]] @ delta1",
    "softmax(z3)_i * log(mu) - sigma'(z2)^2 / (2 * n)".replace("_i", ""),
]


def test_widths_and_heights_are_those_of_tex(monkeypatch):
    """Within 8 per cent in width, never lower than 15 per cent less in height."""
    shown = ["a := b", *(to_latex(parse(formula)) for formula in FORMULAS)]
    shown += [derived().content().printer.tex(line.body) for s in derived().content().sections for line in s.lines]
    for tex, (width, height) in zip(
        shown, measured([rf"$\displaystyle {tex}$" for tex in shown], monkeypatch), strict=True
    ):
        assert size_of(tex).width == pytest.approx(width, rel=0.08), tex
        assert size_of(tex).height > 0.85 * height, tex


def test_words_are_no_wider_than_they_are_thought_to_be(monkeypatch):
    words = ["Chain rule: the derivatives are multiplied.", "Summe über alle Pfade", "(definition of $z^{(2)}$)"]
    for text, (width, _) in zip(words, measured(words, monkeypatch), strict=True):
        assert width * 0.98 < words_width(text) < width * 1.25, text


def measured(boxes: list[str], monkeypatch) -> list[tuple[float, float]]:
    """Widths and heights with depths of boxes in em, as TeX measures them."""
    lines = [rf"\setbox0\hbox{{{box}}}\typeout{{SIZE \the\wd0/\the\ht0/\the\dp0/}}" for box in boxes]
    tex = r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}\usepackage{amsmath,amssymb}"
    _, printed = set_document(tex + "\\begin{document}x\n" + "\n".join(lines) + "\n\\end{document}\n", monkeypatch)
    found = re.findall(r"SIZE ([\d.]+)pt/([\d.]+)pt/([\d.]+)pt/", printed)
    assert len(found) == len(boxes)
    return [(float(w) / 10, (float(h) + float(d)) / 10) for w, h, d in found]


# ----- the sandbox -----


def article(body: str) -> str:
    return f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def test_the_first_problem_is_said_with_its_line():
    with pytest.raises(TexError, match=r"^pdf: pdflatex says: Undefined control sequence; in line 3: \\nosuchthing$"):
        pdf(article(r"\nosuchthing"))
    with pytest.raises(
        TexError, match=r"^pdf: LaTeX has no file nosuchthing.sty; install the package that has it \(Deb"
    ):
        pdf(r"\documentclass{article}\usepackage{nosuchthing}" + "\n" + article("x"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret", ".hidden"])
def test_files_of_others_cannot_be_read(path):
    with pytest.raises(TexError, match=r"pdf: (LaTeX has no file|pdflatex says: .*not found|pdflatex says: .*File)"):
        pdf(article(rf"\input{{{path}}}"))


@pytest.mark.parametrize("path", ["/tmp/jacobians-was-here.tex", "../jacobians-was-here.tex"])
def test_files_of_others_cannot_be_written(path):
    with pytest.raises(TexError, match=r"pdflatex says: I can't write on file"):
        pdf(article(rf"\newwrite\out\immediate\openout\out={path}\immediate\write\out{{x}}\immediate\closeout\out"))


def test_no_program_is_started(tmp_path):
    made = tmp_path / "made"
    pdf(article(rf"\immediate\write18{{touch {made}}}x"))
    assert not made.exists()


def test_what_does_not_end_is_ended():
    with pytest.raises(
        TexError, match=r"^pdf: pdflatex took more than 1 seconds; give a shorter document or more time$"
    ):
        pdf(article(r"\def\again{\again}\again"), limit=1)


def test_the_folder_is_gone_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr(pdf_file.tempfile, "tempdir", str(tmp_path))
    pdf(article("x"))
    with pytest.raises(TexError):
        pdf(article(r"\nosuchthing"))
    assert not list(tmp_path.iterdir())
