"""The lines that a user gives a bridge: read, and written as one claim."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jacobians.claims.context import Context
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError, MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_latex import to_latex
from jacobians.notation.to_plain import to_plain

#: What stands around a line in a book: alignment marks, line ends, equals signs at its start.
_BEFORE = re.compile(r"^(?:\s|&|\\\\|\\quad|:?=|≔|≡)+")
_BEHIND = re.compile(r"(?:\s|&|\\\\(?:\[[^\]]*\])?|\\(?:nonumber|notag|label\{[^}]*\}|tag\{[^}]*\})|[.,;])+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its tree, and its text where it was given as text."""

    tree: t.Tree
    text: str
    surface: str = ""


def read_line(line: str | t.Tree, context: Context, what: str) -> Line:
    """A line as a user writes it; of an equation its last part.

    Raises:
        InputError: it is neither text nor tree; MathSyntaxError: it cannot be read, or is several statements.
    """
    if isinstance(line, t.Tree):
        tree = _last(line)
        return Line(tree, to_latex(tree))
    if not isinstance(line, str):
        raise InputError(f"bridge: expected {what} as text or as a tree, got {type(line).__name__}")
    text = _BEHIND.sub("", _BEFORE.sub("", line))
    surface, trees = read_claim(text, context)
    if len(trees) != 1:
        raise MathSyntaxError(f"expected one line, got {len(trees)} statements", text=text)
    tree = _last(trees[0])
    return Line(tree, text, surface) if tree is trees[0] else Line(tree, to_latex(tree))


def _last(tree: t.Tree) -> t.Tree:
    last = tree.parts[-1] if isinstance(tree, t.Chain) else tree
    return last.element if isinstance(last, c.Membership) else last


def as_claim(one: Line, other: Line, context: Context) -> tuple[str, str, t.Chain] | None:
    """Both lines as one equation: its text, the notation it is written in, its tree; None where no text says both."""
    whole = t.Chain((one.tree, other.tree))
    texts = [(f"{one.text} = {other.text}", surface) for surface in dict.fromkeys((one.surface, other.surface))]
    for text, surface in (*texts, (to_latex(whole), "latex"), (to_plain(whole), "plain")):
        try:
            surface, trees = read_claim(text, context, surface)
        except (MathSyntaxError, KeyError):
            continue
        if trees == [whole] and isinstance(trees[0], t.Chain):
            return text, surface, trees[0]
    return None
