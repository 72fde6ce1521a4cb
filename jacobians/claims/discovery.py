"""Definitions found in a document: what its own equations and declarations say about the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from jacobians.claims.calls import STRUCTURES
from jacobians.claims.context import LAYERS, Context, Equation, Function, Leaf
from jacobians.claims.definitions import (
    LOSS_LETTERS,
    Meaning,
    declared,
    defined,
    dependences,
    equation,
    is_derivative,
    is_one_derivative,
    undefined,
)
from jacobians.claims.documents import Document, Formula
from jacobians.claims.documents.passage import Place
from jacobians.claims.functions import elementwise
from jacobians.claims.open_sizes import with_sizes
from jacobians.claims.surfaces import read_claim
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.latex_commands import known_functions
from jacobians.notation.latex_macros import collect_macros
from jacobians.notation.names import split_name
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain

#: Passes over the formulas: names and functions first, then what they define, then what that makes readable.
PASSES = 3
#: Letters that are functions where a bracket follows and nothing defines them as quantities.
_FUNCTION = re.compile(
    r"(?<![A-Za-z\\])(?:\\math(?:cal|scr|rm)\s*\{?\s*)?(\\(?:ell|phi|psi|varphi)|[fghlLCEFG]|J(?!_))\}?"
    r"(?:_\{?\\?\w+\}?|\^\{?[(\[]\w+[)\]]\}?)*'*\s*(?:\\left|\\big[lr]?|\\Big[lr]?)?\s*\("
)


@dataclass(frozen=True, slots=True)
class Found:
    """A definition of the document: the name, what it was taken as, and where it stands in the file."""

    name: str
    said: str
    place: Place

    def __str__(self) -> str:
        return f"{self.place[0]}:{self.place[1]}: {self.said}"


@dataclass(frozen=True, slots=True)
class _Definition:
    """A meaning with its place: the number of its formula, the headings above it."""

    meaning: Meaning
    part: int
    heading: tuple[str, ...]
    place: Place


@dataclass
class Discovery:
    """What a document defines. A name may be defined again in another section: `context` knows what holds where."""

    document: Document
    start: Context
    definitions: list[_Definition] = field(default_factory=list)
    statements: dict[int, list[t.Tree]] = field(default_factory=dict)
    _contexts: dict[tuple[int, ...], Context] = field(default_factory=dict)

    @property
    def found(self) -> list[Found]:
        """All definitions in the order of the document; one that is only repeated stands once."""
        listed = {(d.meaning.name, d.meaning.said): d for d in reversed(self.definitions) if d.meaning.said}
        order = sorted(listed.values(), key=lambda d: d.place)
        return [Found(d.meaning.name, d.meaning.said, d.place) for d in order]

    def context(self, part: int) -> Context:
        """The context of a formula: the start, and what the document defines, as it holds at that place."""
        key = self._in_force(part)
        if key not in self._contexts:
            same = [p for p in self.statements if self._in_force(p) == key]
            self._contexts[key] = self._made(key, [tree for p in same for tree in self.statements[p]])
        return self._contexts[key]

    # ----- what holds where -----

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for number, d in enumerate(self.definitions):
            found.setdefault((d.meaning.role, d.meaning.name), []).append(number)
        return found

    def _in_force(self, part: int) -> tuple[int, ...]:
        """For every name the definition that holds at a formula, by their numbers."""
        heading = self.document.parts[part].heading
        nearest = (self._nearest(numbers, part, heading) for numbers in self._by_name.values())
        return tuple(self._first_alike[number] for number in nearest)

    @cached_property
    def _first_alike(self) -> list[int]:
        """For every definition the first one that says the same."""
        first: dict[Meaning, int] = {}
        return [first.setdefault(d.meaning, number) for number, d in enumerate(self.definitions)]

    def _nearest(self, numbers: list[int], part: int, heading: tuple[str, ...]) -> int:
        """Of the same section, else of the nearest one around it; the last before the formula, else the first after."""

        def distance(number: int) -> tuple[int, bool, bool, int]:
            d = self.definitions[number]
            common = _common(d.heading, heading)
            return (-common, len(d.heading) > common, d.part > part, abs(d.part - part))

        return min(numbers, key=distance)

    def _made(self, key: Sequence[int], claims: list[t.Tree]) -> Context:
        chosen = [self.definitions[number].meaning for number in sorted(key)]
        context = assembled(self.start, chosen)
        return with_sizes(context, claims, strict=False)


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
    taken = {*start.leaves, *start.equations, *(start.model.nodes if start.model else ()), *(start.model.leaves if start.model else ())}
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
    loss = context.loss or next((n for n in LOSS_LETTERS if n in context.equations), "")
    return replace(context, definitions=frozenset(pairs), loss=loss)


def _declare_size(context: Context, size: t.Tree | None) -> None:
    if isinstance(size, t.Name) and size.label is None and size.text not in context.labels:
        context.sizes.setdefault(size.text, None)


# ----- reading -----


def discover(document: Document, start: Context | None = None) -> Discovery:
    """The definitions of a document, beside those of a model that is given.

    Taken as definitions are: sizes and maps that are stated; equations of a name that nothing defines in this section
    or around it, unless derivatives stand on their right side; an error signal as one derivative; `f(x, y)` by itself.
    """
    start = replace(start or Context(), macros=collect_macros(document.macros))
    discovery = Discovery(document, start)
    known = _Reader(document, start)
    for _ in range(PASSES):
        discovery.statements = known.read()
        labels = {**known.labels(discovery.statements), **start.labels}
        definitions = list(known.definitions(discovery.statements, labels))
        same = [d.meaning for d in definitions] == [d.meaning for d in discovery.definitions]
        discovery.definitions, discovery.start = definitions, replace(start, labels=labels)
        if same:
            break
        known.learn(assembled(discovery.start, [d.meaning for d in definitions]))
    return discovery


class _Reader:
    """Reads the formulas of a document with what is known so far."""

    def __init__(self, document: Document, start: Context) -> None:
        self.document, self.start, self.context = document, start, start
        self.candidates = self._function_letters()

    def learn(self, context: Context) -> None:
        """Later passes know what the earlier ones found."""
        self.context = context

    def read(self) -> dict[int, list[t.Tree]]:
        """The statements of all formulas that can be read, by the number of the formula."""
        made: dict[int, list[t.Tree]] = {}
        for number, part in enumerate(self.document.parts):
            if isinstance(part, Formula):
                try:
                    made[number] = read_claim(part.text, self._with_functions(), part.surface)[1]
                except MathSyntaxError:
                    continue
        return made

    def _with_functions(self) -> Context:
        """Letters that look like functions are read as such, unless something defines them as quantities."""
        context = self.context
        quantities = {*context.leaves, *context.equations}
        new = {n: Function(n, "elementwise") for n in self.candidates if n not in quantities and n not in context.functions}
        return replace(context, functions={**context.functions, **new})

    def _function_letters(self) -> set[str]:
        texts = [part.text for part in self.document.parts if isinstance(part, Formula) and part.surface == "latex"]
        letters = {found.removeprefix("\\").removeprefix("var") for text in texts for found in _FUNCTION.findall(text)}
        return {"l" if letter == "ell" else letter for letter in letters}

    # ----- labels -----

    def labels(self, statements: dict[int, list[t.Tree]]) -> dict[str, tuple[int, int]]:
        """Letters that stand in labels count layers; L is the last one."""
        found: dict[str, tuple[int, int]] = {}
        for tree in (part for trees in statements.values() for tree in trees for part in tree.walk()):
            if isinstance(tree, t.Name | t.Call) and tree.label is not None:
                for part in tree.label.walk():
                    if isinstance(part, t.Name):
                        found[part.text] = (LAYERS, LAYERS) if part.text == "L" else (1, LAYERS)
        return found

    # ----- definitions -----

    def definitions(
        self, statements: dict[int, list[t.Tree]], labels: dict[str, tuple[int, int]]
    ) -> Iterator[_Definition]:
        """All definitions, in the order of the document; functions that nothing defines where they are first used."""
        seen = _Seen(self.start, labels)
        for number, trees in statements.items():
            part = self.document.parts[number]
            assert isinstance(part, Formula)
            for tree in trees:
                place = part.place(tree.span.line, tree.span.column) if tree.span else part.starts[0]
                for meaning in self._meanings(tree, part, seen):
                    d = _Definition(meaning, number, part.heading, place)
                    seen.add(d)
                    yield d
        yield from self._undefined(statements, seen)

    def _meanings(self, tree: t.Tree, part: Formula, seen: _Seen) -> Iterator[Meaning]:
        yield from declared(tree)
        if isinstance(tree, t.Chain):
            for meaning in defined(tree):
                if seen.may_define(meaning, tree, part.heading):
                    yield meaning
        yield from dependences(part.text)

    def _undefined(self, statements: dict[int, list[t.Tree]], seen: _Seen) -> Iterator[_Definition]:
        """Undefined functions, and what they stand for where they are named without an argument."""
        for number, trees in statements.items():
            part = self.document.parts[number]
            assert isinstance(part, Formula)
            calls = [p for tree in trees for p in tree.walk() if isinstance(p, t.Call) and seen.is_undefined(p)]
            bare = {n.text for tree in trees for n in _differentiated(tree)}
            for name in dict.fromkeys(call.function for call in calls):
                own = [call for call in calls if call.function == name]
                widest = max(own, key=lambda call: len(call.args))
                place = part.starts[0]
                if seen.new_function(undefined(widest), part.heading):
                    meaning = Meaning(name, undefined(widest), f"{name} is any smooth function" + (" to numbers" if undefined(widest).kind == "number" else ""))
                    yield _Definition(meaning, number, part.heading, place)
                applied = {call for call in own if not call.primes and call.label is None}
                if name in bare and len(applied) == 1:
                    (call,) = applied
                    call = _by_names(call, {a: a.function for a in calls if a.function in bare and not a.primes})
                    found = equation(t.Name(name), call, (t.Name(name), call))
                    if found is not None:
                        yield _Definition(replace(found, pair=None, said=f"{name} stands for {to_plain(call)}"), number, part.heading, place)


def _by_names(call: t.Call, names: Mapping[t.Tree, str]) -> t.Call:
    """g(f(x)) as g(f), where f is named without its argument too."""

    def named(tree: t.Tree) -> t.Tree:
        return t.Name(names[tree]) if tree in names else rebuilt(tree, named)

    return replace(call, args=tuple(named(a) for a in call.args))


def _differentiated(tree: t.Tree) -> Iterator[t.Name]:
    """Names without arguments above and below in derivatives."""
    for part in tree.walk():
        if isinstance(part, c.Partial):
            yield from (end for end in (part.of, part.by) if isinstance(end, t.Name))


class _Seen:
    """What was defined so far, and where."""

    def __init__(self, start: Context, labels: dict[str, tuple[int, int]]) -> None:
        self.start, self.labels = start, labels
        self.definitions: list[_Definition] = []
        self.functions: dict[tuple[str, tuple[str, ...]], Function] = {}

    def add(self, d: _Definition) -> None:
        self.definitions.append(d)

    def may_define(self, meaning: Meaning, chain: t.Chain, heading: tuple[str, ...]) -> bool:
        """Whether nothing defines the name here, and the right side is no claim about derivatives."""
        right = chain.parts[1].element if isinstance(chain.parts[1], c.Membership) else chain.parts[1]
        if is_derivative(right) and not (is_one_derivative(right) and self._is_signal(meaning)):
            return False
        if self._by_custom(meaning) or self._given(meaning.name):
            return False
        for d in self.definitions:
            old = d.meaning
            around = d.heading == heading[: len(d.heading)]
            if around and old.pair != meaning.pair and _overlap(old, meaning, self.labels):
                return False
        return True

    def _is_signal(self, meaning: Meaning) -> bool:
        return split_name(meaning.name).base == "delta"

    def _by_custom(self, meaning: Meaning) -> bool:
        """`dW`, the gradient by W."""
        name = meaning.name
        return len(name) > 1 and name.startswith("d") and split_name(name).base != "delta" and name[1:2].isupper()

    def _given(self, name: str) -> bool:
        model = self.start.model
        names = {*self.start.leaves, *self.start.equations, *self.start.functions}
        return name in names or (model is not None and (name in model.nodes or name in model.leaves))

    def is_undefined(self, call: t.Call) -> bool:
        """A function that neither the document nor the field defines."""
        name = call.function
        if name in known_functions() or name in STRUCTURES or (len(name) > 1 and elementwise(name) is not None) or self._given(name):
            return False
        return all(d.meaning.name != name or isinstance(d.meaning.value, Function | Equation) for d in self.definitions) and all(
            d.meaning.name != name or d.meaning.pair is None for d in self.definitions
        )

    def new_function(self, function: Function, heading: tuple[str, ...]) -> bool:
        """Whether this section does not know the function yet."""
        stated = [d for d in self.definitions if d.meaning.role == "function" and d.meaning.name == function.name]
        if any(d.heading == heading[: len(d.heading)] for d in stated):
            return False
        key = (function.name, heading)
        old = self.functions.get(key)
        self.functions[key] = function
        return old is None or (old.kind == "elementwise" and function.kind == "number")


def _overlap(old: Meaning, new: Meaning, labels: dict[str, tuple[int, int]]) -> bool:
    """Whether two equations define the same name: z of every layer and z of layer 3 do."""
    if not isinstance(old.value, Equation) or new.role != old.role:
        return False
    if old.name == new.name:
        return True
    parts = split_name(new.name)
    return old.value.label is not None and parts.base == old.name and bool(parts.layer) and int(parts.layer) >= labels.get(
        old.value.label, (1, LAYERS)
    )[0]
