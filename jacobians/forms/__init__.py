"""The forms in which a Jacobian prints: index notation, tensor form, slices, Kronecker matrix, numbers, symbols.

Tensor form, Kronecker form and symbols are evaluated and compared with the Jacobian: what prints is proved.
"""

from __future__ import annotations

from typing import get_args

from jacobians import printing
from jacobians.errors import FormError, unknown
from jacobians.forms.entries import entries_latex, entries_text, slices_latex
from jacobians.forms.general import general
from jacobians.forms.kron import Kronecker, kronecker
from jacobians.forms.symbols import SymbolMatrix, symbols
from jacobians.forms.tensor import tensor
from jacobians.forms.writers import latex_writer, text_writer
from jacobians.jacobian import Form, Jacobian, Vec

__all__ = ["FORMS", "Kronecker", "SymbolMatrix", "general", "kronecker", "latex", "symbols", "tensor", "text"]

FORMS: tuple[Form, ...] = get_args(Form)


def latex(J: Jacobian, form: Form = "index", vec: Vec = "row", of: str = "J", wrt: str = "") -> str:
    """LaTeX for math mode; `of` and `wrt`, in LaTeX, name the slices.

    Raises:
        FormError: this Jacobian has no such form that is proved equal.
    """
    match form:
        case "index":
            return printing.index_latex(J)
        case "tensor":
            return tensor(J).write(latex_writer())
        case "slices" | "stacked" | "beside":
            return slices_latex(J, of, wrt, form)
        case "kronecker":
            return kronecker(J, vec).latex()
        case "entries":
            return entries_latex(J)
        case "symbols":
            return symbols(J, vec).latex()
        case "general":
            return general(J, of, wrt)
    raise unknown("Jacobian.latex", "form", form, FORMS)


def text(J: Jacobian, form: Form = "index", vec: Vec = "row") -> str:
    """Plain text; "slices" names the axes and puts the matrices side by side.

    Raises:
        FormError: this Jacobian has no such form that is proved equal.
    """
    match form:
        case "index":
            return printing.index_text(J)
        case "tensor":
            return tensor(J).write(text_writer())
        case "slices" | "stacked" | "beside":
            from jacobians.display import axes_text, numbers

            return f"{axes_text(J)}\n{numbers(J).plain}"
        case "kronecker":
            return str(kronecker(J, vec))
        case "entries":
            return entries_text(J)
        case "symbols":
            return symbols(J, vec).text()
        case "general":
            raise FormError("general form: there is no plain text of it; use J.latex('general'), or J.text('index')")
    raise unknown("Jacobian.text", "form", form, FORMS)
