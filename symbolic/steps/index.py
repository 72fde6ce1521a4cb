"""The style of components: sums, Kronecker deltas, error signals; back to front, quantity by quantity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from operator import eq

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name
from symbolic.steps.components import Components, Indices, Letters, array, entry_of, indices, without_totals
from symbolic.steps.derivation import Detail, Part, Reason, Step
from symbolic.steps.graph import Graph, label_of
from symbolic.steps.rules import Rules, foremost
from symbolic.steps.sums import Product, Sums, cancelled, collapsed, collapsible, contracted, merged, write

#: Earlier results are put into a line that has at most so many parts then.
SHORT = 45
#: Letters that insertions need at most, save in lines too long to be shown.
SPARE = 6


@dataclass
class IndexStyle:
    """The derivation in components."""

    graph: Graph
    #: What was found: a quantity, the letters of its entry, the derivative of `of` by that entry.
    found: dict[t.Name, tuple[Indices, Sums]] = field(default_factory=dict)

    def parts(self) -> list[Part]:
        """A part for every quantity between, last before first; for layers in general, for the last and for k."""
        return [part for name in self.sought() if (part := self.part(name)) is not None]

    def sought(self) -> list[t.Name]:
        """The quantities whose derivatives are needed, in the order of backpropagation."""
        wrt = self.graph.wrt
        if is_general(wrt) and not self.graph.counted(wrt):
            return self.graph.generic_order()
        return [name for name in reversed(self.graph.between()) if name != self.graph.of] or [wrt]

    # ----- one quantity -----

    def part(self, name: t.Name) -> Part | None:
        """How the derivative by one quantity is found; None where nothing is to be said."""
        graph = self.graph
        letters = Letters(graph)
        top = entry_of(graph.of, letters.several(graph.rank(graph.of)))  # the same letters in every part
        at = letters.several(graph.rank(name))
        work = _Lines(graph, Components(graph, letters), top, self.found)
        head = entry_of(name, at)
        if name == graph.of:
            return work.identity(head)
        users = graph.uses(name)
        if not users:
            return work.zero(head)
        if users == [graph.of] and graph.is_undefined(graph.of):
            return None
        signal = signal_of(graph, name)
        work.start(head, users)
        work.finish(final=name == graph.wrt)
        self.found[name] = (at, work.sums)
        derivative = c.Partial(top, head)
        if signal is None:
            return Part(derivative, tuple(work.steps), self.title(name, derivative))
        defined = Step(derivative, Reason("definition of delta", {"name": name}), "lecture")
        return Part(entry_of(signal, at), (defined, *work.steps), self.title(name, entry_of(signal, at)))

    def title(self, name: t.Name, head: t.Tree) -> Reason:
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name, "head": head}
        if name.label is not None and name != self.graph.wrt:
            rule = "start of the recursion" if self.graph.is_last(name) else "recursion"
            return Reason(rule if is_general(name) or is_general(self.graph.wrt) else "adjoint", facts)
        return Reason("result" if name == self.graph.wrt else "adjoint", facts)


class _Lines:
    """The lines of one part, as they come."""

    def __init__(
        self, graph: Graph, components: Components, top: t.Tree, found: dict[t.Name, tuple[Indices, Sums]]
    ) -> None:
        self.graph, self.components, self.top, self.found = graph, components, top, found
        self.rules = Rules(components)
        self.sums: Sums = ()
        self.steps: list[Step] = []
        #: What is differentiated by what, where there is one way only.
        self.facts: dict[str, t.Tree] = {}

    def add(self, sums: Sums, reason: Reason, detail: Detail = "lecture", summary: Reason | None = None) -> None:
        """The next line, unless it says the same as the one before."""
        self.sums = sums
        line = write(sums)
        if self.steps and self.steps[-1].line == line:
            return
        self.steps.append(Step(line, reason, detail, summary))

    def identity(self, head: t.Tree) -> Part:
        """The derivative of a quantity by itself."""
        derived = self.rules.entry(self.top, head)
        self.add(derived.sums, derived.reason, "result")
        return Part(
            c.Partial(self.top, head), tuple(self.steps), Reason("result", {"of": self.graph.of, "by": array(head)})
        )

    def zero(self, head: t.Tree) -> Part:
        """The derivative by what has no influence."""
        facts = {"of": self.graph.of, "by": array(head)}
        return Part(
            c.Partial(self.top, head),
            (Step(t.Number("0"), Reason("no path", facts), "result"),),
            Reason("result", facts),
        )

    # ----- the first lines -----

    def start(self, head: t.Tree, users: list[t.Name]) -> None:
        """The chain rule along the graph, the names of what is known, the definitions of what is not."""
        many, name = len(users) > 1, array(head)
        assert isinstance(name, t.Name)
        facts = {"of": self.graph.of, "by": name}
        self.facts = {} if many else {"of": users[0], "by": name}
        chained = self.beside(self.link(user, head, many) for user in users)
        if users != [self.graph.of]:
            rule = "shared weights" if self.graph.is_shared(name, users) else "sum over paths" if many else "chain rule"
            self.add(chained, Reason(rule, {**facts, "via": users[0], "name": name}))
            signals = tuple(self.with_signals(p) for p in self.sums)
            self.add(signals, Reason("definition of delta", {"name": users[0]}))
        defined = self.beside(self.with_definitions(p) for p in self.sums or chained)
        self.add(defined, Reason("definition", {"name": users[0]}))

    def beside(self, products: Iterable[Product]) -> Sums:
        """Products that are added up: each may take the same letters under its sums."""
        letters, start = self.components.letters, self.components.letters.taken
        made, most = [], start
        for one in products:
            made.append(one)
            most, letters.taken = max(most, letters.taken), start
        letters.taken = most
        return tuple(made)

    def link(self, user: t.Name, head: t.Tree, many: bool) -> Product:
        """Σ_p ∂of/∂u_p ∂u_p/∂v: the way through one user of `many`; the last one ends the chain."""
        if user == self.graph.of:
            direct = Product(factors=(c.Partial(self.top, head),))
            # beside other ways ∂of/∂v would be read as the whole derivative
            return self.with_definitions(direct) if many else direct
        at = self.components.letters.several(self.graph.rank(user))
        entry = entry_of(user, at)
        names = tuple(i.text for i in at if isinstance(i, t.Name))
        return Product(letters=names, factors=(c.Partial(self.top, entry), c.Partial(entry, head)))

    def with_signals(self, one: Product) -> Product:
        """δ_p in place of ∂L/∂z_p."""
        return replace(one, factors=tuple(self.signal(f) for f in one.factors))

    def signal(self, factor: t.Tree) -> t.Tree:
        if isinstance(factor, c.Partial) and factor.of == self.top and isinstance(name := array(factor.by), t.Name):
            signal = signal_of(self.graph, name)
            if signal is not None:
                return entry_of(signal, indices(factor.by))
        return factor

    def with_definitions(self, one: Product) -> Product:
        """The right side of its equation in place of a user that is differentiated."""
        last = one.factors[-1]
        assert isinstance(last, c.Partial)
        name = array(last.of)
        if not isinstance(name, t.Name) or self.graph.is_undefined(name):
            return one
        inner = self.components.definition(name, indices(last.of))
        if inner is None:
            return one
        return replace(one, factors=(*one.factors[:-1], c.Partial(inner, last.by)))

    # ----- the lines after -----

    def finish(self, final: bool) -> None:
        """Differentiate, collapse the sums, put in what was found before."""
        reasons: list[Reason] = []
        while (derived := self.rules.step(self.sums)) is not None:
            reasons.append(derived.reason)
            self.add(derived.sums, derived.reason, "every step")
        if reasons:
            self.steps[-1] = replace(self.steps[-1], detail="lecture", summary=self.summary(reasons))
        many = 0
        while (letter := next(filter(None, map(collapsible, self.sums)), None)) is not None:
            many += 1
            fewer = tuple(collapsed(one, letter) if letter in one.letters else one for one in self.sums)
            more = any(collapsible(one) for one in fewer)
            reason = Reason("contraction", {"letter": t.Name(letter)})
            self.add(fewer, reason, "every step" if more else "lecture", Reason("contraction") if many > 1 else None)
        self.add(merged(tuple(cancelled(contracted(one)) for one in self.sums)), Reason("simplification"))
        self.insert(final)
        self.sum_to_one()
        self.steps[-1] = replace(self.steps[-1], detail="result")

    def summary(self, reasons: list[Reason]) -> Reason:
        """What several rules in a row are called: the derivative of an affine map, else the one that says most."""
        affine = {r.rule for r in reasons} <= {"linearity", "independent entries"}
        return Reason("derivative of an affine map", self.facts) if affine and len(reasons) > 1 else foremost(reasons)

    def sum_to_one(self) -> None:
        """The sum of the entries of a distribution is 1."""
        leaves = self.graph.context.leaves
        for name, leaf in leaves.items():
            if leaf.domain in ("probability", "one-hot"):
                made = tuple(without_totals(one, partial(eq, t.Name(name))) for one in self.sums)
                if made != self.sums:
                    self.add(merged(made), Reason("probabilities", {"name": t.Name(name)}))

    def insert(self, final: bool) -> None:
        """The derivatives found before in place of their signs, while the line stays short."""
        letters = self.components.letters
        for signals in (False, True) if final and not is_general(self.graph.wrt) else (False,):
            taken = letters.taken
            products = merged(tuple(self.inserted(one, signals) for one in self.sums)) if letters.left > SPARE else ()
            if products and products != self.sums and sum(1 for _ in write(products).walk()) <= SHORT:
                self.add(products, Reason("insertion"), "lecture")
            else:
                letters.taken = taken

    def inserted(self, one: Product, signals: bool) -> Product:
        """A product with the derivatives of `of` in it written out."""
        for place, factor in enumerate(one.factors):
            known = self.known(factor, signals)
            if not known:
                continue
            inner = known[0] if len(known) == 1 else Product(factors=(write(known),))  # a sum stays one factor
            both = replace(one, factors=one.factors[:place]).times(inner)
            whole = cancelled(replace(both, factors=(*both.factors, *one.factors[place + 1 :])))
            return self.inserted(whole, signals)
        return one

    def known(self, factor: t.Tree, signals: bool) -> Sums | None:
        """What was found for ∂L/∂a_p, with fresh letters under its sums; with `signals` also for δ_p."""
        name: t.Tree | None = None
        if isinstance(factor, c.Partial) and factor.of == self.top:
            name, at = array(factor.by), indices(factor.by)
        elif signals:
            by_signal = {signal_of(self.graph, n): n for n in self.found}
            name, at = by_signal.get(array(factor)), indices(factor)  # type: ignore[call-overload]
        if not isinstance(name, t.Name) or name not in self.found:
            return None
        letters, sums = self.found[name]
        moved = {a.text: b for a, b in zip(letters, at, strict=True) if isinstance(a, t.Name)}
        return tuple(self.refreshed(p, moved) for p in sums)

    def refreshed(self, one: Product, moved: dict[str, t.Tree]) -> Product:
        """A product with other indices, and with letters under its sums that nothing else has."""
        fresh = {x: t.Name(self.components.letters.fresh()) for x in one.letters}
        inner = replace(
            one,
            letters=tuple(fresh[x].text for x in one.letters),
            factors=tuple(map(self.components.refreshed, one.factors)),
            below=tuple(map(self.components.refreshed, one.below)),
        )
        return inner.mapped({**moved, **fresh})


def is_general(name: t.Name) -> bool:
    """Whether a quantity is that of any layer k."""
    return name.label is not None and bool(label_of(name.label).letter)


def signal_of(graph: Graph, name: t.Name) -> t.Name | None:
    """δ^(k) for the pre-activation z^(k) of a network with a loss; None for what has no error signal."""
    context = graph.context
    parts = split_name(name.text)
    if parts.base not in ("z", "Z") or context.loss != graph.of.text or graph.rank(graph.of):
        return None
    if name.label is not None and not parts.subscript:
        return t.Name("delta", name.label)
    if parts.layer and not graph.is_quantity("delta"):
        return t.Name(f"delta{parts.layer}" + (f"_{parts.subscript}" if parts.subscript else ""))
    return None
