r"""Transposes pushed inside: (A B)^T = B^T A^T, down to names and derivatives, none of them twice.

The normal form of a formula has no transpose of a product or of a transpose, none of a number or of a diagonal matrix,
none inside of a function that acts entry by entry, (tanh z)^T for tanh(z^T). A sum is transposed as a whole where all
its terms would be, (z - y)^T for z^T - y^T, and else term by term. Numbers stay in their places
between the factors, save for inner products, which stand first: x^T y a for a x^T y. The normal form of an equation is
that, transposed as a whole where its first side that has a leading factor begins with a transpose: z_x = W for
(z_x)^T = W^T.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from jacobians.claims.context import Settings
from jacobians.claims.layouts_rows import is_open
from jacobians.claims.products import meaning
from jacobians.claims.values import Value
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt

#: Of what gives the same for an array and for its transpose.
TO_NUMBER = frozenset(("norm", "trace", "tr", "det", "logdet"))
#: Names of the identity that nobody declares.
IDENTITIES = ("I", "Id", "E", "eye")
SYMMETRIC = frozenset(("diag", *IDENTITIES))
ALONG_VECTORS = frozenset(("softmax", "log_softmax"))
Product = t.Binary | t.Juxtaposition


class Transposer:
    """Transposes the parts of one formula, whose vectors are `rows` or columns.

    Of `kept`, the parts that nobody touched, the spelling stays.
    """

    def __init__(
        self,
        value: Callable[[t.Tree], Value | None],
        is_elementwise: Callable[[str], bool],
        settings: Settings,
        rows: bool = False,
        kept: frozenset[int] = frozenset(),
    ) -> None:
        self.value, self.is_elementwise, self.settings = value, is_elementwise, settings
        self.rows, self.kept = rows, kept

    def rank(self, tree: t.Tree) -> int:
        """The number of axes; -1 for what has no value by itself, as an identity of no size."""
        value = None if is_open(tree.operand if isinstance(tree, t.Transpose) else tree) else self.value(tree)
        return -1 if value is None else value.rank

    def is_row(self, tree: t.Tree) -> bool:
        """Whether it is a row vector."""
        value = self.value(tree)
        return value is not None and value.rank == 1 and value.orientation == "row"

    # ----- equations -----

    def equation(self, parts: Sequence[t.Tree]) -> tuple[t.Tree, ...]:
        """All sides, transposed where the first that has a leading factor begins with a transpose."""
        normal = [self.normal(part) for part in parts]
        leading = next((found for part in normal if (found := self.leading(part)) is not None), None)
        if isinstance(leading, t.Transpose):
            return tuple(self.turned(part) for part in normal)
        return tuple(normal)

    def leading(self, tree: t.Tree) -> t.Tree | None:
        """What decides whether a side is the right way round; None for numbers and for products of several arrays."""
        if self.rank(tree) == 0:
            return None
        match tree:
            case t.Negative():
                return self.leading(tree.operand)
            case c.Sum() if not isinstance(tree, c.Product):
                return self.leading(tree.body)
            case t.Binary() | t.Juxtaposition() if self.kind(tree) == "matrix product":
                arrays = [factor for factor in self.factors(tree)[0] if self.rank(factor)]
                return self.leading(arrays[0]) if len(arrays) == 1 else None
            case t.Binary(op="+" | "-" | "/" | "*" | "∘") if self.rank(tree.left):
                return self.leading(tree.left)
        return tree

    # ----- one side -----

    def normal(self, tree: t.Tree) -> t.Tree:
        """The tree with its transposes pushed inside."""
        if id(tree) in self.kept or isinstance(tree, c.JacobianOf):
            return tree
        if isinstance(tree, c.Gradient):
            return rebuilt(tree, self.upright)
        if isinstance(tree, t.Transpose):
            return self.turned(tree.operand)
        if isinstance(tree, c.Partial):
            return self.derivative(tree)
        if isinstance(tree, t.Index):
            return self.entry(tree)
        if isinstance(tree, Product) and self.rank(tree) and self.kind(tree) == "matrix product":
            factors, signs = self.factors(tree)
            if (inner := self.inner(factors, signs)) is not None:
                return self.normal(product(*inner))
            if any(self.rank(factor) > 2 for factor in factors):
                return product([self.beside_tensor(factor) for factor in factors], signs)
        return self.lifted(rebuilt(tree, self.normal))

    def beside_tensor(self, tree: t.Tree) -> t.Tree:
        """A gradient is neither row nor column where the chain rule sums all axes in between."""
        made = self.normal(tree)
        if isinstance(made, t.Transpose) and isinstance(made.operand, c.Partial) and self.rank(made) == 1:
            return made.operand
        return made

    def derivative(self, tree: c.Partial) -> t.Tree:
        """Of a transposed vector by a vector as of the vector itself; of anything by a number the transpose."""
        of, by = self.normal(tree.of), tree.by if isinstance(tree.by, t.Transpose) else self.upright(tree.by)
        made = tree if of is tree.of and by is tree.by else replace(tree, of=of, by=by)
        bare = of.operand if isinstance(of, t.Transpose) else self.upright(of)
        if bare is of or tree.second is not None or self.rank(of) not in (1, 2):
            return made
        if self.rank(by) == 0:
            return t.Transpose(replace(made, of=bare))
        return replace(made, of=bare) if self.rank(of) == 1 else made

    def upright(self, tree: t.Tree) -> t.Tree:
        """What is differentiated, or differentiated by, as the column or row that vectors are."""
        if isinstance(tree, t.Name | t.Index) or self.rank(tree) != 1 or self.is_row(tree) == self.rows:
            return self.normal(tree)
        return self.turned(tree)

    def entry(self, tree: t.Index) -> t.Tree:
        """The entry ij of a transpose is the entry ji."""
        array = self.normal(tree.array)
        if isinstance(array, t.Transpose) and self.rank(array) == 2 == len(tree.indices):
            return replace(tree, array=array.operand, indices=tree.indices[::-1])
        if isinstance(array, t.Transpose) and self.rank(array) == 1:
            array = array.operand
        return tree if array is tree.array else replace(tree, array=array)

    def lifted(self, tree: t.Tree) -> t.Tree:
        """A transpose inside of a function or a power moves out of it."""
        if isinstance(tree, t.Binary) and tree.op == "^" and isinstance(tree.left, t.Transpose):
            bare_power = t.Binary("^", tree.left.operand, unplaced(tree.right))  # the -1 of A^{-T} has no text
            return t.Transpose(bare_power) if self.rank(tree.right) == 0 else tree
        if isinstance(tree, t.Binary) and tree.op in "+-":
            return self.lifted_sum(tree)
        if isinstance(tree, t.Prime) and isinstance(tree.operand, t.Transpose):
            return t.Transpose(replace(tree, operand=tree.operand.operand))
        if not isinstance(tree, t.Call) or not any(isinstance(arg, t.Transpose) for arg in tree.args):
            return tree
        bare = replace(tree, args=tuple(arg.operand if isinstance(arg, t.Transpose) else arg for arg in tree.args))
        arrays = [arg for arg in tree.args if self.rank(arg)]
        if tree.function in TO_NUMBER or (tree.function in SYMMETRIC and self.rank(tree.args[0]) == 1):
            return bare
        if not all(isinstance(arg, t.Transpose) for arg in arrays):
            return tree
        if self.is_elementwise(tree.function) or (tree.function in ALONG_VECTORS and self.rank(tree) == 1):
            return t.Transpose(bare)
        return self.summed(tree, bare)

    def lifted_sum(self, tree: t.Binary) -> t.Tree:
        """z^T - y^T is (z - y)^T; a number beside an array is added to every entry."""
        sides = (tree.left, tree.right)
        turned = [isinstance(side, t.Transpose) for side in sides]
        if not any(turned) or not all(
            is_turned or self.rank(side) == 0 for is_turned, side in zip(turned, sides, strict=True)
        ):
            return tree
        left, right = (side.operand if isinstance(side, t.Transpose) else side for side in sides)
        return t.Transpose(replace(tree, left=left, right=right))

    def summed(self, tree: t.Call, bare: t.Call) -> t.Tree:
        """The sum along one axis of a transpose is the sum along the other."""
        axes = [(key, value) for key, value in bare.keywords if key == "axis" and isinstance(value, t.Number)]
        if tree.function not in ("sum", "mean") or self.rank(tree.args[0]) != 2 or (bare.keywords and not axes):
            return tree
        if not bare.keywords:
            return bare
        other = {"0": "1", "1": "0"}.get(axes[0][1].text)
        if other is None:
            return tree
        keywords = tuple((key, t.Number(other) if key == "axis" else value) for key, value in bare.keywords)
        return t.Transpose(replace(bare, keywords=keywords))

    def turned(self, tree: t.Tree) -> t.Tree:
        """The transpose of a tree."""
        if self.rank(tree) == 0:
            return self.normal(tree)
        match tree:
            case t.Transpose():
                return self.normal(tree.operand)
            case t.Negative():
                return replace(tree, operand=self.turned(tree.operand))
            case t.Binary() | t.Juxtaposition():
                return self.turned_binary(tree)
            case c.Sum() if not isinstance(tree, c.Product):
                return replace(tree, body=self.turned(tree.body))
            case c.Cases():
                return replace(tree, branches=tuple((self.turned(value), when) for value, when in tree.branches))
            case t.Call() if tree.function == "outer" and len(tree.args) == 2:
                return replace(tree, args=tuple(self.normal(arg) for arg in tree.args[::-1]))
            case t.Call() if tree.function in SYMMETRIC and self.rank(tree) == 2:
                return self.normal(tree)
            case t.Name() if tree.text in IDENTITIES and self.rank(tree) < 0:
                return tree
        return self.turned_unit(tree)

    def turned_unit(self, tree: t.Tree) -> t.Tree:
        """The transpose of what is none of these; of A^{-T} the power A^{-1}."""
        made = self.lifted(self.normal(tree))
        return made.operand if isinstance(made, t.Transpose) else t.Transpose(made)

    # ----- two operands -----

    def turned_binary(self, tree: Product) -> t.Tree:
        kind = self.kind(tree)
        if kind == "matrix product":
            return self.turned_product(tree)
        if kind == "outer product" and self.rank(tree.left) == self.rank(tree.right) == 1:
            return replace(tree, left=self.normal(tree.right), right=self.normal(tree.left))
        if kind in ("power", "outer product"):
            return self.turned_unit(tree)
        made = replace(tree, left=self.turned(tree.left), right=self.turned(tree.right))
        return self.lifted_sum(made) if isinstance(made, t.Binary) and made.op in "+-" else made

    def kind(self, tree: Product) -> str:
        """What the sign means; a number times anything is a matrix product as good as any."""
        if isinstance(tree, t.Binary) and tree.op in ("+", "-", "/", "^"):
            return "power" if tree.op == "^" else "entries"
        if self.rank(tree.left) == 0 or self.rank(tree.right) == 0:
            return "matrix product"
        kind = meaning(tree.op if isinstance(tree, t.Binary) else "", self.settings)
        return "entries" if kind == "elementwise" else kind

    def turned_product(self, tree: Product) -> t.Tree:
        """The factors in reverse, each transposed; numbers stay in their places."""
        factors, signs = self.factors(tree)
        factors, signs = self.inner(factors, signs) or (factors, signs)
        if any(self.rank(factor) > 2 for factor in factors):
            return t.Transpose(self.normal(tree))
        arrays = [k for k, factor in enumerate(factors) if self.rank(factor)]
        slots = [k for k in range(len(signs)) if k in arrays and k + 1 in arrays]
        turned, signs_turned = [self.normal(factor) for factor in factors], list(signs)
        for k, other in zip(arrays, reversed(arrays), strict=True):
            turned[k] = self.turned(factors[other])
        for k, other in zip(slots, reversed(slots), strict=True):
            signs_turned[k] = signs[other]
        return product(turned, signs_turned)

    def inner(self, factors: list[t.Tree], signs: list[str]) -> tuple[list[t.Tree], list[str]] | None:
        """The factors with an inner product in front of the others; None where there is none behind another array."""
        rows = [k for k in range(1, len(factors)) if self.is_row(factors[k]) and self.rank(factors[k - 1])]
        for k in rows:
            columns = (j for j in range(k + 1, len(factors)) if self.rank(factors[j]) == 1)
            if (end := next(columns, None)) is not None:
                number = product(factors[k : end + 1], signs[k:end])
                rest = [*signs[: k - 1], *signs[end:]]
                return [number, *factors[:k], *factors[end + 1 :]], [signs[k - 1], *rest]
        return None

    def factors(self, tree: t.Tree) -> tuple[list[t.Tree], list[str]]:
        """The factors of a matrix product from left to right, and the signs between them."""
        if not isinstance(tree, Product) or self.kind(tree) != "matrix product":
            return [tree], []
        (left, before), (right, behind) = (
            self.factors(side) if self.rank(side) else ([side], []) for side in (tree.left, tree.right)
        )
        sign = tree.op if isinstance(tree, t.Binary) else ""
        return [*left, *right], [*before, sign, *behind]


def unplaced(tree: t.Tree) -> t.Tree:
    """Without a place in the text, so that it is written anew."""
    return replace(rebuilt(tree, unplaced), span=None)


def product(factors: Sequence[t.Tree], signs: Sequence[str]) -> t.Tree:
    """The product: what stands side by side first, then the signs from left to right."""
    runs, between = [factors[0]], list[str]()
    for sign, factor in zip(signs, factors[1:], strict=True):
        if sign:
            between.append(sign)
            runs.append(factor)
        else:
            runs[-1] = t.Juxtaposition(runs[-1], factor)
    made = runs[0]
    for sign, run in zip(between, runs[1:], strict=True):
        made = t.Binary(sign, made, run)  # type: ignore[arg-type]
    return made
