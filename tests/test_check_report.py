"""Reports of verdicts: what they print, that a hostile document stays data, what a corrected copy changes."""

from __future__ import annotations

import csv
import io
import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from jacobians.claims.compare import Entry
from jacobians.claims.context import Context
from jacobians.claims.discovery import Found
from jacobians.claims.document import DocumentReport, FormulaReport
from jacobians.claims.documents import Formula, read_text
from jacobians.claims.redpen import Explanation
from jacobians.claims.report_fix import fixed
from jacobians.claims.report_html import report_html
from jacobians.claims.report_markdown import report_markdown
from jacobians.claims.report_rows import report_rows, summary
from jacobians.claims.report_table import COLUMNS, print_table, records, without_claims, written
from jacobians.claims.report_text import print_report, report_text
from jacobians.claims.verdicts import Evidence, Link, Verdict
from jacobians.notation import Chain, Span, parse
from jacobians.notation.latex_parser import parse_statements

TRUE = Link("true", evidence=Evidence(6, ("different sizes", "equal sizes"), 2e-16))
SIGN = Explanation("a sign is wrong", "Follow each sign through the line.", r"\delta = z - y", span=Span(1, 10, 1, 15))
FALSE = Link(
    "false",
    reason="the numbers differ",
    entry=Entry((("i", 1),), (), 0.5, -0.5),
    evidence=Evidence(3, ("different sizes",), 2),
)
UNKNOWN = Link("not understood", reason=r"unknown command \foo; define it", span=Span(1, 5, 1, 6))
ROWS = "vectors are rows"
LAYOUT = Link("layout", reason=f"true where {ROWS}; the numbers differ otherwise", convention=ROWS)
COUNTED = "4 claims: 1 true, 2 false, 1 not understood"
COMPARED = "compared at 12 points (different sizes and equal sizes), largest deviation 2e-16 where true"


def made(text: str, *verdicts: list[Link], kind: str = "markdown", path: str = "notes.md", **more) -> DocumentReport:
    """A report with these links for the lines of its formulas, each link with the tree of its line."""
    document = read_text(text, kind, path)
    formulas = [part for part in document.parts if isinstance(part, Formula)]
    parts = []
    for formula, links in zip(formulas, verdicts, strict=True):
        trees = [] if links[0] is UNKNOWN else _sides(formula)
        placed = [with_tree(link, tree) for link, tree in zip(links, trees or [None] * len(links), strict=True)]
        parts.append(FormulaReport(formula, Verdict(formula.text, tuple(placed), surface=formula.surface), ()))
    return DocumentReport(document, tuple(parts), notes=document.notes, **more)


def _sides(formula: Formula) -> list:
    if formula.surface == "latex":
        trees = parse_statements(formula.text, Context().symbols(), {})
    else:
        trees = [parse(formula.text)]
    return [side for tree in trees for side in (tree.parts[1:] if isinstance(tree, Chain) else [tree])]


def with_tree(link: Link, tree) -> Link:
    return replace(link, tree=tree)


def explained(link: Link, **changes) -> Link:
    return replace(link, explanation=replace(SIGN, **changes))


SMALL = r"""# Sheet

The error $\delta = y - z$ of the output.

$$
\begin{aligned}
a &= b \\
  &= c
\end{aligned}
$$

And $x\foo$.
"""
STEP = explained(FALSE, corrected="d", span=Span(3, 4, 3, 5))


@pytest.fixture
def small() -> DocumentReport:
    found = (Found("b", "b : 3", (7, 1)),)
    return made(SMALL, [explained(FALSE)], [TRUE, STEP], [UNKNOWN], definitions=found)


