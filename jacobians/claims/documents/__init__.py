"""Documents as people write them, read for their mathematics: Markdown, LaTeX, notebooks, plain text."""

from __future__ import annotations

from pathlib import Path

from jacobians.claims.documents.document import Document, Draft, Formula, Kind, ModelBlock
from jacobians.claims.documents.files import checked_text, read_file
from jacobians.claims.documents.latex import read_latex
from jacobians.claims.documents.markdown import read_markdown
from jacobians.claims.documents.notebook import read_notebook
from jacobians.claims.documents.side_file import read_side_file
from jacobians.claims.documents.text import read_formulas, read_plain_text
from jacobians.errors import unknown

__all__ = ["KINDS", "Document", "Formula", "ModelBlock", "read_document", "read_side_file", "read_text"]

#: The format of a file by the end of its name; every other file is plain text.
KINDS: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown", ".qmd", ".rmd"), "markdown"),
    **dict.fromkeys((".tex", ".ltx"), "latex"),
    ".ipynb": "notebook",
    ".jac": "plain",
}
_READERS = {"markdown": read_markdown, "latex": read_latex, "text": read_plain_text, "plain": read_formulas}


def read_document(path: Path | str) -> Document:
    """The formulas and models of a file, in the format that its name tells.

    Raises:
        InputError: it cannot be read, is too large, no text, or no notebook where its name says so.
    """
    path = Path(path)
    return read_text(read_file(path), KINDS.get(path.suffix.lower(), "text"), str(path))


def read_text(text: str, kind: Kind, path: str = "<stdin>") -> Document:
    """The formulas and models of a text; `path` is what messages call it.

    Raises:
        InputError: no such kind, or text that is none or no notebook.
    """
    text, draft = checked_text(text, path), Draft()
    if kind == "notebook":
        shown, cells = read_notebook(text, path, draft)
        return draft.document(path, shown, kind, cells)
    if kind not in _READERS:
        raise unknown("read_text", "kind of document", kind, [*_READERS, "notebook"])
    _READERS[kind](text, draft)
    return draft.document(path, text, kind)
