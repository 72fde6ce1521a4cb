"""A short way between two formulas: searched from both ends until they meet."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

from jacobians.notation import tree as t
from symbolic.steps.derivation import Reason

Formula = TypeVar("Formula")


#: Some steps in a row: after each the formula, and the rule that led to it.
Trail = tuple[tuple[Formula, Reason], ...]


#: What the second and every further step of a trail weighs against a step by itself.
FURTHER = 0.2
#: How many formulas are looked at after a first way was found, for a shorter one.
AFTER = 5
#: How much a name that only one end has, and a further part of a formula, weigh against a step.
NAME, SIZE = 0.3, 0.02
#: What a rule is called that is read from right to left; the others keep their names.
BACKWARDS = {
    "definition": "definition folded back",
    "contraction": "delta put in",
    "distribution": "factoring out",
    "components": "whole arrays",
}


class Limits(NamedTuple):
    """When a search ends: seconds of computing, formulas that all rules are applied to."""

    seconds: float = 2.0
    formulas: int = 400


class Leg(NamedTuple, Generic[Formula]):
    """A formula on the way, the rule that leads to it from the one before, and whether it is read backwards."""

    formula: Formula
    reason: Reason | None
    backwards: bool = False

    @property
    def said(self) -> Reason | None:
        """The reason as a reader of the way finds it."""
        if self.reason is None or not self.backwards:
            return self.reason
        return replace(self.reason, rule=BACKWARDS.get(self.reason.rule, self.reason.rule))


def apart(one: Set[t.Name], other: Set[t.Name], parts: int) -> float:
    """How far a formula is from an end: what one of them names and the other does not, and how long it is."""
    return NAME * len(one ^ other) + SIZE * parts


@dataclass
class Side(Generic[Formula]):
    """What was reached from one end: for every formula the one it came from, and by which steps."""

    start: Formula
    came_from: dict[Hashable, tuple[Hashable, Trail[Formula]]] = field(default_factory=dict)
    formulas: dict[Hashable, Formula] = field(default_factory=dict)
    cost: dict[Hashable, float] = field(default_factory=dict)
    heap: list[tuple[float, int, Hashable]] = field(default_factory=list)


@dataclass
class Search(Generic[Formula]):
    """Bidirectional best-first search; both ends use the same rules, so one half of the way is read backwards."""

    moves: Callable[[Formula], Iterable[Trail[Formula]]]
    key: Callable[[Formula], Hashable]
    #: How far a formula is from an end, roughly.
    distance: Callable[[Formula, Formula], float]
    limits: Limits
    #: Keys of formulas that no way may lead through.
    banned: set[Hashable] = field(default_factory=set)
    _known: dict[Hashable, dict[Hashable, Trail[Formula]]] = field(default_factory=dict)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def way(self, start: Formula, goal: Formula) -> list[Leg[Formula]] | None:
        """The formulas from start to goal, both included; None where none was found within the limits."""
        end = time.thread_time() + self.limits.seconds
        one, other = self._side(start), self._side(goal)
        if self.key(start) == self.key(goal):
            return [Leg(start, None), Leg(goal, None)]
        best: list[Leg[Formula]] | None = None
        looked, last = 0, self.limits.formulas
        while (one.heap or other.heap) and looked < last:
            looked += 1
            side, far = (one, other) if self._is_next(one, other) else (other, one)
            for met in self._expand(side, far, end):
                legs = self._shortened(self._joined(one, other, met))
                if best is None:
                    last = min(last, looked + max(AFTER, looked // 2))
                if best is None or len(legs) < len(best):
                    best = legs
            if time.thread_time() > end or (best is not None and len(best) == 2):
                break
        return best

    def _is_next(self, one: Side[Formula], other: Side[Formula]) -> bool:
        """Whether the first side has the better formula to look at."""
        return bool(one.heap) and (not other.heap or one.heap[0] <= other.heap[0])

    def _side(self, start: Formula) -> Side[Formula]:
        key = self.key(start)
        side = Side(start)
        side.came_from[key], side.formulas[key], side.cost[key] = (key, ()), start, 0.0
        heapq.heappush(side.heap, (0.0, next(self._count), key))
        return side

    def neighbours(self, key: Hashable, formula: Formula) -> dict[Hashable, Trail[Formula]]:
        """The formulas one rule away, and those some rules away that usually follow each other."""
        if key not in self._known:
            found: dict[Hashable, Trail[Formula]] = {}
            for trail in self.moves(formula):
                for length, (made, _) in enumerate(trail, 1):
                    there = self.key(made)
                    if there != key and (there not in found or length < len(found[there])):
                        found[there] = trail[:length]
            self._known[key] = found
        return self._known[key]

    def _expand(self, side: Side[Formula], far: Side[Formula], end: float) -> Iterator[Hashable]:
        """Look at the best formula of a side; the keys where the sides meet."""
        _, _, key = heapq.heappop(side.heap)
        for there, trail in self.neighbours(key, side.formulas[key]).items():
            if there in side.formulas or there in self.banned:
                continue
            side.came_from[there], side.formulas[there] = (key, trail), trail[-1][0]
            side.cost[there] = side.cost[key] + 1 + FURTHER * (len(trail) - 1)
            if there in far.formulas:
                yield there
            weight = side.cost[there] + self.distance(trail[-1][0], far.start)
            heapq.heappush(side.heap, (weight, next(self._count), there))
            if time.thread_time() > end:
                return

    def _joined(self, one: Side[Formula], other: Side[Formula], met: Hashable) -> list[Leg[Formula]]:
        """From the start to where the sides met, and on to the goal, in the goal's way of writing."""
        legs: list[Leg[Formula]] = []
        key = met
        while (came := one.came_from[key])[1]:
            legs = [*(Leg(*step) for step in came[1]), *legs]
            key = came[0]
        legs = [Leg(one.start, None), *legs]
        legs[-1] = legs[-1]._replace(formula=other.formulas[met])
        key = met
        while (came := other.came_from[key])[1]:
            formulas = [other.formulas[came[0]], *(formula for formula, _ in came[1])]
            for place in range(len(came[1]) - 1, -1, -1):
                legs.append(Leg(formulas[place], came[1][place][1], backwards=True))
            key = came[0]
        return legs

    def _shortened(self, legs: list[Leg[Formula]]) -> list[Leg[Formula]]:
        """Without lines whose neighbours are one rule apart."""
        keys = [self.key(leg.formula) for leg in legs]
        for place, key in enumerate(keys):
            again = len(keys) - 1 - keys[::-1].index(key)
            if again > place:
                legs[place + 1 : again + 1], keys[place + 1 : again + 1] = [], []
                return self._shortened(legs)
        place = 0
        while place + 2 < len(legs):
            for far in range(len(legs) - 1, place + 1, -1):
                found = self._one_rule(keys[place], keys[far], legs[far].formula)
                if found is not None:
                    legs[place + 1 : far + 1], keys[place + 1 : far + 1] = [found], [keys[far]]
                    break
            place += 1
        return legs

    def _one_rule(self, near: Hashable, far: Hashable, formula: Formula) -> Leg[Formula] | None:
        """The last of two formulas, where both were looked at and one rule leads from one to the other."""
        for key, other, backwards in ((near, far, False), (far, near, True)):
            trail = self._known.get(key, {}).get(other, ())
            if len(trail) == 1:
                return Leg(formula, trail[0][1], backwards)
        return None
