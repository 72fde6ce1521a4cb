"""Traced: stands for an array while an op's own NumPy code runs, and records what is done to it as a Program.

What cannot be recorded (an assignment into an array, a conversion to a Python number) raises Untraceable, and the plan
calls the op as it is. Where the code asks whether a condition holds (`if (p > 0.9).any()`), an answer is assumed and
recorded as a guard, which the plan checks at every point.
"""

from __future__ import annotations

import math
import operator
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from jacobians.plans.calls import INFIX, SHORT, Untraceable, broadcast, function_name, literal, matmul_shape, ufunc_type
from jacobians.plans.products import LARGE
from jacobians.plans.program import ATOM, PRODUCT, UNARY, DType, Program, Shape

#: Each condition that code asks doubles the plans that there may be: with more, the op is called as it is.
MOST_CONDITIONS = 8


class Recorder:
    """One recording: the program, and which of the conditions that the code asks about hold (no others do)."""

    def __init__(self, holding: Collection[int] = ()) -> None:
        self.program = Program()
        self.holding = frozenset(holding)
        self._identities: list[int] = []
        #: Arrays of the recorded code itself, and what they held.
        self.constants: list[tuple[np.ndarray[Any, Any], int]] = []
        #: What was asked since they were last taken: the value of each condition, and whether it was assumed to hold.
        self.guards: dict[int, bool] = {}
        self.errors = np.geterr()

    def input(self, name: str, shape: Shape, dtype: DType) -> Traced:
        """An argument of the recorded code."""
        return Traced(self, self.program.input(name, shape, dtype))

    def answer(self, condition: Traced) -> bool:
        if condition.number not in self.guards:
            if len(self.guards) == MOST_CONDITIONS:
                raise Untraceable(f"more than {MOST_CONDITIONS} conditions")
            self.guards[condition.number] = self.identity(condition.number) in self.holding
        return self.guards[condition.number]

    def identity(self, value: int) -> int:
        """What tells the formula of a value from others, in whatever order the code was recorded."""
        for k in range(len(self._identities), value + 1):
            at = self.program.code[k]
            constant = self.program.constants.get(k)
            held = constant.tobytes() if isinstance(constant, np.ndarray) else id(constant)
            self._identities.append(hash((at.template, at.shape, held, *(self._identities[j] for j in at.operands))))
        return self._identities[value]

    def constant(self, value: np.ndarray[Any, Any]) -> int:
        """An array that the recorded code made or has."""
        self.constants.append((value, _checksum(value)))
        return self.program.constant(value)

    def require_constants(self) -> None:
        """Raise where the code changed an array after it was recorded."""
        if any(_checksum(value) != before for value, before in self.constants):
            raise Untraceable("an assignment into an array of the code")
        self.constants.clear()

    def add(self, template: str, operands: list[int], shape: Shape, dtype: DType, level: int = ATOM) -> Traced:
        """A recorded instruction."""
        number = self.program.add(template, tuple(operands), shape, dtype, level)
        if np.geterr() != self.errors:
            self.program.quiet.add(number)
        return Traced(self, number)

    def like(self, template: str, operands: list[int], blank: Any) -> Any:
        """A recorded instruction that gives an array, or a tuple of arrays, of the shape and type of `blank`."""
        if not isinstance(blank, tuple):
            return self.add(template, operands, np.shape(blank), np.asarray(blank).dtype)
        whole = self.add(template, operands, (), np.dtype(object))
        return tuple(self.like(f"{{0}}[{k}]", [whole.number], item) for k, item in enumerate(blank))

    def written(self, value: Any, operands: list[int]) -> str:
        """Source of an argument; arrays become operands."""
        if isinstance(value, Traced | np.ndarray):
            number = value.number if isinstance(value, Traced) else self.constant(value)
            operands.append(number)
            return f"{{{len(operands) - 1}}}"
        if isinstance(value, tuple | list):
            items = [self.written(item, operands) for item in value]
            if isinstance(value, list):
                return f"[{', '.join(items)}]"
            return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
        return literal(value)


