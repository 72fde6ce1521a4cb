"""The ops of a model as recorded programs: their values, their local Jacobians, and what they check."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from copy import deepcopy
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from jacobians.op import Op
from jacobians.plans.patterns import Part, numbered, pattern_of
from jacobians.plans.program import DType, Program, Shape
from jacobians.plans.traced import Recorder, Traced

#: The conditions that hold of those that ops ask about: vertex -> identities of their formulas.
Holding = Mapping[str, frozenset[int]]


class Recorded(NamedTuple):
    """A value or a local Jacobian of an op: the result, and the conditions that were assumed for it."""

    result: Any
    #: Each as the value asked about and the answer.
    guards: tuple[tuple[int, bool], ...]


class OpProgram:
    """What an op does to inputs of given shapes and types, recorded bit by bit as it is asked for."""

    def __init__(self, op: Op, shapes: tuple[Shape, ...], dtypes: tuple[DType, ...], holding: frozenset[int]) -> None:
        self.op = op
        names = op.input_names()
        self.recorder = Recorder(holding)
        self.inputs = {
            name: self.recorder.input(name, shape, dtype)
            for name, shape, dtype in zip(names, shapes, dtypes, strict=True)
        }
        self.shapes = dict(zip(names, shapes, strict=True))
        self.known: dict[str, Recorded] = {}

    @property
    def program(self) -> Program:
        return self.recorder.program

    def value(self) -> Recorded:
        """The number of the op's value."""
        return self._once("", self._value)

    def jacobian(self, wrt: str) -> Recorded:
        """The terms of the local Jacobian."""
        return self._once(wrt, lambda: self._terms(wrt))

    @cached_property
    def checks(self) -> bool:
        """Whether the op may refuse values; False where its check says nothing about these shapes and options."""
        if type(self.op).check is Op.check:
            return False
        try:
            self.op.check(**self.inputs)
        except Exception:
            return True
        finally:
            asked = bool(self.recorder.guards)
            self.recorder.guards.clear()
        return asked

    def _once(self, key: str, record: Any) -> Recorded:
        if key not in self.known:
            self.recorder.guards.clear()
            result = record()
            self.known[key] = Recorded(result, tuple(self.recorder.guards.items()))
            self.recorder.guards.clear()
        return self.known[key]

    def _value(self) -> int:
        try:
            value = self.op.compute(**self.inputs)
            self.recorder.require_constants()
            if isinstance(value, Traced):
                return value.number
        except Exception:  # whatever the code cannot do without numbers; where it is wrong, the call says so
            self.recorder.constants.clear()
        self.recorder.guards.clear()
        return self._called(lambda op, **inputs: op.compute(**inputs), self.op.out_shape(**self.shapes), "value")

    def _terms(self, wrt: str) -> list[Part]:
        signature, sizes = self.op.sizes(self.shapes)
        recorded: dict[str, Any] = dict(self.inputs)
        try:
            J = self.op._jacobian(wrt, recorded, signature, sizes)
            self.recorder.require_constants()
        except Exception:  # as for the value
            self.recorder.constants.clear()
            self.recorder.guards.clear()
            return self._dense(wrt)
        parts = []
        for t in J.terms:
            values = tuple([self._number(f.value) for f in t.factors])
            parts.append(Part(pattern_of(t), values, float(t.coef)))
        return parts

    def _number(self, value: Any) -> int:
        return value.number if isinstance(value, Traced) else self.program.constant(np.asarray(value))

    def _dense(self, wrt: str) -> list[Part]:
        """A Jacobian that cannot be recorded, as one array that the op itself is asked for."""
        out, inp = self.op.out_shape(**self.shapes), self.shapes[wrt]
        number = self._called(lambda op, **inputs: op.jacobian(wrt, **inputs).dense(), out + inp, f"jacobian {wrt}")
        axes = tuple(range(len(out) + len(inp)))
        return [Part(numbered([axes], axes[: len(out)], axes[len(out) :], out + inp), (number,), 1.0)]

    def _called(self, function: Any, shape: Shape, what: str) -> int:
        op = self.op
        numbers = tuple(v.number for v in self.inputs.values())
        kinds = [v.dtype for v in self.inputs.values() if v.dtype.kind == "f"]
        dtype = np.result_type(*kinds) if kinds else np.dtype(np.float64)
        call = Call(op, what, lambda **inputs: np.asarray(function(op, **inputs), dtype, order="C"))
        slots = ", ".join(f"{name}={{{k}}}" for k, name in enumerate(self.inputs, start=1))
        return self.program.add(f"{{0}}({slots})", (self.program.constant(call), *numbers), shape, dtype)


class Call:
    """An op that is called as it is, because it cannot be written as straight-line NumPy."""

    def __init__(self, op: Op, what: str, function: Any) -> None:
        self.op, self.what, self.function = op, what, function

    def __call__(self, **inputs: Any) -> Any:
        return self.function(**inputs)

    def source(self) -> str:
        """`jac.FocalLoss(gamma=2.0).forward`."""
        name, _, wrt = self.what.partition(" ")
        made = f"jac.{self.op!r}"
        if name == "value":
            return f"{made}.forward"
        if name == "check":
            return f"{made}.forward"  # refuses what it is not defined for
        return f"(lambda **inputs: {made}.jacobian({wrt!r}, **inputs).dense())"


class OpKey:
    """An op, equal to any other of its class with the same options."""

    __slots__ = ("_hash", "key", "op")

    def __init__(self, op: Op) -> None:
        self.op = op
        options = vars(op)
        self.key = (type(op), frozen(options) if options else ())
        self._hash = hash(self.key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OpKey) and self.key == other.key


def frozen(option: Any) -> Hashable:
    """What options are compared by: arrays by all of their entries."""
    if isinstance(option, np.ndarray) and option.dtype != object:
        return option.shape, option.dtype.str, option.tobytes()
    if isinstance(option, dict):
        return tuple([(frozen(key), frozen(value)) for key, value in option.items()])
    if isinstance(option, tuple | list):
        return type(option), *map(frozen, option)
    return repr(option)


@lru_cache(maxsize=1024)
def _op_program(key: OpKey, shapes: tuple[Shape, ...], dtypes: tuple[DType, ...], holding: frozenset[int]) -> OpProgram:
    return OpProgram(deepcopy(key.op), shapes, dtypes, holding)  # what is recorded later is of the same options


def op_program(op: Op, shapes: Sequence[Shape], dtypes: Sequence[DType], holding: frozenset[int]) -> OpProgram:
    """The recorded op; the same one for all ops of that class, options, shapes and types."""
    return _op_program(OpKey(op), tuple(shapes), tuple(dtypes), holding)
