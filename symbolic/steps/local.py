"""Jacobians as factors: the direct ones of the equations, and products of them, in components and as whole arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from itertools import count
from math import prod

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.components import Components, Indices, Letters, entry_of
from symbolic.steps.derivation import Reason
from symbolic.steps.graph import Graph, Label, label_of, shifted
from symbolic.steps.rules import Derived, Rules
from symbolic.steps.sums import Product, Sums, cancelled, contracted, delta, merged, write
from symbolic.steps.tensor_form import Axis, plus, tensor_form

_NUMBERED = re.compile(r"#[0-9]+")


class Numbered(Letters):
    """Letters without end for what is computed; a line is spelled with the usual ones when it is written."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def fresh(self) -> str:
        return f"#{next(self._numbers)}"


@dataclass(frozen=True, slots=True)
class Jacobian:
    """The derivative of one quantity by another: what its components are, over the letters of its axes."""

    of: t.Name
    by: t.Name
    out: tuple[Axis, ...]
    inp: tuple[Axis, ...]
    sums: Sums
    #: The formula of whole arrays; None where indices are needed.
    whole: t.Tree | None
    #: Whether the formula is the quotient itself, which knows its outputs from its inputs.
    quotient: bool = False


@dataclass
class Jacobians:
    """The Jacobians of one graph."""

    graph: Graph
    letters: Numbered = field(default_factory=Numbered)
    _local: dict[tuple[t.Name, t.Name], Jacobian] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._spare = Letters(self.graph)
        self._usual: list[str] = []

    @cached_property
    def components(self) -> Components:
        return Components(self.graph, self.letters)

    # ----- one factor -----

    def quotient(self, of: t.Name, by: t.Name) -> Jacobian:
        """∂of/∂by as it stands."""
        out, inp = self.axes(of), self.axes(by)
        derivative = c.Partial(entry_of(of, _letters(out)), entry_of(by, _letters(inp)))
        return Jacobian(of, by, out, inp, (Product(factors=(derivative,)),), c.Partial(of, by), True)

    def identity(self, name: t.Name) -> Jacobian:
        """The derivative of a quantity by itself."""
        out, inp = self.axes(name), self.axes(name)
        deltas = tuple(map(delta, _letters(out), _letters(inp)))
        return self.made(name, name, out, inp, (Product(factors=deltas),))

    def local(self, of: t.Name, by: t.Name) -> Jacobian:
        """The direct Jacobian of a quantity by one that its equation names: all else in the equation is held fixed.

        Raises:
            InputError: an op in the equation has no derivative, or one that no formula of the model says.
        """
        if (of, by) not in self._local:
            self._local[of, by] = self._derived(of, by)
        return self._local[of, by]

    def _derived(self, of: t.Name, by: t.Name) -> Jacobian:
        if self.graph.is_undefined(of):
            return self.quotient(of, by)
        out, inp = self.axes(of), self.axes(by)
        *_, derived = self.rules(of, by, out, inp)
        return self.made(of, by, out, inp, derived.sums)

    def rules(self, of: t.Name, by: t.Name, out: Sequence[Axis], inp: Sequence[Axis]) -> Iterator[Derived]:
        """The components of a local Jacobian, from the definition on one rule further at a time."""
        expression = self.components.definition(of, _letters(out))
        assert expression is not None
        rules = Rules(self.components)
        derivative = c.Partial(expression, entry_of(by, _letters(inp)))
        derived: Derived | None = Derived((Product(factors=(derivative,)),), Reason("definition", {"name": of}))
        while derived is not None:
            yield derived
            derived = rules.step(derived.sums)

    def made(self, of: t.Name, by: t.Name, out: tuple[Axis, ...], inp: tuple[Axis, ...], sums: Sums) -> Jacobian:
        """A Jacobian of given components, with its formula of whole arrays."""
        sums = merged(tuple(cancelled(contracted(one)) for one in sums))
        if sums and sums[0].coefficient < 0:  # p - y, not -y + p
            sums = tuple(sorted(sums, key=lambda one: one.coefficient < 0))
        return Jacobian(of, by, out, inp, sums, tensor_form(sums, out, inp, self.size))

    def is_split(self, of: t.Name, by: t.Name) -> bool:
        """Whether `of` depends on `by` through other quantities of its equation, too: ∂of/∂by is more than direct."""
        expression = self.graph.equation(of)
        others = self.graph.names(expression) if expression is not None else ()
        return any(name != by and self.graph.depends(name, by) for name in others)

    def unevaluated(self, of: t.Name, by: t.Name) -> Jacobian:
        """The local Jacobian as a quotient, where that can only be read as the direct one; else as its formula."""
        return self.local(of, by) if self.is_split(of, by) else self.quotient(of, by)

    # ----- axes -----

    def axes(self, name: t.Name) -> tuple[Axis, ...]:
        """A fresh letter for every axis of a quantity."""
        return tuple(Axis(self.letters.fresh(), size) for size in self.sizes(name))

    def sizes(self, name: t.Name) -> tuple[t.Tree, ...]:
        """The sizes of a quantity: as declared for its layer, else the names of the numbers."""
        if name.label is None:
            return tuple(map(self.graph.size, self.graph.shape(name)))
        labels, shape = next(iter(self.graph.instances.shapes_of(name, (name,)).items()))
        instance = self.graph.instances.first().instance
        known = {instance.size(size, dict(labels)): size for size in self._declared(label_of(name.label))}  # type: ignore[call-overload]
        return tuple(known.get(number, t.Number(str(number))) for number in shape)

    def _declared(self, label: Label) -> Iterator[t.Tree]:
        """The sizes that are declared for every layer, at one of them."""
        for leaf in self.graph.context.leaves.values():
            for size in leaf.sizes:
                if leaf.label is not None and size is not None:
                    yield shifted(size, leaf.label, label)

    def size(self, tree: t.Tree, axis: int) -> t.Tree:
        """The size of an axis of a formula."""
        return self.graph.size(self.graph.shape(tree)[axis])

    def space(self, of: t.Name, by: t.Name) -> t.Tree:
        """∂of/∂by ∈ R^(m x n): outputs first."""
        return c.Membership(c.Partial(of, by), (*self.sizes(of), *self.sizes(by)))

    def multiplications(self, ways: Iterable[Sequence[Jacobian]]) -> t.Tree | None:
        """How many it takes to multiply products of two factors as full arrays; None where there is none."""
        several = [
            _product((*self.sizes(a.of), *self.sizes(a.by), *self.sizes(b.by)))
            for a, b in (way for way in ways if len(way) == 2)
        ]
        return reduce(plus, several) if several else None

    # ----- products -----

    def refreshed(self, one: Jacobian) -> Jacobian:
        """The same with letters of its own."""
        found = (x for p in one.sums for f in (*p.factors, *p.below) for x in _numbered(f))
        axes = (axis.letter for axis in (*one.out, *one.inp))
        inner = (x for p in one.sums for x in p.letters)
        return self.moved(one, {x: self.letters.fresh() for x in dict.fromkeys((*axes, *inner, *found))})

    def moved(self, one: Jacobian, to: Mapping[str, str]) -> Jacobian:
        """The same with other letters."""
        out, inp = (tuple(a._replace(letter=to.get(a.letter, a.letter)) for a in axes) for axes in (one.out, one.inp))
        sums = tuple(
            replace(
                p,
                letters=tuple(to.get(x, x) for x in p.letters),
                factors=tuple(relettered(f, to) for f in p.factors),
                below=tuple(relettered(f, to) for f in p.below),
            )
            for p in one.sums
        )
        return replace(one, out=out, inp=inp, sums=sums)

    def joined(self, left: Jacobian, right: Jacobian) -> Jacobian:
        """The right one with the outputs of its letters those of the left one's inputs."""
        right = self.refreshed(right)
        return self.moved(right, {a.letter: b.letter for a, b in zip(right.out, left.inp, strict=True)})

    def times(self, left: Jacobian, right: Jacobian) -> Jacobian:
        """The product: the axes in the middle are summed, and the sums that deltas collapse are collapsed."""
        right = self.joined(left, right)
        middle = tuple(axis.letter for axis in left.inp)
        sums = tuple(
            replace(both, letters=(*middle, *both.letters))
            for a in left.sums
            for b in right.sums
            for both in (a.times(b),)
        )
        return self.made(left.of, right.by, left.out, right.inp, sums)

    def plus(self, several: Sequence[Jacobian]) -> Jacobian:
        """The sum of Jacobians of the same quantities, like terms collected."""
        first, *rest = several
        if not rest:
            return first
        sums = first.sums
        for other in rest:
            axes = zip((*other.out, *other.inp), (*first.out, *first.inp), strict=True)
            sums += self.moved(other, {a.letter: b.letter for a, b in axes}).sums
        return self.made(first.of, first.by, first.out, first.inp, sums)

    # ----- lines -----

    def spelled(self, tree: t.Tree, axes: Sequence[Axis] = ()) -> t.Tree:
        """The line with the usual letters: those of the axes first, then those of sums; summands may take the same."""
        given = {axis.letter: self._letter(k) for k, axis in enumerate(axes)}
        return self._spelled(tree, given, len(given))[0]

    def _spelled(self, tree: t.Tree, to: Mapping[str, str], taken: int) -> tuple[t.Tree, int]:
        """The formula with other letters, and how many are taken in it."""
        if isinstance(tree, t.Name):
            return (t.Name(to[tree.text]) if tree.text in to else tree), taken
        if isinstance(tree, c.Sum):
            fresh = {x: self._letter(taken + k) for k, x in enumerate(tree.indices)}
            tree, to, taken = replace(tree, indices=tuple(fresh.values())), {**to, **fresh}, taken + len(fresh)
        added = isinstance(tree, t.Binary) and tree.op in "+-"
        most = taken

        def child(part: t.Tree) -> t.Tree:
            nonlocal most
            made, most_ = self._spelled(part, to, taken if added else most)
            most = max(most, most_)
            return made

        return rebuilt(tree, child), most

    def _letter(self, k: int) -> str:
        while len(self._usual) <= k:
            self._usual.append(self._spare.fresh())
        return self._usual[k]


def _letters(axes: Sequence[Axis]) -> Indices:
    return tuple(t.Name(axis.letter) for axis in axes)


def _product(sizes: Sequence[t.Tree]) -> t.Tree:
    """The numbers multiplied, the letters as powers."""
    known = prod(int(size.text) for size in sizes if isinstance(size, t.Number))
    letters = tuple(size for size in sizes if not isinstance(size, t.Number))
    return write((Product(Fraction(known), (), letters),))


def _numbered(tree: t.Tree) -> dict[str, None]:
    """The numbered letters of a formula, as they come."""
    found: dict[str, None] = {}
    for part in tree.walk():
        names = part.indices if isinstance(part, c.Sum) else (part.text,) if isinstance(part, t.Name) else ()
        found |= dict.fromkeys(x for x in names if _NUMBERED.fullmatch(x))
    return found


def relettered(tree: t.Tree, to: Mapping[str, str]) -> t.Tree:
    """Other letters, also under the signs of sums."""
    if isinstance(tree, t.Name):
        return t.Name(to[tree.text]) if tree.text in to else tree
    tree = rebuilt(tree, lambda child: relettered(child, to))
    return replace(tree, indices=tuple(to.get(x, x) for x in tree.indices)) if isinstance(tree, c.Sum) else tree
