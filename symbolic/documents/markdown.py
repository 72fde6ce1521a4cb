r"""Markdown with displays between `$$`, as KaTeX and MathJax read it; for notebooks the displays alone."""

from __future__ import annotations

from collections.abc import Iterator

from symbolic.documents.aligned import section_rows
from symbolic.documents.content import Content, Section
from symbolic.documents.latex import aligned
from symbolic.documents.printer import Printer

#: The width of a column of text on a page of Markdown, in em of its formulas.
WIDTH = 40.0


def markdown(content: Content, title: bool = True) -> str:
    """The sections as displays with the rules' names beside the lines; a rule is explained where it comes first."""
    printer = content.printer
    blocks = [*[f"# {printer.prose_tex(content.title)}"] * title, *blocks_of(content)]
    return "\n\n".join([*blocks, *map(printer.prose_tex, content.remarks)]) + "\n"


def blocks_of(content: Content) -> Iterator[str]:
    """Every section as one block of Markdown."""
    printer = content.printer
    explained: set[str] = set()
    for section in content.all_sections():
        parts = [printer.prose_tex(section.title), f"$$\n{display(section, printer)}\n$$"]
        new = {line.rule: line for line in reversed(section.lines) if line.sentence and line.rule not in explained}
        explained |= new.keys()
        said = (f"- {printer.prose_tex(line.sentence)}" for line in section.lines if new.get(line.rule) is line)
        yield "\n\n".join(part for part in (*parts, "\n".join(said)) if part)


def display(section: Section, printer: Printer) -> str:
    """The chain as one formula."""
    return aligned(section_rows(section, printer, WIDTH, "names", before="names"))


def displays(content: Content) -> str:
    """All chains, for the output of a cell."""
    printer = content.printer
    return "\n\n".join(f"$$\n{display(section, printer)}\n$$" for section in content.sections)
