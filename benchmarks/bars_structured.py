"""The Jacobian of W x + b by a W of 10,000 x 10,000: factors instead of 8 terabytes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import numpy as np
import timing
from table import Bar

import jacobians as jac


def bars(quick: bool) -> Iterator[Bar]:
    n = 2_000 if quick else 10_000
    rng, layer = np.random.default_rng(0), jac.Linear()
    x, b, u = rng.standard_normal((3, n))
    W = rng.standard_normal((n, n))

    def create() -> jac.Jacobian:
        return layer.jacobian("W", x=x, W=W, b=b)

    J = create()
    np.testing.assert_allclose(J.apply(W), W @ x)
    np.testing.assert_allclose(J.pull(u), np.outer(u, x))
    where = f"Jacobian by W, {n:,} x {n:,}"
    yield Bar(where, "create, µs", timing.median(create) * 1e6, 50)
    yield Bar(where, "create, MB", _allocated(create) / 1e6, 1)
    rounds = 3 if quick else 7
    yield Bar(where, "apply / V @ x", timing.ratio(lambda: J.apply(W), lambda: W @ x, rounds), 1.2)
    yield Bar(where, "pull / np.outer(u, x)", timing.ratio(lambda: J.pull(u), lambda: np.outer(u, x), rounds), 1.2)


def _allocated(call: timing.Call) -> int:
    """Bytes alive at most during a call, as NumPy and Python asked for them."""
    tracemalloc.start()
    result = call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak
