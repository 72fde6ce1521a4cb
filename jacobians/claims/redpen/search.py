"""The search for the nearest correct formula: single changes first, then pairs, each verified like a claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from jacobians.claims.redpen import functions, indices, names, terms, transposes
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.site import Site
from jacobians.notation.tree import Span, Tree

#: Every kind of mistake, the plainest first where the cost is equal.
MISTAKES: tuple[Mistake, ...] = tuple(
    sorted(
        (*names.MISTAKES, *transposes.MISTAKES, *functions.MISTAKES, *indices.MISTAKES, *terms.MISTAKES),
        key=lambda m: m.cost,
    )
)
BY_KEY = {m.key: m for m in MISTAKES}
#: Candidates that are looked at, one change and two.
MOST_SINGLE, MOST_PAIRS = 1200, 500


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
    for right, mistake, part in islice(_candidates(site, site.right), MOST_SINGLE):
        if site.judge.corrected(site.left, right):
            return Found((mistake,), site.left, right, part.span)
    for left, mistake, part in islice(_candidates(site, site.left, LEFT), MOST_SINGLE // 4 if whole else 0):
        if site.judge.corrected(left, site.right) and site.says_something(left):
            return Found((mistake,), left, site.right, part.span)
    return _pairs(site)


#: What may be wrong on the left side: the line is then right for another quantity.
LEFT: tuple[Mistake, ...] = tuple(m for m in MISTAKES if m.family in ("name", "letter", "differential"))


def _candidates(
    site: Site, side: Tree, mistakes: Iterable[Mistake] = MISTAKES
) -> Iterator[tuple[Tree, Mistake, Tree]]:
    """Every different formula that is one change away."""
    seen, size = {side}, _size(side)
    found: list[tuple[float, int, Tree, Mistake, Tree]] = []
    for mistake in mistakes:
        for edited in mistake.corrections(site, side):
            if edited.tree not in seen:
                seen.add(edited.tree)
                # a slip of the pen is small, and what it leaves out is put back more often than taken away again
                changed = _size(edited.tree) - size
                weight = mistake.cost + (0.02 * changed if changed >= 0 else -0.25 * (changed + 2))
                found.append((max(weight, mistake.cost - 0.4), len(found), edited.tree, mistake, edited.part))
    for _, _, tree, mistake, part in sorted(found, key=lambda item: item[:2]):
        yield tree, mistake, part


def _size(tree: Tree) -> int:
    return sum(1 for _ in tree.walk())


def _pairs(site: Site) -> Found | None:
    """Two changes of the cheap kinds."""
    cheap = [m for m in MISTAKES if m.cost <= 1]
    firsts = [c for c in islice(_candidates(site, site.right, cheap), 60)]
    count = 0
    for right, mistake, part in firsts:
        for again, second, _ in islice(_candidates(site, right, cheap), 40):
            count += 1
            if count > MOST_PAIRS:
                return None
            if again != site.right and site.judge.corrected(site.left, again):
                return Found((mistake, second), site.left, again, part.span)
    return None
