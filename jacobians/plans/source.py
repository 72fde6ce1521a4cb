"""Source of a program: statements of NumPy that can be read; neutral names run, a model's names print."""

from __future__ import annotations

import keyword
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from jacobians import memory
from jacobians.plans.dense import ORDERED
from jacobians.plans.locals import Call
from jacobians.plans.program import AND, ATOM, COMPARE, PRODUCT, SUM, UNARY, ZEROS, Instruction, Program

#: The longest expression that is made by putting one instruction into another.
LONGEST = 88

#: Arrays of fewer entries than this are kept until the end.
LARGE = 4000

_NAME = re.compile(r"\bv\d+\b")
_PLAIN = re.compile(r"\w+")
_SLOT = re.compile(r"\{(\d+)\}")
#: Calls that can write into a given array.
_OUT = re.compile(r"^np\.(dot|matmul|multiply|add|subtract|einsum)\(('[^']+', )?\{0\}, \{1\}(, order='C')?\)$")
#: Products of two factors that can be made in pieces: the labels of all axes are written out.
_PRODUCT = re.compile(r"^np\.einsum\(('[a-z]+,[a-z]+->[a-z]+', )\{0\}, \{1\}")


class Writer:
    """Writes the statements of a program for some results."""

    def __init__(self, program: Program, results: Sequence[int], names: Mapping[int, str], way: str) -> None:
        """`names` are those of values that have one.

        `way` is "listed" for readers, "fresh" for new arrays, "kept" for arrays o0, o1, ... that are given, "threads"
        for the same with large products left to the end.
        """
        self.program, self.results, self.way = program, results, way
        self.names = dict(names)
        self._given = set(results)
        self._taken = set(self.names.values())
        self.order = program.needed(results)
        self.uses = Counter(k for number in self.order for k in program.code[number].operands) + Counter(results)
        self.text: dict[int, tuple[str, int]] = {}
        self.lines: list[str] = []
        kept = way in ("kept", "threads")
        self.bases = {base(program, r): k for k, r in enumerate(results)} if kept else {}
        writes = [k for k in self.order if program.code[k].kind == "write"]
        #: How often the array of an instruction is changed.
        self.changed = Counter(base(program, k) for k in writes)
        self._next = 0
        self._large: set[str] = set()

    def statements(self) -> list[str]:
        """One line per instruction that is not put into another."""
        for number in self.order:
            self._write(number, self.program.code[number])
        return self._freed() if self._large and self.way != "listed" else self.lines

    def _freed(self) -> list[str]:
        """The lines, with large arrays let go of where they are used last: others then take their memory."""
        last = {name: k for k, line in enumerate(self.lines) for name in _NAME.findall(line) if name in self._large}
        for number in self.results:
            for name in _NAME.findall(self.text[number][0]):
                last.pop(name, None)
        ends: dict[int, list[str]] = {}
        for name, k in last.items():
            ends.setdefault(k, []).append(name)
        return [f"{line}; del {', '.join(ends[k])}" if k in ends else line for k, line in enumerate(self.lines)]

    def decorators(self) -> list[str]:
        """What stands above the function: no warnings where an op gives none on purpose."""
        return ["@np.errstate(all='ignore')"] if self.program.quiet.intersection(self.order) else []

    def _write(self, number: int, at: Instruction) -> None:
        if at.kind in ("input", "constant"):
            self.text[number] = (self.names[number], ATOM)
        elif at.kind == "write":
            self.lines.append(self._filled(at))
            self.text[number] = self.text[at.operands[0]]
        elif at.kind in ("guard", "check"):
            line = self._filled(at)
            if self.way == "listed" and at.kind == "guard":
                line = (
                    line.partition(" raise ")[0]
                    + " raise ValueError('this code is for points where this does not hold')"
                )
            self.lines.append(line)
        elif number in self.bases:
            self._into(number, at, f"o{self.bases[number]}")
        elif (spare := self._spare(number, at)) is not None:
            self._in_place(number, at, spare)
        else:
            text = self._in_blocks(at) or self._filled(at)
            alone = self.uses[number] == 1 and number not in self.names and at.kind == "value"
            alone = alone and number not in self.changed  # an array that is written into has a name
            view = at.template.startswith("{0}.reshape(")  # of a result, it needs no name
            if alone and len(text) <= LONGEST and (view or number not in self._given):
                self.text[number] = (text, at.level)
            else:
                name = self.names.get(number) or self._fresh()
                self.lines.append(f"{name} = {text}")
                self.text[number] = (name, ATOM)
                if math.prod(at.shape) >= LARGE:
                    self._large.add(name)

    def _spare(self, number: int, at: Instruction) -> int | None:
        """Which operand of a sum or product is a large new array that nothing else reads: its memory is taken."""
        if self.way == "listed" or at.template not in ORDERED or math.prod(at.shape) < LARGE:
            return None
        for slot, k in enumerate(at.operands):
            it = self.program.code[k]
            same = it.kind == "value" and it.shape == at.shape and it.dtype == at.dtype
            new = it.template in ORDERED or it.template.startswith(("np.dot(", "np.matmul("))
            if same and new and not _PLAIN.fullmatch(self.text[k][0]):  # what has no name is read here only
                return slot
        return None

    def _in_place(self, number: int, at: Instruction, slot: int) -> None:
        name = self._fresh()
        spare = at.operands[slot]
        self.lines.append(f"{name} = {self.text[spare][0]}")
        self.text[spare] = (name, ATOM)
        one, two = (self.text[k][0] for k in at.operands)
        self.lines.append(f"np.{ORDERED[at.template]}({one}, {two}, out={name})")
        self.text[number] = (name, ATOM)
        self._large.add(name)

    def _fresh(self) -> str:
        self._next += 1
        while f"v{self._next}" in self._taken:
            self._next += 1
        return f"v{self._next}"

    def _filled(self, at: Instruction) -> str:
        start, slots = _pieces(at.template, at.level)
        written = [start]
        for slot, binding, rest in slots:
            text, level = self.text[at.operands[slot]]
            written.append(f"({text}){rest}" if level < binding else text + rest)
        text = "".join(written)
        return text.replace("memory.zeros(", "np.zeros(") if self.way == "listed" else text

    def _into(self, number: int, at: Instruction, target: str) -> None:
        """The array of a result that is given."""
        self.text[number] = (target, ATOM)
        text = self._filled(at)
        if at.template.startswith(ZEROS):
            if self.changed[number] > 1:  # places that a later term only adds to
                self.lines.append(f"{target}[...] = 0.0")
        elif at.template.startswith("np.empty("):
            pass
        elif call := _into_call(at.template):
            a, b = (self.text[k][0] for k in at.operands)
            same = at.shape == self._target_shape(number)
            view = target if same else f"{target}.reshape({', '.join(map(str, at.shape))})"
            if self.way == "threads" and (found := _PRODUCT.match(at.template)) and self._unread(number):
                self.lines.append(f"later.append(({found[1]}{a}, {b}, {view}))")
            else:
                self.lines.append(self._in_blocks(at, view) or f"{call}{a}, {b}, out={view})")
        else:
            self.lines.append(f"{target}[...] = {text}")

    def _in_blocks(self, at: Instruction, into: str = "") -> str:
        """The call for a large product of two factors by `np.einsum`; no text for others."""
        if self.way == "listed" or math.prod(at.shape) * at.dtype.itemsize < memory.LARGE:
            return ""
        if not (found := _PRODUCT.match(at.template)):
            return ""
        a, b = (self.text[k][0] for k in at.operands)
        return f"multiplied({found[1]}{a}, {b}, {into or f'np.empty({at.shape}, np.{at.dtype.name})'})"

    def _unread(self, number: int) -> bool:
        """Whether the array of a result is neither changed nor read before the end."""
        value = self.results[self.bases[number]]
        while value != number and self.uses[value] == 1:  # below writes and reshapes
            value = self.program.code[value].operands[0]
        return self.uses[value] == 1 and number not in self.changed

    def _target_shape(self, number: int) -> tuple[int, ...]:
        return self.program.shape(self.results[self.bases[number]])


