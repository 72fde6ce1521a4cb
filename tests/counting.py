"""Arrays that count the multiplications done with them: a count that shares nothing with the package's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jacobians import Jacobian
from jacobians.terms import Factor, Term


@dataclass
class Products:
    count: int = 0


_OPEN: list[Products] = []


class CountingArray(np.ndarray):
    """An array that reports every product of two such arrays, entry by entry, to the open `products_of` blocks."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain = [np.asarray(a) if isinstance(a, CountingArray) else a for a in inputs]
        result = getattr(ufunc, method)(*plain, **{k: _plain(v) for k, v in kwargs.items()})
        if all(isinstance(a, CountingArray) for a in inputs):  # a coefficient is a plain number
            many = 0
            if ufunc is np.multiply:
                many = np.size(result)
            elif ufunc is np.matmul:
                many = np.size(result) * np.shape(plain[0])[-1]
            for products in _OPEN:
                products.count += many
        return counting_array(result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Views and sums by functions such as einsum, which forget the type, go on counting."""
        result = super().__array_function__(function, types, args, kwargs)
        return counting_array(result) if isinstance(result, np.ndarray | np.number) else result


def _plain(value: Any) -> Any:
    return tuple(np.asarray(v) if isinstance(v, CountingArray) else v for v in value) if type(value) is tuple else value


def counting_array(value: Any) -> CountingArray:
    return np.asarray(value).view(CountingArray)


def counting(J: Jacobian) -> Jacobian:
    """The same Jacobian with factors that count."""
    return Jacobian((_counting_term(t) for t in J.terms), J.out_shape, J.in_shape)


def _counting_term(t: Term) -> Term:
    return replace(t, factors=tuple(Factor(counting_array(f.value), f.labels, f.name) for f in t.factors))


@contextmanager
def products_of() -> Iterator[Products]:
    """Count all products of counting arrays inside the block."""
    _OPEN.append(products := Products())
    try:
        yield products
    finally:
        _OPEN.remove(products)
