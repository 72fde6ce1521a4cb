"""Functions in claims: those with an op, those made of sums and products, and smooth random ones nobody defined."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from jacobians.claims.errors import NotUnderstood
from jacobians.claims.values import Array, Derivatives, Value, add, contract, hadamard, mapped, structured
from jacobians.errors import JacobiansError
from jacobians.functions import ALIASES
from jacobians.ops import OPS
from jacobians.ops.elementwise import Affine, Elementwise

#: Draws of every random function: one for each draw of the point.
LEVELS = 3


# ----- of one variable, entry by entry -----


def elementwise(name: str) -> Derivatives | None:
    """The derivatives of an elementwise op of ours by its name; None where there is no such op."""
    name = ALIASES.get(name, name)
    if name in PRECISE:
        return PRECISE[name]
    op = OPS.get(name)
    return elementwise_of(op) if isinstance(op, Elementwise) and has_slope(op) else None


def has_slope(op: Elementwise) -> bool:
    """Whether an op has its slope as a function of its own; a power has only the rule of its Jacobian."""
    return isinstance(op, Affine) or type(op).derivative is not Elementwise.derivative


@lru_cache(maxsize=256)
def elementwise_of(op: Elementwise) -> Derivatives:
    """The derivatives of an elementwise op: its value, slope and curvature."""

    def f(n: int, x: Array) -> Array:
        if x.dtype == object:
            raise NotUnderstood(f"{op.name} is not among the functions that can be computed in higher precision")
        if isinstance(op, Affine):
            return op.compute(x) if n == 0 else np.full_like(x, op.multiplier if n == 1 else 0.0)
        if n == 2 and op.piecewise_linear:
            return np.zeros_like(x)
        try:
            return np.asarray((op.compute, op.derivative, op.curvature)[n](x)) * (op.coef if n else 1.0)
        except JacobiansError as error:
            raise NotUnderstood(str(error)) from None

    return f


def power(exponent: Any) -> Derivatives:
    """x to a fixed power; a whole number as exponent takes negative x too."""

    def f(n: int, x: Array) -> Array:
        factor, e = 1, exponent
        for _ in range(n):
            factor, e = factor * e, e - 1
        if factor == 0:
            return np.zeros_like(x)
        whole = int(e) if float(e).is_integer() else e
        return factor * (np.ones_like(x) if whole == 0 else x**whole)

    return f


def reciprocal(n: int, x: Array) -> Array:
    """1/x and its derivatives."""
    return power(-1)(n, x)


def _precise(ufunc: Any, name: str) -> Callable[[Array], Array]:
    """A ufunc that takes arrays of mpmath numbers too."""

    def f(x: Array) -> Array:
        if x.dtype != object:
            return np.asarray(ufunc(x))
        import mpmath

        return np.asarray(np.frompyfunc(getattr(mpmath, name), 1, 1)(x))

    return f


_exp, _log, _tanh, _sin, _cos, _sqrt = (
    _precise(getattr(np, name), name) for name in ("exp", "log", "tanh", "sin", "cos", "sqrt")
)


def _sigmoid(n: int, x: Array) -> Array:
    s = 1 / (1 + _exp(-x))
    return (s, s * (1 - s), s * (1 - s) * (1 - 2 * s))[n]


def _tanh_n(n: int, x: Array) -> Array:
    t = _tanh(x)
    return (t, 1 - t * t, -2 * t * (1 - t * t))[n]


#: Written out, so that they can be computed in higher precision too; the tests compare them with the ops.
PRECISE: dict[str, Derivatives] = {
    "exp": lambda n, x: _exp(x),
    "log": lambda n, x: _log(x) if n == 0 else power(-1)(n - 1, x),
    "sin": lambda n, x: (_sin(x), _cos(x), -_sin(x))[n],
    "cos": lambda n, x: (_cos(x), -_sin(x), -_cos(x))[n],
    "sqrt": lambda n, x: (_sqrt(x), 0.5 / _sqrt(x), -0.25 / (x * _sqrt(x)))[n],
    "tanh": _tanh_n,
    "sigmoid": _sigmoid,
    "square": power(2),
    "identity": power(1),
}


# ----- that nobody defined -----


@lru_cache(maxsize=1024)
def _random(key: str, shape: tuple[int, ...]) -> Array:
    """Numbers in [-1, 1] that depend on the key alone."""
    return np.random.default_rng(zlib.crc32(key.encode())).uniform(-1.0, 1.0, shape)


@lru_cache(maxsize=256)
def undefined(name: str, draws: int) -> Derivatives:
    """A smooth function of one variable, another one for every draw: c x + d x^2 / 2 + the sum of b sin(w x + p)."""
    c, d, b, w, p = (_random(f"{name}/{k}", (5, LEVELS, draws))[k] for k in range(5))
    w = 0.6 + 0.7 * np.abs(w)

    def f(n: int, x: Array) -> Array:
        wide = (LEVELS, draws) + (1,) * (x.ndim - 1)
        bs, ws, ps = b.reshape(wide), w.reshape(wide), 3 * p.reshape(wide)
        line, bend = c[0].reshape(wide[1:]), 0.3 * d[0].reshape(wide[1:])
        # the n-th derivative of a sine is a sine that is shifted by n right angles
        wave = (_cos if n % 2 else _sin)(ws * x + ps) * (-1 if n % 4 > 1 else 1)
        waves = np.asarray((0.8 * bs * ws**n * wave).sum(axis=0))
        if n > 2:
            return waves
        polynomial = (line * x + bend * x * x / 2, line + bend * x, bend + 0 * x)[n]
        return np.asarray(waves + polynomial)

    return f


def undefined_of_arrays(name: str, args: list[Value], draws: int, size: int | None = None) -> Value:
    """A smooth number (or vector of a size) that depends on every entry of every argument, and on pairs of them.

    It is the sum of undefined functions of random combinations of all entries.
    """
    hidden = 4
    inner: Value | None = None
    for k, arg in enumerate(args):
        weights = _random(f"{name}/{k}/{arg.shape}", (draws, hidden, *arg.shape))
        axes = "abcdefgh"[: arg.rank]
        part = contract(Value({(): weights}, (), 1 + arg.rank), arg, "z" + axes, axes, "z")
        inner = part if inner is None else add(inner, part)
    assert inner is not None
    waves = mapped(undefined(name, draws), inner)
    out = Value(
        {(): _random(f"{name}/out", (draws, hidden, *(() if size is None else (size,))))}, (), 1 if size is None else 2
    )
    return contract(waves, out, "z", "z", "") if size is None else contract(waves, out, "z", "zy", "y")


# ----- of arrays -----


def softmax(x: Value) -> Value:
    """Along the last axis."""
    e = mapped(PRECISE["exp"], x)
    names = "abcdefgh"[: x.rank]
    total = contract(e, structured(np.ones(x.shape[-1])), names, names[-1], names[:-1])
    return contract(e, mapped(reciprocal, total), names, names[:-1], names)


def log_sum_exp(x: Value) -> Value:
    """log sum exp along the last axis."""
    return mapped(PRECISE["log"], sum_axis(mapped(PRECISE["exp"], x), x.rank - 1))


def sum_axis(x: Value, axis: int | None, keep: bool = False) -> Value:
    """The sum along one structural axis, or over all of them."""
    names = "abcdefgh"[: x.rank]
    ones = structured(np.ones(x.shape)) if axis is None else structured(np.ones(x.shape[axis]))
    gone = names if axis is None else names[axis]
    left = contract(x, ones, names, gone, "".join(n for n in names if n not in gone))
    if not keep:
        return left
    one = structured(np.ones((1,) * len(gone)))
    spare = "uvwxyz"[: len(gone)]
    kept = "".join(spare[gone.index(n)] if n in gone else n for n in names)
    return contract(left, one, "".join(n for n in names if n not in gone), spare, kept)


def norm_squared(x: Value) -> Value:
    """The sum of all squared entries."""
    names = "abcdefgh"[: x.rank]
    return contract(x, x, names, names, "")


def inner(a: Value, b: Value) -> Value:
    """The sum of all products of entries."""
    names = "abcdefgh"[: a.rank]
    return contract(a, b, names, names, "")


def diagonal_matrix(x: Value) -> Value:
    """diag(v) of a vector; of a matrix its diagonal."""
    if x.rank == 1:
        return contract(x, structured(np.eye(x.shape[0])), "a", "ab", "ab")
    return contract(x, structured(np.eye(x.shape[0])), "ab", "ab", "a")


def vec(x: Value, order: str) -> Value:
    """All entries as one vector: "column" stacks columns, "row" rows."""
    m, n = x.shape
    picks = np.eye(m * n).reshape(*((m, n) if order == "row" else (n, m)), m * n)
    return contract(x, structured(picks), "ab", "abc" if order == "row" else "bac", "c")


def mean(x: Value, axis: int | None, keep: bool = False) -> Value:
    """The mean along one axis, or of all entries."""
    count = x.shape[axis] if axis is not None else int(np.prod(x.shape))
    return hadamard(sum_axis(x, axis, keep), Value({(): np.array([1.0 / count])}))
