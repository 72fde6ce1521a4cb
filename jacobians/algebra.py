"""The algebra of sums of delta-einsum terms: what moves labels, and the arithmetic that keeps deltas as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

import numpy as np

from jacobians.arithmetic import add_terms, contract
from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.structure import ties
from jacobians.terms import Factor, Term, common_dtype, letters

#: Labels of axes that no op has named.
INDICES = "ijklmnopqrstuvwxyz"

S = TypeVar("S", bound="TermSum")


class TermSum:
    """A sum of terms with the shapes of the output and the input, closed under `@`, `+`, `-`, `*` and `.T`."""

    __slots__ = ("_shown", "in_shape", "out_shape", "terms")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None  # so that `array * J` asks J

    def __init__(
        self,
        terms: Iterable[Term],
        out_shape: Sequence[int],
        in_shape: Sequence[int],
        shown: Callable[[], Self] | None = None,
    ) -> None:
        """Keep the terms; `shown` gives the uncontracted form that prints, where it differs."""
        self.terms = tuple(terms)
        self.out_shape, self.in_shape = tuple(out_shape), tuple(in_shape)
        self._shown: Self | Callable[[], Self] | None = shown

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
    def shown(self) -> Self:
        """The form that prints: the named factors before any of them was multiplied; made once, when it is needed."""
        if self._shown is None:
            return self
        if not isinstance(self._shown, TermSum):
            self._shown = self._shown()
        return self._shown

    @property
    def T(self) -> Self:
        """Outputs and inputs exchanged: T[inputs | outputs]."""
        shown = _lazily(lambda: self.shown.T, self)
        return type(self)((t.T for t in self.terms), self.in_shape, self.out_shape, shown)

    # ----- algebra: labels move, no array is multiplied -----

    def __matmul__(self, inner: Self) -> Self:
        """Chain rule: (outer @ inner)[o | i] = sum over p of outer[o | p] inner[p | i].

        Raises:
            ShapeError: the outer input's shape is not the inner output's.
        """
        if not isinstance(inner, TermSum):
            return NotImplemented
        if self.in_shape != inner.out_shape:
            raise ShapeError(
                f"chain: the outer Jacobian takes inputs of shape {shape_text(self.in_shape)}, the inner one gives "
                f"outputs of shape {shape_text(inner.out_shape)}; the two must be equal"
            )
        terms = (a @ b for a in self.terms for b in inner.terms)
        shown = _lazily(lambda: self.shown @ inner.shown, self, inner)
        return type(self)(terms, self.out_shape, inner.in_shape, shown)

    def __add__(self, other: Self) -> Self:
        """The sum of two Jacobians of one shape: their terms, one after the other.

        Raises:
            ShapeError: the shapes differ.
        """
        if not isinstance(other, TermSum):
            return NotImplemented
        if (self.out_shape, self.in_shape) != (other.out_shape, other.in_shape):
            mine, theirs = (f"{shape_text(J.out_shape)} | {shape_text(J.in_shape)}" for J in (self, other))
            raise ShapeError(
                f"sum of Jacobians: the shapes {mine} and {theirs} differ; add only Jacobians of one shape"
            )
        shown = _lazily(lambda: self.shown + other.shown, self, other)
        return type(self)(self.terms + other.terms, self.out_shape, self.in_shape, shown)

    def __mul__(self, scalar: float) -> Self:
        """Every coefficient times a number.

        Raises:
            InputError: no real number.
        """
        number = _real("*", scalar)
        shown = _lazily(lambda: self.shown * number, self)
        terms = (replace(t, coef=t.coef * number) for t in self.terms)
        return type(self)(terms, self.out_shape, self.in_shape, shown)

    __rmul__ = __mul__

    def __truediv__(self, scalar: float) -> Self:
        """Every coefficient divided by a number.

        Raises:
            InputError: anything but a real number other than 0.
        """
        number = _real("/", scalar)
        if number == 0:
            raise InputError("Jacobian / 0: expected a number other than 0")
        return self * (1 / number)

    def __neg__(self) -> Self:
        """-J."""
        return self * -1.0

    def __sub__(self, other: Self) -> Self:
        """J + (-K)."""
        return self + -other

    def __eq__(self, other: object) -> bool:
        """Equal shapes and, in any order, equal terms: label pattern, coefficient, factor arrays."""
        if not isinstance(other, TermSum):
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

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """The same Jacobian with every factor called `rename(name)`."""
        terms = (
            replace(t, factors=tuple(Factor(f.value, f.labels, rename(f.name)) for f in t.factors)) for t in self.terms
        )
        shown = _lazily(lambda: self.shown.renamed(rename), self)
        return type(self)(terms, self.out_shape, self.in_shape, shown)

    def lettered(self) -> Self:
        """The same terms with their labels called i, j, k, ... in order: axes first, then hidden labels."""
        terms = []
        for t in self.terms:
            seen = tuple(dict.fromkeys((*t.out, *t.inp, *t.hidden)))
            terms.append(t.relabel(dict(zip(seen, letters(INDICES, len(seen)), strict=True))))
        return type(self)(terms, self.out_shape, self.in_shape, _lazily(lambda: self.shown.lettered(), self))

    # ----- arithmetic that keeps the structure -----

    def contract(self) -> Self:
        """Hidden labels summed, deltas and outer products kept: the same value with the least arithmetic left."""
        return type(self)(map(contract, self.terms), self.out_shape, self.in_shape, lambda: self.shown)

    def merge(self) -> Self:
        """Contracted, and terms with equal deltas added into one: six stacked softmaxes, 64 terms, become 2."""
        groups: dict[tuple[int, ...], list[Term]] = {}
        for term in self.contract().terms:
            groups.setdefault(ties(term), []).append(term)
        terms = (add_terms(group) if len(group) > 1 else group[0] for group in groups.values())
        return type(self)(terms, self.out_shape, self.in_shape, lambda: self.shown)


def _lazily(shown: Callable[[], S], *parts: S) -> Callable[[], S] | None:
    """`shown`, the printed form made of the parts' printed forms; None where all parts print as they are."""
    return shown if any(J._shown is not None for J in parts) else None


def _real(sign: str, scalar: object) -> float:
    """The number beside a Jacobian and a sign."""
    if isinstance(scalar, TermSum) or np.ndim(scalar) != 0 or np.asarray(scalar).dtype.kind not in "biuf":  # type: ignore[arg-type]
        raise InputError(
            f"Jacobian {sign} {type(scalar).__name__}: expected a real number; for the product of Jacobians write J @ K"
        )
    return float(scalar)  # type: ignore[arg-type]
