"""Index formulas, one per op of `jacobians/ops/matrix.py`.

Determinant, inverse, logdet and solve are written out entry by entry, so they need a number for the size of A; the
entries grow with its factorial, sizes up to 3 are fast.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import sympy as sp

from jacobians.errors import FormError
from symbolic.scope import Scope


def transpose(s: Scope, *index: Any) -> Any:
    """Y_ji = A_ij."""
    *n, j, i = index
    return s.A[*n, i, j]


def diag(s: Scope, *index: Any) -> Any:
    """Y_ij = delta_ij x_i."""
    *n, i, j = index
    return sp.KroneckerDelta(i, j) * s.x[*n, i]


def trace(s: Scope, *n: Any) -> Any:
    """t = sum_i A_ii."""
    return s.sum("i", lambda i: s.A[*n, i, i])


def determinant(s: Scope, *n: Any) -> Any:
    """D = sum over permutations p of sign(p) prod_i A_{i p(i)}; for a given size."""
    return _det(_rows(s, n))


def logdet(s: Scope, *n: Any) -> Any:
    """y = log |det A|, written log((det A)^2) / 2 for real A; for a given size."""
    return sp.log(determinant(s, *n) ** 2) / 2


def inverse(s: Scope, *index: Any) -> Any:
    """Y_ij = (-1)^(i+j) det(A without row j and column i) / det A; for a given size."""
    *n, i, j = index
    return cofactor(s, *n, j, i) / _det(_rows(s, n))


def cofactor(s: Scope, *index: Any) -> Any:
    """C_ij = (-1)^(i+j) det(A without row i and column j); for a given size."""
    *n, i, j = index
    minor = [row[:j] + row[j + 1 :] for k, row in enumerate(_rows(s, n)) if k != i]
    return (-1) ** (i + j) * _det(minor)


def solve(s: Scope, *index: Any) -> Any:
    """y_ik = det(A with column i replaced by column k of b) / det A, Cramer's rule; for a given size."""
    i, *k = index
    rows = _rows(s, ())
    replaced = [[*row[:i], s.b[m, *k], *row[i + 1 :]] for m, row in enumerate(rows)]
    return _det(replaced) / _det(rows)


def _rows(s: Scope, n: Sequence[Any]) -> list[list[Any]]:
    """The entries of the matrix A."""
    size = s.size("i")
    if not size.is_Integer:
        raise FormError(f"{s.op.label}: expected a number for the size of A, got {size}; give the sizes, as in i = 3")
    return [[s.A[*n, i, j] for j in range(size)] for i in range(size)]


def _det(rows: list[list[Any]]) -> Any:
    """Leibniz's formula."""
    return sp.Add(
        *(
            sp.LeviCivita(*columns) * sp.Mul(*(row[j] for row, j in zip(rows, columns, strict=True)))
            for columns in itertools.permutations(range(len(rows)))
        )
    )


FORMULAS: dict[str, Callable[..., Any]] = {
    "transpose": transpose,
    "diag": diag,
    "trace": trace,
    "determinant": determinant,
    "inverse": inverse,
    "logdet": logdet,
    "solve": solve,
}
