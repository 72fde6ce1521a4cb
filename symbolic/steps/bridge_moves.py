"""One step of a bridge: every formula of components that one named rule makes of another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.reading import parse
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.bridge_derivatives import Derivatives, Move, partials
from symbolic.steps.bridge_keys import key_of
from symbolic.steps.bridge_products import distributed, outside, tidy
from symbolic.steps.bridge_world import World
from symbolic.steps.components import array, indices, without_totals
from symbolic.steps.derivation import Reason
from symbolic.steps.sums import Product, Sums, collapsed, contracted, deltas, put

#: Functions whose slope is a formula of their value.
SLOPES = {"sigmoid": parse("sigmoid(u) * (1 - sigmoid(u))"), "tanh": parse("1 - tanh(u)^2")}


class Moves:
    """All formulas that are one rule away from a formula of components; every rule is applied at every place."""

    def __init__(self, world: World, ends: Iterable[t.Name] = ()) -> None:
        self.world = world
        self.derivatives = Derivatives(world, ends)

    def __call__(self, sums: Sums) -> Iterator[tuple[Move, ...]]:
        """Every other formula that is one rule away; and those that a derivative is through one more quantity."""
        own = key_of(sums)
        for kind in (self.contractions, self.derivatives, self.names, self.functions, self.products):
            for move in kind(sums):
                made = move._replace(sums=tidy(move.sums))
                if key_of(made.sums) != own:
                    yield (made,)
        for partial in partials(sums):
            yield from (hop for hop in self.derivatives.hops(sums, partial) if len(hop) > 1)

    # ----- deltas and products -----

    def contractions(self, sums: Sums) -> Iterator[Move]:
        """Sums that deltas collapse: all of them, and each by itself."""
        letters = {x: None for one in sums for x in one.letters if collapsed(one, x) != one}
        if len(letters) > 1:
            yield Move(tuple(contracted(one) for one in sums), Reason("contraction"))
        for letter in letters:
            fewer = tuple(collapsed(one, letter) if letter in one.letters else one for one in sums)
            yield Move(fewer, Reason("contraction", {"letter": t.Name(letter)}))
        yield Move(tuple(map(_equated, sums)), Reason("equal indices"))

    def products(self, sums: Sums) -> Iterator[Move]:
        """Products of sums, multiplied out; probabilities that add up to 1."""
        yield Move(tuple(p for one in sums for p in distributed(one)), Reason("distribution"))
        yield Move(tuple(without_totals(one, self.is_distribution) for one in sums), Reason("probabilities"))

    def is_distribution(self, name: t.Tree) -> bool:
        """Whether the entries of an array along its last axis add up to 1."""
        call = self.world.base.equation(name) if isinstance(name, t.Name) else name
        leaf = self.world.context.leaves.get(name.text) if isinstance(name, t.Name) else None
        if leaf is not None:
            return leaf.domain in ("probability", "one-hot")
        return isinstance(call, t.Call) and call.function == "softmax" and not call.keywords and not call.primes

    # ----- names -----

    def names(self, sums: Sums) -> Iterator[Move]:
        """Every name by what it stands for: δ by its derivative, a quantity by its equation."""
        entries = dict.fromkeys(e for one in sums for f in (*one.factors, *one.below) for e in _entries(f))
        for name in dict.fromkeys(array(e) for e in entries):
            meant = {e: self.meaning(e) for e in entries if array(e) == name}
            found = {e: m for e, m in meant.items() if m is not None}
            if found:
                yield Move(self.swapped(sums, found), definition(name, next(iter(found.values()))))

    def meaning(self, entry: t.Tree) -> t.Tree | None:
        """What stands on the right of the definition of an entry."""
        name = array(entry)
        if not isinstance(name, t.Name) or not self.world.base.is_quantity(name.text):
            return self.world.signal(entry)
        if self.world.base.rank(self.world.base.named(name)) != len(indices(entry)):
            return None
        return self.world.equation_at(entry)

    def swapped(self, sums: Sums, meanings: Mapping[t.Tree, t.Tree]) -> Sums:
        """Other formulas in place of entries, outside of derivatives."""

        def swap(tree: t.Tree) -> t.Tree:
            if isinstance(tree, c.Partial):
                return tree
            made = meanings.get(tree)
            return self.world.refreshed(made) if made is not None else rebuilt(tree, swap)

        return tuple(one.each(swap) for one in sums)

    # ----- functions -----

    def functions(self, sums: Sums) -> Iterator[Move]:
        """σ'(z) by σ(z) (1 - σ(z)), softmax by exponentials."""
        calls = dict.fromkeys(p for one in sums for f in (*one.factors, *one.below) for p in outside(f))
        for tree in calls:
            call = array(tree)
            if not isinstance(call, t.Call) or call.function in self.world.context.functions:
                continue
            if call.primes == 1 and call.function in SLOPES and len(call.args) == 1:
                made = put(SLOPES[call.function], {"u": call.args[0]})
                facts: dict[str, t.Tree] = {"name": t.Call(call.function, ())}
                yield Move(self.swapped(sums, {tree: made}), Reason("slope", facts))
            elif call.function == "softmax" and isinstance(tree, t.Index) and not call.keywords and not call.primes:
                made = self.softmax(call, tree.indices)
                yield Move(self.swapped(sums, {tree: made}), Reason("softmax as exponentials"))

    def softmax(self, call: t.Call, at: tuple[t.Tree, ...]) -> t.Tree:
        """exp(z_i) / Σ_q exp(z_q)."""
        q = self.world.letter()

        def power(place: t.Tree) -> t.Tree:
            return t.Call("exp", (self.world.entries.entry(call.args[0], (*at[:-1], place)),))

        return t.Binary("/", power(at[-1]), c.Sum((q,), power(t.Name(q))))


def definition(name: t.Tree, meaning: t.Tree) -> Reason:
    """Error signals are named by what the loss is differentiated by."""
    if isinstance(meaning, c.Partial):
        return Reason("definition of delta", {"name": array(meaning.by)})
    return Reason("definition", {"name": name})


def _equated(one: Product) -> Product:
    """The first of two indices that a delta ties, in all other factors: δ_ij a_j is δ_ij a_i."""
    for factor in deltas(one):
        names = sorted((a for a in factor.args if isinstance(a, t.Name)), key=lambda a: a.text)
        if len(names) == 2 and names[0] != names[1] and not {a.text for a in names} & set(one.letters):
            tied = one.without(factor).mapped({names[1].text: names[0]})
            one = replace(tied, factors=(factor, *tied.factors))
    return one


def _entries(tree: t.Tree) -> Iterator[t.Tree]:
    """The entries of named quantities in a factor, outside of derivatives."""
    if isinstance(tree, t.Name) or (isinstance(tree, t.Index) and isinstance(tree.array, t.Name)):
        yield tree
    elif not isinstance(tree, c.Partial):
        for child in tree.children:
            yield from _entries(child)
