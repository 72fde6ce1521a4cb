"""Derivations as LaTeX, Markdown, HTML and text; `test_tex.py` sets them, `test_notebooks.py` runs notebooks."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import jacobians as jac
from jacobians.errors import InputError
from jacobians.notation import parse
from jacobians.notation.options import Notation
from symbolic.documents.content import Section
from symbolic.documents.html import html
from symbolic.documents.latex import KINDS, document, snippet
from symbolic.documents.pdf import TexError, pdf, problem
from tests.derivations import by_hand, derived


def test_the_snippet_has_one_display_for_each_part_with_a_reason_for_each_line():
    derivation = derived()
    tex = derivation.latex()
    assert tex.count(r"\begin{align*}") == tex.count(r"\end{align*}") == len(derivation.parts)
    assert len(re.findall(r"&& (\\text\{\(|\(\\text\{)", tex)) == sum(len(part.steps) for part in derivation.shown)
    assert r"\frac{\partial L}{\partial W^{(1)}_{i j}} &= \sum_{" in tex
    assert r"&& \text{(chain rule)}" in tex
    assert "The derivative of" not in tex


def test_the_snippet_asks_for_amsmath_only():
    commands = set(re.findall(r"\\([A-Za-z]+)", derived().latex() + by_hand().latex()))
    known = "begin end text frac partial sum delta tanh left right qquad odot cdot Bigl Bigr Biggl Biggr"
    assert commands <= set(known.split())


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_the_checker_finds_every_line_true(kind, tmp_path):
    path = tmp_path / "derivation.tex"
    model = "".join(f"% {line}\n" for line in ["model:", *derived().content().model.splitlines()])
    path.write_text(model + derived().latex() if kind is None else derived().document(kind), encoding="utf-8")
    report = jac.check_document(path)
    assert report.exit_status == 0
    assert report.counts["true"] >= 18


def test_sentences_stand_beside_the_lines_of_an_article_and_nothing_where_none_are_wanted():
    derivation = derived()
    assert r"\reason{Chain rule: $L$ depends on $W^{(1)}$ through $z^{(1)}$.}" in derivation.document()
    assert r"\text{(chain rule)}" in derivation.document(reasons="names")
    assert r"\newcommand{\reason}" in derivation.latex(reasons="sentences")
    assert "rule" not in derivation.latex(reasons="none").replace("Chain rule", "")


def test_german():
    tex = derived(language="de").document()
    assert r"\section*{Die Ableitung von $L$ nach $W^{(1)}$}" in tex
    assert r"\reason{Kettenregel: $L$ hängt über $z^{(1)}$ von $W^{(1)}$ ab.}" in tex
    assert "rule" not in tex


def test_a_wide_line_is_broken_and_a_wide_head_gets_a_row_of_its_own():
    assert by_hand().latex(width=60).count(r"\qquad") < by_hand().latex(width=34).count(r"\qquad")
    given = replace(by_hand().content().sections[0].lines[0], head=parse("D(L, a1[l]) * D(L, W1[i, j]) * D(L, x[i])"))
    content = replace(by_hand().content(), sections=(Section((), (given,)),))
    first, *_ = snippet(content, width=20).splitlines()[1:]
    assert first.startswith(r"  &\frac{\partial L}{\partial a^{(1)}_{l}} \odot")


def test_slides_begin_with_the_head_and_say_their_title():
    tex = derived("recurrent").document("beamer")
    frames = re.findall(r"\\begin\{frame\}\{(.*)\}\n\\begin\{align\*\}\n  (\S+)", tex)
    assert len(frames) > len(derived("recurrent").parts)
    assert all(title and not title.endswith(".") for title, _ in frames)
    assert not [start for _, start in frames if start.startswith("&")]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: d.document("letter"), r"document: unknown kind 'letter'; known are article, beamer, standalone"),
        (lambda d: d.latex(width=5), r"latex: expected a width of at least 12 em, got 5; an article has 34 em"),
        (lambda d: d.latex(width=float("nan")), r"expected a width of at least 12 em, got nan"),
        (lambda d: d.latex(reasons="why"), r"latex: unknown reasons 'why'; known are names, sentences, none"),
        (lambda d: d.save("out.doc"), r"save: expected a name that ends in .tex, .pdf, .*, got 'out.doc'"),
        (lambda d: d.save("no-such-folder/out.md"), r"out.md: cannot be written: No such file or directory"),
    ],
)
def test_bad_requests_say_what_there_is(call, message):
    with pytest.raises(InputError, match=message):
        call(derived())


def test_markdown_has_one_block_for_each_part_and_explains_every_rule_once():
    text = derived().markdown()
    assert text.startswith("# The derivative of $L$ by $W^{(1)}$\n")
    assert text.count("\n$$\n\\begin{aligned}\n") == text.count("\n\\end{aligned}\n$$\n") == len(derived().parts) + 1
    assert text.count("- Chain rule: ") == 1
    assert "intertext" not in text


def test_the_checker_finds_every_line_of_the_markdown_true(tmp_path):
    path = tmp_path / "derivation.md"
    path.write_text(f"```model\n{derived().content().model}\n```\n\n{derived().markdown()}", encoding="utf-8")
    report = jac.check_document(path)
    assert report.exit_status == 0
    assert report.counts["true"] >= 18


def test_text_has_its_reasons_in_a_column():
    text = derived().text(100)
    assert "  D(L, W1[i, j]) = sum_" in text
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    column = next(line.index("Chain rule") for line in lines if "Chain rule" in line)
    assert column > 20


def test_narrow_text_has_short_reasons():
    assert "(chain rule)" in derived().text(40)
    assert "Chain rule" not in derived().text(40)


def test_the_page_runs_nothing_but_itself_and_takes_names_as_data():
    page = derived().html()
    assert "default-src 'none'" in page
    assert page.count("<script>") == 2
    body = re.sub(r"<!--.*?-->|<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"https?:|src=|href=", body)
    assert '<html lang="de">' in derived(language="de").html()
    said = replace(derived().content(), title=("<script>alert(1)</script> & \\input{x}",))
    assert "<script>alert" not in html(said)
    assert r"\textbackslash{}input\{x\}" in document(said)


def test_files_are_written_by_their_ending(tmp_path):
    for name, start in (("a.tex", "% model:"), ("a.md", "# The"), ("a.html", "<!DOCTYPE"), ("a.txt", "The derivative")):
        derived().save(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.md", "a.tex", "a.txt"]


def test_another_notation_writes_other_formulas():
    tex = derived().written(Notation(layers="[k]", kronecker="brackets")).latex()
    assert "W^{[1]}" in tex
    assert "W^{(1)}" not in tex


# ----- pdflatex, where it is not there or complains -----


def test_without_pdflatex_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        TexError, match=r"pdflatex was not found; install it \(Debian and Ubuntu: `apt install texlive-"
    ):
        pdf("x")


def test_the_first_problem_of_tex_is_said_with_its_line():
    printed = "...\n./document.tex:2: Undefined control sequence.\nl.2 \\foo\n./document.tex:9: Emergency stop.\n"
    assert problem(printed, "a\n \\foo bar\n") == (r"pdflatex says: Undefined control sequence; in line 2: \foo bar")
    bare = "! Undefined control sequence.\nl.1 a\n"
    assert problem(bare, "a\n") == "pdflatex says: Undefined control sequence; in line 1: a"
    assert problem("nothing", "a") == "pdflatex made no PDF and did not say why"
    missing = "! LaTeX Error: File `standalone.cls' not found."
    assert "LaTeX has no file standalone.cls; install the package that has it (Debian" in problem(missing, "a")
