"""What layout ops share: labels of axes that stay and of axes that change, and checks of their options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.op import OpenShape, Rule, Shape, Signature, term
from jacobians.terms import Array, Labels, letters

#: Labels of input axes, of output axes that take their place, and of axes that stay beside them.
OLD, NEW, STAY = "ijklm", "opqrs", "nmrst"


def tied(signature: Signature, wrt: str, *factors: tuple[Sequence[str], str, Array]) -> Rule:
    """The term whose deltas are the labels that input and output share; factors are (labels, name, array)."""
    spec = ", ".join(" ".join(labels) for labels, _, _ in factors)
    out, inp = " ".join(signature.output), " ".join(signature.inputs[wrt])
    return term(f"{spec} -> {out} | {inp}", *((name, value) for _, name, value in factors))


def whole(value: object) -> bool:
    """Whether a constructor argument is an integer."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def option_sizes(where: str, shape: Sequence[int], open_size: bool = False) -> Shape:
    """A shape given as an option, checked; with `open_size` one size may be -1."""
    given = tuple(shape) if isinstance(shape, Sequence | np.ndarray) else (shape,)
    least = -1 if open_size else 1
    if not all(whole(n) and n >= least and n != 0 for n in given) or sum(n == -1 for n in given) > 1:
        allowed = "sizes of 1 or more and at most one -1" if open_size else "sizes of 1 or more"
        raise InputError(f"{where}: expected a shape of {allowed}, got {shape!r}; write it as in {where}((2, 3))")
    return tuple(int(n) for n in given)


def around(rank: int, axis: int, labels: Labels) -> Labels:
    """Labels of an array of this rank whose axis is called `labels` (or replaced by none, or by several)."""
    rest = letters(STAY, rank - 1)
    return (*rest[:axis], *labels, *rest[axis:])


def place(where: str, axis: int, shape: OpenShape, extra: int = 0) -> int:
    """The axis counted from the front, or a ShapeError; `extra` axes come with the op."""
    rank = len(shape) + extra
    if not -rank <= axis < rank:
        allowed = f"an axis from {-rank} to {rank - 1}" if rank else "an input with an axis"
        raise ShapeError(f"{where}: expected {allowed}, got axis {axis} for the shape {shape_text(shape)}")
    return axis % rank


def plus(label: str, offset: int) -> str:
    """`{0} + 2`, `{0} - 2`, `{0}`."""
    return f"{label} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else label


def entry_at(name: str, rank: int) -> str:
    """`y[{0}, {1}]`: an entry in plain notation, its labels those of the factor; `y` without an axis."""
    return f"{name}[{', '.join(f'{{{k}}}' for k in range(rank))}]" if rank else name


def whole_option(where: str, name: str, value: int) -> int:
    """An option that must be an integer."""
    if not whole(value):
        raise InputError(f"{where}: expected an integer {name}, got {value!r}")
    return int(value)
