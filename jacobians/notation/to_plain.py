"""A tree in the plain notation, with no more brackets than it takes: `parse(to_plain(tree)) == tree`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

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
    Transpose,
    Tree,
)
from jacobians.notation.tree_calculus import Partial, Sum

# How tightly a tree binds: what stands in a place that needs more goes into brackets.
RELATION, SUM, PRODUCT, UNARY, IMPLICIT, POWER, POSTFIX, NUMBER, ATOM = range(9)
PRIME = "'"
LEVEL = {"+": SUM, "-": SUM, "@": PRODUCT, "*": PRODUCT, "/": PRODUCT, "·": PRODUCT, "⊗": PRODUCT, "^": POWER}


def to_plain(tree: Tree) -> str:
    """The formula as plain text in ASCII (save for `·` and `⊗`, which have no other spelling)."""
    return _text(tree, RELATION)


def _text(tree: Tree, needed: int) -> str:
    """The tree where something that binds as tightly as `needed` is expected."""
    level, written = PRINTERS[type(tree)](tree)
    return written if level >= needed else f"({written})"


def _list(trees: Iterable[Tree], needed: int = SUM) -> str:
    return ", ".join(_text(tree, needed) for tree in trees)


def _label(label: Tree | None) -> str:
    return "" if label is None else f"_({to_plain(label)})"


def _call(tree: Call) -> tuple[int, str]:
    options = [f"{key}={_text(value, SUM)}" for key, value in tree.keywords]
    args = ", ".join([*(_text(arg, RELATION) for arg in tree.args), *options])
    return ATOM, f"{tree.function}{_label(tree.label)}{PRIME * tree.primes}({args})"


def _binary(tree: Binary) -> tuple[int, str]:
    level = LEVEL[tree.op]
    if tree.op == "^":
        return level, f"{_text(tree.left, POSTFIX)}^{_exponent(tree.right)}"
    # what stands right of / must end where it seems to end
    right = _text(tree.right, POWER if tree.op == "/" and _ends_implicit(tree.right) else level + 1)
    return level, f"{_text(tree.left, level)}{tree.op if tree.op == '/' else f' {tree.op} '}{right}"


def _ends_implicit(tree: Tree) -> bool:
    while isinstance(tree, Negative):
        tree = tree.operand
    return isinstance(tree, Juxtaposition)


def _exponent(tree: Tree) -> str:
    return f"-{_exponent(tree.operand)}" if isinstance(tree, Negative) else _text(tree, POWER)


def _juxtaposition(tree: Juxtaposition) -> tuple[int, str]:
    right = _text(tree.right, POWER)
    right = right if right[0].isalpha() or right[0] == "(" else f"({right})"
    return IMPLICIT, f"{_text(tree.left, IMPLICIT)} {right}"


def _chain(tree: Chain) -> tuple[int, str]:
    return RELATION, " = ".join(_text(part, SUM) for part in tree.parts)


def _comparison(tree: Comparison) -> tuple[int, str]:
    first, *rest = (_text(part, SUM) for part in tree.parts)
    return RELATION, first + "".join(f" {r} {part}" for r, part in zip(tree.relations, rest, strict=True))


PRINTERS: dict[type[Tree], Callable[[Any], tuple[int, str]]] = {
    Number: lambda t: (NUMBER, t.text),
    Name: lambda t: (ATOM, t.text + _label(t.label)),
    Call: _call,
    Negative: lambda t: (UNARY, f"-{_text(t.operand, UNARY)}"),
    Binary: _binary,
    Juxtaposition: _juxtaposition,
    Transpose: lambda t: (POSTFIX, f"{_postfix_operand(t.operand)}.T"),
    Prime: lambda t: (POSTFIX, _postfix_operand(t.operand, Prime) + "'" * t.order),
    Index: lambda t: (POSTFIX, f"{_postfix_operand(t.array)}[{_list(t.indices)}]"),
    List: lambda t: (ATOM, f"[{_list(t.items)}]"),
    Chain: _chain,
    Comparison: _comparison,
    Iverson: lambda t: (ATOM, f"[{_text(t.condition, RELATION)}]"),
    Partial: lambda t: (ATOM, f"D({_list((t.of, t.by))})"),
    Sum: lambda t: (ATOM, f"sum_{'_'.join(t.indices)}({to_plain(t.body)})"),
}


def _postfix_operand(tree: Tree, bracketed: type[Tree] = Number) -> str:
    """A number keeps its brackets: `2..T` would not read well; so does g' before another prime."""
    written = _text(tree, POSTFIX)
    return f"({written})" if isinstance(tree, Number | bracketed) else written
