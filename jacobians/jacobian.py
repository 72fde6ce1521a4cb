"""Jacobian: a sum of terms with the shapes of the output and the input, and everything a user asks of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from jacobians import settings
from jacobians.algebra import TermSum
from jacobians.dense import checked_out, dense_sum
from jacobians.errors import DenseLimitError, InputError, shape_error, shape_text
from jacobians.notebooks import InNotebooks
from jacobians.structure import entry, full_index, select
from jacobians.support import at_most, nonzeros
from jacobians.terms import Array, Factor, Labels, Term, real_array

if TYPE_CHECKING:
    from jacobians.forms import Kronecker
    from jacobians.measures import Norm
    from jacobians.pictures import Content, Kind
    from jacobians.pictures import Format as PictureFormat
    from jacobians.sparse import SparseFormat

Form = Literal["index", "tensor", "slices", "kronecker", "entries", "symbols", "stacked", "beside", "general"]
Vec = Literal["row", "column"]


class Jacobian(TermSum, InNotebooks):
    """A sum of terms with the shapes of the output and the input; the full Jacobian has shape out_shape + in_shape.

    Built by ops (`Linear().jacobian("W", ...)`), by `delta_einsum`, and from one another by `@`, `+`, `-`, `*`, `.T`.
    Its factors are the arrays that came in, not copies: changing such an array in place changes the Jacobian.
    """

    __slots__ = ()

    # ----- arithmetic -----

    def dense(self, limit: int | None = None, out: Array | None = None) -> Array:
        """The full array of shape out_shape + in_shape, outputs first; with `out`, written into that array.

        Structural zeros are pages that nobody touched: the array costs the memory of its bytes, the time of its nnz.

        Raises:
            DenseLimitError: the array would be larger than `limit` bytes (default `jacobians.settings.dense_limit`).
            ShapeError: `out` has not the shape of the Jacobian.
            InputError: `out` is of another type than `dtype`, read-only, or the memory of a factor.
        """
        if out is not None:
            return dense_sum(self.terms, self.shape, self.dtype, checked_out(out, self.terms, self.shape, self.dtype))
        self._guard(limit)
        return dense_sum(self.terms, self.shape, self.dtype)

    def _guard(self, limit: int | None) -> None:
        allowed = settings.dense_limit if limit is None else limit
        needed = self.size * self.dtype.itemsize
        if needed > allowed:
            raise DenseLimitError(
                f"dense: the array of shape {shape_text(self.out_shape)} | {shape_text(self.in_shape)} needs "
                f"{needed:,} bytes, the limit is {allowed:,}; "
                f"at most {at_most(self.terms, self.shape):,} of its {self.size:,} entries differ from zero. "
                "Ways out: J.apply(v) and J.pull(u) for products, J[i, k, l] for entries, J.terms for the factors; "
                "or dense(limit=...), jacobians.settings.dense_limit = ..."
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """np.asarray(J): the dense array.

        Raises:
            DenseLimitError: as `dense`.
            InputError: copy=False, since there is nothing to share memory with.
        """
        if copy is False:
            raise InputError("np.asarray(J, copy=False): the dense array has to be made; leave copy out")
        return self.dense() if dtype is None else self.dense().astype(dtype)

    def matrix(self, vec: Vec = "row", limit: int | None = None) -> Array:
        """The matrix vec(output) x vec(input); vec="row" runs over the last axis first, vec="column" over the first.

        Raises:
            DenseLimitError: as `dense`.
            InputError: another `vec`.
        """
        order = _vec_order(vec)
        dense = self.dense(limit)
        n = len(self.out_shape)
        axes = (*range(n)[::order], *range(n, dense.ndim)[::order])
        return dense.transpose(axes).reshape(math.prod(self.out_shape), math.prod(self.in_shape))

    def to_sparse(self, vec: Vec = "row", format: SparseFormat = "csr", limit: int | None = None) -> Any:
        """`matrix(vec)` as a `scipy.sparse` array (csr, csc or coo), made from the factors: memory as its non-zeros.

        It stores the `nnz` entries that the structure leaves, those that happen to be zero among them.

        Raises:
            DenseLimitError: the non-zeros would take more than `limit` bytes (default `settings.dense_limit`).
            InputError: another `vec` or `format`; SciPy is not installed (extra `sparse`).
        """
        from jacobians.sparse import sparse_matrix

        return sparse_matrix(self, _vec_order(vec), format, limit)

    def apply(self, v: ArrayLike) -> Array:
        """Jacobian times vector: v in the input's shape, the result in the output's; no dense tensor is built.

        Raises:
            ShapeError: v has not the input's shape.
        """
        vector = self._operand("apply", "v", v, self.in_shape, [t.inp for t in self.terms])
        terms = (Term((*t.factors, Factor(vector, t.inp, "v")), t.out, (), t.sizes, t.coef) for t in self.terms)
        return dense_sum(terms, self.out_shape, np.result_type(self.dtype, vector))

    def pull(self, u: ArrayLike) -> Array:
        """Vector times Jacobian: u in the output's shape, the result in the input's; no dense tensor is built.

        Raises:
            ShapeError: u has not the output's shape.
        """
        vector = self._operand("pull", "u", u, self.out_shape, [t.out for t in self.terms])
        terms = (Term((*t.factors, Factor(vector, t.out, "u")), (), t.inp, t.sizes, t.coef) for t in self.terms)
        return dense_sum(terms, self.in_shape, np.result_type(self.dtype, vector))

    def _operand(self, call: str, name: str, value: ArrayLike, shape: tuple[int, ...], labels: list[Labels]) -> Array:
        array = real_array(f"Jacobian.{call}({name})", value)
        if array.shape != shape:
            names = labels[0] if labels else tuple("?" * len(shape))
            raise shape_error(f"Jacobian.{call}({name})", names, shape, array.shape)
        return array

    # ----- structure -----

    def __getitem__(self, index: Any) -> Any:
        """`J[i, k, l]` is a number, `J[i]` and `J[:, k]` are Jacobians with fewer axes; the whole is never built.

        Raises:
            EntryError: an index out of range, too many of them, or neither integers nor slices.
        """
        full = full_index(index, self.shape)
        if (number := entry(self.terms, full, self.dtype)) is not None:
            return number
        n = len(self.out_shape)
        chosen = [t for term in self.terms if (t := select(term, full, n)) is not None]
        shape = [
            (axis, len(range(*k.indices(size))))
            for axis, (k, size) in enumerate(zip(full, self.shape, strict=True))
            if isinstance(k, slice)
        ]
        J = Jacobian(chosen, [m for axis, m in shape if axis < n], [m for axis, m in shape if axis >= n])
        return J if shape else J.dense()[()]

    @property
    def nnz(self) -> int:
        """The number of entries that the structure allows to differ from zero (deltas and 0/1 patterns); exact."""
        return nonzeros(self.terms, self.shape)

    @property
    def density(self) -> float:
        """nnz / size: the share of the entries that can differ from zero."""
        return self.nnz / self.size if self.size else 0.0

    def norm(self, kind: Norm = "frobenius", tolerance: float = 1e-10, iterations: int = 1000) -> float:
        """The "frobenius" norm (sum of J_oi^2)^1/2, the "spectral" norm max |J v| / |v|, or "max", max |J_oi|.

        From the factors where that loses no digits, else slab by slab, never from the whole array. The spectral norm of
        a large J comes from Lanczos steps with `apply` and `pull`, right up to `tolerance` (relative).

        Raises:
            ConvergenceError: the spectral norm needs more than `iterations` restarts.
            InputError: another `kind`; SciPy is not installed (extra `sparse`, for a large J's spectral norm).
        """
        from jacobians.measures import norm

        return norm(self, kind, tolerance, iterations)

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays it holds; the dense array takes size * dtype.itemsize."""
        return sum({id(f.value): f.value.nbytes for t in self.terms for f in t.factors}.values())

    def kronecker(self, vec: Vec = "row") -> Kronecker:
        """The matrix of `matrix(vec)` named as a Kronecker product, proved by evaluating it.

        Raises:
            FormError: it is no Kronecker product of named pieces.
            InputError: another `vec`.
        """
        from jacobians.forms import kronecker

        _vec_order(vec)
        return kronecker(self, vec)

    # ----- printing -----

    def latex(self, form: Form = "index", vec: Vec = "row") -> str:
        r"""LaTeX for math mode: index notation, tensor form, slices, Kronecker matrix, all entries.

        "entries" are numbers, "symbols" the cells of `matrix(vec)` written out: `w_1 w_2 w_3 0 0` (small ones only).
        "stacked" are the slices under one another, "beside" side by side; "general" is written in letters with dots,
        for letters as sizes: `x_1 & \cdots & x_n`.

        Raises:
            FormError: this Jacobian has no such form that is proved equal.
            InputError: an unknown form.
        """
        from jacobians import forms

        return forms.latex(self, form, vec)

    def text(self, form: Form = "index", vec: Vec = "row") -> str:
        """The same forms in plain text.

        Raises:
            FormError, InputError: as `latex`.
        """
        from jacobians import forms

        return forms.text(self, form, vec)

    def picture(
        self,
        kind: Kind = "blocks",
        format: PictureFormat = "svg",
        cells: Content = "numbers",
        of: str = "",
        wrt: str = "",
    ) -> str:
        """A picture as text, an `<svg>` element or a `tikzpicture`: its blocks of cells, or its tensor diagram.

        In "blocks" the entries that can differ from zero are coloured, rank 3 is drawn as slices in perspective, which
        `of` and `wrt` name; `cells` says what is written into them, where there are few: "numbers", "symbols", "none".
        "diagram" is Penrose's notation: factors are boxes, labels wires, outputs on the left, inputs on the right.

        Raises:
            FormError: too large for a picture, or no symbols for the cells.
            InputError: another `kind`, `format` or `cells`.
        """
        from jacobians.pictures import picture

        return picture(self, kind, format, cells, of, wrt)

    def _formats(self) -> Mapping[str, str]:
        from jacobians.notebooks import jacobian_formats

        return jacobian_formats(self)

    def __str__(self) -> str:
        """Index notation: `δ_oo' x_i`."""
        from jacobians.printing import index_text

        return index_text(self)

    def __repr__(self) -> str:
        """Shapes and patterns on one line."""
        patterns = "; ".join(t.pattern for t in self.terms) or "zero"
        return f"<Jacobian {shape_text(self.out_shape)} | {shape_text(self.in_shape)}: {patterns}>"


def _vec_order(vec: str) -> int:
    """1 for row-major, -1 for column-major."""
    if vec not in ("row", "column"):
        raise InputError(f"vec={vec!r}: expected 'row' (last axis runs first) or 'column' (first axis runs first)")
    return 1 if vec == "row" else -1
