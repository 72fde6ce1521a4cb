r"""Trees of calculus: derivatives, sums, cases, and the other things that only a claim has, never a model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jacobians.notation.tree import Tree

#: The sign a derivative is written with; it is not compared.
DerivativeSign = Literal["∂", "d", "δ", "D"]


def _given(*trees: Tree | None) -> tuple[Tree, ...]:
    return tuple([tree for tree in trees if tree is not None])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Partial(Tree):
    """`D(a, b)`, `∂a/∂b`, `da/db`, and the second derivative `∂²a/(∂b ∂c)` with a `second`."""

    of: Tree
    by: Tree
    second: Tree | None = None
    sign: DerivativeSign = field(default="∂", kw_only=True)

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.of, self.by, self.second)

    def _key(self) -> tuple[object, ...]:
        return (self.of, self.by, self.second)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gradient(Tree):
    r"""`\nabla_W L`: in the shape of the variable, whatever the layout; `\nabla a` is that of the loss by a.

    `\nabla_x f` for a vector f is the transposed Jacobian; with `order` 2, `\nabla^2_x f`, it is the Hessian.
    """

    by: Tree
    of: Tree | None = None
    order: int = 1

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.by, self.of)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class JacobianOf(Tree):
    """`J_f(x)`, `D_x f`: the Jacobian of f; what is in brackets is a point, or the variable where f is a quantity."""

    of: Tree
    argument: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.of, self.argument)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Differential(Tree):
    """`d(W x)`, `dx` where no gradient of that name is meant: the linear part of a change."""

    of: Tree

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.of,)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sum(Tree):
    r"""`sum_i(W[o, i] * x[i])`, `\sum_{i=1}^n`, `\sum_{j \ne i}`; without letters everything is summed."""

    indices: tuple[str, ...]
    body: Tree
    lower: Tree | None = None
    upper: Tree | None = None
    condition: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.lower, self.upper, self.condition, self.body)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Product(Sum):
    r"""`\prod_{j=i+1}^t`: the factors stand in the order of the letter, also where the limits descend."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cases(Tree):
    """A value and its condition, row by row; `None` is "otherwise"."""

    branches: tuple[tuple[Tree, Tree | None], ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return tuple(part for value, condition in self.branches for part in _given(value, condition))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Apply(Tree):
    """A function that is no single name, applied: `(g ∘ f)'(x)`, `(a + b)'`."""

    function: Tree
    args: tuple[Tree, ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.function, *self.args)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class At(Tree):
    r"""`\left. \frac{df}{dx} \right|_{x=x_0}`: the body where names take other values."""

    body: Tree
    values: tuple[tuple[Tree, Tree], ...]

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.body, *(part for pair in self.values for part in pair))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Dots(Tree):
    r"""`\dots`: what a reader fills in."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Slice(Tree):
    """`:`, `1:n` inside an index; `*` for the whole axis."""

    start: Tree | None = None
    stop: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.start, self.stop)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Membership(Tree):
    r"""`W \in \mathbb{R}^{m \times n}`: sizes; `k \in G`: no sizes, but the set it is `within`."""

    element: Tree
    sizes: tuple[Tree, ...] | None
    within: Tree | None = None

    @property
    def children(self) -> tuple[Tree, ...]:
        return _given(self.element, *(self.sizes or ()), self.within)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MapsTo(Tree):
    r"""`f : \mathbb{R}^n \to \mathbb{R}^m`: the sizes of argument and value; `None` for a set that says none."""

    function: Tree
    domain: tuple[Tree, ...] | None
    codomain: tuple[Tree, ...] | None

    @property
    def children(self) -> tuple[Tree, ...]:
        return (self.function, *(self.domain or ()), *(self.codomain or ()))
