"""Which of a document's definitions hold at which formula: of the same section first, the last one before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from jacobians.claims.axes import base_name
from jacobians.claims.context import LOSSES, Context, Equation, Function, Leaf
from jacobians.claims.definitions import Meaning, targets
from jacobians.claims.documents import Document
from jacobians.claims.documents.passage import Place
from jacobians.claims.open_sizes import with_sizes
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name


@dataclass(frozen=True, slots=True)
class Found:
    """A definition of the document: the name, what it was taken as, and where it stands in the file."""

    name: str
    said: str
    place: Place

    def __str__(self) -> str:
        return f"{self.place[0]}:{self.place[1]}: {self.said}"


@dataclass(frozen=True, slots=True)
class Definition:
    """A meaning with its place: the number of its formula, the headings above it."""

    meaning: Meaning
    part: int
    heading: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Discovery:
    """What a document defines. A name may be defined again in another section: `context` knows what holds where."""

    document: Document
    start: Context
    definitions: tuple[Definition, ...] = ()
    statements: Mapping[int, list[t.Tree]] = field(default_factory=dict)
    _contexts: dict[tuple[int, ...], Context] = field(default_factory=dict)

    @property
    def found(self) -> list[Found]:
        """All definitions in the order of the document; one that is only repeated stands once."""
        listed: dict[tuple[str, str], Found] = {}
        for d in sorted(self.definitions, key=lambda d: d.place):
            said = [(d.meaning.name, d.meaning.said)] if d.meaning.said else []
            for name in targets(d.meaning.value.expression) if isinstance(d.meaning.value, Equation) else ():
                said.append((name, f"the entries of {name} sum to one"))
            for key in said:
                listed.setdefault(key, Found(*key, d.place))
        return list(listed.values())

    def context(self, part: int) -> Context:
        """The context of a formula: the start, and what the document defines, as it holds at that place."""
        key = self._in_force[part]
        if key not in self._contexts:
            claims = [tree for p, trees in self.statements.items() if self._in_force[p] == key for tree in trees]
            chosen = [self.definitions[number].meaning for number in key]
            self._contexts[key] = with_sizes(assembled(self.start, chosen), claims, strict=False)
        return self._contexts[key]

    # ----- what holds where -----

    @cached_property
    def _in_force(self) -> list[tuple[int, ...]]:
        """For every formula the definitions that hold there and that its section makes use of, by their numbers."""
        by_name: dict[tuple[str, str], list[int]] = {}
        for number, d in enumerate(self.definitions):
            by_name.setdefault((d.meaning.role, d.meaning.name), []).append(number)
        used: dict[tuple[str, ...], set[str] | None] = {}
        found = []
        for part, formula in enumerate(self.document.parts):
            if formula.heading not in used:
                used[formula.heading] = self._used(formula.heading)
            nearest = (self._nearest(numbers, part, formula.heading) for numbers in by_name.values())
            found.append(self._reached(sorted(map(self._alike.__getitem__, nearest)), used[formula.heading]))
        return found

    @cached_property
    def _alike(self) -> list[int]:
        """For every definition the first one that says the same."""
        first: dict[Meaning, int] = {}
        return [first.setdefault(d.meaning, number) for number, d in enumerate(self.definitions)]

    def _used(self, heading: tuple[str, ...]) -> set[str] | None:
        """The names in a section's formulas; None where any definition may be meant, as by a compound denominator."""
        names: set[str] = set()
        for part, trees in self.statements.items():
            if self.document.parts[part].heading == heading:
                for tree in trees:
                    names |= _words(tree)
                    if any(isinstance(p, c.Partial) and not isinstance(p.by, t.Name | t.Index) for p in tree.walk()):
                        return None
        return names

    def _reached(self, numbers: Sequence[int], names: set[str] | None) -> tuple[int, ...]:
        """Those definitions that names lead to, directly or through other definitions."""
        if names is None:
            return tuple(numbers)
        reached: set[str] = set()
        waiting = [*map(base_name, names), *(LOSSES if any(map(_is_gradient, names)) else ())]
        by_base: dict[str, list[int]] = {}
        for number in numbers:
            by_base.setdefault(base_name(self.definitions[number].meaning.name), []).append(number)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                meanings = (self.definitions[number].meaning for number in by_base.get(name, ()))
                waiting += [base_name(word) for meaning in meanings for word in _said_by(meaning)]
        return tuple(n for n in numbers if base_name(self.definitions[n].meaning.name) in reached)

    def _nearest(self, numbers: list[int], part: int, heading: tuple[str, ...]) -> int:
        """Of the same section, else of the nearest one around it; the last before the formula, else the first after."""

        def distance(number: int) -> tuple[int, bool, bool, int]:
            d = self.definitions[number]
            common = _common(d.heading, heading)
            return (-common, len(d.heading) > common, d.part > part, abs(d.part - part))

        return min(numbers, key=distance)


