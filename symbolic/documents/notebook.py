"""A Jupyter notebook (nbformat 4.5): the sections as Markdown, and a code cell that checks them."""

from __future__ import annotations

import json
from typing import Any

from symbolic.documents.content import Content
from symbolic.documents.markdown import blocks_of
from symbolic.steps.language import words


def notebook(content: Content) -> str:
    """The notebook as JSON; equal derivations give equal files."""
    printer = content.printer
    notation = printer.notation
    texts = [f"# {printer.prose_tex(content.title)}", *blocks_of(content), *map(printer.prose_tex, content.remarks)]
    cells = [_cell("markdown", text) for text in texts]
    if content.code:
        said = f"**{printer.prose_tex(words('check', notation))}.** {printer.prose_tex(words('checked', notation))}"
        cells += [_cell("markdown", said), _cell("code", content.code.rstrip("\n"))]
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"cell-{number}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    document = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    source = text.splitlines(keepends=True)
    empty: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **empty}
