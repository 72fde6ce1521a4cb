"""Definitions found in a document: what its own equations and declarations say about the names in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jacobians.claims.context import LAYERS, LOSSES, Context, Equation, Function
from jacobians.claims.definitions import (
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
from jacobians.claims.functions import elementwise
from jacobians.claims.named import names_in, statement_name
from jacobians.claims.scope import Definition, Discovery, Found, assembled
from jacobians.claims.spelling import spelled
from jacobians.claims.structures import STRUCTURES
from jacobians.claims.surfaces import read_claim
from jacobians.errors import MathSyntaxError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.latex_commands import known_functions
from jacobians.notation.latex_macros import collect_macros
from jacobians.notation.names import split_name
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.symbols import Symbols
from jacobians.notation.to_plain import to_plain

__all__ = ["Discovery", "Found", "discover"]

Statements = dict[int, list[t.Tree]]
Labels = dict[str, tuple[int, int]]

#: Passes over the formulas: names and functions first, then what they define, then what that makes readable.
PASSES = 3
#: Letters that are functions where a bracket follows and nothing defines them as quantities.
_FUNCTION = re.compile(
    r"(?<![A-Za-z\\])(?:\\math(?:cal|scr|rm)\s*\{?\s*)?(\\(?:ell|phi|psi|varphi)|[fghlLCEFG]|J(?!_))\}?"
    r"(?:_\{?\\?\w+\}?|\^\{?[(\[]\w+[)\]]\}?)*'*\s*(?:\\left|\\big[lr]?|\\Big[lr]?)?\s*\("
)


def discover(document: Document, start: Context | None = None) -> Discovery:
    """The definitions of a document, beside those of a model that is given.

    Taken as definitions are: sizes and maps that are stated; equations of a name that nothing defines in this section
    or around it, unless derivatives stand on their right side; an error signal as one derivative; `f(x, y)` by itself.
    """
    start = replace(start or Context(), macros=collect_macros(document.macros))
    reader = _Reader(document, start)
    start = replace(start, spelling=reader.spelling())
    if "indices" not in start.stated and reader.counts_from_zero():
        start = start.with_settings(indices=0)
    reader.context = replace(start, labels={**_counted(start.spelling.labels), **start.labels})
    discovery = Discovery(document, start)
    for _ in range(PASSES):
        statements = reader.statements()
        labels = {**reader.labels(statements), **start.labels}
        definitions = tuple(_Search(document, statements, start, labels).definitions())
        settled = [d.meaning for d in definitions] == [d.meaning for d in discovery.definitions]
        discovery = Discovery(document, replace(start, labels=labels), definitions, statements)
        if settled:
            break
        reader.context = assembled(discovery.start, [d.meaning for d in definitions])
    return discovery


def _counted(letters: set[str]) -> Labels:
    """Letters of labels: L is the last layer, every other one stands for all of them."""
    return {letter: (LAYERS, LAYERS) if letter == "L" else (1, LAYERS) for letter in letters}


class _Reader:
    """Reads the formulas of a document with what is known so far."""

    def __init__(self, document: Document, start: Context) -> None:
        self.document, self.start, self.context = document, start, start
        self.formulas = {k: part for k, part in enumerate(document.parts) if isinstance(part, Formula)}
        texts = [part.text for part in self.formulas.values() if part.surface == "latex"]
        letters = {found.removeprefix("\\").removeprefix("var") for text in texts for found in _FUNCTION.findall(text)}
        self.letters = {"l" if letter == "ell" else letter for letter in letters}

    def statements(self) -> Statements:
        """The statements of all formulas that can be read, by the number of the formula."""
        context, made = self._with_functions(), Statements()
        for number, part in self.formulas.items():
            try:
                made[number] = read_claim(part.text, context, part.surface)[1]
            except MathSyntaxError:
                continue
        return made

    def _with_functions(self) -> Context:
        """Letters that look like functions are read as such, unless something defines them as quantities."""
        context = self.context
        taken = {*context.leaves, *context.equations, *context.functions}
        new = {n: Function(n, "elementwise") for n in self.letters if n not in taken}
        return replace(context, functions={**context.functions, **new})

    def spelling(self) -> Symbols:
        """What the subscripts of the document mean, save for names that a given model has."""
        found = spelled(tree for trees in self.statements().values() for tree in trees)
        return replace(found, labelled=found.labelled - {*self.start.leaves, *self.start.equations})

    def counts_from_zero(self) -> bool:
        """Whether an entry with the number 0 stands in a formula, as in `y_0`."""
        indices = (part.indices for part in _parts(self.statements()) if isinstance(part, t.Index))
        return any(k == t.Number("0") for group in indices for k in group)

    def labels(self, statements: Statements) -> Labels:
        """Letters that stand in labels."""
        found = _counted(self.context.spelling.labels)
        for tree in _parts(statements):
            if isinstance(tree, t.Name | t.Call) and tree.label is not None:
                found |= _counted({part.text for part in tree.label.walk() if isinstance(part, t.Name)})
        return found


def _parts(statements: Statements) -> Iterator[t.Tree]:
    return (part for trees in statements.values() for tree in trees for part in tree.walk())


class _Search:
    """One pass over the statements, in the order of the document, for what they define."""

    def __init__(self, document: Document, statements: Statements, start: Context, labels: Labels) -> None:
        self.document, self.statements, self.start, self.labels = document, statements, start, labels
        names = [n.text for trees in statements.values() for tree in trees for n in names_in(tree)]
        self.bases = {split_name(name).base for name in names}
        heads = [tree.parts[0] for trees in statements.values() for tree in trees if isinstance(tree, t.Chain)]
        self.losses = {name.text for head in heads if (name := statement_name(head))} & {*LOSSES}
        self.found: list[Definition] = []

    def definitions(self) -> list[Definition]:
        """All definitions; functions that nothing defines come last, from where they are first used."""
        for number, trees in self.statements.items():
            for tree in trees:
                for meaning in self._meanings(tree, number):
                    self._add(meaning, number, tree.span)
        for number, trees in self.statements.items():
            self._undefined(trees, number)
        return self.found

    def _add(self, meaning: Meaning, number: int, span: t.Span | None = None) -> None:
        part = self._formula(number)
        place = part.place(span.line, span.column) if span else part.starts[0]
        self.found.append(Definition(meaning, number, part.heading, place))

    def _formula(self, number: int) -> Formula:
        part = self.document.parts[number]
        assert isinstance(part, Formula)
        return part

    def _meanings(self, tree: t.Tree, number: int) -> Iterator[Meaning]:
        yield from declared(tree)
        if isinstance(tree, t.Chain):
            yield from (m for m in defined(tree) if self._may_define(m, tree, self._formula(number).heading))
        yield from dependences(self._formula(number).text)

    # ----- equations -----

    def _may_define(self, meaning: Meaning, chain: t.Chain, heading: tuple[str, ...]) -> bool:
        """Whether nothing defines the name here, and the right side is no claim about derivatives."""
        signal = split_name(meaning.name).base == "delta" and is_one_derivative(chain.parts[1])
        if is_derivative(chain.parts[1]) and not signal:
            return False
        if self._is_gradient(meaning) or self._is_given(meaning.name):
            return False
        around = (d.meaning for d in self.found if d.heading == heading[: len(d.heading)])
        return not any(old.pair != meaning.pair and self._overlap(old, meaning) for old in around)

    def _is_gradient(self, meaning: Meaning) -> bool:
        """`dW`, the gradient by W; an error signal with a label, where there is a loss and a pre-activation."""
        parts = split_name(meaning.name)
        if parts.base == "delta":
            derived = isinstance(meaning.value, Equation) and is_one_derivative(meaning.value.expression)
            labelled = isinstance(meaning.value, Equation) and bool(meaning.value.label or parts.layer)
            return labelled and not derived and bool(self.losses) and bool({"z", "Z"} & self.bases)
        variable = split_name(meaning.name[1:]).base
        return meaning.name.startswith("d") and (variable in self.bases or (len(variable) == 1 and variable.isupper()))

    def _is_given(self, name: str) -> bool:
        model = self.start.model
        given = {*self.start.leaves, *self.start.equations, *self.start.functions}
        return name in given or (model is not None and (name in model.nodes or name in model.leaves))

    def _overlap(self, old: Meaning, new: Meaning) -> bool:
        """Whether two equations define the same name: z of every layer and z of layer 3 do."""
        if not isinstance(old.value, Equation) or new.role != old.role:
            return False
        parts = split_name(new.name)
        if old.name == new.name or old.value.label is None or parts.base != old.name or not parts.layer:
            return old.name == new.name
        return int(parts.layer) >= self.labels.get(old.value.label, (1, LAYERS))[0]

    # ----- functions that nothing defines -----

    def _undefined(self, trees: list[t.Tree], number: int) -> None:
        """Undefined functions, and what they stand for where they are named without an argument."""
        heading = self._formula(number).heading
        calls = [p for tree in trees for p in tree.walk() if isinstance(p, t.Call) and self._is_undefined(p.function)]
        bare = {n.text for tree in trees for n in _without_argument(tree)}
        applied = {a: a.function for a in calls if a.function in bare and not a.primes and a.label is None}
        for name in dict.fromkeys(call.function for call in calls):
            widest = max((call for call in calls if call.function == name), key=lambda call: len(call.args))
            function = undefined(widest)
            if self._is_new(function, heading):
                to = " to numbers" if function.kind == "number" else ""
                self._add(Meaning(name, function, f"{name} is any smooth function{to}"), number)
            own = [call for call in applied if call.function == name]
            if len(own) == 1:
                call = _with_names(own[0], applied)
                found = equation(t.Name(name), call, (t.Name(name), call))
                if found is not None:
                    self._add(replace(found, pair=None, said=f"{name} stands for {to_plain(call)}"), number)

    def _is_undefined(self, name: str) -> bool:
        """Whether neither the document nor the field defines a function."""
        known = name in known_functions() or name in STRUCTURES or self._is_given(name)
        if known or (len(name) > 1 and elementwise(name) is not None):
            return False
        own = (d.meaning for d in self.found if d.meaning.name == name)
        return all(isinstance(m.value, Function | Equation) and m.pair is None for m in own)

    def _is_new(self, function: Function, heading: tuple[str, ...]) -> bool:
        """Whether this section does not know the function yet, or only with one argument."""
        own = [d for d in self.found if d.meaning.role == "function" and d.meaning.name == function.name]
        around = [d.meaning for d in own if d.heading == heading[: len(d.heading)]]
        smooth = [m.value for m in around if m.said.startswith(f"{function.name} is any")]
        if len(smooth) < len(around):
            return False
        wider = function.kind == "number" and all(f.kind == "elementwise" for f in smooth)  # type: ignore[union-attr]
        return not smooth or wider


def _with_names(call: t.Call, names: Mapping[t.Call, str]) -> t.Call:
    """g(f(x)) as g(f), where f is named without its argument too."""

    def named(tree: t.Tree) -> t.Tree:
        return t.Name(names[tree]) if isinstance(tree, t.Call) and tree in names else rebuilt(tree, named)

    return replace(call, args=tuple(named(a) for a in call.args))


def _without_argument(tree: t.Tree) -> Iterator[t.Name]:
    """Names by themselves above and below in derivatives."""
    for part in tree.walk():
        if isinstance(part, c.Partial):
            yield from (end for end in (part.of, part.by) if isinstance(end, t.Name))
