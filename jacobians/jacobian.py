"""Jacobian: a sum of terms with the shapes of the output and the input, and everything a user asks of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from jacobians import settings
from jacobians.arithmetic import add_terms, contract
from jacobians.dense import dense_sum
from jacobians.errors import DenseLimitError, InputError, ShapeError, shape_error, shape_text
from jacobians.structure import full_index, nonzeros, select, ties
from jacobians.terms import Array, Factor, Labels, Term, common_dtype, letters, real_array

if TYPE_CHECKING:
    from jacobians.forms import Kronecker

Form = Literal["index", "tensor", "slices", "kronecker", "entries", "symbols"]
Vec = Literal["row", "column"]

#: Labels of axes that no op has named.
INDICES = "ijklmnopqrstuvwxyz"


class Jacobian:
    """A sum of terms with the shapes of the output and the input; the full Jacobian has shape out_shape + in_shape.

    Built by ops (`Linear().jacobian("W", ...)`), by `delta_einsum`, and from one another by `@`, `+`, `-`, `*`, `.T`.
    Its factors are the arrays that came in, not copies: changing such an array in place changes the Jacobian.
    """

    __slots__ = ("_shown", "in_shape", "out_shape", "terms")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # so that `array * J` asks J

    def __init__(
        self,
        terms: Iterable[Term],
        out_shape: Sequence[int],
        in_shape: Sequence[int],
        shown: Callable[[], Jacobian] | None = None,
    ) -> None:
        """Keep the terms; `shown` gives the uncontracted form that prints, where it differs."""
        self.terms = tuple(terms)
        self.out_shape, self.in_shape = tuple(out_shape), tuple(in_shape)
        self._shown: Jacobian | Callable[[], Jacobian] | None = shown

    @property
    def shape(self) -> tuple[int, ...]:
        """out_shape + in_shape."""
        return self.out_shape + self.in_shape

    @property
    def size(self) -> int:
        """The number of entries of the dense array."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, or float32 where every factor is."""
        return common_dtype(self.terms)

    @property
    def pattern(self) -> str:
        """`i -> o | o i`, a line per term."""
        return "\n".join(t.pattern for t in self.terms)

    @property
    def shown(self) -> Jacobian:
        """The form that prints: the named factors before any of them was multiplied; made once, when it is needed."""
        if self._shown is None:
            return self
        if not isinstance(self._shown, Jacobian):
            self._shown = self._shown()
        return self._shown

    @property
    def T(self) -> Jacobian:
        """Outputs and inputs exchanged: T[inputs | outputs]."""
        shown = _lazily(lambda: self.shown.T, self)
        return Jacobian((t.T for t in self.terms), self.in_shape, self.out_shape, shown)

    # ----- algebra: labels move, no array is multiplied -----

    def __matmul__(self, inner: Jacobian) -> Jacobian:
        """Chain rule: (outer @ inner)[o | i] = sum over p of outer[o | p] inner[p | i].

        Raises:
            ShapeError: the outer input's shape is not the inner output's.
        """
        if not isinstance(inner, Jacobian):
            return NotImplemented
        if self.in_shape != inner.out_shape:
            raise ShapeError(
                f"chain: the outer Jacobian takes inputs of shape {shape_text(self.in_shape)}, the inner one gives "
                f"outputs of shape {shape_text(inner.out_shape)}; the two must be equal"
            )
        terms = (a @ b for a in self.terms for b in inner.terms)
        shown = _lazily(lambda: self.shown @ inner.shown, self, inner)
        return Jacobian(terms, self.out_shape, inner.in_shape, shown)

    def __add__(self, other: Jacobian) -> Jacobian:
        """The sum of two Jacobians of one shape: their terms, one after the other.

        Raises:
            ShapeError: the shapes differ.
        """
        if not isinstance(other, Jacobian):
            return NotImplemented
        if (self.out_shape, self.in_shape) != (other.out_shape, other.in_shape):
            mine, theirs = (f"{shape_text(J.out_shape)} | {shape_text(J.in_shape)}" for J in (self, other))
            raise ShapeError(
                f"sum of Jacobians: the shapes {mine} and {theirs} differ; add only Jacobians of one shape"
            )
        shown = _lazily(lambda: self.shown + other.shown, self, other)
        return Jacobian(self.terms + other.terms, self.out_shape, self.in_shape, shown)

    def __mul__(self, scalar: float) -> Jacobian:
        """Every coefficient times a number.

        Raises:
            InputError: no real number.
        """
        number = _real("*", scalar)
        shown = _lazily(lambda: self.shown * number, self)
        terms = (replace(t, coef=t.coef * number) for t in self.terms)
        return Jacobian(terms, self.out_shape, self.in_shape, shown)

    __rmul__ = __mul__

    def __truediv__(self, scalar: float) -> Jacobian:
        """Every coefficient divided by a number.

        Raises:
            InputError: anything but a real number other than 0.
        """
        number = _real("/", scalar)
        if number == 0:
            raise InputError("Jacobian / 0: expected a number other than 0")
        return self * (1 / number)

    def __neg__(self) -> Jacobian:
        """-J."""
        return self * -1.0

    def __sub__(self, other: Jacobian) -> Jacobian:
        """J + (-K)."""
        return self + -other

    def __eq__(self, other: object) -> bool:
        """Equal shapes and, in any order, equal terms: label pattern, coefficient, factor arrays."""
        if not isinstance(other, Jacobian):
            return NotImplemented
        if (self.out_shape, self.in_shape) != (other.out_shape, other.in_shape) or len(self.terms) != len(other.terms):
            return False
        rest = list(other.terms)
        for term in self.terms:
            match = next((k for k, candidate in enumerate(rest) if term.same(candidate)), None)
            if match is None:
                return False
            del rest[match]
        return True

    def renamed(self, rename: Callable[[str], str]) -> Jacobian:
        """The same Jacobian with every factor called `rename(name)`."""
        terms = (
            replace(t, factors=tuple(Factor(f.value, f.labels, rename(f.name)) for f in t.factors)) for t in self.terms
        )
        shown = _lazily(lambda: self.shown.renamed(rename), self)
        return Jacobian(terms, self.out_shape, self.in_shape, shown)

    def lettered(self) -> Jacobian:
        """The same terms with their labels called i, j, k, ... in order: axes first, then hidden labels."""
        terms = []
        for t in self.terms:
            seen = tuple(dict.fromkeys((*t.out, *t.inp, *t.hidden)))
            terms.append(t.relabel(dict(zip(seen, letters(INDICES, len(seen)), strict=True))))
        return Jacobian(terms, self.out_shape, self.in_shape, _lazily(lambda: self.shown.lettered(), self))

    # ----- arithmetic -----

    def contract(self) -> Jacobian:
        """Hidden labels summed, deltas and outer products kept: the same value with the least arithmetic left."""
        return Jacobian(map(contract, self.terms), self.out_shape, self.in_shape, lambda: self.shown)

    def merge(self) -> Jacobian:
        """Contracted, and terms with equal deltas added into one: six stacked softmaxes, 64 terms, become 2."""
        groups: dict[tuple[int, ...], list[Term]] = {}
        for term in self.contract().terms:
            groups.setdefault(ties(term), []).append(term)
        terms = (add_terms(group) if len(group) > 1 else group[0] for group in groups.values())
        return Jacobian(terms, self.out_shape, self.in_shape, lambda: self.shown)

    def dense(self, limit: int | None = None) -> Array:
        """The full array of shape out_shape + in_shape, outputs first.

        Raises:
            DenseLimitError: the array would be larger than `limit` bytes (default `jacobians.settings.dense_limit`).
        """
        self._guard(limit)
        return dense_sum(self.terms, self.shape, self.dtype)

    def _guard(self, limit: int | None) -> None:
        allowed = settings.dense_limit if limit is None else limit
        needed = self.size * self.dtype.itemsize
        if needed > allowed:
            raise DenseLimitError(
                f"dense: the array of shape {shape_text(self.out_shape)} | {shape_text(self.in_shape)} needs "
                f"{needed:,} bytes, the limit is {allowed:,}; "
                f"at most {self.nnz:,} of its {self.size:,} entries differ from zero. "
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
        """The number of entries that the structure allows to differ from zero (deltas and 0/1 patterns)."""
        return nonzeros(self.terms, self.shape)

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
        """LaTeX for math mode: index notation, tensor form, slices, Kronecker matrix, all entries.

        "entries" are numbers, "symbols" the cells of `matrix(vec)` written out: `w_1 w_2 w_3 0 0` (small ones only).

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

    def __str__(self) -> str:
        """Index notation: `δ_oo' x_i`."""
        from jacobians.printing import index_text

        return index_text(self)

    def __repr__(self) -> str:
        """Shapes and patterns on one line."""
        patterns = "; ".join(t.pattern for t in self.terms) or "zero"
        return f"<Jacobian {shape_text(self.out_shape)} | {shape_text(self.in_shape)}: {patterns}>"


def _lazily(shown: Callable[[], Jacobian], *parts: Jacobian) -> Callable[[], Jacobian] | None:
    """`shown`, the printed form made of the parts' printed forms; None where all parts print as they are."""
    return shown if any(J._shown is not None for J in parts) else None


def _real(sign: str, scalar: object) -> float:
    """The number beside a Jacobian and a sign."""
    if isinstance(scalar, Jacobian) or np.ndim(scalar) != 0 or np.asarray(scalar).dtype.kind not in "biuf":  # type: ignore[arg-type]
        raise InputError(
            f"Jacobian {sign} {type(scalar).__name__}: expected a real number; for the product of Jacobians write J @ K"
        )
    return float(scalar)  # type: ignore[arg-type]


def _vec_order(vec: str) -> int:
    """1 for row-major, -1 for column-major."""
    if vec not in ("row", "column"):
        raise InputError(f"vec={vec!r}: expected 'row' (last axis runs first) or 'column' (first axis runs first)")
    return 1 if vec == "row" else -1
