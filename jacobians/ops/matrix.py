"""Functions of one matrix: transpose, trace and diag relabel its axes; the rest have its inverse in their Jacobian.

All take leading batch axes, a stack of matrices, except Solve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.constructors import delta_einsum
from jacobians.errors import InputError, shape_error
from jacobians.jacobian import Jacobian
from jacobians.op import Op, OpenShape, Rule, Shape, Signature, term
from jacobians.terms import Array, as_array


class Transpose(Op):
    """Y = A^T.

    Shapes:    A (... i j) -> Y (... j i)
    Formula:   Y_ji = A_ij
    Jacobians: dY/dA = δ_ii' δ_jj'   (j i | i' j')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"A": "... i j"}
    output = "... j i"
    symbol = "Y"

    def compute(self, A: Array) -> Array:
        return np.swapaxes(A, -1, -2)

    def d_A(self) -> Rule:
        return term("-> ... j i | ... i j")


class Diag(Op):
    """Y = diag(x), the diagonal matrix of a vector.

    Shapes:    x (... i) -> Y (... i i)
    Formula:   Y_ij = delta_ij x_i
    Jacobians: dY/dx = δ_ii' δ_ii''   (i i' | i'')
    Source:    own derivation, checked by the contract test
    """

    inputs = {"x": "... i"}
    output = "... i i"
    symbol = "Y"

    def compute(self, x: Array) -> Array:
        Y = np.zeros((*x.shape, x.shape[-1]), x.dtype)
        np.einsum("...ii->...i", Y)[...] = x  # a writable view; a product with the identity would make inf * 0
        return Y

    def d_x(self) -> Rule:
        return term("-> ... i i | ... i")


class SquareMatrixOp(Op):
    """What the ops of a square matrix A share."""

    inputs = {"A": "... i i"}
    #: Whether the op is defined for invertible matrices only, invertible in the arithmetic of their type.
    needs_inverse = True

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        A = shapes["A"]
        if len(A) > 1 and None not in A[-2:] and A[-2] != A[-1]:
            labels = self.inputs["A"].split()
            raise shape_error(f"{self.label}.A", labels, (A[-2], A[-2]), A, "A must be square")
        return super().signature(shapes)

    def check(self, **inputs: Array) -> None:
        A = inputs["A"]
        n = A.shape[-1]
        if not self.needs_inverse or not np.all(np.isfinite(A)):
            return  # NaN and inf pass through
        ranks = np.linalg.matrix_rank(A)
        if np.any(ranks < n):
            raise InputError(
                f"{self.label}.A: expected an invertible matrix, got a singular one: rank {np.min(ranks)} for size "
                f"({n}, {n}) in {A.dtype} arithmetic; the rows of A have to be linearly independent"
            )

    def sample(self, rng: np.random.Generator, shapes: Mapping[str, Shape]) -> dict[str, Array]:
        """A diagonally dominant A, so well conditioned, that is not symmetric; its determinant may be negative."""
        inputs = super().sample(rng, shapes)
        n = shapes["A"][-1]
        signs = (-1.0) ** np.arange(n)
        return {**inputs, "A": rng.uniform(-1, 1, shapes["A"]) + (n + 1) * np.diag(signs)}

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        """Matrices of size 2 or 3: the entries of larger inverses are too long for a formula."""
        small = [n for n in sizes if n <= 3]
        return super().example_shapes([*small, *(n for n in sizes if n > 3)])


class Trace(SquareMatrixOp):
    """t = tr A.

    Shapes:    A (... i i) -> t (...)
    Formula:   t = sum_i A_ii
    Jacobians: dt/dA = δ_ii'   (| i i')
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eq. C.26
    """

    output = "..."
    symbol = "t"
    needs_inverse = False

    def compute(self, A: Array) -> Array:
        return as_array(np.trace(A, axis1=-2, axis2=-1))

    def d_A(self) -> Rule:
        return term("-> ... | ... i i")


class Inverse(SquareMatrixOp):
    """Y = A^-1.

    Shapes:    A (... i i) -> Y (... i i)
    Formula:   Y_ij = (-1)^(i+j) M_ji / det A with the minor M_ji, the determinant of A without row j and column i
    Jacobians: dY/dA = -Y_ik Y_lj   (i j | k l)
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eq. C.21, for one entry of A at a time
    """

    output = "... i i"
    symbol = "Y"

    def compute(self, A: Array) -> Array:
        return as_array(np.linalg.inv(A))

    def d_A(self, Y: Array) -> Rule:
        return term("... i k, ... l j -> ... i j | ... k l", ("Y", Y), ("Y", Y), coef=-1)


