"""The code surface: what a piece of NumPy or PyTorch code computes, statement by statement; it is parsed, never run."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from jacobians.errors import MathSyntaxError
from jacobians.notation.code_expressions import OPERATORS, ExpressionReader
from jacobians.notation.code_functions import MODULES, is_function
from jacobians.notation.parser import MAX_DEPTH
from jacobians.notation.token_stream import MAX_NESTING
from jacobians.notation.tokens import MAX_LENGTH
from jacobians.notation.tree import Index, Name, Span, Tree

#: Statements of one text, each target of `a = b = 0` counted.
MAX_STATEMENTS = 2000
#: What notebooks take beside Python: commands that begin with one of these.
_COMMAND = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
#: What only code has: modules, methods, powers, options, slices, keys, assignments with a sign.
_CODE_ONLY = re.compile(
    rf"\b(?:{'|'.join(MODULES - {'K', 'F'})}|self|F)\.\w|\*\*|[-+*/@]=|\.T\b|@|\b(?:axis|dim|keepdims?)\s*="
    r"|\.(?:dot|sum|mean|matmul|t|transpose|reshape|exp|log|tanh|sqrt|max|shape)\b|\[[^\]]*:|\[\s*[\"']|^return\b.*[-+*/(\[]|=\s*(?:True|False|None)\b|;\s*\w+\s*[-+*/@]?="
)
#: What only the plain notation has.
_PLAIN_ONLY = re.compile(r"\bsum(?:_[A-Za-z])+\s*\(|\bD\(|\bnorm\(|\w_\(|\^")


@dataclass(frozen=True, slots=True)
class CodeStatement:
    """`dW = dZ @ A.T / m`: a target and what it is set to; `augmented` is the sign of `+=`.

    `return e` and an expression by itself have no target; `function` names the function that a statement stands in.
    """

    target: Tree | None
    expression: Tree
    augmented: str
    span: Span
    text: str
    function: str = ""


def parse_code(text: str, problems: list[MathSyntaxError] | None = None) -> list[CodeStatement]:
    """The assignments, returned values and bare expressions of a text, also those inside loops and functions, in order.

    Imports, docstrings, `print` and other statements are passed over. Names are those of the tree: `self.W1` and
    `params["W1"]` are both W1. A line that is more than arithmetic on arrays is an error; with a list of `problems` it
    is added to that, and the other lines are read all the same.

    Raises:
        MathSyntaxError: no Python, too long or too deep, or an expression that has no meaning as mathematics.
    """
    _check_limits(text)
    text = re.sub("\r(?!\n)", " ", text)
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    margin = _margin(lines)
    lines = [line[margin:] for line in lines]
    reader = _StatementReader(text, lines, margin)
    for node, function in _statements(_module(text, lines, margin)):
        try:
            reader.statement(node, function)
        except MathSyntaxError as error:
            if problems is None:
                raise
            problems.append(error)
    return reader.found


def looks_like_code(text: str) -> bool:
    """Whether a single line is Python rather than the plain notation, which has most of its signs in common.

    >>> looks_like_code("dW = np.dot(dZ, A.T) / m"), looks_like_code("z = W x + b")
    (True, False)
    """
    line = text.strip()
    if "\n" in line or not _CODE_ONLY.search(line) or _PLAIN_ONLY.search(line):
        return False
    try:
        _check_limits(line)
        body = _module(line, [line], 0).body
    except MathSyntaxError:
        return False
    return bool(body) and all(isinstance(node, ast.Assign | ast.AugAssign | ast.Return | ast.Expr) for node in body)


# ----- from text to Python's tree -----


def _check_limits(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise MathSyntaxError(f"expected at most {MAX_LENGTH} characters of code, got {len(text)}; split the text")
    depth, line, start = 0, 1, 0
    for k, sign in enumerate(text):
        depth = max(0, depth + (sign in "([{") - (sign in ")]}"))
        if sign == "\n":
            line, start = line + 1, k + 1
        if depth > MAX_NESTING:
            problem = f"expected at most {MAX_NESTING} brackets within one another; split the expression"
            raise MathSyntaxError(problem, text, line, k - start + 1)


def _margin(lines: Sequence[str]) -> int:
    """How far the whole text is indented, as in a list item."""
    blanks = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()] or [""]
    same = (len(set(signs)) == 1 for signs in zip(*blanks, strict=False))
    return len(list(takewhile(bool, same)))


def _module(text: str, lines: Sequence[str], margin: int) -> ast.Module:
    source = "\n".join(lines)
    try:
        return _parsed(source)
    except SyntaxError as error:
        if _COMMAND.search(source):
            return _module(text, _COMMAND.sub(r"\1pass", source).split("\n"), margin)
        line = min(max(error.lineno or 1, 1), len(lines))
        column = min(max(error.offset or 1, 1), len(lines[line - 1]) + 1) + margin
        problem = f"expected Python code, got what Python refuses ({error.msg}); mend the line or leave it out"
        raise MathSyntaxError(problem, text, line, column) from None
    except (RecursionError, MemoryError):
        raise MathSyntaxError("expected code that is less deeply nested; split the expression", text) from None
    except ValueError:  # a character with the code 0, half a pair of surrogates
        raise MathSyntaxError("expected text, got a character that no text has; remove it", text) from None


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of strings with odd backslashes, which are none of our concern
        return ast.parse(source)


def _statements(module: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """All statements, those in blocks too, with the name of the function around them; without recursion."""
    waiting: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(module.body)]
    while waiting:
        node, function = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node, function
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        blocks = (getattr(node, name, ()) for name in ("body", "handlers", "cases", "orelse", "finalbody"))
        inside = [child for block in blocks if isinstance(block, list) for child in block]
        waiting += [(child, function) for child in reversed(inside)]


# ----- statements -----


class _StatementReader(ExpressionReader):
    """Collects what the statements say."""

    def __init__(self, text: str, lines: Sequence[str], margin: int) -> None:
        super().__init__(text, lines, margin)
        self.found: list[CodeStatement] = []

    def statement(self, node: ast.stmt, function: str) -> None:
        match node:
            case ast.Assign(targets, ast.Lambda() as value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.add(node, None, value.body, function=target.id)
            case ast.Assign(targets, value):
                for target in targets:
                    self.assign(node, target, value, function)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(node, target, value, function)
            case ast.AugAssign(target, op, value):
                self.add(node, target, value, OPERATORS.get(type(op)) or self.refuse(op, at=node), function)
            case ast.Return(ast.expr() as value):
                for part in value.elts if isinstance(value, ast.Tuple) else [value]:
                    self.add(node, None, part, function=function)
            case ast.Expr(value) if not (isinstance(value, ast.Constant) or _is_command(value)):
                self.add(node, None, value, function=function)

    def assign(self, node: ast.stmt, target: ast.expr, value: ast.expr, function: str) -> None:
        """`a, b = c, d` is two of them; what a call returns cannot be told apart, so its parts are passed over."""
        if not isinstance(target, ast.Tuple | ast.List):
            self.add(node, target, value, function=function)
        elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            for part, its_value in zip(target.elts, value.elts, strict=True):
                self.assign(node, part, its_value, function)

    def add(
        self, node: ast.stmt, target: ast.expr | None, value: ast.expr, augmented: str = "", function: str = ""
    ) -> None:
        if len(self.found) >= MAX_STATEMENTS:
            self.refuse(node, f"more than {MAX_STATEMENTS} statements")
        if _depth(value) > MAX_DEPTH:
            self.refuse(value, f"more than {MAX_DEPTH} operations within one another")
        tree = None if target is None else self.read(target)
        if target is not None and not isinstance(tree, Name | Index):
            self.refuse(target, "a target that is neither a name nor an entry")
        expression, span = self.read(value), self.span(node)
        self.found.append(CodeStatement(tree, expression, augmented, span, self.source(span), function))

    def source(self, span: Span) -> str:
        """The statement as it was written; further lines lose the margin of the text."""
        lines = list(self.lines[span.line - 1 : span.end_line])
        lines[-1] = lines[-1][: span.end_column - 1 - self.margin]
        lines[0] = lines[0][span.column - 1 - self.margin :]
        return "\n".join(lines)


def _is_command(node: ast.expr) -> bool:
    """`print(x)`, `plt.show()`, `self.backward(dy)`: called for what it does."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return not is_function(name)


def _depth(node: ast.AST) -> int:
    levels, row = 0, [node]
    while row:
        levels, row = levels + 1, [child for parent in row for child in ast.iter_child_nodes(parent)]
    return levels
