"""Products: the derivative by one factor is the other factor, with a delta for each label that the other one lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import shape_error
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.terms import Array, as_array, letters, parse_pattern


class Matmul(Op):
    """C = A B.

    Each of A, B is a vector, a matrix or a stack of matrices with leading batch axes; where both are stacks, their
    batch axes are the same.

    Shapes:    A (... i j), B (... j k) -> C (... i k); a vector A (j) or B (j) leaves out i or k
    Formula:   C_ik = sum_j A_ij B_jk
    Jacobians: dC/dA = δ_ii' B_jk   (i k | i' j)
               dC/dB = δ_kk' A_ij   (i k | j k')
    Source:    Giles, "Collected Matrix Derivative Results for Forward and Reverse Mode AD" (2008); index form: own
    """

    inputs = {"A": "... i j", "B": "... j k"}
    output = "... i k"
    symbol = "C"

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        for name, labels in (("A", "ij"), ("B", "jk")):
            if not shapes[name]:
                raise shape_error(
                    f"{self.label}.{name}", tuple(labels), (None, None), (), "scale multiplies by a scalar"
                )
        ranks = len(shapes["A"]), len(shapes["B"])
        batch = letters(self.letters, max(*ranks, 2) - 2)
        A, B, C = _matmul_labels(*ranks)
        (a, b), c, _ = parse_pattern(f"{A}, {B} -> {C} |", batch)
        return Signature({"A": a, "B": b}, c, batch)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        i, j, k, n, m = sizes
        vectors: list[tuple[Shape, Shape]] = [((i, j), (j,)), ((j,), (j, k)), ((j,), (j,))]
        stacks: list[tuple[Shape, Shape]] = [((n, i, j), (n, j, k)), ((n, m, i, j), (j,)), ((i, j), (n, j, k))]
        return [{"A": a, "B": b} for a, b in [((i, j), (j, k)), *vectors, *stacks]]

    def compute(self, A: Array, B: Array) -> Array:
        return as_array(A @ B)

    def d_A(self, A: Array, B: Array) -> Rule:
        a, b, c = _matmul_labels(A.ndim, B.ndim)
        return term(f"{b} -> {c} | {a}", ("B", B))

    def d_B(self, A: Array, B: Array) -> Rule:
        a, b, c = _matmul_labels(A.ndim, B.ndim)
        return term(f"{a} -> {c} | {b}", ("A", A))


def _matmul_labels(rank_a: int, rank_b: int) -> tuple[str, str, str]:
    """The labels of A, of B and of A B: a vector has j only, a stack has batch axes in front."""
    a = "... " * (rank_a > 2) + "i " * (rank_a > 1)
    b = "... " * (rank_b > 2)
    k = "k" * (rank_b > 1)
    return f"{a}j", f"{b}j {k}", "... " * (max(rank_a, rank_b) > 2) + "i " * (rank_a > 1) + k


class Outer(Op):
    """A = x y^T.

    Shapes:    x (... i), y (... j) -> A (... i j)
    Formula:   A_ij = x_i y_j
    Jacobians: dA/dx = δ_ii' y_j   (i j | i')
               dA/dy = δ_jj' x_i   (i j | j')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i", "y": "... j"}
    output = "... i j"
    symbol = "A"

    def compute(self, x: Array, y: Array) -> Array:
        return x[..., :, None] * y[..., None, :]

    def d_x(self, y: Array) -> Rule:
        return term("... j -> ... i j | ... i", ("y", y))

    def d_y(self, x: Array) -> Rule:
        return term("... i -> ... i j | ... j", ("x", x))


class Inner(Op):
    """s = x^T y.

    Shapes:    x (... i), y (... i) -> s (...)
    Formula:   s = sum_i x_i y_i
    Jacobians: ds/dx = y_i   (| i)
               ds/dy = x_i   (| i)
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i", "y": "... i"}
    output = "..."
    symbol = "s"

    def compute(self, x: Array, y: Array) -> Array:
        return as_array(np.sum(x * y, axis=-1))

    def d_x(self, y: Array) -> Rule:
        return term("... i -> ... | ... i", ("y", y))

    def d_y(self, x: Array) -> Rule:
        return term("... i -> ... | ... i", ("x", x))


class Quadratic(Op):
    """q = x^T A x, with any square A: symmetric or not.

    Shapes:    x (... i), A (i i) -> q (...)
    Formula:   q = sum_i sum_j x_i A_ij x_j
    Jacobians: dq/dx = Σ_j A_ij x_j + Σ_j A_ji x_j   (| i)
               dq/dA = x_i x_j                       (| i j)
    Source:    Petersen, Pedersen, "The Matrix Cookbook" (2012), eqs. 72 and 81
    """

    inputs = {"x": "... i", "A": "i i"}
    output = "..."
    symbol = "q"

    def compute(self, x: Array, A: Array) -> Array:
        return as_array(np.sum(x @ A * x, axis=-1))

    def d_x(self, x: Array, A: Array) -> Sequence[Rule]:
        return [
            term("i j, ... j -> ... | ... i", ("A", A), ("x", x)),
            term("j i, ... j -> ... | ... i", ("A", A), ("x", x)),
        ]

    def d_A(self, x: Array) -> Rule:
        return term("... i, ... j -> ... | i j", ("x", x), ("x", x))


class Bilinear(Op):
    """y_k = x1^T A_k x2 + b_k, with a matrix A_k for every output; bias=False leaves b out.

    Shapes:    x1 (... i), x2 (... j), A (k i j), b (k) -> y (... k)
    Formula:   y_k = sum_i sum_j x1_i A_kij x2_j + b_k
    Jacobians: dy/dx1 = Σ_j A_kij x2_j        (k | i)
               dy/dx2 = Σ_i x1_i A_kij        (k | j)
               dy/dA = δ_kk' x1_i x2_j        (k | k' i j)
               dy/db = δ_kk'                  (k | k')
    Source:    torch.nn.Bilinear; Petersen, Pedersen, "The Matrix Cookbook" (2012), eqs. 70 and 71, for each k
    """

    inputs = {"x1": "... i", "x2": "... j", "A": "k i j", "b": "k"}
    output = "... k"
    optional = {"b": "bias"}

    def __init__(self, bias: bool = True) -> None:
        """Choose whether there is a bias."""
        self.bias = bias

    def compute(self, x1: Array, x2: Array, A: Array, b: Array | None = None) -> Array:
        y = np.einsum("...i,kij,...j->...k", x1, A, x2, optimize=True)
        return as_array(y if b is None else y + b)

    def d_x1(self, x2: Array, A: Array) -> Rule:
        return term("k i j, ... j -> ... k | ... i", ("A", A), ("x2", x2))

    def d_x2(self, x1: Array, A: Array) -> Rule:
        return term("... i, k i j -> ... k | ... j", ("x1", x1), ("A", A))

    def d_A(self, x1: Array, x2: Array) -> Rule:
        return term("... i, ... j -> ... k | k i j", ("x1", x1), ("x2", x2))

    def d_b(self) -> Rule:
        return term("-> ... k | k")

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(bias=False))


OPS: tuple[Op, ...] = (Matmul(), Outer(), Inner(), Quadratic(), Bilinear())
