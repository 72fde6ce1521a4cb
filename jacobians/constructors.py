"""Jacobians made without an op: zero, the identity, and one delta-einsum term written out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from jacobians.algebra import INDICES
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian
from jacobians.terms import Factor, Term, build_term, letters, parse_pattern, real_array


def zero(out_shape: Sequence[int], in_shape: Sequence[int]) -> Jacobian:
    """The Jacobian of something that does not depend on the input: no terms."""
    return Jacobian((), out_shape, in_shape)


def identity(shape: Sequence[int]) -> Jacobian:
    """d x / d x: one delta per axis, no array."""
    labels = letters(INDICES, len(shape))
    return Jacobian((Term((), labels, labels, dict(zip(labels, shape, strict=True))),), shape, shape)


def delta_einsum(
    pattern: str, *factors: ArrayLike | tuple[str, ArrayLike], coef: float = 1.0, **sizes: int
) -> Jacobian:
    """One delta-einsum term as a Jacobian.

    A factor is an array, or a pair (name, array) that prints with its name; a label in no factor needs its size.

    >>> J = delta_einsum("i -> o | o i", ("x", [1, 2, 3]), o=2)
    >>> J.shape, J.pattern
    ((2, 2, 3), 'i -> o | o i')

    Raises:
        InputError: a malformed pattern, or another number of factors than the pattern names.
        ShapeError: a rank or size that does not fit, a label without a size, a size that no label uses.
    """
    spec, out, inp = parse_pattern(pattern)
    where = f"delta_einsum {pattern!r}"
    if len(spec) != len(factors):
        raise InputError(f"{where}: expected {len(spec)} factors, got {len(factors)}")
    made = []
    for k, (labels, factor) in enumerate(zip(spec, factors, strict=True)):
        if isinstance(factor, tuple) and len(factor) == 2 and isinstance(factor[0], str):
            name, value = factor
        else:
            name, value = f"A{k + 1}", factor
        array = real_array(f"{where}, factor {k + 1}", value, convert=False)  # booleans are 0/1 patterns
        made.append(Factor(array.astype(np.float64) if array.dtype.kind in "iu" else array, labels, name))
    term = build_term(where, made, out, inp, sizes, coef)
    return Jacobian((term,), [term.sizes[a] for a in out], [term.sizes[a] for a in inp])
