"""Mutated formulas: whatever is typed gives a verdict, quickly. `python -m tests.fuzz [count] [seed]`."""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter

from jacobians.claims.check import Checker, context_of
from jacobians.claims.redpen.search import MISTAKES
from jacobians.claims.redpen.site import Site
from jacobians.claims.surfaces import read_claim
from jacobians.errors import JacobiansError
from jacobians.notation import Chain, to_latex
from tests.corpus import CorpusClaim, corpus

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z0-9]+|\s+|.", re.S)
SIGNS = [*list("{}()[]_^&=+-*/'|<>,.;:\\$#%~ijklWxz0123"), r"\frac", r"\sum_", r"\left(", r"\partial ", r"\\", "∂", "ᵀ"]
#: Seconds after which a formula counts as hanging.
LONGEST = 1.0


def mutated(rng: random.Random, text: str, others: list[str]) -> str:
    """The text with a few characters or tokens changed, or spliced with another one."""
    for _ in range(rng.randint(1, 3)):
        kind = rng.random()
        if kind < 0.45:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice(["", rng.choice(SIGNS)]) + text[at + rng.randint(0, 2) :]
        elif kind < 0.85:
            tokens = TOKEN.findall(text)
            if tokens:
                at, to = rng.randrange(len(tokens)), rng.randrange(len(tokens))
                tokens[at] = rng.choice(["", tokens[to], tokens[at] * 2, rng.choice(SIGNS)])
            text = "".join(tokens)
        else:
            other = rng.choice(others)
            text = text[: rng.randrange(len(text) + 1)] + other[rng.randrange(len(other)) :]
    return text


def mutated_tree(rng: random.Random, checker: Checker, text: str) -> str:
    """The formula with a mistake of the red pen made in its tree; the text itself where there is none."""
    try:
        trees = read_claim(text, checker.context)[1]
    except JacobiansError:
        return text
    tree = trees[0] if trees else None
    if not isinstance(tree, Chain):
        return text
    site = Site(checker.judge, tree.parts[0], tree.parts[-1])
    made = [edited.tree for edited in rng.choice(MISTAKES).mistakes(site, tree.parts[-1])]
    return to_latex(Chain((tree.parts[0], rng.choice(made)))) if made else text


def run(count: int, seed: int = 0) -> tuple[Counter[str], list[str], float]:
    """Verdicts by status, the formulas that went wrong, and the longest time."""
    rng = random.Random(seed)
    claims = corpus()
    texts = [claim.text for claim in claims]
    checkers: dict[str, Checker] = {}
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    slowest = 0.0
    for k in range(count):
        claim: CorpusClaim = rng.choice(claims)
        if claim.context not in checkers:
            checkers[claim.context] = Checker(context_of(claim.context))
        checker = checkers[claim.context]
        text = mutated_tree(rng, checker, claim.text) if rng.random() < 0.2 else mutated(rng, claim.text, texts)
        start = time.process_time()
        try:
            counts[checker.check(text, explain=False).status] += 1
        except Exception as error:
            wrong.append(f"{claim.id}: {type(error).__name__}: {error}: {text!r}")
        took = time.process_time() - start
        slowest = max(slowest, took)
        if took > LONGEST:
            wrong.append(f"{claim.id}: {took:.1f} s: {text!r}")
        if k % 500 == 499:  # what is kept from one claim to the next is bounded by no real document
            checkers.clear()
    return counts, wrong, slowest


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 1000
    counts, wrong, slowest = run(count, int(arguments[1]) if len(arguments) > 1 else 0)
    for line in wrong[:40]:
        print(line[:600])
    print(dict(counts), f"{len(wrong)} went wrong, the slowest took {slowest:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
