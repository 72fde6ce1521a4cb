"""What a mistake can be made with: the names of a context by rank, its activations, the letters of the claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jacobians.claims.letters import index_letters, label_letters
from jacobians.claims.redpen.edits import every_factor, shifted
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name

if TYPE_CHECKING:
    from jacobians.claims.judge import Judge


@dataclass(frozen=True, slots=True)
class Activation:
    """g applied to z somewhere in an equation; `letter` is the label's where the equation holds for every layer."""

    function: str
    argument: t.Tree
    #: The label of the function itself, as in g^{(k)}.
    called: t.Tree | None
    letter: str | None


@dataclass
class Site:
    """One claim, left = right, where a mistake is looked for on the right side."""

    judge: Judge
    left: t.Tree
    right: t.Tree
    #: Other lines of the chain, from which a correction may be taken.
    others: tuple[t.Tree, ...] = field(default_factory=tuple)
    _summands: dict[object, tuple[t.Tree, ...]] = field(default_factory=dict)

    @cached_property
    def free(self) -> tuple[str, ...]:
        """The index letters of the left side."""
        return index_letters(self.judge.context, self.left)

    @cached_property
    def letters(self) -> tuple[str, ...]:
        """All index letters, bound ones too, in the order of their appearance."""
        found = dict.fromkeys(index_letters(self.judge.context, self.left, self.right))
        for part in (*self.left.walk(), *self.right.walk()):
            if isinstance(part, c.Sum):
                found |= dict.fromkeys(part.indices)
        return tuple(found)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The label letters, and the last layer's."""
        own = label_letters(self.judge.context, self.left, self.right)
        last = tuple(k for k, (a, b) in self.judge.context.labels.items() if a == b)
        return (*own, *last)

    @cached_property
    def names(self) -> dict[str, tuple[int, ...]]:
        """The quantities, labelled ones by their base, and their shapes in the first instance."""
        found: dict[str, tuple[int, ...]] = {}
        context = self.judge.context
        listed = [*context.leaves, *context.equations]
        if context.model is not None:
            listed += [*context.model.leaves, *context.model.named]
        if self.has_labels:  # the claim speaks of layers by letters: so do those that may be meant
            listed = list(dict.fromkeys(self._base(name) for name in listed))
        for name in listed:
            shape = self.judge.shape(name)
            if shape is not None:
                found[name] = shape
        return found

    @cached_property
    def has_labels(self) -> bool:
        """Whether the claim has names with a label that is no number."""
        parts = (*self.left.walk(), *self.right.walk())
        return any(isinstance(p, t.Name) and p.label is not None for p in parts)

    def _base(self, name: str) -> str:
        """W of W1, where there is one for every layer."""
        base, number = base_and_label(name)
        return base if number is not None and self.judge.context.is_generic(base) else name

    def shape(self, tree: t.Tree) -> tuple[int, ...] | None:
        """The structural shape of a part of the claim; None where it has no value by itself."""
        return self.judge.shape_of(tree, (self.left, self.right))

    def rank(self, tree: t.Tree) -> int | None:
        """Its rank."""
        shape = self.shape(tree)
        return None if shape is None else len(shape)

    @cached_property
    def label_trees(self) -> tuple[t.Tree, ...]:
        """The labels that the claim has, and those next to them."""
        found: dict[t.Tree, None] = {}
        for part in (*self.left.walk(), *self.right.walk()):
            if isinstance(part, t.Name | t.Call) and part.label is not None:
                found[part.label] = None
        near = [shifted(label, by) for label in found for by in (1, -1)]
        letters = [t.Name(letter) for letter in self.labels]
        return tuple(dict.fromkeys([*found, *letters, *near]))

    def alike(self, name: t.Name) -> Iterator[t.Name]:
        """Other quantities of the same shape, those with the same label first."""
        labels = [name.label] if name.label is not None else []
        for other in self.names:
            for made in self._with_labels(other, labels):
                if made != name and self._same_shape(made, name):
                    yield made
        if name.label is not None:
            near = [shifted(name.label, by) for by in (-1, 1)]
            for other in self.names:
                if other != name.text and self.judge.context.is_generic(other):
                    for label in near:
                        made = t.Name(other, label)
                        if self._same_shape(made, name):
                            yield made

    def _same_shape(self, one: t.Tree, other: t.Tree) -> bool:
        """Whether both have a value in some layer, and equal shapes wherever both do."""
        a, b = (self.judge.shapes_of(tree, (self.left, self.right)) for tree in (one, other))
        both = a.keys() & b.keys()
        return bool(both) and all(a[labels] == b[labels] for labels in both)

    @cached_property
    def uses_gradient_names(self) -> bool:
        """Whether the claim calls gradients dW, dZ."""
        parts = (*self.left.walk(), *self.right.walk())
        return any(isinstance(p, t.Name) and p.text.startswith("d") and p.text[1:] in self.names for p in parts)

    def other_names(self, name: t.Name, alike: bool) -> Iterator[t.Name]:
        """Other quantities, with `alike` only those with as many axes: what may stand in the place of a variable."""
        rank = self.rank(name)
        labels = [name.label] if name.label is not None else []
        for other, size in self.names.items():
            if not alike or len(size) == rank:
                yield from (made for made in self._with_labels(other, labels) if made != name)

    @cached_property
    def pool(self) -> tuple[t.Tree, ...]:
        """Factors that may be missing: those of the claim and of the other lines, gradients, single quantities."""
        found: dict[t.Tree, None] = {}
        for tree in (*self.others, self.right):
            for part in tree.walk():
                if isinstance(part, t.Juxtaposition | t.Binary):
                    found |= dict.fromkeys(f for f in every_factor(part) if not isinstance(f, t.Number))
        found |= dict.fromkeys(self.gradients)
        for name in self.names:
            found |= dict.fromkeys(self._with_labels(name, []))
        own = [f for f in found if self.shape(f) is not None]
        entries = [e for f in own for e in self.entries(f)]
        return tuple(dict.fromkeys([*entries, *own]))[:60]

    def entries(self, tree: t.Tree) -> list[t.Tree]:
        """The entries of an array at the letters of the claim."""
        letters = [t.Name(x) for x in self.letters]
        rank = self.rank(tree)
        if rank == 1:
            return [t.Index(tree, (x,)) for x in letters]
        if rank == 2:
            return [t.Index(tree, (x, y)) for x in letters for y in letters if x != y]
        return []

    @cached_property
    def gradients(self) -> tuple[t.Tree, ...]:
        """The gradients of what the left side is a derivative of, as the claim calls them."""
        loss = self.judge.context.loss
        of: t.Tree | None = t.Name(loss) if loss else None
        if isinstance(self.left, c.Partial):
            of = self.left.of
        if of is None:
            return ()
        names = [v for name in self.names for v in self._with_labels(name, [])]
        if self.uses_gradient_names:
            return tuple(t.Name("d" + v.text, v.label) for v in names)
        by = self.left.by if isinstance(self.left, c.Partial) else None
        own = by.array if isinstance(by, t.Index) else by  # the answer itself explains nothing
        return tuple(c.Partial(of, v) for v in names if v not in (of, own))

    def summands(self, tree: t.Tree) -> tuple[t.Tree, ...]:
        """What may be missing beside a part: something of its shape."""
        shape, letters = self.shape(tree), index_letters(self.judge.context, tree)
        if shape is None:
            return ()
        key = (shape, letters, tree is self.right)
        if key not in self._summands:
            self._summands[key] = tuple(self._summands_of(shape, letters, tree is self.right))
        return self._summands[key]

    def _summands_of(self, shape: tuple[int, ...], letters: tuple[str, ...], whole: bool) -> Iterator[t.Tree]:
        own = [v for name in self.names for v in self._with_labels(name, [])]
        arrays = [v for v in own if self.shape(v) == shape]
        yield t.Number("1")
        yield from arrays
        yield from (t.Binary("^", v, t.Number("2")) for v in arrays)
        if shape == ():
            entries = [t.Index(v, tuple(map(t.Name, letters))) for v in own if self.rank(v) == len(letters) > 0]
            yield from entries
            for v in own:
                if self.rank(v) == 1 and len(letters) == 2:
                    yield t.Juxtaposition(*(t.Index(v, (t.Name(x),)) for x in letters))
        if len(shape) == 2 and shape[0] == shape[1]:
            sizes = [s for s in self.judge.context.sizes if self.judge.size(s) == shape[0]]
            yield from (t.Call("Id", (t.Name(s),)) for s in sizes)
        if whole:
            yield from self.paths

    @cached_property
    def paths(self) -> tuple[t.Tree, ...]:
        """Paths of the chain rule to the left side: a gradient, alone or with what lies between."""
        target = self.shape(self.left)
        if target is None:
            return ()
        names = {v: self.shape(v) for name in self.names for v in self._with_labels(name, [])}
        found: list[t.Tree] = []
        for gradient in self.gradients:
            shape = (
                names.get(gradient.by) if isinstance(gradient, c.Partial) and isinstance(gradient.by, t.Name) else None
            )
            shape = self.shape(gradient) if shape is None else shape
            if shape == target:
                found.append(gradient)
            for v, other in names.items():
                found += [tree for tree, made in _products(gradient, shape, v, other) if made == target]
        return tuple([*found, *self._middles(names)][:60])

    def _middles(self, names: dict[t.Name, tuple[int, ...] | None]) -> list[t.Tree]:
        """dA/dv dv/dB for every v in the middle."""
        if not isinstance(self.left, c.Partial):
            return []
        of, by = self.left.of, self.left.by
        middles = [v for v in names if v not in (of, by)]
        return [t.Juxtaposition(c.Partial(of, v), c.Partial(v, by)) for v in middles]

    def _with_labels(self, name: str, labels: list[t.Tree]) -> Iterator[t.Name]:
        if self.judge.context.is_generic(name):
            yield from (t.Name(name, label) for label in (labels or self.label_trees))
        else:
            yield t.Name(name)

    @cached_property
    def activations(self) -> tuple[Activation, ...]:
        """The elementwise functions that the equations and the claim apply."""
        found: dict[Activation, None] = {}
        for expression, letter in (*self.judge.equations(), (self.left, None), (self.right, None)):
            for part in expression.walk():
                if isinstance(part, t.Call) and len(part.args) == 1 and self.judge.is_elementwise(part.function):
                    found[Activation(part.function, part.args[0], part.label, letter)] = None
        return tuple(found)


Shape = tuple[int, ...]


def _products(g: t.Tree, a: Shape | None, v: t.Tree, b: Shape | None) -> Iterator[tuple[t.Tree, Shape]]:
    """The products of a gradient and a quantity, or its transpose, with their shapes."""
    if not a or not b:
        return
    if len(a) == len(b) == 1:
        yield t.Juxtaposition(g, t.Transpose(v)), (*a, *b)
    if len(b) == 2:
        if a[0] == b[0]:
            yield t.Juxtaposition(t.Transpose(v), g), (b[1], *a[1:])
        if len(a) == 2 and a[1] == b[1]:
            yield t.Juxtaposition(g, t.Transpose(v)), (a[0], b[0])
        if len(a) == 2 and a[1] == b[0]:
            yield t.Juxtaposition(g, v), (a[0], b[1])


def base_and_label(name: str) -> tuple[str, int | None]:
    """`W2` is W with label 2."""
    parts = split_name(name)
    base = parts.base + (f"_{parts.subscript}" if parts.subscript else "")
    return (base, int(parts.layer)) if parts.layer else (name, None)
