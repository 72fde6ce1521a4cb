r"""What a document's names mean, as far as reading needs it: the ambiguities of notation are decided by declarations.

`a(b + c)` is a call where `a` is a function and a product where it is a quantity; `W_1` is a name where it is declared
and an entry where only `W` is; `w^l` is a layer where `l` is a layer letter and a power where it is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Symbols:
    """The declared names. An empty one reads what can be read without: unknown letters are names, brackets products."""

    #: Quantities by their plain names (`W1`, `yhat`, `x_in`; `z` of a labelled `z_(k)`), and their ranks.
    quantities: dict[str, int | None] = field(default_factory=dict)
    #: Those of them that carry a label: `z` where `z^{(1)}`, `z^{(k)}` are meant.
    labelled: set[str] = field(default_factory=set)
    #: Letters that stand in labels: layers, time steps, samples; also `L` where it is the last layer.
    labels: set[str] = field(default_factory=set)
    #: Functions that the document defines or leaves open: `g`, `l`, `f_theta`.
    functions: set[str] = field(default_factory=set)
    #: Names of sizes: `n`, `m`.
    sizes: set[str] = field(default_factory=set)

    def declare(self, names: Iterable[str] | Mapping[str, int | None]) -> None:
        """Add quantities, with ranks where they are known."""
        self.quantities.update(names if isinstance(names, Mapping) else dict.fromkeys(names))

    def is_quantity(self, name: str) -> bool:
        """Whether it was declared as an array or number, by itself or as the base of labelled ones."""
        return name in self.quantities or name in self.labelled

    def declared(self, name: str) -> bool:
        """Whether it has any meaning."""
        return self.is_quantity(name) or name in self.functions or name in self.sizes or name in self.labels
