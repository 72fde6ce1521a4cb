"""How well the red pen names mistakes: `python -m tests.redpen [most per kind and family] [kind ...]`.

Every kind of mistake is made in true claims of every family, wherever it makes them wrong, and the red pen is asked.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jacobians.claims.check import Checker, context_of
from jacobians.claims.redpen.operator import Mistake
from jacobians.claims.redpen.search import MISTAKES, Found, search
from jacobians.claims.redpen.site import Site
from jacobians.claims.surfaces import read_claim
from jacobians.notation import Chain, Tree, to_plain
from tests.corpus import corpus

TRUTHS = Path(__file__).parent / "truths"


@dataclass(frozen=True)
class Truth:
    """A true claim of a family."""

    id: str
    family: str
    checker: Checker
    left: Tree
    right: Tree


def truths() -> list[Truth]:
    """All true claims of one equation, with a checker for each context."""
    checkers: dict[str, Checker] = {}
    found = []
    for claim in corpus(TRUTHS):
        if claim.context not in checkers:
            checkers[claim.context] = Checker(context_of(claim.context))
        checker = checkers[claim.context]
        (tree,) = read_claim(claim.text, checker.context)[1]
        assert isinstance(tree, Chain)
        found.append(Truth(claim.id, claim.id.partition("-")[0], checker, *tree.parts))
    return found


def wrong(truth: Truth, mistake: Mistake, most: int, rng: random.Random) -> Iterator[Tree]:
    """Right sides that a mistake makes wrong."""
    judge = truth.checker.judge
    made = list(dict.fromkeys(e.tree for e in mistake.mistakes(Site(judge, truth.left, truth.right), truth.right)))
    rng.shuffle(made)
    count = 0
    for tree in made[: 4 * most]:
        if count < most and judge.link(truth.left, tree).status in ("false", "ill-formed"):
            count += 1
            yield tree


#: A missing factor has a better name where it is a slope, a number, a delta; so has one too many.
FACTORS = ("derivative of the activation forgotten", "factor 2", "factor 1/m", "Kronecker delta dropped")
SPARE = ("derivative of the activation too much", "factor 2", "factor 1/m", "Kronecker delta too much")
EQUIVALENT: dict[str, tuple[str, ...]] = {"factor missing": FACTORS, "factor too much": SPARE}


def named(found: Found | None, mistake: Mistake, truth: Truth) -> str:
    """How the explanation fits what was done."""
    if found is None:
        return "nothing"
    if len(found.mistakes) > 1:
        return "two"
    if found.mistakes[0].key == mistake.key:
        return "same"
    if found.mistakes[0].family == mistake.family or found.mistakes[0].key in EQUIVALENT.get(mistake.key, ()):
        return "family"
    return "restores" if found.right == truth.right and found.left == truth.left else "other"


GOOD = ("same", "family", "restores")


def main(arguments: list[str]) -> None:
    most = int(arguments[0]) if arguments else 2
    wanted = arguments[1:]
    rng = random.Random(1)
    table: dict[str, Counter[str]] = {}
    times: list[float] = []
    for truth in truths():
        for mistake in MISTAKES:
            if wanted and mistake.key not in wanted:
                continue
            for tree in wrong(truth, mistake, most, rng):
                start = time.perf_counter()
                found = search(Site(truth.checker.judge, truth.left, tree))
                times.append(time.perf_counter() - start)
                result = named(found, mistake, truth)
                table.setdefault(mistake.key, Counter())[result] += 1
                if result not in GOOD:
                    said = ", ".join(m.key for m in found.mistakes) if found else ""
                    offered = to_plain(found.right) if found else ""
                    print(f"{truth.id:12} {mistake.key:32} {result:8} {to_plain(tree)}   [{said}] {offered}")
    total: Counter[str] = Counter()
    print(f"\n{'mistake':34} {'of':>5} {'named':>6}")
    for key, counts in sorted(table.items()):
        total += counts
        good = sum(counts[g] for g in GOOD)
        print(f"{key:34} {sum(counts.values()):5} {good / sum(counts.values()):6.0%}  {dict(counts)}")
    times.sort()
    print(
        dict(total), f"named {sum(total[g] for g in GOOD) / max(1, sum(total.values())):.1%} of {sum(total.values())}"
    )
    print(f"median {1e3 * times[len(times) // 2]:.0f} ms, slowest {times[-1]:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
