"""The binding of inputs to labels: checked arrays, the labels of their axes, and the size of every label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from numpy.typing import ArrayLike

from jacobians.errors import InputError, ShapeError, labels_text, shape_error, shape_text, unknown
from jacobians.terms import Array, Labels, letters, real_array

if TYPE_CHECKING:
    from jacobians.declaration import Declaration

Shape = tuple[int, ...]
OpenShape = tuple[int | None, ...]
Key = TypeVar("Key")
Known = TypeVar("Known")

#: For so many shapes an op remembers its labels.
REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Signature:
    """The labels of every input and of the output for inputs of given shapes."""

    inputs: Mapping[str, Labels]
    output: Labels
    #: What `...` stands for in the patterns of the rules.
    axes: Labels = ()
    #: The sizes of output labels that no input has.
    sizes: Mapping[str, int] = field(default_factory=dict)


class Binding:
    """What follows from the options of an op alone: its inputs, and the labels for inputs of given shapes."""

    __slots__ = ("inputs", "layouts", "signatures")

    def __init__(self, op: Declaration) -> None:
        """Read the op's inputs: what errors call each, and whether integers become floats."""
        self.inputs = {name: (f"{op.label}.{name}", name not in op.data) for name in op.input_names()}
        self.layouts: dict[tuple[Shape, ...], tuple[Signature, dict[str, int]]] = {}
        self.signatures: dict[tuple[tuple[str, OpenShape], ...], Signature] = {}

    def bind(
        self, op: Declaration, inputs: Mapping[str, ArrayLike]
    ) -> tuple[dict[str, Array], Signature, dict[str, int]]:
        """Checked arrays, their labels, and the size of every label."""
        if inputs.keys() != self.inputs.keys():
            raise self._refusal(op, inputs)
        arrays = {name: real_array(where, inputs[name], convert) for name, (where, convert) in self.inputs.items()}
        shapes = tuple([array.shape for array in arrays.values()])
        layout = self.layouts.get(shapes)
        if layout is None:
            layout = remember(self.layouts, shapes, op.sizes(dict(zip(arrays, shapes, strict=True))))
        signature, sizes = layout
        op.check(**arrays)
        return arrays, signature, dict(sizes)

    def _refusal(self, op: Declaration, inputs: Mapping[str, ArrayLike]) -> InputError:
        for name in inputs:
            if name not in self.inputs:
                return unknown(op.label, "input", name, self.inputs)
        missing = next(name for name in self.inputs if name not in inputs)
        return InputError(
            f"{op.label}: input {missing} is missing; expected {', '.join(self.inputs)}; pass {missing}=..."
        )


def remember(memory: dict[Key, Known], key: Key, value: Known) -> Known:
    """The value, kept in a memory that does not grow for ever."""
    if len(memory) >= REMEMBERED:
        memory.clear()
    memory[key] = value
    return value


def declared_signature(op: Declaration, shapes: Mapping[str, OpenShape]) -> Signature:
    """The labels as the op declares them, with `...` spread out."""
    declared = op.declared()
    batch = _batch(op, declared, shapes)
    inputs = {name: _expand(labels, batch) for name, labels in declared.items()}
    return Signature(inputs, _expand(op.output, batch), batch)


def _batch(op: Declaration, declared: Mapping[str, str], shapes: Mapping[str, OpenShape]) -> Labels:
    """The labels that `...` stands for: as many as the first input with `...` has axes to spare."""
    for name, labels in declared.items():
        words = labels.split()
        if "..." in words:
            spare = len(shapes[name]) - (len(words) - 1)
            if spare < 0:
                raise shape_error(f"{op.label}.{name}", words, [None] * (len(words) - 1), shapes[name])
            return letters(op.letters, spare)
    return ()


def _expand(labels: str, batch: Labels) -> Labels:
    return tuple(a for word in labels.split() for a in (batch if word == "..." else (word,)))


def label_sizes(where: str, signature: Signature, shapes: Mapping[str, Shape]) -> dict[str, int]:
    """The size of every label, or a ShapeError that says what fixed what."""
    sizes: dict[str, int] = {}
    for name, labels in signature.inputs.items():
        shape = shapes[name]
        if len(shape) != len(labels) or any(sizes.get(a, n) != n for a, n in zip(labels, shape, strict=True)):
            raise _misfit(where, name, signature, shapes)
        if 0 in shape:
            empty = labels[shape.index(0)]
            raise ShapeError(
                f"{where}.{name}: expected {labels_text(labels)} without an empty axis, "
                f"got {shape_text(shape)}; axis {empty} has size 0"
            )
        for a, n in zip(labels, shape, strict=True):
            if sizes.setdefault(a, n) != n:  # one label twice in an input: a square matrix that is not square
                raise _misfit(where, name, signature, shapes)
    return {**sizes, **signature.sizes}


def _misfit(where: str, name: str, signature: Signature, shapes: Mapping[str, Shape]) -> ShapeError:
    """The error for an input that does not fit: the other inputs say what its sizes should be."""
    sizes: dict[str, int] = {}
    by: dict[str, str] = {}
    for other, labels in signature.inputs.items():
        if other != name and len(labels) == len(shapes[other]):
            for a, n in zip(labels, shapes[other], strict=True):
                sizes.setdefault(a, n)
                by.setdefault(a, other)
    labels, shape = signature.inputs[name], shapes[name]
    same_rank = len(labels) == len(shape)
    wrong = [a for a, n in zip(labels, shape, strict=True) if sizes.get(a, n) != n] if same_rank else labels
    why = ", ".join(f"{by[a]} fixes {a} = {sizes[a]}" for a in wrong if a in by)
    return shape_error(f"{where}.{name}", labels, [sizes.get(a) for a in labels], shape, why)
