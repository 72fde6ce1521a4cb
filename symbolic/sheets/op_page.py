r"""The sheet of one op as LaTeX, Markdown and an HTML page: formula, shapes, every Jacobian, options, source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from jacobians.notation import name_to_latex
from jacobians.op import Op
from jacobians.sheet import read_docstring
from symbolic.documents.breaking import rows
from symbolic.sheets.content import options
from symbolic.sheets.entries import Entry, entries
from symbolic.sheets.formula import formula
from symbolic.sheets.html import html_words, page
from symbolic.sheets.prose import sentence
from symbolic.sheets.tex import tex, words

#: The width of a displayed formula in em.
WIDTH = 40.0
SIZES = (
    r"$n_{i}$ is the number of values of the index $i$, $n$ that of the only index, $N$ that of the samples. "
    r"Indices count from 0; $[\dots]$ is 1 where the condition holds, else 0."
)
_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setlength{\emergencystretch}{3em}
\allowdisplaybreaks
\pagestyle{empty}
\begin{document}
"""


@dataclass(frozen=True)
class OpPage:
    """What the sheet says; sentences have formulas between dollar signs, displays are LaTeX."""

    op: Op
    summary: str
    formula: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    matrices: tuple[str, ...]


def op_page(op: Op) -> OpPage:
    """The sheet of an op."""
    summary, sections, note = read_docstring(op)
    shown = tuple(entries(op))
    facts = [("Shapes", " ".join(sections.get("Shapes", "").split()))]
    if any(not key.startswith("_") for key in vars(op)):
        facts.append(("Options", repr(op)))
    if values := options(op):
        facts.append(("Jacobians for", values))
    facts += [(f"Size of {e.wrt}", f"${e.example}$, which the numbers are for") for e in shown if e.example]
    facts += [(f"By {name}", f"no Jacobian: {reason}") for name, reason in op.data.items() if name in op.input_names()]
    facts += [("Note", note)] if note else []
    facts.append(("Source", " ".join(sections.get("Source", "").split())))
    matrices = tuple(_matrix(op, entry) for entry in shown if entry.matrix)
    return OpPage(op, summary, sentence(formula(op)), tuple(facts), shown, matrices)


def _matrix(op: Op, entry: Entry) -> str:
    head = rf"\frac{{\partial {name_to_latex(op.symbol, ())}}}{{\partial {name_to_latex(entry.wrt, ())}}}"
    return f"{head} = {entry.matrix}"


def displays(sheet: OpPage) -> list[str]:
    """The Jacobians entry by entry, then as matrices."""
    return [*(f"{e.head} = {e.index}" for e in sheet.entries), *sheet.matrices]


def latex(op: Op) -> str:
    """A whole file for pdflatex."""
    sheet = op_page(op)
    parts = [rf"\section*{{{words(op.name)}}}", tex(sheet.summary), rf"\textbf{{Formula.}} {tex(sheet.formula)}"]
    parts += [part for title, formulas in _chapters(sheet) for part in (rf"\textbf{{{title}.}}", _aligned(formulas))]
    parts += [tex(SIZES), *(rf"\textbf{{{words(title)}.}} {tex(text)}" for title, text in sheet.facts)]
    return _PREAMBLE + "\n\n".join(parts) + "\n\\end{document}\n"


def _aligned(formulas: Sequence[str]) -> str:
    lines = [r" \\ ".join(f"& {row}" for row in rows(formula, WIDTH)) for formula in formulas]
    return "\\begin{align*}\n" + " \\\\[4pt]\n".join(lines) + "\n\\end{align*}"


def markdown(op: Op) -> str:
    """Markdown with formulas between dollar signs."""
    sheet = op_page(op)
    parts = [f"# {_escaped(op.name)}", _escaped(sheet.summary), f"**Formula.** {_escaped(sheet.formula)}"]
    for title, formulas in _chapters(sheet):
        parts += [f"**{title}**", *(f"$$\n{tex}\n$$" for tex in formulas)]
    facts = (f"**{title}.** {_escaped(text)}" for title, text in sheet.facts)
    return "\n\n".join([*parts, SIZES, *facts]) + "\n"


def html(op: Op) -> str:
    """A page that needs no network."""
    sheet = op_page(op)
    parts = [f"<h1>{escape(op.name)}</h1>", f"<p>{html_words(sheet.summary)}</p>"]
    parts.append(f"<p><b>Formula.</b> {html_words(sheet.formula)}</p>")
    for title, formulas in _chapters(sheet):
        shown = "".join(f'<p class="display"><code class="tex">\\displaystyle {escape(f)}</code></p>' for f in formulas)
        parts.append(f"<h2>{title}</h2>{shown}")
    parts += [f"<p>{html_words(SIZES)}</p>"]
    parts += [f"<p><b>{escape(title)}.</b> {html_words(text)}</p>" for title, text in sheet.facts]
    body = f"<main>{''.join(parts)}</main>"
    return page(f"{op.name}: formula and Jacobians", body)


def _chapters(sheet: OpPage) -> list[tuple[str, Sequence[str]]]:
    entrywise = [f"{e.head} = {e.index}" for e in sheet.entries]
    found: list[tuple[str, Sequence[str]]] = [
        ("Jacobians, entry by entry", entrywise),
        ("Jacobians as matrices and tensors, axes of the output first", sheet.matrices),
    ]
    return [(title, formulas) for title, formulas in found if formulas]


def _escaped(text: str) -> str:
    """What Markdown would take for its own signs stays as it is, except in formulas and in code."""
    parts = re.split(r"(\$[^$]*\$|`[^`]*`)", text)
    return "".join(p if k % 2 else re.sub(r"([*_|\\<>\[\]])", r"\\\1", p) for k, p in enumerate(parts))
