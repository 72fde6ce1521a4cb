"""A context with numbers: sizes, layers counted out, and several random points at once."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from jacobians.claims.context import Context, Equation, Leaf
from jacobians.claims.errors import NotUnderstood, OutsideLabels
from jacobians.claims.values import Array, Value
from jacobians.equations import PRIMES
from jacobians.model import Model
from jacobians.notation.names import split_name, with_layer
from jacobians.notation.tree import Binary, Index, Name, Negative, Number, Tree

#: Random points that are evaluated together.
DRAWS = 3
#: All sizes of the instance that has them equal: what is only true of square matrices shows by its difference.
EQUAL = 3

Configuration = Literal["different sizes", "equal sizes"]
Labels = Mapping[str, int]


@dataclass(slots=True)
class Instance:
    """Values for the leaves of a context; with `equal sizes` every size that is not given is the same."""

    context: Context
    configuration: Configuration = "different sizes"
    positive: bool = False
    precise: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    _points: list[dict[str, Array]] | None = None

    def __post_init__(self) -> None:
        """Declared sizes get their numbers in the order of declaration, whatever is asked first."""
        for name in self.context.sizes:
            self.size_of_name(name)

    # ----- names -----

    def find(self, name: str) -> tuple[Leaf | Equation, Labels] | None:
        """What defines a quantity: of its own name (`W1`), or for every layer (`W_(k)` with k = 1)."""
        if (found := self.context.equations.get(name) or self.context.leaves.get(name)) and found.label is None:
            return found, {}
        parts = split_name(name)
        base = parts.base + (f"_{parts.subscript}" if parts.subscript else "")
        if not parts.layer:
            return None
        generic = self.context.equations.get(base)
        if generic is not None and generic.label is not None:
            first, last = self.context.labels[generic.label]
            if first <= int(parts.layer) <= last:
                return generic, {generic.label: int(parts.layer)}
        leaf = self.context.leaves.get(base)
        if leaf is not None and leaf.label is not None:
            return leaf, {leaf.label: int(parts.layer)}
        return None

    def labelled(self, name: str, label: int) -> str:
        """The name of a quantity with its label counted out."""
        if label < 0:
            raise OutsideLabels(f"{name} has no label {label}")
        return with_layer(name, str(label))

    # ----- sizes -----

    def size(self, tree: Tree, labels: Labels) -> int:
        """The number that a size stands for; a new name takes the next prime that nothing else uses."""
        if isinstance(tree, Number):
            return int(tree.value)
        if isinstance(tree, Name):
            name = tree.text if tree.label is None else with_layer(tree.text, str(self.label(tree.label, labels)))
            return self.size_of_name(name)
        if (layered := self._size_of_layer(tree, labels)) is not None:
            return self.size_of_name(with_layer(layered[0], str(self.label(layered[1], labels))))
        if isinstance(tree, Binary) and tree.op in "+-*@·":
            a, b = self.size(tree.left, labels), self.size(tree.right, labels)
            return {"+": a + b, "-": a - b}.get(tree.op, a * b)
        raise NotUnderstood("expected a size: a number or a name", tree)

    def _size_of_layer(self, tree: Tree, labels: Labels) -> tuple[str, Tree] | None:
        """The letter and the layer of `n_{k - 1}`, or of `n^k` where k is a layer, or n stands for layers only."""
        match tree:
            case Index(Name(text, None), (layer,)):
                return text, layer
            case Binary("^", Name(text, None), layer):
                of_layer = any(p.text in labels for p in layer.walk() if isinstance(p, Name))
                parts = [split_name(name) for name in self.sizes]
                known = text not in self.context.sizes and any(p.base == text and p.layer for p in parts)
                return (text, layer) if of_layer or known else None
        return None

    def size_of_name(self, name: str) -> int:
        """The number of a named size."""
        if (given := self.context.sizes.get(name)) is not None:
            return given
        if name not in self.sizes:
            used = {*self.sizes.values(), *self.context.given_sizes()}
            free = (p for p in PRIMES if p not in used)
            self.sizes[name] = EQUAL if self.configuration == "equal sizes" else next(free)
        return self.sizes[name]

    def label(self, tree: Tree, labels: Labels) -> int:
        """The number of a label such as `k - 1`."""
        return label_number(self.context, tree, labels)

    # ----- values -----

    def leaf(self, name: str, leaf: Leaf, labels: Labels) -> Value:
        """Random values of a leaf."""
        shape = tuple(self.size(n, labels) if n is not None else EQUAL for n in leaf.sizes)
        domain = "positive" if self.positive and leaf.domain == "real" else leaf.domain
        array = _drawn(f"{name}/{self.configuration}", shape, domain)
        return Value({(): self.numbers(array)}, (), len(shape), "row" if self._is_row(leaf) else "column")

    def direction(self, name: str, shape: tuple[int, ...]) -> Value:
        """The change of a quantity that differentials are taken in: the same wherever it stands."""
        array = _drawn(f"d{name}/{self.configuration}", shape, "real")
        return Value({(): self.numbers(array)}, (), len(shape))

    def _is_row(self, leaf: Leaf) -> bool:
        return leaf.row or self.context.settings.vectors == "rows"

    def model_leaf(self, name: str) -> Value:
        """The values of a leaf of a network, one for each draw."""
        model = self.context.model
        assert model is not None
        if self._points is None:
            self._points = random_points(model)
        array = np.stack([point[name] for point in self._points])
        row = self.context.settings.vectors == "rows"
        return Value({(): self.numbers(array)}, (), array.ndim - 1, "row" if row else "column")

    def numbers(self, array: Array) -> Array:
        """Floats, or numbers of 50 digits where they are wanted."""
        if not self.precise:
            return array
        import mpmath

        mpmath.mp.dps = 50
        return np.asarray(np.frompyfunc(mpmath.mpf, 1, 1)(array))


def label_number(context: Context, tree: Tree, labels: Labels) -> int:
    """The number of a label such as `k - 1`, where `labels` says what k is.

    Raises:
        NotUnderstood: a letter without a value, or no label at all.
    """
    if isinstance(tree, Number):
        return int(tree.value)
    if isinstance(tree, Name) and tree.label is None:
        if tree.text in labels:
            return labels[tree.text]
        first, last = context.labels.get(tree.text, (0, -1))
        if first == last:
            return first
        raise NotUnderstood(
            f"{tree.text} is a label without a value here; declare it, as in `{tree.text} : layer`", tree
        )
    if isinstance(tree, Negative):
        return -label_number(context, tree.operand, labels)
    if isinstance(tree, Binary) and tree.op in "+-":
        a, b = label_number(context, tree.left, labels), label_number(context, tree.right, labels)
        return a + b if tree.op == "+" else a - b
    raise NotUnderstood("expected a label such as k, k - 1 or 2", tree)


def random_points(model: Model) -> list[dict[str, Array]]:
    """Points of a network that differ in every leaf, also in those that its text gives values."""
    free = copy.copy(model)
    free.values = {}
    return [free.random_point(seed) for seed in range(DRAWS)]


def _drawn(key: str, shape: tuple[int, ...], domain: str) -> Array:
    """DRAWS random arrays that depend on the key alone."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    full = (DRAWS, *shape)
    normal = rng.normal(size=full) / np.sqrt(shape[-1] if len(shape) > 1 else 1.0)
    return np.asarray(DOMAINS[domain](rng, normal))


def _one_hot(rng: np.random.Generator, x: Array) -> Array:
    n = x.shape[-1]
    return np.asarray(np.eye(n)[rng.integers(n, size=x.shape[:-1])])


def _probability(rng: np.random.Generator, x: Array) -> Array:
    e = np.exp(x)
    return np.asarray(e / e.sum(axis=-1, keepdims=True)) if x.ndim > 1 else np.asarray(1 / (1 + np.exp(-x)))


def _binary(rng: np.random.Generator, x: Array) -> Array:
    """Zeros and ones, every entry both over the draws."""
    draw = np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1))
    return np.asarray((rng.integers(2, size=x.shape[1:]) + draw) % 2, np.float64)


DOMAINS: dict[str, Any] = {
    "real": lambda rng, x: x,
    "positive": lambda rng, x: rng.uniform(0.3, 1.7, x.shape),
    "probability": _probability,
    "one-hot": _one_hot,
    "binary": _binary,
    "symmetric": lambda rng, x: (x + np.swapaxes(x, -1, -2)) / 2,
    "class": lambda rng, x: rng.integers(3, size=x.shape).astype(np.float64),
}
