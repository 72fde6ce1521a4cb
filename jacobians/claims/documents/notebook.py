"""Jupyter notebooks, read as the JSON they are: a list of cells, each with a type and its source.

nbformat would add ten packages (among them a compiled one) to read these three keys, which it documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jacobians.claims.documents.document import Draft
from jacobians.claims.documents.listings import has_gradient
from jacobians.claims.documents.markdown import read_markdown
from jacobians.claims.documents.passage import Passage
from jacobians.errors import InputError

_ADVICE = "save it as a notebook of format 4 in Jupyter, or export it as Markdown"
#: Lines for the notebook rather than for Python: `%matplotlib`, `!pip install`, `np.dot?`.
_MAGIC = re.compile(r"^[ \t]*(?:[%!?].*|.*\?[ \t]*)$", re.MULTILINE)
#: `%%bash`, `%%writefile`: the cell is not run as Python.
_OTHER_CELL = re.compile(r"\s*%%(?!time|capture|prun)")


def read_notebook(text: str, path: str, draft: Draft) -> tuple[str, tuple[int, ...]]:
    """Add what is in the cells to the draft; the lines of all cells, and the line at which each starts.

    Raises:
        InputError: it is not a notebook of format 4.
    """
    lines: list[str] = []
    first_lines: list[int] = []
    for number, (kind, source) in enumerate(_cells(text, path), start=1):
        draft.cell = number
        if kind == "markdown":
            read_markdown(source, draft)
        elif kind == "code":
            _read_code(source, draft)
        lines.append(f"[cell {number}: {kind}]")
        first_lines.append(len(lines) + 1)
        lines += source.split("\n")
    return "\n".join(lines), tuple(first_lines)


def _read_code(source: str, draft: Draft) -> None:
    if _OTHER_CELL.match(source):
        return
    code = _MAGIC.sub(lambda line: " " * len(line.group()), source)
    if has_gradient(code):
        draft.formula(Passage.whole(code).listing(0, len(code)), "code", True)


def _cells(text: str, path: str) -> Iterator[tuple[str, str]]:
    """Type and source of each cell."""
    try:
        notebook = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        place = f" ({error})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{path}: expected a notebook, got text that is not JSON{place}; {_ADVICE}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise InputError(f"{path}: expected a notebook with a list of `cells`, got {_what(notebook)}; {_ADVICE}")
    for number, cell in enumerate(cells, start=1):
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = cell.get("source") if isinstance(cell, dict) else None
        joined = "".join(source) if isinstance(source, list) and all(isinstance(s, str) for s in source) else source
        if not isinstance(kind, str) or not isinstance(joined, str):
            raise InputError(f"{path}, cell {number}: expected a `cell_type` and a `source` of text; {_ADVICE}")
        yield kind, joined.replace("\r\n", "\n").replace("\r", "\n")


def _what(notebook: Any) -> str:
    if isinstance(notebook, dict):
        return f"format {notebook['nbformat']}" if "nbformat" in notebook else "an object without them"
    return f"a {type(notebook).__name__}"
