"""How fast and how well claims are judged: `python benchmarks/claims.py [mistakes of each kind and family]`.

The corpus of real claims (read, falsely accused, falsely acquitted), the time of a verdict with everything new and with
the values of the context known, and for mistakes made in true claims: how many are named, and the time of a diagnosis.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from jacobians.claims.check import Checker, context_of
from jacobians.claims.redpen.search import MISTAKES, search
from jacobians.claims.redpen.site import Site
from tests.corpus import corpus
from tests.corpus.run import judged, outcome
from tests.redpen import GOOD, named, truths, wrong


def milliseconds(times: list[float]) -> str:
    """Median, ninth decile and maximum."""
    deciles = statistics.quantiles(times, n=10)
    median, ninth, longest = 1e3 * statistics.median(times), 1e3 * deciles[8], 1e3 * max(times)
    return f"median {median:.1f} ms, 90 % below {ninth:.1f} ms, at most {longest:.0f} ms"


def verdicts() -> None:
    """The corpus."""
    claims = corpus()
    results = Counter(judged(claim, *outcome(claim)) for claim in claims)
    checkers = {claim.context: Checker(context_of(claim.context)) for claim in claims}
    first, warm = [], []
    for times in (first, warm):
        for claim in claims:
            start = time.perf_counter()
            checkers[claim.context].check(claim.text, explain=False)
            times.append(time.perf_counter() - start)
    print(f"corpus: {dict(results)} of {len(claims)} claims; read {1 - results['not read'] / len(claims):.1%}")
    print(f"a verdict, first of its claim:  {milliseconds(first)}")
    print(f"a verdict, values known:        {milliseconds(warm)}")


def diagnoses(most: int) -> None:
    """Mistakes that were made, of every kind in every family of true claims."""
    rng = random.Random(1)
    times: list[float] = []
    results: Counter[str] = Counter()
    for truth in truths():
        for mistake in MISTAKES:
            for tree in wrong(truth, mistake, most, rng):
                start = time.perf_counter()
                found = search(Site(truth.checker.judge, truth.left, tree))
                times.append(time.perf_counter() - start)
                results[named(found, mistake, truth)] += 1
    share = sum(results[kind] for kind in GOOD) / len(times)
    print(f"mistakes named: {share:.1%} of {len(times)}; {dict(results)}")
    print(f"a diagnosis:                    {milliseconds(times)}")


if __name__ == "__main__":
    verdicts()
    diagnoses(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
