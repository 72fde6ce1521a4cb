"""Seconds for entries in symbols: this package, SymPy's `derive_by_array`, and closed forms written by hand.

All three give SymPy arrays. SymPy's cache is cleared before every call, and the three take turns; the least of several
counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import sympy as sp
from sympy.core.cache import clear_cache

import jacobians as jac
import symbolic

Call = Callable[[], object]
Arrays = Mapping[str, np.ndarray]
#: Ours, SymPy's, by hand.
Row = tuple[float, float, float]

#: What SymPy and the closed forms start from has no assumptions, which makes them faster; ours are real.
TANH = np.frompyfunc(sp.tanh, 1, 1)


def symbols(name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(shape, object)
    for k in np.ndindex(shape):
        array[k] = sp.Symbol("_".join([name, *map(str, k)]))
    return array


def leaves(model: jac.Model) -> dict[str, np.ndarray]:
    return {name: symbols(name, shape) for name, shape in model.leaves.items()}


def nd_array(entries: np.ndarray) -> object:
    return sp.ImmutableDenseNDimArray(list(entries.flat), entries.shape)


def by_sympy(output: np.ndarray, variable: np.ndarray) -> object:
    """Outputs first, as everywhere here."""
    if output.ndim == 0:
        return sp.derive_by_array(output[()], sp.Array(variable))
    n = variable.ndim
    J = sp.derive_by_array(sp.Array(output), sp.Array(variable))
    return sp.permutedims(J, [*range(n, J.rank()), *range(n)])


# ----- the tasks -----


def linear(m: int) -> tuple[Call, Call, Call]:
    """d(W x + b)/dW, m x m."""
    W, x, b = symbols("W", (m, m)), symbols("x", (m,)), symbols("b", (m,))

    def by_hand() -> object:
        J = np.full((m, m, m), sp.S.Zero)
        J[np.arange(m), np.arange(m)] = x
        return nd_array(J)

    return (
        lambda: symbolic.entries(jac.Linear(), "W", {"o": m, "i": m}),
        lambda: by_sympy(W @ x + b, W),
        by_hand,
    )


def gradients() -> tuple[Call, Call, Call]:
    """All gradients of a 2-3-2 tanh network with the squared error."""
    model = jac.Model.parse(NETWORK_232)
    s = leaves(model)
    parameters = ("W1", "b1", "W2", "b2")

    def by_derivatives() -> object:
        e = s["W2"] @ TANH(s["W1"] @ s["x"] + s["b1"]) + s["b2"] - s["y"]
        return [by_sympy(np.array(e @ e, object), s[name]) for name in parameters]

    def by_hand() -> object:
        a = TANH(s["W1"] @ s["x"] + s["b1"])
        d2 = 2 * (s["W2"] @ a + s["b2"] - s["y"])
        d1 = (s["W2"].T @ d2) * (1 - a**2)
        return [nd_array(J) for J in (np.outer(d1, s["x"]), d1, np.outer(d2, a), d2)]

    return lambda: symbolic.entries_of(model, "L", parameters, shared=False), by_derivatives, by_hand


def output_by_first_weights() -> tuple[Call, Call, Call]:
    """d output / d W1 of a 4-8-8-3 tanh network."""
    model = jac.Model.parse(NETWORK_4883)
    s = leaves(model)

    def layers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        a1 = TANH(s["W1"] @ s["x"] + s["b1"])
        a2 = TANH(s["W2"] @ a1 + s["b2"])
        return a1, a2, s["W3"] @ a2 + s["b3"]

    def by_hand() -> object:
        a1 = TANH(s["W1"] @ s["x"] + s["b1"])
        a2 = TANH(s["W2"] @ a1 + s["b2"])
        d1 = ((s["W3"] * (1 - a2**2)) @ s["W2"]) * (1 - a1**2)
        return nd_array(d1[:, :, None] * s["x"])

    return lambda: symbolic.entries_of(model, "z3", "W1", shared=False), lambda: by_sympy(layers()[2], s["W1"]), by_hand


NETWORK_232 = """
x : 2
y : 2
W1 : 3 x 2
b1 : 3
W2 : 2 x 3
b2 : 2
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1 + b2
L = norm(z2 - y)^2
"""

NETWORK_4883 = """
x : 4
W1 : 8 x 4
b1 : 8
W2 : 8 x 8
b2 : 8
W3 : 3 x 8
b3 : 3
z1 = W1 @ x + b1
a1 = tanh(z1)
z2 = W2 @ a1 + b2
a2 = tanh(z2)
z3 = W3 @ a2 + b3
"""

TASKS: dict[str, Callable[[], tuple[Call, Call, Call]]] = {
    "d(W x + b)/dW, 32 x 32": lambda: linear(32),
    "all gradients, 2-3-2": gradients,
    "output by W1, 4-8-8-3": output_by_first_weights,
}


# ----- timing -----


def seconds(call: Call) -> float:
    clear_cache()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def rows(repeats: int = 7) -> dict[str, Row]:
    """Task -> seconds: ours, SymPy's `derive_by_array`, closed forms by hand."""
    found = {}
    for name, task in TASKS.items():
        ours, sympy, hand = task()
        ours()  # slopes of activations are found once in a process, as everybody's rules are written once
        times = [(seconds(ours), seconds(sympy), seconds(hand)) for _ in range(repeats)]
        a, b, c = (min(column) for column in zip(*times, strict=True))
        found[name] = (a, b, c)
    return found


def main() -> None:
    for name, (ours, sympy, hand) in rows().items():
        print(
            f"{name:26} ours {ours * 1e3:8.1f} ms   SymPy {sympy * 1e3:8.1f} ms = {sympy / ours:6.1f} x   "
            f"by hand {hand * 1e3:7.1f} ms"
        )


if __name__ == "__main__":
    main()
