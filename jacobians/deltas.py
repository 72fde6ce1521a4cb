"""The textbook's delta-formulas of a layered network, entry by entry: the second opinion on the algebra of terms.

With z^(k) = W^(k) a^(k-1) + b^(k), a^(k) = g(z^(k)) and a loss l of the last activation, delta^(k)_j = dl/dz^(k)_j is

    delta^(L)_j = dl/da_j g'(z_j)                          the last layer, g elementwise
    delta^(L)_j = sum_i dl/da_i da_i/dz_j                  the last layer, any g, as softmax
    delta^(k)_j = sum_i delta^(k+1)_i W^(k+1)_ij g'(z_j)   from layer to layer, back to front
    dl/dW_ji = a^(k-1)_i delta^(k)_j,   dl/db_j = delta^(k)_j

Written with loops over entries. dl/da and g' come from a table of textbook derivatives or from the forward pass
(complex step, central differences), never from the rules of the ops.

Source: Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2, equations BP1 to BP4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from jacobians.checks import Replay, derivative, unit
from jacobians.layers import Layer, elementwise_between, find_layers, last_activation
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.run import Run


def _sigmoid_slope(z: float) -> float:
    e = math.exp(-abs(z))  # sigma'(z) = sigma(z) (1 - sigma(z)), symmetric, without overflow or cancellation
    return e / (1 + e) ** 2


#: g'(z) of the textbook's activations.
SLOPES: dict[str, Callable[[float], float]] = {
    "identity": lambda z: 1.0,
    "sigmoid": _sigmoid_slope,
    "tanh": lambda z: 4 * _sigmoid_slope(2 * z),
    "relu": lambda z: 1.0 if z > 0 else 0.0,
}


def deltas(run: Run, loss: str | None = None) -> dict[str, Array]:
    """{"z1": dl/dz1, ...} for every pre-activation; the loss is the model's last node where not given.

    Raises:
        ModelError: the model is not a layered network of single samples; the message says why.
    """
    return dict(DeltaFormulas(run, loss).signals)


def delta_gradients(run: Run, loss: str | None = None) -> dict[str, Array]:
    """{"W1": dl/dW1, "b1": dl/db1, ...} by the same formulas.

    Raises:
        ModelError: as `deltas`.
    """
    return DeltaFormulas(run, loss).gradients()


class DeltaFormulas:
    """One sweep of the recursion, back to front."""

    def __init__(self, run: Run, loss: str | None = None) -> None:
        """Find the layers and compute every delta."""
        self.run, self.loss = run, loss or run.model.output
        run.model.require(self.loss, "deltas")
        self.layers: list[Layer] = find_layers(run.model, self.loss)
        #: False where a central difference took part, so that about 10 digits hold instead of 15.
        self.exact = True
        #: Name of a pre-activation -> its delta.
        self.signals: dict[str, Array] = self._sweep()

    def _sweep(self) -> dict[str, Array]:
        last = self.layers[-1]
        a = last_activation(self.run.model, last.z, self.loss)
        slopes_of_loss = [float(self._partials(self.loss, a, i)) for i in range(self.run.values[a].size)]
        delta = self._through_activation(last.z, a, slopes_of_loss)
        found = {last.z: delta}
        for upper, lower in itertools.pairwise(reversed(self.layers)):
            W = self.run.values[upper.W]
            rows, columns = W.shape
            arriving = [sum(delta[i] * float(W[i, j]) for i in range(rows)) for j in range(columns)]
            delta = found[lower.z] = self._through_activation(lower.z, upper.source, arriving)
        return {layer.z: np.array(found[layer.z]) for layer in self.layers}

    def _through_activation(self, z: str, a: str, arriving: Sequence[float]) -> list[float]:
        """From dl/da to dl/dz."""
        if z == a:
            return list(arriving)
        model, values = self.run.model, self.run.values[z]
        slope = SLOPES.get(model.nodes[a].op.name) if [*model.nodes[a].sources.values()] == [z] else None
        if slope is not None:
            return [arriving[j] * slope(float(values[j])) for j in range(values.size)]
        if elementwise_between(model, a, z):
            return [arriving[j] * float(self._partials(a, z, j)[j]) for j in range(values.size)]
        columns = [self._partials(a, z, j) for j in range(values.size)]
        return [sum(arriving[i] * float(da[i]) for i in range(len(arriving))) for da in columns]

    def _partials(self, of: str, wrt: str, j: int) -> Array:
        """d of_i / d wrt_j for every i, from the forward pass."""
        replay = Replay(self.run, of, wrt)
        self.exact = self.exact and not replay.not_analytic
        return derivative(replay, [unit(self.run.values[wrt].shape, (j,))])[..., 0]

    def gradients(self) -> dict[str, Array]:
        """dl/dW and dl/db of every layer."""
        found: dict[str, Array] = {}
        for layer in self.layers:
            a, delta = self.run.values[layer.source], self.signals[layer.z]
            slopes = np.empty((delta.size, a.size))
            for j, i in np.ndindex(slopes.shape):
                slopes[j, i] = a[i] * delta[j]
            found[layer.W] = slopes
            if layer.b:
                found[layer.b] = np.array([delta[j] for j in range(delta.size)])
        return found
