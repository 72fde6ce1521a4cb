"""Formulas and prose in the reader's notation: the one place where trees of a document become text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from jacobians.claims.context import Context
from jacobians.claims.notated import Notated
from jacobians.notation.latex_names import escaped
from jacobians.notation.options import Notation
from jacobians.notation.to_latex_calculus import SUM
from jacobians.notation.to_plain import to_plain
from jacobians.notation.tree import Call, Chain, Name, Tree
from symbolic.steps.language import Prose


@dataclass(frozen=True)
class Printer:
    """Writes trees in a notation; the context says what the names are."""

    notation: Notation
    context: Context

    @cached_property
    def notated(self) -> Notated:
        """The notation, with what it knows of the names."""
        return Notated(self.context, self.notation)

    def tex(self, tree: Tree) -> str:
        """The formula in LaTeX."""
        return self.notated.latex(_named(tree))

    def chain_tex(self, sides: Sequence[Tree]) -> list[str]:
        """The sides of a chain of equations in LaTeX; a layout may change all of them together."""
        made = self.notated.formula(Chain(tuple(sides)))
        return [self.notated.writer.text(part, SUM) for part in made.children]

    def prose_tex(self, prose: Prose) -> str:
        r"""The prose for the text mode of LaTeX, formulas between dollar signs; KaTeX takes it in `\text` too."""
        return self.prose(prose, escaped, lambda tree: f"${self.tex(tree)}$")

    def prose_plain(self, prose: Prose) -> str:
        """The prose in plain notation."""
        return self.prose(prose, str, lambda tree: to_plain(_named(tree)))

    def prose(self, prose: Prose, words: Callable[[str], str], formula: Callable[[Tree], str]) -> str:
        """The prose, its words and its formulas written by these."""
        return "".join(kept(piece, words) if isinstance(piece, str) else formula(piece) for piece in prose)


def kept(text: str, words: Callable[[str], str]) -> str:
    """The text as `words` has it, with the blanks at both ends as they were."""
    inner = text.strip()
    before, _, behind = text.partition(inner) if inner else (text, "", "")
    return before + words(inner) + behind


def _named(tree: Tree) -> Tree:
    """A function that is applied to nothing is its name."""
    if isinstance(tree, Call) and not tree.args and not tree.primes:
        return Name(tree.function, tree.label)
    return tree
