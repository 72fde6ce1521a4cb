r"""Names in LaTeX in a reader's notation: layers above or below, own names, bold type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jacobians.notation.latex_names import Scripted, bold, function_scripts, name_scripts, subscripts
from jacobians.notation.latex_spelling import scripts_of
from jacobians.notation.names import split_name
from jacobians.notation.options import Notation
from jacobians.notation.tree import Name, Tree


class NameWriter:
    """Writes names; what a label is made of is written by `text`."""

    def __init__(self, symbols: Mapping[str, str], notation: Notation, ranks: Mapping[str, int]) -> None:
        self.symbols, self.notation, self.ranks = symbols, notation, ranks
        #: What a bare superscript would be the layer of.
        self.layered = {split_name(n).base for n in self.ranks if split_name(n).layer}

    def text(self, tree: Tree, needed: int = 0) -> str:
        """The tree where something that binds as tightly as `needed` is expected."""
        raise NotImplementedError

    def label_text(self, label: Tree) -> str:
        """A label; its letters are no quantities, so they keep their names."""
        raise NotImplementedError

    def subscripted(self, parts: Scripted, tree: Name, indices: Sequence[str]) -> str:
        """A name with indices; with its layer below in brackets of its own, `(W_1)_{i j}`."""
        if indices and self.notation.layers == "_k" and self.layer(tree):
            return f"({parts.text}){subscripts(indices)}"
        return parts.with_subscripts(indices).text

    def layer(self, tree: Name) -> str:
        """The number of the layer, or the letter for it; empty where there is none."""
        if tree.label is not None:
            return self.label_text(tree.label)
        return "" if tree.text in self.symbols or tree.text in self.notation.names else split_name(tree.text).layer

    def rank(self, tree: Name) -> int | None:
        """The number of axes, None where it is not known."""
        return rank_of(tree, self.ranks)

    def name_scripts(self, tree: Name) -> Scripted:
        parts = self.gradient(tree.text) or self.own_scripts(tree.text)
        parts = parts or name_scripts(tree.text, self.symbols, self.notation.layers)
        return parts if tree.label is None else parts.labelled(self.label_text(tree.label), self.notation.layers)

    def own_scripts(self, text: str) -> Scripted | None:
        """A name that the reader calls otherwise, with its layer; None for any other."""
        own = self.notation.names
        if not own or text in own:
            return scripts_of(own[text]) if own else None
        base, layer, subscript = split_name(text)
        if f"{base}_{subscript}" in own:
            parts = scripts_of(own[f"{base}_{subscript}"])
        elif base in own:
            parts = scripts_of(own[base]).with_subscripts(
                [name_scripts(part).text for part in subscript.split("_") if part]
            )
        elif text[0] == "d" and text[1:] and (variable := self.own_scripts(text[1:])):
            return self.before(variable)
        else:
            return None
        return parts.labelled(layer, self.notation.layers) if layer else parts

    def gradient(self, text: str) -> Scripted | None:
        """`dW` of a quantity W in a notation with such gradients; None for words, which a d would make longer."""
        if self.notation.derivative != "d" or text[0] != "d" or text[1:] not in self.ranks:
            return None
        variable = self.name_scripts(Name(text[1:]))
        return None if variable.base.startswith(r"\mathrm") else self.before(variable)

    def before(self, variable: Scripted) -> Scripted:
        r"""A d for the gradient: `dW`, `d \epsilon`."""
        return variable._replace(base=("d" if len(variable.base) == 1 else "d ") + variable.base)

    def whole_scripts(self, tree: Name) -> Scripted:
        """A name for all of a quantity: bold if the notation has vectors and matrices so."""
        parts = self.name_scripts(tree)
        return parts._replace(base=bold(parts.base)) if self.notation.bold and self.rank(tree) else parts

    def is_bare(self, tree: Name) -> bool:
        """Whether a script may stand beside the name: no layer is there already, nor would be read there."""
        parts, layers = self.name_scripts(tree), self.notation.layers
        below = layers == "_k" and self.layer(tree)
        return not (parts.above or below or (layers == "k" and parts.base in self.layered))

    def function_scripts(self, text: str) -> Scripted:
        """The name of a function; a number above it without brackets would be a power."""
        layers = self.notation.layers if self.notation.layers != "k" else "(k)"
        return self.own_scripts(text) or function_scripts(text, layers)


def rank_of(tree: Name, ranks: Mapping[str, int]) -> int | None:
    """The number of axes of a name, which may be known by the base that it shares with those of other layers."""
    parts = split_name(tree.text)
    base = f"{parts.base}_{parts.subscript}" if parts.subscript else parts.base
    return ranks.get(tree.text, ranks.get(base))
