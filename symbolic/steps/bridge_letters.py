"""The letters of the sums in the lines of a bridge, and what two lines differ by that say the same."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from jacobians.claims.letters import index_letters
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.bridge_keys import entry_key
from symbolic.steps.bridge_world import World
from symbolic.steps.components import Letters
from symbolic.steps.derivation import Reason
from symbolic.steps.sums import put, renamed


class Lettering:
    """Gives the sums of all lines letters that mean nothing else, the same from line to line where that is possible."""

    def __init__(self, world: World, *ends: t.Tree) -> None:
        self.world = world
        self.free = set(index_letters(world.context, *ends))
        self._given: dict[str, str] = {}
        #: The letters of the line before: a new sum takes another one, where there is one.
        self._before: set[str] = set()

    def spare(self) -> Iterator[str]:
        """The letters that name nothing, the usual ones first."""
        letters = Letters(self.world.base)
        while True:
            if (letter := letters.fresh()) not in self.free:
                yield letter

    def lettered(self, tree: t.Tree) -> t.Tree:
        """The line with letters for a reader."""
        given: dict[str, str] = {}
        for part in tree.walk():
            for x in part.indices if isinstance(part, c.Sum) else ():
                if x[:1] == "_" and x not in given:
                    given[x] = self._letter(x, {*given.values()})
        self._given |= given
        self._before = {*given.values()}
        return self.world.in_words(_lettered(tree, given))

    def reason(self, reason: Reason) -> Reason:
        """The reason with formulas as the lines have them."""
        letters = {x: t.Name(new) for x, new in self._given.items()}
        spelled: dict[t.Tree, t.Tree] = dict(self.world.spelled.items())
        facts = {k: self.world.in_words(put(spelled.get(fact, fact), letters)) for k, fact in reason.facts.items()}
        return Reason(reason.rule, facts)

    def _letter(self, x: str, taken: set[str]) -> str:
        for known in (self._given.get(x, ""), self.world.origins.get(x, "")):
            if known and known not in taken | self.free and known[:1] != "_":
                return known
        return next(s for avoided in (taken | self._before, taken) for s in self._first(avoided))

    def _first(self, avoided: set[str]) -> Iterator[str]:
        with contextlib.suppress(InputError):  # more letters than there are: one of another line serves again
            yield next(x for x in self.spare() if x not in avoided)


def _lettered(tree: t.Tree, given: Mapping[str, str]) -> t.Tree:
    if isinstance(tree, c.Sum):
        tree = renamed(tree, given)
    return rebuilt(tree, lambda child: _lettered(child, given))


def difference(left: t.Tree, right: t.Tree) -> str | None:
    """The rule by which two lines with one key differ; None where they do by more than order and letters."""
    if entry_key(left) != entry_key(right):
        return None
    if _without_letters(left) == _without_letters(right):
        return "renaming"
    return "sum and factor" if _sums(left) != _sums(right) else "order"


def _without_letters(tree: t.Tree) -> t.Tree:
    """The formula with its sums' letters numbered as they come."""
    count = 0

    def numbered(part: t.Tree) -> t.Tree:
        nonlocal count
        if isinstance(part, c.Sum) and part.indices:
            part = renamed(part, {x: f"#{k}" for k, x in enumerate(part.indices, count)})
            count += len(part.indices)
        return rebuilt(part, numbered)

    return numbered(tree)


def _sums(tree: t.Tree) -> list[int]:
    """How much stands under each sum sign."""
    return sorted(sum(1 for _ in p.walk()) for p in tree.walk() if isinstance(p, c.Sum))
