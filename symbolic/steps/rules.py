"""The rules of differentiation on components, one step at a time: ∂(W_pq a_q)/∂W_ji, a_q ∂W_pq/∂W_ji, a_q δ_pj δ_qi."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.components import Components, array, indices
from symbolic.steps.derivation import Reason
from symbolic.steps.jacobians_of_ops import op_jacobian
from symbolic.steps.sums import Product, Sums, delta, merged, number, read, write

ONE, TWO = t.Number("1"), t.Number("2")


class Derived(NamedTuple):
    """A derivative one rule further."""

    sums: Sums
    reason: Reason


class Rules:
    """Differentiates components by components; what an expression does not name itself is held fixed."""

    def __init__(self, components: Components) -> None:
        self.components, self.graph = components, components.graph

    def step(self, sums: Sums) -> Derived | None:
        """One rule further at every derivative of a compound; None where there is none left."""
        made: list[Product] = []
        reasons: list[Reason] = []
        for one in sums:
            found = self._first(one)
            if found is None:
                made.append(one)
                continue
            place, derived = found
            before, behind = one.factors[:place], one.factors[place + 1 :]
            for inner in derived.sums:
                whole = replace(one, factors=before).times(inner)
                made.append(replace(whole, factors=(*whole.factors, *behind)))
            reasons.append(derived.reason)
        return Derived(merged(tuple(made)), foremost(reasons)) if reasons else None

    def _first(self, one: Product) -> tuple[int, Derived] | None:
        for place, factor in enumerate(one.factors):
            if isinstance(factor, c.Partial) and (derived := self.partial(factor.of, factor.by)) is not None:
                return place, derived
        return None

    def partial(self, of: t.Tree, by: t.Tree) -> Derived | None:
        """∂ of / ∂ by one rule further; None where that is for the chain rule along the graph."""
        if isinstance(of, t.Name | t.Index) and isinstance(array(of), t.Name):
            return self.entry(of, by) if array(of) == array(by) else None
        sums = read(of)
        if len(sums) == 1 and sums[0].coefficient == 1 and not sums[0].letters:
            return self.product(sums[0], by)
        inner = (
            Product(p.coefficient, p.letters, (c.Partial(write((Product(Fraction(1), (), p.factors, p.below),)), by),))
            for p in sums
            if self.names(p, by)
        )
        return Derived(tuple(inner), Reason("linearity"))

    def names(self, one: Product, by: t.Tree) -> bool:
        """Whether a product names the array that is differentiated by."""
        return any(self.mentions(f, by) for f in (*one.factors, *one.below))

    def mentions(self, tree: t.Tree, by: t.Tree) -> bool:
        """Whether a formula names the array that is differentiated by."""
        wanted = array(by)
        return any(isinstance(part, t.Name) and self.graph.named(part) == wanted for part in tree.walk())

    def entry(self, of: t.Tree, by: t.Tree) -> Derived:
        """∂W_pq/∂W_ji = δ_pj δ_qi: entries vary independently."""
        pairs = zip(indices(of), indices(by), strict=True)
        return Derived(
            (Product(factors=tuple(delta(a, b) for a, b in pairs)),), Reason("independent entries", {"name": array(by)})
        )

    def product(self, one: Product, by: t.Tree) -> Derived | None:
        """The product rule, the quotient rule, a constant factor, or the one factor's own rule."""
        above = [k for k, f in enumerate(one.factors) if self.mentions(f, by)]
        below = [k for k, f in enumerate(one.below) if self.mentions(f, by)]
        if not above and not below:
            return Derived((), Reason("linearity"))
        if len(one.factors) == 1 and not one.below:
            return self.factor(one.factors[0], by)
        made = [
            replace(one, factors=(*one.factors[:k], c.Partial(one.factors[k], by), *one.factors[k + 1 :]))
            for k in above
        ]
        for k in below:
            slope = c.Partial(one.below[k], by)
            made.append(
                replace(
                    one, coefficient=-one.coefficient, factors=(*one.factors, slope), below=(*one.below, one.below[k])
                )
            )
        rule = "quotient rule" if below else "product rule" if len(above) > 1 else "linearity"
        return Derived(tuple(made), Reason(rule))

    def factor(self, of: t.Tree, by: t.Tree) -> Derived | None:
        """The derivative of a power, of a function of one variable, of an op."""
        match of:
            case t.Name() | t.Index(t.Name()) | t.Negative() | t.Binary("+" | "-"):
                return self.partial(of, by)
            case t.Binary("^", base, t.Number() as exponent):
                power = base if exponent == TWO else t.Binary("^", base, number(exponent.value - 1))
                inner = Product(exponent.value, (), (power, c.Partial(base, by)))
                return Derived((inner,), Reason("power rule"))
            case t.Call() if self.graph.is_elementwise(of):
                return self.function(of, by)
            case t.Call() | t.Index(t.Call()):
                return op_jacobian(self.components, of, by)
        return None

    def function(self, of: t.Call, by: t.Tree) -> Derived:
        """g(u)' = g'(u) u', with the slopes that everybody knows written out."""
        (inner,) = of.args
        reason = Reason("elementwise activation", {"name": t.Call(of.function, (), label=of.label)})
        slope = (
            {
                "exp": Product(factors=(of,)),
                "sin": Product(factors=(t.Call("cos", (inner,)),)),
                "cos": Product(Fraction(-1), factors=(t.Call("sin", (inner,)),)),
                "log": Product(below=(inner,)),
                "ln": Product(below=(inner,)),
                "sqrt": Product(coefficient=Fraction(1, 2), below=(of,)),
            }.get(of.function)
            if not of.primes
            else None
        )
        if slope is None:
            slope = Product(factors=(t.Call(of.function, of.args, of.primes + 1, (), of.label),))
        return Derived((slope.times(Product(factors=(c.Partial(inner, by),))),), reason)


#: The rules that say most about a line, first.
SALIENT = (
    "Jacobian of an op",
    "elementwise activation",
    "quotient rule",
    "product rule",
    "power rule",
    "independent entries",
    "linearity",
)


def foremost(reasons: Iterable[Reason]) -> Reason:
    """The one whose rule says most."""
    return min(reasons, key=lambda r: SALIENT.index(r.rule))
