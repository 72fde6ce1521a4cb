"""Every true line of the corpus in every notation, read back and judged: `python -m tests.notations [notation ...]`.

With KATEX_HOME set, what was printed is given to KaTeX too.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jacobians.claims.check import Checker, context_of
from jacobians.claims.context import Context
from jacobians.claims.notated import Notated
from jacobians.claims.open_sizes import with_sizes
from jacobians.claims.surfaces import read_claim
from jacobians.errors import InputError, JacobiansError
from jacobians.notation.options import Notation
from jacobians.notation.presets import PRESETS
from jacobians.notation.tree import Chain
from tests.corpus import CorpusClaim, corpus
from tests.redpen import TRUTHS

#: One option changed alone.
CHANGED = (
    *("layers=[k]", "layers=_k", "layers=k", "bold", "layout=denominator", "layout=mixed", "derivative=D"),
    *("derivative=J", "derivative=nabla", "derivative=d", "kronecker=brackets", "hadamard=circ", "transpose=T"),
    *("transpose=intercal", "transpose=roman", "sums=Einstein", "vectors=rows", "vec=column"),
    r"names.delta=\epsilon,names.W=\Omega,names.z=\hat{q},names.L=\mathcal{E}",
)
NOTATIONS: dict[str, Notation] = {"default": Notation(), **PRESETS, **{text: Notation.read(text) for text in CHANGED}}


@dataclass(frozen=True)
class Line:
    """A true chain and its context."""

    id: str
    context: Context
    tree: Chain


def true_lines(claims: Iterable[CorpusClaim]) -> Iterator[Line]:
    """The chains that are true by themselves: of several statements of a program the later ones may not be."""
    for claim in claims:
        try:
            context = context_of(claim.context)
            context = with_sizes(context, read_claim(claim.text, context)[1], strict=False)
            _, trees = read_claim(claim.text, context)
        except JacobiansError:
            continue
        checker = Checker(context)
        for tree in trees:
            if isinstance(tree, Chain) and {link.status for link in checker.links(tree)} == {"true"}:
                yield Line(claim.id, context, tree)


def everything() -> list[Line]:
    """All of them."""
    return list(true_lines(claim for claim in [*corpus(), *corpus(TRUTHS)] if claim.verdict == "true"))


def read_back(line: Line, notated: Notated) -> tuple[str, str]:
    """The verdict on a line that was printed and read back, or "refused", and the LaTeX or the reason."""
    try:
        tex = notated.latex(line.tree)
        context = notated.context
    except InputError as error:
        return "refused", str(error)
    verdict = Checker(context).check(tex, explain=False, surface="latex")
    return verdict.status, tex


def main(wanted: list[str]) -> None:
    lines, printed = everything(), list[str]()
    for name, notation in NOTATIONS.items():
        if wanted and name not in wanted:
            continue
        counts: Counter[str] = Counter()
        for line in lines:
            status, tex = read_back(line, Notated(line.context, notation))
            counts[status] += 1
            if status != "true":
                print(f"{name:20} {line.id:12} {status:15} {tex}")
            if status != "refused":
                printed.append(tex)
        print(f"{name:20} {dict(counts)}", flush=True)
    if "KATEX_HOME" in os.environ:
        from tests.test_katex import problems

        bad = [f"{error}\n  {tex}" for tex, error in zip(printed, problems(printed), strict=True) if error]
        print(f"KaTeX: {len(printed)} formulas, {len(bad)} refused", *bad, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
