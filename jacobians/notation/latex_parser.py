r"""LaTeX, and Unicode and plain text with LaTeX's scripts, into the one tree.

From loose to tight: `=`; `+ -`; `\odot \circ *`; `\cdot \times \otimes @ /`; factors side by side; scripts. So
`W^\top \delta \odot g'(z)` is the elementwise product of a matrix product, as people write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jacobians.errors import MathSyntaxError
from jacobians.notation.latex_lexer import LatexLexer
from jacobians.notation.latex_macros import Macro
from jacobians.notation.latex_relations import DOT_LEVEL, HADAMARD_LEVEL, RelationParser
from jacobians.notation.latex_rows import CONDITION, separated, without_prose
from jacobians.notation.parser import MAX_DEPTH, RELATIONS, SUM_LEVEL
from jacobians.notation.symbols import Symbols
from jacobians.notation.tokens import Kind, Token
from jacobians.notation.tree import (
    Binary,
    Chain,
    Index,
    Juxtaposition,
    Name,
    Number,
    Operator,
    Prime,
    Span,
    Tree,
)
from jacobians.notation.tree_calculus import Apply, Dots, Membership

OPERATORS: dict[Kind, tuple[int, Operator]] = {
    Kind.PLUS: (SUM_LEVEL, "+"),
    Kind.MINUS: (SUM_LEVEL, "-"),
    Kind.HADAMARD: (HADAMARD_LEVEL, "*"),
    Kind.COMPOSE: (HADAMARD_LEVEL, "∘"),
    Kind.MATMUL: (DOT_LEVEL, "@"),
    Kind.DOT: (DOT_LEVEL, "·"),
    Kind.TIMES: (DOT_LEVEL, "×"),
    Kind.OUTER: (DOT_LEVEL, "⊗"),
    Kind.DIVIDE: (DOT_LEVEL, "/"),
}
FACTORS = frozenset(
    (Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.OPEN, Kind.LIST_OPEN, Kind.BRACE_OPEN, Kind.GROUP_OPEN, Kind.COMMAND)
) | {Kind.SUM, Kind.PARTIAL, Kind.NABLA, Kind.NORM, Kind.NORM_OPEN, Kind.BAR, Kind.BAR_OPEN, Kind.BEGIN}
FACTORS |= {Kind.ANGLE_OPEN, Kind.DOTS, Kind.NULL_OPEN}


class LatexParser(RelationParser):
    """The parser of one text; what letters mean is decided by `symbols`."""

    operators, factors = OPERATORS, FACTORS

    # ----- statements -----

    def statements(self) -> list[Tree]:
        """Every equation, comparison, declaration or expression."""
        result: list[Tree] = []
        purpose = ""
        while self.token.kind is not Kind.END:
            if self.take(Kind.SEPARATOR):
                purpose = self.last.value
                continue
            if self.is_lone_sign():
                break
            start = self.token
            tree = self.ended(self.statement())
            if purpose == CONDITION and isinstance(tree, Chain):
                tree = self.condition(tree, start)
            if isinstance(tree, Membership):
                _share(result, tree)
            result.append(tree)
            purpose = ""
        return result

    def is_lone_sign(self) -> bool:
        r"""A formula of one sign claims nothing: people write `$\otimes$` to talk about it."""
        return len(self.tokens) == 2 and self.token.kind in (*OPERATORS, *RELATIONS, Kind.ARROW, Kind.ELEMENT)

    def statement(self) -> Tree:
        """A relation; a box around the whole of it does not count."""
        if self.token.kind in RELATIONS:
            raise self.error(f"expected something left of {self.token.shown}: there is no row above to go on with")
        if self.token.kind is Kind.GROUP_OPEN:
            behind = self.tokens[self.partner(self.position) + 1].kind
            if behind in (Kind.END, Kind.SEPARATOR):
                return self.braced(self.statement)
        return self.relation()

    def ended(self, tree: Tree) -> Tree:
        if self.token.kind not in (Kind.END, Kind.SEPARATOR):
            self.fail("an operator or the end")
        if len(self.tokens) > MAX_DEPTH and tree.depth > MAX_DEPTH:
            self.token = self.tokens[0]
            raise self.error(f"expected at most {MAX_DEPTH} operations within one another; split the formula")
        return tree

    # ----- factors -----

    def power(self) -> Tree:
        """A unit with everything that belongs to it; scripts of a name are read with the name."""
        start = self.token
        tree = self.finished(self.unit(), start)
        while self.token.kind is Kind.OPEN and _is_composite_function(tree) and self.implicit_product:
            args, _ = self.arguments()
            tree = self.finished(Apply(tree, args, span=self.span(start)), start)
        return tree

    def unit(self) -> Tree:
        reader = UNITS.get(self.token.kind)
        if reader is None:
            self.fail("a number, a name or a bracket")
        if self.token.kind is Kind.WORD:
            return self.letters_unit(self.token)
        return reader(self, self.advance())

    def letters_unit(self, start: Token) -> Tree:
        if start.value == "d" and self.implicit_product and not self.symbols.declared("d"):
            ahead = self.position
            self.advance()
            if (tree := self.after_d(start)) is not None:
                return tree
            self.position = ahead
            self.token = self.tokens[ahead]
        return super().letters_unit(start)

    def starts_factor(self, left: Tree) -> bool:
        """Bars look alike, so within bars the next one closes them; an index has no factors but behind a number."""
        kind = self.token.kind
        if kind is Kind.NUMBER and isinstance(left.right if isinstance(left, Juxtaposition) else left, Number):
            return False
        if not self.implicit_product:
            return isinstance(left, Number) or kind is Kind.OPEN
        if kind is Kind.COMMAND and self.token.value == "over":
            return False
        if kind is Kind.NORM:
            return self.norms == 0
        return not (kind is Kind.BAR and (self.bars or self.is_point_ahead()))

    def quotient(self, left: Tree, right: Tree, sign: Token, start: Token) -> Tree:
        r"""`1/m \sum ...`: behind a number above and one sign below, the other factors are beside the fraction."""
        first = right
        while isinstance(first, Juxtaposition):
            first = first.left
        if first is not right and isinstance(left, Number) and isinstance(first, Name | Number):
            return _with_first(right, lambda below: Binary("/", left, below, span=_joined(left, below)))
        return super().quotient(left, right, sign, start)


def _with_first(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The product with its first factor changed; every product on the way begins where the change does."""
    if not isinstance(tree, Juxtaposition):
        return change(tree)
    left = _with_first(tree.left, change)
    return Juxtaposition(left, tree.right, span=_joined(left, tree))


