"""The reader's notation: everything about how formulas are written that does not change what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Notation:
    """How formulas are written; the defaults are those of this project's own pages."""

    #: Where the number of a layer stands: `W^{(1)}`, `W^{[1]}`, `W_1`.
    layers: Literal["(k)", "[k]", "_k"] = "(k)"
    #: The LaTeX of names, by their plain names: {"delta": r"\epsilon", "W1": "A"}.
    names: Mapping[str, str] = field(default_factory=dict)
    #: Vectors and matrices in bold type.
    bold: bool = False
    layout: Literal["numerator", "denominator", "mixed"] = "numerator"
    #: The sign of derivatives: ∂y/∂x, D_x y, J_y(x), ∇_x y.
    derivative: Literal["∂", "D", "J", "∇"] = "∂"
    kronecker: Literal["delta", "brackets"] = "delta"
    hadamard: Literal[r"\odot", r"\circ"] = r"\odot"
    transpose: Literal[r"\top", "T", r"\intercal"] = r"\top"
    sums: Literal["written", "Einstein"] = "written"
    vectors: Literal["columns", "rows"] = "columns"
    vec: Literal["column", "row"] = "row"
    language: str = "en"
