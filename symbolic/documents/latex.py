r"""LaTeX: a snippet that needs amsmath only, and whole files: an article, slides, a picture cut to its formulas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, get_args

from jacobians.errors import InputError, unknown
from symbolic.documents.aligned import COLUMN, Row, section_rows
from symbolic.documents.breaking import INDENT
from symbolic.documents.content import Content, Reasons, Section
from symbolic.documents.printer import Printer
from symbolic.documents.widths import words_width

Kind = Literal["article", "beamer", "standalone"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: The width of a line of text in em: of LaTeX's own article, of ours, of a slide, of a picture.
SNIPPET_WIDTH, ARTICLE_WIDTH, SLIDE_WIDTH, PICTURE_WIDTH = 34.0, 41.0, 35.0, 44.0
#: Rows of formulas fill a slide up to this height in em, less where the title has more than one line.
SLIDE_HEIGHT, TITLE_LINE = 17.0, 1.5
#: No document has narrower lines.
NARROWEST = 12.0

#: What the packages of all documents are; `lmodern` has the accented letters that `T1` asks for.
_PACKAGES = r"""\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb}
"""
_REASON = (
    rf"\newcommand{{\reason}}[1]{{\tag*{{\parbox{{{COLUMN}\textwidth}}{{\raggedright\footnotesize\strut #1\strut}}}}}}"
    "\n"
)


def snippet(content: Content, width: float = SNIPPET_WIDTH, reasons: Reasons = "names") -> str:
    r"""The sections as `align*`, each after its sentence; to be pasted into a document that loads amsmath.

    `width` is that of a line of text in em (34 in LaTeX's article), which no formula exceeds where it can be broken.

    Raises:
        InputError: a width that is too small, an unknown value of `reasons`; what the notation raises.
    """
    checked(width, reasons)
    printer = content.printer
    body = "\n\n".join(_block(section, printer, width, reasons) for section in content.sections)
    return (rf"{_REASON}{body}" if r"\reason{" in body else body) + "\n"


def document(content: Content, kind: Kind = "article", reasons: Reasons | None = None) -> str:
    """A whole file for pdflatex.

    Its first lines are a comment with the network, so that `jacobians check` can check the file.

    Raises:
        InputError: an unknown kind; as `snippet`.
    """
    if kind not in KINDS:
        raise unknown("document", "kind", kind, KINDS)
    write = {"article": _article, "beamer": _slides, "standalone": _picture}[kind]
    chosen: Reasons = ("sentences" if kind == "article" else "names") if reasons is None else reasons
    checked(ARTICLE_WIDTH, chosen)
    return _model(content) + write(content, chosen)


def checked(width: float, reasons: str) -> None:
    """Refuse what cannot be set."""
    if reasons not in get_args(Reasons):
        raise unknown("latex", "reasons", reasons, get_args(Reasons))
    if not width >= NARROWEST:
        raise InputError(f"latex: expected a width of at least {NARROWEST:g} em, got {width:g}; an article has 34 em")


def _model(content: Content) -> str:
    return "".join(f"% {line}\n" for line in ["model:", *content.model.splitlines()]) if content.model else ""


# ----- one chain -----


def align(rows: Sequence[Row], reasons: Reasons, environment: Literal["align*", "flalign*"] = "align*") -> str:
    """The rows as a display of its own, in the middle or at the left margin, after what stands before its first row."""
    shown = [f"  {_shown(row, reasons, environment == 'flalign*')}" for row in rows]
    body = shown[0]
    for row, line in zip(rows[1:], shown[1:], strict=True):
        body += " \\\\\n" + (f"  \\intertext{{{row.reason}}}\n" if _stands_before(row) else "") + line
    remark = f"{rows[0].reason}\n" if _stands_before(rows[0]) else ""
    return f"{remark}\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"


def aligned(rows: Sequence[Row]) -> str:
    """The rows as a part of a formula, where no text can stand in between."""
    lines: list[str] = []
    for row in rows:
        lines += [f"  & {_in_brackets(row.reason)}"] if _stands_before(row) else []
        lines.append(f"  {_shown(row, 'names')}")
    body = " \\\\\n".join(lines)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _shown(row: Row, reasons: Reasons, flush: bool = False) -> str:
    r"""`head &= body && \text{(reason)}`; sentences stand in the place of an equation's number."""
    said = row.reason if row.placed == "beside" else ""
    line = f"{row.head + ' ' if row.head else ''}&{row.body}{' &&' * (flush or bool(said and reasons == 'names'))}"
    if not said:
        return line
    return f"{line} \\reason{{{said}}}" if reasons == "sentences" else f"{line} {_in_brackets(said)}"


def _stands_before(row: Row) -> bool:
    return bool(row.reason) and row.placed == "before"


def _in_brackets(text: str) -> str:
    """In brackets, which tell remarks from quantities and their formulas from claims when the line is read back."""
    return rf"(\text{{{text}}})" if "$" in text else rf"\text{{({text})}}"


def _block(
    section: Section,
    printer: Printer,
    width: float,
    reasons: Reasons,
    environment: Literal["align*", "flalign*"] = "align*",
) -> str:
    title = printer.prose_tex(section.title)
    shown = align(section_rows(section, printer, width, reasons), reasons, environment)
    return f"{title}\n{shown}" if title else shown


# ----- files -----


def _article(content: Content, reasons: Reasons) -> str:
    printer = content.printer
    blocks = [_block(section, printer, ARTICLE_WIDTH, reasons, "flalign*") for section in content.all_sections()]
    blocks += [printer.prose_tex(remark) for remark in content.remarks]
    body = "\n\n\\filbreak\n".join(blocks)
    return rf"""\documentclass[11pt,a4paper]{{article}}
\usepackage[margin=25mm]{{geometry}}
{_PACKAGES}{_REASON if reasons == "sentences" else ""}\allowdisplaybreaks[1]
\raggedbottom
\setlength{{\parindent}}{{0pt}}
\setlength{{\emergencystretch}}{{3em}}
\begin{{document}}
\section*{{{printer.prose_tex(content.title)}}}

{body}
\end{{document}}
"""


def _slides(content: Content, reasons: Reasons) -> str:
    printer = content.printer
    frames = "\n\n".join(frame for section in content.all_sections() for frame in _frames(section, printer, reasons))
    return rf"""\documentclass[11pt,aspectratio=169]{{beamer}}
{_PACKAGES}\usefonttheme[onlymath]{{serif}}
\setbeamertemplate{{navigation symbols}}{{}}
\setbeamertemplate{{footline}}{{\hfill\raisebox{{0pt}}[2ex][2.5ex]{{\insertframenumber}}\hspace*{{1em}}}}
\setbeamerfont{{frametitle}}{{size=\normalsize}}
\begin{{document}}
\begin{{frame}}
\centering\Large {printer.prose_tex(content.title)}
\end{{frame}}

{frames}
\end{{document}}
"""


def _frames(section: Section, printer: Printer, reasons: Reasons) -> Iterator[str]:
    """The chain on as many slides as it needs; each begins with the head."""
    rows = section_rows(section, printer, SLIDE_WIDTH, reasons)
    head, title = rows[0].head, printer.prose_tex(section.title).rstrip(".:")
    room = SLIDE_HEIGHT - TITLE_LINE * (words_width(title) // SLIDE_WIDTH)
    for slide in _shared_out(rows, room):
        shown = [replace(slide[0], head=slide[0].head or head), *slide[1:]]
        body = align(shown, reasons)
        yield f"\\begin{{frame}}{{{title}}}\n{body}\n\\end{{frame}}"


def _shared_out(rows: Sequence[Row], room: float) -> list[list[Row]]:
    """The rows shared out evenly on as few slides as they need; what goes on stays with what it goes on from."""
    count = math.ceil(sum(row.height for row in rows) / room)
    share = sum(row.height for row in rows) / count
    slides: list[list[Row]] = [[]]
    taken = 0.0
    for row in rows:
        goes_on = row.body.startswith(INDENT) and taken + row.height <= room
        full = taken + row.height > room or (taken + row.height / 2 > share and len(slides) < count)
        if slides[-1] and full and not goes_on:
            slides.append([])
            taken = 0.0
        slides[-1].append(row)
        taken += row.height
    return slides


def _picture(content: Content, reasons: Reasons) -> str:
    printer = content.printer
    blocks = []
    for section in content.sections:
        rows = section_rows(section, printer, PICTURE_WIDTH, reasons, before="names")
        blocks += [printer.prose_tex(section.title), rf"\({aligned(rows)}\)"]
    body = " \\\\\n\\noalign{\\bigskip}\n".join(block for block in blocks if block)
    return rf"""\documentclass[border=6pt]{{standalone}}
{_PACKAGES}\begin{{document}}
\begin{{tabular}}{{@{{}}l@{{}}}}
{body}
\end{{tabular}}
\end{{document}}
"""
