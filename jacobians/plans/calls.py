"""How calls of NumPy are written down, and the shape and type of what they give."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from jacobians.plans.program import AND, COMPARE, PRODUCT, SUM, Shape


class Untraceable(Exception):  # noqa: N818  # no error: the op is called as it is
    """The code does something that cannot be written down as straight-line NumPy."""


INFIX = {
    "add": ("+", SUM),
    "subtract": ("-", SUM),
    "multiply": ("*", PRODUCT),
    "true_divide": ("/", PRODUCT),
    "divide": ("/", PRODUCT),
    "bitwise_and": ("&", AND),
    "greater": (">", COMPARE),
    "greater_equal": (">=", COMPARE),
    "less": ("<", COMPARE),
    "less_equal": ("<=", COMPARE),
    "equal": ("==", COMPARE),
    "not_equal": ("!=", COMPARE),
}
SHORT = {"absolute": "abs"}
#: Functions that change an argument, and those whose result has a shape that depends on the entries.
REFUSED = set(
    "copyto put place putmask put_along_axis fill_diagonal apply_along_axis "
    "argwhere nonzero flatnonzero unique unique_all unique_counts unique_inverse unique_values extract compress "
    "trim_zeros bincount setdiff1d setxor1d union1d intersect1d delete insert repeat roots lstsq".split()
)


def literal(value: Any) -> str:
    """Source of an argument that is no array."""
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({literal(value.item())})"
    if isinstance(value, np.dtype):
        return f"np.{value.name}" if value.kind != "b" else "bool"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"np.{value.__name__}"
    if isinstance(value, float) and not np.isfinite(value):
        return "np.nan" if np.isnan(value) else "np.inf" if value > 0 else "-np.inf"
    if value in (float, int, bool):
        return str(value.__name__)
    if value is None or isinstance(value, bool | int | float | str | complex):
        return repr(value).replace("{", "{{").replace("}", "}}")
    raise Untraceable(f"an argument of type {type(value).__name__}")


def function_name(func: Callable[..., Any]) -> str:
    """What a function of NumPy is called; Untraceable where it must not be recorded."""
    name = func.__name__
    for prefix, home in (("np", np), ("np.linalg", np.linalg), ("np.lib.stride_tricks", np.lib.stride_tricks)):
        if name not in REFUSED and getattr(home, name, None) is func:
            return f"{prefix}.{name}"
    raise Untraceable(f"the function {name}")


@lru_cache(maxsize=4096)
def ufunc_type(ufunc: np.ufunc, kinds: tuple[Any, ...]) -> Any:
    """The type(s) of a ufunc's result; Python numbers come with their type (1 == True), since they adapt."""
    sample = [np.ones((1,), k) if isinstance(k, np.dtype) else k[1] for k in kinds]
    with np.errstate(all="ignore"):
        found = ufunc(*sample)
    return tuple(f.dtype for f in found) if isinstance(found, tuple) else found.dtype


@lru_cache(maxsize=4096)
def broadcast(*shapes: Shape) -> Shape:
    """The shape that these broadcast to."""
    return np.broadcast_shapes(*shapes)


def matmul_shape(one: Shape, two: Shape) -> Shape:
    """The shape of a matrix product."""
    a = one if len(one) > 1 else (1, *one)
    b = two if len(two) > 1 else (*two, 1)
    batch = np.broadcast_shapes(a[:-2], b[:-2])
    return (*batch, *(a[-2:-1] if len(one) > 1 else ()), *(b[-1:] if len(two) > 1 else ()))
