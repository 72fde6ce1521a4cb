r"""The cheat sheet as LaTeX, Markdown and an HTML page: two pages with every op and its Jacobians."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jacobians.notation.latex_names import escaped
from jacobians.ops import OPS
from symbolic.sheets.content import LEGEND, Family, Item, families
from symbolic.sheets.prose import spans

TITLE = "Jacobians of neural networks"
SUBTITLE = f"{len(OPS)} ops, the full Jacobian of each by every input"
#: Margins and type are such that all ops fill two pages. `\by` keeps a formula together that fits on a line.
_PREAMBLE = r"""\documentclass{article}
\usepackage[a4paper,landscape,hmargin=7mm,top=6mm,bottom=7mm]{geometry}
\usepackage{amsmath}
\usepackage{multicol}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\DeclareFontFamily{OMX}{lmex}{}\DeclareFontShape{OMX}{lmex}{m}{n}{<-> lmex10}{}
\DeclareMathSizes{6.7}{6.7}{5}{5}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\setlength{\columnsep}{4mm}
\setlength{\columnseprule}{0.2pt}
\setlength{\multicolsep}{3pt}
\thinmuskip=1.5mu \medmuskip=2.5mu plus 1mu minus 1mu \thickmuskip=3mu plus 2mu minus 1mu
\nulldelimiterspace=0.4pt
\binoppenalty=50 \relpenalty=20 \tolerance=9999 \hbadness=10000 \vbadness=10000 \raggedbottom
\newcommand{\family}[1]{\par\pagebreak[1]\vspace{3pt plus 2pt}{\bfseries\fontsize{8}{8}\selectfont #1\strut}%
  \par\nobreak\vskip-1.2pt\hrule height 0.3pt\nobreak\vskip 1.5pt\relax}
\newcommand{\entry}[1]{\par\vskip 0.5pt plus 0.4pt\relax\hangindent=1em \hangafter=1 \textbf{#1}\hspace{0.6em}\ignorespaces}
\newcommand{\by}[1]{\setbox0=\hbox{#1}\unskip
  \ifdim\wd0<\dimexpr\hsize-1em\relax\hskip 1em plus 0.4em minus 0.2em\relax\box0 \else\hfil\break#1\fi}
\begin{document}
\fontsize{6.7}{7.6}\selectfont \rightskip=0pt plus 1fil
"""


def latex() -> str:
    """A whole file, for pdflatex; it needs amsmath, geometry and multicol, and the fonts Latin Modern."""
    body = "\n".join(part for family in families() for part in _family(family))
    title = rf"{{\bfseries\fontsize{{11}}{{12}}\selectfont {TITLE}}}\hfill {SUBTITLE}"
    legend = "\n".join([r"\family{How to read it}", *(rf"\par {tex(line)}" for line in LEGEND)])
    inside = f"\\begin{{multicols*}}{{4}}\n{legend}\n{body}\n\\end{{multicols*}}"
    return f"{_PREAMBLE}{title}\n{inside}\n\\end{{document}}\n"


def _family(family: Family) -> Iterator[str]:
    yield rf"\family{{{tex(family.title)}}}"
    for item in (*family.elementwise, *family.items):
        yield _entry(item)


def _entry(item: Item) -> str:
    jacobians = "".join(f"%\n  \\by{{{tex(line)}}}" for line in item.jacobians)
    return rf"\entry{{{tex(item.name)}}}{tex(item.formula)}{jacobians}"


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
