r"""A tree in LaTeX for math mode: `W1 @ x` is `W^{(1)} \, x`, `*` is `\odot`, `a / b` is a fraction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jacobians.errors import InputError
from jacobians.notation.latex_names import Scripted, escaped, name_scripts, subscripts
from jacobians.notation.methods import WRITERS
from jacobians.notation.options import Notation
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
from jacobians.notation.to_latex_names import NameWriter
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
from jacobians.notation.tree_calculus import Gradient, JacobianOf, Partial, Slice, Sum

SIGNS = {"*": r"\odot", "·": r"\cdot", "⊗": r"\otimes", "∘": r"\circ", "×": r"\times"}
#: What a reader takes in as looser than the other signs of a product.
LOOSE = frozenset((r"\odot", r"\circ", r"\ast", r"\star", "*"))
RELATIONS = {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne", "<": "<", ">": ">", "->": r"\to"}
FENCES = {"norm": r"\lVert", "abs": r"\lvert"}
OURS = Notation()


def to_latex(tree: Tree) -> str:
    """The formula in LaTeX; KaTeX accepts it in strict mode."""
    return LatexWriter().text(tree)


class LatexWriter(NameWriter):
    r"""Writes trees in a notation, without changing the formula: that is done by `claims.notated`.

    With `sized` off brackets keep their size and matrix factors stand without `\,` between them. `symbols` maps names
    to the LaTeX that they are written with. `ranks` says which names are vectors and matrices; a name that stands for
    every layer, or for each of several, is known by its base.
    """

    def __init__(
        self,
        symbols: Mapping[str, str] | None = None,
        sized: bool = True,
        notation: Notation | None = None,
        ranks: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(symbols or {}, notation or OURS, ranks or {})
        self.sized, self.gap = sized, r" \, " if sized else " "
        self.transposed: str = self.notation.transpose
        #: Whether fractions are printed with the notation's sign of derivatives where they may have it.
        self.signs_fractions = True
        self.signs = {**SIGNS, "*": self.notation.hadamard}

    def label_text(self, label: Tree) -> str:
        return LatexWriter(self.symbols, self.sized).text(label)

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
            return self.subscripted(self.name_scripts(tree), tree, indices)
        fits = isinstance(tree, Call) and not self.has_subscript(tree)
        return self.text(tree, BASE if fits else BRACKETED) + subscripts(indices)

    def has_subscript(self, tree: Call) -> bool:
        return (tree.function == "norm" and len(tree.args) > 1) or special_call(
            tree.function, len(tree.args)
        ) is not None

    def raised(self, tree: Tree, exponent: str) -> str:
        """The tree with a superscript, in brackets where it has one already or would not read as the base."""
        return self.text(tree, BASE) + exponent

    def jacobian(self, tree: Partial) -> JacobianOf | None:
        """The derivative of a quantity by an array where the notation has a sign for it, D or J; entries have none."""
        of, by = tree.of, tree.by
        if self.notation.derivative not in "DJ" or tree.second is not None:
            return None
        if not (isinstance(of, Name) and isinstance(by, Name)) or not self.rank(by) or self.rank(of) is None:
            return None
        return JacobianOf(of, by, span=tree.span)

    # ----- one method per kind of tree -----

    def number(self, tree: Number) -> tuple[int, str]:
        mantissa, _, exponent = tree.text.lower().partition("e")
        if not exponent:
            return BASE, mantissa
        power = rf"10^{{{int(exponent)}}}"
        return PRODUCT, power if mantissa == "1" else rf"{mantissa} \cdot {power}"

    def name(self, tree: Name) -> tuple[int, str]:
        return BASE if self.is_bare(tree) else ATOM, self.whole_scripts(tree).text

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
        """The function's name with its label.

        Raises:
            InputError: `g'^3(z)`, which would be read as a power.
        """
        head = Scripted(HEADS[tree.function]) if tree.function in HEADS else self.function_scripts(tree.function)
        if tree.label is not None:
            head = head.labelled(self.label_text(tree.label), self.notation.layers)
        if tree.primes and head.above.isdigit():
            name = f"{head.base}'^{head.above}"
            raise InputError(f"notation.layers=k: {name} would be read as a power; use another value, such as (k)")
        return head

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
        sign = self.notation.hadamard if tree.hadamard else self.signs[tree.op]
        return self.product(tree.left, tree.right, r"\cdot" if tree.op == "*" and constants[1] else sign)

    def juxtaposition(self, tree: Juxtaposition) -> tuple[int, str]:
        return self.side_by_side(tree.left, tree.right, " ")

    def side_by_side(self, left: Tree, right: Tree, gap: str) -> tuple[int, str]:
        """Factors without a sign, save where two numbers would run together; a sum as the last one reaches on."""
        if type(right) is Sum:
            return REACHING, f"{self.text(left, BASE if self.reaches_on(left) else IMPLICIT)}{gap}{self.text(right)}"
        behind = self.text(right, FRACTION)
        if behind[0].isdigit() or behind[0] == ".":
            return self.product(left, right, r"\cdot")
        before = self.text(left, BASE if self.reaches_on(left) else IMPLICIT)
        return IMPLICIT, f"{before}{gap}{behind}"

    def reaches_on(self, tree: Tree) -> bool:
        r"""Whether it ends in `\nabla_x L` or `D_x y`, which would seem to be taken of the factors behind it too."""
        while isinstance(tree, Juxtaposition) or (isinstance(tree, Binary) and tree.op == "@"):
            tree = tree.right
        if self.notation.derivative == "∇":
            return isinstance(tree, Gradient)
        signed = self.signs_fractions and isinstance(tree, Partial) and self.jacobian(tree) is not None
        return self.notation.derivative == "D" and (signed or isinstance(tree, JacobianOf))

    def product(self, left: Tree, right: Tree, sign: str) -> tuple[int, str]:
        level = PRODUCT if sign in LOOSE else DOTTED
        return level, f"{self.text(left, level)} {sign} {self.text(right, level + 1)}"

    def transpose(self, tree: Transpose) -> tuple[int, str]:
        if isinstance(tree.operand, Name):
            parts = self.whole_scripts(tree.operand)
            if self.notation.layers != "k" or not parts.above:
                return ATOM, parts._replace(above=parts.above + self.transposed).text
        part = isinstance(tree.operand, Index) and not self.is_entry(tree.operand)  # X_{:, i}^T is a part of X^T
        raised = self.brackets(self.text(tree.operand)) if part else self.text(tree.operand, BASE)
        return ATOM, raised + Scripted("", self.transposed).text

    def prime(self, tree: Prime) -> tuple[int, str]:
        if not isinstance(tree.operand, Name):
            return ATOM, self.brackets(self.text(tree.operand)) + "'" * tree.order
        name = tree.operand
        plain = name.text in self.symbols or name.label
        head = self.name_scripts(name) if plain else self.function_scripts(name.text)
        return ATOM, head.primed(tree.order).text

    def index(self, tree: Index) -> tuple[int, str]:
        indices = [self.text(i, SUM) for i in tree.indices]
        if not isinstance(tree.array, Name):
            return BASE if isinstance(tree.array, Call) else ATOM, self.indexed(tree.array, indices)
        level = BASE if self.is_bare(tree.array) else ATOM
        if self.is_entry(tree):
            return level, self.indexed(tree.array, indices)
        return level, self.subscripted(self.whole_scripts(tree.array), tree.array, indices)

    def is_entry(self, tree: Index) -> bool:
        """Whether it is a number: an index for every axis, as far as one knows."""
        rank = self.rank(tree.array) if isinstance(tree.array, Name) else None
        return rank in (None, len(tree.indices)) and not any(isinstance(i, Slice) for i in tree.indices)

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
