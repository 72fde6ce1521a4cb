"""The commands `jacobians op` and `jacobians cheatsheet`: the sheet of one op, and all ops on two pages."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jacobians.errors import InputError
from jacobians.output import put_out


class OpFormat(StrEnum):
    """What the sheet of an op is written as."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "md"
    HTML = "html"
    PDF = "pdf"
    JSON = "json"


#: The endings of a cheat sheet.
ENDINGS = (".pdf", ".tex", ".md", ".html")


def op(
    name: Annotated[str | None, typer.Argument(help="An op, as in the table; left out: the table of all ops.")] = None,
    format: Annotated[OpFormat, typer.Option(help="Output format; pdf needs -o.")] = OpFormat.TEXT,
    digits: Annotated[int, typer.Option(min=1, max=17, help="Significant digits of the numbers.")] = 4,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Show the sheet of one op, or the table of all: formula, shapes, every Jacobian, a small example, source.

    Text has the example's numbers; LaTeX, Markdown, HTML and PDF have the formulas, with letters for sizes.
    """
    from jacobians import op_pages as pages
    from jacobians.pages import console

    kind = OpFormat.JSON if json else format
    if kind is OpFormat.JSON:
        write(pages.ops_json(name), output)
    elif kind is OpFormat.TEXT:
        out = console(record=output is not None)
        if name is None:
            pages.print_ops(out)
        else:
            pages.print_op(name, digits, out)
        if output is not None:
            write(out.export_text(), output)
    elif name is None:
        raise InputError(
            f"op --format {kind}: expected the name of an op, got none; all ops on two pages: jacobians cheatsheet"
        )
    else:
        write(pages.op_document(name, kind.value), output)


def cheatsheet(
    output: Annotated[
        Path, typer.Option("-o", "--output", help=f"The file; its ending is the format: {', '.join(ENDINGS)}.")
    ] = Path("cheatsheet.pdf"),
) -> None:
    """Write two pages with every op, its formula, and its Jacobians entry by entry and as matrices.

    A .pdf needs pdflatex; .tex, .md and .html need nothing, and the page is read without a network.
    """
    ending = output.suffix.lower()
    if ending not in ENDINGS:
        known = ", ".join(ENDINGS)
        raise InputError(f"cheatsheet -o {output}: expected a name that ends in {known}, got {output.name!r}")
    from symbolic.documents.pdf import pdf
    from symbolic.sheets import cheatsheet as sheet

    if ending == ".pdf":
        write(pdf(sheet.latex()), output)
    else:
        write({".tex": sheet.latex, ".md": sheet.markdown, ".html": sheet.html}[ending](), output)


def write(content: str | bytes, path: Path | None) -> None:
    """To the file, or else, where it is text, to standard output."""
    put_out(content, path, "pdf is a binary format: name the file with -o FILE")
