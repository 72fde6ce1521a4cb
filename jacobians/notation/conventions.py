"""What a reader must be told about a notation, in the notation's language."""

from __future__ import annotations

from jacobians.notation.languages import sentence
from jacobians.notation.options import Notation

#: The options whose signs do not explain themselves.
TOLD = ("layers", "bold", "vectors", "derivative", "kronecker", "hadamard", "sums", "vec")


def effective_layout(notation: Notation) -> str:
    """The layout that derivatives are printed in: signs of gradients mean the shape of the parameter."""
    own_shape = notation.derivative in "∇d" and notation.layout == "numerator"
    return "mixed" if own_shape else notation.layout


def layout_line(notation: Notation) -> str:
    """How derivatives are laid out, to stand beside a result.

    >>> layout_line(Notation(layout="denominator"))
    'denominator layout: inputs first; the derivative of a number has the shape of what it is taken by'
    """
    return sentence(notation.language, "layout", effective_layout(notation))


def conventions(notation: Notation) -> list[str]:
    r"""A sentence for each convention that is not obvious; formulas in them stand between dollar signs.

    >>> conventions(Notation())[0]
    'A superscript in brackets is the number of a layer: $W^{(1)}$ belongs to the first.'
    """
    line = layout_line(notation)
    told = [sentence(notation.language, option, str(getattr(notation, option))) for option in TOLD]
    return [text for text in (*told, f"{line[0].upper()}{line[1:]}.") if text]