class TestText:
    def test_where_there_is_no_terminal(self, small):
        assert (
            report_text(small)
            == r"""notes.md
notes.md:3:12: false: \delta = y - z
notes.md:7:1: true: a = b
notes.md:8:4: false: = c
notes.md:12:6: not understood: x\foo

Taken as definitions
  7:1: b : 3

notes.md:3:21: false: a sign is wrong
  | The error $\delta = y - z$ of the output.
  |                     ^~~~~
  the numbers differ
  i = 1: claimed -0.5, true 0.5
  corrected: \delta = z - y
  Follow each sign through the line.

notes.md:8:6: false: a sign is wrong
  |   &= c
  |      ^
  the numbers differ
  i = 1: claimed -0.5, true 0.5
  corrected: = d
  Follow each sign through the line.

notes.md:12:10: not understood
  | And $x\foo$.
  |          ^
  unknown command \foo; define it

notes.md: """
            + f"{COUNTED}; {COMPARED}"
        )

    def test_quiet_shows_problems_and_the_summary(self, small):
        lines = report_text(small, quiet=True).split("\n")
        assert lines[0] == "notes.md:3:21: false: a sign is wrong"
        assert lines[-1].startswith("notes.md: 4 claims: 1 true, 2 false, 1 not understood")
        assert "b : 3" not in "\n".join(lines)

    def test_a_terminal_has_marks_colours_and_no_line_too_long(self, small):
        out = io.StringIO()
        print_report(Console(file=out, width=40, force_terminal=True, color_system="standard", highlight=False), small)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).split("\n")
        assert plain[1:5] == [r"  ✗  3:12  \delta = y - z", "  ✓   7:1  a = b", "  ✗   8:4  = c", r"  ?  12:6  x\foo"]
        assert "\x1b[1;31my - z\x1b[0m" in out.getvalue()
        assert plain[10:12] == ["  | …e error $\\delta = y - z$ of the ou…", "  | " + " " * 19 + "^~~~~"]
        shown = [line for line in plain if not line.startswith("notes.md")]
        assert max(map(len, shown)) <= 40

    def test_a_long_line_is_cut_around_the_part_at_fault(self):
        text = "word " * 60 + r"$\delta = y - z$" + " word" * 60
        out = io.StringIO()
        print_report(
            Console(file=out, width=60, force_terminal=True, color_system=None), made(text, [explained(FALSE)]), True
        )
        source, marks = out.getvalue().split("\n")[1:3]
        assert len(source) <= 60
        assert source[marks.index("^") : marks.index("^") + 5] == "y - z"
        assert source.endswith("…")
        assert source[4] == "…"

    def test_layout_says_its_convention_once(self):
        text = report_text(made("$a = b$", [LAYOUT]))
        assert "notes.md:1:6: layout: true where vectors are rows\n" in text
        assert text.count("vectors are rows") == 1
        assert "the numbers differ otherwise" in text

    def test_a_note_is_said_once_with_its_places(self):
        noted = Link("true", notes=("a dot is an inner product",))
        text = report_text(made("$a=b$ " * 5, *[[noted]] * 5))
        assert text.count("inner product") == 1
        assert "1:2, 1:8, 1:14 and 2 more: a dot is an inner product" in text

    def test_a_symbol_in_a_sentence_is_no_row(self):
        report = made("Let $x$ be.", [Link("declaration")])
        (formula,) = report.formulas
        bare = FormulaReport(formula.formula, Verdict("x", (Link("declaration"),)), ())
        text = report_text(DocumentReport(report.document, (bare,)))
        assert text == "notes.md\n\nnotes.md: nothing is claimed"

    def test_control_characters_reach_no_terminal(self):
        text = report_text(made("\x1b[31m\u202e $a = b$", [FALSE], path="no\x1btes\n.md"))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert text.startswith("no·tes .md\n")

    def test_places_in_notebooks_are_those_of_the_cell(self):
        cells = [{"cell_type": "markdown", "source": s} for s in ("# x", r"so $\delta = y - z$")]
        notebook = json.dumps({"nbformat": 4, "cells": cells})
        text = report_text(made(notebook, [explained(FALSE)], kind="notebook", path="n.ipynb"))
        assert "n.ipynb:cell 2:1:14: false: a sign is wrong\n  | so $\\delta = y - z$\n  |              ^~~~~" in text

    def test_statements_of_one_formula_are_apart(self):
        first, second = report_rows(made(r"$a = b, \quad c = d + e$", [TRUE, FALSE]))
        assert (first.text, second.text) == ("a = b", "c = d + e")

    def test_code_is_judged_line_by_line(self):
        rows = report_rows(made("so `dW = dZ @ A` and", [FALSE]))
        assert [row.text for row in rows] == ["dW = dZ @ A"]
        assert rows[0].where == "1:5"