def _checksum(value: np.ndarray[Any, Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(value).tobytes())


def _blank(value: Any) -> Any:
    """Ones in place of traced arrays; no memory is taken for large ones."""
    if isinstance(value, Traced):
        one = np.zeros((), value.dtype) if value.dtype.kind in "iu" else np.ones((), value.dtype)
        return np.broadcast_to(one, value.shape)
    if isinstance(value, tuple | list):
        return type(value)(_blank(item) for item in value)
    return value


def _regular(value: Any) -> Any:
    """An invertible matrix in place of a traced one."""
    square = isinstance(value, Traced) and value.ndim > 1 and value.shape[-1] == value.shape[-2]
    return np.eye(value.shape[-1], dtype=value.dtype) + _blank(value) if square else _blank(value)


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A value of a recording that behaves like an array of known shape and type, and unknown entries."""

    def __init__(self, recorder: Recorder, number: int) -> None:
        self.recorder, self.number = recorder, number
        self.shape, self.dtype = recorder.program.shape(number), recorder.program.dtype(number)
        self.ndim = len(self.shape)
        self.size = math.prod(self.shape)

    # ----- NumPy's protocols -----

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise Untraceable("a conversion to an array of numbers")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if kwargs.pop("out", None) is not None:
            raise Untraceable(f"np.{ufunc.__name__} into a given array")
        if getattr(np, ufunc.__name__, None) is not ufunc:
            raise Untraceable(f"{ufunc.__name__}, which is not of NumPy")
        operands: list[int] = []
        texts = [self.recorder.written(value, operands) for value in inputs]
        if method == "__call__" and not kwargs:
            return (
                self._product(inputs, texts, operands)
                if ufunc is np.matmul
                else self._each(ufunc, inputs, texts, operands)
            )
        if method not in ("__call__", "reduce", "accumulate", "outer"):
            raise Untraceable(f"np.{ufunc.__name__}.{method}")
        options = "".join(f", {k}={self.recorder.written(v, operands)}" for k, v in kwargs.items())
        with np.errstate(all="ignore"):
            blank = getattr(ufunc, method)(*map(_blank, inputs), **kwargs)
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        return self.recorder.like(f"np.{name}({', '.join(texts)}{options})", operands, blank)

    def _product(self, inputs: Sequence[Any], texts: list[str], operands: list[int]) -> Traced:
        shape, dtype = matmul_shape(*map(_shape, inputs)), np.result_type(*(v.dtype for v in inputs))
        if all(v.ndim < 3 for v in inputs) and math.prod(shape) < LARGE:  # lower overhead than @
            return self.recorder.add(f"np.dot({', '.join(texts)})", operands, shape, dtype)
        return self.recorder.add(" @ ".join(texts), operands, shape, dtype, PRODUCT)

    def _each(self, ufunc: np.ufunc, inputs: tuple[Any, ...], texts: list[str], operands: list[int]) -> Any:
        """An elementwise function."""
        kinds = tuple([v.dtype if isinstance(v, Traced | np.ndarray | np.generic) else (type(v), v) for v in inputs])
        dtype, shape = ufunc_type(ufunc, kinds), broadcast(*map(_shape, inputs))
        sign, level = INFIX.get(ufunc.__name__, ("", ATOM))
        if sign:
            return self.recorder.add(f" {sign} ".join(texts), operands, shape, dtype, level)
        if ufunc is np.negative:
            return self.recorder.add(f"-{texts[0]}", operands, shape, dtype, UNARY)
        template = f"np.{SHORT.get(ufunc.__name__, ufunc.__name__)}({', '.join(texts)})"
        if isinstance(dtype, tuple):
            return self.recorder.like(template, operands, tuple(np.broadcast_to(np.ones((), d), shape) for d in dtype))
        return self.recorder.add(template, operands, shape, dtype)

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        if func in ABOUT:
            return ABOUT[func](*args)
        if func is np.swapaxes and args[0].ndim == 2 and {k % 2 for k in args[1:]} == {0, 1}:
            return args[0].T
        if func is np.where and len(args) < 3:
            raise Untraceable("np.where of a condition alone: its shape depends on the entries")
        name = function_name(func)
        operands: list[int] = []
        texts = [self.recorder.written(value, operands) for value in args]
        texts += [f"{k}={self.recorder.written(v, operands)}" for k, v in kwargs.items()]
        template = f"{name}({', '.join(texts)})"
        if func is np.where:
            kinds = [v.dtype if isinstance(v, Traced | np.ndarray | np.generic) else v for v in args[1:]]
            return self.recorder.add(template, operands, broadcast(*map(_shape, args)), np.result_type(*kinds))
        with np.errstate(all="ignore"):
            try:
                blank = func(*map(_blank, args), **{k: _blank(v) for k, v in kwargs.items()})
            except np.linalg.LinAlgError:  # ones are a singular matrix
                blank = func(*map(_regular, args), **kwargs)
        if any(blank is value for value in (*args, *kwargs.values())):
            raise Untraceable(f"{name} into a given array")
        return self.recorder.like(template, operands, tuple(blank) if isinstance(blank, tuple | list) else blank)

    # ----- methods and attributes of arrays -----

    def _method(self, name: str, *args: Any, **kwargs: Any) -> Any:
        operands = [self.number]
        texts = [self.recorder.written(value, operands) for value in args]
        texts += [f"{k}={self.recorder.written(v, operands)}" for k, v in kwargs.items()]
        with np.errstate(all="ignore"):
            blank = getattr(_blank(self), name)(*map(_blank, args), **kwargs)
        if any(blank is value for value in (*args, *kwargs.values())):
            raise Untraceable(f"{name} into a given array")
        return self.recorder.like(f"{{0}}.{name}({', '.join(texts)})", operands, blank)

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **kwargs: self._method(name, *args, **kwargs)
        if name.startswith("__"):
            raise AttributeError(name)
        raise Untraceable(f"the attribute {name}")

    @property
    def T(self) -> Any:
        return self.recorder.add("{0}.T", [self.number], self.shape[::-1], self.dtype) if self.ndim > 1 else self

    @property
    def real(self) -> Traced:
        return self

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def as_array(self, dtype: Any = None) -> Any:
        """What np.asarray gives: the same array, of that type."""
        return self if dtype is None else self.astype(dtype)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        return self if np.dtype(dtype) == self.dtype else self._method("astype", np.dtype(dtype))

    def copy(self) -> Traced:
        return self

    def __getitem__(self, index: Any) -> Any:
        operands = [self.number]
        parts = [_index(k, self.recorder, operands) for k in (index if isinstance(index, tuple) else (index,))]
        blanks = tuple(_blank(k) for k in index) if isinstance(index, tuple) else _blank(index)
        if any(isinstance(k, Traced) and k.dtype == bool for k in (index if isinstance(index, tuple) else (index,))):
            raise Untraceable("a selection by a condition: its shape depends on the entries")
        return self.recorder.like(f"{{0}}[{', '.join(parts)}]", operands, _blank(self)[blanks])

    def __setitem__(self, index: Any, value: Any) -> None:
        raise Untraceable("an assignment into an array")

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise Untraceable("the truth of an array")
        return self.recorder.answer(self)

    def __float__(self) -> float:
        raise Untraceable("a conversion to a Python number")

    __int__ = __index__ = __complex__ = __float__
    __hash__ = None  # type: ignore[assignment]


METHODS = (
    "reshape transpose swapaxes sum max min mean prod any all argmax argmin ravel squeeze take cumsum dot "
    "diagonal trace flatten conj var std clip round"
).split()


#: Functions that ask only for the shape and the type.
ABOUT: dict[Callable[..., Any], Callable[..., Any]] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a: a.size,
    np.iscomplexobj: lambda a: False,
    np.result_type: lambda *a: np.result_type(*(v.dtype if isinstance(v, Traced) else v for v in a)),
}


def _shape(value: Any) -> Shape:
    return value.shape if isinstance(value, Traced | np.ndarray) else ()


def _index(value: Any, recorder: Recorder, operands: list[int]) -> str:
    if isinstance(value, slice):
        ends = ["" if k is None else str(operator.index(k)) for k in (value.start, value.stop, value.step)]
        return ":".join(ends if value.step is not None else ends[:2])
    if value is Ellipsis:
        return "..."
    if isinstance(value, np.integer):
        return str(int(value))
    return recorder.written(value, operands)
