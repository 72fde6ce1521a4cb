"""How the expressions of `tree.py` are written: the signs of plain text and of LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jacobians.printing import LATEX, TEXT, nice

if TYPE_CHECKING:
    from jacobians.forms.tree import Node

#: A fraction needs no parentheses of its own.
FRACTION = re.compile(r"\\frac(\{([^{}]|\{[^{}]*\})*\}){2}")
# How tightly a node binds: a looser one inside a tighter one gets parentheses.
SUM, OUTER, HADAMARD, PRODUCT, ATOM = range(5)


@dataclass(frozen=True)
class Writer:
    """The signs of one output format; `size` may print a size as a letter."""

    name: Callable[[str], str]
    number: Callable[[float], str]
    patterns: Mapping[str, str]
    parentheses: str
    size: Callable[[int], str] = str

    def sign(self, key: str, *parts: str) -> str:
        return self.patterns[key].format(*parts)

    def inside(self, node: Node, level: int) -> str:
        """The node as an operand of something that binds at `level`."""
        shown = node.write(self)
        closed = node.level >= level or FRACTION.fullmatch(shown)
        return shown if closed else self.parentheses.format(shown)


def text_writer() -> Writer:
    """Plain text: `Id_2 ⊗ x`, `diag(p) - p pᵀ`."""
    patterns = {
        "identity": "Id_{}",
        "ones": "ones_{}",
        "transpose": "{}ᵀ",
        "braced": "{}",
        "diag": "diag({})",
        "row": "vec({})",
        "column": "vec({})",
        "outer": " ⊗ ",
        "hadamard": " ⊙ ",
    }
    return Writer(lambda name: name, lambda x: TEXT.number(nice(x)), patterns, "({})")


def latex_writer(size: Callable[[int], str] = str, number: Callable[[float], str] | None = None) -> Writer:
    r"""LaTeX for math mode: `\mathrm{Id}_{2} \otimes x`; `size` and `number` may print sizes as letters."""
    from jacobians.notation import name_to_latex

    patterns = {
        "identity": r"\mathrm{{Id}}_{{{}}}",
        "ones": r"\mathbf{{1}}_{{{}}}",
        "transpose": r"{}^{{\top}}",
        "braced": "{{{}}}",
        "diag": r"\operatorname{{diag}}\left({}\right)",
        "row": r"\operatorname{{vec}}_{{\mathrm{{r}}}}\left({}\right)",
        "column": r"\operatorname{{vec}}\left({}\right)",
        "outer": r" \otimes ",
        "hadamard": r" \odot ",
    }
    number = number or (lambda x: LATEX.number(nice(x)))
    return Writer(lambda name: name_to_latex(name, ()), number, patterns, r"\left({}\right)", size)
