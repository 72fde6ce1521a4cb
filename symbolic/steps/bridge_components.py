"""A way between two lines in components: sums of products of entries, and the rules of index algebra."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from jacobians.claims.letters import index_letters
from jacobians.errors import InputError
from jacobians.notation import tree as t
from symbolic.steps.bridge_derivatives import Move
from symbolic.steps.bridge_keys import key_of
from symbolic.steps.bridge_letters import Lettering, difference
from symbolic.steps.bridge_moves import Moves
from symbolic.steps.bridge_products import fresh, tidy
from symbolic.steps.bridge_search import Leg, Limits, Search, Trail, apart
from symbolic.steps.bridge_world import World
from symbolic.steps.components import entry_of
from symbolic.steps.derivation import Reason, Step
from symbolic.steps.sums import Sums, read, write

#: Ways that are looked for, where lines of those before do not hold.
MOST_WAYS = 4

#: The quantities that a line writes out; None for a loss without a name.
Folded = list[t.Name | None]
Way = tuple[t.Tree, tuple[Step, ...]]


class InComponents:
    """The search between two lines."""

    def __init__(self, world: World, one: t.Tree, other: t.Tree, limits: Limits) -> None:
        self.world, self.limits = world, limits
        self.ends = one, other

    def way(self) -> Way | None:
        """The head and the lines; None where none was found."""
        try:
            self.world.meet(*self.ends)
            one, other = map(self.world.standard, self.ends)
            self.ranks = self.world.ranks(one, other)
            at = self._places(one, other)
            read_ends = [self._read(tree, at[:rank]) for tree, rank in zip((one, other), self.ranks, strict=True)]
        except InputError:
            return None
        self.heads, shown = (
            [entry_of(tree, at[:rank]) for tree, rank in zip(trees, self.ranks, strict=True)]
            for trees in ((one, other), self.ends)
        )
        self.lettering = Lettering(self.world, *self.heads)
        moves = Moves(self.world, self.world.base.names(t.List((one, other))))
        self.head = shown[0]
        starts = {key_of(sums) for sums, _ in read_ends}
        search = Search(lambda s: self._trails(moves, s, key_of(s) in starts), key_of, _distance, self.limits)
        end = time.thread_time() + self.limits.seconds
        for _ in range(MOST_WAYS):
            legs = search.way(read_ends[0][0], read_ends[1][0])
            if legs is None or (rest := end - time.thread_time()) <= 0:
                return None
            steps = self._steps(legs, shown, [folded for _, folded in read_ends])
            wrong = self._wrong(shown[0], steps)
            if wrong is None:
                return shown[0], tuple(steps)
            key = next((key_of(leg.formula) for leg in legs[1:-1] if self._line(leg.formula) == wrong), None)
            if key is None:
                return None
            search.banned.add(key)
            search.limits = search.limits._replace(seconds=rest)
        return None

    # ----- reading -----

    def _places(self, one: t.Tree, other: t.Tree) -> tuple[t.Tree, ...]:
        """The letters of the entry that is looked at where lines are whole arrays.

        Raises:
            InputError: the lines have other numbers of axes.
        """
        ranks, letters = self.ranks, index_letters(self.world.context, one, other)
        if ranks[0] == ranks[1]:
            spare = Lettering(self.world, one, other).spare()
            return tuple(t.Name(x) for x in islice(spare, ranks[0]))
        if 0 in ranks and len(letters) == max(ranks):
            return tuple(map(t.Name, letters))
        raise InputError("bridge: lines with different axes")

    def _read(self, tree: t.Tree, at: tuple[t.Tree, ...]) -> tuple[Sums, Folded]:
        """A line as a sum of products, and the quantities that it writes out."""
        entries = self.world.entries
        entries.folded = []
        made = entries.entry(tree, at)
        folded = entries.folded
        return tidy(fresh(self.world, read(self.world.refreshed(made)))), folded

    # ----- searching -----

    def _trails(self, moves: Moves, sums: Sums, is_end: bool) -> Iterator[Trail[Sums]]:
        """What is one rule away, or a row of rules; nothing that is zero for no reason, or wrong in either reading."""
        descent = [moves.derivatives.descent(sums)] if is_end else []
        for trail in (*moves(sums), *descent):
            if trail and all(self._may_be(move) for move in trail):
                yield tuple((move.sums, move.reason) for move in trail)

    def _may_be(self, move: Move) -> bool:
        if not move.sums:
            return self.head == t.Number("0")
        judge = self.world.judge
        holds = judge.corrected if move.reason.rule == "chain rule" else judge.holds  # of one way there is one reading
        return not move.doubtful or holds(self.head, self._line(move.sums))

    # ----- writing -----

    def _line(self, sums: Sums) -> t.Tree:
        """A sum of products as the reader sees it."""
        return self.lettering.lettered(write(sums))

    def _steps(self, legs: list[Leg[Sums]], shown: list[t.Tree], folded: list[Folded]) -> list[Step]:
        """The lines after the head; the first and the last as the user wrote them."""
        lines = [self._line(leg.formula) for leg in legs]
        ends = legs[0].formula, legs[-1].formula
        same = [self._key(head) == key_of(end) for head, end in zip(self.heads, ends, strict=True)]
        reasons = [self.lettering.reason(reason) for leg in legs[1:] if (reason := leg.said) is not None]
        if not reasons:
            return self._without_rules(lines[0], shown, same, folded)
        made = [] if same[0] else [Step(lines[0], _read_as(folded[0]))]
        made += [Step(line, reason) for line, reason in zip(lines[1:], reasons, strict=True)]
        if not same[1]:
            return [*made, Step(shown[1], _written_as(folded[1]))]
        return [*made[:-1], Step(shown[1], reasons[-1])]

    def _without_rules(self, line: t.Tree, shown: list[t.Tree], same: list[bool], folded: list[Folded]) -> list[Step]:
        """The steps between lines that are the same sum of products."""
        if all(same):
            return [Step(shown[1], Reason(difference(*shown) or "order"))]
        new = [name for name in folded[1] if name not in folded[0]]
        old = [name for name in folded[0] if name not in folded[1]]
        if new or old:
            return [Step(shown[1], _written_as(new) if new else _read_as(old))]
        if any(folded):
            return [Step(shown[1], Reason("components"))]
        if any(same):
            return [Step(shown[1], Reason("whole arrays" if same[0] else "components"))]
        return [Step(line, Reason("components")), Step(shown[1], Reason("whole arrays"))]

    def _key(self, line: t.Tree) -> str:
        """The key of a line that is no formula of whole arrays."""
        return key_of(tidy(read(self.world.refreshed(line))))

    def _wrong(self, head: t.Tree, steps: list[Step]) -> t.Tree | None:
        """The first line that does not hold; None where all do."""
        return next((s.line for s in steps if self.world.judge.link(head, s.line).status != "true"), None)


def _read_as(folded: Folded) -> Reason:
    """Why a line is the same as its form in components."""
    return _of("definition folded back", folded) if folded else Reason("components")


def _written_as(folded: Folded) -> Reason:
    return _of("definition", folded) if folded else Reason("whole arrays")


def _of(rule: str, folded: Folded) -> Reason:
    return Reason(rule, {"name": folded[0]} if folded[0] is not None else {})


def _distance(sums: Sums, goal: Sums) -> float:
    own, other = _parts(sums), _parts(goal)
    return apart(_named(own), _named(other), len(own))


def _parts(sums: Sums) -> list[t.Tree]:
    return [part for one in sums for factor in (*one.factors, *one.below) for part in factor.walk()]


def _named(parts: list[t.Tree]) -> set[t.Name]:
    """What is named; the letters of sums are no names."""
    return {p for p in parts if isinstance(p, t.Name) and p.text[:1] != "_"}
