"""Accumulation of Jacobians along the graph: forward, from what is differentiated by, or backward."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.to_plain import to_plain
from symbolic.steps.derivation import Part, Reason
from symbolic.steps.graph import Graph, label_of
from symbolic.steps.local import Jacobian, Jacobians
from symbolic.steps.ways import SHORT, Lines, Way, Ways

#: What is said of a step, and of one whose Jacobian is an array: its shape, and what it costs.
KEPT = {"accumulated": "kept forward", "adjoint": "kept backward"}


def is_general(graph: Graph) -> bool:
    """Whether what is differentiated by belongs to a layer that only its letter tells."""
    label = graph.wrt.label
    return label is not None and bool(label_of(label).letter) and not graph.counted(graph.wrt)


@dataclass
class Accumulation:
    """The derivatives found on the way, each from those found before."""

    graph: Graph
    #: The derivative that was found: a formula that later lines may take in.
    found: dict[t.Name, Jacobian] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jacobians = Jacobians(self.graph)

    def accumulated(
        self, of: t.Name, by: t.Name, ways: Callable[[Factor], Ways], title: Reason, reason: Reason
    ) -> tuple[Part, Jacobian]:
        """One derivative: the chain rule, the local Jacobians put in, what was found before put in, multiplied out."""
        work = self.jacobians
        lines = Lines(work, of, by)
        lines.add(ways(work.unevaluated), reason)
        local = ways(work.local)
        lines.add(local, local_reason(local, work))
        whole = tuple(self.inserted(way) for way in local)
        if whole != local and sum(size(one) for way in whole for one in way) <= SHORT:
            lines.add(whole, Reason("insertion"))
            local = whole
        total = lines.multiply(local)
        if title.rule in KEPT and lines.axes:
            title = Reason(KEPT[title.rule], {**title.facts, "space": work.space(of, by), **self.cost(local)})
        return lines.part(title), total

    def cost(self, ways: Ways) -> dict[str, t.Tree]:
        """The fact how many multiplications the step takes; none where there is nothing to multiply."""
        many = self.jacobians.multiplications(ways)
        return {} if many is None else {"cost": many}

    def inserted(self, way: Way) -> Way:
        """What was found before in place of its quotient; the recursion of layers in general is not unrolled."""
        if is_general(self.graph) and way[-1].by == self.graph.wrt:
            return way
        return tuple(self.known(one) if one.quotient else one for one in way)

    def known(self, one: Jacobian) -> Jacobian:
        raise NotImplementedError


Factor = Callable[[t.Name, t.Name], Jacobian]


def local_reason(ways: Ways, jacobians: Jacobians) -> Reason:
    """Why the local Jacobians stand in a line; where they are less than ∂u/∂v, that all else is held fixed."""
    held = any(not one.quotient and jacobians.is_split(one.of, one.by) for way in ways for one in way)
    return Reason("direct Jacobians" if held else "local Jacobians")


def size(one: Jacobian) -> int:
    """How many parts the formula of a Jacobian has."""
    trees = [one.whole] if one.whole is not None else [f for p in one.sums for f in (*p.factors, *p.below)]
    return sum(1 for tree in trees for _ in tree.walk())


class BackwardStyle(Accumulation):
    """Back to front: ∂of/∂u for every quantity u, from those of the quantities that use it."""

    def parts(self) -> list[Part]:
        """A part for every quantity; for layers in general, for the last layer and for layer k."""
        graph = self.graph
        if is_general(graph):
            order = graph.generic_order()
        else:
            order = [name for name in reversed(graph.between()) if name != graph.of] or [graph.wrt]
        return [part for name in order if (part := self.part(name)) is not None]

    def part(self, name: t.Name) -> Part | None:
        """How the derivative by one quantity comes from those found before."""
        graph = self.graph
        users = graph.uses(name)
        if name == graph.of or not users:
            return trivial(self.jacobians, graph.of, name)
        if users == [graph.of] and graph.is_undefined(graph.of):
            return None

        def ways(factor: Factor) -> Ways:
            return tuple(self.way(user, name, factor) for user in users)

        part, self.found[name] = self.accumulated(graph.of, name, ways, self.title(name), self.reason(users, name))
        return part

    def way(self, user: t.Name, name: t.Name, factor: Factor) -> Way:
        """∂of/∂user ∂user/∂name; the last one ends the chain."""
        if user == self.graph.of:
            return (factor(user, name),)
        return (self.jacobians.quotient(self.graph.of, user), factor(user, name))

    def known(self, one: Jacobian) -> Jacobian:
        return self.found.get(one.by, one) if one.of == self.graph.of else one

    def title(self, name: t.Name) -> Reason:
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name, "head": c.Partial(self.graph.of, name)}
        if name == self.graph.wrt:
            return Reason("result", facts)
        if is_general(self.graph):
            return Reason("start of the recursion" if self.graph.is_last(name) else "recursion", facts)
        return Reason("adjoint", facts)

    def reason(self, users: list[t.Name], name: t.Name) -> Reason:
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name}
        if len(users) > 1:
            return Reason(
                "shared weights" if self.graph.is_shared(name, users) else "sum over paths", {**facts, "name": name}
            )
        return Reason("chain rule", {**facts, "via": users[0]} if users[0] != self.graph.of else {})


class ForwardStyle(Accumulation):
    """Front to back: ∂v/∂wrt for every quantity v, from those of the quantities that its equation names."""

    def parts(self) -> list[Part]:
        """A part for every quantity.

        Raises:
            InputError: for layers in general there is no first one to begin with.
        """
        graph = self.graph
        if is_general(graph):
            raise InputError(
                f"derivation: style 'forward' goes from layer to layer, expected {to_plain(t.Name(graph.wrt.text))} of "
                f"one layer such as {graph.wrt.text}_(1), got {to_plain(graph.wrt)} of any; take style='backward'"
            )
        order = [name for name in graph.between() if name != graph.wrt]
        return [self.part(name) for name in order] or [trivial(self.jacobians, graph.of, graph.wrt)]

    def part(self, name: t.Name) -> Part:
        """How the derivative of one quantity comes from those found before."""
        graph, expression = self.graph, self.graph.equation(name)
        assert expression is not None
        between = set(graph.between())
        sources = [source for source in graph.names(expression) if source in between]

        def ways(factor: Factor) -> Ways:
            return tuple(self.way(name, source, factor) for source in sources)

        part, self.found[name] = self.accumulated(name, graph.wrt, ways, self.title(name), self.reason(sources, name))
        return part

    def way(self, name: t.Name, source: t.Name, factor: Factor) -> Way:
        """∂name/∂source ∂source/∂wrt; the first one begins the chain."""
        if source == self.graph.wrt:
            return (factor(name, source),)
        return (factor(name, source), self.jacobians.quotient(source, self.graph.wrt))

    def known(self, one: Jacobian) -> Jacobian:
        return self.found.get(one.of, one) if one.by == self.graph.wrt else one

    def title(self, name: t.Name) -> Reason:
        facts: dict[str, t.Tree] = {"of": name, "by": self.graph.wrt}
        if name == self.graph.of:
            return Reason("result", facts)
        return Reason("accumulated", facts)

    def reason(self, sources: list[t.Name], name: t.Name) -> Reason:
        facts: dict[str, t.Tree] = {"of": name, "by": self.graph.wrt}
        if len(sources) > 1:
            return Reason("sum over paths", facts)
        return Reason("chain rule", {**facts, "via": sources[0]} if sources[0] != self.graph.wrt else {})


def trivial(jacobians: Jacobians, of: t.Name, by: t.Name) -> Part:
    """The derivative of a quantity by itself, or by what has no influence on it."""
    lines = Lines(jacobians, of, by)
    facts: dict[str, t.Tree] = {"of": of, "by": by}
    if of != by:
        lines.write(t.Number("0"), Reason("no path", facts), "result")
    else:
        lines.collect(jacobians.identity(of), Reason("independent entries", {"name": of}))
    return lines.part(Reason("result", facts))
