"""What the names in the lines of a bridge mean: equations, error signals, losses written out, who depends on whom."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from jacobians.claims.bindings import Scope
from jacobians.claims.context import Context, Equation
from jacobians.claims.errors import ClaimError
from jacobians.claims.judge import Judge
from jacobians.claims.letters import index_letters
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.bridge_entries import LOSS, Entries
from symbolic.steps.components import Indices, array, entry_of, indices
from symbolic.steps.graph import Graph, Label, label_of
from symbolic.steps.sums import is_plain, put, renamed


class World:
    """The names of a context: their equations, their derivatives' names, who depends on whom."""

    def __init__(self, context: Context) -> None:
        self.judge = Judge(context)
        #: How the lines write losses out, where they call them by no name.
        self.spelled: dict[t.Name, t.Tree] = {}
        #: The letter that the lines have for the last layer.
        self._last = ""
        self._graphs: dict[t.Name, Graph] = {}
        self._losses: dict[t.Tree, t.Name | None] = {}
        self._entries: dict[t.Name, tuple[Indices, t.Tree] | None] = {}
        self._count = itertools.count()
        #: What the letters of sums were called where they come from a line that somebody wrote.
        self.origins: dict[str, str] = {}
        self._start(context)

    def _start(self, context: Context) -> None:
        self.context = context
        self._graphs.clear()
        self.base = self.graph(t.Name(next(iter(context.names()), "x")))
        self.entries = Entries(self)
        self.layered = context.layered()

    def graph(self, of: t.Name) -> Graph:
        """The graph of what a quantity depends on."""
        if of not in self._graphs:
            self._graphs[of] = Graph(self.context, of, of)
        return self._graphs[of]

    # ----- letters -----

    def letter(self, origin: str = "") -> str:
        """A letter for a sum that no other sum has."""
        made = f"_{next(self._count)}"
        if origin.isalpha() or origin in self.origins:
            self.origins[made] = self.origins.get(origin, origin)
        return made

    def refreshed(self, tree: t.Tree) -> t.Tree:
        """The formula with letters of their own for all its sums."""
        if isinstance(tree, c.Sum) and is_plain(tree):
            tree = renamed(tree, {x: self.letter(x) for x in tree.indices})
        return rebuilt(tree, self.refreshed)

    def ranks(self, *lines: t.Tree) -> tuple[int, ...]:
        """The numbers of axes of lines that are compared; letters have the ranges that they have in any of them.

        Raises:
            InputError: one has no value.
        """
        ev, letters = self.judge.first(), index_letters(self.context, *lines)
        for labels in self.judge.labels(*lines):
            scope = Scope(tuple(sorted(labels.items())), tuple((x, x) for x in letters))
            try:
                with np.errstate(all="ignore"):
                    ev.start(scope, *lines)
                    return tuple(ev.value(line, scope).rank for line in lines)
            except ClaimError:
                continue
        raise InputError("bridge: a line without a value")

    # ----- what names mean -----

    def equation_at(self, entry: t.Tree) -> t.Tree | None:
        """The right side of its equation at an entry of a quantity: Σ_q W_iq x_q + b_i for z_i."""
        name, at = array(entry), indices(entry)
        if not isinstance(name, t.Name):
            return None
        if name not in self._entries:
            self._entries[name] = self._equation(name)
        found = self._entries[name]
        if found is None or len(found[0]) != len(at):
            return None
        places = {p.text: i for p, i in zip(found[0], at, strict=True) if isinstance(p, t.Name)}
        return self.refreshed(put(found[1], places))

    def _equation(self, name: t.Name) -> tuple[Indices, t.Tree] | None:
        """The letters of an entry, and what it is."""
        name = self.base.named(name)
        expression = self.base.equation(name)
        if expression is None or self.base.is_primitive(expression):
            return None
        own = self.base.entry_letters(name)
        if own:
            return tuple(map(t.Name, own)), self.entries.entry(expression, ())
        at = self.entries.letters.several(self.base.rank(name))
        return at, self.entries.entry(expression, at)

    def signal(self, entry: t.Tree) -> c.Partial | None:
        """∂L/∂z_j for δ_j and for dz_j, where these are no quantities of their own."""
        name, at = array(entry), indices(entry)
        if not isinstance(name, t.Name) or name.text in self.base.equations or not self.context.loss:
            return None
        parts = split_name(name.text)
        rest = parts.layer + (f"_{parts.subscript}" if parts.subscript else "")
        known = [*(f"{z}{rest}" for z in ("z", "Z") if parts.base == "delta" and (parts.layer or name.label))]
        known += [name.text[1:]] if name.text[:1] == "d" and not self.base.is_quantity(name.text) else []
        for text in known:
            by = t.Name(text, name.label)
            if self.base.is_quantity(text) and self.base.rank(by) == len(at):
                return c.Partial(t.Name(self.context.loss), entry_of(by, at))
        return None

    def depends(self, on_what: t.Name, by: t.Name) -> bool:
        """Whether a quantity depends on another one, or is it; layer k on what has no k, where the last layer does."""
        letter = label_of(on_what.label).letter if on_what.label is not None else ""
        first, last = self.context.labels.get(letter, (0, 0))
        if first != last and (by.label is None or label_of(by.label).letter != letter):
            on_what = self.base.named(t.Name(on_what.text, t.Number(str(last))))
        return on_what == by or self.base.depends(on_what, by)

    def quantity(self, of: t.Tree) -> t.Tree:
        """The name of a loss that is written out: C for l(y, a), also where l(y, f(x)) is meant; else what is given."""
        if not self._is_loss(of):
            return of
        if of not in self._losses:
            self._losses[of] = self._loss(of)
        return self._losses[of] or of

    def _is_loss(self, of: t.Tree) -> bool:
        if isinstance(of, t.Name):
            return of.text in self.context.functions and not self.base.is_quantity(of.text)
        return isinstance(of, t.Call) and self.base.is_primitive(of)

    def _loss(self, of: t.Tree) -> t.Name | None:
        same = [
            name for name, (e, label, _) in self.base.equations.items() if label is None and self.base.is_primitive(e)
        ]
        for name in map(t.Name, same):
            if self.judge.corrected(self.spelled[name] if name.text == LOSS else name, of):
                return name
        if LOSS in same or isinstance(of, t.Name):
            return None
        self.spelled[t.Name(LOSS)] = of
        equation = Equation(LOSS, self.without_arguments(of))
        self._start(replace(self.context, equations={**self.context.equations, LOSS: equation}))
        return t.Name(LOSS)

    def meet(self, *lines: t.Tree) -> None:
        """Learn how lines write losses, which keep a name that any of them gives, and the label of the last layer."""
        written = {p.of for line in lines for p in line.walk() if isinstance(p, c.Partial)}
        for of in sorted(written, key=_size):
            name = self.quantity(of)
            if isinstance(name, t.Name) and name not in written:
                self.spelled.setdefault(name, of)
        labels = [p.label for line in lines for p in line.walk() if isinstance(p, t.Name) and p.label is not None]
        letters = dict.fromkeys(label_of(label).letter for label in labels)
        self._last = next((x for x in letters if x and len(set(self.context.labels.get(x, (0, 1)))) == 1), "")

    def users(self, of: t.Name, by: t.Name) -> list[t.Name]:
        """The quantities whose equations name another one, on the ways to `of`."""
        return [name for name in self.graph(of).uses(by) if not self.is_derivative(name)]

    def is_derivative(self, name: t.Name) -> bool:
        """Whether a quantity is defined as a derivative, as δ is."""
        expression = self.base.equation(name)
        return expression is not None and any(isinstance(p, c.Partial | c.Gradient) for p in expression.walk())

    def with_layers(self, call: t.Call) -> t.Call:
        """g^(k) for the g of g(z^(k)), where every layer has an activation of its own."""
        if call.label is not None or call.function not in self.layered:
            return call
        names = [self.base.named(p) for p in call.walk() if isinstance(p, t.Name)]
        return replace(call, label=next((n.label for n in names if n.label is not None), None))

    def standard(self, tree: t.Tree) -> t.Tree:
        """A line with the names that are used here: losses by name, labels counted out, functions with their layer."""
        if isinstance(tree, c.Partial) and tree.of in self.spelled.values():
            tree = replace(tree, of=self.quantity(tree.of))
        if isinstance(tree, t.Name) and tree.label is not None:
            return self.base.named(tree)
        tree = self._bare(tree)
        if isinstance(tree, t.Call) and tree.label is not None:
            tree = replace(tree, label=self.base.named(t.Name(tree.function, tree.label)).label)
        return rebuilt(tree, self.standard)

    def without_arguments(self, tree: t.Tree) -> t.Tree:
        """Quantities without what they are said to depend on: a for a(W), f_θ for f_θ(x)."""
        return rebuilt(self._bare(tree), self.without_arguments)

    def _bare(self, tree: t.Tree) -> t.Tree:
        match tree:
            case t.Call(function) if function in self.layered:
                return self.with_layers(tree)
            case t.Call(function, args, 0) if args and self.base.is_quantity(function):
                return t.Name(function, tree.label)
            case c.Apply(t.Name() | t.Index() as function):
                return function
        return tree

    def in_words(self, tree: t.Tree) -> t.Tree:
        """A line as the reader writes it: losses written out, layers counted from the last one."""
        if isinstance(tree, c.Partial) and tree.of in self.spelled:
            tree = replace(tree, of=self.spelled[tree.of])  # type: ignore[index]
        if self._last and isinstance(tree, t.Name | t.Call) and isinstance(tree.label, t.Number):
            last = self.context.labels[self._last][0]
            tree = replace(tree, label=Label(self._last, int(tree.label.value) - last).tree)
        return rebuilt(tree, self.in_words)


def _size(tree: t.Tree) -> int:
    return sum(1 for _ in tree.walk())
