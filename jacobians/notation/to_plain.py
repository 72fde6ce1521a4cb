"""A tree in the plain notation, with no more brackets than it takes: `parse(to_plain(tree)) == tree`.

Of calculus only derivatives and sums can be read back; the rest is spelled out for a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jacobians.notation.methods import WRITERS
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
from jacobians.notation.tree_calculus import (
    Apply,
    At,
    Cases,
    Differential,
    Dots,
    Gradient,
    JacobianOf,
    Membership,
    Partial,
    Product,
    Slice,
    Sum,
)

# How tightly a tree binds: what stands in a place that needs more goes into brackets.
RELATION, SUM, PRODUCT, UNARY, IMPLICIT, POWER, POSTFIX, NUMBER, ATOM = range(9)
PRIME = "'"
SUM_SIGNS, PRODUCT_SIGNS = "+-", "@*/·⊗∘×"

Written = tuple[int, str]


def to_plain(tree: Tree) -> str:
    """The formula as plain text in ASCII (save for `·`, `⊗`, `∘`, `×`, which have no other spelling)."""
    return PlainWriter().text(tree)


class PlainWriter:
    """Writes trees as plain text."""

    def text(self, tree: Tree, needed: int = RELATION) -> str:
        """The tree where something that binds as tightly as `needed` is expected."""
        level, written = self.written(tree)
        return written if level >= needed else self.brackets(written)

    def written(self, tree: Tree) -> Written:
        """How tightly the tree binds, and its text."""
        write: Callable[[Any], Written] = getattr(self, WRITERS[type(tree)])
        return write(tree)

    def brackets(self, inside: str) -> str:
        return f"({inside})"

    def list(self, trees: Iterable[Tree], needed: int = SUM) -> str:
        return ", ".join([self.text(tree, needed) for tree in trees])

    def sign(self, op: str) -> str:
        """The sign of an operator with its blanks."""
        return op if op in "/^" else f" {op} "

    # ----- one method per kind of tree -----

    def number(self, tree: Number) -> Written:
        return NUMBER, tree.text

    def name(self, tree: Name) -> Written:
        return ATOM, tree.text + self.label(tree.label)

    def label(self, label: Tree | None) -> str:
        return "" if label is None else f"_({self.text(label)})"

    def call(self, tree: Call) -> Written:
        options = [f"{key}={self.text(value, SUM)}" for key, value in tree.keywords]
        args = ", ".join([*(self.text(arg) for arg in tree.args), *options])
        return ATOM, f"{tree.function}{self.label(tree.label)}{PRIME * tree.primes}({args})"

    def negative(self, tree: Negative) -> Written:
        return UNARY, f"-{self.text(tree.operand, UNARY)}"

    def binary(self, tree: Binary) -> Written:
        if tree.op == "^":
            return POWER, f"{self.text(tree.left, POSTFIX)}{self.sign('^')}{self.exponent(tree.right)}"
        level = SUM if tree.op in SUM_SIGNS else PRODUCT
        # what stands right of / must end where it seems to end
        right = self.text(tree.right, POWER if tree.op == "/" and _ends_implicit(tree.right) else level + 1)
        return level, f"{self.text(tree.left, level)}{self.sign(tree.op)}{right}"

    def exponent(self, tree: Tree) -> str:
        return f"-{self.exponent(tree.operand)}" if isinstance(tree, Negative) else self.text(tree, POWER)

    def juxtaposition(self, tree: Juxtaposition) -> Written:
        right = self.text(tree.right, POWER)
        right = right if right[0].isalpha() or right[0] == "(" else self.brackets(right)
        return IMPLICIT, f"{self.text(tree.left, IMPLICIT)} {right}"

    def transpose(self, tree: Transpose) -> Written:
        return POSTFIX, f"{self.postfix_operand(tree.operand)}.T"

    def prime(self, tree: Prime) -> Written:
        return POSTFIX, self.postfix_operand(tree.operand, Prime) + PRIME * tree.order

    def index(self, tree: Index) -> Written:
        return POSTFIX, f"{self.postfix_operand(tree.array)}[{self.list(tree.indices)}]"

    def postfix_operand(self, tree: Tree, bracketed: type[Tree] = Number) -> str:
        """A number keeps its brackets: `2..T` would not read well; so does g' before another prime."""
        written = self.text(tree, POSTFIX)
        return self.brackets(written) if isinstance(tree, Number | bracketed) else written

    def items(self, tree: List) -> Written:
        return ATOM, f"[{self.list(tree.items)}]"

    def chain(self, tree: Chain) -> Written:
        return RELATION, " = ".join([self.text(part, SUM) for part in tree.parts])

    def comparison(self, tree: Comparison) -> Written:
        first, *rest = (self.text(part, SUM) for part in tree.parts)
        return RELATION, first + "".join([f" {r} {part}" for r, part in zip(tree.relations, rest, strict=True)])

    def iverson(self, tree: Iverson) -> Written:
        return ATOM, f"[{self.text(tree.condition)}]"

    # ----- calculus -----

    def partial(self, tree: Partial) -> Written:
        return ATOM, f"D({self.list(tree.children)})"

    def gradient(self, tree: Gradient) -> Written:
        name = "grad" if tree.order == 1 else "hessian"
        return ATOM, f"{name}({self.list(part for part in (tree.of, tree.by) if part is not None)})"

    def jacobian_of(self, tree: JacobianOf) -> Written:
        of = self.text(tree.of, ATOM)
        return ATOM, f"J_{of}" + ("" if tree.argument is None else f"({self.text(tree.argument)})")

    def differential(self, tree: Differential) -> Written:
        return ATOM, f"d({self.text(tree.of)})"

    def sum(self, tree: Sum) -> Written:
        """`sum_i_j(body)`; with limits or a condition `sum_{i = 1..n, i != j}(body)`."""
        word, body = "prod" if isinstance(tree, Product) else "sum", self.text(tree.body)
        limits = [self.text(end, SUM) for end in (tree.lower, tree.upper) if end is not None]
        if not limits and tree.condition is None:
            return ATOM, f"{'_'.join([word, *tree.indices])}({body})"
        letters = ", ".join(tree.indices) + (f" = {'..'.join(limits)}" if limits else "")
        conditions = [] if tree.condition is None else [self.text(tree.condition)]
        return ATOM, f"{word}_{{{', '.join([letters, *conditions])}}}({body})"

    def cases(self, tree: Cases) -> Written:
        rows = [
            f"{self.text(value, SUM)} {'otherwise' if condition is None else f'if {self.text(condition)}'}"
            for value, condition in tree.branches
        ]
        return ATOM, f"{{{'; '.join(rows)}}}"

    def apply(self, tree: Apply) -> Written:
        return POSTFIX, f"{self.text(tree.function, POSTFIX)}({self.list(tree.args)})"

    def at(self, tree: At) -> Written:
        values = [f"{self.text(name, SUM)}={self.text(value, SUM)}" for name, value in tree.values]
        return ATOM, f"at({', '.join([self.text(tree.body), *values])})"

    def dots(self, _: Dots) -> Written:
        return ATOM, "..."

    def slice(self, tree: Slice) -> Written:
        return SUM, ":".join(["" if end is None else self.text(end, SUM) for end in (tree.start, tree.stop)])

    def membership(self, tree: Membership) -> Written:
        sizes = None if tree.sizes is None else " x ".join([self.text(size, ATOM) for size in tree.sizes])
        return RELATION, f"{self.text(tree.element, SUM)} : {'...' if sizes is None else sizes or 'scalar'}"


def _ends_implicit(tree: Tree) -> bool:
    while isinstance(tree, Negative):
        tree = tree.operand
    return isinstance(tree, Juxtaposition)
