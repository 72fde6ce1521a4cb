"""A Python expression as a tree: `a.dot(b)` is `a @ b`, `self.W1` is `W1`, `x > 0` is 1 where it holds."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from jacobians.errors import MathSyntaxError
from jacobians.notation.code_functions import (
    ELEMENTWISE,
    MODULES,
    Options,
    UnknownOptionError,
    function_tree,
    is_function,
)
from jacobians.notation.code_quantities import attribute, is_object, subscript
from jacobians.notation.parser import MAX_DIGITS
from jacobians.notation.plain_lexer import TO_ASCII
from jacobians.notation.tree import (
    Binary,
    Call,
    Comparison,
    Iverson,
    List,
    Name,
    Negative,
    Number,
    Operator,
    Relation,
    Span,
    Tree,
)
from jacobians.notation.tree_calculus import Apply, Dots, Slice, Sum

_IDENTIFIER = re.compile("[A-Za-z][A-Za-z0-9_]*")
_WORD = re.compile(r"[A-Za-z]\w*|[A-Za-z, ]*->[A-Za-z ]*|[A-Za-z]+(?:\s*,\s*[A-Za-z]+)*", re.ASCII)
OPERATORS: dict[type[ast.operator], Operator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
    ast.Pow: "^",
    ast.BitAnd: "*",  # of two conditions
}
RELATIONS: dict[type[ast.cmpop], Relation] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
#: How messages call what is refused.
KINDS = {
    "Dict": "a dictionary",
    "Lambda": "a lambda",
    "JoinedStr": "a string",
    "ListComp": "a list comprehension",
    "GeneratorExp": "a generator",
    "BoolOp": "`and` or `or`",
    "Starred": "a starred argument",
    "NamedExpr": "`:=`",
    "Mod": "%",
    "FloorDiv": "//",
    "Not": "`not`",
    "Invert": "~",
    "BitOr": "|",
    "In": "`in`",
    "Is": "`is`",
}


class ExpressionReader:
    """Reads the expressions of one text; `margin` characters were taken from the beginning of each of its lines."""

    def __init__(self, text: str, lines: Sequence[str], margin: int) -> None:
        self.text, self.lines, self.margin = text, lines, margin

    def read(self, node: ast.AST) -> Tree:
        """The tree of an expression.

        Raises:
            MathSyntaxError: something that is no arithmetic on arrays, named with its place.
        """
        reader = READERS.get(type(node))
        return reader(self, node) if reader else self.refuse(node)

    # ----- places and errors -----

    def span(self, node: Any) -> Span:
        """Python counts bytes from 0, we count characters from 1."""
        line, end = node.lineno, node.end_lineno
        return Span(line, self.column(line, node.col_offset), end, self.column(end, node.end_col_offset))

    def column(self, line: int, offset: int) -> int:
        shown = self.lines[line - 1]
        offset = offset if shown.isascii() else len(shown.encode()[:offset].decode())
        return offset + self.margin + 1

    def refuse(self, node: Any, what: str = "", at: Any = None) -> NoReturn:
        kind = type(node).__name__
        what = what or KINDS.get(kind, kind.lower())
        problem = f"expected arithmetic on arrays, got {what}; write the value that is meant under a name of its own"
        span = self.span(at or node)
        raise MathSyntaxError(problem, self.text, span.line, span.column)

    # ----- numbers and names -----

    def constant(self, node: ast.Constant) -> Tree:
        value, span = node.value, self.span(node)
        if value is Ellipsis:
            return Dots(span=span)
        if value is None or isinstance(value, bool):
            return Name(str(value), span=span)
        if isinstance(value, int | float):
            return Number(self.digits(node), span=span)
        return self.refuse(node, "a string" if isinstance(value, str) else f"the constant {str(value)[:20]}")

    def digits(self, node: ast.Constant) -> str:
        """As it was written, save for what only Python writes that way."""
        span, value = self.span(node), node.value
        written = self.lines[span.line - 1][span.column - 1 - self.margin : span.end_column - 1 - self.margin]
        written = written.replace("_", "").lower()
        text = written if written.strip("0123456789.e+-") == "" else str(value)
        if len(text) > MAX_DIGITS or value in (float("inf"),) or len(text.partition("e")[2].lstrip("+-0")) > 3:
            self.refuse(node, f"a number that is longer than {MAX_DIGITS} characters or that a float cannot hold")
        return text

    def name(self, node: ast.Name) -> Tree:
        return Name(self.ascii(node.id, node), span=self.span(node))

    def ascii(self, identifier: str, node: ast.AST) -> str:
        text = identifier.translate(TO_ASCII)
        if not _IDENTIFIER.fullmatch(text):
            self.refuse(node, f"the name {identifier[:40]!r}: names are of letters and digits, beginning with a letter")
        return text

    # ----- operators -----

    def binary(self, node: ast.BinOp) -> Tree:
        op = OPERATORS.get(type(node.op))
        if op is None:
            self.refuse(node.op, at=node)
        left, right = self.read(node.left), self.read(node.right)
        if isinstance(node.op, ast.BitAnd) and not (isinstance(left, Iverson) and isinstance(right, Iverson)):
            self.refuse(node, "& between what is no condition")
        return Binary(op, left, right, span=self.span(node))

    def unary(self, node: ast.UnaryOp) -> Tree:
        if isinstance(node.op, ast.USub):
            return Negative(self.read(node.operand), span=self.span(node))
        if isinstance(node.op, ast.UAdd):
            return self.read(node.operand)
        return self.refuse(node.op, at=node)

    def compare(self, node: ast.Compare) -> Tree:
        for sign in node.ops:
            if type(sign) not in RELATIONS:
                self.refuse(sign, at=node)
        parts = tuple(self.read(part) for part in (node.left, *node.comparators))
        relations = tuple(RELATIONS[type(sign)] for sign in node.ops)
        return Iverson(Comparison(parts, relations, span=self.span(node)), span=self.span(node))

    def choice(self, node: ast.IfExp) -> Tree:
        parts = [self.read(part) for part in (node.test, node.body, node.orelse)]
        return function_tree("where", parts, {}, self.span(node))

    def items(self, node: ast.List | ast.Tuple) -> Tree:
        return List(tuple(self.read(item) for item in node.elts), span=self.span(node))

    # ----- slices and calls -----

    def slice(self, node: ast.Slice) -> Tree:
        if node.step is not None:
            self.refuse(node.step, "a slice with a step")
        start, stop = (None if part is None else self.read(part) for part in (node.lower, node.upper))
        return Slice(start, stop, span=self.span(node))

    def call(self, node: ast.Call) -> Tree:
        function, span = node.func, self.span(node)
        match node:
            case ast.Call(ast.Name("sum"), [ast.GeneratorExp() as terms], []):
                return self.sum(terms, span)
        takes_words = getattr(function, "attr", getattr(function, "id", "")) == "einsum"
        args = [self.word(arg) if takes_words else self.read(arg) for arg in node.args]
        options = self.options(node)
        match function:
            case ast.Name("len") if len(args) == 1:
                return Call("size", tuple(args), keywords=(("axis", Number("0")),), span=span)
            case ast.Name("max" | "min" as name) if len(args) == 2:
                name = f"{name}imum"
            case ast.Name(name):
                pass
            case ast.Attribute(owner, name) if self.is_method(owner, name, args):
                args.insert(0, self.read(owner))
            case ast.Attribute(owner, name):
                pass
            case _:
                return Apply(self.read(function), tuple(args), span=span)
        return self.function(node, self.ascii(name, function), args, options)

    def function(self, node: ast.Call, name: str, args: Sequence[Tree], options: Options) -> Tree:
        try:
            return function_tree(name, args, options, self.span(node))
        except UnknownOptionError as error:
            return self.refuse(node, str(error))

    def is_method(self, owner: ast.expr, name: str, args: Sequence[Tree]) -> bool:
        """`x.sum(0)` against `np.sum(x)`, `self.sum(x)` and `layers.relu(x)`."""
        root = owner
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and (root.id in MODULES or (root is owner and is_object(owner))):
            return False
        return not args or not isinstance(root, ast.Name) or (is_function(name) and name not in ELEMENTWISE)

    def word(self, node: ast.expr) -> Tree:
        """A string as a name: the equation of einsum, the value of an option such as order="F"."""
        match node:
            case ast.Constant(value=str(text)) if _WORD.fullmatch(text):
                return Name(text, span=self.span(node))
        return self.read(node)

    def options(self, node: ast.Call) -> dict[str, Tree]:
        for keyword in node.keywords:
            if keyword.arg is None:
                self.refuse(keyword.value, "**", at=keyword)
        return {self.ascii(str(keyword.arg), keyword): self.word(keyword.value) for keyword in node.keywords}

    def sum(self, node: ast.GeneratorExp, span: Span) -> Tree:
        """`sum(W[j, i] * d[j] for j in range(n) if j != k)`."""
        bound = node.generators[0]
        match bound:
            case ast.comprehension(ast.Name(bound_name), ast.Call(ast.Name("range"), [*limits], []), [*conditions]):
                pass
            case _:
                self.refuse(node, "a sum over something else than one range")
        if len(node.generators) > 1 or len(limits) not in (1, 2) or len(conditions) > 1:
            self.refuse(node, "a sum over something else than one range")
        *lower, stop = [self.read(limit) for limit in limits]
        condition = self.read(conditions[0]) if conditions else None
        condition = condition.condition if isinstance(condition, Iverson) else condition
        letter = self.ascii(bound_name, bound.target)
        upper = Binary("-", stop, Number("1"), span=stop.span)
        return Sum((letter,), self.read(node.elt), (lower or [Number("0")])[0], upper, condition, span=span)


READERS: dict[type[ast.AST], Callable[[ExpressionReader, Any], Tree]] = {
    ast.Constant: ExpressionReader.constant,
    ast.Name: ExpressionReader.name,
    ast.BinOp: ExpressionReader.binary,
    ast.UnaryOp: ExpressionReader.unary,
    ast.Compare: ExpressionReader.compare,
    ast.IfExp: ExpressionReader.choice,
    ast.List: ExpressionReader.items,
    ast.Tuple: ExpressionReader.items,
    ast.Attribute: attribute,
    ast.Subscript: subscript,
    ast.Slice: ExpressionReader.slice,
    ast.Call: ExpressionReader.call,
}