def _words(tree: t.Tree) -> set[str]:
    """All names and functions in it; of `dW` also W."""
    found = {p.text if isinstance(p, t.Name) else p.function for p in tree.walk() if isinstance(p, t.Name | t.Call)}
    return found | {word[1:] for word in found if word.startswith("d") and len(word) > 1}


def names_reached(context: Context, trees: Iterable[t.Tree]) -> set[str]:
    """The names in formulas, and in the equations of a context that lead on from them."""
    waiting = [base_name(word) for tree in trees for word in _words(tree)]
    waiting += [context.loss] if any(map(_is_gradient, waiting)) else []
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            own = [e for n, e in context.equations.items() if base_name(n) == name]
            waiting += [base_name(word) for e in own for word in _words(e.expression)]
    return reached


def _is_gradient(word: str) -> bool:
    """Whether a name may stand for a gradient of the loss."""
    return split_name(word).base == "delta" or (word.startswith("d") and word[1:2].isalpha())


def _said_by(meaning: Meaning) -> Iterable[str]:
    """The names that a definition is made of."""
    value = meaning.value
    tree = value.expression if isinstance(value, Equation) else value.body if isinstance(value, Function) else None
    return _words(tree) if tree is not None else ()


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many headings two places have in common."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def assembled(start: Context, meanings: Sequence[Meaning]) -> Context:
    """The context with further meanings; what it says already stands."""
    context = replace(
        start,
        leaves=dict(start.leaves),
        equations=dict(start.equations),
        functions=dict(start.functions),
        labels=dict(start.labels),
        sizes=dict(start.sizes),
    )
    model = start.model
    taken = {*start.leaves, *start.equations, *(model.nodes if model else ()), *(model.leaves if model else ())}
    pairs = set(start.definitions)
    equations = {m.name for m in meanings if isinstance(m.value, Equation)}
    for meaning in meanings:
        value = meaning.value
        if isinstance(value, Function):
            context.functions.setdefault(value.name, value)
        elif meaning.name in taken:
            continue
        elif isinstance(value, Equation):
            context.equations[value.name] = value
        elif meaning.name not in equations:
            context.leaves[value.name] = value
        if isinstance(value, Leaf):
            for size in value.sizes:
                _declare_size(context, size)
        if meaning.pair is not None:
            pairs.add(meaning.pair)
    for e in tuple(context.equations.values()):
        for name in targets(e.expression):
            if name and name not in start.leaves and name not in context.equations:
                leaf = context.leaves.get(name, Leaf(name, (None,)))
                context.leaves[name] = replace(leaf, domain="probability") if len(leaf.sizes) == 1 else leaf
    loss = context.loss or next((n for n in LOSSES if n in context.equations), "")
    return replace(context, definitions=frozenset(pairs), loss=loss)


def _declare_size(context: Context, size: t.Tree | None) -> None:
    if isinstance(size, t.Name) and size.label is None and size.text not in context.labels:
        context.sizes.setdefault(size.text, None)
