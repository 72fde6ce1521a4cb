"""The one idea: a Jacobian is a sum of delta-einsum terms, `factors -> output labels | input labels`.

A label on several axes ties them with a Kronecker delta; a label that occurs only in factors is summed; a label in no
factor means ones. The 3-D tensor of a = W x + b by W is `i -> o | o i` with the factor x: J[o | o' i] = delta_oo' x_i.

Algebra and arithmetic are apart: everything in this file moves labels and multiplies no array (`arithmetic.py` does).

Source: Laue, Mitterreiter, Giesen, "A Simple and Efficient Tensor Calculus", AAAI 2020; Dangel, "Convolutions and More
as Einsum", NeurIPS 2024.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jacobians.errors import InputError, ShapeError, shape_error

Array = NDArray[Any]
Labels = tuple[str, ...]

#: The types of numbers that the arithmetic works in; everything else becomes the first.
FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
#: Letters for labels that must be renamed because another label of that name is already there.
FRESH = "pqrstuvklmnhijabcdefgwxyz"


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """An array with one label per axis, and the name it prints with (plain notation: `W1`, `tanh'(z1)`).

    A boolean array is a 0/1 index pattern; its name says when it is 1, with `{0}`, `{1}` for its own labels:
    `[{0} >= {1}]`.
    """

    value: Array
    labels: Labels
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """coef * sum over hidden labels of the product of the factors, axes with equal labels tied by deltas."""

    factors: tuple[Factor, ...]
    out: Labels
    inp: Labels
    sizes: Mapping[str, int]
    coef: float = 1.0

    @property
    def hidden(self) -> Labels:
        """The labels that are summed: in factors, on no axis; in order of first appearance."""
        axes = {*self.out, *self.inp}
        return tuple(dict.fromkeys(a for f in self.factors for a in f.labels if a not in axes))

    @property
    def pattern(self) -> str:
        """`i -> o | o i`."""
        inputs = ", ".join(" ".join(f.labels) for f in self.factors)
        return " ".join(f"{inputs} -> {' '.join(self.out)} | {' '.join(self.inp)}".split())

    @property
    def dtype(self) -> np.dtype[Any]:
        """The common type of the factors that hold numbers; float64 where there are none."""
        return common_dtype([self])

    @property
    def T(self) -> Term:
        """Outputs and inputs exchanged."""
        return replace(self, out=self.inp, inp=self.out)

    def relabel(self, name: Mapping[str, str]) -> Term:
        """The same term with every label `a` called `name[a]`."""
        factors = tuple(Factor(f.value, tuple(name[a] for a in f.labels), f.name) for f in self.factors)
        out, inp = tuple(name[a] for a in self.out), tuple(name[a] for a in self.inp)
        return Term(factors, out, inp, {name[a]: n for a, n in self.sizes.items()}, self.coef)

    def same(self, other: Term) -> bool:
        """Equal up to the names of the labels and the order of the factors; coefficients up to rounding."""
        if (len(self.out), len(self.inp), len(self.factors)) != (len(other.out), len(other.inp), len(other.factors)):
            return False
        if not math.isclose(self.coef, other.coef, rel_tol=1e-12):
            return False
        mine, theirs = (*self.out, *self.inp), (*other.out, *other.inp)
        names = _carried({}, mine, theirs)
        if names is None or any(self.sizes[a] != other.sizes[b] for a, b in names.items()):
            return False
        return _paired(self.factors, other.factors, names)

    def __matmul__(self, inner: Term) -> Term:
        """Chain rule, outer @ inner: unify outer's input labels with inner's output labels; only labels move."""
        root = _unify(self, inner)
        # Outer labels keep their names; an inner label that is not tied to one keeps its own where that is free.
        name: dict[tuple[int, str], str] = {}
        taken: set[str] = set()
        for side, term in enumerate((self, inner)):
            for a in term.sizes:
                top = _find(root, (side, a))
                if top not in name:
                    name[top] = free_label(a, taken)
                    taken.add(name[top])

        def labels(side: int, old: Labels) -> Labels:
            return tuple(name[_find(root, (side, a))] for a in old)

        factors = tuple(
            Factor(f.value, labels(side, f.labels), f.name) for side, t in enumerate((self, inner)) for f in t.factors
        )
        out, inp = labels(0, self.out), labels(1, inner.inp)
        sizes = {name[_find(root, (s, a))]: n for s, t in enumerate((self, inner)) for a, n in t.sizes.items()}
        kept = {*out, *inp, *(a for f in factors for a in f.labels)}
        # A closed loop of deltas (a label without any occurrence left) is a sum of ones: it leaves its size.
        coef = self.coef * inner.coef * math.prod(n for a, n in sizes.items() if a not in kept)
        return Term(factors, out, inp, {a: n for a, n in sizes.items() if a in kept}, coef)


def common_dtype(terms: Sequence[Term]) -> np.dtype[Any]:
    """The type of all factors that hold numbers; float64 where there are only 0/1 patterns and deltas."""
    kinds = [f.value.dtype for t in terms for f in t.factors if f.value.dtype != bool]
    return np.result_type(*kinds) if kinds else np.dtype(np.float64)


def real_array(where: str, value: ArrayLike, convert: bool = True) -> Array:
    """A float32 or float64 array; integers and booleans become float64 (unless `convert` is off)."""
    if type(value) is np.ndarray and value.dtype in FLOATS:
        return value
    try:
        array = as_array(value)
    except ValueError as error:
        raise InputError(f"{where}: expected an array of real numbers, got a ragged sequence ({error})") from None
    if array.dtype.kind in "biu":
        return array.astype(np.float64) if convert else array
    if array.dtype in FLOATS:
        return array
    if array.dtype.kind == "f":
        return array.astype(np.float64)
    came = {"c": "complex numbers", "O": "objects", "U": "text", "S": "bytes"}.get(array.dtype.kind, str(array.dtype))
    raise InputError(f"{where}: expected an array of real numbers, got {came} (dtype {array.dtype}); convert it first")


def as_array(value: Any, dtype: Any = None) -> Array:
    """np.asarray; something that stands for an array while code is recorded (`plans`) stays what it is."""
    own: Any = getattr(value, "as_array", None)
    array: Array = own(dtype) if own else np.asarray(value, dtype)
    return array


def letters(pool: str, count: int) -> Labels:
    """The first `count` labels of a pool of letters, numbered on where it is exhausted."""
    return tuple(pool[k] if k < len(pool) else f"{pool[-1]}{k}" for k in range(count))


def _paired(factors: tuple[Factor, ...], others: tuple[Factor, ...], names: dict[str, str]) -> bool:
    """Whether the factors are the others in some order, under one renaming of labels that extends `names`."""

    def pairings(
        names: dict[str, str], left: tuple[Factor, ...]
    ) -> Iterator[tuple[dict[str, str], tuple[Factor, ...]]]:
        f = factors[-len(left)]
        for k, g in enumerate(left):
            more = _carried(names, f.labels, g.labels)
            if more is not None and (f.value is g.value or np.array_equal(f.value, g.value)):
                yield more, left[:k] + left[k + 1 :]

    # depth first, on a stack of its own: a deep network has thousands of factors
    stack = [iter([(names, others)])]
    while stack:
        if (found := next(stack[-1], None)) is None:
            stack.pop()
        elif not found[1]:
            return True
        else:
            stack.append(pairings(*found))
    return False


def _carried(names: Mapping[str, str], one: Labels, two: Labels) -> dict[str, str] | None:
    """`names`, one-to-one, extended so that it carries the labels `one` to the labels `two`; None if it cannot."""
    if len(one) != len(two) or any(names.get(a, b) != b for a, b in zip(one, two, strict=True)):
        return None
    more = dict(names)
    if any(more.setdefault(a, b) != b for a, b in zip(one, two, strict=True)):
        return None
    return more if len(set(more.values())) == len(more) else None


def _find(root: dict[tuple[int, str], tuple[int, str]], label: tuple[int, str]) -> tuple[int, str]:
    while root[label] != label:
        label = root[label]
    return label


def _unify(outer: Term, inner: Term) -> dict[tuple[int, str], tuple[int, str]]:
    """Union-find over (side, label): the outer term's input labels meet the inner term's output labels."""
    root = {(s, a): (s, a) for s, t in enumerate((outer, inner)) for a in t.sizes}
    for axis, (a, b) in enumerate(zip(outer.inp, inner.out, strict=True)):
        if outer.sizes[a] != inner.sizes[b]:
            raise ShapeError(
                f"chain, contracted axis {axis}: the outer Jacobian expects {a} = {outer.sizes[a]}, "
                f"the inner one gives {b} = {inner.sizes[b]}"
            )
        one, two = sorted((_find(root, (0, a)), _find(root, (1, b))))
        root[two] = one
    return root


def free_label(label: str, taken: Collection[str]) -> str:
    """`label` if it is free, else a fresh letter."""
    if label not in taken:
        return label
    names = itertools.chain(FRESH, (f"{label}{k}" for k in itertools.count(1)))
    return next(a for a in names if a not in taken)


@lru_cache(maxsize=4096)
def parse_pattern(pattern: str, axes: Labels = ()) -> tuple[tuple[Labels, ...], Labels, Labels]:
    """Labels of the factors, of the output and of the input; `...` stands for the labels in `axes`."""
    try:
        factors, rest = pattern.split("->")
        out, inp = rest.split("|")
    except ValueError:
        raise InputError(
            f"pattern {pattern!r}: expected 'factors -> output labels | input labels', as in 'i -> o | o i'"
        ) from None

    def labels(text: str) -> Labels:
        words = itertools.chain.from_iterable(axes if w == "..." else (w,) for w in text.split())
        return tuple(words)

    result = tuple(labels(f) for f in factors.split(",")) if factors.strip() else ()
    bad = [a for a in itertools.chain(*result, labels(out), labels(inp)) if not a.isidentifier()]
    if bad:
        raise InputError(f"pattern {pattern!r}: {bad[0]!r} is not a label; labels are words such as i, o, k0")
    return result, labels(out), labels(inp)


def build_term(
    where: str, factors: Sequence[Factor], out: Labels, inp: Labels, given: Mapping[str, int], coef: float = 1.0
) -> Term:
    """A checked Term: sizes come from the factors, those of labels in no factor from `given`; none may be left over."""
    sizes = term_sizes(where, ((f.name, f.labels, f.value.shape) for f in factors), out, inp, given)
    return Term(tuple(factors), out, inp, sizes, coef)


def term_sizes(
    where: str,
    factors: Iterable[tuple[str, Labels, tuple[int, ...]]],
    out: Labels,
    inp: Labels,
    given: Mapping[str, int],
) -> dict[str, int]:
    """The size of every label of a term with these factors (name, labels, shape), checked."""
    sizes: dict[str, int] = {}
    for name, labels, shape in factors:
        known = tuple(sizes.get(a, given.get(a)) for a in labels)
        if len(labels) != len(shape) or any(want not in (None, n) for want, n in zip(known, shape, strict=True)):
            raise shape_error(f"{where}, factor {name}", labels, known, shape)
        for a, n in zip(labels, shape, strict=True):
            if sizes.setdefault(a, n) != n:
                raise shape_error(f"{where}, factor {name}", labels, [sizes[b] for b in labels], shape)
    for a in (*out, *inp):
        if a not in sizes:
            if a not in given:
                raise ShapeError(f"{where}: label {a} is in no factor, so its size must be given, as in {a}=2")
            sizes[a] = given[a]
    if unused := [a for a in given if a not in sizes]:
        raise ShapeError(f"{where}: size {unused[0]}={given[unused[0]]} is given, but no label uses it; leave it out")
    return sizes
