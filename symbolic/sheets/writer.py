r"""How the sheets write: brackets of natural size, a short quotient in one line, `\max_{k} z_{k}`, half a sum."""

from __future__ import annotations

import re

from jacobians.notation import tree as t
from jacobians.notation.to_latex import LatexWriter
from jacobians.notation.to_latex_calculus import FRACTION, PRODUCT, REACHING
from jacobians.notation.tree_calculus import Sum

#: What stands above or below a line without one.
_SHORT = re.compile(r"(?:[A-Za-z0-9]|\\[a-z]+)(?:\^\{?[0-9]\}?|_\{[^{}]*\})*")


class SheetWriter(LatexWriter):
    """Tight LaTeX for a page with many formulas; inside an argument, `x / T` rather than a fraction."""

    def __init__(self) -> None:
        super().__init__(sized=False)

    def binary(self, tree: t.Binary) -> tuple[int, str]:
        if tree.op == "/":
            above, below = self.text(tree.left), self.text(tree.right)
            if _SHORT.fullmatch(above) and _SHORT.fullmatch(below) and not above.isdigit():
                return PRODUCT, f"{above} / {below}"
            return FRACTION, rf"\frac{{{above}}}{{{below}}}"
        return super().binary(tree)

    def side_by_side(self, left: t.Tree, right: t.Tree, gap: str) -> tuple[int, str]:
        if isinstance(right, Sum):  # a sum reaches to the end of the product
            return REACHING, f"{self.text(left, FRACTION)} {self.text(right, REACHING)}"
        tight = self.text(left, FRACTION), self.text(right, FRACTION)
        words = tight[0].startswith(r"\mathrm") or tight[1].startswith(r"\mathrm")  # two words would run together
        return super().side_by_side(left, right, r" \, " if words else gap)

    def call(self, tree: t.Call) -> tuple[int, str]:
        over = [self.text(letter) for key, letter in tree.keywords if key == "over"]
        if over and len(over) == len(tree.keywords):
            return REACHING, rf"\{tree.function}_{{{', '.join(over)}}} {self.text(tree.args[0], FRACTION)}"
        return super().call(tree)
