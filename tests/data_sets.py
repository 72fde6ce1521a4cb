"""A small network and its data, the plain evaluation sample by sample, and a record of the chunks computed."""

from __future__ import annotations

import numpy as np

import jacobians as jac
from jacobians.per_sample import PerSample

N = 11
RNG = np.random.default_rng(7)
NETWORK = jac.mlp([5, 7, 3], loss="cross_entropy_index")
POINT = NETWORK.random_point(seed=1)
X, Y = RNG.standard_normal((N, 5)), RNG.integers(0, 3, N)


def one_by_one(model, of, wrt, samples, point):
    """The reference: the plain evaluation at every sample."""
    rows = range(len(next(iter(samples.values()))))
    runs = [model.run({**point, **{name: value[k] for name, value in samples.items()}}) for k in rows]
    return np.stack([run.jacobian(of, wrt).dense() for run in runs])


def network_array(wrt="W1", of="z2", **options):
    return NETWORK.jacobian_array(of, wrt, {"x": X}, point=POINT, **{"chunk": 4, **options})


def changed_array(**options):
    """The network array again, with something else in its place."""
    arguments = {"of": "z2", "wrt": "W1", "samples": {"x": X}, "point": POINT, "chunk": 4, **options}
    model = arguments.pop("model", NETWORK)
    return model.jacobian_array(arguments.pop("of"), arguments.pop("wrt"), arguments.pop("samples"), **arguments)


def recorded(monkeypatch):
    """The numbers of the samples of each chunk that is computed from now on."""
    found = []
    call = PerSample.__call__
    monkeypatch.setattr(PerSample, "__call__", lambda self, *a: (found.append(a[0].tolist()), call(self, *a))[1])
    return found
