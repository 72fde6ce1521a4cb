"""The language people write mathematics in: lexers (one per surface), one parser, one tree, printers."""

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
    "name_to_latex",
    "parse",
    "parse_model",
    "plain_tokens",
    "rename",
    "split_name",
    "to_latex",
    "to_plain",
]
