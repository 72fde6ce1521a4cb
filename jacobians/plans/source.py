"""Source of a program: a function of NumPy that can be read, pasted and run; neutral names run, a model's names print."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jacobians.plans.dense import ORDERED
from jacobians.plans.locals import Call
from jacobians.plans.program import ATOM, PRODUCT, SUM, UNARY, Instruction, Program

#: The longest expression that is made by putting one instruction into another.
LONGEST = 88

_SLOT = re.compile(r"\{(\d+)\}")
_OUT = re.compile(r"^np\.(dot|matmul|multiply|add|subtract)\(\{0\}, \{1\}(, order='C')?\)$")


class Writer:
    """Writes the statements of a program for some results."""

    def __init__(self, program: Program, results: Sequence[int], names: Mapping[int, str], kept: bool = False) -> None:
        """`names` are those of values that have one; `kept`: into arrays o0, o1, ... that are given."""
        self.program, self.results, self.kept = program, results, kept
        self.names = dict(names)
        self.order = program.needed(results)
        self.uses = Counter(k for number in self.order for k in program.code[number].operands) + Counter(results)
        self.text: dict[int, tuple[str, int]] = {}
        self.lines: list[str] = []
        self.bases = {base(program, r): k for k, r in reversed(list(enumerate(results)))} if kept else {}
        self._next = 0

    def statements(self) -> list[str]:
        """One line per instruction that is not put into another."""
        for number in self.order:
            self._write(number, self.program.code[number])
        return self.lines

    def result(self, number: int) -> str:
        """The expression of a result."""
        return self.text[number][0]

    def _write(self, number: int, at: Instruction) -> None:
        if at.kind in ("input", "constant"):
            self.text[number] = (self.names[number], ATOM)
        elif at.kind == "write":
            self.lines.append(self._filled(at))
            self.text[number] = self.text[at.operands[0]]
        elif at.kind in ("guard", "check"):
            self.lines.append(self._filled(at))
        elif number in self.bases:
            self._into(number, at, f"o{self.bases[number]}")
        else:
            text = self._filled(at)
            alone = self.uses[number] == 1 and number not in self.names and at.kind == "value"
            if alone and len(text) <= LONGEST and number not in self.results:
                self.text[number] = (text, at.level)
            else:
                name = self.names.get(number) or self._fresh()
                self.lines.append(f"{name} = {text}")
                self.text[number] = (name, ATOM)

    def _fresh(self) -> str:
        self._next += 1
        return f"v{self._next}"

    def _filled(self, at: Instruction) -> str:
        def operand(match: re.Match[str]) -> str:
            text, level = self.text[at.operands[int(match[1])]]
            before, after = at.template[: match.start()], at.template[match.end() :]
            return f"({text})" if level < _needed(at, before, after) else text

        return _SLOT.sub(operand, at.template).replace("{{", "{").replace("}}", "}")

    def _into(self, number: int, at: Instruction, target: str) -> None:
        """The array of a result that is given."""
        self.text[number] = (target, ATOM)
        text = self._filled(at)
        if at.template.startswith("np.zeros("):
            writes = [k for k in self.order if self.program.code[k].kind == "write" and base(self.program, k) == number]
            if len(writes) > 1:  # places that a later term only adds to
                self.lines.append(f"{target}[...] = 0.0")
        elif at.template.startswith("np.empty("):
            pass
        elif (found := _OUT.match(at.template)) or at.template in ORDERED:
            a, b = (self.text[k][0] for k in at.operands)
            same = at.shape == self._target_shape(number)
            view = target if same else f"{target}.reshape({', '.join(map(str, at.shape))})"
            self.lines.append(f"np.{found[1] if found else ORDERED[at.template]}({a}, {b}, out={view})")
        else:
            self.lines.append(f"{target}[...] = {text}")

    def _target_shape(self, number: int) -> tuple[int, ...]:
        return self.program.shape(self.results[self.bases[number]])


def base(program: Program, value: int) -> int:
    """The instruction that makes the array of a result: below its writes and reshapes."""
    at = program.code[value]
    if at.kind == "write" or (".reshape(" in at.template and at.template.startswith("{0}.reshape(")):
        return base(program, at.operands[0])
    return value


def _needed(at: Instruction, before: str, after: str) -> int:
    """How tightly an operand must bind at its place in a template."""
    if before.endswith("-") and not before.endswith("- "):
        return UNARY
    if before.endswith(("- ", "/ ", "* ", "@ ")):
        return at.level + 1
    if after.startswith((" + ", " - ")) or before.endswith("+ "):
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
    if array.ndim == 0:
        return repr(array.item())
    if array.size > 8 and (array == array.flat[0]).all():
        return f"np.full({array.shape}, {array.flat[0].item()!r})"
    return f"np.array({array.tolist()!r}, np.{'bool_' if array.dtype == bool else array.dtype.name})"
