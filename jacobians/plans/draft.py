"""What a plan is for leaves of certain types: the graph, the values that are returned, and the functions of them."""

from __future__ import annotations

import gc
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jacobians import memory, settings
from jacobians.errors import DenseLimitError, InputError, shape_text
from jacobians.jacobian import Jacobian
from jacobians.plans.dense import dense, in_order
from jacobians.plans.function import Function, compiled
from jacobians.plans.graph import Graph
from jacobians.plans.large import cleared
from jacobians.plans.locals import Holding
from jacobians.plans.patterns import Part, numbered, term_of
from jacobians.plans.program import DType, Shape
from jacobians.plans.reduce import simplified
from jacobians.plans.source import base
from jacobians.plans.sweeps import eliminated, orders
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model

Key = tuple[str, str]


class Wanted(NamedTuple):
    """What is asked of a model."""

    pairs: tuple[Key, ...]
    order: str
    samples: tuple[str, ...]
    structured: bool
    values: tuple[str, ...] = ()


class Draft:
    """A graph planned in one order: dense arrays, or the factors of structured Jacobians."""

    def __init__(self, graph: Graph, wanted: Wanted, order: str) -> None:
        self.graph, self.wanted = graph, wanted
        #: What results of this draft are known by.
        self.mark = object()
        asked = [(graph.name(of), graph.name(wrt)) for of, wrt in wanted.pairs]
        left = eliminated(graph, asked, order)
        self.shapes = [graph.shapes[of] + graph.shapes[wrt] for of, wrt in asked]
        #: For each pair its terms where the results are structured.
        self.parts: list[list[Part]] = []
        #: The values that the functions return.
        self.values: list[int] = []
        self._bases: set[int] = set()
        for k, (of, wrt) in enumerate(asked):
            parts = left.result(of, wrt)
            if wrt in wanted.samples:
                parts, self.shapes[k] = each_sample(parts, of, wrt, graph)
            if wanted.structured:
                self.parts.append(simplified(graph.program, parts))
                self.values += [v for part in self.parts[-1] for v in part.values]
            else:
                self.values.append(self._dense(parts, self.shapes[k]))
        for name in wanted.values:
            self.values.append(self._own(in_order(graph.program, graph.value(graph.name(name)))))
        self.guards = tuple(graph.guards)

    def _dense(self, parts: Sequence[Part], shape: Shape) -> int:
        return self._own(dense(self.graph.program, parts, shape))

    def _own(self, value: int) -> int:
        P = self.graph.program
        if base(P, value) in self._bases:  # every result is an array of its own
            value = P.add("np.array({0})", (value,), P.shape(value), P.dtype(value), kind="fresh")
        self._bases.add(base(P, value))
        return value

    # ----- what it costs -----

    @property
    def multiplications(self) -> int:
        """Multiplications of array entries in products of factors."""
        return self.graph.program.cost(self.values)

    def rank(self) -> tuple[int, int]:
        """Drafts within the memory allowed come first, then those of fewer multiplications."""
        P = self.graph.program
        size = {k: math.prod(P.shape(k)) * P.dtype(k).itemsize for k in P.needed(self.values)}
        allowed = max(settings.dense_limit, max((size[k] for k in self.values), default=0))
        largest = max(size.values(), default=0)
        return (largest if largest > allowed else 0), self.multiplications

    # ----- what runs -----

    @property
    def keys(self) -> tuple[Key | str, ...]:
        """What the results are called."""
        return (*self.wanted.pairs, *self.wanted.values)

    @cached_property
    def direct(self) -> Function:
        """The function of a point."""
        return self._compiled("direct", self.keys, self.mark)

    @cached_property
    def run(self) -> Function:
        """The function of a point that gives the arrays only."""
        return self._compiled("fresh")

    @cached_property
    def into(self) -> Function:
        """The function of a point and of the arrays to write into."""
        return self._compiled("kept")

    @cached_property
    def on_threads(self) -> Function:
        """The same, with the number of threads that share large products."""
        return self._compiled("threads")

    def _compiled(self, way: str, keys: Sequence[Key | str] = (), mark: object = None) -> Function:
        with _uncollected():
            return compiled(self.graph.program, self.values, way, tuple(self.graph.leaves), keys, mark)

    def sizes(self) -> list[int]:
        """The bytes of the results."""
        P = self.graph.program
        return [math.prod(P.shape(value)) * P.dtype(value).itemsize for value in self.values]

    def require_memory(self) -> None:
        """Refuse results that nobody gave memory for and that are larger than the limit."""
        P = self.graph.program
        for key, value, needed in zip(self.keys, self.values, self.sizes(), strict=True):
            if needed > settings.dense_limit:
                name = key if isinstance(key, str) else f"d{key[0]}/d{key[1]}"
                raise DenseLimitError(
                    f"plan: {name} of shape {shape_text(P.shape(value))} needs {needed:,} bytes, the limit is "
                    f"{settings.dense_limit:,}. Ways out: structured=True for its factors, out=... with arrays of "
                    "your own, or jacobians.settings.dense_limit = ..."
                )

    def blank(self, threads: int) -> list[Array]:
        """New arrays to write into, with zeros where nothing will be written."""
        P = self.graph.program
        blank, sparse = [], []
        for value in self.values:
            shape, dtype, made = P.shape(value), P.dtype(value), P.code[base(P, value)].template
            if made.startswith("memory.zeros("):
                blank.append(memory.zeros(shape, dtype))
                continue
            blank.append(np.empty(shape, dtype))
            if made.startswith("np.zeros("):
                sparse.append(blank[-1])
        cleared(sparse, threads)
        return blank

    def jacobians(self, arrays: Sequence[Array], names: Sequence[str]) -> list[Jacobian]:
        """Structured results from the factors that a function returned."""
        rest = iter(zip(arrays, names, strict=True))
        found = []
        for parts, shape, (of, _) in zip(self.parts, self.shapes, self.wanted.pairs, strict=True):
            rank = len(self.graph.shapes[self.graph.name(of)])
            terms = [term_of(part, [next(rest) for _ in part.values]) for part in parts]
            found.append(Jacobian(terms, shape[:rank], shape[rank:]))
        return found