class TestSummary:
    def test_one_claim_and_none(self):
        assert str(summary(report_rows(made("$a = b$", [TRUE])))).startswith("1 claim: 1 true; compared at 6 points")
        assert str(summary([])) == "nothing is claimed"

    def test_nothing_compared(self):
        assert (
            str(summary(report_rows(made("$a = b$", [UNKNOWN])))) == "1 claim: 1 not understood; nothing was compared"
        )

    def test_the_deviation_is_that_of_true_lines(self):
        rows = report_rows(made("$a = b$, $c = d$", [TRUE], [FALSE]))
        assert summary(rows).deviation == 2e-16
        assert summary(rows).points == 9


class TestMarkdown:
    def test_marks_behind_the_formulas_and_details_at_the_end(self, small):
        assert (
            report_markdown(small)
            == r"""# Sheet

The error $\delta = y - z$ **✗ 1** of the output.

$$
\begin{aligned}
a &= b \\
  &= c
\end{aligned}
$$
✓ **✗ 2**

And $x\foo$ **? 3**.

---

## Verdicts

**notes.md**: """
            + f"{COUNTED}; {COMPARED}"
            + r"""

1. **false: a sign is wrong** (3:21)
   - line: `\delta = y - z`
   - the numbers differ
   - i = 1: claimed -0.5, true 0.5
   - corrected: `\delta = z - y`
   - Follow each sign through the line.
2. **false: a sign is wrong** (8:6)
   - line: `= c`
   - the numbers differ
   - i = 1: claimed -0.5, true 0.5
   - corrected: `= d`
   - Follow each sign through the line.
3. **not understood** (12:10)
   - line: `x\foo`
   - unknown command \\foo; define it

Taken as definitions:

- 7:1: `b : 3`
"""
        )

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("> $$\n> a = b\n> $$", "> $$\n> a = b\n> $$\n> ✓"),
            ("- \\(a = b\\), so", "- \\(a = b\\) ✓, so"),
            ("```math\na = b\n```\nso", "```math\na = b\n```\n✓\nso"),
            ("so $$a = b$$ and", "so $$a = b$$ ✓ and"),
            ("\\begin{equation}\na = b\n\\end{equation}", "\\begin{equation}\na = b\n\\end{equation}\n✓"),
            ("`dW = a @ b` so", "`dW = a @ b` ✓ so"),
            ("so $a$ = $b$.", "so $a$ = $b$ ✓."),
        ],
    )
    def test_marks_stand_behind_the_delimiters(self, source, expected):
        assert report_markdown(made(source, [TRUE])).split("\n\n---")[0] == expected

    def test_backticks_and_signs_of_others_mean_nothing(self):
        problem = Link("false", reason="*not* <b>bold</b> [x](y)")
        text = report_markdown(made("$a = b$", [problem], path="`a`_b_.md"))
        assert r"\*not\* \<b\>bold\</b\> \[x\](y)" in text
        assert r"**\`a\`\_b\_.md**" in text


class Page(HTMLParser):
    """The elements, attributes and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._open = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_endtag(self, tag):
        self._open = ""

    def handle_data(self, data):
        if self._open in self.inside:
            self.inside[self._open][-1] += data
        else:
            self.words.append(data)


HOSTILE = r"""# <script>alert(1)</script> & "quotes"

