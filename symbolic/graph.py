"""A network on SymPy expressions: its forward pass, and Jacobians by the chain rule, back to front.

Every node's terms are those of its op's rule (`symbolic.closed`); a composite op is a network of its own inside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

import numpy as np

from jacobians.chain import nodes_between
from jacobians.composite import Composite
from jacobians.constructors import identity, zero
from jacobians.errors import FormError
from jacobians.jacobian import Jacobian
from jacobians.model import Model
from jacobians.node import Node
from jacobians.op import Op
from jacobians.terms import Factor, Term, letters
from symbolic.closed import Values, local, written_out
from symbolic.derive import entry_array
from symbolic.names import Names
from symbolic.products import Entries, merge
from symbolic.scope import symbols

#: Labels of the axes of a Jacobian that is one array.
LABELS = "ijklmnopqrstuvw"


class Graph:
    """The nodes that a node is computed from, with their values; with `names`, values and adjoints become symbols."""

    def __init__(
        self, model: Model, of: str, leaves: Mapping[str, Entries], names: Names | None = None, called: str = ""
    ) -> None:
        """`called` is what the node `of` is called where the network stands inside another one."""
        self.model, self.of, self.names, self.called = model, of, names, called
        self.values: dict[str, Entries] = dict(leaves)
        self._inner: dict[str, Graph] = {}
        before = _ancestors(model, of) - {of}  # what the last node is worth only some rules ask for
        for name in model.nodes:
            if name in before:
                self.value(name)

    def _name(self, node: str) -> str:
        """What symbols of a node begin with; empty for a part of an equation without a name of its own."""
        if self.names is None or self.model.nodes[node].hidden:
            return ""
        if not self.called:
            return node
        return self.called if node == self.of else f"{self.called}_{node}"

    def _defined(self, name: str, entries: Entries) -> Entries:
        return self.names.define(name, entries) if self.names is not None and name else entries

    def _inputs(self, n: Node) -> dict[str, Entries]:
        return {key: self.values[source] for key, source in n.sources.items()}

    def value(self, name: str) -> Entries:
        """The entries of a node: symbols, or written out by those of its sources."""
        if name not in self.values:
            self.values[name] = self._defined(self._name(name), self._computed(self.model.nodes[name]))
        return self.values[name]

    def _computed(self, n: Node) -> Entries:
        if isinstance(n.op, Composite):
            graph = self._inside(n, n.op)
            return graph.value(graph.of)
        return written_out(n.op, self._inputs(n))

    def _inside(self, n: Node, op: Composite) -> Graph:
        """The network that a composite node is."""
        if n.name not in self._inner:
            own = self._name(n.name)
            self._inner[n.name] = inside(op, self._inputs(n), self.names if own else None, own)
        return self._inner[n.name]

    # ----- Jacobians -----

    def local(self, name: str, source: str) -> Jacobian:
        """d node / d source: the sum over the inputs of the op that the source feeds."""
        n = self.model.nodes[name]
        keys = [key for key, s in n.sources.items() if s == source and key not in n.op.data]
        return reduce(Jacobian.__add__, (self._by_input(n, key) for key in keys))

    def _by_input(self, n: Node, key: str) -> Jacobian:
        if isinstance(n.op, Composite):
            return self._inside(n, n.op).backward([key])[key]
        inputs = self._inputs(n)
        try:
            return local(n.op, key, Values(n.op, inputs, lambda: self.value(n.name)))
        except FormError:
            return differentiated(n.op, key, inputs)

    def backward(self, wrts: Collection[str]) -> dict[str, Jacobian]:
        """Backpropagation: the Jacobians of the last node by leaves or nodes, one sweep back to front."""
        between = {w: nodes_between(self.model, self.of, w) for w in wrts}
        through = {name for names in between.values() for name in names}
        found = {self.of: identity(self.model.shapes[self.of])}
        for name in reversed([name for name in self.model.nodes if name in through]):
            seed = found[name] = self._adjoint(name, merge(found[name]))
            for source in self.model.nodes[name].differentiable_sources:
                if source in through or source in wrts:
                    product = seed @ self.local(name, source)
                    found[source] = found[source] + product if source in found else product
        shape = self.model.shapes[self.of]
        return {w: merge(found[w]) if w in found else zero(shape, self.model.shapes[w]) for w in wrts}

    def _adjoint(self, name: str, J: Jacobian) -> Jacobian:
        """The Jacobian by a node with its one factor called `dL_dz1`, where it is one array."""
        if len(J.terms) != 1 or len(J.terms[0].factors) != 1 or not self._name(name):
            return J
        (t,), (f,) = J.terms, J.terms[0].factors
        value = self._defined(f"d{self._name(self.of)}_d{self._name(name)}", f.value)
        return Jacobian([Term((Factor(value, f.labels, ""),), t.out, t.inp, t.sizes)], J.out_shape, J.in_shape)


def inside(op: Composite, inputs: Mapping[str, Entries], names: Names | None = None, called: str = "") -> Graph:
    """The network that a composite op is, on given inputs."""
    model = op.graph({name: array.shape for name, array in inputs.items()})
    return Graph(model, model.output, inputs, names, called)


def differentiated(op: Op, wrt: str, inputs: Mapping[str, Entries]) -> Jacobian:
    """d output / d input as one array: SymPy's derivatives of the formula, with the inputs put in."""
    shapes = {name: array.shape for name, array in inputs.items()}
    put = {
        symbol: inputs[name][k] for name, shape in shapes.items() for k, symbol in np.ndenumerate(symbols(name, shape))
    }
    entries = entry_array(op, wrt, shapes)
    for k, entry in np.ndenumerate(entries):
        entries[k] = entry.xreplace(put)
    axes = letters(LABELS, entries.ndim)
    rank = entries.ndim - len(shapes[wrt])
    term = Term((Factor(entries, axes, ""),), axes[:rank], axes[rank:], dict(zip(axes, entries.shape, strict=True)))
    return Jacobian([term], entries.shape[:rank], shapes[wrt])


def _ancestors(model: Model, of: str) -> set[str]:
    """The nodes that a node is computed from, and itself."""
    found: set[str] = set()
    waiting = [of]
    while waiting:
        name = waiting.pop()
        if name in model.nodes and name not in found:
            found.add(name)
            waiting += model.nodes[name].sources.values()
    return found