def _joined(left: Tree, right: Tree) -> Span | None:
    if left.span is None or right.span is None:
        return None
    return left.span._replace(end_line=right.span.end_line, end_column=right.span.end_column)


def _is_composite_function(tree: Tree) -> bool:
    r"""`(g \circ f)`, `(a + b)'`: what a bracket behind it is the argument of."""
    inner = tree.operand if isinstance(tree, Prime) else tree
    return (isinstance(tree, Prime) and not isinstance(inner, Name | Index)) or _is_composition(inner)


def _is_composition(tree: Tree) -> bool:
    r"""`h \circ g \circ f` of names; of anything else it is a product."""
    if not (isinstance(tree, Binary) and tree.op == "∘"):
        return False
    return all(isinstance(part, Name | Prime) or _is_composition(part) for part in (tree.left, tree.right))


def _share(statements: list[Tree], member: Membership) -> None:
    r"""`x, y \in \mathbb{R}^n`: the names before it are in the same set."""
    for place in range(len(statements) - 1, -1, -1):
        name = statements[place]
        if not isinstance(name, Name | Dots):
            break
        statements[place] = Membership(name, member.sizes, member.within, span=name.span)


UNITS: dict[Kind, Callable[[Any, Token], Tree]] = {
    Kind.NUMBER: LatexParser.numbered,
    Kind.NAME: LatexParser.name,
    Kind.WORD: LatexParser.letters_unit,
    Kind.COMMAND: LatexParser.command,
    Kind.GROUP_OPEN: LatexParser.group,
    **dict.fromkeys((Kind.OPEN, Kind.LIST_OPEN, Kind.BRACE_OPEN), LatexParser.bracketed),
    **dict.fromkeys((Kind.NORM, Kind.NORM_OPEN), LatexParser.norm),
    **dict.fromkeys((Kind.BAR, Kind.BAR_OPEN), LatexParser.absolute),
    Kind.ANGLE_OPEN: LatexParser.inner_product,
    Kind.BEGIN: LatexParser.matrix,
    Kind.DOTS: LatexParser.dots,
    Kind.PARTIAL: LatexParser.partial,
    Kind.NABLA: LatexParser.nabla,
    Kind.SUM: LatexParser.sum,
    Kind.NULL_OPEN: LatexParser.evaluated,
}


def parse_statements(
    text: str, symbols: Symbols | None = None, macros: Mapping[str, Macro] | None = None
) -> list[Tree]:
    r"""All statements of a formula: the rows of a display, equations with commas between them, declarations.

    A row that begins with = goes on with the chain above it; words between formulas are left out, and an equation
    behind "if" or "for" is a comparison.

    Raises:
        MathSyntaxError: the text is no formula; it carries the line and the column.
    """
    symbols = symbols or Symbols()
    lexer = LatexLexer(text, symbols, macros or {})
    tokens = without_prose(separated(lexer.read()))
    return LatexParser(tokens, text, symbols, not lexer.latex).statements()


def parse_latex(text: str, symbols: Symbols | None = None, macros: Mapping[str, Macro] | None = None) -> Tree:
    r"""The tree of one formula in LaTeX, Unicode or plain text with LaTeX's scripts.

    What letters mean is decided by `symbols`; `macros` are the document's own commands, see `collect_macros`.

    Raises:
        MathSyntaxError: the text is no formula, or several; it carries the line and the column.

    >>> parse_latex(r"\delta^\top W")
    Juxtaposition(Transpose(Name('delta', None)), Name('W', None))
    """
    statements = parse_statements(text, symbols, macros)
    if not statements:
        raise MathSyntaxError("expected a formula, got nothing that claims anything", text)
    if len(statements) > 1:
        place = statements[1].span
        line, column = (place.line, place.column) if place else (1, 1)
        problem = f"expected one formula, got {len(statements)}; put each into a formula of its own"
        raise MathSyntaxError(problem, text, line, column)
    return statements[0]
