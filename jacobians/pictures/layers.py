"""The places of a tensor diagram's vertices: outputs in the first column, inputs in the last, factors in between.

A vertex stands in the column that its distances from the outputs and from the inputs say; wires over several columns
bend at invisible vertices in between. In each column the vertices stand in the order of their neighbours' heights,
which lets few wires cross, and as near to these heights as the gaps between them allow.

Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981; the heights
are an isotonic regression (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from jacobians.pictures.wiring import Vertex, Wire, Wiring

#: A height that no vertex of a part with legs has.
FAR = 1000.0
#: Rounds of moving every column towards its neighbours, as long as something moves by more than this.
ROUNDS, STILL = 24, 0.003


@dataclass(frozen=True, eq=False)
class Bend:
    """An invisible vertex of a wire."""

    wire: Wire


Spot = Vertex | Bend


@dataclass
class Layers:
    """Columns of spots, heights (downwards), the way of every wire, and factors that hang at dots."""

    columns: list[list[Spot]]
    height: dict[Spot, float]
    ways: dict[Wire, list[Spot]]
    hanging: dict[Vertex, list[Vertex]] = field(default_factory=dict)

    def gap(self, upper: Spot, lower: Spot) -> float:
        """How far apart two spots of a column have to be, with what hangs below the one and above the other."""
        below, above = (len(self.hanging.get(s, ())) if isinstance(s, Vertex) else 0 for s in (upper, lower))
        return 1.0 + (below > 1) + (above > 0)


def layers(graph: Wiring) -> Layers:
    """The places of all vertices of a term's graph."""
    leaves = graph.hanging()
    parts = list(graph.parts(leaves))
    column = _unfolded(graph, _columns(graph, parts))
    ways = {w: _way(w, column) for w in graph.wires if w.first not in leaves and w.second not in leaves}
    found = Layers([[] for _ in range(max(column.values(), default=0) + 1)], {}, ways)
    for leaf, dot in leaves.items():
        found.hanging.setdefault(dot, []).append(leaf)
    middle = {v: height for part in parts for height in [_middle(part)] for v in part}
    loose = {v for part in parts if not any(u.kind in ("out", "in") for u in part) for v in part}
    for v in sorted(column, key=lambda v: (v in loose, v.number)):
        found.columns[column[v]].append(v)
        found.height[v] = FAR * (v in loose) + middle[v] + 0.01 * v.number
    for wire, way in ways.items():
        first = min(column[wire.first], column[wire.second])
        for k, bend in enumerate(way[1:-1], first + 1):
            found.columns[k].append(bend)
            found.height[bend] = (found.height[wire.first] + found.height[wire.second]) / 2
    _settle(found)
    number = {v: k for k, part in enumerate(parts) for v in part}
    _tighten(found, {s: number[s.wire.first if isinstance(s, Bend) else s] for s in found.height})
    return found


def _middle(part: Sequence[Vertex]) -> float:
    """The mean height of a part's legs, by their numbers."""
    legs = [v.number for v in part if v.kind in ("out", "in")]
    return sum(legs) / len(legs) if legs else 0.0


def _columns(graph: Wiring, parts: Sequence[Sequence[Vertex]]) -> dict[Vertex, int]:
    """The column of every vertex that does not hang."""
    steps = [(part, _steps(graph, part, "out"), _steps(graph, part, "in")) for part in parts]
    last = _last(steps)
    column: dict[Vertex, int] = {}
    for part, out, inp in steps:
        for v in part:
            if out and inp:
                column[v] = round(last * out[v] / (out[v] + inp[v]))
            else:
                column[v] = out[v] if out else last - inp[v] if inp else 1 + part.index(v)
    return column


