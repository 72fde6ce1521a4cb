"""What `explain` takes: arrays, functions that return one, Jacobians, a function with the point to differentiate at."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jacobians import settings
from jacobians.algebra import INDICES
from jacobians.checks import central_differences, complex_step
from jacobians.errors import InputError, JacobiansError, shape_text
from jacobians.jacobian import Jacobian
from jacobians.structure import axis_names
from jacobians.terms import Array, Labels, letters, real_array

#: Relative deviations up to this are rounding of the claim (float64), and of a truth by central differences.
EXACT, DIFFERENCES = 1e-9, 1e-6
#: Complex step and central differences agree to this, where the function is analytic.
ANALYTIC = 1e-5


class Truth(NamedTuple):
    """The true array, how many of its axes are outputs (None where nobody said), their names, its precision."""

    array: Array
    out: int | None
    names: Labels
    tolerance: float = EXACT
    jacobian: Jacobian | None = None


def read_claim(claimed: Any, at: Mapping[str, Any] | None) -> tuple[Array, float]:
    """The claimed array, and the precision that its type of numbers allows.

    Raises:
        InputError: no array of real numbers, no entries, too large; a function that fails.
    """
    where = "explain(claimed)"
    if callable(claimed) and not isinstance(claimed, Jacobian):
        claimed = _called(f"{where}: {_name(claimed)}", claimed, **dict(at or {}))
    elif at is not None:
        raise InputError(f"{where}: at={{...}} holds the arguments of a function, got an array; leave `at` out")
    array, precision = _array(where, claimed)
    if not array.size:
        raise InputError(f"{where}: expected numbers, got an array of shape {shape_text(array.shape)} without entries")
    return array, precision


def read_truth(true: Any, out: int | None) -> Truth:
    """The true array of a Jacobian, an array, or a pair (function, point).

    Raises:
        InputError: none of these, NaN or inf in it, no entries, an `out` that does not fit.
    """
    if isinstance(true, tuple) and len(true) == 2 and callable(true[0]):
        truth = _differentiated(*true)
    elif isinstance(true, Jacobian):
        names = axis_names(true.shown.terms, len(true.shape))
        array, precision = _array("explain(true)", true)
        truth = Truth(array, len(true.out_shape), names, precision, true)
    elif callable(true):
        raise InputError(
            "explain(true): expected a Jacobian, an array, or a pair (function, point), got the function "
            f"{_name(true)}; give the point to differentiate at, too"
        )
    else:
        array, precision = _array("explain(true)", true)
        truth = Truth(array, _checked_out(out, array.ndim), letters(INDICES, array.ndim), precision)
    if truth.out is not None and out not in (None, truth.out):
        raise InputError(
            f"explain(out={out}): expected {truth.out}, the number of outputs that `true` has; leave it out"
        )
    if not truth.array.size:
        raise InputError(
            f"explain(true): expected numbers, got an array of shape {shape_text(truth.array.shape)} without entries"
        )
    if not np.isfinite(truth.array).all():
        raise InputError("explain(true): expected finite numbers, got NaN or inf; compare at another point")
    return truth


def _checked_out(out: int | None, rank: int) -> int | None:
    if out is None and rank < 2:
        return 0
    if out is not None and (not isinstance(out, int) or isinstance(out, bool) or not 0 <= out <= rank):
        raise InputError(f"explain(out={out!r}): expected the number of output axes, 0 to {rank}")
    return out


def _array(where: str, value: Any) -> tuple[Array, float]:
    """A float64 array, and the relative precision of the type that came."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
        _guard(where, shape)
    try:
        array = real_array(where, value)
        dtype = np.asarray(value).dtype if getattr(value, "dtype", None) is not None else array.dtype
    except JacobiansError:
        raise
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise InputError(
            f"{where}: expected an array of real numbers, got {type(value).__name__} ({problem})"
        ) from error
    if isinstance(value, str | bytes):
        raise InputError(f"{where}: expected an array of real numbers, got text")
    precision = 0.0 if dtype.kind != "f" else min(2**10 * float(np.finfo(dtype).eps), 1e-2)
    return np.ascontiguousarray(array, np.float64).reshape(array.shape), max(EXACT, precision)


def _guard(where: str, shape: tuple[int, ...]) -> None:
    needed = 8 * math.prod(shape)
    if needed > settings.dense_limit:
        raise InputError(
            f"{where}: the array of shape {shape_text(shape)} needs {needed:,} bytes, the limit is "
            f"{settings.dense_limit:,}; compare a smaller one, or set jacobians.settings.dense_limit"
        )


def _called(where: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except JacobiansError:
        raise
    except Exception as error:
        raise InputError(f"{where} failed with {type(error).__name__}: {error}") from error


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _differentiated(function: Callable[[Array], Any], point: Any) -> Truth:
    """By the complex step where that agrees with central differences, else by these."""
    where = f"explain(true): {_name(function)}"
    x, _ = _array(f"{where}, the point", point)
    value, _ = _array(f"{where} at the point", _called(where, function, x))
    _guard(where, value.shape + x.shape)
    names = letters(INDICES, value.ndim + x.ndim)

    def real(v: Array) -> Array:
        return _array(where, _called(where, function, v))[0]

    differences = central_differences(real, x)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a function that drops imaginary parts says so
            exact = complex_step(lambda v: np.asarray(function(v)), x)
        scale = max(1.0, float(np.abs(exact).max(initial=0.0)))
        analytic = exact.dtype.kind == "f" and float(np.abs(exact - differences).max(initial=0.0)) <= ANALYTIC * scale
    except Exception:  # whatever a function does with complex numbers, differences are there
        analytic = False
    return Truth(exact, value.ndim, names) if analytic else Truth(differences, value.ndim, names, DIFFERENCES)
