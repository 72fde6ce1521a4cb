"""Program: straight-line NumPy code as data; an instruction is a template of source and the values it takes.

Templates are made here and in the neighbouring files, from numbers and names of NumPy only: no text of a user gets in.
Equal instructions are one (common subexpressions are computed once), and what nothing uses is left out at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

#: Constants of up to this many bytes are compared by their entries, so that equal ones are one.
LARGE = 2**20

Shape = tuple[int, ...]
DType = np.dtype[Any]

#: How tightly an expression binds, for brackets around operands.
COMPARE, AND, SUM, PRODUCT, UNARY, ATOM = range(6)


#: Calls that give an array of their own with its axes in order.
TURNING = (".T", "transpose", "swapaxes", "moveaxis", "rollaxis", "rot90", "diagonal", "sliding_window", "einsum")
#: Zeros, in ordinary memory or in pages that stay untouched until something is written.
ZEROS = ("np.zeros(", "memory.zeros(")
OWN = ("np.dot(", "np.matmul(", "np.empty(", *ZEROS)


class Instruction(NamedTuple):
    """`{0} + {1}` of two values; `level` says how tightly it binds, `kind` what it does beside giving a value."""

    template: str
    operands: tuple[int, ...]
    shape: Shape
    dtype: DType
    level: int
    #: "value"; "input"; "constant"; "fresh": an array of its own; "write": changes its first operand, and gives it;
    #: "guard", "check": may stop the program.
    kind: str


class Program:
    """Instructions, each of which is the number of the value it gives."""

    def __init__(self) -> None:
        self.code: list[Instruction] = []
        self.constants: dict[int, Any] = {}
        self.texts: dict[int, str] = {}
        #: Whether the axes of a value are known to lie in memory in their order (those of size 1 anywhere).
        self.straight: list[bool] = []
        #: Multiplications of array entries in products of factors, and where they are done.
        self.multiplications: dict[int, int] = {}
        #: Instructions that give no warnings: their op has them on purpose where the result is right all the same.
        self.quiet: set[int] = set()
        self._known: dict[Any, int] = {}

    def shape(self, value: int) -> Shape:
        return self.code[value].shape

    def dtype(self, value: int) -> DType:
        return self.code[value].dtype

    def add(
        self,
        template: str,
        operands: tuple[int, ...],
        shape: Shape,
        dtype: DType,
        level: int = ATOM,
        kind: str = "value",
        multiplications: int = 0,
    ) -> int:
        """The number of the value of an instruction, which is a new one only where it is not there yet."""
        if template == "{0}.T" and self.code[operands[0]].template == "{0}.T":
            return self.code[operands[0]].operands[0]
        key = (template, operands)
        if kind == "value" and (known := self._known.get(key)) is not None:
            return known
        self.code.append(Instruction(template, operands, shape, dtype, level, kind))
        number = len(self.code) - 1
        self.straight.append(self._is_straight(self.code[number]))
        if kind == "value":
            self._known[key] = number
        if multiplications:
            self.multiplications[number] = multiplications
        return number

    def _is_straight(self, at: Instruction) -> bool:
        own, turned = _layout(at.template)
        if own or len(at.shape) < 2 or at.kind in ("input", "constant", "fresh"):
            return True
        return not turned and all(self.straight[k] for k in at.operands)

    def input(self, name: str, shape: Shape, dtype: DType) -> int:
        """The next argument of the program."""
        return self.add(name, (), shape, dtype, kind="input")

    def constant(self, value: Any, text: str = "") -> int:
        """An array that is known now, or something to call; `text` is source for it, shorter than its entries."""
        if isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            key: Any = ("constant", array.shape, array.dtype, array.tobytes() if array.nbytes <= LARGE else id(value))
            shape, dtype = array.shape, array.dtype
        else:
            key, shape, dtype = ("constant", id(value)), (), np.dtype(object)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self.add("", (), shape, dtype, kind="constant")
            self.constants[known] = value
            self.texts[known] = text
        return known

    def is_constant(self, value: int) -> bool:
        return value in self.constants

    # ----- the instructions that products are made of -----

    def call(self, function: str, *operands: int, shape: Shape, dtype: DType, multiplications: int = 0) -> int:
        """`np.dot({0}, {1})`."""
        slots = ", ".join(f"{{{k}}}" for k in range(len(operands)))
        return self.add(f"np.{function}({slots})", operands, shape, dtype, multiplications=multiplications)

    def write(self, template: str, target: int, *operands: int) -> int:
        """A statement that changes the array `target`; the result stands for the array after it."""
        at = self.code[target]
        return self.add(template, (target, *operands), at.shape, at.dtype, kind="write")

    def reshape(self, value: int, shape: Shape) -> int:
        if self.shape(value) == shape:
            return value
        sizes = ", ".join(map(str, shape))
        template = f"{{0}}.reshape({sizes})" if shape else "{0}.reshape(())"
        return self.add(template, (value,), shape, self.dtype(value))

    def transpose(self, value: int, order: Sequence[int]) -> int:
        if list(order) == sorted(order):
            return value
        shape = tuple(self.shape(value)[k] for k in order)
        template = "{0}.T" if len(order) == 2 else f"{{0}}.transpose({', '.join(map(str, order))})"
        return self.add(template, (value,), shape, self.dtype(value))

    def spread(self, value: int, present: Sequence[bool]) -> int:
        """An axis of size 1 wherever `present` says that one is missing; trailing ones too."""
        if all(present):
            return value
        sizes = iter(self.shape(value))
        shape = tuple(next(sizes) if here else 1 for here in present)
        while present and not present[0]:  # broadcasting adds leading axes by itself
            present, shape = present[1:], shape[1:]
        if not present or all(present):
            return value
        index = ", ".join(":" if here else "None" for here in present)
        return self.add(f"{{0}}[{index}]", (value,), shape, self.dtype(value))

    def numbers(self, value: int, dtype: DType) -> int:
        """Booleans as numbers; numbers as they are."""
        if self.dtype(value).kind != "b":
            return value
        if value in self.constants:
            return self.constant(self.constants[value].astype(dtype))
        return self.add(f"{{0}}.astype(np.{dtype.name})", (value,), self.shape(value), dtype)

    # ----- as a whole -----

    def cost(self, results: Iterable[int]) -> int:
        """The multiplications that these results need."""
        return sum(self.multiplications.get(k, 0) for k in self.needed(results))

    def needed(self, results: Iterable[int]) -> list[int]:
        """The instructions that these results need, in order; guards and checks are always needed."""
        marked = set(results)
        waiting = [*marked, *(k for k, i in enumerate(self.code) if i.kind in ("guard", "check"))]
        while waiting:
            number = waiting.pop()
            marked.add(number)
            waiting += [k for k in self.code[number].operands if k not in marked]
            marked.update(self.code[number].operands)
        return sorted(marked)


@lru_cache(maxsize=4096)
def _layout(template: str) -> tuple[bool, bool]:
    """Whether a call gives an array with its axes in order; whether it turns the axes of its operand."""
    own = template.startswith(OWN) or template == "{0} @ {1}" or "order='C'" in template
    looked_up = template.startswith("{0}[") and "{1}" in template and not template.startswith("{0}[{1}")
    return own, looked_up or any(word in template for word in TURNING)


def replayed(source: Program, host: Program, names: dict[int, int], value: int) -> int:
    """The number in `host` of a value of `source`; `names` holds what is there already, the inputs at least."""
    if (known := names.get(value)) is not None:
        return known
    stack = [value]
    while stack:
        number = stack[-1]
        if number in names:
            stack.pop()
            continue
        at = source.code[number]
        if missing := [k for k in at.operands if k not in names]:
            stack += missing
            continue
        stack.pop()
        if at.kind == "constant":
            names[number] = host.constant(source.constants[number], source.texts[number])
        else:
            operands = tuple([names[k] for k in at.operands])
            cost = source.multiplications.get(number, 0)
            made = names[number] = host.add(at.template, operands, at.shape, at.dtype, at.level, at.kind, cost)
            if number in source.quiet:
                host.quiet.add(made)
    return names[value]
