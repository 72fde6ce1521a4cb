"""From the tree of an equation to the nodes that compute it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from jacobians.errors import InputError, JacobiansError, ModelError, ShapeError, declaration
from jacobians.functions import named_op, option_value, wrong_count
from jacobians.node import Node
from jacobians.notation import Equation, to_plain
from jacobians.notation import tree as t
from jacobians.op import Op, OpenShape
from jacobians.ops.elementary import Power, Reciprocal, Square
from jacobians.ops.elementwise import Identity, Multiple, Shift
from jacobians.ops.matrix import Transpose
from jacobians.ops.norms import SquaredNorm
from jacobians.ops.pick import Index
from jacobians.ops.pointwise import Add, Divide, Hadamard, Scale, Subtract
from jacobians.ops.products import Matmul, Outer

Operand = str | Fraction
#: A node to be: its name, its op, where the inputs come from, what it stands for.
Part = tuple[str, Op, Mapping[str, str], t.Tree]
#: Ops without options: one of each serves all equations.
POINTWISE: dict[str, Op] = {"+": Add(), "-": Subtract(), "/": Divide()}
HADAMARD, SCALE, MATMUL, OUTER, TRANSPOSE = Hadamard(), Scale(), Matmul(), Outer(), Transpose()
IDENTITY, SQUARE, SQUARED_NORM, RECIPROCAL = Identity(), Square(), SquaredNorm(), Reciprocal()


class Builder:
    """Turns the trees of equations into nodes; a name nobody declared becomes a leaf of open size."""

    def __init__(self, shapes: Mapping[str, OpenShape], defined: list[str]) -> None:
        self.shapes: dict[str, OpenShape] = dict(shapes)
        self._defined = set(defined)
        self._guessed: set[str] = set()
        self._ranks: dict[str, int] = {name: len(shape) for name, shape in shapes.items()}
        self._parts: list[Part] = []
        self._equation: Equation | None = None
        self._seen: dict[t.Tree, str] = {}

    def equation(self, e: Equation) -> list[Node]:
        """The nodes of one equation: hidden ones for its parts, the last one carries its name."""
        self._parts, self._equation, self._seen = [], e, {}
        try:
            result = self._value(e.expression)
        except ModelError:
            raise
        except JacobiansError as error:
            raise type(error)(f"line {e.line}, in {e.text}: {error}") from None
        if not isinstance(result, str):
            value = f"{e.name} = {float(result):g}"
            raise ModelError(f"line {e.line}: {e.text} is a constant; write it as a value, {value}")
        if not self._parts or self._parts[-1][0] != result:
            self._add(IDENTITY, {"x": result}, e.expression)
        *parts, (hidden, op, sources, _) = self._parts
        self._ranks[e.name] = self._ranks.pop(hidden)
        last = Node(e.name, op, sources, e.text.partition("=")[2].strip(), "", e.text)
        return [*(Node(name, op, at, to_plain(tree), e.name, e.text) for name, op, at, tree in parts), last]

    # ----- trees -----

    def _operand(self, tree: t.Tree) -> Operand:
        """The name of the node or leaf that holds the value of a part, or a constant."""
        if isinstance(tree, (t.Name, t.Number)):
            return self._value(tree)
        if tree in self._seen:  # the same part written twice in one equation is computed once
            return self._seen[tree]
        result = self._value(tree)
        if isinstance(result, str):
            self._seen[tree] = result
        return result

    def _value(self, tree: t.Tree) -> Operand:
        handler = self._HANDLERS.get(type(tree))
        if handler is None:
            raise self._refuse(tree, f"{to_plain(tree)} cannot stand in a model's equation")
        return handler(self, tree)

    def _number(self, tree: t.Number) -> Operand:
        return tree.value

    def _name(self, tree: t.Name) -> Operand:
        if tree.label is not None:
            raise self._refuse(tree, f"{to_plain(tree)} has a generic layer label; write the layer's number")
        name = tree.text
        if name not in self._ranks and name not in self._defined:
            rank = 2 if name[0].isupper() else 1
            self.shapes[name] = (None,) * rank
            self._ranks[name] = rank
            self._guessed.add(name)
        return name

    def _negative(self, tree: t.Negative) -> Operand:
        inner = self._operand(tree.operand)
        return -inner if isinstance(inner, Fraction) else self._add(Multiple(-1.0), {"x": inner}, tree)

    def _transpose(self, tree: t.Transpose) -> Operand:
        inner = self._operand(tree.operand)
        if isinstance(inner, Fraction) or self._ranks[inner] < 2:
            return inner  # the transpose of a vector matters only inside a product, see _matmul
        return self._add(TRANSPOSE, {"A": inner}, tree)

    def _binary(self, tree: t.Binary) -> Operand:
        left, right = self._operand(tree.left), self._operand(tree.right)
        if not (isinstance(left, str) or isinstance(right, str)):
            return self._folded(tree, left, right)
        if tree.op == "^":
            return self._power(tree, left, right)
        if not (isinstance(left, str) and isinstance(right, str)):
            return self._with_constant(tree, left, right)
        if tree.op in ("@", "·"):
            return self._matmul(tree, left, right)
        if tree.op == "⊗":
            return self._add(OUTER, {"x": left, "y": right}, tree)
        return self._pointwise(tree, left, right)

    def _juxtaposition(self, tree: t.Juxtaposition) -> Operand:
        left, right = self._operand(tree.left), self._operand(tree.right)
        scalar = (
            isinstance(left, Fraction) or isinstance(right, Fraction) or 0 in (self._ranks[left], self._ranks[right])
        )
        return self._binary(t.Binary("*" if scalar else "@", tree.left, tree.right, span=tree.span))

    def _folded(self, tree: t.Binary, a: Fraction, b: Fraction) -> Operand:
        if tree.op == "/" and b == 0:
            raise self._refuse(tree, f"{to_plain(tree)} divides by zero")
        if tree.op == "^":
            if b.denominator == 1 and abs(b) <= 64 and (a != 0 or b >= 0):
                return Fraction(a ** int(b))
            raise self._refuse(tree, f"{to_plain(tree)}: a constant power takes whole exponents up to 64")
        results: dict[str, Callable[[], Fraction]] = {
            "+": lambda: a + b,
            "-": lambda: a - b,
            "/": lambda: a / b,
        }
        result = results.get(tree.op, lambda: a * b)()
        if abs(result) > sys.float_info.max:
            raise self._refuse(tree, f"{to_plain(tree)} is larger than a float can hold")
        return result

    def _power(self, tree: t.Binary, base: Operand, exponent: Operand) -> Operand:
        if isinstance(base, Fraction) or not isinstance(exponent, Fraction):
            raise self._refuse(
                tree, f"{to_plain(tree)}: an exponent must be a number, the base a variable; try exp(y * log(x))"
            )
        if (
            isinstance(tree.left, t.Call)
            and tree.left.function == "norm"
            and exponent == 2
            and len(tree.left.args) == 1
        ):
            inner = self._operand(tree.left.args[0])
            self._drop(base)
            return self._call_op(SQUARED_NORM, [inner], tree)
        if exponent == 2:
            return self._add(SQUARE, {"x": base}, tree)
        power = int(exponent) if exponent.denominator == 1 else float(exponent)
        return self._add(Power(power), {"x": base}, tree)

    def _with_constant(self, tree: t.Binary, left: Operand, right: Operand) -> Operand:
        """One side is a number: a multiple, a shift, or the number divided by the other side."""
        if isinstance(right, Fraction):
            assert isinstance(left, str)
            if tree.op in ("+", "-"):
                return self._add(Shift(float(right if tree.op == "+" else -right)), {"x": left}, tree)
            if tree.op == "/" and right == 0:
                raise self._refuse(tree, f"{to_plain(tree)} divides by zero")
            return self._add(Multiple(float(1 / right if tree.op == "/" else right)), {"x": left}, tree)
        assert isinstance(left, Fraction)
        if tree.op == "+":
            return self._add(Shift(float(left)), {"x": right}, tree)
        if tree.op == "-":
            negative = self._add(Multiple(-1.0), {"x": right}, t.Negative(tree.right))
            return self._add(Shift(float(left)), {"x": negative}, tree)
        if tree.op == "/":
            inverse = self._call_op(RECIPROCAL, [right], t.Binary("/", t.Number("1"), tree.right))
            return inverse if left == 1 else self._add(Multiple(float(left)), {"x": inverse}, tree)
        return self._add(Multiple(float(left)), {"x": right}, tree)

    def _matmul(self, tree: t.Binary, left: str, right: str) -> Operand:
        ranks = self._ranks[left], self._ranks[right]
        if 0 in ranks:
            return self._pointwise(tree, left, right)
        if ranks == (1, 1) and not isinstance(tree.left, t.Transpose):
            if isinstance(tree.right, t.Transpose):  # a column times a row: x @ y.T
                return self._add(OUTER, {"x": left, "y": right}, tree)
            tree = t.Binary("@", t.Transpose(tree.left), tree.right)  # x @ y is a number, and prints as x^T y
        return self._add(MATMUL, {"A": left, "B": right}, tree)

    def _pointwise(self, tree: t.Binary, left: str, right: str) -> Operand:
        ranks = self._ranks[left], self._ranks[right]
        if tree.op in ("*", "@", "·") and 0 in ranks and ranks != (0, 0):
            c, x = (left, right) if ranks[0] == 0 else (right, left)
            return self._add(SCALE, {"c": c, "x": x}, tree)
        return self._add(POINTWISE.get(tree.op, HADAMARD), {"x": left, "y": right}, tree)

    def _index(self, tree: t.Index) -> Operand:
        current = self._operand(tree.array)
        for k in tree.indices:
            number = self._operand(k)
            if isinstance(current, Fraction) or not isinstance(number, Fraction) or number.denominator != 1:
                raise self._refuse(tree, f"{to_plain(tree)}: an index in a model is a whole number, as in a[0]")
            current = self._add(Index(int(number), axis=0), {"x": current}, tree)
        return current

    # ----- calls -----

    def _call(self, tree: t.Call) -> Operand:
        if tree.primes:
            raise self._refuse(
                tree, f"{to_plain(tree)}: a derivative cannot stand in a model; ask for the Jacobian instead"
            )
        args = [self._operand(a) for a in tree.args]
        op = self._op(tree, len(args))
        if not all(isinstance(a, str) for a in args) and len(args) == len(op.input_names()):
            raise self._refuse(tree, f"{to_plain(tree)}: a function of a constant; write its value instead")
        return self._call_op(op, args, tree)

    def _op(self, tree: t.Call, count: int) -> Op:
        options = {key: option_value(value, self._number_of_option) for key, value in tree.keywords}
        try:
            return named_op(tree.function, count, options)
        except ModelError as error:
            raise self._refuse(tree, str(error)) from None

    def _number_of_option(self, tree: t.Tree) -> float | int:
        value = self._operand(tree)
        if not isinstance(value, Fraction):
            raise self._refuse(tree, f"option {to_plain(tree)}: expected a number, a word, or a list such as [1, 2]")
        return int(value) if value.denominator == 1 else float(value)

    def _call_op(self, op: Op, args: list[Operand], tree: t.Tree) -> str:
        names = op.input_names()
        if len(names) != len(args):
            raise self._refuse(tree, wrong_count(op, len(args)))
        return self._add(op, {k: str(a) for k, a in zip(names, args, strict=True)}, tree)

    # ----- nodes -----

    def _add(self, op: Op, sources: Mapping[str, str], tree: t.Tree) -> str:
        """A hidden node for one part of the equation."""
        assert self._equation is not None
        name = f"{self._equation.name}#{len(self._parts) + 1}"
        try:
            self._ranks[name] = len(
                op.known_signature({k: (None,) * self._ranks[s] for k, s in sources.items()}).output
            )
        except ShapeError as error:
            hints = [f"; {s} is not declared: {declaration(s, 3)}" for s in sources.values() if s in self._guessed]
            raise ShapeError(f"{error}{''.join(hints[:1])}") from None
        self._parts.append((name, op, sources, tree))
        return name

    def _drop(self, name: Operand) -> None:
        """Take back the last node: a better op for the whole was found."""
        assert self._parts[-1][0] == name
        self._parts.pop()
        self._seen = {tree: n for tree, n in self._seen.items() if n != name}

    def _refuse(self, tree: t.Tree, why: str) -> InputError | ModelError:
        assert self._equation is not None
        column = f", column {tree.span.column}" if tree.span else ""
        return ModelError(f"line {self._equation.line}{column}, in {self._equation.text}: {why}")

    _HANDLERS: dict[type, Callable[[Any, Any], Operand]] = {
        t.Number: _number,
        t.Name: _name,
        t.Negative: _negative,
        t.Transpose: _transpose,
        t.Binary: _binary,
        t.Juxtaposition: _juxtaposition,
        t.Index: _index,
        t.Call: _call,
    }
