"""Sums, means, products, extremes along an axis, and the running sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jacobians.errors import InputError
from jacobians.op import Op, Rule, term
from jacobians.ops.axis import AlongAxis, Reduction, first_largest
from jacobians.terms import Array, as_array


class Sum(Reduction):
    """y = sum_i x_i, along one axis or over all of them.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = sum_i x_i
    Jacobians: dy/dx = 1   (| i)
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.sum(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"-> {n} | {i}")


class Mean(Reduction):
    """y = 1/n sum_i x_i over the n entries along one axis, or over all of them.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = 1/n sum_i x_i
    Jacobians: dy/dx = 1/3   (| i), which is 1/n for n = 3
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.mean(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"-> {n} | {i}", coef=1 / _count(self, x))


class Var(Reduction):
    """y = 1/(n - ddof) sum_i (x_i - mean(x))^2 over the n entries along one axis, or over all of them.

    `ddof=0` is the mean square deviation, `ddof=1` the unbiased estimate from a sample.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = 1/(n - ddof) sum_i (x_i - mean(x))^2
    Jacobians: dy/dx = 2/3 (x - mean(x))_i   (| i), where 2/3 is 2/(n - ddof) for n = 3, ddof = 0
    Source:    own derivation, checked by the contract test
    """

    def __init__(self, axis: int | None = None, ddof: int = 0) -> None:
        super().__init__(axis)
        if isinstance(ddof, bool) or not isinstance(ddof, int | np.integer) or ddof < 0:
            raise InputError(f"Var.ddof: expected an integer >= 0, got {ddof!r}")
        self.ddof = int(ddof)

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (*super().variants(), cls(ddof=1), cls(axis=1, ddof=1))

    def check(self, **inputs: Array) -> None:
        if (count := _count(self, inputs["x"])) <= self.ddof:
            raise InputError(
                f"Var.x: expected more than ddof = {self.ddof} entries along axis={self.axis}, got {count}; "
                "they are divided by n - ddof"
            )

    def compute(self, x: Array) -> Array:
        deviation = Deviation(self.axis).compute(x)
        return as_array(np.sum(deviation * deviation, axis=self.axis) / (_count(self, x) - self.ddof))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(
            f"{i} -> {n} | {i}",
            ("x - mean(x)", Deviation(self.axis).compute(x)),
            coef=2 / (_count(self, x) - self.ddof),
        )

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"x - mean(x)": (Deviation(self.axis), {"x": "x"})}


class Deviation(AlongAxis):
    """y = x - mean(x), along one axis or over all of them."""

    def compute(self, x: Array) -> Array:
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, and that passes on
            return as_array(x - np.mean(x, axis=self.axis, keepdims=True))

    def d_x(self, x: Array) -> Sequence[Rule]:
        labels = self.labels(x.ndim)
        i, _, j = labels.patterns()
        sizes = {a: n for a, n in zip(labels.other, x.shape, strict=True) if a not in labels.x}
        return [term(f"-> {i} | {i}"), term(f"-> {i} | {j}", coef=-1 / _count(self, x), **sizes)]


class Prod(Reduction):
    """y = prod_i x_i, along one axis or over all of them.

    The slope prod'(x)_i is the product of all the other entries, multiplied up from both ends and so right where
    entries are 0, where y / x_i is undefined.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = prod_i x_i
    Jacobians: dy/dx = prod'(x)_i   (| i), where prod'(x)_i = prod_{k≠i} x_k
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.prod(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, n, _ = self.labels(x.ndim).patterns()
        return term(f"{i} -> {n} | {i}", ("prod'(x)", ProductOfOthers(self.axis).compute(x)))

    def parts(self) -> Mapping[str, tuple[Op, Mapping[str, str]]]:
        return {"prod'(x)": (ProductOfOthers(self.axis), {"x": "x"})}


class ProductOfOthers(AlongAxis):
    """y_i = the product of all x_k but x_i, along one axis or over all of them."""

    def compute(self, x: Array) -> Array:
        rows = _product_of_others(self._rows(x))
        return rows.reshape(x.shape) if self.axis is None else np.moveaxis(rows, -1, self.axis)

    def d_x(self, x: Array) -> Rule:
        """The products of all but two, prod''(x)_ij, which is 0 for i = j."""
        labels = self.labels(x.ndim)
        rows = self._rows(x)
        one = np.eye(rows.shape[-1], dtype=bool)
        pairs = np.where(one, 0, _product_of_others(np.where(one, 1, rows[..., None, :])))  # batch, i, j
        shape = [n for a, n in zip(labels.x, x.shape, strict=True) if a in labels.along]
        others = tuple(a for a in labels.other if a not in labels.x)
        axes = " ".join((*labels.batch, *labels.along, *others))
        i, _, j = labels.patterns()
        return term(f"{axes} -> {i} | {j}", ("prod''(x)", pairs.reshape(*rows.shape[:-1], *shape, *shape)))

    def _rows(self, x: Array) -> Array:
        return x.reshape(-1) if self.axis is None else np.moveaxis(x, self.axis, -1)


class _Extreme(Reduction):
    """Max and min: a 0/1 pattern picks one entry."""

    analytic = False
    sign = 1

    def _pick(self, x: Array, which: str) -> Rule:
        """The first extreme entry: one pattern along an axis; over all axes a product of one pattern per axis."""
        names = self.labels(x.ndim)
        i, n, _ = names.patterns()
        if self.axis is None:
            spot = np.unravel_index(np.argmax(self.sign * x), x.shape)
            which_axis = [f"[{k}]" for k in range(x.ndim)] if x.ndim > 1 else [""] * x.ndim
            hits = [np.arange(size) == at for size, at in zip(x.shape, spot, strict=True)]
            factors = [(f"[{{0}} = {which}(x){k}]", hit) for k, hit in zip(which_axis, hits, strict=True)]
            return term(f"{', '.join(names.x)} -> | {i}", *factors)
        place = names.x.index(names.along[0])
        batch = ", ".join(f"{{{k}}}" for k in range(x.ndim) if k != place)
        name = f"[{{{place}}} = {which}(x){f'[{batch}]' if batch else ''}]"
        return term(f"{i} -> {n} | {i}", (name, first_largest(self.sign * x, self.axis)))

    def kink_distance(self, **inputs: Array) -> float:
        """Half the gap between the two most extreme entries: so far both may move before another entry is picked."""
        x = inputs["x"]
        rows = x.reshape(-1) if self.axis is None else np.moveaxis(x, self.axis, -1)
        if rows.shape[-1] == 1:
            return float("inf")
        ordered = np.sort(self.sign * rows, axis=-1)
        with np.errstate(invalid="ignore"):
            return float(np.min(ordered[..., -1] - ordered[..., -2])) / 2


class Max(_Extreme):
    """y = max_i x_i, along one axis or over all of them; of several largest entries the first one counts.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = max_i x_i
    Jacobians: dy/dx = [i = argmax(x)]   (| i)
    Source:    own derivation, checked by the contract test
    """

    def compute(self, x: Array) -> Array:
        return as_array(np.max(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        return self._pick(x, "argmax")


class Min(_Extreme):
    """y = min_i x_i, along one axis or over all of them; of several smallest entries the first one counts.

    Shapes:    x (... i) -> y (...); by default x of any rank -> y ()
    Formula:   y = min_i x_i
    Jacobians: dy/dx = [i = argmin(x)]   (| i)
    Source:    own derivation, checked by the contract test
    """

    sign = -1

    def compute(self, x: Array) -> Array:
        return as_array(np.min(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        return self._pick(x, "argmin")


class Cumsum(AlongAxis):
    """y_i = x_0 + ... + x_i, along one axis.

    Shapes:    x (... i) -> y (... i); the axis i may stand anywhere
    Formula:   y_i = sum_{j <= i} x_j
    Jacobians: dy/dx = [i >= j]   (i | j)
    Source:    own derivation, checked by the contract test
    """

    over_all = False

    @classmethod
    def variants(cls) -> Sequence[Op]:
        return (cls(), cls(axis=0), cls(axis=1))

    def compute(self, x: Array) -> Array:
        return as_array(np.cumsum(x, axis=self.axis))

    def d_x(self, x: Array) -> Rule:
        i, _, j = self.labels(x.ndim).patterns()
        pattern = np.tri(_count(self, x), dtype=bool)
        return term(f"i j -> {i} | {j}", ("[{0} >= {1}]", pattern))


def _count(op: AlongAxis, x: Array) -> int:
    """The number of entries along the op's axis."""
    return x.size if op.axis is None else x.shape[op.axis]


def _product_of_others(rows: Array) -> Array:
    """For each entry of the last axis the product of all the others, without a division."""
    one = np.ones_like(rows[..., :1])
    before = np.cumprod(np.concatenate([one, rows[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([one, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    with np.errstate(invalid="ignore"):  # 0 times inf is NaN, and that passes on
        return as_array(before * after)


OPS: tuple[Op, ...] = (Sum(), Mean(), Var(), Prod(), Max(), Min(), Cumsum())