<img src=x onerror=alert(1)> [link](javascript:alert(1)) ![$a = b$](http://evil.example/x.png "t")
<!-- hidden --> <style>body{display:none}</style> </main></div>

Inline $a = "><script>alert(2)</script>$ and $b = \href{javascript:alert(3)}{x}$.

```"onclick=alert(4)
</code></pre><script>alert(5)</script>
```

| a | $c = d$ |
|---|---|
| </td> | x |

<div onclick="alert(6)">$e = f$</div>
"""


class TestHtml:
    def test_every_formula_has_its_mark_and_every_problem_its_details(self, small):
        html = report_html(small)
        page = Page(html)
        text = " ".join(" ".join(page.words).split())
        assert "1 true" in text
        assert "Follow each sign through the line." in text
        links = [a["href"] for tag, a in page.tags if tag == "a"]
        assert {"#problem-1", "#problem-2", "#problem-3"} == set(links)
        assert {a["id"] for tag, a in page.tags if tag == "dl"} == {"problem-1", "problem-2", "problem-3"}
        marked = [json.loads(a["data-marked"])[0] for tag, a in page.tags if tag == "code" and "data-marked" in a]
        assert marked[0] == r"\delta = \textcolor{#dd3a3a}{y - z}"
        assert any(r"b\;\textcolor{#2a9148}{\text{✓}} \\" in tex and r"\text{✗}^{2}" in tex for tex in marked)
        assert r"\delta = z - y" in marked

    def test_a_policy_admits_the_pages_own_scripts_and_styles_only(self, small):
        page = Page(report_html(small))
        (policy,) = (a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert "http" not in policy
        contents = [*page.inside["script"], *page.inside["style"]]
        assert len(contents) == 3
        for content in contents:
            assert b64encode(sha256(content.encode()).digest()).decode() in policy

    def test_a_hostile_document_stays_text(self):
        report = made(HOSTILE, [FALSE], [UNKNOWN], [UNKNOWN], [TRUE], [TRUE], path='"><script>alert(7)</script>.md')
        page = Page(report_html(report))
        assert len(page.inside["script"]) == 2
        assert len(page.inside["style"]) == 1
        assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "form", "link", "base", "svg"}
        for _, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "style", "srcset")]
            assert attributes.get("href", "#problem-1").startswith("#problem-")
        assert [tag for tag, _ in page.tags].count("main") == 1
        text = "".join(page.words)
        for said in ("<script>alert(1)</script>", "onerror=alert(1)", "javascript:alert(1)", "alert(5)", "alert(7)"):
            assert said in text

    def test_katex_trusts_nobody(self, small):
        script = Page(report_html(small)).inside["script"][1]
        assert "trust: false" in script
        assert "innerHTML" not in script
        assert "maxExpand: 1000" in script

    def test_definitions_of_macros_are_data(self):
        macros = r"\newcommand{\R}{\text{</div><script>alert(1)</script>}}"
        page = Page(report_html(made(f"{macros}\n\n$a = b$", [TRUE])))
        (found,) = (json.loads(a["data-macros"]) for _, a in page.tags if "data-macros" in a)
        assert found == [macros]
        assert len(page.inside["script"]) == 2

    def test_only_fonts_that_the_formulas_need(self):
        plain, script = (report_html(made(f"$a = {x}$", [TRUE])) for x in ("b", r"\mathscr{b}"))
        assert "font-family:KaTeX_Script;" not in plain
        assert "font-family:KaTeX_Script;" in script
        assert "http://" not in plain.replace("http://www.w3.org/", "")
        assert "url(fonts" not in plain

    def test_latex_shows_the_body_with_its_headings(self):
        source = "\\documentclass{x}\n\\begin{document}\n\\section{Two <b>}\n\nSo \\(a = b\\).\n\n\\end{document} after"
        html = report_html(made(source, [TRUE], kind="latex"))
        assert "<h2>Two &lt;b&gt;</h2>" in html
        assert "documentclass" not in html
        assert "after" not in Page(html).words

    def test_cells_of_a_notebook_in_order(self):
        cells = [("markdown", "# Title\n\n$a = b$"), ("code", "x = 1 < 2\nprint(x)"), ("markdown", "$c = d$")]
        notebook = json.dumps({"nbformat": 4, "cells": [{"cell_type": k, "source": s} for k, s in cells]})
        html = report_html(made(notebook, [TRUE], [TRUE], kind="notebook"))
        assert html.count('<section class="cell markdown">') == 2
        assert html.index("<h1>Title</h1>") < html.index("x = 1 &lt; 2") < html.index(">c = d<")
        assert "[cell" not in html

    def test_a_listing_has_its_marks_at_the_lines(self):
        html = report_html(made("```python\ndW = a @ b\n```", [FALSE]))
        assert re.search(r"dW = a @ b <a class=\"mark false\"[^>]*>✗<sup>1</sup></a></code>", html)


class TestTable:
    def test_csv_and_json(self, small):
        rows = records(small)
        read = list(csv.DictReader(io.StringIO(written(rows, path=Path("t.csv")))))
        assert tuple(read[0]) == COLUMNS
        assert [(r["claim"], r["place"], r["status"], r["mistake"], r["points"]) for r in read] == [
            ("1", "3:12", "false", "a sign is wrong", "3"),
            ("2", "7:1", "true", "", "6"),
            ("3", "8:4", "false", "a sign is wrong", "3"),
            ("4", "12:6", "not understood", "", "0"),
        ]
        assert read[2]["formula"] == "'= c"
        assert json.loads(written(rows, path=Path("t.json"))) == rows
        assert rows[2]["formula"] == "= c"

    @pytest.mark.parametrize("name", ["=HYPERLINK(1).md", "+1.md", "-1.md", "@x.md"])
    def test_a_spreadsheet_computes_nothing(self, name):
        cell = written([without_claims(name, "unreadable", "=1+1")], Path("t.csv")).split("\n")[1]
        assert cell.startswith(f"'{name}")
        assert "'=1+1" in cell

    def test_a_document_without_claims_is_not_missing(self):
        (row,) = records(made("no mathematics"))
        assert (row["document"], row["status"]) == ("notes.md", "no claims")

    def test_a_line_for_each_document(self, small):
        out = io.StringIO()
        rows = [*records(small), without_claims("b.md", "unreadable", "no text")]
        print_table(Console(file=out, width=100), rows, ["notes.md", "b.md"])
        lines = [line.rstrip() for line in out.getvalue().split("\n")]
        assert lines[0].split() == "document true false not understood unreadable mistakes".split()
        assert lines[1].split() == "notes.md 1 2 1 a sign is wrong (2)".split()
        assert lines[2].split() == "b.md 1 no text".split()


class TestFix:
    def test_corrected_lines_and_not_one_other_byte(self, small):
        content = SMALL.encode()
        found = fixed(content, small)
        expected = SMALL.replace("y - z", "z - y").replace("&= c", "&= d")
        assert (found.content.decode(), found.count, found.notes) == (expected, 2, ())

    @pytest.mark.parametrize(
        ("mark", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
    )
    def test_line_ends_and_encoding_stay(self, small, mark, encoding):
        source = SMALL.replace("\n", "\r\n").replace("Sheet", "Übung\N{GREEK SMALL LETTER DELTA}")
        found = fixed(mark + source.encode(encoding), small)
        expected = source.replace("y - z", "z - y").replace("&= c", "&= d")
        assert found.content == mark + expected.encode(encoding)

    def test_nothing_to_correct(self):
        content = b"$a = b$ \r\n\r"
        assert fixed(content, made("$a = b$", [FALSE])).content == content

    def test_two_statements_of_one_formula(self):
        whole = r"a = b, \quad c = d"
        one = explained(FALSE, corrected=r"a = p, \quad c = d", span=None)
        other = explained(FALSE, corrected=r"a = b, \quad c = q", span=None)
        found = fixed(f"${whole}$".encode(), made(f"${whole}$", [one, other]))
        assert found.content == rb"$a = p, \quad c = q$"

    def test_what_lies_across_delimiters_is_left_to_the_reader(self):
        found = fixed(
            b"so $a$ = $b$",
            made("so $a$ = $b$", [explained(FALSE, corrected="c  = d", left=True, span=Span(1, 1, 1, 2))]),
        )
        assert found.content == b"so $a$ = $b$"
        assert found.notes == ("1:5: put in the correction by hand: c = d",)

    @pytest.mark.parametrize("layout", [{"indent": 1}, {"indent": 2}, {}])
    def test_a_notebook_keeps_its_layout(self, layout):
        def notebook(formula: str) -> str:
            source = ["# Ü\n", f"so ${formula}$\n", "end"]
            cells = [{"cell_type": "code", "source": "x"}, {"cell_type": "markdown", "source": source, "id": "b"}]
            return json.dumps({"nbformat": 4, "cells": cells, "z": 1.0}, ensure_ascii=False, **layout) + "\n"

        text = notebook(r"\delta = y - z")
        found = fixed(text.encode(), made(text, [explained(FALSE)], kind="notebook"))
        assert (found.content.decode(), found.notes) == (notebook(r"\delta = z - y"), ())

    def test_a_notebook_of_another_layout_says_so(self):
        text = '{"nbformat":4,\n "cells":[{"cell_type":"markdown","source":"$\\\\delta = y - z$"}]}'
        found = fixed(text.encode(), made(text, [explained(FALSE)], kind="notebook"))
        assert json.loads(found.content)["cells"][0]["source"] == r"$\delta = z - y$"
        assert found.notes == ("the notebook's JSON has a layout of its own; the copy has that of Jupyter",)
