r"""The tree of a formula: what every surface is read into, and what every printer starts from.

Two trees are equal where they mean the same formula: the place in the source (`span`) is not compared. Names are ASCII
whatever the surface (`δ1` and `\delta^{(1)}` are both `Name("delta1")`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

Operator = Literal["+", "-", "@", "*", "/", "^", "·", "⊗", "∘", "×"]
#: The last is no condition but a step along a graph: `x -> f -> L`.
Relation = Literal["<", "<=", ">", ">=", "==", "!=", "->"]


class Span(NamedTuple):
    """Where a part of a formula stands: lines and columns count from 1, the end column is the first one behind it."""

    line: int
    column: int
    end_line: int
    end_column: int


class Hashed:
    """Remembers its hash: a part of a formula is looked up once for every part that it stands in."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tree(Hashed):
    """A formula or a part of one."""

    span: Span | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def children(self) -> tuple[Tree, ...]:
        """The parts, from left to right."""
        return ()

    # one comparison for all classes, rather than one written by every decorator: importing takes half as long

    def _key(self) -> tuple[object, ...]:
        names: tuple[str, ...] = self.__match_args__
        return tuple([getattr(self, name) for name in names])

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            object.__setattr__(self, "_hash", hash((type(self), self._key())))
            return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._key()))})"

    def walk(self) -> Iterator[Tree]:
        """This tree and everything in it, from left to right, parents first."""
        waiting: list[Tree] = [self]
        while waiting:
            tree = waiting.pop()
            yield tree
            waiting += tree.children[::-1]

    @property
    def depth(self) -> int:
        """The number of levels, counted without recursion."""
        levels, row = 0, [self]
        while row:
            levels, row = levels + 1, [child for tree in row for child in tree.children]
        return levels


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(Tree):
    """`2`, `2.50`, `1e-3`, as it was written."""

    text: str

    @property
    def value(self) -> Fraction:
        """The exact value."""
        return Fraction(self.text)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name(Tree):
    """`x`, `W1`, `x_in`; with a generic layer `a_(k-1)`: base `a` and the label k - 1."""

    text: str
    label: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return () if self.label is None else (self.label,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Tree):
    """`tanh(z1)`; its derivative `tanh'(z1)` has primes = 1; options as in `softmax(x, axis=0)` are keywords."""

    function: str
    args: tuple[Tree, ...]
    primes: int = 0
    keywords: tuple[tuple[str, Tree], ...] = ()
    label: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        label = () if self.label is None else (self.label,)
        return (*label, *self.args, *(value for _, value in self.keywords))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Negative(Tree):
    """`-x`."""

    operand: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Tree):
    """`left op right`: `@` matrix product, `*` elementwise, `·` `×` `∘` whichever fits, `⊗` outer product."""

    op: Operator
    left: Tree
    right: Tree
    #: Whether `*` was written as a sign that can only mean the elementwise product, such as \odot; it is not compared.
    hadamard: bool = field(default=False, kw_only=True)

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Juxtaposition(Tree):
    """`2 x`: a product without a sign; what it means is decided by ranks."""

    left: Tree
    right: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Transpose(Tree):
    """`W.T`."""

    operand: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prime(Tree):
    """`g'` without an argument: the derivative of a function of one variable."""

    operand: Tree
    order: int = 1

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Index(Tree):
    """`a[i]`, `W[k, l]`."""

    array: Tree
    indices: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.array, *self.indices)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class List(Tree):
    """`[1, 2, 3]`."""

    items: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.items


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chain(Tree):
    """`a = b = c`: every neighbouring pair is a claim."""

    parts: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.parts


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comparison(Tree):
    """`0 <= i < n`."""

    parts: tuple[Tree, ...]
    relations: tuple[Relation, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return self.parts


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Iverson(Tree):
    """`[i >= j]`: 1 where the condition holds, 0 elsewhere."""

    condition: Comparison

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.condition,)
