r"""The cheat sheet as LaTeX, Markdown and an HTML page: two pages with every op and its Jacobians."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from jacobians.ops import OPS
from symbolic.sheets.content import LEGEND, Family, Item, families
from symbolic.sheets.html import html_words, page
from symbolic.sheets.tex import tex, words

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
\newcommand{\entry}[1]{\par\vskip 0.5pt plus 0.4pt\relax\hangindent=1em \hangafter=1
  \textbf{#1}\hspace{0.6em}\ignorespaces}
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
    yield rf"\family{{{words(family.title)}}}"
    for item in family.items:
        yield _entry(item)


def _entry(item: Item) -> str:
    jacobians = "".join(f"%\n  \\by{{{tex(line)}}}" for line in item.jacobians)
    return rf"\entry{{{words(item.name)}}}{tex(item.formula)}{jacobians}"


def markdown() -> str:
    """A list of the same entries."""
    parts = [f"# {TITLE}", f"{SUBTITLE}.", *(f"- {line}" for line in LEGEND)]
    for family in families():
        parts.append(f"\n## {family.title}\n")
        for item in family.items:
            names = ", ".join(f"**{op.name}**" for op in item.ops).replace("_", r"\_")
            parts.append(f"- {names} " + " \u2003 ".join((item.formula, *item.jacobians)))
    return "\n".join(parts) + "\n"


def html() -> str:
    """A page that needs no network, in as many columns as the window has room for."""
    parts = [f"<h1>{TITLE}</h1>", f"<p>{SUBTITLE}.</p>", *(f"<p>{html_words(line)}</p>" for line in LEGEND)]
    for family in families():
        parts.append(f"<h2>{escape(family.title)}</h2>")
        for item in family.items:
            said = "".join(f"<span>{html_words(line)}</span> " for line in (item.formula, *item.jacobians))
            parts.append(f'<p class="entry"><b>{escape(item.name)}</b> {said}</p>')
    return page(TITLE, f'<main class="wide">{"".join(parts)}</main>')
