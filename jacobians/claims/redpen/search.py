"""The search for the nearest correct formula: single changes first, then pairs, each verified like a claim."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jacobians.claims.redpen import axes, deltas, factors, functions, letters, names, slopes, sums, terms, transposes
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation.tree import Span, Tree
from jacobians.notation.tree_calculus import Partial

FILES = (names, transposes, slopes, functions, sums, letters, deltas, axes, factors, terms)
#: Every kind of mistake, the plainest first where the cost is equal.
MISTAKES: tuple[Mistake, ...] = tuple(
    sorted(
        (m for file in FILES for m in file.MISTAKES),
        key=lambda m: m.cost,
    )
)
BY_KEY = {m.key: m for m in MISTAKES}
#: Candidates that are looked at, one change and two.
MOST_SINGLE, MOST_PAIRS = 700, 500
#: Seconds after which a search ends without a result: a claim about a large network on a slow machine.
LONGEST = 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """A correction: the mistakes that it undoes, the corrected sides, and the part of the claim that was changed."""

    mistakes: tuple[Mistake, ...]
    left: Tree
    right: Tree
    span: Span | None


def search(site: Site, whole: bool = True) -> Found | None:
    """The cheapest correction that makes the claim true; None where none of those that were tried does.

    With `whole` the left side may be wrong too; the head of a chain belongs to its other lines.
    """
    tried: list[Candidate] = []
    end = time.monotonic() + LONGEST
    for candidate in islice(_candidates(site, site.right), MOST_SINGLE):
        if time.monotonic() > end:
            return None
        if _is_right(site, candidate) and _has_content(site, candidate.tree):
            return Found((candidate.mistake,), site.left, candidate.tree, candidate.part.span)
        tried.append(candidate)
    if whole:
        for candidate in islice(_candidates(site, site.left, LEFT), MOST_SINGLE // 4):
            if site.judge.corrected(candidate.tree, site.right) and candidate.tree != site.right:
                return Found((candidate.mistake,), candidate.tree, site.right, candidate.part.span)
    return _pairs(site, tried, end)


def _is_right(site: Site, candidate: Candidate) -> bool:
    """Whether the candidate makes the claim true; with its differentials mended, also in a direct reading."""
    if candidate.mistake.key == "differential missing":
        return site.judge.holds(site.left, candidate.tree)
    return site.judge.corrected(site.left, candidate.tree)


def _has_content(site: Site, tree: Tree) -> bool:
    """Whether no derivative in it is zero: such a summand is right for no reason."""
    there = set(site.right.walk())
    new = [part for part in tree.walk() if isinstance(part, Partial) and part not in there]
    return not any(site.judge.is_zero(part, (site.left, site.right)) for part in new)


#: What may be wrong on the left side: the line is then right for another quantity.
LEFT: tuple[Mistake, ...] = tuple(m for m in MISTAKES if m.family in ("name", "letter", "differential"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A side after one change: the mistake that was undone, and the part that it was made in."""

    tree: Tree
    mistake: Mistake
    part: Tree


#: Kinds of mistakes are tried in groups of about equal cost: what is found early needs no look at the rare ones.
GROUPS = (1.0, 1.9, 2.4, 9.0)


def _candidates(site: Site, side: Tree, mistakes: Iterable[Mistake] = MISTAKES) -> Iterator[Candidate]:
    """Every different formula that is one change away, the small changes of common mistakes first."""
    kinds, seen, size = list(mistakes), {side}, _size(side)
    lowest = 0.0
    for highest in GROUPS:
        group = [m for m in kinds if lowest < m.cost <= highest or (m.cost == lowest == 0.0)]
        lowest = highest
        found = [(weight, k, c) for k, (weight, c) in enumerate(_weighted(site, side, group, seen, size))]
        yield from (candidate for _, _, candidate in sorted(found, key=lambda item: item[:2]))


def _weighted(
    site: Site, side: Tree, mistakes: Iterable[Mistake], seen: set[Tree], size: int
) -> Iterator[tuple[float, Candidate]]:
    """The candidates of some kinds, each with a weight: what was left out is put back more often than taken away."""
    for mistake in mistakes:
        for edited in mistake.corrections(site, side):
            if edited.tree in seen:
                continue
            seen.add(edited.tree)
            changed = _size(edited.tree) - size
            if changed < -6 and -changed > size / 2:  # what is left is another formula, no correction of this one
                continue
            weight = mistake.cost + (0.02 * changed if changed >= 0 else -0.25 * (changed + 2))
            yield max(weight, mistake.cost - 0.4), Candidate(edited.tree, mistake, edited.part)


def _size(tree: Tree) -> int:
    return sum(1 for _ in tree.walk())


def _pairs(site: Site, singles: list[Candidate], end: float) -> Found | None:
    """Two changes of the common kinds; first those whose first change already gets rid of what was refused."""
    common = [m for m in MISTAKES if m.cost <= 1.5]
    firsts = [c for c in singles if c.mistake.cost <= 1.5]
    before = site.judge.refusal(site.left, site.right)
    after = {id(c): site.judge.refusal(site.left, c.tree) for c in firsts}
    # a change that gives the line a meaning is half of the way; one that is refused for another reason may be
    firsts.sort(key=lambda c: 0 if before and not after[id(c)] else 1 if after[id(c)] != before else 2)
    count = 0
    for first in firsts:
        for second in islice(_candidates(site, first.tree, common), 50 if after[id(first)] != before else 25):
            count += 1
            if count > MOST_PAIRS or time.monotonic() > end:
                return None
            if second.tree != site.right and site.judge.corrected(site.left, second.tree):
                both = (first.mistake, second.mistake)
                return Found(both, site.left, second.tree, first.part.span)
    return None
