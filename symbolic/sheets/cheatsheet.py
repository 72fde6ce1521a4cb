r"""The cheat sheet as LaTeX, Markdown and an HTML page: two pages with every op and its Jacobians."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jacobians.notation.latex_names import escaped
from jacobians.ops import OPS
from symbolic.sheets.content import ELEMENTWISE, LEGEND, Family, Item, families
from symbolic.sheets.prose import spans

TITLE = "Jacobians of neural networks"
_PREAMBLE = r"""\documentclass{article}
\usepackage[a4paper,landscape,hmargin=6mm,top=5mm,bottom=5mm]{geometry}
\usepackage{amsmath}
\usepackage{multicol}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\DeclareMathSizes{6}{6}{5}{5}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\setlength{\columnsep}{3mm}
\setlength{\columnseprule}{0.1pt}
\setlength{\multicolsep}{1pt}
\setlength{\emergencystretch}{2em}
\thinmuskip=1.5mu \medmuskip=2mu plus 1mu minus 1mu \thickmuskip=2.5mu plus 2mu minus 1mu
\nulldelimiterspace=0.4pt \arraycolsep=1pt
\binoppenalty=50 \relpenalty=20 \tolerance=4000 \hbadness=10000 \vbadness=10000 \raggedbottom
\newcommand{\family}[1]{\par\vspace{1.2pt plus 0.5pt}{\bfseries\fontsize{7}{7.4}\selectfont #1}\par\nobreak}
\newcommand{\entry}[1]{\par\hangindent=0.7em \hangafter=1 \textbf{#1}\hspace{0.5em plus 0.3em}\ignorespaces}
\newcommand{\by}{\hspace{0.6em plus 0.6em minus 0.2em}\penalty-20 \ignorespaces}
\begin{document}
\fontsize{6}{6.9}\selectfont
"""


def latex() -> str:
    """A whole file, for pdflatex; it needs amsmath, geometry and multicol, and the fonts Latin Modern."""
    found = families()
    body = "\n".join(part for family in found for part in _family(family))
    head = rf"{{\bfseries\fontsize{{9}}{{10}}\selectfont {TITLE}}}\hspace{{1em}}{len(OPS)} ops, every Jacobian."
    legend = " ".join(map(tex, LEGEND))
    return f"{_PREAMBLE}\\begin{{multicols*}}{{4}}\\raggedright\n{head} {legend}\n{body}\n\\end{{multicols*}}\n\\end{{document}}\n"


def _family(family: Family) -> Iterator[str]:
    yield rf"\family{{{tex(family.title)}}}"
    if family.elementwise:
        yield tex(ELEMENTWISE)
    for item in family.elementwise:
        yield _entry(item)
    for item in family.items:
        yield _entry(item)


def _entry(item: Item) -> str:
    parts = [tex(item.formula), *map(tex, item.jacobians)]
    return rf"\entry{{{tex(item.name)}}} " + r"\by ".join(f"{part}%\n" for part in parts)


def tex(text: str) -> str:
    """Words and formulas as LaTeX; long products may end a line between two factors."""
    return "".join(f"${breakable(part)}$" if is_formula else _words(part) for is_formula, part in spans(text))


def _words(text: str) -> str:
    blank = (" " if text[:1] == " " else "", " " if text[-1:] == " " and text.strip() else "")
    return f"{blank[0]}{escaped(text)}{blank[1]}".replace('"', "''")


def breakable(formula: str) -> str:
    r"""The formula with `\allowbreak` between factors that stand in no braces."""
    if len(formula) < 40:
        return formula
    out, depth, sized = "", 0, 0
    for token in re.split(r"(\\left|\\right|\\[a-zA-Z]+|\\.|[{}]| )", formula):
        depth += (token == "{") - (token == "}")
        sized += (token == r"\left") - (token == r"\right")
        between = token == " " and depth == 0 and sized == 0 and re.search(r"[})\]]$", out)
        out += " \\allowbreak " if between else token
    return out
