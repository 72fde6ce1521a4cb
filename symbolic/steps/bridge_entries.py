"""Lines of a bridge in components: what every name, derivative and equation is as sums of products of entries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
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
from symbolic.steps.components import Components, Indices, Letters, array, entry_of, indices
from symbolic.steps.graph import Graph, Label, label_of
from symbolic.steps.sums import delta, put

#: What a loss that a line only writes out, as in ∂l(y, a)/∂z, is called on the way.
LOSS = "loss_of_the_line"
ZERO, ONE = t.Number("0"), t.Number("1")


class Places(Letters):
    """Letters for places that are filled before anybody reads them: there are as many as it takes."""

    def __init__(self, context: Context) -> None:
        taken = {*context.names(), *context.labels, *context.sizes}
        short = (f"{x}{n}" for n in range(10) for x in "ijpqrsuv")
        self._places = itertools.chain((x for x in short if x not in taken), (f"place_{n}" for n in itertools.count()))

    def fresh(self) -> str:
        """The next place."""
        return next(self._places)


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
        if isinstance(tree, c.Sum) and tree.indices and (tree.lower, tree.upper, tree.condition) == (None,) * 3:
            fresh = {x: self.letter(x) for x in tree.indices}
            body = put(tree.body, {x: t.Name(new) for x, new in fresh.items()})
            return replace(tree, indices=tuple(fresh.values()), body=self.refreshed(body))
        return rebuilt(tree, self.refreshed)

    def ranks(self, *lines: t.Tree) -> tuple[int, ...]:
        """The numbers of axes of lines that are compared; letters that one has take the values that they have in another.

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
            self._entries[name] = self._equation(name, len(at))
        found = self._entries[name]
        if found is None or len(found[0]) != len(at):
            return None
        places = {p.text: i for p, i in zip(found[0], at, strict=True) if isinstance(p, t.Name)}
        return self.refreshed(put(found[1], places))

    def _equation(self, name: t.Name, rank: int) -> tuple[Indices, t.Tree] | None:
        name = self.base.named(name)
        expression = self.base.equation(name)
        if expression is None or self.is_primitive(expression):
            return None
        own = self.base.equations.get(name.text, (None, None, ()))[2]
        if own:
            return tuple(t.Name(x) for x in own), self.entries.entry(expression, ())
        at = self.entries.letters.several(rank)
        return at, self.entries.entry(expression, at)

    def is_primitive(self, expression: t.Tree) -> bool:
        """Whether an equation says only that a function nobody defined is applied to something."""
        function = self.context.functions.get(expression.function) if isinstance(expression, t.Call) else None
        return function is not None and function.kind in ("number", "vector")

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
        """Whether a quantity depends on another one, or is it; of layer k on what has no k, where the last layer does."""
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
        return isinstance(of, t.Call) and self.is_primitive(of)

    def _loss(self, of: t.Tree) -> t.Name | None:
        same = [name for name, (e, label, _) in self.base.equations.items() if label is None and self.is_primitive(e)]
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
        return rebuilt(self._bare(tree), self.standard)

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


