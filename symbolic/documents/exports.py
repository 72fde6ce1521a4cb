"""What a derivation can be written as; whatever has a `content` has all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jacobians.errors import InputError
from jacobians.files import write_file
from jacobians.notebooks import InNotebooks

if TYPE_CHECKING:
    from symbolic.documents.content import Content, Reasons
    from symbolic.documents.latex import Kind


class Exports(InNotebooks):
    """Exports of what `content` gives."""

    def content(self) -> Content:
        """What there is to write."""
        raise NotImplementedError

    def latex(self, width: float = 34.0, reasons: Reasons = "names") -> str:
        r"""A snippet for a document that loads amsmath: one `align*` for each part.

        `width` is that of a line of text in em; wider formulas are broken before their signs. Beside the lines stand
        the "names" of the rules, "sentences", or "none".

        Raises:
            InputError: an unknown value of `reasons`, a width below 12 em, a formula that the notation cannot write.
        """
        from symbolic.documents.latex import snippet

        return snippet(self.content(), width, reasons)

    def document(self, kind: Kind = "article", reasons: Reasons | None = None) -> str:
        """A whole LaTeX file that compiles as it is: "article", "beamer" or "standalone".

        Raises:
            InputError: another kind; as `latex`.
        """
        from symbolic.documents.latex import document

        return document(self.content(), kind, reasons)

    def pdf(self, kind: Kind = "article", reasons: Reasons | None = None) -> bytes:
        """The file of `document`, set by pdflatex.

        Raises:
            TexError: pdflatex is not installed, or it could not set the file. InputError: as `document`.
        """
        from symbolic.documents.pdf import pdf

        return pdf(self.document(kind, reasons))

    def markdown(self) -> str:
        """Markdown with formulas between `$$`, for KaTeX and MathJax."""
        from symbolic.documents.markdown import markdown

        return markdown(self.content())

    def html(self) -> str:
        """One page that needs no network: KaTeX and its fonts are in it."""
        from symbolic.documents.html import html

        return html(self.content())

    def ipynb(self) -> str:
        """A notebook: the derivation, and a cell that checks every line of it."""
        from symbolic.documents.notebook import notebook

        return notebook(self.content())

    def text(self, width: int = 100) -> str:
        """Plain notation for a terminal, with the reasons beside the lines."""
        from symbolic.documents.text import text

        return text(self.content(), width)

    def save(self, path: str | Path) -> None:
        """Write a file; its ending says the format: .tex, .pdf, .md, .html, .ipynb or .txt.

        Raises:
            InputError: another ending, or the file cannot be written. TexError: as `pdf`.
        """
        path = Path(path)
        write = {
            ".tex": self.document,
            ".pdf": self.pdf,
            ".md": self.markdown,
            ".html": self.html,
            ".ipynb": self.ipynb,
            ".txt": self.text,
        }
        if path.suffix not in write:
            raise InputError(f"save: expected a name that ends in {', '.join(write)}, got {path.name!r}")
        made: str | bytes = write[path.suffix]()  # type: ignore[operator]
        write_file(path, made if isinstance(made, bytes) else made.encode())

    def _formats(self) -> Mapping[str, str]:
        from symbolic.documents.markdown import displays, markdown
        from symbolic.documents.text import text

        content = self.content()
        return {
            "text/plain": text(content),
            "text/markdown": markdown(content, title=False),
            "text/latex": displays(content),
        }
