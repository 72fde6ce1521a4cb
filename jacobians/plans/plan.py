"""Plan: the Jacobians of a model that are asked for, as one straight-line function that is replayed at every point."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from jacobians.errors import InputError, ShapeError, shape_text
from jacobians.plans.dense import dense
from jacobians.plans.graph import Graph
from jacobians.plans.locals import OpKey
from jacobians.plans.patterns import Part, numbered
from jacobians.plans.program import DType, Program, Shape
from jacobians.plans.source import Writer, base, identifier, literal
from jacobians.plans.sweeps import eliminated
from jacobians.terms import Array

if TYPE_CHECKING:
    from jacobians.model import Model

Key = tuple[str, str]


#: Plans that are kept for models of a structure that was planned before.
MOST_PLANS = 256
_COMPILED: dict[Any, Any] = {}


class Cost(NamedTuple):
    """Multiplications of array entries in the products of factors, and the bytes of the results."""

    multiplications: int
    bytes: int


class Elsewhere(Exception):
    """A condition that the code was made for does not hold at this point."""

    def __init__(self, number: int) -> None:
        self.number = number


class Results(dict[Key, Any]):
    """{(of, wrt): array}, and the arrays as the plan gave them: their zeros need not be written again."""

    __slots__ = ("made",)

    def __init__(self, pairs: Sequence[Key], made: tuple[Any, ...]) -> None:
        super().__init__(zip(pairs, made, strict=True))
        self.made = made


class Compiled(NamedTuple):
    """The functions of a plan for leaves of certain types, under certain conditions."""

    graph: Graph
    results: tuple[int, ...]
    run: Callable[..., tuple[Array, ...]]
    into: Callable[..., tuple[Array, ...]]
    guards: tuple[tuple[str, int], ...]


class Plan:
    """Made by `model.plan(...)`; `plan(point)` gives {(of, wrt): dense array of shape of.shape + wrt.shape}."""

    def __init__(
        self, model: Model, pairs: Sequence[Key], order: str, samples: tuple[str, ...] = (), structured: bool = False
    ) -> None:
        """Nothing is planned yet: that waits for the types of the first point."""
        self.model, self.pairs, self.order = model, tuple(pairs), order
        self.samples, self.structured = samples, structured
        self._leaves = tuple(model.leaves)
        self._take = operator.itemgetter(*self._leaves) if len(self._leaves) > 1 else self._take_one
        self._shapes = tuple(model.leaves.values())
        self._float = (np.dtype(np.float64),) * len(self._leaves)
        self._compiled: dict[tuple[DType, ...], Compiled] = {}
        self._types: tuple[DType, ...] | None = None
        self._run: Callable[..., tuple[Array, ...]] = self._unplanned

    def _unplanned(self, *arrays: Array) -> tuple[Array, ...]:
        return self.current.run(*arrays)

    def _take_one(self, point: Mapping[str, Any]) -> tuple[Any, ...]:
        return (point[self._leaves[0]],)

    # ----- running -----

    def __call__(self, point: Mapping[str, ArrayLike], out: Mapping[Key, Array] | None = None) -> Results:
        """The Jacobians at a point, {(of, wrt): array of shape of.shape + wrt.shape}.

        `out` holds arrays to write into. Where they are results of this plan, their structural zeros stay and only the
        other entries are written; any other array is filled with zeros before.

        Raises:
            InputError: as `Model.run`; `out` lacks an array or holds one of another type.
            ShapeError: as `Model.run`; an array in `out` has another shape.
        """
        arrays = self._checked(point)
        while True:
            try:
                if out is None:
                    return Results(self.pairs, self._run(*arrays))
                return self._into(arrays, out)
            except Elsewhere as condition:
                self._branch(condition.number)

    def _into(self, arrays: Sequence[Array], out: Mapping[Key, Array]) -> Results:
        """The same into given arrays."""
        code = self.current
        P = code.graph.program
        known = out.made if isinstance(out, Results) else ()
        targets = []
        for pair, number in zip(self.pairs, code.results, strict=True):
            target = checked_out(pair, out, P.shape(number), P.dtype(number))
            if not any(target is array for array in known):
                target[...] = 0
            targets.append(target)
        return Results(self.pairs, code.into(*arrays, *targets))

    def _checked(self, point: Mapping[str, ArrayLike]) -> Sequence[Array]:
        """The leaves in order; `Model.checked_point` says what is wrong where they are not what was planned for."""
        try:
            arrays: Any = self._take(point)
            if len(point) == len(arrays) and tuple([a.shape for a in arrays]) == self._shapes:
                types = tuple([a.dtype for a in arrays])
                if types == self._types and all([type(a) is np.ndarray for a in arrays]):
                    return arrays  # type: ignore[no-any-return]
        except (KeyError, AttributeError):
            pass
        checked = self.model.checked_point(point)
        arrays = [checked[name] for name in self._leaves]
        self._select(tuple(a.dtype for a in arrays))
        return arrays  # type: ignore[no-any-return]

    def _select(self, types: tuple[DType, ...]) -> Compiled:
        if types not in self._compiled:
            self._compiled[types] = self._build(types, {})
        self._types, self._run = types, self._compiled[types].run
        return self._compiled[types]

    def _branch(self, number: int) -> None:
        """Plan again for points where a condition is the other way round."""
        assert self._types is not None
        old = self._compiled[self._types]
        vertex, position = old.guards[number]
        answers = dict(old.graph.answers)
        before = [old.graph.guards.get((vertex, k), False) for k in range(position)]
        answers[vertex] = (*before, not old.graph.guards[vertex, position])
        self._compiled[self._types] = self._build(self._types, answers)
        self._select(self._types)

    # ----- making -----

    def _build(self, types: tuple[DType, ...], answers: Mapping[str, tuple[bool, ...]]) -> Compiled:
        key = (structure(self.model), types, tuple(sorted(answers.items())), self.pairs, self.order, self.samples)
        if (known := _COMPILED.get(key)) is None:
            if len(_COMPILED) >= MOST_PLANS:
                _COMPILED.pop(next(iter(_COMPILED)))
            graph = Graph(self.model, dict(zip(self._leaves, types, strict=True)), answers)
            known = _COMPILED[key] = planned(graph, self.pairs, self.order, self.samples)
        return known

    @property
    def current(self) -> Compiled:
        """What was planned last; for float64 leaves where nothing was run."""
        return self._select(self._types or self._float)

    def source(self) -> str:
        """The code that runs, with the names of the model: standalone, to be read and pasted."""
        return named_source(self, self.current)

    @property
    def cost(self) -> Cost:
        """What it costs at every point."""
        P, results = self.current.graph.program, self.current.results
        needed = P.needed(results)
        size = sum(int(np.prod(P.shape(r), dtype=np.int64)) * P.dtype(r).itemsize for r in results)
        return Cost(sum(P.multiplications.get(k, 0) for k in needed), size)


def structure(model: Model) -> Hashable:
    """Equal for models of the same names, shapes and ops."""
    nodes = tuple([(n.name, OpKey(n.op), tuple(n.sources.items())) for n in model.nodes.values()])
    return tuple(model.leaves.items()), nodes


def planned(graph: Graph, pairs: Sequence[Key], order: str, samples: Collection[str]) -> Compiled:
    """The functions for the pairs that are asked for."""
    asked = [(graph.name(of), graph.name(wrt)) for of, wrt in pairs]
    left = eliminated(graph, asked, order)
    P = graph.program
    results: list[int] = []
    for of, wrt in asked:
        parts, shape = left.result(of, wrt), graph.shapes[of] + graph.shapes[wrt]
        if wrt in samples:
            parts, shape = each_sample(parts, of, wrt, graph)
        value = dense(P, parts, shape)
        if value in results:
            value = P.add("np.array({0})", (value,), P.shape(value), P.dtype(value), kind="fresh")
        results.append(value)
    run, into = (compiled(P, results, kept) for kept in (False, True))
    return Compiled(graph, tuple(results), run, into, tuple(graph.guards))


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


def checked_out(pair: Key, out: Mapping[Key, Array], shape: Shape, dtype: DType) -> Array:
    """The array in `out` for a pair, or an error that says what it should be."""
    where = f"plan: out[{pair[0]!r}, {pair[1]!r}]"
    array = out.get(pair)
    if not isinstance(array, np.ndarray):
        came = "nothing" if array is None else type(array).__name__
        raise InputError(
            f"{where}: expected an array of shape {shape_text(shape)}, got {came}; pass results of the plan"
        )
    if array.shape != shape:
        raise ShapeError(f"{where}: expected the shape {shape_text(shape)}, got {shape_text(array.shape)}")
    if array.dtype != dtype or not array.flags.c_contiguous or not array.flags.writeable:
        raise InputError(
            f"{where}: expected a writeable {dtype} array in C order, got {array.dtype} with flags "
            f"{'C' if array.flags.c_contiguous else 'not C'}, {'writeable' if array.flags.writeable else 'read-only'}; "
            "pass results of the plan"
        )
    return array


def compiled(P: Program, results: Sequence[int], kept: bool) -> Callable[..., tuple[Array, ...]]:
    """The function of the inputs (and of the arrays to write into), with neutral names."""
    inputs = [k for k, i in enumerate(P.code) if i.kind == "input"]
    names = {number: f"x{k}" for k, number in enumerate(inputs)}
    constants = {f"c{k}": P.constants[number] for k, number in enumerate(P.constants)}
    names |= {number: f"c{k}" for k, number in enumerate(P.constants)}
    writer = Writer(P, results, names, kept)
    lines = writer.statements()
    arguments = [names[k] for k in inputs] + ([f"o{k}" for k in range(len(results))] if kept else [])
    given = [f"o{k}" if kept else writer.result(r) for k, r in enumerate(results)]
    body = [*lines, f"return ({', '.join(given)},)"]
    head = ["@np.errstate(all='ignore')"] if P.quiet.intersection(writer.order) else []
    text = "\n".join([*head, f"def run({', '.join(arguments)}):", *(f"    {line}" for line in body)])
    scope: dict[str, Any] = {"np": np, "Elsewhere": Elsewhere, **constants}
    exec(compile(text, "<plan>", "exec"), scope)  # made from templates of this package: no text of a user is in it
    function: Callable[..., tuple[Array, ...]] = scope["run"]
    return function


def named_source(plan: Plan, code: Compiled) -> str:
    """The same statements with the names of the model."""
    P = code.graph.program
    taken = {"np", "jac", "jacobians", "v"}
    names: dict[int, str] = {}
    for name, value in code.graph.values.items():
        if "." not in name and (name in plan.model.leaves or not plan.model.nodes[name].hidden):
            names.setdefault(value, identifier(name, taken))
    for k, number in enumerate(P.constants):
        names[number] = identifier(f"c{k}", taken)
    for (of, wrt), value in zip(plan.pairs, code.results, strict=True):
        names.setdefault(base(P, value), identifier(f"d{of}_d{wrt}", taken))
    writer = Writer(P, code.results, names)
    lines = writer.statements()
    used = [k for k in P.constants if k in writer.order]
    heads = [f"{names[k]} = {literal(P.constants[k])}" for k in used]
    arguments = ", ".join(names[code.graph.values[leaf]] for leaf in plan.model.leaves)
    result = ", ".join(
        f"({of!r}, {wrt!r}): {writer.result(r)}" for (of, wrt), r in zip(plan.pairs, code.results, strict=True)
    )
    imports = ["import numpy as np"]
    return "\n".join(
        [
            *imports,
            "",
            *heads,
            "",
            f"def jacobians({arguments}):",
            *(f"    {x}" for x in [*lines, f"return {{{result}}}"]),
        ]
    )
