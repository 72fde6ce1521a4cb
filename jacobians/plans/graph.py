"""The graph of a model with the graphs inside its layers spread out, as values and local Jacobians of one program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from jacobians.composite import Composite
from jacobians.model import Model
from jacobians.op import Op
from jacobians.plans.locals import Call, Holding, OpProgram, op_program
from jacobians.plans.patterns import Part
from jacobians.plans.program import DType, Program, Shape, replayed

Guards = tuple[tuple[int, bool], ...]


class Vertex(NamedTuple):
    """A named step: an op and the names of what it takes."""

    op: Op
    sources: Mapping[str, str]
    #: The sources that it has a Jacobian by, each once.
    differentiable: tuple[str, ...]


class Graph:
    """Vertices in order, and their values and derivatives as instructions of `program` once they are asked for."""

    def __init__(self, model: Model, dtypes: Mapping[str, DType], holding: Holding) -> None:
        self.program = Program()
        self.holding = holding
        self.vertices: dict[str, Vertex] = {}
        self.shapes: dict[str, Shape] = dict(model.leaves)
        self.values: dict[str, int] = {
            name: self.program.input(name, shape, dtypes[name]) for name, shape in model.leaves.items()
        }
        self.leaves = tuple(model.leaves)
        #: A layer made of a graph is its last vertex.
        self.named: dict[str, str] = {}
        #: Conditions that were assumed, in the order of their instructions: vertex and identity, and the answer.
        self.guards: dict[tuple[str, int], bool] = {}
        #: The vertices between asked inputs and outputs, for what was asked.
        self.between: dict[tuple[tuple[str, str], ...], dict[str, None]] = {}
        self._recorded: dict[str, tuple[OpProgram, dict[int, int]]] = {}
        self._taken = {*model.leaves, *model.nodes}
        self._add(model, {name: name for name in model.leaves}, "")

    def _add(self, model: Model, names: dict[str, str], prefix: str) -> None:
        for name, node in model.nodes.items():
            sources = {key: names[source] for key, source in node.sources.items()}
            own = self._free(prefix + name) if prefix else name
            if isinstance(node.op, Composite):
                inner = node.op.graph({key: self.shapes[s] for key, s in sources.items()})
                inside = dict(sources)
                self._add(inner, inside, f"{own}.")
                names[name] = inside[inner.output]
                if not prefix:
                    self.named[name] = names[name]
            else:
                data = node.op.data
                smooth = dict.fromkeys([s for key, s in sources.items() if key not in data])
                self.vertices[own] = Vertex(node.op, sources, tuple(smooth))
                self.shapes[own] = model.shapes[name]
                names[name] = own

    def _free(self, name: str) -> str:
        """A name for a vertex inside a layer, which no other has."""
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name

    def name(self, name: str) -> str:
        """The vertex that a name of the model stands for."""
        return self.named.get(name, name)

    def value(self, name: str) -> int:
        """The number of a vertex's value, which is computed once it is asked for."""
        waiting = [name]
        while waiting:
            at = waiting[-1]
            if at in self.values:
                waiting.pop()
            elif missing := [s for s in self.vertices[at].sources.values() if s not in self.values]:
                waiting += missing
            else:
                waiting.pop()
                self.values[at] = self._replay(at, OpProgram.value)
        return self.values[name]

    def local(self, name: str, source: str) -> list[Part]:
        """d vertex / d source: the terms for all inputs of the op that the source feeds."""
        vertex = self.vertices[name]
        parts: list[Part] = []
        for key, s in vertex.sources.items():
            if s == source and key not in vertex.op.data:
                own, names = self._program(name)
                recorded = own.jacobian(key)
                self._guard(name, own, names, recorded.guards)
                for part in recorded.result:
                    values = tuple([replayed(own.program, self.program, names, v) for v in part.values])
                    parts.append(Part(part.pattern, values, part.coef))
        return parts

    # ----- ops -----

    def _program(self, name: str) -> tuple[OpProgram, dict[int, int]]:
        """The recorded op of a vertex, and which values of the program its values are."""
        if name not in self._recorded:
            vertex = self.vertices[name]
            values = [self.value(vertex.sources[key]) for key in vertex.op.input_names()]
            shapes, dtypes = map(self.program.shape, values), map(self.program.dtype, values)
            own = op_program(vertex.op, list(shapes), list(dtypes), self.holding.get(name, frozenset()))
            inputs = [own.inputs[key].number for key in vertex.op.input_names()]
            names = dict(zip(inputs, values, strict=True))
            self._recorded[name] = own, names
            if own.checks:
                self._check(name, values)
        return self._recorded[name]

    def _check(self, name: str, values: list[int]) -> None:
        """Ops that are not defined everywhere look at their inputs at every point."""
        op = self._recorded[name][0].op
        call = self.program.constant(Call(op, "check", op.check))
        slots = ", ".join(f"{key}={{{k}}}" for k, key in enumerate(op.input_names(), start=1))
        self.program.add(f"{{0}}({slots})", (call, *values), (), self.program.dtype(values[0]), kind="check")

    def _replay(self, name: str, what: Callable[[OpProgram], object]) -> int:
        own, names = self._program(name)
        recorded = own.value()
        self._guard(name, own, names, recorded.guards)
        return replayed(own.program, self.program, names, recorded.result)

    def _guard(self, name: str, own: OpProgram, names: dict[int, int], guards: Guards) -> None:
        """The plan holds where the conditions that were assumed do."""
        for value, answer in guards:
            identity = own.recorder.identity(value)
            if (name, identity) in self.guards:
                continue
            condition = replayed(own.program, self.program, names, value)
            template = f"if {'not ' if answer else ''}{{0}}: raise Elsewhere({len(self.guards)})"
            self.program.add(template, (condition,), (), self.program.dtype(condition), kind="guard")
            self.guards[name, identity] = answer
