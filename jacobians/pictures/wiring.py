"""A term as a tensor diagram's graph: factors are nodes, labels are wires, axes are free legs.

A label that ties more than two ends is a dot (the copy tensor), and so is one with a single end (a vector of ones). A
label with two ends is a wire, so a Kronecker delta between an output and an input is a straight wire.

Source: Penrose, "Applications of negative dimensional tensors", 1971; dots as in Biamonte, "Lectures on Quantum Tensor
Networks", 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jacobians.terms import Term

VertexKind = Literal["out", "in", "factor", "dot"]


@dataclass(frozen=True)
class Vertex:
    """A free leg's end (`number` is the axis of its side), a factor (its number) or the dot of a label."""

    kind: VertexKind
    number: int = 0
    label: str = ""


@dataclass(frozen=True)
class Wire:
    """A wire between two vertices."""

    first: Vertex
    second: Vertex
    label: str

    def other(self, end: Vertex) -> Vertex:
        """The vertex at its other end."""
        return self.second if end == self.first else self.first


@dataclass(frozen=True)
class Wiring:
    """The graph of a term."""

    term: Term
    vertices: tuple[Vertex, ...]
    wires: tuple[Wire, ...]

    def at(self, vertex: Vertex) -> list[Wire]:
        """The wires that end at a vertex."""
        return [w for w in self.wires if vertex in (w.first, w.second)]

    def neighbours(self, vertex: Vertex) -> list[Vertex]:
        """Where its wires lead to."""
        return [w.other(vertex) for w in self.at(vertex)]

    def hanging(self) -> dict[Vertex, Vertex]:
        """Factors with one wire, to a dot that at least two other wires pass through: leaf -> dot."""
        found: dict[Vertex, Vertex] = {}
        for dot in (v for v in self.vertices if v.kind == "dot"):
            leaves = [v for v in self.neighbours(dot) if v.kind == "factor" and len(self.at(v)) == 1]
            passing = len(self.at(dot)) - len(leaves)
            # of a dot with leaves alone one comes from the left, one from the right
            found |= dict.fromkeys(leaves[max(0, 2 - passing) :], dot)
        return found

    def parts(self, without: dict[Vertex, Vertex]) -> Iterator[list[Vertex]]:
        """The connected parts, as they appear, with `without` left out."""
        left = dict.fromkeys(v for v in self.vertices if v not in without)
        while left:
            part = [next(iter(left))]
            for v in part:
                part += [u for u in dict.fromkeys(self.neighbours(v)) if u not in part and u not in without]
            yield part
            left = {v: None for v in left if v not in part}


def wiring(term: Term) -> Wiring:
    """The graph of a term."""
    vertices = [
        *(Vertex("out", k) for k in range(len(term.out))),
        *(Vertex("factor", k) for k in range(len(term.factors))),
        *(Vertex("in", k) for k in range(len(term.inp))),
    ]
    carried = [*((a,) for a in term.out), *(f.labels for f in term.factors), *((a,) for a in term.inp)]
    ends: dict[str, list[Vertex]] = {a: [] for a in term.sizes}
    for v, labels in zip(vertices, carried, strict=True):
        for a in labels:
            ends[a].append(v)
    wires: list[Wire] = []
    for a, tied in ends.items():
        if len(tied) == 2 and tied[0] != tied[1] and (tied[0].kind != tied[1].kind or tied[0].kind == "factor"):
            wires.append(Wire(tied[0], tied[1], a))
        else:  # two legs of one side, or of one factor, meet in a dot too
            vertices.append(Vertex("dot", label=a))
            wires += [Wire(v, vertices[-1], a) for v in tied]
    return Wiring(term, tuple(vertices), tuple(wires))