def drafted(model: Model, wanted: Wanted, types: Mapping[str, DType], holding: Holding) -> Draft:
    """The cheapest draft among the orders that are worth comparing."""
    with _uncollected():
        return _drafted(model, wanted, types, holding)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Planning makes many small objects that all stay: looking for garbage meanwhile takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _drafted(model: Model, wanted: Wanted, types: Mapping[str, DType], holding: Holding) -> Draft:
    graph = Graph(model, types, holding)
    asked = [(graph.name(of), graph.name(wrt)) for of, wrt in wanted.pairs]
    first, *others = orders(graph, asked) if wanted.order == "best" else (wanted.order,)
    drafts = [Draft(graph, wanted, first)]
    drafts += [Draft(Graph(model, types, holding), wanted, order) for order in others]
    return min(drafts, key=Draft.rank) if others else drafts[0]


def each_sample(parts: Sequence[Part], of: str, wrt: str, graph: Graph) -> tuple[list[Part], Shape]:
    """The blocks of each sample with itself: the first axis of the output and that of the input are one."""
    out, inp = graph.shapes[of], graph.shapes[wrt]
    own = []
    for part in parts:
        p = part.pattern
        if not p.out or p.inp[0] != p.out[0]:
            raise InputError(
                f"plan: samples: expected {of} to have a first axis of {inp[0]} samples, each of which depends on its "
                f"own sample of {wrt} only; in {of} of shape {shape_text(out)} they meet; leave {wrt} out of samples"
            )
        spec = numbered(p.factors, p.out, p.inp[1:], dict(enumerate(p.sizes)))
        own.append(Part(spec, part.values, part.coef))
    return own, out + inp[1:]
