"""SymPy objects out: closed forms against SymPy's own differentiation, entry by entry."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import sympy as sp
import tasks
import timing
from sympy.core.cache import clear_cache
from table import Bar, quotient

import jacobians as jac
import symbolic

tanh = np.frompyfunc(sp.tanh, 1, 1)


def bars(quick: bool) -> Iterator[Bar]:
    n = 8 if quick else 32
    for what, ours, theirs, times in (
        (f"entries of d(Wx+b)/dW, {n} x {n}", *_linear(n), 100),
        ("all gradients of a 2-3-2 tanh net", *_network("L", (2, 3, 2), ("W1", "b1", "W2", "b2")), 15),
        ("output by W1 of a 4-8-8-3 net", *_network("z3", (4, 8, 8, 3), ("W1",)), 30),
    ):
        _same(ours(), theirs())
        rounds = (3, 1) if quick else (9, 3)
        ratio = quotient(*(_seconds(call, r) for call, r in zip((ours, theirs), rounds, strict=True)))
        yield Bar("symbolic", f"{what}, ours / derive_by_array", ratio, 1 / times)


def _symbols(name: str, shape: tuple[int, ...]) -> np.ndarray:
    found = np.empty(shape, object)
    for index in np.ndindex(shape):
        found[index] = sp.Symbol("_".join(map(str, (name, *index))))
    return found


def _derivative(f: Any, variable: np.ndarray) -> Any:
    """SymPy's answer with outputs first; its own axes are those of the variable first."""
    if not np.ndim(f):
        return sp.derive_by_array(f, sp.Array(variable))
    J, rank = sp.derive_by_array(sp.Array(f), sp.Array(variable)), variable.ndim
    return sp.permutedims(J, (*range(rank, J.rank()), *range(rank)))


def _linear(n: int) -> tuple[Callable[[], list[Any]], Callable[[], list[Any]]]:
    layer, (W, x, b) = jac.Linear(), (_symbols("W", (n, n)), _symbols("x", (n,)), _symbols("b", (n,)))
    sizes = {"o": n, "i": n}
    return lambda: [symbolic.entries(layer, "W", sizes)], lambda: [_derivative(W @ x + b, W)]


def _network(of: str, sizes: tuple[int, ...], wrt: tuple[str, ...]) -> tuple[Any, Any]:
    """One node by several leaves, of a tanh network with the sum of squares as its loss."""
    params, equations = tasks.network(sizes)
    shapes = {**params, "x": sizes[:1], "y": sizes[-1:]}
    last = len(sizes) - 1
    declared = [f"{name} : {' x '.join(map(str, shape))}" for name, shape in shapes.items()]
    model = jac.Model.parse("\n".join([*declared, *equations, f"L = squared_error(z{last}, y, half=false)"]))

    def theirs() -> list[Any]:
        leaves = {name: _symbols(name, shape) for name, shape in shapes.items()}
        a = leaves["x"]
        for k in range(1, last + 1):
            z = leaves[f"W{k}"] @ a + leaves[f"b{k}"]
            a = tanh(z)
        f = z if of != "L" else ((z - leaves["y"]) ** 2).sum()
        return [_derivative(f, leaves[name]) for name in wrt]

    return lambda: [symbolic.entries(model, of, name) for name in wrt], theirs


def _same(ours: list[Any], theirs: list[Any]) -> None:
    """Equal shapes, and equal numbers at a random point."""
    for J, K in zip(ours, theirs, strict=True):
        assert J.shape == K.shape, (J.shape, K.shape)
        names = sorted(J.free_symbols | K.free_symbols, key=str)
        values = np.random.default_rng(0).uniform(-1, 1, len(names))
        both = [sp.lambdify([names], list(A._array), "math")(values) for A in (J, K)]
        np.testing.assert_allclose(*both, rtol=1e-9, atol=1e-12)


def _seconds(call: Callable[[], object], rounds: int) -> float:
    """Median, with SymPy's cache empty at every start."""
    found = []
    for _ in range(rounds):
        clear_cache()
        start = timing.now()
        call()
        found.append(timing.now() - start)
    return statistics.median(found)