def _unfolded(graph: Wiring, column: dict[Vertex, int]) -> dict[Vertex, int]:
    """The same columns with new ones between them, so that no wire joins two vertices of one column."""
    while True:
        folded = [w for w in graph.wires if column.get(w.first, -1) == column.get(w.second, -2)]
        if not folded:
            return column
        ends = [v for w in folded for v in (w.first, w.second)]
        most = max(ends, key=ends.count)
        column = {v: k + (k > column[most] or (k == column[most] and v != most)) for v, k in column.items()}


def _last(steps: Sequence[tuple[Sequence[Vertex], Mapping[Vertex, int], Mapping[Vertex, int]]]) -> int:
    """The last column: parts that reach from side to side fit, and so do a left and a right one beside each other."""
    through = max((out[v] + inp[v] for _, out, inp in steps if out and inp for v in out), default=1)
    left = max((k for _, out, inp in steps if not inp for k in out.values()), default=0)
    right = max((k for _, out, inp in steps if not out for k in inp.values()), default=0)
    closed = max((len(part) for part, out, inp in steps if not out and not inp), default=0)
    return max(through, left + right + 1, closed + 1)


def _steps(graph: Wiring, part: Sequence[Vertex], side: str) -> dict[Vertex, int]:
    """The least number of wires from a side's legs to each vertex of a part; empty without such legs."""
    steps = {v: 0 for v in part if v.kind == side}
    front = list(steps)
    for v in front:
        for u in graph.neighbours(v):
            if u in part and u not in steps:
                steps[u] = steps[v] + 1
                front.append(u)
    return steps


def _way(wire: Wire, column: Mapping[Vertex, int]) -> list[Spot]:
    """From left to right, with a bend in every column between."""
    start, end = sorted((wire.first, wire.second), key=lambda v: column[v])
    return [start, *(Bend(wire) for _ in range(column[start] + 1, column[end])), end]


# ----- heights -----


def _settle(found: Layers) -> None:
    """Move columns towards their neighbours, back and forth; legs keep their order."""
    beside: dict[Spot, list[Spot]] = {spot: [] for spot in found.height}
    for way in found.ways.values():
        for a, b in pairwise(way):
            beside[a].append(b)
            beside[b].append(a)
    order = [*found.columns, *found.columns[::-1]]
    for _ in range(ROUNDS):
        before = dict(found.height)
        for column in order:
            wanted = {
                s: sum(found.height[t] for t in beside[s]) / len(beside[s]) if beside[s] else found.height[s]
                for s in column
            }
            if not any(isinstance(s, Vertex) and s.kind in ("out", "in") for s in column):
                column.sort(key=wanted.__getitem__)
            _place(found, column, [wanted[s] for s in column])
        if all(abs(y - before[s]) < STILL for s, y in found.height.items()):
            return


def _place(found: Layers, column: Sequence[Spot], wanted: Sequence[float]) -> None:
    """As near to the wanted heights as the gaps allow, in least squares."""
    least = [0.0]
    for upper, lower in pairwise(column):
        least.append(least[-1] + found.gap(upper, lower))
    pools: list[tuple[float, int]] = []
    for want, gap in zip(wanted, least, strict=False):
        pools.append((want - gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    shifts = [value for value, many in pools for _ in range(many)]
    found.height.update(zip(column, (s + g for s, g in zip(shifts, least, strict=False)), strict=True))


def _tighten(found: Layers, part: Mapping[Spot, int]) -> None:
    """Move connected parts up to what is above them, as far as every column allows."""
    height = found.height
    for k in sorted(set(part.values()), key=lambda k: min(height[s] for s in part if part[s] == k)):
        pairs = [pair for column in found.columns for pair in pairwise(column)]
        slack = [height[b] - height[a] - found.gap(a, b) for a, b in pairs if part[a] != k == part[b]]
        top = min(height[s] for s in part if part[s] == k)
        if not slack and top > FAR / 2:  # a closed part below which columns end
            slack = [top - 1 - max((height[s] for s in part if height[s] < top), default=top - 1)]
        for s in (s for s in part if slack and part[s] == k):
            height[s] -= min(slack)
