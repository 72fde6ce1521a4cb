"""The language people write mathematics in: lexers (one per surface), one parser, one tree, printers."""

from typing import TYPE_CHECKING, Any

from jacobians.notation.factor_names import name_to_latex, rename
from jacobians.notation.model_text import Declaration, Equation, Statement, Value, parse_model
from jacobians.notation.names import split_name
from jacobians.notation.parser import Parser
from jacobians.notation.plain_lexer import plain_tokens
from jacobians.notation.reading import parse
from jacobians.notation.to_latex import to_latex
from jacobians.notation.to_plain import to_plain
from jacobians.notation.tree import (
    Binary,
    Call,
    Chain,
    Comparison,
    Index,
    Iverson,
    Juxtaposition,
    List,
    Name,
    Negative,
    Number,
    Prime,
    Span,
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import Partial, Sum

if TYPE_CHECKING:
    from jacobians.notation.latex_macros import Macro, collect_macros
    from jacobians.notation.latex_parser import parse_latex, parse_statements

__all__ = [
    "Binary",
    "Call",
    "Chain",
    "Comparison",
    "Declaration",
    "Equation",
    "Index",
    "Iverson",
    "Juxtaposition",
    "List",
    "Macro",
    "Name",
    "Negative",
    "Number",
    "Parser",
    "Partial",
    "Prime",
    "Span",
    "Statement",
    "Sum",
    "Transpose",
    "Tree",
    "Value",
    "collect_macros",
    "name_to_latex",
    "parse",
    "parse_latex",
    "parse_model",
    "parse_statements",
    "plain_tokens",
    "rename",
    "split_name",
    "to_latex",
    "to_plain",
]

#: Only claims are in LaTeX; models do without that surface.
_LATEX = {
    "Macro": "latex_macros",
    "collect_macros": "latex_macros",
    "parse_latex": "latex_parser",
    "parse_statements": "latex_parser",
}


def __getattr__(name: str) -> Any:
    if name not in _LATEX:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATEX[name]}"), name)
