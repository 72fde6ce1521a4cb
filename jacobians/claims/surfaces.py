"""Which notation a claim is written in, and its trees."""

from __future__ import annotations

import re

from jacobians.claims.context import Context
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation.reading import parse

#: What only LaTeX has.
LATEX = re.compile(r"\\[A-Za-z\[({]|[_^]\{|\$|\^[A-Za-z\\]|\\\\")


def read_claim(text: str, context: Context, surface: str = "") -> tuple[str, list[t.Tree]]:
    """The surface and the statements of a claim; without `surface` the notation is found out.

    Raises:
        MathSyntaxError: it can be read in none.
    """
    if not text.strip():
        raise MathSyntaxError("expected a formula, got an empty text")
    tried = [surface] if surface else _surfaces(text)
    first: MathSyntaxError | None = None
    for name in tried:
        try:
            return name, READERS[name](text, context)
        except MathSyntaxError as error:
            first = first or error
    assert first is not None
    raise first


def _surfaces(text: str) -> list[str]:
    from jacobians.notation.code import looks_like_code

    if LATEX.search(text):
        return ["latex"]
    if looks_like_code(text):
        return ["code", "plain", "latex"]
    return ["plain", "latex"]


def _plain(text: str, context: Context) -> list[t.Tree]:
    return [parse(text)]


def _latex(text: str, context: Context) -> list[t.Tree]:
    from jacobians.notation.latex_parser import parse_statements

    return list(parse_statements(text, context.symbols(), context.macros))


def _code(text: str, context: Context) -> list[t.Tree]:
    from jacobians.notation.code import parse_code

    return [t.Chain((s.target, s.expression), span=s.span) for s in parse_code(text) if s.target is not None]


READERS = {"plain": _plain, "latex": _latex, "code": _code}
