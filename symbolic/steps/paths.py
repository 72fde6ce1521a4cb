"""The derivative as the sum over all paths of the products of local Jacobians along them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation.to_plain import to_plain
from symbolic.steps.accumulation import BackwardStyle, Factor, is_general, local_reason, trivial
from symbolic.steps.derivation import Part, Reason
from symbolic.steps.graph import Graph
from symbolic.steps.local import Jacobians
from symbolic.steps.ways import Lines, Way, Ways

#: More paths than that are added up layer by layer.
MOST = 24
#: The quantities on a path, first to last.
Path = tuple[t.Name, ...]


class Paths:
    """All paths of a graph from what is differentiated by to what is differentiated."""

    def __init__(self, graph: Graph) -> None:
        """Find the quantities that each one on a path names in its equation."""
        self.graph = graph
        order = graph.between()
        self.sources: dict[t.Name, list[t.Name]] = {}
        for name in order:
            expression = graph.equation(name) if name != graph.wrt else None
            names = graph.names(expression) if expression is not None else ()
            self.sources[name] = [source for source in names if source in order]

    @property
    def count(self) -> int:
        """How many there are, without listing them."""
        many = {self.graph.wrt: 1}
        for name, sources in self.sources.items():
            many.setdefault(name, sum(many[source] for source in sources))
        return many.get(self.graph.of, 0)

    def __iter__(self) -> Iterator[Path]:
        """Every path, in the order in which the equations name their quantities."""
        stack: list[Path] = [(self.graph.of,)]
        while stack:
            path = stack.pop()
            if path[0] == self.graph.wrt:
                yield path
            else:
                stack += [(source, *path) for source in reversed(self.sources.get(path[0], []))]

    def ways(self, factor: Factor) -> Ways:
        """The product of Jacobians along every path, the last quantity first."""
        return tuple(self.way(path, factor) for path in self)

    def way(self, path: Path, factor: Factor) -> Way:
        """∂of/∂u ... ∂v/∂wrt."""
        return tuple(factor(of, by) for by, of in reversed(list(pairwise(path))))


@dataclass
class PathsStyle:
    """The sum over all paths, one summand a path."""

    graph: Graph

    def parts(self) -> list[Part]:
        """One part, whose title lists the paths; where there are too many, one for every quantity.

        Raises:
            InputError: for layers in general the paths cannot be listed.
        """
        graph = self.graph
        if is_general(graph):
            raise InputError(
                f"derivation: style 'paths' lists the paths from {to_plain(graph.wrt)}, which need a number of layers; "
                f"name a layer, as in {graph.wrt.text}_(1), or take style='backward'"
            )
        jacobians, paths = Jacobians(graph), Paths(graph)
        if graph.of == graph.wrt or not paths.count:
            return [trivial(jacobians, graph.of, graph.wrt)]
        if paths.count > MOST:
            return self.layer_by_layer(paths.count)
        return [self.summed(jacobians, paths)]

    def summed(self, jacobians: Jacobians, paths: Paths) -> Part:
        """The paths, the product along each, the local Jacobians put in, multiplied and collected."""
        graph = self.graph
        lines = Lines(jacobians, graph.of, graph.wrt)
        facts: dict[str, t.Tree] = {"of": graph.of, "by": graph.wrt}
        lines.add(
            paths.ways(jacobians.unevaluated), Reason("sum over paths" if paths.count > 1 else "chain rule", facts)
        )
        ways = paths.ways(jacobians.local)
        lines.add(ways, local_reason(ways, jacobians))
        lines.multiply(ways)
        listed = {f"path{k}": arrows(path) for k, path in enumerate(paths, 1)}
        return lines.part(Reason("paths", {**facts, "count": t.Number(str(paths.count)), **listed}))

    def layer_by_layer(self, count: int) -> list[Part]:
        """Too many summands to write: what paths have in common is added up once, from the last layer on."""
        first, *rest = BackwardStyle(self.graph).parts()
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": self.graph.wrt, "count": t.Number(str(count))}
        return [replace(first, title=Reason("many paths", facts)), *rest]


def arrows(path: Path) -> t.Tree:
    """x -> f -> L."""
    steps: list[t.Relation] = ["->"] * (len(path) - 1)
    return t.Comparison(path, tuple(steps))
