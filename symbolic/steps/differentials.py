"""The differential of a formula of whole arrays: d(W x + b) = dW x where W varies alone; linear in what varies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from jacobians.functions import ALIASES
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.arrays import TWO, hadamard, no_matrix_form, plus, times
from symbolic.steps.derivation import Reason
from symbolic.steps.differentials_of_calls import CALLS
from symbolic.steps.normal_form import Arrays
from symbolic.steps.sums import number

#: The rules that say most about a line, first.
SALIENT = (
    "softmax",
    "cross-entropy",
    "inverse",
    "determinant",
    "entry by entry",
    "quotient rule",
    "squared norm",
    "power rule",
    "product rule",
    "derivative of an affine map",
    "transposition",
    "linearity",
)


@dataclass
class Differentials:
    """Differentials by some quantities; everything else is held fixed."""

    arrays: Arrays
    varying: frozenset[t.Name]
    #: The rules that were needed.
    rules: list[Reason] = field(default_factory=list)

    @property
    def foremost(self) -> Reason:
        """The rule that says most."""
        return min(self.rules, key=lambda r: SALIENT.index(r.rule), default=Reason("linearity"))

    def of(self, tree: t.Tree) -> t.Tree | None:
        """d of a formula; None where nothing in it varies.

        Raises:
            NoMatrixFormError: a function without a rule for whole arrays.
        """
        if not self._varies(tree):
            return None
        if isinstance(tree, t.Name):
            return c.Differential(self.arrays.graph.named(tree))
        rule = RULES.get(type(tree))
        if rule is None:
            raise no_matrix_form(tree)
        return rule(self, tree)

    def _varies(self, tree: t.Tree) -> bool:
        named = self.arrays.graph.named
        return any(isinstance(part, t.Name) and named(part) in self.varying for part in tree.walk())

    def used(self, rule: str, **facts: t.Tree) -> None:
        self.rules.append(Reason(rule, facts))

    # ----- sums and products -----

    def negative(self, tree: t.Negative) -> t.Tree | None:
        inner = self.of(tree.operand)
        return t.Negative(inner) if inner is not None else None

    def transpose(self, tree: t.Transpose) -> t.Tree | None:
        inner = self.of(tree.operand)
        return t.Transpose(inner) if inner is not None else None

    def juxtaposition(self, tree: t.Juxtaposition) -> t.Tree | None:
        return self.product(tree.left, tree.right, lambda a, b: t.Juxtaposition(a, b))

    def binary(self, tree: t.Binary) -> t.Tree | None:
        left, right = tree.left, tree.right
        if tree.op in "+-":
            return self.sum_of(tree)
        if tree.op == "/":
            return self.quotient(left, right)
        if tree.op == "^":
            return self.power(tree)
        if tree.op == "×":
            raise no_matrix_form(tree)
        if tree.op in "*∘" and self.arrays.kind(left) != self.arrays.kind(right) and not self._scales(left, right):
            first, second = self.spread(left, tree), self.spread(right, tree)
            self.used("derivative of an affine map")
            return plus(first and hadamard(first, right), second and hadamard(left, second))
        return self.product(left, right, lambda a, b: t.Binary(tree.op, a, b, hadamard=tree.hadamard))

    def _scales(self, left: t.Tree, right: t.Tree) -> bool:
        return "number" in (self.arrays.kind(left), self.arrays.kind(right))

    def sum_of(self, tree: t.Binary) -> t.Tree | None:
        """Term by term; what is added to every entry is a multiple of ones."""
        first, second = (self.spread(part, tree) for part in (tree.left, tree.right))
        return plus(first, t.Negative(second) if second is not None and tree.op == "-" else second)

    def spread(self, part: t.Tree, over: t.Tree) -> t.Tree | None:
        """d of a part, in every entry, column or row of the whole that it goes with."""
        inner = self.of(part)
        return self.arrays.spread(inner, over) if inner is not None else None

    def product(self, left: t.Tree, right: t.Tree, joined: Callable[[t.Tree, t.Tree], t.Tree]) -> t.Tree | None:
        """d(A B) = dA B + A dB for every product there is."""
        a, b = self.of(left), self.of(right)
        if a is not None and b is not None:
            self.used("product rule")
        elif not _is_number(left) and not _is_number(right):
            self.used("derivative of an affine map")
        return plus(joined(a, right) if a is not None else None, joined(left, b) if b is not None else None)

    def quotient(self, left: t.Tree, right: t.Tree) -> t.Tree | None:
        """d(a / b) = da / b - a db / b^2."""
        scales = self._scales(left, right)
        a = self.of(left) if scales else self.spread(left, t.Binary("/", left, right))
        first = t.Binary("/", a, right) if a is not None else None
        b = self.of(right) if scales else self.spread(right, t.Binary("/", left, right))
        if b is None:
            return first
        self.used("quotient rule")
        if self.arrays.kind(right) == "number":
            return plus(first, t.Negative(t.Binary("/", times(b, left), times(right, right))))
        join = times if self.arrays.kind(left) == "number" else hadamard
        return plus(first, t.Negative(t.Binary("/", join(left, b), hadamard(right, right))))

    def power(self, tree: t.Binary) -> t.Tree | None:
        """d(x^n) = n x^(n-1) dx entry by entry, and d|x|^2 = 2 x^T dx."""
        base, exponent = tree.left, tree.right
        if not isinstance(exponent, t.Number) or self.arrays.kind(base) == "matrix":
            raise no_matrix_form(tree)
        if isinstance(base, t.Call) and base.function == "norm" and len(base.args) == 1 and exponent == TWO:
            self.used("squared norm")
            return self.along(base.args[0], TWO)
        inner = self.of(base)
        assert inner is not None
        self.used("power rule")
        lower = base if exponent == TWO else t.Binary("^", base, number(exponent.value - 1))
        return times(exponent, self._join(base)(lower, inner))

    def _join(self, tree: t.Tree) -> Callable[[t.Tree, t.Tree], t.Tree]:
        return times if self.arrays.kind(tree) == "number" else hadamard

    # ----- functions -----

    def call(self, tree: t.Call) -> t.Tree | None:
        if self.arrays.graph.is_elementwise(tree):
            return self.elementwise(tree)
        rule = CALLS.get(ALIASES.get(tree.function, tree.function))
        if rule is None or tree.primes or tree.keywords:
            raise no_matrix_form(tree)
        return rule(self, tree)

    def elementwise(self, tree: t.Call) -> t.Tree | None:
        """d g(z) = g'(z) ⊙ dz, with the slopes that everybody knows written out."""
        (x,) = tree.args
        inner = self.of(x)
        assert inner is not None
        self.used("entry by entry", name=t.Call(tree.function, (), label=tree.label))
        if not tree.primes:
            match tree.function:
                case "exp":
                    return self._join(x)(tree, inner)
                case "log" | "ln":
                    return t.Binary("/", inner, x)
                case "sqrt":
                    return t.Binary("/", inner, times(TWO, tree))
        return self._join(x)(t.Call(tree.function, tree.args, tree.primes + 1, (), tree.label), inner)

    def along(self, x: t.Tree, factor: t.Tree) -> t.Tree | None:
        """factor * <x, dx>."""
        inner = self.of(x)
        return times(factor, self.arrays.inner(x, inner)) if inner is not None else None


def _is_number(tree: t.Tree) -> bool:
    return all(isinstance(part, t.Number | t.Negative | t.Binary) for part in tree.walk())


RULES: dict[type[t.Tree], Callable[..., t.Tree | None]] = {
    t.Negative: Differentials.negative,
    t.Transpose: Differentials.transpose,
    t.Juxtaposition: Differentials.juxtaposition,
    t.Binary: Differentials.binary,
    t.Call: Differentials.call,
}


def of_names(arrays: Arrays, names: Iterable[t.Name]) -> Differentials:
    """The differentials by some quantities."""
    return Differentials(arrays, frozenset(names))
