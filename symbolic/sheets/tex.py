"""Sentences with formulas between dollar signs as LaTeX for text."""

from __future__ import annotations

import re

from jacobians.notation.latex_names import escaped
from symbolic.documents.printer import kept
from symbolic.sheets.prose import spans

#: Signs that text fonts lack, or have as something else.
MATHEMATICS = {
    "δ": r"$\delta$",
    "Σ": r"$\Sigma$",
    "⊙": r"$\odot$",
    "≠": r"$\ne$",
    "∂": r"$\partial$",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
}
#: Formulas that are shorter stay in one piece.
SHORT = 40
#: What its factors stand behind.
_SIGN = re.compile(r"\\(?:sum|prod|max|min)_\{[^{}]*\}$")


def tex(text: str) -> str:
    """Words and formulas; long products may end a line between two factors."""
    return "".join(f"${breakable(part)}$" if is_formula else words(part) for is_formula, part in spans(text))


def words(text: str) -> str:
    """Words as they are, with blanks at their ends; what stands between backticks is code."""
    return "".join(rf"\texttt{{{_plain(p)}}}" if k % 2 else _plain(p) for k, p in enumerate(text.split("`")))


def _plain(text: str) -> str:
    """One font of text; signs of mathematics are formulas."""
    shown = "".join(MATHEMATICS.get(p) or kept(p, escaped) for p in re.split(f"([{''.join(MATHEMATICS)}])", text))
    return shown.replace('"', "''")


def breakable(formula: str) -> str:
    r"""The formula with `\allowbreak` between factors that stand in no braces."""
    if len(formula) < SHORT:
        return formula
    out, depth, sized = "", 0, 0
    for token in re.split(r"(\\left|\\right|\\[a-zA-Z]+|\\.|[{}]| )", formula):
        depth += (token == "{") - (token == "}")
        sized += (token == r"\left") - (token == r"\right")
        between = token == " " and depth == 0 and sized == 0 and out[-1:] in ("}", ")", "]")
        out += r" \allowbreak " if between and not _SIGN.search(out) else token
    return out
