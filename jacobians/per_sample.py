"""The function that makes one chunk of per-sample Jacobians: through a batched model, or one sample after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from threading import local
from typing import TYPE_CHECKING, Any

import numpy as np

from jacobians.algebra import INDICES
from jacobians.batched import NotBatchedError, batched, prove, restricted
from jacobians.constructors import delta_einsum
from jacobians.errors import JacobiansError
from jacobians.jacobian import Jacobian
from jacobians.op import Shape
from jacobians.terms import Array, letters

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.plans import Plan


class PerSample:
    """The function that makes one chunk: the values of n samples -> their Jacobians, (n, *of, *wrt) for each `wrt`.

    It runs a batched model where that was proved to be right, and one sample after the other elsewhere.
    """

    def __init__(
        self, model: Model, of: str, wrt: Sequence[str], samples: Sequence[str], fixed: Mapping[str, Array], dtype: Any
    ) -> None:
        """Prove, or find out that one sample at a time is the only way: `why_single` says why."""
        self.model, self.of, self.wrt = restricted(model, of, wrt), of, tuple(wrt)
        self.samples = tuple(name for name in samples if name in self.model.leaves)
        self.fixed = {name: value for name, value in fixed.items() if name in self.model.leaves}
        self.dtype = np.dtype(dtype)
        #: Why the samples do not go through the model together; empty where they do.
        self.why_single = ""
        try:
            prove(self.model, of, self.wrt, frozenset(self.samples), self.fixed)
        except NotBatchedError as reason:
            self.why_single = str(reason)
        self._threads = local()

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of one sample's Jacobian, by leaf."""
        return {name: self.model.shapes[self.of] + self.model.shapes[name] for name in self.wrt}

    @property
    def nbytes(self) -> int:
        """The bytes of one sample's Jacobians."""
        return sum(map(math.prod, self.shapes.values())) * int(self.dtype.itemsize)

    def __call__(self, numbers: Array, *values: Array) -> tuple[Array, ...]:
        """The Jacobians of the samples with these numbers and values, in the order of `wrt`.

        Raises:
            InputError: a value that an op is not defined for; the message says which sample's.
        """
        rows = self._rows(values)
        found = self._together(rows, len(numbers), structured=False) or self._one_by_one(rows, numbers)
        return tuple(found[name].astype(self.dtype, copy=False) for name in self.wrt)

    def only(self, numbers: Array, *values: Array) -> Array:
        """The same where `wrt` is a single leaf."""
        return self(numbers, *values)[0]

    def structured(self, numbers: Array, *values: Array) -> list[Jacobian]:
        """The same as factors and deltas, n, *of | *wrt, for leaves without samples; dense where it must be."""
        rows = self._rows(values)
        if found := self._together(rows, len(numbers), structured=True):
            return [found[name] for name in self.wrt]
        outputs = 1 + len(self.model.shapes[self.of])
        return [_of_array(J, outputs) for J in self._one_by_one(rows, numbers).values()]

    def _rows(self, values: Sequence[Array]) -> dict[str, Array]:
        return {name: np.asarray(v) for name, v in zip(self.samples, values, strict=True)}

    def _together(self, rows: Mapping[str, Array], n: int, structured: bool) -> dict[str, Any] | None:
        """All n through the batched model; None where that is no way, or one is refused and has to be looked for."""
        if self.why_single or n == 1:
            return None
        try:
            results = self._plan(n, structured)({**self.fixed, **rows})
        except (NotBatchedError, JacobiansError):
            return None
        return {name: results[self.of, name] for name in self.wrt}

    def _one_by_one(self, rows: Mapping[str, Array], numbers: Array) -> dict[str, Array]:
        """Each sample through the model by itself."""
        found = {name: np.empty((len(numbers), *shape), self.dtype) for name, shape in self.shapes.items()}
        plan = self._plan(1, structured=False)
        for k, number in enumerate(numbers):
            try:
                results = plan({**self.fixed, **{name: v[k] for name, v in rows.items()}})
            except JacobiansError as error:
                raise type(error)(f"sample {number}: {error}") from None
            for name in self.wrt:
                found[name][k] = results[self.of, name]
        return found

    def _plan(self, n: int, structured: bool) -> Plan:
        """Of one sample, or of n together; every thread has its own, since a plan may change while it runs."""
        plans: dict[tuple[int, bool], Plan] = vars(self._threads).setdefault("plans", {})
        if (n, structured) not in plans:
            model = self.model if n == 1 else batched(self.model, frozenset(self.samples), n)
            samples = () if n == 1 else self.samples
            pairs = [(self.of, name) for name in self.wrt]
            plans[n, structured] = model.plan(pairs, samples=samples, structured=structured)
        return plans[n, structured]

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: all but the plans."""
        return {name: value for name, value in vars(self).items() if name != "_threads"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._threads = local()


def _of_array(values: Array, outputs: int) -> Jacobian:
    """A dense Jacobian, its first axes outputs."""
    labels = letters(INDICES, values.ndim)
    out, inp = labels[:outputs], labels[outputs:]
    return delta_einsum(f"{' '.join(labels)} -> {' '.join(out)} | {' '.join(inp)}", values)
