"""The order of the products: vertex elimination on the graph of local Jacobians.

Removing a vertex joins every edge into it with every edge out of it. From the outputs backward this is backpropagation,
from the inputs forward it is forward accumulation, and the cheapest vertex first is often better than both.

Source: Griewank, Walther, "Evaluating Derivatives" (2008), chapter 9.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from jacobians.chain import bracketing
from jacobians.jacobian import Jacobian
from jacobians.plans.graph import Graph
from jacobians.plans.patterns import Part, chained, identity, term_of
from jacobians.plans.program import Program
from jacobians.plans.reduce import price, simplified

Asked = Sequence[tuple[str, str]]
#: A vertex; ("of", name) and ("by", name) stand for an asked output and input, which are vertices of their own.
Name = str | tuple[str, str]

#: In larger graphs than this many vertices orders are not compared.
COMPARED = 200
#: In a chain of at most this many the optimal bracketing is found by dynamic programming.
CHAIN = 12


class Elimination:
    """Edges of local Jacobians between asked outputs and inputs, as sums of terms not yet multiplied out."""

    def __init__(self, graph: Graph, asked: Asked) -> None:
        self.graph = graph
        self.between = between(graph, asked)
        #: vertex -> what it depends on; and the other way round.
        self.into: dict[Name, dict[Name, list[Part]]] = {}
        #: Edges that hold products whose arithmetic has not been done; local Jacobians are taken as they are.
        self._open: set[tuple[Name, Name]] = set()
        self.out: dict[Name, dict[Name, None]] = {}
        leaves = {wrt for _, wrt in asked}
        for name in self.between:
            for source in graph.vertices[name].differentiable:
                if source in self.between:
                    self.join(name, source, graph.local(name, source))
                if source in leaves:
                    self.join(name, ("by", source), graph.local(name, source))
        for of in dict.fromkeys(of for of, _ in asked):
            if of in self.between:
                self.join(("of", of), of, [Part(identity(graph.shapes[of]), (), 1.0)])

    @property
    def program(self) -> Program:
        return self.graph.program

    def join(self, vertex: Name, source: Name, parts: list[Part]) -> None:
        """Add to the edge from source to vertex."""
        edges = self.into.setdefault(vertex, {})
        edges[source] = edges[source] + parts if source in edges else parts
        self.out.setdefault(source, {})[vertex] = None

    def edge(self, vertex: Name, source: Name) -> list[Part]:
        """The edge with the arithmetic of its products done."""
        edges = self.into[vertex]
        if (vertex, source) in self._open:
            edges[source] = simplified(self.program, edges[source])
            self._open.discard((vertex, source))
        return edges[source]

    def remove(self, vertex: Name) -> None:
        """Join each edge into the vertex with each edge out of it; parallel edges add up."""
        incoming = {source: self.edge(vertex, source) for source in self.into.get(vertex, {})}
        for outer in self.out.pop(vertex, {}):
            parts = self.edge(outer, vertex)
            del self.into[outer][vertex]
            for source, inner in incoming.items():
                self.join(outer, source, chained(parts, inner))
                self._open.add((outer, source))
        for source in incoming:
            del self.out[source][vertex]
        self.into.pop(vertex, None)

    def price(self, vertex: Name) -> int:
        """The multiplications that removing a vertex takes."""
        total = 0
        for outer in self.out.get(vertex, {}):
            parts = self.edge(outer, vertex)
            for source in self.into.get(vertex, {}):
                total += price(self.program, chained(parts, self.edge(vertex, source)))
        return total

    def chain(self) -> dict[str, dict[str, Jacobian]]:
        """The local Jacobians where one follows the other and there are few, without numbers; {} elsewhere."""
        found: dict[str, dict[str, Jacobian]] = {}
        before: Name | None = None
        for name in self.between if 1 < len(self.between) <= CHAIN else ():
            ((end, parts), *others) = self.into[name].items()
            if others or len(self.out[name]) != 1 or before not in (None, end):
                return {}
            source = end if isinstance(end, str) else end[1]
            found[name] = {source: self.blank(name, source, parts)}
            before = name
        return found

    def blank(self, name: str, source: str, parts: Sequence[Part]) -> Jacobian:
        """Parts as a Jacobian for counting: of the factors only 0/1 patterns that are known have entries."""
        P, shapes = self.program, self.graph.shapes
        arrays = {
            v: P.constants[v] if v in P.constants else np.broadcast_to(np.ones((), P.dtype(v)), P.shape(v))
            for part in parts
            for v in part.values
        }
        terms = [term_of(part, [(arrays[v], "A") for v in part.values]) for part in parts]
        return Jacobian(terms, shapes[name], shapes[source])

    def result(self, of: str, wrt: str) -> list[Part]:
        """The terms that are left between an asked output and an asked input."""
        if of == wrt:
            return [Part(identity(self.graph.shapes[of]), (), 1.0)]
        return self.into.get(("of", of), {}).get(("by", wrt), [])


def between(graph: Graph, asked: Asked) -> dict[str, None]:
    """The vertices that lie on a path from an asked input to an asked output, in order."""
    key = tuple(asked)
    if key not in graph.between:
        graph.between[key] = _between(graph, asked)
    return graph.between[key]


def _between(graph: Graph, asked: Asked) -> dict[str, None]:
    below: set[str] = {wrt for _, wrt in asked}
    reached = []
    for name in graph.vertices:
        if any(s in below for s in graph.vertices[name].differentiable):
            below.add(name)
            reached.append(name)
    above: set[str] = {of for of, _ in asked}
    kept = []
    for name in reversed(reached):
        if name in above:
            kept.append(name)
            above.update(graph.vertices[name].differentiable)
    return dict.fromkeys(reversed(kept))


def eliminated(graph: Graph, asked: Asked, order: str) -> Elimination:
    """The graph after all vertices between are gone, in the order "backward", "forward" or "cheapest" first."""
    left = Elimination(graph, asked)
    if order == "cheapest" and (chain := left.chain()):
        for vertex in bracketing(chain):
            left.remove(vertex)
    elif order == "cheapest":
        _cheapest_first(left)
    for vertex in reversed(left.between) if order == "backward" else list(left.between):
        if vertex in left.into:
            left.remove(vertex)
    return left


def _cheapest_first(left: Elimination) -> None:
    prices: dict[Name, int] = {vertex: left.price(vertex) for vertex in left.between}
    while prices:
        vertex = min(prices, key=lambda v: prices[v])
        del prices[vertex]
        touched = {*left.into.get(vertex, {}), *left.out.get(vertex, {})}
        left.remove(vertex)
        prices |= {v: left.price(v) for v in touched & prices.keys()}


def orders(graph: Graph, asked: Asked) -> tuple[str, ...]:
    """The orders that are worth comparing: one where no path has two steps, the sizes decide, or the graph is large."""
    inner = between(graph, asked)
    if not any(source in inner for name in inner for source in graph.vertices[name].differentiable):
        return ("backward",)
    ofs, wrts = (set(side) for side in zip(*asked, strict=True))
    narrowest = min((math.prod(graph.shapes[v]) for v in inner if v not in ofs), default=1)
    outputs, inputs = (sum(math.prod(graph.shapes[name]) for name in side) for side in (ofs, wrts))
    if outputs <= inputs and (len(inner) > COMPARED or all(math.prod(graph.shapes[o]) <= narrowest for o in ofs)):
        return ("backward",)
    if inputs <= outputs and (len(inner) > COMPARED or inputs <= narrowest):
        return ("forward",)
    return ("backward", "forward", "cheapest")