def base(program: Program, value: int) -> int:
    """The instruction that makes the array of a result: below its writes and reshapes."""
    at = program.code[value]
    if at.kind == "write" or (".reshape(" in at.template and at.template.startswith("{0}.reshape(")):
        return base(program, at.operands[0])
    return value


def _into_call(template: str) -> str:
    """The beginning of the call that does it into a given array: `np.dot(`, `np.einsum('i,j->ij', `."""
    if found := _OUT.match(template):
        return f"np.{found[1]}({found[2] or ''}"
    return f"np.{ORDERED[template]}(" if template in ORDERED else ""


@lru_cache(maxsize=4096)
def _pieces(template: str, level: int) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """The text before the first operand; for each: which, how tightly it must bind, the text after it."""
    parts = _SLOT.split(template)
    texts = [text.replace("{{", "{").replace("}}", "}") for text in parts[::2]]
    slots = []
    for k, slot in enumerate(parts[1::2]):
        slots.append((int(slot), _binding(level, texts[k], texts[k + 1]), texts[k + 1]))
    return texts[0], tuple(slots)


def _binding(level: int, before: str, after: str) -> int:
    """How tightly an operand must bind between these texts."""
    if before.endswith("-") and not before.endswith("- "):
        return UNARY
    if level in (COMPARE, AND):
        return SUM
    if before.endswith(("+ ", "- ", "/ ", "* ", "@ ")):  # a + (b + c) is not rounded as a + b + c
        return level + 1
    if after.startswith((" + ", " - ")):
        return SUM
    if after.startswith((" * ", " / ", " @ ")):
        return PRODUCT
    if after.startswith((".", "[", "(")):
        return ATOM
    return 0


def identifier(name: str, taken: set[str]) -> str:
    """A name of a model as a Python name that is not taken."""
    text = re.sub(r"\W+", "_", name).strip("_") or "v"
    if not text.isidentifier() or keyword.iskeyword(text):
        text = f"{text}_" if keyword.iskeyword(text) else f"v_{text}"
    own, k = text, 1
    while own in taken:
        k += 1
        own = f"{text}_{k}"
    taken.add(own)
    return own


def literal(value: Any) -> str:
    """Source of a constant."""
    if isinstance(value, Call):
        return value.source()
    array = np.asarray(value)
    if not np.isfinite(array).all():
        return re.sub(r"\b(inf|nan)\b", r"np.\1", f"np.array({array.tolist()!r}, np.{array.dtype.name})")
    if array.ndim == 0:
        return repr(array.item())
    if array.dtype.kind == "i" and array.size > 3 and (array.ravel() == np.arange(array.size)).all():
        shape = f".reshape{array.shape}" if array.ndim > 1 else ""
        return f"np.arange({array.size}){shape}"
    if array.size > 8 and (array == array.flat[0]).all():
        return f"np.full({array.shape}, {array.flat[0].item()!r})"
    return f"np.array({array.tolist()!r}, np.{'bool_' if array.dtype == bool else array.dtype.name})"
