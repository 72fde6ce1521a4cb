"""SymPy objects out: ours against SymPy's own differentiation, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator

import symbolic_rows
from table import Bar, quotient

#: How many times faster than `derive_by_array`.
TIMES = {"d(W x + b)/dW, 32 x 32": 100, "all gradients, 2-3-2": 15, "output by W1, 4-8-8-3": 30}


def bars(quick: bool) -> Iterator[Bar]:
    for what, (ours, sympy, _) in symbolic_rows.rows(1 if quick else 5).items():
        yield Bar("symbolic", f"{what}: ours / derive_by_array", quotient(ours, sympy), 1 / TIMES[what])
