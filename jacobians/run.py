"""Run: one forward pass of a model, its values, and the Jacobians at that point."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jacobians import chain, local
from jacobians.errors import InputError, JacobiansError
from jacobians.jacobian import Jacobian
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.paths import Path
    from jacobians.report import Report
    from jacobians.through_time import StateJacobians, ThroughTime
    from jacobians.verification import Verification

Order = Literal["forward", "backward", "best"]


class Run:
    """The values of every node at one point; `run["z1"]`."""

    def __init__(self, model: Model, point: Mapping[str, Array]) -> None:
        """The forward pass; `point` must have been checked by `Model.checked_point`."""
        self.model = model
        self.point = dict(point)
        self.values: dict[str, Array] = dict(point)
        self._local: dict[tuple[str, str], Jacobian] = {}
        self._second: dict[tuple[str, str, str], Jacobian] = {}
        #: The node that a factor's name in formulas was first used for, and the numbers that it stands for.
        self.named_factors: dict[str, tuple[str, Array]] = {}
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

    def moved(self, name: str, value: Array) -> Run:
        """The run with another value of a leaf or node, and of everything that follows from it."""
        run = copy.copy(self)
        run.values, run._local, run._second, run.named_factors = {**self.values, name: value}, {}, {}, {}
        changed = {name}
        for node in self.model.nodes.values():
            if node.name != name and changed.intersection(node.sources.values()):
                run.values[node.name] = node.op.forward(**run.inputs(node.name))
                changed.add(node.name)
        return run

    # ----- Jacobians -----

    def local(self, name: str, source: str) -> Jacobian:
        """d node / d source for a source in the node's own call: the sum over the inputs it feeds."""
        if (name, source) not in self._local:
            self._local[name, source] = local.first(self, name, source)
        return self._local[name, source]

    def second(self, name: str, source: str, other: str) -> Jacobian:
        """The second derivative of a node by two sources in its own call: node | source, other."""
        if (name, source, other) not in self._second:
            self._second[name, source, other] = local.second(self, name, source, other)
        return self._second[name, source, other]

    @cached_property
    def named_by_equation(self) -> dict[str, str]:
        """The right side of each equation, without spaces, and its name."""
        squeezed = {"".join(right.split()): name for name, right in self.model.equations().items()}
        return {right: name for right, name in squeezed.items() if not right.isidentifier()}

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

    def through_time(self, of: str, wrt: str, truncate: int | None = None) -> ThroughTime:
        """Backpropagation through time: the Jacobian by a shared leaf as the sum over the nodes whose equations use it.

        Each summand is d of / d node times the immediate Jacobian of the node by the leaf. The number that a node's
        name ends in is its time step (h2, z_f2, L2). With `truncate=k` a path back from `of` starts at the first node
        with a step that it meets, the loss or state of step t, and ends before it comes to a step t - k or earlier: of
        each loss the last k steps count, and k = 1 leaves the immediate influence of its own step.

        Raises:
            InputError: an unknown or unnamed node; data without a derivative; `truncate` below 1, or where a node that
                uses the leaf has no time step.
        """
        from jacobians.through_time import through_time

        for name in (of, wrt):
            self.model.require(name, "through_time")
        return through_time(self, of, wrt, truncate)

    def state_jacobians(self, state: str | None = None, of: str | None = None) -> StateJacobians:
        """The Jacobians of the last state by every state before it, with their norms: vanishing and exploding.

        `state` is what the names of the states begin with, "h" for h0, h1, h2 (default: the longest such sequence, in
        which each state influences the next); `of` is another node than the last state, such as the loss.

        Raises:
            InputError: an unknown node; no such sequence of states.
        """
        from jacobians.through_time import state_jacobians

        return state_jacobians(self, state, of)

    def hessian(self, of: str, wrt: str, other: str | None = None) -> Jacobian:
        """The Jacobian by `other` (default: by `wrt` again) of the Jacobian of `of` by `wrt`.

        Its shape is of.shape + wrt.shape | other.shape: for a scalar `of` the Hessian, `matrix()` a square matrix, and
        `apply(v)` the Hessian times a vector. hessian(of, a, b) is hessian(of, b, a) with a and b exchanged.

        Raises:
            InputError: an unknown name; data without a derivative; an op without a second derivative.
        """
        from jacobians import curvature

        by = wrt if other is None else other
        for name in (wrt, by):
            self._require(of, name)
        return curvature.hessian(self, of, wrt, by)

    def gauss_newton(self, of: str, wrt: str, other: str | None = None, through: str | None = None) -> Jacobian:
        """The Gauss-Newton matrix J^T H J: H the Hessian of `of` by the node `through`, J its Jacobian by `wrt`.

        What is left out of the Hessian is the curvature of `through` itself. `through` is by default the one node in
        the equation of `of` that depends on `wrt`: the output of the network, where `of` is its loss.

        Raises:
            InputError: as `hessian`; `of` is no number; several nodes that `through` may mean.
        """
        from jacobians import curvature, likelihoods

        by = wrt if other is None else other
        for name in (wrt, by, through or wrt):
            self._require(of, name)
        node = through or likelihoods.output_of_network(self, of, wrt, by)
        return curvature.gauss_newton(self, of, wrt, by, node)

    def fisher(self, of: str, wrt: str, other: str | None = None, empirical: bool = False) -> Jacobian:
        """The Fisher information of the likelihood that a loss is minus the logarithm of, by `wrt` and `other`.

        For cross-entropy from logits and for the squared error (a Gaussian of variance 1, where the loss has its 1/2)
        that is the Gauss-Newton matrix. With `empirical`, the expectation over the model's own targets is replaced by
        the targets that are there: the sum, or mean, over samples of gradient times gradient.

        Raises:
            InputError: as `gauss_newton`; a loss that is no such likelihood, with the reason.
        """
        from jacobians import likelihoods

        by = wrt if other is None else other
        for name in (wrt, by):
            self._require(of, name)
        return likelihoods.fisher(self, of, wrt, by, empirical)

    def ntk(self, of: str, other: Run | None = None, wrt: str | Iterable[str] | None = None) -> Jacobian:
        """The neural tangent kernel, the sum over parameters of J J^T, of a node with itself or with another run's.

        Its shape is of.shape | of.shape. `wrt` are the parameters (default: all of the model's).

        Raises:
            InputError: an unknown name; no parameters; a run of another model or with other parameters.
        """
        from jacobians import curvature

        names = self.model.parameters() if wrt is None else (wrt,) if isinstance(wrt, str) else tuple(wrt)
        for name in names:
            self._require(of, name)
        return curvature.ntk(self, self if other is None else other, of, names)

    def check_hessian(self, of: str, wrt: str, other: str | None = None) -> Verification:
        """Compare the Hessian with central differences of the first derivative, which is made by the complex step.

        Where an op is not analytic the first derivative is the Jacobian that `check` is for.

        Raises:
            InputError: as `hessian`.
        """
        from jacobians import curvature

        return curvature.check(self, self.hessian(of, wrt, other), of, wrt, wrt if other is None else other)

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
