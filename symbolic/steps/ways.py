"""A derivative as a sum over ways of products of Jacobians, line by line: put in, multiplied out, collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import NamedTuple

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from symbolic.steps.components import entry_of
from symbolic.steps.derivation import Detail, Part, Reason, Step
from symbolic.steps.local import Jacobian, Jacobians
from symbolic.steps.sums import ONE, Product, write
from symbolic.steps.tensor_form import Axis, beside, plus, row

Way = tuple[Jacobian, ...]
Ways = tuple[Way, ...]
#: An earlier result is put into a line that has at most so many parts then.
SHORT = 60


@dataclass
class Lines:
    """The lines of one derivative; of whole arrays where that can be written, else of components."""

    jacobians: Jacobians
    of: t.Name
    by: t.Name
    steps: list[Step] = field(default_factory=list)
    by_entries: bool = False
    _added: list[tuple[Ways, Reason, Detail]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.out, self.inp = self.jacobians.axes(self.of), self.jacobians.axes(self.by)

    @property
    def axes(self) -> tuple[Axis, ...]:
        return (*self.out, *self.inp)

    @property
    def derivative(self) -> t.Tree:
        """The head: the whole derivative, or a component of it where one of the lines is one."""
        return self.component if self.by_entries else c.Partial(self.of, self.by)

    @property
    def component(self) -> t.Tree:
        """∂of_i/∂by_j with the letters of the lines."""
        derivative = c.Partial(entry_of(self.of, _names(self.out)), entry_of(self.by, _names(self.inp)))
        return self.jacobians.spelled(derivative, self.axes)

    def part(self, title: Reason) -> Part:
        """What was written."""
        return Part(self.derivative, tuple(self.steps), title)

    # ----- lines -----

    def write(self, line: t.Tree, reason: Reason, detail: Detail = "lecture", summary: Reason | None = None) -> None:
        """The next line, unless it says the same as the one before, or as the head."""
        line = self.jacobians.spelled(line, self.axes)
        before = self.steps[-1].line if self.steps else self.derivative
        if line != before:
            self.steps.append(Step(line, reason, detail, summary))

    def add(self, ways: Ways, reason: Reason, detail: Detail = "lecture") -> None:
        """The sum over ways as the next line; where it needs indices, so do all lines."""
        self._added.append((ways, reason, detail))
        if not self.by_entries and (whole := self.whole(ways)) is not None:
            self.write(whole, reason, detail)
        elif self.by_entries:
            self._write_entries(ways, reason, detail)
        else:
            self.by_entries, self.steps = True, []
            for added in self._added:
                self._write_entries(*added)

    def _write_entries(self, ways: Ways, reason: Reason, detail: Detail) -> None:
        if (line := self.entries(ways)) is not None:
            self.write(line, reason, detail)

    def whole(self, ways: Ways) -> t.Tree | None:
        """The sum as one of products of whole arrays; None where indices are needed."""
        products = [product(way) for way in ways]
        return None if None in products else reduce(plus, products)  # type: ignore[arg-type]

    def entries(self, ways: Ways) -> t.Tree | None:
        """The sum in components; None where nothing says how far a letter counts."""
        lines = [entries(self.jacobians, way, self.out, self.inp) for way in ways]
        return None if None in lines else reduce(plus, lines)  # type: ignore[arg-type]

    # ----- the usual course -----

    def multiply(self, ways: Ways) -> Jacobian:
        """Multiplied out from the left, one factor of every way in one line; then collected."""
        reason = Reason("multiplied from the left")
        while any(len(way) > 1 for way in ways):
            ways = tuple((self.jacobians.times(*way[:2]), *way[2:]) if len(way) > 1 else way for way in ways)
            more = any(len(way) > 1 for way in ways)
            if more or len(ways) > 1:
                self.add(ways, reason, "every step" if more else "lecture")
        total = self.jacobians.plus([one for (one,) in ways])
        several = len(ways) > 1
        if self.by_entries or not several or len(total.sums) < sum(len(one.sums) for (one,) in ways):
            self.collect(total, Reason("simplification") if several else reason)
        else:  # nothing was collected: the line stands
            self.steps[-1] = replace(self.steps[-1], detail="result")
        return total

    def collect(self, total: Jacobian, reason: Reason) -> None:
        """The last line: whole where it can be; behind components as the entry of a whole array, (A B)_ij.

        Raises:
            InputError: nothing says how far a sum goes.
        """
        self.add(((total,),), reason)
        whole = self.whole(((total,),)) if self.by_entries else None
        if whole is not None:
            self.write(entry_of(whole, _names(self.axes)), Reason("whole arrays"))
        if not self.steps:
            raise InputError(
                f"derivation: no line of {to_plain(self.derivative)} says how far its sums go; take style='index'"
            )
        self.steps[-1] = replace(self.steps[-1], detail="result")

    def conclude(self, total: Jacobian, reason: Reason) -> None:
        """The whole array as the last line, where it can be written without indices."""
        if (whole := self.whole(((total,),))) is not None:
            self.write(whole, reason)
        self.steps[-1] = replace(self.steps[-1], detail="result")


def _names(axes: Sequence[Axis]) -> tuple[t.Tree, ...]:
    return tuple(t.Name(axis.letter) for axis in axes)


def product(factors: Sequence[Jacobian]) -> t.Tree | None:
    """The product of whole arrays; None where one needs indices, or where nobody could see what the signs sum over."""
    total: t.Tree | None = None
    start = 0
    for k, factor in enumerate(factors):
        last = k == len(factors) - 1
        hidden = not last and len(factor.inp) > 1 and not _is_seen(factor, factors[k + 1])
        if factor.whole is None or hidden:
            return None
        if last or (not factor.inp and factors[0].out):  # a number in between: nothing is summed over
            part = reduce(_beside, [_facing(f) for f in factors[start : k + 1]]).tree
            total = part if total is None else t.Binary("⊗", total, part)
            start = k + 1
    return total


class _Facing(NamedTuple):
    """A factor of a product as it is written there, and whether its product with anything is that with a number."""

    tree: t.Tree
    scalar: bool


def _facing(factor: Jacobian) -> _Facing:
    """The gradient of a number is a row."""
    assert factor.whole is not None
    turned = len(factor.inp) == 1 and not factor.out and not factor.quotient
    return _Facing(row(factor.whole) if turned else factor.whole, not factor.inp)


def _beside(left: _Facing, right: _Facing) -> _Facing:
    if left.scalar:
        return _Facing(t.Juxtaposition(left.tree, right.tree), right.scalar)
    return _Facing(beside(left.tree, right.tree), right.scalar)


def _is_seen(left: Jacobian, right: Jacobian) -> bool:
    """Whether a product sums over all axes in the middle: derivatives say how many there are."""
    return right.quotient and (left.quotient or not left.out)


def entries(jacobians: Jacobians, factors: Way, out: Sequence[Axis], inp: Sequence[Axis]) -> t.Tree | None:
    """The product of components over given letters, its sums not yet carried out; None where one has no limits."""
    first = jacobians.refreshed(factors[0])
    made = [jacobians.moved(first, _to(first.out, out))]
    middle: list[str] = []
    for factor in factors[1:]:
        middle += [axis.letter for axis in made[-1].inp]
        made.append(jacobians.joined(made[-1], factor))
    made[-1] = jacobians.moved(made[-1], _to(made[-1].inp, inp))
    if all(len(one.sums) == 1 for one in made):
        whole = reduce(Product.times, (one.sums[0] for one in made))
        line = write((replace(whole, letters=(*middle, *whole.letters)),))
    else:
        body = reduce(t.Juxtaposition, (write(one.sums) for one in made))
        line = c.Sum(tuple(middle), body) if middle else body
    return limited(line, {axis.letter: axis.size for one in made for axis in (*one.out, *one.inp)})


def _to(axes: Sequence[Axis], wanted: Sequence[Axis]) -> dict[str, str]:
    return {a.letter: b.letter for a, b in zip(axes, wanted, strict=True)}


def limited(tree: t.Tree, sizes: Mapping[str, t.Tree]) -> t.Tree | None:
    """The line with limits where a letter is the index of no array, only of deltas; None where they are not known."""
    if isinstance(tree, c.Sum):
        used = {i.text for p in tree.walk() if isinstance(p, t.Index) for i in p.indices if isinstance(i, t.Name)}
        free = tuple(x for x in tree.indices if x not in used)
        if not sizes.keys() >= {*free} or (free and any(isinstance(p, t.Iverson) for p in tree.walk())):
            return None
        if free:
            rest = tuple(x for x in tree.indices if x in used)
            body = limited(c.Sum(rest, tree.body) if rest else tree.body, sizes)
            return body and reduce(lambda inner, x: c.Sum((x,), inner, ONE, sizes[x]), reversed(free), body)
    children = [limited(child, sizes) for child in tree.children]
    if None in children:
        return None
    made = iter(children)
    return rebuilt(tree, lambda _: next(made))  # type: ignore[arg-type, return-value]


def names_of(ways: Sequence[Way]) -> list[tuple[t.Name, t.Name]]:
    """The pairs of quantities that the factors are derivatives of and by, each once."""
    return list(dict.fromkeys((one.of, one.by) for way in ways for one in way))
