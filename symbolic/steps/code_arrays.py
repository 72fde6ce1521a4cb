"""Formulas of whole arrays as code: `delta1 @ x.T` of two columns is `np.outer(delta1, x)`; vectors have one axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jacobians.errors import InputError
from jacobians.functions import ALIASES
from jacobians.notation import tree as t
from jacobians.notation.to_plain import to_plain
from symbolic.steps.arrays import TWO, is_ones
from symbolic.steps.code_tables import ATOM, FUNCTIONS, POWER, PRODUCT, SUM, Function, Library, Written
from symbolic.steps.normal_form import Arrays


class NoCodeError(InputError):
    """A formula that has no short code."""


def no_code(tree: t.Tree, why: str = "has no short code") -> NoCodeError:
    """The error; what to do instead is said where it is caught."""
    return NoCodeError(f"{to_plain(tree)} {why}")


@dataclass
class ArrayCode:
    """Writes formulas with one library."""

    arrays: Arrays
    library: Library
    #: The names of variables, by what they stand for.
    variables: dict[t.Tree, str]
    #: What `ones` and the like take the kind of their numbers from.
    like: str
    #: Lines that are needed before, and what of the variables the code reads.
    before: list[str] = field(default_factory=list)
    used: dict[t.Tree, None] = field(default_factory=dict)
    #: The sizes that the code speaks of, by their names.
    sizes: dict[str, str] = field(default_factory=dict)
    _softmax: dict[t.Tree, str] = field(default_factory=dict)

    def written(self, tree: t.Tree) -> Written:
        """The code of a formula.

        Raises:
            NoCodeError: there is none for a part of it.
        """
        if tree in self.variables:
            self.used.setdefault(tree)
            return Written(self.variables[tree])
        handler = HANDLERS.get(type(tree))
        if handler is None:
            raise no_code(tree)
        return handler(self, tree)

    def text(self, tree: t.Tree, needed: int = SUM) -> str:
        """The code where something that binds as tightly as `needed` is expected."""
        return self.written(tree).at(needed)

    def call(self, function: str, *trees: t.Tree) -> Written:
        """A function of the library."""
        return Written(f"{self.library.module}.{function}({', '.join(map(self.text, trees))})")

    # ----- names, numbers -----

    def name(self, tree: t.Name) -> Written:
        named = self.arrays.graph.named(tree)
        if named != tree and named in self.variables:
            return self.written(named)
        raise no_code(tree, "is not computed before it is needed")

    def number(self, tree: t.Number) -> Written:
        return Written(tree.text)

    def negative(self, tree: t.Negative) -> Written:
        return Written(f"-{self.text(tree.operand, PRODUCT)}", PRODUCT)

    def transpose(self, tree: t.Transpose) -> Written:
        if self.arrays.kind(tree.operand) != "matrix":  # vectors have one axis
            return self.written(tree.operand)
        return Written(f"{self.text(tree.operand, ATOM)}.T")

    # ----- products and sums -----

    def binary(self, tree: t.Binary) -> Written:
        left, right = tree.left, tree.right
        if tree.op in "+-":
            a, b = self.beside(left, right, SUM), self.beside(right, left, PRODUCT)
            return Written(f"{a} {tree.op} {b}", SUM)
        if tree.op == "^":
            return self.power(tree)
        if tree.op in "*∘/":
            sign = "/" if tree.op == "/" else "*"
            return Written(f"{self.beside(left, right, PRODUCT)} {sign} {self.beside(right, left, POWER)}", PRODUCT)
        if tree.op == "⊗":
            return self.call("outer", left, right)
        return self.product(tree, left, right)

    def juxtaposition(self, tree: t.Juxtaposition) -> Written:
        return self.product(tree, tree.left, tree.right)

    def beside(self, tree: t.Tree, other: t.Tree, needed: int) -> str:
        """An operand; a column that goes with every column of a matrix gets a second axis, save in a model's text."""
        if (
            self.arrays.graph.context.model is None
            and self.arrays.kind(tree) == "column"
            and self.arrays.kind(other) == "matrix"
        ):
            return f"{self.text(tree, ATOM)}[:, None]"
        return self.text(tree, needed)

    def power(self, tree: t.Binary) -> Written:
        base = tree.left
        if isinstance(base, t.Call) and base.function == "norm" and len(base.args) == 1 and tree.right == TWO:
            return Written(f"{self.library.module}.sum({self.text(base.args[0], ATOM)} ** 2)")
        return Written(f"{self.text(base, ATOM)} ** {self.text(tree.right, ATOM)}", POWER)

    def product(self, tree: t.Tree, left: t.Tree, right: t.Tree) -> Written:
        kinds = self.arrays.kind(left), self.arrays.kind(right)
        if "number" in kinds:
            return Written(f"{self.text(left, PRODUCT)} * {self.text(right, POWER)}", PRODUCT)
        if is_ones(right) and (made := self.summed(left, right)) is not None:
            return made
        if is_ones(left) and kinds[0] == "row" and kinds[1] == "column":
            return self.call("sum", right)
        for one, other, axes in ((left, right, "[:, None]"), (right, left, "")):  # diag(v) A has scaled rows
            if isinstance(one, t.Call) and one.function == "diag" and self.arrays.kind(one.args[0]) == "column":
                axes = axes if self.arrays.kind(other) == "matrix" else ""
                diagonal = self.text(one.args[0], ATOM if axes else PRODUCT) + axes
                return Written(f"{diagonal} * {self.text(other, POWER)}", PRODUCT)
        if kinds == ("column", "row"):
            return self.call("outer", left, right)
        return Written(f"{self.text(left, PRODUCT)} @ {self.text(right, POWER)}", PRODUCT)

    def summed(self, left: t.Tree, right: t.Tree) -> Written | None:
        """A product with ones: the sums of the rows, or of the columns of what is transposed."""
        if self.arrays.kind(left) != "matrix":
            return self.call("sum", left) if self.arrays.kind(right) == "column" else None
        keep = self.arrays.kind(right) == "matrix"
        turned = isinstance(left, t.Transpose) and not keep
        inner = left.operand if turned and isinstance(left, t.Transpose) else left
        options = f"axis={0 if turned else 1}" + (", keepdims=True" if keep else "")
        return Written(f"{self.text(inner, ATOM)}.sum({options})")

    # ----- functions -----

    def function(self, tree: t.Call) -> Written:
        name = ALIASES.get(tree.function, tree.function)
        if self.arrays.graph.is_elementwise(tree):
            return self.elementwise(tree, name)
        write = CALLS.get(name)
        if write is None or tree.keywords or tree.primes:
            raise no_code(tree)
        return write(self, tree)

    def elementwise(self, tree: t.Call, name: str) -> Written:
        """The value or the slope of a function of one variable."""
        (x,) = tree.args
        if name == "sqrt" and all(self.is_constant(part) for part in x.walk()):  # PyTorch takes the root of arrays only
            return Written(f"{self.text(x, ATOM)} ** 0.5", POWER)
        value = t.Call(tree.function, tree.args, 0, (), tree.label)
        named = [n for n in self.arrays.named(value) if n in self.variables] if tree.primes else []
        if named and "{f}" in self.known(tree).slope:
            return self.slope(tree, Written(""), self.written(named[0]))
        return self.applied(tree, self.written(x))

    def applied(self, tree: t.Call, x: Written) -> Written:
        """A function of one variable of what the code of its argument is."""
        known, module = self.known(tree), self.library.module
        value = Written(known.value.format(np=module, x=x.at(ATOM), inside=x.text), known.value_level)
        return self.slope(tree, x, value) if tree.primes else value

    def slope(self, tree: t.Call, x: Written, f: Written) -> Written:
        """Its derivative."""
        known, module = self.known(tree), self.library.module
        text = known.slope.format(np=module, x=x.at(ATOM), inside=x.text, f=f.at(ATOM))
        return Written(text, known.slope_level)

    def known(self, tree: t.Call) -> Function:
        """What the libraries know of a function of one variable."""
        known = FUNCTIONS.get(ALIASES.get(tree.function, tree.function))
        if known is None or tree.primes > 1:
            raise no_code(tree, "has no short code: NumPy, PyTorch and JAX have no such function in common")
        return known

    def is_constant(self, tree: t.Tree) -> bool:
        """Whether this part of a formula is no array."""
        sizes = self.arrays.graph.context.sizes
        return not isinstance(tree, t.Name | t.Call | t.Index) or (isinstance(tree, t.Name) and tree.text in sizes)

    def norm(self, tree: t.Call) -> Written:
        if len(tree.args) != 1:
            raise no_code(tree)
        module = self.library.module
        return Written(f"{module}.sqrt({module}.sum({self.text(tree.args[0], ATOM)} ** 2))")

    def reduced(self, tree: t.Call) -> Written:
        """`sum`, `mean`, `trace` and `diag` have their names everywhere."""
        return self.call(ALIASES.get(tree.function, tree.function), *tree.args)

    def inner(self, tree: t.Call) -> Written:
        a, b = tree.args
        return Written(f"{self.library.module}.sum({self.text(a, PRODUCT)} * {self.text(b, POWER)})")

    def outer(self, tree: t.Call) -> Written:
        return self.call("outer", *tree.args)

    def softmax(self, tree: t.Call) -> Written:
        """In two lines with NumPy, which has no function for it."""
        (x,) = tree.args
        if self.library.name == "torch":
            return Written(f"torch.softmax({self.text(x)}, dim=-1)")
        if self.library.name == "jax":
            return Written(f"jax.nn.softmax({self.text(x)}, axis=-1)")
        if x not in self._softmax:
            name = f"e{len(self._softmax) + 1}" if self._softmax or "e" in self.variables.values() else "e"
            row = self.arrays.kind(x) == "matrix"
            largest = f"np.max({self.text(x)}" + (", axis=1, keepdims=True)" if row else ")")
            self.before.append(f"{name} = np.exp({self.text(x)} - {largest})")
            self._softmax[x] = f"{name} / np.sum({name}" + (", axis=1, keepdims=True)" if row else ")")
        return Written(self._softmax[x], PRODUCT)

    def linear_algebra(self, tree: t.Call) -> Written:
        """`linalg` is the same everywhere."""
        names = {"inverse": "inv", "logdet": "slogdet", "determinant": "det"}
        name = names[ALIASES.get(tree.function, tree.function)]
        made = f"{self.library.module}.linalg.{name}({self.text(tree.args[0])})"
        return Written(made + "[1]" if name == "slogdet" else made)

    def ones(self, tree: t.Call) -> Written:
        sizes = self.library.sizes([self.size(x) for x in tree.args])
        return Written(self.library.ones(sizes, self.like))

    def identity(self, tree: t.Call) -> Written:
        return Written(self.library.identity(self.size(tree.args[0]), self.like))

    def size(self, tree: t.Tree) -> str:
        """A size: a number, or an axis of an argument."""
        if isinstance(tree, t.Number):
            return tree.text
        for name, leaf in self.arrays.graph.context.leaves.items():
            if tree in leaf.sizes and isinstance(tree, t.Name) and t.Name(name) in self.variables:
                self.used.setdefault(t.Name(name))
                found = f"{self.variables[t.Name(name)]}.shape[{leaf.sizes.index(tree)}]"
                if tree.text in self.variables.values():
                    return found
                self.sizes[tree.text] = found
                return tree.text
        raise no_code(tree, "is a size that no argument has")

    def sized(self, tree: t.Name) -> Written:
        """A size as a number in a formula."""
        return Written(self.size(tree))


def _name(code: ArrayCode, tree: t.Name) -> Written:
    return code.sized(tree) if tree.text in code.arrays.graph.context.sizes else code.name(tree)


HANDLERS: dict[type[t.Tree], Callable[..., Written]] = {
    t.Name: _name,
    t.Number: ArrayCode.number,
    t.Negative: ArrayCode.negative,
    t.Transpose: ArrayCode.transpose,
    t.Binary: ArrayCode.binary,
    t.Juxtaposition: ArrayCode.juxtaposition,
    t.Call: ArrayCode.function,
}
CALLS: dict[str, Callable[..., Written]] = {
    "norm": ArrayCode.norm,
    **dict.fromkeys(("sum", "mean", "trace", "diag"), ArrayCode.reduced),
    "inner": ArrayCode.inner,
    "outer": ArrayCode.outer,
    **dict.fromkeys(("inverse", "logdet", "determinant"), ArrayCode.linear_algebra),
    "softmax": ArrayCode.softmax,
    "ones": ArrayCode.ones,
    "Id": ArrayCode.identity,
}
