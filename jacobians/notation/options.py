r"""The reader's notation: everything about how formulas are written that does not change what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from jacobians.errors import InputError
from jacobians.notation.languages import LANGUAGES

if TYPE_CHECKING:
    from jacobians.claims.context import Context
    from jacobians.notation.tree import Tree

Layers = Literal["(k)", "[k]", "_k", "k"]
Derivative = Literal["∂", "D", "J", "∇", "d"]
TransposeSign = Literal[r"\top", "T", r"\intercal", r"\mathrm{T}"]


@dataclass(frozen=True)
class Notation:
    r"""How formulas are written; the defaults are those of this project's own pages.

    Raises:
        InputError: a value that an option does not take, a name that is no LaTeX of one name.
    """

    #: Where the number of a layer stands: `W^{(1)}`, `W^{[1]}`, `W_1`, `W^1`.
    layers: Layers = "(k)"
    #: The LaTeX of names, by their plain names: {"delta": r"\epsilon", "W1": "A"}; a letter without a number stands
    #: for all its layers.
    names: Mapping[str, str] = field(default_factory=dict)
    #: Vectors and matrices in bold type.
    bold: bool = False
    #: Outputs or inputs first; mixed is outputs first with gradients in the parameter's shape, row-gradients that with
    #: rows for columns, see `layout_line`.
    layout: Literal["numerator", "denominator", "mixed", "row-gradients"] = "numerator"
    #: The sign of derivatives: ∂y/∂x, D_x y, J_y(x); of a number ∇_x L, or dx for the derivative of the loss by x.
    derivative: Derivative = "∂"
    kronecker: Literal["delta", "brackets"] = "delta"
    hadamard: Literal[r"\odot", r"\circ"] = r"\odot"
    transpose: TransposeSign = r"\top"
    sums: Literal["written", "Einstein"] = "written"
    vectors: Literal["columns", "rows"] = "columns"
    vec: Literal["column", "row"] = "row"
    language: str = "en"

    def __post_init__(self) -> None:
        for option, allowed in allowed_values().items():
            value = getattr(self, option)
            if type(value) is not type(allowed[0]) or value not in allowed:
                raise wrong_value(option, value)
        if self.names:
            from jacobians.notation.own_names import check_names

            check_names(self.names)

    @classmethod
    def read(cls, source: str | Path) -> Notation:
        r"""The notation of a preset, of options in one line, or of a TOML file.

        >>> Notation.read("layers=[k],bold,transpose=T").layers
        '[k]'
        >>> Notation.read(r"ng,names.L=\mathcal{L}").names
        {'L': '\\mathcal{L}'}

        Raises:
            InputError: no such preset, option or value, or a file that cannot be read; it says what there is.
        """
        from jacobians.notation.options_text import read_notation

        return read_notation(source)

    def write(self, tree: Tree, context: Context | None = None, ranks: Mapping[str, int] | None = None) -> str:
        """The formula in LaTeX in this notation.

        With a `context`, which says what the names are, the formula itself changes where an option asks for it: layout,
        rows, sums. Without one it is printed as it stands; `ranks` then says what is a vector or a matrix.

        Raises:
            InputError: the formula cannot be written in this notation, or only where the context is known.
        """
        from jacobians.claims.notated import Notated
        from jacobians.notation.to_latex import LatexWriter

        if context is not None:
            return Notated(context, self).latex(tree)
        if self.vectors == "rows" and tree.children:
            raise InputError("notation.vectors: rows reverse products; give the context, which says what is an array")
        return LatexWriter(notation=self, ranks=ranks).text(tree)


@cache
def allowed_values() -> dict[str, tuple[Any, ...]]:
    """The values of every option that takes one of a few."""
    hints = get_type_hints(Notation)
    found = {option.name: get_args(hints[option.name]) for option in fields(Notation)}
    choices = {name: values for name, values in found.items() if get_origin(hints[name]) is Literal}
    return {**choices, "bold": (False, True), "language": LANGUAGES}


def wrong_value(option: str, value: object) -> InputError:
    """The one wording of a value that an option does not take."""
    allowed = " or ".join(("no", "yes") if option == "bold" else allowed_values()[option])
    return InputError(f"notation.{option}: expected {allowed}, got {value!r}")
