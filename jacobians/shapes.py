"""Shapes of a graph: sizes that are open are found from the equations, or an error says which one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import cast

from jacobians.errors import ShapeError, declaration, labels_text, shape_text
from jacobians.node import Node
from jacobians.op import OpenShape, Shape


class Sizes:
    """Union-find over the axes of all nodes: equal sizes share one cell, which may hold a number."""

    def __init__(self) -> None:
        self._parent: list[int] = []
        self._value: list[int | None] = []

    def new(self, value: int | None = None) -> int:
        """A fresh axis, open or of a given size."""
        axis = len(self._parent)
        self._parent.append(axis)
        self._value.append(value)
        return axis

    def value(self, axis: int) -> int | None:
        """The size of an axis, None while it is open."""
        return self._value[self._find(axis)]

    def unify(self, one: int, two: int) -> bool:
        """Make two axes equal; False where their sizes contradict."""
        a, b = self._find(one), self._find(two)
        x, y = self._value[a], self._value[b]
        if x is not None and y is not None and x != y:
            return False
        self._parent[b] = a
        self._value[a] = x if x is not None else y
        return True

    def unify_labels(self, cell: dict[str, int], labels: Sequence[str], axes: Sequence[int]) -> bool:
        """Make axes with one label equal, `cell` keeps the first of each; False where two sizes contradict."""
        for label, axis in zip(labels, axes, strict=True):
            first = cell.setdefault(label, axis)
            if first != axis and not self.unify(first, axis):
                return False
        return True

    def shape(self, axes: Sequence[int]) -> OpenShape:
        """The sizes of some axes."""
        return tuple([self._value[self._find(a)] for a in axes])

    def _find(self, axis: int) -> int:
        parent = self._parent
        while parent[axis] != axis:
            parent[axis] = axis = parent[parent[axis]]  # half the way for whoever comes next
        return axis


def infer(leaves: Mapping[str, OpenShape], nodes: Sequence[Node]) -> dict[str, Shape]:
    """The shape of every leaf and node.

    Raises:
        ShapeError: two sizes that contradict, or a size that no equation fixes.
    """
    sizes = Sizes()
    axes = {name: [sizes.new(n) for n in shape] for name, shape in leaves.items()}
    known, waiting = -1, [n for n in nodes if not _settle(sizes, axes, n)]
    while waiting and known != (known := _known(sizes, axes)):  # until a pass over them finds nothing new
        waiting = [n for n in waiting if not _settle(sizes, axes, n)]
    shapes: dict[str, Shape] = {}
    for name, own in axes.items():
        shape = sizes.shape(own)
        if None in shape:
            raise ShapeError(
                f"{name}: expected a shape that the equations fix, got {shape_text(shape)}; {declaration(name, shape)}"
            )
        shapes[name] = cast(Shape, shape)
    return shapes


def _known(sizes: Sizes, axes: Mapping[str, Sequence[int]]) -> int:
    return sum(sizes.value(a) is not None for own in axes.values() for a in own)


def _settle(sizes: Sizes, axes: dict[str, list[int]], node: Node) -> bool:
    """Make the axes equal that one equation takes as equal; True where nothing more can follow from it."""
    shapes = {name: sizes.shape(axes[source]) for name, source in node.sources.items()}
    try:
        signature = node.op.known_signature(shapes)
    except ShapeError as error:
        raise ShapeError(f"in {node.equation}: {error}") from None
    cell: dict[str, int] = {}
    for name, labels in signature.inputs.items():
        own = axes[node.sources[name]]
        if len(own) != len(labels) or not sizes.unify_labels(cell, labels, own):
            expected = [sizes.value(cell[a]) if a in cell else None for a in labels]
            raise _misfit(node, name, labels, sizes.shape(own), expected)
    out = [cell[a] if a in cell else sizes.new(signature.sizes.get(a)) for a in signature.output]
    earlier = axes.setdefault(node.name, out)
    if earlier is not out and not all(sizes.unify(old, new) for old, new in zip(earlier, out, strict=True)):
        gives, taken = (shape_text(sizes.shape(own)) for own in (out, earlier))
        raise ShapeError(
            f"in {node.equation}: {node.op.label} gives {labels_text(signature.output)} = {gives}, "
            f"but other equations take {node.name} as {taken}"
        )
    return None not in chain.from_iterable(shapes.values())  # else its labels could still change


def _misfit(
    node: Node, name: str, labels: Sequence[str], got: Sequence[int | None], expected: Sequence[int | None]
) -> ShapeError:
    want = f"{labels_text(labels)} = {shape_text(expected)}"
    others = ", ".join(source for key, source in node.sources.items() if key != name)
    fixed = f"; the sizes of {others} fix this" if others else ""
    if len(got) != len(expected) and not any(got):  # nobody declared it
        fixed = f"; {declaration(node.sources[name], expected)}"
    return ShapeError(
        f"in {node.equation}: {node.op.label} expects {node.sources[name]} as {want}, got {shape_text(got)}{fixed}"
    )
