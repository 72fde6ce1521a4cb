"""The red pen: the mistake by name, where it is, and the corrected line in the reader's own notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jacobians.claims.verdicts import Link, Verdict
from jacobians.notation import tree as t
from jacobians.notation.tree import Span, Tree

if TYPE_CHECKING:
    from jacobians.claims.judge import Judge


@dataclass(frozen=True, slots=True)
class Explanation:
    """The mistake: its name and a sentence for a student, the place, and the corrected line; no name, no cause found."""

    name: str
    sentence: str
    corrected: str
    keys: tuple[str, ...] = ()
    span: Span | None = None
    tree: Tree | None = None
    #: Whether it is the left side that is to be corrected.
    left: bool = False


def explained(judge: Judge, verdict: Verdict, trees: Sequence[Tree]) -> Verdict:
    """The verdict with an explanation for every line that is not true."""
    links = list(verdict.links)
    heads = iter(_lines(trees))
    for k, link in enumerate(links):
        head = next(heads, None)
        if head is not None and link.status in ("false", "ill-formed") and link.step is not True:
            links[k] = replace(link, explanation=explain_line(judge, verdict, head[0], head[1], head[2]))
    return replace(verdict, links=tuple(links))


def _lines(trees: Sequence[Tree]) -> list[tuple[Tree, Tree, tuple[Tree, ...]]]:
    """For every line of every chain: its head, itself, and the other lines."""
    found = []
    for tree in trees:
        if isinstance(tree, t.Chain):
            head, *rest = tree.parts
            found += [(head, part, tuple(p for p in rest if p is not part)) for part in rest]
    return found


def explain_line(judge: Judge, verdict: Verdict, left: Tree, right: Tree, others: tuple[Tree, ...]) -> Explanation:
    """What is wrong with left = right."""
    from jacobians.claims.redpen.search import search
    from jacobians.claims.redpen.site import Site

    found = search(Site(judge, left, right, others))
    if found is None:
        return _truth(judge, verdict, left, right, others)
    first = found.mistakes[0]
    name = "; and ".join(m.name for m in found.mistakes)
    changed_left = found.left is not left
    old, new = (left, found.left) if changed_left else (right, found.right)
    return Explanation(
        name,
        " ".join(m.sentence for m in found.mistakes),
        written(verdict, old, new),
        tuple(m.key for m in found.mistakes),
        found.span,
        new,
        changed_left,
    ) if first else _truth(judge, verdict, left, right, others)


def _truth(judge: Judge, verdict: Verdict, left: Tree, right: Tree, others: tuple[Tree, ...]) -> Explanation:
    """No cause is invented: another line that is right, where there is one."""
    for other in others:
        if judge.holds(left, other):
            return Explanation("", "No single slip explains this line; it should equal the other line.", written(verdict, other, other), tree=other)
    return Explanation("", "No single slip explains this line.", "")


def written(verdict: Verdict, old: Tree, new: Tree) -> str:
    """The new side as the reader writes it."""
    try:
        from jacobians.notation.patching import patched
    except ImportError:
        from jacobians.notation.to_plain import to_plain

        return to_plain(new)
    surface: Any = verdict.surface
    return patched(verdict.text, old, new, surface)
