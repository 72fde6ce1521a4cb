"""A tree as NumPy code: `np.outer(d, a)`, `np.sum(dZ, axis=0, keepdims=True)`."""

from __future__ import annotations

from jacobians.notation.to_plain import ATOM, POSTFIX, PRODUCT, SUM, PlainWriter, Written
from jacobians.notation.tree import Binary, Call, Iverson, Juxtaposition, Number, Prime, Tree
from jacobians.notation.tree_calculus import Gradient, Sum

SIGNS = {"^": "**", "·": " @ ", "∘": " * ", "×": " * ", "/": " / "}
#: Where NumPy has a function of another name; the others of FUNCTIONS are called alike, and the rest are the reader's.
NUMPY = {
    "Id": "eye",
    "concat": "concatenate",
    "determinant": "linalg.det",
    "inverse": "linalg.inv",
    "norm": "linalg.norm",
    "permute": "transpose",
}
FUNCTIONS = frozenset(
    "abs arctan arcsinh clip cos cumsum diag einsum exp inner kron log max maximum mean min minimum ones ones_like"
    " outer prod reshape sin sqrt stack std sum tan tanh trace var where zeros zeros_like".split()
)
#: Their arguments are one tuple.
TUPLED = frozenset(("ones", "zeros", "concat", "stack"))


def to_code(tree: Tree) -> str:
    """The formula as NumPy code; what code has no form for is spelled as in the plain notation."""
    return CodeWriter().text(tree)


class CodeWriter(PlainWriter):
    """Writes trees as code; `module` is what NumPy is called."""

    module = "np"

    def sign(self, op: str) -> str:
        return SIGNS.get(op, f" {op} ")

    def label(self, label: Tree | None) -> str:
        return "" if label is None else f"[{self.text(label)}]"

    def binary(self, tree: Binary) -> Written:
        if tree.op == "⊗":
            return ATOM, f"{self.module}.outer({self.list((tree.left, tree.right))})"
        return super().binary(tree)

    def juxtaposition(self, tree: Juxtaposition) -> Written:
        """Numbers are factors of entries."""
        op = "*" if isinstance(tree.left, Number) else "@"
        return PRODUCT, f"{self.text(tree.left, PRODUCT)}{self.sign(op)}{self.text(tree.right, PRODUCT + 1)}"

    def call(self, tree: Call) -> Written:
        options = [*tree.keywords]
        args = [self.text(arg) for arg in tree.args]
        if tree.function == "einsum" and options[:1] and options[0][0] == "equation":
            args.insert(0, repr(str(getattr(options.pop(0)[1], "text", ""))))
        elif tree.function in TUPLED and len(args) > 1:
            args = [f"({', '.join(args)})"]
        args += [f"{self.option(key)}={self.text(value, SUM)}" for key, value in options]
        return ATOM, f"{self.function(tree)}({', '.join(args)})"

    def option(self, key: str) -> str:
        return key

    def function(self, tree: Call) -> str:
        if tree.function in FUNCTIONS | NUMPY.keys() and not tree.primes:
            return f"{self.module}.{NUMPY.get(tree.function, tree.function)}"
        return tree.function + self.label(tree.label) + "_prime" * tree.primes

    def prime(self, tree: Prime) -> Written:
        return ATOM, self.text(tree.operand, ATOM) + "_prime" * tree.order

    def iverson(self, tree: Iverson) -> Written:
        return ATOM, self.brackets(self.text(tree.condition))

    def gradient(self, tree: Gradient) -> Written:
        return POSTFIX, f"{self.text(tree.by, POSTFIX)}.grad"

    def sum(self, tree: Sum) -> Written:
        """`sum(W[i] * d[i] for i in range(n))`; without a limit that code can name, the sum of all entries."""
        body = self.text(tree.body)
        if len(tree.indices) != 1 or tree.upper is None:
            return ATOM, f"{self.module}.sum({body})"
        upper = tree.upper
        match upper:
            case Binary("-", stop, Number("1")):
                pass
            case _:
                stop = Binary("+", upper, Number("1"))
        start = "" if tree.lower in (None, Number("0")) else f"{self.text(tree.lower)}, "
        condition = "" if tree.condition is None else f" if {self.text(tree.condition)}"
        return ATOM, f"sum({body} for {tree.indices[0]} in range({start}{self.text(stop)}){condition})"
