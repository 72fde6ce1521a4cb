"""All entries of a derivative written out, for sizes that are numbers: sums as sums of products, deltas as 0 and 1."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from math import prod
from typing import Any

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.components import array, indices
from symbolic.steps.derivation import Part, Reason, Step
from symbolic.steps.graph import Graph
from symbolic.steps.sums import Product, Sums, deltas, merged, put, read, write

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: More entries than this are no help to a reader.
MOST = 400


def with_entries(graph: Graph, parts: Sequence[Part], base: int) -> list[Part]:
    """The parts, and a last one that writes every entry of the answer out; indices count from `base`.

    Raises:
        InputError: too many entries, or an answer that is not in components.
    """
    head, result = parts[-1].head, parts[-1].result
    ends = (head.of, head.by) if isinstance(head, c.Partial) else (head,)
    letters = [i for end in ends for i in indices(end)]
    if not all(isinstance(i, t.Name) for i in letters) or (not letters and graph.rank(graph.wrt)):
        raise InputError("derivation: all entries are written out from components; take style='index'")
    work = _Entries(graph, base)
    sizes = [size for end in ends for size in graph.shape(array(end))] if letters else []
    if (count := prod(sizes)) > MOST:
        raise InputError(f"derivation: {count:,} entries, at most {MOST} are written out; take a smaller network")
    names = [i.text for i in letters if isinstance(i, t.Name)]
    facts = {"of": graph.of, "by": graph.wrt}
    made = []
    lead = len(sizes) - 2 if len(sizes) > 2 else 0
    for at in product(*(work.numbers(size) for size in sizes[:lead])):
        line = work.nested(put(result, dict(zip(names[:lead], at, strict=True))), names[lead:], sizes[lead:])
        reason = Reason("entries", facts)
        made.append(Part(_slice(graph, at), (Step(line, reason, "result"),), reason))
    return [*parts, *made]


def _slice(graph: Graph, at: Sequence[t.Tree]) -> t.Tree:
    """∂a_2/∂W: the derivative with its first indices given, those of the output, then those of the variable."""
    ends = []
    for name in (graph.of, graph.wrt):
        rank = graph.rank(name)
        own, at = at[:rank], at[rank:]
        rest = (c.Slice(),) * (rank - len(own))
        ends.append(t.Index(name, (*own, *rest)) if own else name)
    return c.Partial(ends[0], ends[1])


class _Entries:
    """Writes out one formula of components entry by entry; an index counts from `base`."""

    def __init__(self, graph: Graph, base: int) -> None:
        self.graph, self.base = graph, base

    def nested(self, tree: t.Tree, letters: Sequence[str], sizes: Sequence[int]) -> t.Tree:
        """Rows of entries, or lists of them where there are more axes."""
        if not letters:
            return self.entry(tree)
        rows = (self.nested(put(tree, {letters[0]: k}), letters[1:], sizes[1:]) for k in self.numbers(sizes[0]))
        return t.List(tuple(rows))

    def numbers(self, size: int) -> list[t.Tree]:
        return [t.Number(str(k + self.base)) for k in range(size)]

    def entry(self, tree: t.Tree) -> t.Tree:
        """One entry: sums written out, deltas decided."""
        return write(merged(tuple(one for p in read(self.expanded(tree)) for one in _decided(p))))

    def expanded(self, tree: t.Tree) -> t.Tree:
        """Every sum over letters as a sum of its summands."""
        if type(tree) is not c.Sum or tree.condition is not None:
            return rebuilt(tree, self.expanded)
        ranges = [self.numbers(self.size(letter, tree.body)) for letter in tree.indices]
        summands: list[Product] = []
        for values in product(*ranges):
            summand = self.expanded(put(tree.body, dict(zip(tree.indices, values, strict=True))))
            summands += [one for p in read(summand) for one in _decided(p)]
        return write(tuple(summands))

    def size(self, letter: str, body: t.Tree) -> int:
        """How many values a letter takes: the size of an axis that it stands at."""
        for part in body.walk():
            if isinstance(part, t.Index):
                for axis, index in enumerate(part.indices):
                    if index == t.Name(letter):
                        return self.graph.shape(part.array)[axis]
        raise InputError(f"derivation: nothing says how many values {letter} takes; take a style without entries")


def _decided(one: Product) -> Sums:
    """A product without its deltas: none where one of them, or a condition, is 0."""
    rest = one.factors
    for delta in deltas(one):
        if delta.args[0] != delta.args[1]:
            return ()
        rest = tuple(f for f in rest if f is not delta)
    kept = []
    for factor in rest:
        holds = _holds(factor) if isinstance(factor, t.Iverson) else None
        if holds is False:
            return ()
        if holds is None:
            kept.append(factor)
    return (replace(one, factors=tuple(kept)),)


def _holds(tree: t.Iverson) -> bool | None:
    """Whether a condition on numbers holds; None where it is about something else."""
    values = [_number(part) for part in tree.condition.parts]
    if any(value is None for value in values):
        return None
    pairs = zip(tree.condition.relations, pairwise(values), strict=True)
    return all(COMPARE[relation](a, b) for relation, (a, b) in pairs)


def _number(tree: t.Tree) -> Fraction | None:
    sums = read(tree)
    if any(one.factors or one.below for one in sums):
        return None
    return sum((one.coefficient for one in sums), Fraction(0))
