"""The red pen: the mistake by name, where it is, and the corrected line in the reader's own notation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jacobians.claims.verdicts import Verdict
from jacobians.notation import tree as t
from jacobians.notation.tree import Span, Tree
from jacobians.notation.tree_calculus import Membership

if TYPE_CHECKING:
    from jacobians.claims.judge import Judge


@dataclass(frozen=True, slots=True)
class Explanation:
    """The mistake by name, a sentence for a student, the place, the corrected line; no name: no cause was found."""

    name: str
    sentence: str
    corrected: str
    keys: tuple[str, ...] = ()
    span: Span | None = None
    tree: Tree | None = None
    #: Whether it is the left side that is to be corrected.
    left: bool = False


def explained(judge: Judge, verdict: Verdict, trees: Sequence[Tree]) -> Verdict:
    """The verdict with an explanation for every line that is not true and whose step is not right either."""
    links = list(verdict.links)
    lines = [line for tree in trees for line in _lines(tree)]
    for k, (link, line) in enumerate(zip(links, lines, strict=False)):
        if line is not None and link.status in ("false", "ill-formed") and link.step is not True:
            links[k] = replace(link, explanation=explain_line(judge, verdict, *line))
    return replace(verdict, links=tuple(links))


Line = tuple[Tree, Tree, tuple[Tree, ...]]


def _lines(tree: Tree) -> list[Line | None]:
    """For every verdict: the head, the line itself and the other lines; None where nothing is claimed."""
    if not isinstance(tree, t.Chain):
        return [None]
    head, *rest = (part.element if isinstance(part, Membership) else part for part in tree.parts)
    return [(head, part, tuple(p for p in rest if p is not part)) for part in rest]


def explain_line(judge: Judge, verdict: Verdict, left: Tree, right: Tree, others: tuple[Tree, ...]) -> Explanation:
    """What is wrong with left = right."""
    from jacobians.claims.redpen.search import search
    from jacobians.claims.redpen.site import Site

    found = search(Site(judge, left, right, others), whole=not others)
    if found is None:
        return _truth(judge, verdict, left, others)
    changed_left = found.left is not left
    old, new = (left, found.left) if changed_left else (right, found.right)
    name = ", and ".join(m.name for m in found.mistakes)
    sentence = " ".join(m.sentence for m in found.mistakes)
    corrected = written(verdict, old, new, whole=not others)
    return Explanation(name, sentence, corrected, tuple(m.key for m in found.mistakes), found.span, new, changed_left)


def _truth(judge: Judge, verdict: Verdict, left: Tree, others: tuple[Tree, ...]) -> Explanation:
    """No cause is invented: another line that is right, where there is one."""
    for other in others:
        if judge.holds(left, other):
            sentence = "No single slip explains this line; this other line is right."
            return Explanation("", sentence, written(verdict, other, other, whole=False), tree=other)
    return Explanation("", "No single slip explains this line.", "")


def written(verdict: Verdict, old: Tree, new: Tree, whole: bool) -> str:
    """The claim with the new side in the reader's notation; of a chain only the line itself."""
    from jacobians.notation.patching import Patcher, patched

    surface: Any = verdict.surface
    source = verdict.text
    before, after = old, new
    if isinstance(verdict.tree, t.Chain) and any(part is old for part in verdict.tree.parts):
        before = verdict.tree  # the names of all lines say how the reader writes them
        after = replace(before, parts=tuple(new if part is old else part for part in before.parts))
    text = patched(source, before, after, surface)
    if whole or old.span is None:
        return text
    begin, end = Patcher(source, before, surface).places.range(old)
    return text[begin : len(text) - (len(source) - end)].strip()
