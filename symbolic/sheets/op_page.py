r"""The sheet of one op as LaTeX, Markdown and an HTML page: formula, shapes, every Jacobian, options, source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from jacobians.notation import name_to_latex
from jacobians.op import Op
from jacobians.sheet import read_docstring
from symbolic.documents.breaking import rows
from symbolic.documents.widths import width_of
from symbolic.sheets.content import options
from symbolic.sheets.entries import Entry, entries
from symbolic.sheets.formula import formula
from symbolic.sheets.html import html_words, page
from symbolic.sheets.prose import sentence
from symbolic.sheets.tex import tex, words

#: The width of what stands behind the equals sign, in em.
WIDTH = 34.0
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


class Display(NamedTuple):
    """An equation."""

    head: str
    body: str

    @property
    def tex(self) -> str:
        return f"{self.head} = {self.body}"


@dataclass(frozen=True)
class OpPage:
    """What the sheet says; sentences have formulas between dollar signs, displays are LaTeX."""

    op: Op
    summary: str
    formula: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    matrices: tuple[Display, ...]

    @property
    def chapters(self) -> list[tuple[str, Sequence[Display]]]:
        """The Jacobians entry by entry, then as matrices."""
        entrywise = [Display(e.head, e.index) for e in self.entries]
        found: list[tuple[str, Sequence[Display]]] = [
            ("Jacobians, entry by entry", entrywise),
            ("Jacobians as matrices and tensors, axes of the output first", self.matrices),
        ]
        return [(title, displays) for title, displays in found if displays]


def op_page(op: Op) -> OpPage:
    """The sheet of an op."""
    summary, sections, note = read_docstring(op)
    shown = entries(op)
    facts = [("Shapes", " ".join(sections.get("Shapes", "").split()))]
    if any(not key.startswith("_") for key in vars(op)):
        facts.append(("Options", repr(op)))
    if values := options(op):
        facts.append(("Jacobians for", values))
    facts += [(f"Size of {e.wrt}", f"${e.example}$, which the numbers are for") for e in shown if e.example]
    facts += [(f"By {name}", f"no Jacobian: {reason}") for name, reason in op.data.items() if name in op.input_names()]
    facts += [("Note", note)] if note else []
    facts.append(("Source", " ".join(sections.get("Source", "").split())))
    matrices = tuple(Display(_head(op.symbol, e.wrt), e.matrix) for e in shown if e.matrix)
    return OpPage(op, summary, sentence(formula(op)), tuple(facts), shown, matrices)


def _head(of: str, wrt: str) -> str:
    return rf"\frac{{\partial {name_to_latex(of, ())}}}{{\partial {name_to_latex(wrt, ())}}}"


def latex(op: Op) -> str:
    """A whole file for pdflatex."""
    sheet = op_page(op)
    parts = [rf"\section*{{{words(op.name)}}}", tex(sheet.summary), rf"\textbf{{Formula.}} {tex(sheet.formula)}"]
    parts += [f"\\textbf{{{title}.}}\n{_aligned(shown)}" for title, shown in sheet.chapters]
    parts += [tex(SIZES), *(rf"\textbf{{{words(title)}.}} {tex(text)}" for title, text in sheet.facts)]
    return _PREAMBLE + "\n\n".join(parts) + "\n\\end{document}\n"


def _aligned(displays: Sequence[Display]) -> str:
    lines = [rf"{d.head} &= " + " \\\\\n& ".join(rows(_breakable(d.body), WIDTH)) for d in displays]
    return "\\begin{align*}\n" + " \\\\[4pt]\n".join(lines) + "\n\\end{align*}"


def _breakable(body: str) -> str:
    """Where a formula is too wide for a line, its last bracket as one that may be broken."""
    last = re.fullmatch(r"(.*[}\]]) \((.* [+-] .*)\)", body)
    return rf"{last[1]} \left({last[2]}\right)" if last and width_of(body) > WIDTH else body


def markdown(op: Op) -> str:
    """Markdown with formulas between dollar signs."""
    sheet = op_page(op)
    parts = [f"# {_escaped(op.name)}", _escaped(sheet.summary), f"**Formula.** {_escaped(sheet.formula)}"]
    for title, displays in sheet.chapters:
        parts += [f"**{title}**", *(f"$$\n{d.tex}\n$$" for d in displays)]
    facts = (f"**{title}.** {_escaped(text)}" for title, text in sheet.facts)
    return "\n\n".join([*parts, SIZES, *facts]) + "\n"


def html(op: Op) -> str:
    """A page that needs no network."""
    sheet = op_page(op)
    parts = [f"<h1>{escape(op.name)}</h1>", f"<p>{html_words(sheet.summary)}</p>"]
    parts.append(f"<p><b>Formula.</b> {html_words(sheet.formula)}</p>")
    for title, displays in sheet.chapters:
        parts.append(f"<h2>{title}</h2>" + "".join(_block(d.tex) for d in displays))
    parts += [f"<p>{html_words(SIZES)}</p>"]
    parts += [f"<p><b>{escape(title)}.</b> {html_words(text)}</p>" for title, text in sheet.facts]
    body = f"<main>{''.join(parts)}</main>"
    return page(f"{op.name}: formula and Jacobians", body)


def _block(formula: str) -> str:
    return f'<p class="display"><code class="tex">\\displaystyle {escape(formula)}</code></p>'


def _escaped(text: str) -> str:
    """What Markdown would take for its own signs stays as it is, except in formulas and in code."""
    parts = re.split(r"(\$[^$]*\$|`[^`]*`)", text)
    return "".join(p if k % 2 else re.sub(r"([*_|\\<>\[\]])", r"\\\1", p) for k, p in enumerate(parts))
