"""Which notation a claim is written in, and its trees."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from jacobians.claims.context import Context
from jacobians.claims.loops import in_loop
from jacobians.claims.settling import settled, with_labels
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation.reading import parse

if TYPE_CHECKING:
    from jacobians.notation.code import CodeStatement

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
    return [settled(parse(text), context)]


def _latex(text: str, context: Context) -> list[t.Tree]:
    from jacobians.notation.latex_parser import parse_statements

    return list(parse_statements(text, context.symbols(), context.macros))


def _code(text: str, context: Context) -> list[t.Tree]:
    from jacobians.notation.code import parse_code

    return [with_labels(_statement(s, context), context) for s in parse_code(text)]


def _statement(s: CodeStatement, context: Context) -> t.Tree:
    """An assignment; `W += e` is W = W + e. What a function returns is claimed of its name, or of `return`."""
    target: t.Tree | None = s.target
    if target is None and s.text.startswith("return"):
        target = next((t.Name(n) for n in (s.function, "return") if n in context.equations), None)
    if target is None:
        return s.expression
    if s.augmented:
        value: t.Tree = t.Binary(s.augmented, target, s.expression, span=s.span)  # type: ignore[arg-type]
    else:
        target, value = in_loop(target, s.expression, context)
    return t.Chain((target, value), span=s.span)


READERS: dict[str, Callable[[str, Context], list[t.Tree]]] = {"plain": _plain, "latex": _latex, "code": _code}
