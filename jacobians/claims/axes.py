"""The axes of every part of a formula, as far as they follow from its form: which sizes must be equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jacobians.claims.context import Context, Leaf
from jacobians.claims.errors import ClaimError
from jacobians.claims.instance import label_number
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.to_plain import to_plain
from jacobians.shapes import Sizes


class Axes(NamedTuple):
    """One cell for each axis; a vector is a column, a row, or free (a gradient)."""

    cells: tuple[int, ...] = ()
    side: str = "column"


NUMBER = Axes()


class Misfit(NamedTuple):
    """Two axes that cannot be equal, or ranks that do not go together; a `mild` one has a meaning all the same."""

    at: t.Tree
    sizes: tuple[str, str] = ("", "")
    mild: bool = False


@dataclass(slots=True)
class AxesReader:
    """Reads the axes of formulas; `ranks` says what is known or guessed of names that nobody declares."""

    context: Context
    ranks: Mapping[str, int]
    #: Names that have a label wherever they mean something.
    labelled: frozenset[str] = frozenset()
    sizes: Sizes = field(default_factory=Sizes)
    cells: dict[str, tuple[int, ...]] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)
    #: Declared sizes by the numbers that stand for them in `sizes`: numbers for themselves, names below 0.
    declared: dict[int, t.Tree] = field(default_factory=dict)
    #: How many entries an axis has at least, since one with a number is written: `x_3`.
    numbered: list[tuple[int, int]] = field(default_factory=list)
    _codes: dict[str, int] = field(default_factory=dict)
    letters: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    local: dict[str, Axes | None] = field(default_factory=dict)

    # ----- sizes -----

    def fresh(self) -> int:
        return self.sizes.new()

    def size(self, tree: t.Tree | None) -> int:
        """A cell for a declared size: a number, a name, a name with a label; other trees stay open."""
        if isinstance(tree, t.Number):
            self.declared[int(tree.value)] = tree
            return self.sizes.new(int(tree.value))
        if not isinstance(tree, t.Name):
            return self.fresh()
        name = tree.text if tree.label is None else self.counted(tree)
        if name is None:
            return self.fresh()
        number = self.context.sizes.get(name)
        code = number if number is not None else self._codes.setdefault(name, -1 - len(self._codes))
        self.declared[code] = t.Number(str(number)) if number is not None else t.Name(name)
        return self.sizes.new(code)

    def same(self, a: int, b: int, at: t.Tree) -> None:
        """Two axes are equal; one of size 1 fits every other."""
        if 1 not in (self.sizes.value(a), self.sizes.value(b)) and not self.sizes.unify(a, b):
            self.misfits.append(Misfit(at, (self.shown(a), self.shown(b))))

    def all_same(self, a: Axes, b: Axes, at: t.Tree) -> Axes:
        """Both have equal axes."""
        if len(a.cells) != len(b.cells):
            self.misfits.append(Misfit(at))
        else:
            for x, y in zip(a.cells, b.cells, strict=True):
                self.same(x, y, at)
        return a if a.side != "free" else b

    def shown(self, cell: int) -> str:
        value = self.sizes.value(cell)
        return to_plain(self.declared[value]) if value in self.declared else "open"

    # ----- names -----

    def counted(self, tree: t.Name) -> str | None:
        """The name with its label counted out; None where there is no such label."""
        assert tree.label is not None
        try:
            number = label_number(self.context, tree.label, self.labels)
        except ClaimError:
            return None
        return with_layer(tree.text, str(number)) if number >= 0 else None

    def name(self, tree: t.Name) -> Axes | None:
        if tree.label is None and tree.text in self.local:
            return self.local[tree.text]
        if tree.label is None and (tree.text in self.letters or tree.text in self.labels):
            return NUMBER
        name = tree.text if tree.label is None else self.counted(tree)
        return None if name is None else self.quantity(name)

    def quantity(self, name: str) -> Axes | None:
        """The axes of a quantity, None while nothing is known of them."""
        if name in self.cells:
            return Axes(self.cells[name], self.side())
        if (leaf := self.leaf(name)) is not None:
            self.cells[name] = tuple(self.sized(leaf, name))
            return Axes(self.cells[name], "row" if leaf.row else self.side())
        if name in self.context.sizes or name in self.context.labels:
            return NUMBER
        if name in self.labelled:
            return None
        rank = self.ranks.get(name, self.ranks.get(base_name(name)))
        if rank is None:
            return None
        self.cells[name] = tuple(self.fresh() for _ in range(rank))
        return Axes(self.cells[name], self.side())

    def side(self) -> str:
        return "row" if self.context.settings.vectors == "rows" else "column"

    def leaf(self, name: str) -> Leaf | None:
        found = self.context.leaves.get(name)
        if found is not None and found.label is None:
            return found
        generic = self.context.leaves.get(base_name(name))
        return generic if generic is not None and generic.label is not None and split_name(name).layer else None

    def sized(self, leaf: Leaf, name: str) -> list[int]:
        before = self.labels
        if leaf.label is not None:
            self.labels = {leaf.label: int(split_name(name).layer)}
        made = [self.size(n) for n in leaf.sizes]
        self.labels = before
        return made

    # ----- trees -----

    def axes(self, tree: t.Tree) -> Axes | None:
        """The axes of a part of a formula; None where they do not follow."""
        handler = HANDLERS.get(type(tree))
        if handler is None:
            for child in tree.children:
                self.axes(child)
            return None
        return handler(self, tree)

    def number(self, tree: t.Tree) -> Axes:
        return NUMBER

    def negative(self, tree: t.Negative) -> Axes | None:
        return self.axes(tree.operand)

    def transpose(self, tree: t.Transpose) -> Axes | None:
        a = self.axes(tree.operand)
        if a is None:
            return None
        turned = {"column": "row", "row": "column"}.get(a.side, a.side) if len(a.cells) == 1 else a.side
        return Axes(a.cells[::-1], turned)

    def binary(self, tree: t.Binary) -> Axes | None:
        a, b = self.axes(tree.left), self.axes(tree.right)
        if tree.op == "^":
            return a
        if tree.op == "/":
            return a if a is None or b is None or not b.cells else self.all_same(a, b, tree) if a.cells else b
        if tree.op in "+-":
            return self.sum_of(a, b, tree)
        return self.product(a, b, "∘" if tree.hadamard else tree.op, tree)

    def juxtaposition(self, tree: t.Juxtaposition) -> Axes | None:
        return self.product(self.axes(tree.left), self.axes(tree.right), "", tree)

    def sum_of(self, a: Axes | None, b: Axes | None, at: t.Tree) -> Axes | None:
        """Equal axes; a number is added to every entry, a bias to every sample."""
        if a is None or b is None:
            return None
        if len(a.cells) == len(b.cells):
            return self.all_same(a, b, at)
        small, large = (a, b) if len(a.cells) < len(b.cells) else (b, a)
        if not small.cells:
            self.misfits.append(Misfit(at, mild=True))
        elif len(large.cells) == 2:
            self.same(small.cells[0], large.cells[1 if small.side == "row" else 0], at)
        return large

    def product(self, a: Axes | None, b: Axes | None, sign: str, at: t.Tree) -> Axes | None:
        from jacobians.claims.axes_of_products import product

        return None if a is None or b is None else product(self, a, b, sign, at)

    # ----- indices and sums -----

    def index(self, tree: t.Index) -> Axes | None:
        a = self.axes(self.context.array_of(tree))
        if a is None:
            return None
        if len(tree.indices) > len(a.cells):
            self.misfits.append(Misfit(tree))
            return None
        kept = list(a.cells[len(tree.indices) :])
        for cell, k in zip(a.cells, tree.indices, strict=False):
            if isinstance(k, t.Name) and k.label is None:
                self.same(self.letters.setdefault(k.text, cell), cell, tree)
            elif isinstance(k, t.Number) and k.text.isdigit():
                self.numbered.append((int(k.text) + 1 - self.context.settings.indices, cell))
            elif isinstance(k, c.Slice):
                kept.insert(0, cell if k.start is k.stop is None else self.fresh())
        return Axes(tuple(kept), a.side)

    def big_sum(self, tree: c.Sum) -> Axes | None:
        outside = {letter: self.letters.pop(letter, None) for letter in tree.indices}
        made = self.axes(tree.body)
        for letter, cell in outside.items():
            self.letters.pop(letter, None)
            if cell is not None:
                self.letters[letter] = cell
        return made if tree.indices else NUMBER

    # ----- functions -----

    def call(self, tree: t.Call) -> Axes | None:
        from jacobians.claims.axes_of_calls import call

        return call(self, tree)

    def apply(self, tree: c.Apply) -> Axes | None:
        for argument in tree.args:
            self.axes(argument)
        return self.axes(tree.function)

    # ----- calculus -----

    def partial(self, tree: c.Partial) -> Axes | None:
        of, by = self.axes(tree.of), self.axes(tree.by)
        if of is None or by is None or tree.second is not None:
            return None
        return Axes((*of.cells, *by.cells), "free" if not of.cells else "column")

    def gradient(self, tree: c.Gradient) -> Axes | None:
        by = self.axes(tree.by)
        if tree.of is not None:
            self.axes(tree.of)
        return by if tree.order == 1 else None

    def cases(self, tree: c.Cases) -> Axes | None:
        made = [self.axes(value) for value, _ in tree.branches]
        return next((a for a in made if a is not None and a.cells), made[0])


def base_name(name: str) -> str:
    """The name without its layer."""
    parts = split_name(name)
    return parts.base + (f"_{parts.subscript}" if parts.subscript else "")


HANDLERS: dict[type[t.Tree], Callable[[AxesReader, Any], Axes | None]] = {
    t.Number: AxesReader.number,
    t.Iverson: AxesReader.number,
    t.Name: AxesReader.name,
    t.Negative: AxesReader.negative,
    t.Transpose: AxesReader.transpose,
    t.Binary: AxesReader.binary,
    t.Juxtaposition: AxesReader.juxtaposition,
    t.Index: AxesReader.index,
    t.Call: AxesReader.call,
    c.Sum: AxesReader.big_sum,
    c.Product: AxesReader.big_sum,
    c.Apply: AxesReader.apply,
    c.Partial: AxesReader.partial,
    c.Gradient: AxesReader.gradient,
    c.Cases: AxesReader.cases,
}
