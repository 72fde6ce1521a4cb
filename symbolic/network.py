"""SymPy along a network at a point: it differentiates each op's formula, and plain dense products join the layers.

Other values than the one differentiated by enter the formulas as exact numbers. (Putting all formulas into one
expression would be purer, but SymPy then takes a fifth of a second for a single entry of a two-layer network.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from jacobians.checks import Replay, WitnessError
from jacobians.errors import FormError
from jacobians.node import Node
from jacobians.run import Run
from jacobians.terms import Array
from symbolic.derive import output_entries
from symbolic.scope import symbols

Entries = np.ndarray[Any, Any]

#: Digits that SymPy computes with.
DIGITS = 30
#: Formulas are written out only for Jacobians of an op with at most so many entries.
ENTRIES = 2_000
#: Most parts of formulas that all derivatives of one op go through; SymPy takes about 0.3 ms for each.
PARTS = 30_000


class SympyDerivatives:
    """The Jacobians of a run from SymPy; the derivatives of an op are found once."""

    def __init__(self, run: Run, limit: int) -> None:
        """`limit` is the most derivatives that it takes of one op by one input."""
        self.run, self.limit = run, limit
        self._local: dict[tuple[str, str], Array | WitnessError] = {}

    def jacobian(self, of: str, wrt: str) -> Array:
        """The Jacobian as numbers, of.shape + wrt.shape.

        Raises:
            WitnessError: an op on the way is too large, or has no formula with numbers.
        """
        shape = self.run.values[wrt].shape
        size = int(np.prod(shape, dtype=int))
        if size > ENTRIES:
            raise WitnessError(f"too large: {size:,} entries of {wrt} for SymPy")
        found = {wrt: np.eye(size).reshape(shape + shape)}
        for n in Replay(self.run, of, wrt).nodes:
            total = np.zeros(self.run.values[n.name].shape + shape)
            for key, source in n.sources.items():
                if source in found and key not in n.op.data:
                    total += np.tensordot(self._remembered(n, key), found[source], axes=self.run.values[source].ndim)
            found[n.name] = total
        return found[of] if of in found else np.zeros(self.run.values[of].shape + shape)

    def _remembered(self, n: Node, key: str) -> Array:
        if (n.name, key) not in self._local:
            try:
                self._local[n.name, key] = self._derivative(n, key)
            except WitnessError as error:
                self._local[n.name, key] = error
        found = self._local[n.name, key]
        if isinstance(found, WitnessError):
            raise found
        return found

    def _derivative(self, n: Node, key: str) -> Array:
        """d output / d one input of an op, from its formula; entries that do not meet are 0 without asking."""
        size = self.run.values[n.name].size * self.run.values[n.sources[key]].size
        if size > ENTRIES:
            raise WitnessError(f"too large: {size:,} entries for SymPy in {n.equation}")
        inputs = {k: numbers(self.run.values[s]) for k, s in n.sources.items()}
        point = inputs[key]
        inputs[key] = variable = symbols(key, point.shape)
        at = dict(zip(variable.flat, point.flat, strict=True))
        try:
            out = output_entries(n.op, inputs)
        except FormError:
            raise WitnessError(f"SymPy has no formula for {n.op.name}") from None
        free = {i: entry.free_symbols for i, entry in np.ndenumerate(out)}
        meeting = [(i, k) for i in free for k in np.ndindex(variable.shape) if variable[k] in free[i]]
        if len(meeting) > self.limit:
            raise WitnessError(f"too large: {len(meeting):,} derivatives for SymPy in {n.equation}")
        parts = {i: sum(1 for _ in sp.preorder_traversal(out[i])) for i in dict(meeting)}
        if (work := sum(parts[i] for i, _ in meeting)) > PARTS:
            raise WitnessError(f"too large: derivatives of formulas with {work:,} parts for SymPy in {n.equation}")
        result = np.zeros(out.shape + variable.shape)
        for i, k in meeting:
            result[i + k] = _number(sp.diff(out[i], variable[k]).xreplace(at))
        return result


def _number(expression: Any) -> float:
    value = sp.N(expression, DIGITS)
    if not value.is_finite or not value.is_real:
        raise WitnessError("SymPy: the derivative is not finite here")
    return float(value)


def numbers(values: Array) -> Entries:
    """An array as exact SymPy numbers."""
    result = np.empty(values.shape, object)
    for index in np.ndindex(values.shape):
        value = values[index]
        result[index] = sp.Integer(int(value)) if values.dtype.kind in "iub" else sp.Float(float(value), DIGITS)
    return result
