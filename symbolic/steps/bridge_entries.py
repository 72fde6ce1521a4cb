"""Entries of the lines of a bridge: components also of derivatives, of structured matrices, of cases."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from jacobians.claims.context import Context
from jacobians.claims.letters import index_letters
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.components import Components, Indices, Letters, array, entry_of, taken
from symbolic.steps.sums import ONE, delta, is_plain

if TYPE_CHECKING:
    from symbolic.steps.bridge_world import World

#: What a loss that a line only writes out, as in ∂l(y, a)/∂z, is called on the way.
LOSS = "loss_of_the_line"


class Places(Letters):
    """Letters for places that are filled before anybody reads them: there are as many as it takes."""

    def __init__(self, context: Context) -> None:
        names = taken(context)
        short = (f"{x}{n}" for n in range(10) for x in "ijpqrsuv")
        self._places = itertools.chain((x for x in short if x not in names), (f"place_{n}" for n in itertools.count()))

    def fresh(self) -> str:
        """The next place."""
        return next(self._places)


class Entries(Components):
    """Components, also of derivatives, of structured matrices, of cases."""

    def __init__(self, world: World) -> None:
        super().__init__(world.base, Places(world.context))
        self.world = world
        #: The quantities whose definitions were put in for what a line writes out.
        self.folded: list[t.Name | None] = []

    def entry(self, tree: t.Tree, at: Indices) -> t.Tree:
        own = OWN.get(type(tree))
        return own(self, tree, at) if own is not None else super().entry(tree, at)

    def whole(self, tree: t.Tree, at: Indices) -> t.Tree:
        return super().whole(tree, at) if at else tree

    def indexed(self, tree: t.Index, at: Indices) -> t.Tree:
        inner = tuple(tree.indices)
        return self.entry(tree.array, (*inner, *at))

    def partial(self, tree: c.Partial, at: Indices) -> t.Tree:
        if tree.second is not None:
            return self.whole(tree, at)
        of = self.world.quantity(tree.of)
        if of != tree.of:
            self.folded.append(of if isinstance(of, t.Name) and of not in self.world.spelled else None)
        split = len(at) - self.rank(tree.by)
        if not 0 <= split <= len(at):
            raise InputError("bridge: a derivative with other axes than those of numerator and denominator")
        return c.Partial(self.entry(of, at[:split]), self.denominator(tree.by, at[split:]))

    def rank(self, tree: t.Tree) -> int:
        """The number of axes; entries and deltas have none, whatever their letters."""
        match tree:
            case t.Number() | t.Iverson() | t.Call("kronecker"):
                return 0
            case t.Name():
                return self.graph.rank(self.graph.named(tree))
            case t.Index(inner, indices):
                return self.rank(inner) - len(indices)
            case t.Negative(inner):
                return self.rank(inner)
            case c.Partial(of, by, None):
                return self.rank(self.world.quantity(of)) + self.rank(by)
            case c.Sum(indices, body) if indices:
                return self.rank(body)
            case t.Binary("+" | "-" | "*" | "/" | "^" | "∘", left, right):
                return max(self.rank(left), self.rank(right))
            case t.Juxtaposition(left, right) if 0 in (ranks := (self.rank(left), self.rank(right))):
                return max(ranks)
            case t.Call(_, (inner,)) if self.graph.is_elementwise(tree):
                return self.rank(inner)
        return self.graph.rank(tree)

    def denominator(self, by: t.Tree, at: Indices) -> t.Tree:
        """The entry that is differentiated by: where it is written out, the one of the quantity that it defines."""
        entry = self.entry(by, at)
        if isinstance(array(entry), t.Name):
            return entry
        free = index_letters(self.world.context, entry)
        for name in self._quantities(entry):
            for letters in itertools.permutations(free, self.graph.rank(name)):
                candidate = entry_of(name, tuple(map(t.Name, letters)))
                if self.world.judge.corrected(entry, candidate):
                    self.folded.append(name)
                    return candidate
        return entry

    def _quantities(self, entry: t.Tree) -> Iterator[t.Name]:
        """What has an equation, with the labels that a formula has."""
        labels = {p.label: None for p in entry.walk() if isinstance(p, t.Name) and p.label is not None}
        for name, (_, letter, _) in self.graph.equations.items():
            if name != LOSS:
                yield from [t.Name(name)] if letter is None else [t.Name(name, label) for label in labels]

    def gradient(self, tree: c.Gradient, at: Indices) -> t.Tree:
        if tree.order != 1 or (tree.of is not None and self.rank(tree.of)):
            raise InputError("bridge: a gradient of what is no number")
        return self.entry(c.Partial(tree.of or t.Name(self.world.context.loss), tree.by), at)

    def jacobian(self, tree: c.JacobianOf, at: Indices) -> t.Tree:
        if not isinstance(tree.argument, t.Name):
            raise InputError("bridge: the Jacobian of a composition")
        return self.entry(c.Partial(tree.of, tree.argument), at)

    def sum_of(self, tree: c.Sum, at: Indices) -> t.Tree:
        return replace(tree, body=self.entry(tree.body, at)) if is_plain(tree) else self.whole(tree, at)

    def cases(self, tree: c.Cases, at: Indices) -> t.Tree:
        """δ_ik a + (1 - δ_ik) b where i = k gives a, and b elsewhere."""
        match tree.branches:
            case ((same, t.Comparison((i, k), ("==",))), (other, _)):
                pass
            case ((other, t.Comparison((i, k), ("!=",))), (same, _)):
                pass
            case _:
                return self.whole(tree, at)
        tied = t.Juxtaposition(delta(i, k), self.entry(same, at))
        rest = t.Juxtaposition(t.Binary("-", ONE, delta(i, k)), self.entry(other, at))
        return tied if other == t.Number("0") else t.Binary("+", tied, rest)

    def bracket(self, tree: t.Iverson, at: Indices) -> t.Tree:
        match tree.condition:
            case t.Comparison((t.Name() as i, t.Name() as k), ("==",)):
                return delta(i, k)
        return tree

    def call(self, tree: t.Call, at: Indices) -> t.Tree:
        write = STRUCTURED.get(tree.function) if tree.function not in self.world.context.functions else None
        made = write(self, tree, at) if write is not None else None
        return made if made is not None else super().call(tree, at)

    def diagonal(self, tree: t.Call, at: Indices) -> t.Tree | None:
        if len(at) == 1:
            return self.entry(tree.args[0], (at[0], at[0]))
        return t.Juxtaposition(delta(*at), self.entry(tree.args[0], at[:1]))

    def identity(self, tree: t.Call, at: Indices) -> t.Tree | None:
        return delta(*at) if len(at) == 2 else None

    def ones(self, tree: t.Call, at: Indices) -> t.Tree | None:
        return ONE


OWN: dict[type[t.Tree], Callable[..., t.Tree]] = {
    t.Index: Entries.indexed,
    t.Call: Entries.call,
    c.Partial: Entries.partial,
    c.Gradient: Entries.gradient,
    c.JacobianOf: Entries.jacobian,
    c.Sum: Entries.sum_of,
    c.Cases: Entries.cases,
    t.Iverson: Entries.bracket,
}
STRUCTURED = {"diag": Entries.diagonal, "Id": Entries.identity, "I": Entries.identity, "ones": Entries.ones}
