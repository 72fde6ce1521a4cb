"""Times of what everybody meets first, medians of several runs; `python benchmarks/basics.py`.

Ratios stand beside the bare NumPy call that no implementation can do without.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import jacobians as jac
from jacobians.notation import parse

WIDTH = 10_000


def median(call: Callable[[], object], runs: int = 7, loops: int = 1) -> float:
    """Seconds a call takes: the median over the runs, after one that does not count."""
    call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(loops):
            call()
        times.append((time.perf_counter() - start) / loops)
    return statistics.median(times)


def row(what: str, seconds: float, bare: float | None = None) -> None:
    ratio = "" if bare is None else f"{seconds / bare:8.2f} x the bare call"
    print(f"{what:58}{seconds * 1e3:10.3f} ms{ratio}")


def process(*code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *code], check=True, capture_output=True)


def main() -> None:
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}\n")
    numpy_only = median(process("-c", "import numpy"))
    row("import numpy (a process)", numpy_only)
    row("import jacobians (a process)", median(process("-c", "import jacobians")), numpy_only)
    show = "import sys; sys.argv = ['jacobians', 'show', '--no-check']; from jacobians.cli import main; main()"
    row("jacobians show --no-check (a process)", median(process("-c", show)), numpy_only)

    row("parse 1/2 * norm(W2 @ tanh(W1 @ x + b1) + b2 - y)^2", median(lambda: parse(FORMULA), loops=100))
    model = jac.mlp([3, 4, 2])
    run = model.run(model.random_point(0))
    row("all Jacobians of 3-4-2 by every witness", median(lambda: run.check()))
    layer, small = jac.Linear(), {"x": np.ones(4), "W": np.ones((3, 4)), "b": np.ones(3)}
    row("Linear: Jacobian by W, 3 x 4, input checked", median(lambda: layer.jacobian("W", **small), loops=1000))

    x, V = np.random.default_rng(0).standard_normal(WIDTH), np.ones((WIDTH, WIDTH))
    big = {"x": x, "W": V, "b": np.zeros(WIDTH)}
    J = layer.jacobian("W", **big)
    row(f"Linear: Jacobian by W, {WIDTH} x {WIDTH}", median(lambda: layer.jacobian("W", **big), loops=100))
    row("  one entry of it", median(lambda: J[3, 3, 4], loops=100))
    row("  printed", median(lambda: str(J), loops=100))
    row("  applied to a matrix", median(lambda: J.apply(V)), median(lambda: V @ x))
    row("  pulled back", median(lambda: J.pull(x)), median(lambda: np.outer(x, x)))


FORMULA = "1/2 * norm(W2 @ tanh(W1 @ x + b1) + b2 - y)^2"

if __name__ == "__main__":
    main()
