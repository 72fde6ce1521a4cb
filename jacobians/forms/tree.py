"""Small expressions for the matrix forms: what is printed is a tree, and the tree can be evaluated.

Every node has its value by plain NumPy (`matmul`, `outer`, `kron`, `diag`), with no use of a term's labels: so
comparing the value with the Jacobian's dense array proves that the printed form is right. Vectors are columns.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Literal

import numpy as np

from jacobians.forms.writers import ATOM, HADAMARD, OUTER, PRODUCT, SUM, Writer, text_writer
from jacobians.printing import outside_brackets
from jacobians.terms import Array


class Node(ABC):
    """An expression; `rows` and `columns` say which axes of `matrix()` are axes of the value."""

    level: ClassVar[int] = ATOM

    @abstractmethod
    def matrix(self) -> Array:
        """The value with two axes: columns for vectors, 1 x 1 for scalars."""

    @abstractmethod
    def write(self, to: Writer) -> str:
        """The printed form."""

    @property
    def rows(self) -> bool:
        return True

    @property
    def columns(self) -> bool:
        return True

    def __str__(self) -> str:
        """Plain text."""
        return self.write(text_writer())

    def value(self) -> Array:
        """The value with the axes it has as a tensor."""
        full = self.matrix()
        return full if self.rows and self.columns else full.reshape(-1 if self.rows or self.columns else ())


@dataclass(frozen=True, eq=False)
class Named(Node):
    """An array with a name, in plain notation."""

    name: str
    array: Array

    @property
    def level(self) -> int:  # type: ignore[override]
        return SUM if re.search(r"[ +*/@^-]", outside_brackets(self.name)) else ATOM

    @property
    def rows(self) -> bool:
        return self.array.ndim > 0

    @property
    def columns(self) -> bool:
        return self.array.ndim > 1

    def matrix(self) -> Array:
        return self.array if self.array.ndim == 2 else self.array.reshape(-1, 1)

    def value(self) -> Array:
        return self.array

    def write(self, to: Writer) -> str:
        return to.name(self.name)


@dataclass(frozen=True, eq=False)
class Identity(Node):
    """Id_n."""

    n: int

    def matrix(self) -> Array:
        return np.eye(self.n)

    def write(self, to: Writer) -> str:
        return to.sign("identity", to.size(self.n))


@dataclass(frozen=True, eq=False)
class Ones(Node):
    """The vector of ones."""

    n: int
    columns = False

    def matrix(self) -> Array:
        return np.ones((self.n, 1))

    def write(self, to: Writer) -> str:
        return to.sign("ones", to.size(self.n))


@dataclass(frozen=True, eq=False)
class Transpose(Node):
    """Aᵀ; of a column, a row."""

    body: Node

    @property
    def rows(self) -> bool:
        return self.body.columns

    @property
    def columns(self) -> bool:
        return self.body.rows

    def matrix(self) -> Array:
        return self.body.matrix().T

    def write(self, to: Writer) -> str:
        shown = to.inside(self.body, ATOM)
        # in LaTeX a second superscript on one symbol is an error
        return to.sign("transpose", to.sign("braced", shown) if "^" in shown else shown)


@dataclass(frozen=True, eq=False)
class Diag(Node):
    """The diagonal matrix of a vector."""

    body: Node

    def matrix(self) -> Array:
        return np.diag(self.body.value())

    def write(self, to: Writer) -> str:
        return to.sign("diag", self.body.write(to))


@dataclass(frozen=True, eq=False)
class Vec(Node):
    """The entries of a matrix under one another, last axis first (row) or first axis first (column)."""

    body: Node
    order: Literal["row", "column"]
    columns = False

    def matrix(self) -> Array:
        return self.body.value().reshape(-1, 1, order="C" if self.order == "row" else "F")

    def write(self, to: Writer) -> str:
        return to.sign(self.order, self.body.write(to))


@dataclass(frozen=True, eq=False)
class Product(Node):
    """A matrix product; vectors are columns, their transposes rows."""

    factors: Sequence[Node]
    level = PRODUCT

    @property
    def rows(self) -> bool:
        return self.factors[0].rows

    @property
    def columns(self) -> bool:
        return self.factors[-1].columns

    def matrix(self) -> Array:
        return reduce(np.matmul, (f.matrix() for f in self.factors))

    def write(self, to: Writer) -> str:
        return " ".join(to.inside(f, ATOM) for f in self.factors)


@dataclass(frozen=True, eq=False)
class Hadamard(Node):
    """The elementwise product."""

    factors: Sequence[Node]
    level = HADAMARD

    @property
    def columns(self) -> bool:
        return self.factors[0].columns

    def matrix(self) -> Array:
        return reduce(np.multiply, (f.matrix() for f in self.factors))

    def write(self, to: Writer) -> str:
        return to.sign("hadamard").join(to.inside(f, PRODUCT) for f in self.factors)


@dataclass(frozen=True, eq=False)
class Outer(Node):
    """The outer product of tensors: the axes of the first, then those of the second."""

    factors: Sequence[Node]
    level = OUTER

    def matrix(self) -> Array:
        raise NotImplementedError("an outer product of tensors is no matrix")

    def value(self) -> Array:
        return np.asarray(reduce(np.multiply.outer, (f.value() for f in self.factors)))

    def write(self, to: Writer) -> str:
        return to.sign("outer").join(to.inside(f, PRODUCT) for f in self.factors)


@dataclass(frozen=True, eq=False)
class Kron(Node):
    """The Kronecker product of matrices, columns and rows."""

    factors: Sequence[Node]
    level = OUTER

    def matrix(self) -> Array:
        return reduce(np.kron, (f.matrix() for f in self.factors))

    def write(self, to: Writer) -> str:
        return to.sign("outer").join(to.inside(f, PRODUCT) for f in self.factors)


@dataclass(frozen=True, eq=False)
class Scaled(Node):
    """A number times scalars times an expression (None where nothing else is left)."""

    coef: float
    scalars: Sequence[Node]
    body: Node | None
    level = PRODUCT

    def _times(self, array: Array) -> Array:
        for s in self.scalars:
            array = array * s.value()
        return self.coef * array

    def matrix(self) -> Array:
        return self._times(self.body.matrix() if self.body else np.ones((1, 1)))

    def value(self) -> Array:
        return self._times(self.body.value() if self.body else np.ones(()))

    def write(self, to: Writer) -> str:
        parts = [to.inside(s, PRODUCT) for s in self.scalars]
        if self.body:
            parts.append(to.inside(self.body, SUM + 1) if self.scalars or self.coef != 1 else self.body.write(to))
        if abs(self.coef) != 1 or not parts:
            parts.insert(0, to.number(abs(self.coef)))
        return ("-" if self.coef < 0 else "") + " ".join(parts)


@dataclass(frozen=True, eq=False)
class Sum(Node):
    """A sum; without summands, zero."""

    terms: Sequence[Node]
    level = SUM

    def matrix(self) -> Array:
        return reduce(np.add, (t.matrix() for t in self.terms), np.zeros((1, 1)))

    def value(self) -> Array:
        return reduce(np.add, (t.value() for t in self.terms), np.zeros(()))

    def write(self, to: Writer) -> str:
        shown = [t.write(to) for t in self.terms]
        rest = (f" - {s[1:]}" if s.startswith("-") else f" + {s}" for s in shown[1:])
        return "".join([*shown[:1], *rest]) or "0"
