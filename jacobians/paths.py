"""The derivative as a sum over all paths: how many there are, without listing them, and each with its product.

Source: Goodfellow, Bengio, Courville, "Deep Learning" (2016), section 6.5.3; Bauer, "Computational Graphs and Rounding
Error", SIAM J. Numer. Anal. 1974.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TYPE_CHECKING

import numpy as np

from jacobians.chain import nodes_between
from jacobians.constructors import identity
from jacobians.jacobian import Jacobian
from jacobians.support import summed_over_pattern
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.run import Run


@dataclass(frozen=True)
class Path:
    """One path from the input to the output, and the product of the local Jacobians along it."""

    nodes: tuple[str, ...]
    jacobian: Jacobian

    def __str__(self) -> str:
        """`s -> x -> f -> L`."""
        return " -> ".join(self.nodes)


class Paths:
    """All paths between two nodes of a model."""

    def __init__(self, model: Model, of: str, wrt: str) -> None:
        """Find the named nodes that lie on a path."""
        self.model, self.of, self.wrt = model, of, wrt
        self._between = set(nodes_between(model, of, wrt))

    @cached_property
    def edges(self) -> dict[str, dict[str, list[tuple[str, ...]]]]:
        """For each named node on a path and each named source: the ways between them through hidden nodes."""
        edges: dict[str, dict[str, list[tuple[str, ...]]]] = {}
        for name in self.model.named:
            if name in self._between:
                edges[name] = {}
                for way in self._ways(name):
                    edges[name].setdefault(way[0], []).append(way)
        return edges

    def _ways(self, name: str) -> Iterator[tuple[str, ...]]:
        """The ways into a named node from named nodes or leaves, through hidden nodes of its equation only."""
        for source in self.model.nodes[name].differentiable_sources:
            if source in self.model.nodes and self.model.nodes[source].hidden:
                yield from ((*way, name) for way in self._ways(source))
            elif source == self.wrt or source in self._between:
                yield (source, name)

    @cached_property
    def count(self) -> int:
        """The number of paths at the level of named nodes; 1 from a node to itself."""
        many = {self.wrt: 1}
        for name, sources in self.edges.items():
            many[name] = sum(many[s] for s in sources)
        return many.get(self.of, 0)

    @cached_property
    def scalar_count(self) -> int:
        """The number of paths through single entries that the structure lets differ from zero: an exact integer."""
        if self.of == self.wrt:
            return int(np.prod(self.model.shapes[self.of], dtype=object))
        run = self.model.run(self.model.random_point(0))
        many: dict[str, Array] = {self.wrt: np.ones(self.model.shapes[self.wrt], object)}
        for name, sources in self.edges.items():
            edges = ((along(run, ways), many[source]) for source, ways in sources.items())
            counts = (summed_over_pattern(J.terms, len(J.out_shape), J.shape, before) for J, before in edges)
            many[name] = np.asarray(sum(counts), object)
        return int(np.sum(many[self.of])) if self.of in many else 0

    @cached_property
    def layers(self) -> list[list[str]]:
        """The named nodes on the paths by their depth: the longest way from the start."""
        depth = {self.wrt: 0}
        for name, sources in self.edges.items():
            depth[name] = 1 + max(depth[s] for s in sources)
        return [[name for name, d in depth.items() if d == k] for k in range(max(depth.values()) + 1)]

    def terms(self, run: Run) -> int:
        """The number of delta-einsum terms of the uncontracted product."""
        many = {self.wrt: 1}
        for name in (n for n in self.model.nodes if n in self._between):
            sources = self.model.nodes[name].differentiable_sources
            many[name] = sum(many[s] * len(run.local(name, s).shown.terms) for s in sources if s in many)
        return many.get(self.of, 0)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """Every path as the names on it, first to last."""
        if self.of == self.wrt:
            yield (self.wrt,)
            return
        stack: list[tuple[str, ...]] = [(self.of,)]
        while stack:
            path = stack.pop()
            if path[0] == self.wrt:
                yield path
                continue
            stack += [(source, *path) for source in reversed(list(self.edges.get(path[0], {})))]

    def __len__(self) -> int:
        """The number of paths at the level of named nodes."""
        return self.count

    def products(self, run: Run) -> Iterator[Path]:
        """Every path with its product of Jacobians, contracted; the sum of all is the Jacobian."""
        for nodes in self:
            J = identity(self.model.shapes[self.wrt])
            for source, name in itertools.pairwise(nodes):
                J = along(run, self.edges[name][source]) @ J
            yield Path(nodes, J.merge())


def along(run: Run, ways: list[tuple[str, ...]]) -> Jacobian:
    """The sum over ways through an equation of the products of the local Jacobians on each."""
    products = []
    for way in ways:
        J = run.local(way[1], way[0])
        for source, name in itertools.pairwise(way[1:]):
            J = run.local(name, source) @ J
        products.append(J)
    return reduce(Jacobian.__add__, products)
