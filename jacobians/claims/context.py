"""What the names of a document mean: leaves, equations, functions, labels, and the conventions it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jacobians.errors import ModelError
from jacobians.model import Model
from jacobians.notation.names import split_name
from jacobians.notation.symbols import Symbols
from jacobians.notation.tree import Call, Index, Name, Number, Tree

#: Layers of the instance that a claim about a generic layer is checked on.
LAYERS = 3
#: Names that a loss usually has, the likeliest first.
LOSSES = ("L", "loss", "l", "ell", "calL", "J", "E", "C", "cost", "xi")

Domain = Literal["real", "positive", "probability", "one-hot", "binary", "symmetric", "class"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The conventions that notation leaves open. The defaults are those of most books; a document may say otherwise."""

    vectors: Literal["columns", "rows"] = "columns"
    star: Literal[
        "elementwise",
        "matrix product",
        "cross-correlation",
        "full cross-correlation",
        "convolution",
        "full convolution",
    ] = "elementwise"
    dot: Literal["fitting", "elementwise", "matrix product"] = "fitting"
    juxtaposition: Literal["matrix product", "elementwise"] = "matrix product"
    otimes: Literal["outer product", "Kronecker", "elementwise"] = "outer product"
    #: Where the inputs and the gradient of a number stand, see `conventions.LAYOUTS`.
    layout: Literal["mixed", "strict mixed", "numerator", "row gradients", "denominator", "variable first"] = "mixed"
    derivatives: Literal["either", "total", "direct"] = "either"
    sums: Literal["written", "Einstein"] = "written"
    indices: Literal[0, 1] = 1
    vec: Literal["column", "row"] = "column"
    overline: Literal["name", "gradient"] = "name"
    inverse: Literal["matrix", "elementwise"] = "matrix"
    #: What a `d` name of a sample's quantity is the gradient of: the mean loss, or the sum of all samples' losses.
    gradients: Literal["mean", "sum"] = "mean"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A quantity with random values; `sizes` are numbers, names of sizes, or trees such as `n_(k-1)`; None is open."""

    name: str
    sizes: tuple[Tree | None, ...]
    domain: Domain = "real"
    row: bool = False
    #: The label's letter where there is one for every layer.
    label: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Equation:
    """`z_(k) = W_(k) @ a_(k-1) + b_(k)`, or by entries: `b_j = sum_i(w_ji x_i)` with the indices (j,)."""

    name: str
    expression: Tree
    indices: tuple[str, ...] = ()
    text: str = ""
    line: int = 0
    #: The label's letter where the equation holds for every layer.
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """An undefined function (elementwise, or of whole arrays to a number or to a vector), or one with an equation."""

    name: str
    kind: Literal["elementwise", "number", "vector", "defined"]
    size: Tree | None = None
    parameters: tuple[str, ...] = ()
    body: Tree | None = None
    #: The sizes of its only argument, where they are known.
    domain: tuple[Tree, ...] = ()
    #: The op that an elementwise function is, where a special case is looked at.
    op: str = ""


@dataclass(slots=True)
class Context:
    """Everything that formulas are read and evaluated with."""

    leaves: dict[str, Leaf] = field(default_factory=dict)
    equations: dict[str, Equation] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    #: Label letters with their first and last values; `L`, the last layer, has equal ones.
    labels: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: Letters of labels that a loop counts down.
    descending: set[str] = field(default_factory=set)
    sizes: dict[str, int | None] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    #: The settings that the document itself states: no other one is tried for these.
    stated: set[str] = field(default_factory=set)
    loss: str = ""
    #: The size that counts the samples of a batch.
    samples: Tree | None = None
    #: A network that was given as a Model: its named nodes are quantities too.
    model: Model | None = None
    text: str = ""
    #: The document's own commands, see `notation.latex_macros.collect_macros`.
    macros: Mapping[str, Any] = field(default_factory=dict)
    #: The equations of the document that are taken as definitions: left and right side.
    definitions: frozenset[tuple[Tree, Tree]] = frozenset()
    #: Names with subscripts that only their use in the document shows to be names.
    spelling: Symbols = field(default_factory=Symbols)
    #: The one quantity that changes where differentials stand: dz is the linear part of what that does to z.
    varying: Name | None = None

    @classmethod
    def of_model(cls, model: Model) -> Context:
        """The names of a network; its last scalar node is the loss."""
        names = [*model.leaves, *model.named]
        scalar = [name for name in model.named if model.shapes[name] == ()]
        return cls(model=model, loss=scalar[-1] if scalar else "", labels=_layers(names))

    @property
    def is_concrete(self) -> bool:
        """Whether all sizes are given as numbers, so that there is one instance only."""
        return self.model is not None

    def with_settings(self, **changed: object) -> Context:
        """The same names under other conventions."""
        return replace(self, settings=replace(self.settings, **changed))  # type: ignore[arg-type]

    def names(self) -> dict[str, int | None]:
        """All quantities with their ranks, where those are known before anything is computed."""
        known: dict[str, int | None] = {name: len(leaf.sizes) for name, leaf in self.leaves.items()}
        for name, equation in self.equations.items():
            known[name] = len(equation.indices) or None
        if self.model is not None:
            known |= {n: len(self.model.shapes[n]) for n in (*self.model.leaves, *self.model.named)}
        return known

    def given_sizes(self) -> set[int]:
        """The sizes that are numbers."""
        written = {
            int(p.value) for q in self.leaves.values() for n in q.sizes if n for p in n.walk() if isinstance(p, Number)
        }
        return written | {n for n in self.sizes.values() if n}

    def define(self, equation: Equation) -> None:
        """Add an equation; `E_n = ...` and `E = ...` are two quantities, which `array_of` tells apart.

        Raises:
            ModelError: the name has an equation already.
        """
        name, before = equation.name, self.equations.get(equation.name)
        if before is not None and bool(before.indices) != bool(equation.indices):
            by_entries, whole = (before, equation) if before.indices else (equation, before)
            self.equations[name] = whole
            name = f"{name}[{len(by_entries.indices)}]"
            equation, before = replace(by_entries, name=name), self.equations.get(name)
        if before is not None:
            raise ModelError(f"{name} has an equation already; use another name")
        self.leaves.pop(name, None)
        self.equations[name] = equation

    def array_of(self, tree: Index) -> Tree:
        """What is indexed: of `E_n` beside an `E` with an equation of its own, the one that is defined by entries."""
        if isinstance(tree.array, Name) and tree.array.label is None:
            by_entries = f"{tree.array.text}[{len(tree.indices)}]"
            if by_entries in self.equations:
                return Name(by_entries, span=tree.array.span)
        return tree.array

    def is_generic(self, name: str) -> bool:
        """Whether there is a quantity of this name for every layer, by one equation or by one for each."""
        return bool(self.label_of(name) or self.family(name))

    def family(self, name: str) -> tuple[int, ...]:
        """The numbers of a name that stands for layers written out: 1 and 2 of W where there are W1 and W2."""
        names = self.names()
        if name in names or not self.labels:
            return ()
        parts = (split_name(known) for known in names)
        own = split_name(name)
        numbers = [int(p.layer) for p in parts if p.layer and (p.base, p.subscript) == (own.base, own.subscript)]
        return tuple(sorted(numbers)) if len(numbers) > 1 else ()

    def label_of(self, name: str) -> str:
        """The letter of the label of a quantity that there is for every layer; empty for any other name."""
        found = self.equations.get(name) or self.leaves.get(name)
        return found.label or "" if found is not None else ""

    def applications(self, function: str) -> list[Tree]:
        """What a function is applied to in the equations, each way once."""
        calls = {
            part: None
            for e in self.equations.values()
            for part in e.expression.walk()
            if isinstance(part, Call) and part.function == function and not part.primes
        }
        return list(calls)

    def layered(self) -> set[str]:
        """Functions that have a layer's label wherever the equations apply them: g^{(k)}."""
        calls = [p for e in self.equations.values() for p in e.expression.walk() if isinstance(p, Call)]
        return {p.function for p in calls if p.label is not None}

    def symbols(self) -> Symbols:
        """What reading needs to know."""
        names = self.names()
        quantities: list[Leaf | Equation] = [*self.equations.values(), *self.leaves.values()]
        generic = {q.name for q in quantities if q.label}
        generic |= {g for g in ("delta", *(f"d{q}" for q in generic)) if generic and g not in names}  # their gradients
        bases: Mapping[str, int | None] = {split_name(n).base: r for n, r in names.items() if split_name(n).layer}
        return Symbols(
            quantities={**self.spelling.quantities, **(bases if self.labels else {}), **_gradients(names), **names},
            labelled=(generic | set(bases) if self.labels else generic) | self.spelling.labelled,
            labels=set(self.labels),
            functions={name for name in self.functions if not name.endswith("'")},
            sizes=set(self.sizes),
        )


def _gradients(names: Mapping[str, int | None]) -> dict[str, int | None]:
    """The names that gradients of numbered quantities have without being declared: dW1 of W1, delta1 of z1."""
    found: dict[str, int | None] = {}
    for name, rank in names.items():
        parts = split_name(name)
        if parts.layer:
            found[f"d{name}"] = rank
            if parts.base in ("z", "Z") and "delta" not in names:
                found[f"delta{parts.layer}"] = rank
    return found


def _layers(names: list[str]) -> dict[str, tuple[int, int]]:
    """Numbered names such as z1, z2 are layers: k and l may stand for any of them, L for the last."""
    numbers = [int(split_name(n).layer) for n in names if split_name(n).layer]
    if not numbers:
        return {}
    first, last = 1, max(numbers)
    taken = set(names)
    letters = {letter: (first, last) for letter in "kl" if letter not in taken}
    return letters | ({} if "L" in taken else {"L": (last, last)})