class Determinant(SquareMatrixOp):
    """D = det A.

    The Jacobian is the matrix of cofactors cof(A) = det(A) A^-T, which a singular matrix has as well.

    Shapes:    A (... i i) -> D (...)
    Formula:   D = sum_s sign(s) prod_i A[i, s_i] over all permutations s; cof(A) = D (A^-1)^T
    Jacobians: dD/dA = cof(A)_ij   (| i j)
    Source:    Magnus, Neudecker, "Matrix Differential Calculus" (2019), Jacobi's formula
    """

    output = "..."
    symbol = "D"
    needs_inverse = False

    def compute(self, A: Array) -> Array:
        with np.errstate(invalid="ignore"):  # NaN passes through
            return as_array(np.linalg.det(A))

    def d_A(self, A: Array) -> Rule:
        return term("... i j -> ... | ... i j", ("cof(A)", cofactors(A)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"cof(A)": (Cofactors(), {"A": "A"})}


class Cofactors(SquareMatrixOp):
    """C = cof(A), the slope of det(A)."""

    output = "... i i"
    symbol = "C"
    needs_inverse = False

    def compute(self, A: Array) -> Array:
        return cofactors(A)

    def d_A(self, A: Array) -> Rule:
        return term("... i j k l -> ... i j | ... k l", ("cof'(A)", cofactor_slopes(A)))

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        """It prints in the textbook's form where A is invertible, and is held as one factor that every A has."""
        held = super()._jacobian(wrt, arrays, signature, sizes)
        A = arrays["A"]
        if np.any(np.linalg.matrix_rank(A) < A.shape[-1]):
            return held
        n = " ".join(signature.axes)
        C, reciprocal = ("C", cofactors(A)), ("1/det(A)", 1 / np.linalg.det(A))
        straight = delta_einsum(f"{n}, {n} i j, {n} k l -> {n} i j | {n} k l", reciprocal, C, C)
        crossed = delta_einsum(f"{n}, {n} i l, {n} k j -> {n} i j | {n} k l", reciprocal, C, C)
        return Jacobian(held.terms, held.out_shape, held.in_shape, lambda: straight - crossed)


class LogDet(SquareMatrixOp):
    """y = log |det A|.

    Shapes:    A (... i i) -> y (...)
    Formula:   y = log |det A|
    Jacobians: dy/dA = (A^-1)_ji   (| i j)
    Source:    Bishop, "Pattern Recognition and Machine Learning" (2006), eq. C.28
    """

    name = "logdet"
    output = "..."

    def compute(self, A: Array) -> Array:
        with np.errstate(invalid="ignore"):  # NaN passes through
            sign, log_modulus = np.linalg.slogdet(A)
        if np.isrealobj(A):
            return as_array(log_modulus)
        # the analytic continuation of log |det A|: det A itself turned to the side of the positive real axis
        return as_array(log_modulus + np.log(sign * np.sign(sign.real)))

    def d_A(self, A: Array) -> Rule:
        return term("... j i -> ... | ... i j", ("A^-1", np.linalg.inv(A)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"A^-1": (Inverse(), {"A": "A"})}


class Solve(SquareMatrixOp):
    """y = A^-1 b, the solution of A y = b; b is a vector, or a matrix with one right-hand side per column.

    Shapes:    A (i i), b (i) -> y (i); b (i k) -> y (i k)
    Formula:   y_ik = det B_ik / det A with the matrix B_ik, which is A with column i replaced by column k of b
    Jacobians: dy/dA = -(A^-1)_ij y_l   (i | j l)
               dy/db = (A^-1)_ij         (i | j)
    Source:    Giles, "Collected Matrix Derivative Results for Forward and Reverse Mode AD" (2008); index form: own
    """

    inputs = {"A": "i i", "b": "i ..."}
    output = "i ..."
    letters = "k"

    def signature(self, shapes: Mapping[str, OpenShape]) -> Signature:
        if len(shapes["b"]) not in (1, 2):
            raise shape_error(f"{self.label}.b", ("i", "k"), (None, None), shapes["b"], "b is a vector or a matrix")
        return super().signature(shapes)

    def example_shapes(self, sizes: Sequence[int]) -> Sequence[Mapping[str, Shape]]:
        n, k = (m for m in sizes if m <= 3)
        return [{"A": (n, n), "b": (n,)}, {"A": (n, n), "b": (n, k)}]

    def compute(self, A: Array, b: Array) -> Array:
        return as_array(np.linalg.solve(A, b))

    def d_A(self, A: Array, y: Array) -> Rule:
        return term("i j, l ... -> i ... | j l", ("A^-1", np.linalg.inv(A)), ("y", y), coef=-1)

    def d_b(self, A: Array) -> Rule:
        return term("i j -> i ... | j ...", ("A^-1", np.linalg.inv(A)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"A^-1": (Inverse(), {"A": "A"})}


def cofactors(A: Array) -> Array:
    """The matrices of cofactors d det A / dA, from A = U diag(s) V: no division, so singular matrices have them too."""
    if not np.all(np.isfinite(A)):
        return np.full_like(A, np.nan)
    U, s, V = np.linalg.svd(A)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)  # the product of all but one
    sign = np.linalg.det(U) * np.linalg.det(V)
    return as_array(sign[..., None, None] * (U * others[..., None, :] @ V), A.dtype)


def cofactor_slopes(A: Array) -> Array:
    """The derivatives d cof(A)_ij / dA_kl, axes (..., i, j, k, l): minors of size n - 2, without a division too."""
    n = A.shape[-1]
    if not np.all(np.isfinite(A)):
        return np.full((*A.shape, n, n), np.nan)
    U, s, V = np.linalg.svd(A)
    one = np.eye(n, dtype=bool)
    left_out = one[:, None] | one  # [a, b, c]: whether c is a or b
    others = np.where(one, 0, np.prod(np.where(left_out, 1, s[..., None, None, :]), axis=-1))
    sign = np.linalg.det(U) * np.linalg.det(V)
    straight = np.einsum("...ab,...ia,...aj,...kb,...bl->...ijkl", others, U, V, U, V, optimize=True)
    crossed = np.einsum("...ab,...ia,...bj,...kb,...al->...ijkl", others, U, V, U, V, optimize=True)
    return as_array(sign[..., None, None, None, None] * (straight - crossed), A.dtype)


OPS: tuple[Op, ...] = (Transpose(), Diag(), Trace(), Inverse(), Determinant(), LogDet(), Solve())
