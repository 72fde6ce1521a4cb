"""Real derivations by other people: nobody is accused falsely, nobody acquitted falsely."""

from __future__ import annotations

from collections import Counter

import pytest

from jacobians.claims.check import Checker, context_of
from tests.corpus import corpus
from tests.corpus.run import judged, outcome
from tests.redpen import TRUTHS

#: What cannot be read, and why.
NOT_READ = {
    "ad-06": "dy of a y that nobody declares",
    "fl-01": "fractions drawn over three lines",
    "fl-03": "a question mark inside the formula",
}


@pytest.fixture(scope="module")
def results():
    return {claim.id: (claim, judged(claim, *outcome(claim))) for claim in corpus()}


def test_every_claim_of_the_corpus_is_there(results):
    counts = Counter(claim.verdict for claim, _ in results.values())
    assert counts == {"true": 106, "false": 44, "convention-dependent": 13, "ill-formed": 12}


def test_nobody_is_accused_or_acquitted_falsely(results):
    wrong = {key: result for key, (_, result) in results.items() if result not in ("agrees", "not read")}
    assert wrong == {}


def test_what_is_not_read_is_known(results):
    assert {key for key, (_, result) in results.items() if result == "not read"} == set(NOT_READ)


def test_true_claims_are_true_and_the_red_pen_says_nothing():
    checkers: dict[str, Checker] = {}
    claims = corpus(TRUTHS)
    for claim in claims:
        checker = checkers.setdefault(claim.context, Checker(context_of(claim.context)))
        verdict = checker.check(claim.text)
        assert verdict.status == "true", (claim.id, verdict.worst.reason)
        assert all(link.explanation is None for link in verdict.links)
        assert verdict.worst.evidence.points >= 6
        assert 0 <= verdict.worst.evidence.deviation < 1e-9
    assert len(claims) > 70
