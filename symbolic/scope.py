"""What an index formula is written in: indexed inputs, sums over a label, sizes; indices are symbols or numbers.

One formula serves twice: `Symbolic` gives it `IndexedBase` inputs, index symbols and `Sum` with symbolic sizes,
`Explicit` gives it arrays of SymPy entries, integer indices and written-out sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from jacobians.op import Op, Signature
from jacobians.terms import Labels

Expr = Any  # SymPy is not typed


class Scope:
    """The inputs of an op as attributes (`s.x[i]`), its options as `s.op`, its labels as `s.labels`."""

    def __init__(self, op: Op, signature: Signature, inputs: Mapping[str, Any]) -> None:
        self.op: Any = op  # a formula knows the options of its own op
        self.labels: Mapping[str, Labels] = signature.inputs
        self.output: Labels = signature.output
        self._inputs = inputs

    def __getattr__(self, name: str) -> Any:
        """An input: `s.x[i, j]`, or `s.c[()]` for a scalar."""
        try:
            return self._inputs[name]
        except KeyError:
            raise AttributeError(name) from None

    def size(self, label: str) -> Expr:
        """The number of values of a label."""
        raise NotImplementedError

    def sum(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        """The sum of body(k) over all values of a label, or over start <= k < stop."""
        raise NotImplementedError

    def product(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        """The product of body(k), as `sum`."""
        raise NotImplementedError

    def total(self, labels: Labels, body: Callable[..., Expr]) -> Expr:
        """The sum of body(*indices) over all values of several labels."""
        if not labels:
            return body()
        return self.sum(labels[0], lambda k: self.total(labels[1:], lambda *rest: body(k, *rest)))


class Scalar:
    """A rank 0 input or an entry access that ignores nothing: `c[()]` is the symbol."""

    def __init__(self, symbol: Expr) -> None:
        self.symbol = symbol

    def __getitem__(self, index: Any) -> Expr:
        """The symbol itself; a scalar takes no index."""
        assert index == (), index
        return self.symbol


class Symbolic(Scope):
    """Index symbols and symbolic sizes; labels in `units` have size 1, which broadcasting depends on."""

    def __init__(self, op: Op, signature: Signature, units: frozenset[str] = frozenset()) -> None:
        inputs = {
            name: sp.IndexedBase(name, real=True) if labels else Scalar(sp.Symbol(name, real=True))
            for name, labels in signature.inputs.items()
        }
        super().__init__(op, signature, inputs)
        self._units = units

    def size(self, label: str) -> Expr:
        """n_i for the label i."""
        return sp.Integer(1) if label in self._units else sp.Symbol(f"n_{label}", integer=True, positive=True)

    def sum(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        k = sp.Dummy(label, integer=True)
        return _flat_sum(with_deltas(sp.sympify(body(k))), self._limit(k, label, start, stop))

    def product(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        k = sp.Dummy(label, integer=True)
        return sp.Product(body(k), self._limit(k, label, start, stop))

    def _limit(self, k: Expr, label: str, start: Any, stop: Any) -> tuple[Expr, ...]:
        return k, start, (self.size(label) if stop is None else stop) - 1


def with_deltas(expr: Expr) -> Expr:
    """Cases that only compare two indices, written as a Kronecker delta."""

    def delta(*cases: Any) -> Expr:
        (value, condition), *rest = cases
        if isinstance(condition, sp.Eq) and [tuple(r) for r in rest] == [(0, True)]:
            return value * sp.KroneckerDelta(*condition.args)
        return sp.Piecewise(*cases)

    return expr.replace(sp.Piecewise, delta)


def _flat_sum(body: Expr, limit: tuple[Expr, ...]) -> Expr:
    """The sum of a body that may be sums itself, as one sum over several indices.

    SymPy pulls cases out of a sum in a sum, although their conditions may depend on the inner index.
    """
    if body.is_Add and body.has(sp.Sum):
        return sp.Add(*(_flat_sum(summand, limit) for summand in body.args))
    inner = [f for f in sp.Mul.make_args(body) if isinstance(f, sp.Sum)]
    if len(inner) == 1:
        rest = body / inner[0]
        return sp.Sum(rest * inner[0].function, *inner[0].limits, limit)
    return sp.Sum(body, limit)


class Explicit(Scope):
    """Given sizes: inputs are arrays of SymPy entries, sums are written out."""

    def __init__(
        self, op: Op, signature: Signature, sizes: Mapping[str, int], inputs: Mapping[str, np.ndarray[Any, Any]]
    ) -> None:
        super().__init__(op, signature, inputs)
        self._sizes = sizes

    def size(self, label: str) -> Expr:
        return sp.Integer(self._sizes[label])

    def sum(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        return sp.Add(*(body(k) for k in range(int(start), int(self.size(label) if stop is None else stop))))

    def product(self, label: str, body: Callable[[Any], Expr], start: Any = 0, stop: Any = None) -> Expr:
        return sp.Mul(*(body(k) for k in range(int(start), int(self.size(label) if stop is None else stop))))


def symbols(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An object array of real symbols, `W_1_2` at [1, 2]."""
    array = np.empty(shape, object)
    for index in np.ndindex(shape):
        array[index] = sp.Symbol("_".join([name, *map(str, index)]), real=True)
    return array
