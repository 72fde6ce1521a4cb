"""How the corpus comes out: `python -m tests.corpus.run [id ...]`."""

from __future__ import annotations

import sys
import time
from collections import Counter

from jacobians.claims.check import Checker, context_of
from jacobians.errors import JacobiansError
from tests.corpus import CorpusClaim, corpus

#: What a verdict of ours counts as.
AGREES = {
    "true": {"true"},
    "false": {"false", "ill-formed"},
    "ill-formed": {"ill-formed", "false"},
    "convention-dependent": {"layout"},
}


def outcome(claim: CorpusClaim, explain: bool = False) -> tuple[str, str]:
    """Our status and the reason; a context that cannot be read is an error of its own."""
    try:
        verdict = Checker(context_of(claim.context)).check(claim.text, explain)
    except JacobiansError as error:
        return "no context", str(error)
    worst = verdict.worst
    found = f"{worst.reason} {' '.join(note for link in verdict.links for note in link.notes)}"
    if worst.explanation is not None:
        found += f" => {worst.explanation.name}: {worst.explanation.corrected}"
    return verdict.status, found


def judged(claim: CorpusClaim, status: str, found: str) -> str:
    """Agreement, a false accusation, a false acquittal, or not read."""
    if status in AGREES[claim.verdict] or (status == "true" and claim.remark.startswith("here true") and found.strip()):
        return "agrees"
    if claim.verdict == "convention-dependent" and status == "true":
        return "agrees" if found.strip() else "acquitted without a note"
    if claim.verdict == "convention-dependent":
        return "agrees" if status in ("false", "ill-formed") else "not read"
    if status in ("not understood", "no context", "declaration"):
        return "not read"
    if claim.verdict == "true":
        return "FALSE ACCUSATION" if status in ("false", "ill-formed") else "called a layout"
    return "FALSE ACQUITTAL" if status == "true" else "called a layout"


def main(wanted: list[str]) -> None:
    counts: Counter[str] = Counter()
    for claim in corpus():
        if wanted and not any(claim.id.startswith(w) for w in wanted):
            continue
        start = time.perf_counter()
        status, found = outcome(claim, explain=bool(wanted))
        took = 1e3 * (time.perf_counter() - start)
        result = judged(claim, status, found)
        counts[result] += 1
        if wanted or result != "agrees":
            print(f"{claim.id:10} {claim.verdict:20} {status:15} {result:18} {took:6.0f} ms  {found[:300]}")
    print(dict(counts), sum(counts.values()), "claims")


if __name__ == "__main__":
    main(sys.argv[1:])
