"""What notebooks show instead of a `repr`: formulas as formulas, reports as tables.

Formulas are given as LaTeX and as Markdown, which every notebook sets. There is no HTML of them: notebooks would prefer
it, and only some of them set formulas in it (JupyterLab does, VS Code and Colab do not).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

    from jacobians.claims.verdicts import Verdict
    from jacobians.jacobian import Jacobian
    from jacobians.op import Op

#: The width of tables in characters.
WIDTH = 110


class InNotebooks:
    """Shows what `_formats` gives: its text by the name of the format, such as `text/latex`."""

    __slots__ = ()

    def _formats(self) -> Mapping[str, str]:
        raise NotImplementedError

    def _repr_latex_(self) -> str | None:
        return self._formats().get("text/latex")

    def _repr_html_(self) -> str | None:
        return self._formats().get("text/html")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), **self._formats()}


def jacobian_formats(J: Jacobian) -> dict[str, str]:
    """The index form, with shape and labels below it."""
    formula = f"$$\n{J.latex()}\n$$"
    labels = ", ".join(f"`{pattern}`" for pattern in J.pattern.splitlines())
    return {"text/latex": formula, "text/markdown": f"{formula}\n\nshape {J.shape}: {labels or 'zero'}"}


def op_formats(op: Op) -> dict[str, str]:
    """The op's formula, and its Jacobian by every input in index form."""
    from jacobians.notation import name_to_latex
    from jacobians.sheet import sheet

    page = sheet(op)
    rows = " \\\\\n".join(
        rf"\frac{{\partial {name_to_latex(op.symbol, ())}}}{{\partial {name_to_latex(wrt, ())}}} &= {J.latex()}"
        for wrt, J in page.jacobians.items()
    )
    said = f"`{op!r}`: `{page.summary.rstrip('.')}`"
    if not rows:
        return {"text/markdown": f"{said}; no input has a derivative"}
    formulas = f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$"
    return {"text/latex": formulas, "text/markdown": f"{said}\n\n{formulas}"}


def table_formats(table: RenderableType) -> dict[str, str]:
    """What the terminal shows, in colours."""
    from rich.console import Console

    console = Console(file=io.StringIO(), record=True, width=WIDTH, force_jupyter=False)
    console.print(table)
    pre = '<pre style="line-height: 1.25; font-family: ui-monospace, Menlo, Consolas, monospace">{code}</pre>'
    return {"text/plain": str(table), "text/html": console.export_html(inline_styles=True, code_format=pre)}


def verdict_formats(verdict: Verdict) -> dict[str, str]:
    """The status, and what is to be said about each line, word by word."""
    from jacobians.claims.report_rows import MARKS

    said = str(verdict)
    status = f"<b>{MARKS[verdict.status]} {verdict.status}</b>"
    return {"text/plain": said, "text/html": f"{status}<pre>{escape(said.partition(':')[2].strip())}</pre>"}
