"""The derivatives in a line of a bridge: every rule of differentiation, the chain rule through any quantity."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.bridge_keys import key_of
from symbolic.steps.bridge_products import outside, placed, tidy
from symbolic.steps.bridge_world import World
from symbolic.steps.components import array, entry_of, indices
from symbolic.steps.derivation import Reason
from symbolic.steps.rules import Derived, Rules, foremost
from symbolic.steps.sums import Product, Sums, contracted, deltas

#: Derivatives that are taken one after the other for one line, at most.
MOST_RULES = 40
#: Quantities that backpropagation goes through, at most.
MOST_HOPS = 12
AFFINE = {"linearity", "product rule", "independent entries"}


class Move(NamedTuple):
    """The formula after one rule; `doubtful` where it holds in one reading of a derivative only."""

    sums: Sums
    reason: Reason
    doubtful: bool = False


class TotalRules(Rules):
    """Differentiates with all that depends on the variable: a(W) in ∂(W a(W))/∂W varies, too."""

    def __init__(self, world: World) -> None:
        super().__init__(world.entries)
        self.world = world

    def mentions(self, tree: t.Tree, by: t.Tree) -> bool:
        wanted = array(by)
        return isinstance(wanted, t.Name) and any(
            self.world.depends(self.graph.named(p), wanted)
            for p in tree.walk()
            if isinstance(p, t.Name) and (p.label is not None or self.graph.is_quantity(p.text))
        )


class Derivatives:
    """What one rule of differentiation makes of a formula of components, at every derivative in it."""

    def __init__(self, world: World, ends: Iterable[t.Name]) -> None:
        self.world = world
        #: The quantities that the ends of the bridge name: the chain rule may lead through any of them.
        self.ends = tuple(ends)
        self.direct, self.total = Rules(world.entries), TotalRules(world)

    def __call__(self, sums: Sums) -> Iterator[Move]:
        """Every derivative one rule further, and as far as its rules go; all of them one rule further."""
        for partial in partials(sums):
            named = isinstance(array(partial.of), t.Name)
            for move in self.of_a_name(partial) if named else self.of_a_formula(partial):
                yield move._replace(sums=placed(self.world, sums, partial, move.sums))
            if named:
                yield from self.sparse(sums, partial)
        with contextlib.suppress(InputError, ValueError):
            if (derived := self.direct.step(sums)) is not None:
                yield Move(derived.sums, derived.reason)

    def of_a_name(self, partial: c.Partial) -> Iterator[Move]:
        """The derivative of an entry: by one of its own array, along the graph, by its equation."""
        of, by = array(partial.of), array(partial.by)
        assert isinstance(of, t.Name)
        assert isinstance(by, t.Name)
        named = self.world.base.named
        if named(of) == named(by) and len(indices(partial.of)) == len(indices(partial.by)):
            derived = self.direct.entry(partial.of, partial.by)
            yield Move(derived.sums, derived.reason)
            return
        if not self.world.depends(named(of), named(by)):
            yield Move((), Reason("no path", {"of": of, "by": by}))
            return
        with contextlib.suppress(InputError):  # a layer that is not there for every k
            yield from self.along(partial)
        expression = self.world.equation_at(partial.of)
        if expression is not None:
            yield Move((_one(c.Partial(expression, partial.by)),), Reason("definition", {"name": of}))

    def along(self, partial: c.Partial) -> Iterator[Move]:
        """The chain rule: over all that names the variable, over all that the quantity names."""
        of, by = self.world.base.named(array(partial.of)), self.world.base.named(array(partial.by))  # type: ignore[arg-type]
        users = self.world.users(of, by)
        if users and users != [of]:
            yield self.chained(partial, users)
        for name in self.ends:
            if name not in (of, by, *users) and self.world.depends(of, name) and self.world.depends(name, by):
                yield self.chained(partial, [name])._replace(doubtful=True)
        expression = self.world.base.equation(of)
        if expression is None:
            return
        inner = [n for n in self.world.base.names(expression) if self.world.depends(n, by)]
        if inner and by not in inner and inner != users:
            yield self.chained(partial, inner)

    def chained(self, partial: c.Partial, via: list[t.Name]) -> Move:
        """The sum over the ways through each of some quantities."""
        rule = "sum over paths" if len(via) > 1 else "chain rule"
        facts = {"of": array(partial.of), "by": array(partial.by), "via": via[0]}
        return Move(tuple(self.link(partial, name) for name in via), Reason(rule, facts), len(via) > 1)

    def link(self, partial: c.Partial, via: t.Name) -> Product:
        """Σ_p ∂of/∂u_p ∂u_p/∂by; the way that ends at once has one factor."""
        if via == self.world.base.named(array(partial.of)):  # type: ignore[arg-type]
            return _one(partial)
        letters = tuple(self.world.letter() for _ in range(self.world.base.rank(via)))
        entry = entry_of(via, tuple(map(t.Name, letters)))
        return Product(Fraction(1), letters, (c.Partial(partial.of, entry), c.Partial(entry, partial.by)))

    def hops(self, sums: Sums, partial: c.Partial) -> Iterator[tuple[Move, ...]]:
        """The chain rule, the definition of what is between, its derivative, the sums that collapse: line by line."""
        if not isinstance(array(partial.of), t.Name):
            yield self.hop(sums, partial, ())
            return
        chained: list[Move] = []
        with contextlib.suppress(InputError):
            chained += self.along(partial) if self.is_between(partial) else ()
        for move in chained:
            first = move._replace(sums=tidy(placed(self.world, sums, partial, move.sums)))
            yield self.hop(first.sums, partial, (first,))
        if not chained:
            yield self.hop(sums, partial, ())

    def descent(self, sums: Sums) -> tuple[Move, ...]:
        """Backpropagation: quantity by quantity, until nothing is left to differentiate."""
        trail: tuple[Move, ...] = ()
        for _ in range(MOST_HOPS):
            hops = (next(self.hops(sums, partial), ()) for partial in partials(sums))
            hop = next((hop for hop in hops if hop), ())
            if not hop:
                break
            trail, sums = (*trail, *hop), hop[-1].sums
        return trail

    def is_between(self, partial: c.Partial) -> bool:
        """Whether a quantity depends on another one, and is not the same."""
        of, by = (self.world.base.named(array(x)) for x in (partial.of, partial.by))  # type: ignore[arg-type]
        return of != by and self.world.depends(of, by)

    def hop(self, sums: Sums, partial: c.Partial, trail: tuple[Move, ...]) -> tuple[Move, ...]:
        """What follows the chain rule: every derivative by the same entry is worked out."""
        for name, found in self.defined(sums, partial):
            for target, expression in found:
                sums = placed(self.world, sums, target, (_one(c.Partial(expression, target.by)),))
            trail = (*trail, Move(tidy(sums), Reason("definition", {"name": name})))
        sums, reasons = self.worked_out(self.direct, tidy(sums), partial.by)
        if reasons:
            trail = (*trail, Move(sums, _summary(reasons)))
        fewer = tidy(tuple(contracted(one) for one in sums))
        return (*trail, Move(fewer, Reason("contraction"))) if key_of(fewer) != key_of(sums) else trail

    def defined(self, sums: Sums, partial: c.Partial) -> Iterator[tuple[t.Tree, list[tuple[c.Partial, t.Tree]]]]:
        """The derivatives by an entry of what has an equation that names it, by the names of these quantities."""
        named: dict[t.Tree, list[tuple[c.Partial, t.Tree]]] = {}
        for target in partials(sums):
            name, by = array(target.of), array(target.by)
            if (
                target.by == partial.by
                and isinstance(name, t.Name)
                and isinstance(by, t.Name)
                and self.is_between(target)
            ):
                expression = self.world.equation_at(target.of)
                if expression is not None and self.direct.mentions(expression, target.by):
                    named.setdefault(name, []).append((target, expression))
        yield from named.items()

    def worked_out(self, rules: Rules, sums: Sums, by: t.Tree) -> tuple[Sums, list[Reason]]:
        """Every derivative by an entry as far as the rules go, and the rules."""
        reasons: list[Reason] = []
        for _ in range(MOST_RULES):
            nested = (f for one in sums for f in one.factors if isinstance(f, c.Partial) and f.by == by)
            found = next(((f, derived) for f in nested if (derived := self.derived(rules, f)) is not None), None)
            if found is None:
                break
            sums = tidy(placed(self.world, sums, found[0], found[1].sums))
            reasons.append(found[1].reason)
        return sums, reasons

    def of_a_formula(self, partial: c.Partial) -> Iterator[Move]:
        """The derivative of what is written out, with what does not name the variable held fixed or varying, too."""
        direct, total = (list(self.by_rules(rules, partial)) for rules in (self.direct, self.total))
        if not (direct and total) or key_of(direct[0].sums) == key_of(total[0].sums):
            yield from direct or total
            return
        if self.direct.mentions(partial.of, partial.by):
            yield from (move._replace(doubtful=True) for move in direct)
        yield from (move._replace(doubtful=True) for move in total)

    def by_rules(self, rules: Rules, partial: c.Partial) -> Iterator[Move]:
        """One rule further, and all the way."""
        derived = self.derived(rules, partial)
        if derived is None:
            return
        yield Move(derived.sums, derived.reason)
        sums, further = self.worked_out(rules, derived.sums, partial.by)
        if further:
            yield Move(sums, _summary([derived.reason, *further]))

    def derived(self, rules: Rules, factor: c.Partial) -> Derived | None:
        """One rule further; None where none is known."""
        if factor.second is not None:
            return None
        of, by = factor.of, factor.by
        if isinstance(array(of), t.Name) and array(of) != array(by):
            return None
        try:
            return rules.partial(of, by)
        except (InputError, ValueError):  # ValueError: an entry with fewer indices than its array has axes
            return None

    def sparse(self, sums: Sums, partial: c.Partial) -> Iterator[Move]:
        """Σ_p f_p ∂z_p/∂W_ji is f_j ∂z_j/∂W_ji where no other z_p depends on W_ji."""
        expression = self.world.equation_at(partial.of)
        own = [i.text for i in indices(partial.of) if isinstance(i, t.Name)]
        if expression is None or not any(x in one.letters for one in sums for x in own):
            return
        moves = list(self.by_rules(self.direct, c.Partial(expression, partial.by)))
        found = tuple(contracted(one) for one in moves[-1].sums) if moves else ()
        for letter in own:
            others = [_tied(one, letter) for one in found]
            if others and others[0] is not None and all(o == others[0] for o in others):
                made = tuple(_at(one, letter, others[0]) if partial in one.factors else one for one in sums)
                facts = {"of": array(partial.of), "by": partial.by, "letter": t.Name(letter)}
                yield Move(made, Reason("only one term", facts))


def _one(factor: t.Tree) -> Product:
    return Product(Fraction(1), (), (factor,))


def partials(sums: Sums) -> list[c.Partial]:
    """The first derivatives by an entry of a quantity, each once."""
    parts = dict.fromkeys(p for one in sums for f in one.factors for p in outside(f, inside=True))
    return [p for p in parts if isinstance(p, c.Partial) and p.second is None and isinstance(array(p.by), t.Name)]


def _summary(reasons: list[Reason]) -> Reason:
    """The rule that says most about several."""
    if {r.rule for r in reasons} <= AFFINE:
        return Reason("derivative of an affine map")
    return foremost(reasons)


def _tied(one: Product, letter: str) -> t.Tree | None:
    """What a delta says that a letter must be."""
    for factor in deltas(one):
        if t.Name(letter) in factor.args:
            return next((a for a in factor.args if a != t.Name(letter)), None)
    return None


def _at(one: Product, letter: str, value: t.Tree | None) -> Product:
    """A product without its sum over a letter, at one value of it."""
    assert value is not None
    return replace(one, letters=tuple(x for x in one.letters if x != letter)).mapped({letter: value})
