"""Run: one forward pass of a model, its values, and the Jacobians at that point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jacobians import chain
from jacobians.errors import InputError, JacobiansError
from jacobians.jacobian import Jacobian
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.paths import Path
    from jacobians.report import Report

Order = Literal["forward", "backward", "best"]


class Run:
    """The values of every node at one point; `run["z1"]`."""

    def __init__(self, model: Model, point: Mapping[str, Array]) -> None:
        """The forward pass; `point` must have been checked by `Model.checked_point`."""
        self.model = model
        self.point = dict(point)
        self.values: dict[str, Array] = dict(point)
        self._local: dict[tuple[str, str], Jacobian] = {}
        for name, node in model.nodes.items():
            inputs = {key: self.values[source] for key, source in node.sources.items()}
            try:
                self.values[name] = node.op.forward(**inputs)
            except JacobiansError as error:
                raise type(error)(f"in {node.equation}: {error}") from None

    def __getitem__(self, name: str) -> Array:
        """The value of a leaf or node.

        Raises:
            InputError: no such name.
        """
        self.model.require(name, "run[...]")
        return self.values[name]

    def inputs(self, name: str) -> dict[str, Array]:
        """The values of a node's inputs, by the op's own names."""
        return {key: self.values[source] for key, source in self.model.nodes[name].sources.items()}

    def kink_distance(self, name: str) -> float:
        """How far a node's inputs are from the nearest kink of its op."""
        return self.model.nodes[name].op.kink_distance(**self.inputs(name))

    # ----- Jacobians -----

    def local(self, name: str, source: str) -> Jacobian:
        """d node / d source for a source in the node's own call: the sum over the inputs it feeds."""
        from jacobians.notation import rename

        if (name, source) not in self._local:
            node = self.model.nodes[name]
            keys = [key for key, s in node.sources.items() if s == source and key not in node.op.data]
            if not keys:
                only = next(key for key, s in node.sources.items() if s == source)
                node.op.require_input(only)
            inputs = self.inputs(name)
            names = {key: self.model.display(s) for key, s in node.sources.items()} | {node.op.symbol: node.display}
            if not node.hidden:  # the f of two LSTM cells is not one f
                names |= {inner: f"{inner}_{name}" for inner in node.op.inner_names()}
            total = node.op.jacobian(keys[0], **inputs)
            for key in keys[1:]:
                total = total + node.op.jacobian(key, **inputs)
            self._local[name, source] = total.renamed(lambda factor: rename(factor, names))
        return self._local[name, source]

    def jacobian(self, of: str, wrt: str, order: Order = "best") -> Jacobian:
        """The Jacobian of any node by any node or leaf, shape of.shape + wrt.shape, multiplied in the given order.

        Orders: "forward" (forward accumulation, front to back), "backward" (backpropagation, back to front), "best"
        (fewest multiplications found). All give the same Jacobian.

        Raises:
            InputError: an unknown name or order; `wrt` is data without a derivative.
        """
        self._require(of, wrt)
        if order not in chain.ORDERS:
            raise InputError(f"order={order!r}: expected {', '.join(map(repr, chain.ORDERS))}")
        J = chain.jacobian(self, of, wrt, order)
        return Jacobian(J.lettered().terms, J.out_shape, J.in_shape, shown=lambda: self._shown(of, wrt, J))

    def _shown(self, of: str, wrt: str, J: Jacobian) -> Jacobian:
        """The product before any factor was multiplied, or the merged terms where that would be too long to read."""
        from jacobians.paths import Paths

        if Paths(self.model, of, wrt).terms(self) > 64:  # not model.paths, which takes named nodes only
            return Jacobian(J.lettered().terms, J.out_shape, J.in_shape)
        return self.terms(of, wrt).shown

    def terms(self, of: str, wrt: str, order: Order = "backward") -> Jacobian:
        """The same Jacobian as pure algebra: labels moved, no array multiplied; equal for every order.

        Raises:
            InputError: as `jacobian`.
        """
        self._require(of, wrt)
        return chain.jacobian(self, of, wrt, order, simplify=lambda J: J).lettered()

    def cost(self, of: str, wrt: str) -> dict[str, int]:
        """The multiplications of array entries that each order takes, structure taken into account.

        Raises:
            InputError: as `jacobian`.
        """
        self._require(of, wrt)
        return {order: chain.cost(self, of, wrt, order) for order in chain.ORDERS}

    def paths(self, of: str, wrt: str) -> Iterator[Path]:
        """The paths from `wrt` to `of` at the level of named nodes, each with its product of Jacobians.

        The sum of the products is the Jacobian.

        Raises:
            InputError: an unknown or unnamed node; `wrt` is data without a derivative.
        """
        self._require(of, wrt)
        return self.model.paths(of, wrt).products(self)

    def gradients(self, of: str | None = None, wrt: tuple[str, ...] | None = None) -> dict[str, Array]:
        """The dense Jacobians of one node by many leaves (default: the loss by all parameters), one sweep backward.

        Raises:
            InputError: as `jacobian`.
            DenseLimitError: one of them is too large.
        """
        target = of or self.model.output
        leaves = self.model.parameters() if wrt is None else wrt
        for name in leaves:
            self._require(target, name)
        found = chain.backward_all(self, target, leaves)
        return {name: found[name].dense() for name in leaves}

    def deltas(self, loss: str | None = None) -> dict[str, Array]:
        """dL/dz for every pre-activation by the textbook's elementwise formulas, which share nothing with terms.

        Raises:
            ModelError: the model is not layered (z = W a + b, a = g(z)).
        """
        from jacobians.deltas import deltas

        return deltas(self, loss)

    def check(
        self,
        of: str | Iterable[str] | None = None,
        wrt: str | Iterable[str] | None = None,
        pairs: Iterable[tuple[str, str]] | None = None,
        **options: Any,
    ) -> Report:
        """Every Jacobian of the run (or those asked for) by every witness, with the largest disagreement.

        Further options: see `jacobians.report.check_run`.
        """
        from jacobians.report import check_run

        return check_run(self, of, wrt, pairs=pairs, **options)

    def _require(self, of: str, wrt: str) -> None:
        for name in (of, wrt):
            if name not in self.model.nodes:
                self.model.require(name, "jacobian")

    def __repr__(self) -> str:
        """Names and shapes of all values."""
        return f"<Run {', '.join(f'{k} {np.shape(v)}' for k, v in self.values.items() if not k.startswith('_'))}>"
