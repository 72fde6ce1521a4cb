"""How fast derivations are made and printed: `python benchmarks/derivations.py`.

A network of five layers in every style, the index form of every op's Jacobians, and all entries of the gradients of a
2-3-2 network in LaTeX, beside SymPy, which writes the network out, differentiates every entry and prints it.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sympy as sp

sys.path.insert(0, str(Path(__file__).parent.parent))

import jacobians as jac
import symbolic
from jacobians.claims.notated import Notated
from symbolic.derive import shapes_of
from symbolic.steps.derivation import STYLES

ROUNDS = 15


def milliseconds(make: Callable[[], object]) -> float:
    """The median over rounds, each from the model on; nothing is kept from one to the next."""
    make()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        make()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def styles() -> None:
    """The gradient by the first weights, made, and every line of it checked."""
    for style in STYLES:
        model = jac.mlp([3, 5, 2, 7, 11, 13])
        found = symbolic.derivation(model, "L", "W1", style=style)
        made = milliseconds(lambda s=style, m=model: symbolic.derivation(m, "L", "W1", style=s))  # type: ignore[misc]
        checked = milliseconds(found.check)
        lines = sum(len(part.steps) for part in found.parts)
        print(f"five layers, {style:13} {made:6.1f} ms   {lines:3} lines, checked in {checked:6.1f} ms")


def index_forms() -> None:
    """The index form of every Jacobian of every op by the terms of its rule, with the numbers that it is made from."""
    times = []
    for op in jac.OPS.values():
        inputs = op.sample(np.random.default_rng(0), shapes_of(op, None))
        for wrt in op.differentiable():
            start = time.perf_counter()
            op.jacobian(wrt, **inputs).latex("index")
            times.append(1e3 * (time.perf_counter() - start))
    below = sum(t < 20 for t in times)
    print(
        f"index form of an op: median {statistics.median(times):.1f} ms, {below} of {len(times)} below 20 ms, "
        f"at most {max(times):.0f} ms"
    )


def entries() -> list[str]:
    """All entries of the gradients by all parameters, as LaTeX."""
    found = symbolic.derivations(jac.mlp([2, 3, 2]), "L", ("W1", "b1", "W2", "b2"), entries=True)
    return [Notated(d.context, d.notation).latex(d.result) for d in found.values()]


def entries_by_sympy() -> list[str]:
    """The same by SymPy alone."""
    W1, b1, W2, b2 = (sp.Matrix(*shape, sp.symbols(f"{name}:{shape[0] * shape[1]}")) for name, shape in SHAPES.items())
    x, y = sp.Matrix(sp.symbols("x:2")), sp.Matrix(sp.symbols("y:2"))
    error = W2 * (W1 * x + b1).applyfunc(sp.tanh) + b2 - y
    loss = (error.T * error)[0] / 2
    return [sp.latex(p.applyfunc(lambda entry: sp.diff(loss, entry))) for p in (W1, b1, W2, b2)]


SHAPES = {"W1_": (3, 2), "b1_": (3, 1), "W2_": (2, 3), "b2_": (2, 1)}

if __name__ == "__main__":
    styles()
    index_forms()
    ours, theirs = milliseconds(entries), milliseconds(entries_by_sympy)
    print(f"all entries of a 2-3-2 network's gradients: {ours:.1f} ms; SymPy {theirs:.0f} ms, {theirs / ours:.1f} x")
