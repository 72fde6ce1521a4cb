"""Attributes and entries in code: which quantity `self.W1`, `params["W" + str(l)]`, `x.grad` and `x[:, j]` are."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jacobians.notation.code_functions import MODULES
from jacobians.notation.tree import Call, Index, Name, Span, Transpose, Tree
from jacobians.notation.tree_calculus import Gradient

if TYPE_CHECKING:
    from jacobians.notation.code_expressions import ExpressionReader

#: What holds the quantities of a network: `self.W1`, `params["W1"]` are W1. Another owner stays as a subscript.
OWNERS = frozenset(
    "self cls ctx cache caches param params parameters weight weights values value state memory store net network model"
    " layer layers p forward activations outputs".split()
)
GRADIENTS = frozenset("grad grads gradient gradients".split())
TRANSPOSES = frozenset(("T", "mT"))
#: Attributes that are the same values.
SAME = frozenset(("data", "value"))


def attribute(reader: ExpressionReader, node: ast.Attribute) -> Tree:
    """`W.T`, `W.grad`, `x.shape`; otherwise a quantity by its last name."""
    span, owner = reader.span(node), node.value
    if node.attr in TRANSPOSES:
        return Transpose(reader.read(owner), span=span)
    if node.attr in SAME and not is_object(owner):
        return reader.read(owner)
    if node.attr == "grad" and not is_object(owner):
        return Gradient(reader.read(owner), span=span)
    if node.attr == "shape":
        return Call("shape", (reader.read(owner),), span=span)
    text = reader.ascii(node.attr.lstrip("_") or node.attr, node)
    if isinstance(owner, ast.Name) and owner.id in MODULES:
        return Name("None" if text == "newaxis" else text, span=span)
    return _owned(reader, owner, text, span)


def is_object(node: ast.expr) -> bool:
    """What stands for the thing that a method belongs to, never for an array."""
    return isinstance(node, ast.Name) and node.id in ("self", "cls", "ctx")


def subscript(reader: ExpressionReader, node: ast.Subscript) -> Tree:
    """`x[:, j]`, `params["W1"]`, `x.shape[0]`."""
    span, inside = reader.span(node), node.slice
    if named := _key(reader, inside):
        text, label = named
        if _last_name(node.value) in GRADIENTS and not (text[0] == "d" and len(text) > 1):
            text = f"d{text}"
        return _owned(reader, node.value, reader.ascii(text, inside), span, label)
    if isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        return Call("size", (reader.read(node.value.value),), keywords=(("axis", reader.read(inside)),), span=span)
    indices = inside.elts if isinstance(inside, ast.Tuple) and inside.elts else [inside]
    return Index(reader.read(node.value), tuple(reader.read(index) for index in indices), span=span)


def _key(reader: ExpressionReader, node: ast.expr) -> tuple[str, Tree | None] | None:
    """`"W1"`; `"W" + str(l)`, `f"W{l}"`, `"W%d" % l` are W with the label l."""
    match node:
        case ast.Constant(value=str(text)) if text:
            return text, None
        case ast.BinOp(ast.Constant(value=str(text)), ast.Add(), ast.Call(ast.Name("str"), [label])) if text:
            return text, reader.read(label)
        case ast.BinOp(ast.Constant(value=str(text)), ast.Mod(), label) if text[:-2] and text[-2:] in ("%d", "%i"):
            return text[:-2], reader.read(label)
        case ast.JoinedStr([ast.Constant(value=str(text)), ast.FormattedValue(label, -1, None)]):
            return text, reader.read(label)
    return None


def _owned(reader: ExpressionReader, owner: ast.expr, text: str, span: Span, label: Tree | None = None) -> Tree:
    """The quantity that an object, a dictionary or a list of them holds under a name."""
    if isinstance(owner, ast.Subscript) and _last_name(owner) is None:  # layers[k].W
        return Index(_owned(reader, owner.value, text, span, label), (reader.read(owner.slice),), span=span)
    last = _last_name(owner)
    if last is None:
        return reader.refuse(owner, f"{text} of an expression")
    known = last in OWNERS or last in GRADIENTS
    return Name(text if known else f"{text}_{reader.ascii(last, owner)}", label, span=span)


def _last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name or None
    return None
