"""What a mistake can be made with: the names of a context by rank, its activations, the letters of the claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from jacobians.claims.errors import ClaimError
from jacobians.claims.evaluator import Scope
from jacobians.claims.letters import index_letters, label_letters
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.names import split_name

if TYPE_CHECKING:
    from jacobians.claims.judge import Judge

#: Operators of products, and what stands side by side.
PRODUCTS = ("@", "*", "·", "×", "∘", "⊗")


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
        for name in listed:
            shape = self.judge.shape(name)
            if shape is not None:
                found[name] = shape
        return found

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
        near = [shifted_label(label, by) for label in found for by in (1, -1)]
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
            near = [shifted_label(name.label, by) for by in (-1, 1)]
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

    def names_of_rank(self, name: t.Name) -> Iterator[t.Name]:
        """Other quantities with as many axes: what may stand in the place of a variable."""
        shape = self.shape(name)
        if shape is None:
            return
        labels = [name.label] if name.label is not None else []
        for other, size in self.names.items():
            if len(size) == len(shape):
                yield from (made for made in self._with_labels(other, labels) if made != name)

    @cached_property
    def pool(self) -> tuple[t.Tree, ...]:
        """Factors that may be missing: those of the other lines and of the equations, then single quantities."""
        from jacobians.claims.redpen.edits import every_factor

        found: dict[t.Tree, None] = {}
        for tree in (*self.others, self.right, *(e for e, label in self.judge.equations() if label is None)):
            for part in tree.walk():
                if isinstance(part, t.Juxtaposition | t.Binary):
                    found |= dict.fromkeys(f for f in every_factor(part) if not isinstance(f, t.Number))
        for name in self.names:
            found |= dict.fromkeys(self._with_labels(name, []))
        own = [f for f in found if self.shape(f) is not None]
        by_letter = [t.Index(f, (t.Name(x),)) for f in own if self.rank(f) == 1 for x in self.free]
        return tuple([*by_letter, *own][:40])

    @cached_property
    def summands(self) -> tuple[t.Tree, ...]:
        """Summands that may be missing: paths of the chain rule, those of other lines, whole quantities."""
        from jacobians.claims.redpen.edits import is_sum, summands

        found: dict[t.Tree, None] = {}
        if isinstance(self.left, c.Partial):
            of, by = self.left.of, self.left.by
            for name in self.names:
                for v in self._with_labels(name, []):
                    if v not in (of, by):
                        found[t.Juxtaposition(c.Partial(of, v), c.Partial(v, by))] = None
        for tree in self.others:
            for part in tree.walk():
                if is_sum(part):
                    found |= dict.fromkeys(s for _, s in summands(part))
        for part in self.right.walk():
            if isinstance(part, t.Index | c.Partial | t.Name):
                found[part] = None
        return tuple(list(found)[:30])

    def says_something(self, left: t.Tree) -> bool:
        """Whether a corrected left side is no copy of the right one."""
        return left != self.right

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


def shifted_label(label: t.Tree, by: int) -> t.Tree:
    """The label of the next layer or of the one before."""
    from jacobians.claims.redpen.edits import shifted

    return shifted(label, by)


def base_and_label(name: str) -> tuple[str, int | None]:
    """`W2` is W with label 2."""
    parts = split_name(name)
    base = parts.base + (f"_{parts.subscript}" if parts.subscript else "")
    return (base, int(parts.layer)) if parts.layer else (name, None)


__all__ = ["PRODUCTS", "Activation", "ClaimError", "Scope", "Site", "base_and_label"]
