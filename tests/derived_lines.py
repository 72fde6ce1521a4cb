"""Every derivation in every notation, read back and judged: `python -m tests.derived_lines [notation ...]`.

With KATEX_HOME set, what was printed is given to KaTeX too.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator

from jacobians.claims.judge import Judge
from jacobians.claims.notated import Notated
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError
from jacobians.notation.options import Notation
from symbolic.steps.derivation import STYLES, Derivation, Style, chain_links
from symbolic.steps.engine import derivation
from tests.derived_models import CASES
from tests.notations import NOTATIONS


def derived(name: str, style: Style, notation: Notation) -> Derivation | None:
    """The derivation of a case; None where the style has no meaning for it."""
    try:
        return derivation(*CASES[name], style=style, notation=notation)
    except InputError:
        return None


def read_back(found: Derivation) -> Iterator[tuple[str, str]]:
    """For every line the verdict after printing and reading its chain, or "refused", and the LaTeX of the chain."""
    notated = Notated(found.context, found.notation)
    for chain in found.chains():
        try:
            tex, judge = notated.latex(chain), Judge(notated.context)
        except InputError as error:
            yield from ((("refused"), str(error)) for _ in chain.parts[1:])
            continue
        _, (tree,) = read_claim(tex, notated.context, "latex")
        verdicts = [link.status for _, link in chain_links(judge, *tree.children)]
        yield from ((verdict, tex) for verdict in verdicts)
        yield from (("lost", tex) for _ in range(len(chain.parts) - 1 - len(verdicts)))


def main(wanted: list[str]) -> None:
    printed: dict[str, None] = {}
    for name, notation in NOTATIONS.items():
        if wanted and name not in wanted:
            continue
        counts: Counter[str] = Counter()
        for style in STYLES:
            for case in CASES:
                found = derived(case, style, notation)
                for status, tex in read_back(found) if found is not None else ():
                    counts[status] += 1
                    if status == "refused":
                        print(f"{name:20} {style} of {case:20} refused: {tex}")
                        continue
                    printed.setdefault(tex)
                    if status != "true":
                        print(f"{name:20} {style} of {case:20} {status}: {tex}")
        print(f"{name:20} {dict(counts)}", flush=True)
    if "KATEX_HOME" in os.environ:
        from tests.test_katex import problems

        formulas = list(printed)
        bad = [f"{error}\n  {tex}" for tex, error in zip(formulas, problems(formulas), strict=True) if error]
        print(f"KaTeX: {len(formulas)} chains, {len(bad)} refused", *bad, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
