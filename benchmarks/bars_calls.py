"""What everybody meets first: the import, and the call of an op on small arrays."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import timing
from table import Bar

import jacobians as jac


def bars(quick: bool) -> Iterator[Bar]:
    layer, rng = jac.Linear(), np.random.default_rng(0)
    inputs = {"x": rng.standard_normal(4), "W": rng.standard_normal((3, 4)), "b": rng.standard_normal(3)}
    seconds = timing.median(lambda: layer.jacobian("W", **inputs), 0.2 if quick else 2)
    yield Bar("calls", "Linear().jacobian('W'), 3 x 4, µs", seconds * 1e6, 15)
    yield Bar("calls", "import jacobians, more than numpy, s", _import_time(5 if quick else 21), 0.05)


def _import_time(runs: int) -> float:
    """Seconds of a process that imports jacobians beyond one that imports NumPy: the least of each, in turns."""
    pairs = [(_process("import jacobians"), _process("import numpy")) for _ in range(runs)]
    return min(ours for ours, _ in pairs) - min(bare for _, bare in pairs)


def _process(code: str) -> float:
    start = timing.now()
    subprocess.run([sys.executable, "-c", code], check=True)
    return timing.now() - start
