"""One HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from jacobians.katex.page import offline_page
from symbolic.documents.aligned import Row, section_rows
from symbolic.documents.breaking import INDENT
from symbolic.documents.content import Content, Section
from symbolic.documents.printer import Printer
from symbolic.steps.language import Prose

#: The width of formulas on the page in em; pages are scrolled where the window is narrower.
WIDTH = 44.0
_TEMPLATES = Path(__file__).parent / "templates"


def html(content: Content) -> str:
    """The page: KaTeX sets every formula when it is opened."""
    printer = content.printer
    title = printer.prose_plain(content.title)
    sections = "\n".join(_section(section, printer) for section in content.all_sections())
    remarks = "".join(f"<p>{_prose(remark, printer)}</p>" for remark in content.remarks)
    body = f"<main>\n<h1>{_prose(content.title, printer)}</h1>\n{sections}\n<footer>{remarks}</footer>\n</main>"
    style, script = ((_TEMPLATES / f"page.{ending}").read_text(encoding="utf-8") for ending in ("css", "js"))
    return offline_page(title, body, body, style, script, printer.notation.language)


def _section(section: Section, printer: Printer) -> str:
    title = f"<p>{_prose(section.title, printer)}</p>\n" if section.title else ""
    rows = "\n".join(_rows(section, printer))
    return f'<section>\n{title}<div class="chain"><table>\n{rows}\n</table></div>\n</section>'


def _rows(section: Section, printer: Printer) -> Iterator[str]:
    """A row of the table for every row of formulas; the sentence stands beside the last row of its line."""
    said = iter([_prose(line.sentence, printer) for line in section.lines])
    rows = section_rows(section, printer, WIDTH, "none")
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ends = following is None or not following.body.startswith(INDENT)
        yield (
            f'<tr><td class="head">{_tex(row.head)}</td>{_body(row)}'
            f'<td class="reason">{next(said) if ends else ""}</td></tr>'
        )


def _body(row: Row) -> str:
    goes_on = " goes-on" if row.body.startswith(INDENT) else ""
    return f'<td class="body{goes_on}">{_tex("{}" + row.body.removeprefix(INDENT))}</td>'


def _tex(tex: str) -> str:
    return f'<code class="tex">\\displaystyle {escape(tex)}</code>' if tex else ""


def _prose(prose: Prose, printer: Printer) -> str:
    return printer.prose(prose, escape, lambda tree: f'<code class="tex">{escape(printer.tex(tree))}</code>')
