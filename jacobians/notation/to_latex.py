r"""A tree in LaTeX for math mode: `W1 @ x` is `W^{(1)} \, x`, `*` is `\odot`, `a / b` is a fraction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jacobians.notation.latex_names import Scripted, escaped, function_scripts, name_scripts, subscripts
from jacobians.notation.methods import WRITERS
from jacobians.notation.to_latex_calculus import (
    ATOM,
    BASE,
    BRACKETED,
    CALCULUS,
    DOTTED,
    FRACTION,
    HEADS,
    IMPLICIT,
    NEGATIVE,
    PRODUCT,
    REACHING,
    RELATION,
    SUM,
    special_call,
)
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

SIGNS = {"*": r"\odot", "·": r"\cdot", "⊗": r"\otimes", "∘": r"\circ", "×": r"\times"}
#: What a reader takes in as looser than the other signs of a product.
LOOSE = frozenset((r"\odot", r"\circ", r"\ast", r"\star", "*"))
RELATIONS = {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne", "<": "<", ">": ">"}
FENCES = {"norm": r"\lVert", "abs": r"\lvert"}


def to_latex(tree: Tree) -> str:
    """The formula in LaTeX; KaTeX accepts it in strict mode."""
    return LatexWriter().text(tree)


class LatexWriter:
    r"""Writes trees; with `sized` off, brackets keep their size and matrix factors stand without `\,` between them.

    `symbols` maps names to the LaTeX that they are written with.
    """

    transposed = r"\top"

    def __init__(self, symbols: Mapping[str, str] | None = None, sized: bool = True) -> None:
        self.symbols, self.sized, self.gap = symbols or {}, sized, r" \, " if sized else " "

    def text(self, tree: Tree, needed: int = RELATION) -> str:
        """The tree where something that binds as tightly as `needed` is expected."""
        level, written = self.written(tree)
        return written if level >= needed else self.brackets(written)

    def written(self, tree: Tree) -> tuple[int, str]:
        """How tightly the tree binds, and its text."""
        if (of_calculus := CALCULUS.get(type(tree))) is not None:
            return of_calculus(self, tree)
        write: Callable[[Any], tuple[int, str]] = getattr(self, WRITERS[type(tree)])
        return write(tree)

    def brackets(self, inside: str) -> str:
        return rf"\left({inside}\right)" if self.sized or r"\frac" in inside else f"({inside})"

    def indexed(self, tree: Tree, indices: Sequence[str]) -> str:
        """The tree with a subscript; compound expressions in brackets."""
        if isinstance(tree, Name):
            return self.name_scripts(tree).with_subscripts(indices).text
        fits = isinstance(tree, Call) and not self.has_subscript(tree)
        return self.text(tree, BASE if fits else BRACKETED) + subscripts(indices)

    def has_subscript(self, tree: Call) -> bool:
        return (tree.function == "norm" and len(tree.args) > 1) or special_call(
            tree.function, len(tree.args)
        ) is not None

    def raised(self, tree: Tree, exponent: str) -> str:
        """The tree with a superscript, in brackets where it has one already or would not read as the base."""
        return self.text(tree, BASE) + exponent

    def name_scripts(self, tree: Name) -> Scripted:
        parts = name_scripts(tree.text, self.symbols)
        return parts if tree.label is None else parts._replace(above=f"({self.text(tree.label)})")

    # ----- one method per kind of tree -----

    def number(self, tree: Number) -> tuple[int, str]:
        mantissa, _, exponent = tree.text.lower().partition("e")
        if not exponent:
            return BASE, mantissa
        power = rf"10^{{{int(exponent)}}}"
        return PRODUCT, power if mantissa == "1" else rf"{mantissa} \cdot {power}"

    def name(self, tree: Name) -> tuple[int, str]:
        parts = self.name_scripts(tree)
        return ATOM if parts.above else BASE, parts.text

    def call(self, tree: Call) -> tuple[int, str]:
        plain = not (tree.primes or tree.keywords or tree.label)
        if plain and (write := special_call(tree.function, len(tree.args))):
            return write(self, tree.args)
        args = [self.text(arg) for arg in tree.args]
        if plain and args and (fence := FENCES.get(tree.function)):
            order = subscripts(args[1:]) if args[1:] else ""
            return BASE, f"{fence} {args[0]} {fence.replace('l', 'r', 1)}{order}"
        if plain and tree.function == "sqrt" and len(args) == 1:
            return BASE, rf"\sqrt{{{args[0]}}}"
        options = [f"{name_scripts(key).text} = {self.text(value, SUM)}" for key, value in tree.keywords]
        return BASE, self.head(tree).primed(tree.primes).text + self.brackets(", ".join([*args, *options]))

    def head(self, tree: Call) -> Scripted:
        """The function's name with its label."""
        head = Scripted(HEADS[tree.function]) if tree.function in HEADS else function_scripts(tree.function)
        return head if tree.label is None else head._replace(above=f"({self.text(tree.label)})")

    def negative(self, tree: Negative) -> tuple[int, str]:
        return NEGATIVE, f"-{self.text(tree.operand, REACHING)}"

    def binary(self, tree: Binary) -> tuple[int, str]:
        if tree.op == "^":
            return ATOM, self.raised(tree.left, rf"^{{{self.text(tree.right)}}}")
        if tree.op == "/":
            return FRACTION, rf"\frac{{{self.text(tree.left)}}}{{{self.text(tree.right)}}}"
        if tree.op in "+-":
            return SUM, f"{self.text(tree.left, SUM)} {tree.op} {self.text(tree.right, REACHING)}"
        constants = _is_constant(tree.left), _is_constant(tree.right)
        if tree.op == "@" or (tree.op == "*" and constants[0]):
            return self.side_by_side(tree.left, tree.right, self.gap)
        return self.product(tree.left, tree.right, r"\cdot" if tree.op == "*" and constants[1] else SIGNS[tree.op])

    def juxtaposition(self, tree: Juxtaposition) -> tuple[int, str]:
        return self.side_by_side(tree.left, tree.right, " ")

    def side_by_side(self, left: Tree, right: Tree, gap: str) -> tuple[int, str]:
        """Factors without a sign, save where two numbers would run together."""
        behind = self.text(right, FRACTION)
        if behind[0].isdigit() or behind[0] == ".":
            return self.product(left, right, r"\cdot")
        return IMPLICIT, f"{self.text(left, IMPLICIT)}{gap}{behind}"

    def product(self, left: Tree, right: Tree, sign: str) -> tuple[int, str]:
        level = PRODUCT if sign in LOOSE else DOTTED
        return level, f"{self.text(left, level)} {sign} {self.text(right, level + 1)}"

    def transpose(self, tree: Transpose) -> tuple[int, str]:
        if isinstance(tree.operand, Name):
            parts = self.name_scripts(tree.operand)
            return ATOM, parts._replace(above=parts.above + self.transposed).text
        return ATOM, self.raised(tree.operand, Scripted("", self.transposed).text)

    def prime(self, tree: Prime) -> tuple[int, str]:
        if not isinstance(tree.operand, Name):
            return ATOM, self.brackets(self.text(tree.operand)) + "'" * tree.order
        name = tree.operand
        head = self.name_scripts(name) if name.text in self.symbols or name.label else function_scripts(name.text)
        return ATOM, head.primed(tree.order).text

    def index(self, tree: Index) -> tuple[int, str]:
        indices = [self.text(i, SUM) for i in tree.indices]
        bare = isinstance(tree.array, Call) or (
            isinstance(tree.array, Name) and not self.name_scripts(tree.array).above
        )
        return BASE if bare else ATOM, self.indexed(tree.array, indices)

    def items(self, tree: List) -> tuple[int, str]:
        """Columns and matrices as such; anything deeper in square brackets."""
        rows = [item.items if isinstance(item, List) else (item,) for item in tree.items]
        kinds = {isinstance(item, List) for item in tree.items}
        deeper = any(isinstance(item, List) for row in rows for item in row)
        if len(kinds) > 1 or len({len(row) for row in rows}) > 1 or deeper:
            return ATOM, rf"\left[{', '.join(self.text(item, SUM) for item in tree.items)}\right]"
        body = r" \\ ".join(" & ".join(self.text(item, SUM) for item in row) for row in rows)
        return ATOM, rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"

    def chain(self, tree: Chain) -> tuple[int, str]:
        return RELATION, " = ".join(self.text(part, SUM) for part in tree.parts)

    def comparison(self, tree: Comparison) -> tuple[int, str]:
        first, *rest = (self.text(part, SUM) for part in tree.parts)
        more = (f" {RELATIONS[r]} {part}" for r, part in zip(tree.relations, rest, strict=True))
        return RELATION, first + "".join(more)

    def iverson(self, tree: Iverson) -> tuple[int, str]:
        return ATOM, f"[{self.text(tree.condition)}]"


def _is_constant(tree: Tree) -> bool:
    """Made of numbers only: its elementwise product with anything is a plain product."""
    constants = (Number, Negative, Binary)
    return all(isinstance(part, constants) for part in tree.walk())


def free_text(text: str) -> str:
    r"""Words as they are: `\text{...}`."""
    return rf"\text{{{escaped(text)}}}"