class Entries(Components):
    """Components, also of derivatives, of structured matrices, of cases."""

    def __init__(self, world: World) -> None:
        super().__init__(world.base, Places(world.context))
        self.world = world
        #: The quantities whose definitions were put in for what a line writes out.
        self.folded: list[t.Name | None] = []

    def entry(self, tree: t.Tree, at: Indices) -> t.Tree:
        own = OWN.get(type(tree))
        return own(self, tree, at) if own is not None else super().entry(tree, at)

    def whole(self, tree: t.Tree, at: Indices) -> t.Tree:
        return super().whole(tree, at) if at else tree

    def indexed(self, tree: t.Index, at: Indices) -> t.Tree:
        inner = tuple(tree.indices)
        return self.entry(tree.array, (*inner, *at))

    def partial(self, tree: c.Partial, at: Indices) -> t.Tree:
        if tree.second is not None:
            return self.whole(tree, at)
        of = self.world.quantity(tree.of)
        if of != tree.of:
            self.folded.append(of if isinstance(of, t.Name) and of not in self.world.spelled else None)
        split = len(at) - self.rank(tree.by)
        if not 0 <= split <= len(at):
            raise InputError("bridge: a derivative with other axes than those of numerator and denominator")
        return c.Partial(self.entry(of, at[:split]), self.denominator(tree.by, at[split:]))

    def rank(self, tree: t.Tree) -> int:
        """The number of axes; entries and deltas have none, whatever their letters."""
        match tree:
            case t.Number() | t.Iverson() | t.Call("kronecker"):
                return 0
            case t.Name():
                return self.graph.rank(self.graph.named(tree))
            case t.Index(inner, indices):
                return self.rank(inner) - len(indices)
            case t.Negative(inner):
                return self.rank(inner)
            case c.Partial(of, by, None):
                return self.rank(self.world.quantity(of)) + self.rank(by)
            case c.Sum(indices, body) if indices:
                return self.rank(body)
            case t.Binary("+" | "-" | "*" | "/" | "^" | "∘", left, right):
                return max(self.rank(left), self.rank(right))
            case t.Juxtaposition(left, right) if 0 in (ranks := (self.rank(left), self.rank(right))):
                return max(ranks)
            case t.Call(_, (inner,)) if self.is_elementwise(tree):
                return self.rank(inner)
        return self.graph.rank(tree)

    def denominator(self, by: t.Tree, at: Indices) -> t.Tree:
        """The entry that is differentiated by: where it is written out, the one of the quantity that it defines."""
        entry = self.entry(by, at)
        if isinstance(array(entry), t.Name):
            return entry
        free = _free(entry)
        for name in self._quantities(entry):
            for letters in itertools.permutations(free, self.graph.rank(name)):
                candidate = entry_of(name, tuple(map(t.Name, letters)))
                if self.world.judge.corrected(entry, candidate):
                    self.folded.append(name)
                    return candidate
        return entry

    def _quantities(self, entry: t.Tree) -> Iterator[t.Name]:
        """What has an equation, with the labels that a formula has."""
        labels = {p.label: None for p in entry.walk() if isinstance(p, t.Name) and p.label is not None}
        for name, (_, letter, _) in self.graph.equations.items():
            if "_of_the_line" not in name:
                yield from [t.Name(name)] if letter is None else [t.Name(name, label) for label in labels]

    def gradient(self, tree: c.Gradient, at: Indices) -> t.Tree:
        if tree.order != 1 or (tree.of is not None and self.rank(tree.of)):
            raise InputError("bridge: a gradient of what is no number")
        return self.entry(c.Partial(tree.of or t.Name(self.world.context.loss), tree.by), at)

    def jacobian(self, tree: c.JacobianOf, at: Indices) -> t.Tree:
        if not isinstance(tree.argument, t.Name):
            raise InputError("bridge: the Jacobian of a composition")
        return self.entry(c.Partial(tree.of, tree.argument), at)

    def sum_of(self, tree: c.Sum, at: Indices) -> t.Tree:
        if type(tree) is not c.Sum or not tree.indices or (tree.lower, tree.upper, tree.condition) != (None,) * 3:
            return self.whole(tree, at)
        return replace(tree, body=self.entry(tree.body, at))

    def cases(self, tree: c.Cases, at: Indices) -> t.Tree:
        """δ_ik a where i = k gives a, and 0 elsewhere."""
        match tree.branches:
            case ((value, t.Comparison((i, k), ("==",))), (t.Number("0"), _)):
                return t.Juxtaposition(delta(i, k), self.entry(value, at))
            case ((t.Number("0"), t.Comparison((i, k), ("!=",))), (value, _)):
                return t.Juxtaposition(delta(i, k), self.entry(value, at))
        return self.whole(tree, at)

    def bracket(self, tree: t.Iverson, at: Indices) -> t.Tree:
        match tree.condition:
            case t.Comparison((t.Name() as i, t.Name() as k), ("==",)):
                return delta(i, k)
        return tree

    def call(self, tree: t.Call, at: Indices) -> t.Tree:
        write = STRUCTURED.get(tree.function) if tree.function not in self.world.context.functions else None
        made = write(self, tree, at) if write is not None else None
        return made if made is not None else super().call(tree, at)

    def diagonal(self, tree: t.Call, at: Indices) -> t.Tree | None:
        if len(at) == 1:
            return self.entry(tree.args[0], (at[0], at[0]))
        return t.Juxtaposition(delta(*at), self.entry(tree.args[0], at[:1]))

    def identity(self, tree: t.Call, at: Indices) -> t.Tree | None:
        return delta(*at) if len(at) == 2 else None

    def ones(self, tree: t.Call, at: Indices) -> t.Tree | None:
        return ONE


OWN: Mapping[type[t.Tree], object] = {  # type: ignore[assignment]
    t.Index: Entries.indexed,
    t.Call: Entries.call,
    c.Partial: Entries.partial,
    c.Gradient: Entries.gradient,
    c.JacobianOf: Entries.jacobian,
    c.Sum: Entries.sum_of,
    c.Cases: Entries.cases,
    t.Iverson: Entries.bracket,
}
STRUCTURED = {"diag": Entries.diagonal, "Id": Entries.identity, "I": Entries.identity, "ones": Entries.ones}


def _free(tree: t.Tree) -> list[str]:
    """The letters of indices that no sum of a formula binds, in their order."""
    found: dict[str, None] = {}

    def visit(part: t.Tree, bound: frozenset[str]) -> None:
        if isinstance(part, c.Sum):
            bound |= frozenset(part.indices)
        if isinstance(part, t.Index):
            found.update((i.text, None) for i in part.indices if isinstance(i, t.Name) and i.text not in bound)
        for child in part.children:
            visit(child, bound)

    visit(tree, frozenset())
    return list(found)


def _size(tree: t.Tree) -> int:
    return sum(1 for _ in tree.walk())
