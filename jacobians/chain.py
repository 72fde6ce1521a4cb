"""Products of Jacobians along a graph: forward accumulation, backpropagation, the cheapest order found; their costs.

All orders multiply the same terms and differ only in the order of contraction.

Source: Griewank and Walther, "Evaluating Derivatives" (2008), chapters 3 and 9 (vertex elimination).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from jacobians.arithmetic import counted
from jacobians.constructors import identity, zero
from jacobians.errors import InputError
from jacobians.jacobian import Jacobian

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.run import Run

ORDERS = ("forward", "backward", "best")
#: The longest chain whose best bracketing is searched for; the search takes the cube of the length.
CHAIN = 40
Simplify = Callable[[Jacobian], Jacobian]
Edges = dict[str, dict[str, Jacobian]]  # edges[node][source] = d node / d source
#: Of pairs that are multiplied, known by the objects themselves, which are kept so that no other takes their place.
Prices = dict[tuple[int, int], tuple[int, Jacobian, Jacobian]]


def jacobian(run: Run, of: str, wrt: str, order: str, simplify: Simplify = Jacobian.merge) -> Jacobian:
    """The Jacobian of `of` by `wrt`; every product and sum goes through `simplify` (merge, or nothing for algebra)."""
    between = nodes_between(run.model, of, wrt)
    if not between:
        return identity(run.values[of].shape) if of == wrt else zero(run.values[of].shape, run.values[wrt].shape)
    if order == "forward":
        return forward_all(run, wrt, between, simplify)[of]
    if order == "backward":
        return _backward(run, of, [wrt], between, simplify)[wrt]
    return _best(run, of, wrt, between, simplify)


def nodes_between(model: Model, of: str, wrt: str) -> list[str]:
    """The nodes after `wrt` on some path to `of`, in order; `of` is the last."""
    reached = {wrt}
    for name in model.nodes:
        if any(source in reached for source in model.nodes[name].differentiable_sources):
            reached.add(name)
    needed: set[str] = set()
    stack = [of] if of in reached and of != wrt else []
    while stack:
        name = stack.pop()
        if name not in needed:
            needed.add(name)
            stack += [s for s in model.nodes[name].differentiable_sources if s in reached and s != wrt]
    _refuse_data(model, of, wrt, needed)
    return [name for name in model.nodes if name in needed]


def _refuse_data(model: Model, of: str, wrt: str, found: Collection[str]) -> None:
    """A leaf that is only ever class indices, masks and the like has no Jacobian; say so instead of giving zero."""
    if found or of == wrt or wrt in model.differentiable() or wrt in model.nodes:
        return
    for node in model.nodes.values():
        for key, source in node.sources.items():
            if source == wrt:
                raise InputError(f"no Jacobian by {wrt}: {node.op.data[key]} ({node.equation})")


def _sources(run: Run, name: str, among: Collection[str]) -> list[str]:
    return [s for s in run.model.nodes[name].differentiable_sources if s in among]


def _add(total: Jacobian | None, more: Jacobian) -> Jacobian:
    return more if total is None else total + more


def forward_all(run: Run, wrt: str, between: list[str], simplify: Simplify) -> dict[str, Jacobian]:
    """Forward accumulation: d node / d wrt for `wrt` itself and every node, front to back."""
    found = {wrt: identity(run.values[wrt].shape)}
    for name in between:
        total: Jacobian | None = None
        for source in _sources(run, name, found):
            total = _add(total, simplify(run.local(name, source) @ found[source]))
        assert total is not None, name
        found[name] = simplify(total)
    return found


def _backward(run: Run, of: str, wrts: Collection[str], between: list[str], simplify: Simplify) -> dict[str, Jacobian]:
    """Backpropagation: d of / d node for every node, back to front."""
    found = {of: identity(run.values[of].shape)}
    among = {*between, *wrts}
    for name in reversed(between):
        seed = found[name] = simplify(found[name])
        for source in _sources(run, name, among):
            product = simplify(seed @ run.local(name, source))
            found[source] = _add(found.get(source), product)
    return {wrt: simplify(found[wrt]) for wrt in wrts}


def adjoints(run: Run, of: str, between: list[str], simplify: Simplify) -> dict[str, Jacobian]:
    """Backpropagation: d of / d node for every node between; what follows one of them on the way is one of them too."""
    return _backward(run, of, between, between, simplify)


def backward_all(run: Run, of: str, wrts: Collection[str]) -> dict[str, Jacobian]:
    """The Jacobians of one node by many leaves in one sweep, back to front."""
    between = {name for wrt in wrts for name in nodes_between(run.model, of, wrt)}
    ordered = [name for name in run.model.nodes if name in between]
    reachable = [wrt for wrt in wrts if nodes_between(run.model, of, wrt)]
    found = _backward(run, of, reachable, ordered, Jacobian.merge) if ordered else {}
    shape = run.values[of].shape
    rest = {w: identity(shape) if w == of else zero(shape, run.values[w].shape) for w in wrts}
    return rest | found


def cost(run: Run, of: str, wrt: str, order: str) -> int:
    """Multiplications of array entries in that order: the same steps on arrays that are not computed."""
    for name in nodes_between(run.model, of, wrt):
        for source in run.model.nodes[name].differentiable_sources:
            run.local(name, source)  # the ops' own arithmetic is the same for every order and not counted
    with counted(dry=True) as tally:
        jacobian(run, of, wrt, order)
    return tally.multiplications


# ----- the best order -----


def _best(run: Run, of: str, wrt: str, between: list[str], simplify: Simplify) -> Jacobian:
    """The cheapest of forward, backward and vertex elimination with the cheapest vertex first.

    On a chain the elimination order is the optimum over all bracketings, by dynamic programming.
    """
    edges: Edges = {name: {s: run.local(name, s) for s in _sources(run, name, {wrt, *between})} for name in between}
    chain = len(between) <= CHAIN and all(len(sources) == 1 for sources in edges.values())
    plan = bracketing(edges) if chain else elimination_order(edges, of)
    if chain and all(len(J.terms) == 1 for sources in edges.values() for J in sources.values()):
        return eliminate(edges, plan, of, wrt, simplify)  # nothing to merge on the way: the bracketing is all there is
    candidates: dict[str, Callable[[Simplify], Jacobian]] = {
        "elimination": lambda f: eliminate(edges, plan, of, wrt, f),
        "backward": lambda f: _backward(run, of, [wrt], between, f)[wrt],
        "forward": lambda f: forward_all(run, wrt, between, f)[of],
    }
    costs = {}
    for name, multiply in candidates.items():
        with counted(dry=True) as tally:
            multiply(Jacobian.merge)
        costs[name] = tally.multiplications
    return candidates[min(costs, key=lambda name: costs[name])](simplify)


def eliminate(edges: Edges, plan: list[str], of: str, wrt: str, simplify: Simplify) -> Jacobian:
    """The Jacobian that is left when the vertices are removed in the order of `plan`."""
    graph = {name: dict(sources) for name, sources in edges.items()}
    for vertex in plan:
        _remove(graph, vertex, simplify)
    return simplify(graph[of][wrt])


def elimination_order(edges: Edges, of: str) -> list[str]:
    """All inner vertices, the one that costs the fewest multiplications first."""
    with counted(dry=True):
        graph = {name: dict(sources) for name, sources in edges.items()}
        order: list[str] = []
        known: Prices = {}
        prices = {v: _price(graph, v, known) for v in edges if v != of}
        while prices:
            vertex = min(prices, key=lambda v: prices[v])
            del prices[vertex]
            order.append(vertex)
            touched = set(graph[vertex]) | {name for name, sources in graph.items() if vertex in sources}
            _remove(graph, vertex, Jacobian.merge)
            touched |= {s for name in touched if name in graph for s in graph[name]}
            prices |= {v: _price(graph, v, known) for v in touched & prices.keys()}
    return order


def _remove(graph: Edges, vertex: str, simplify: Simplify) -> None:
    """Join each edge into the vertex with each edge out of it; parallel edges add up."""
    incoming = graph.pop(vertex)
    for sources in graph.values():
        if vertex in sources:
            outer = sources.pop(vertex)
            for source, inner in incoming.items():
                joined = simplify(outer @ inner)
                sources[source] = simplify(sources[source] + joined) if source in sources else joined


def _price(graph: Edges, vertex: str, known: Prices) -> int:
    """The multiplications that removing a vertex takes."""
    outers = [sources[vertex] for sources in graph.values() if vertex in sources]
    return sum(_pair_price(outer, inner, known) for outer in outers for inner in graph[vertex].values())


def _pair_price(outer: Jacobian, inner: Jacobian, known: Prices) -> int:
    if (id(outer), id(inner)) not in known:
        with counted(dry=True) as own:
            (outer @ inner).merge()
        known[id(outer), id(inner)] = own.multiplications, outer, inner
    return known[id(outer), id(inner)][0]


def bracketing(edges: Edges) -> list[str]:
    """Optimal bracketing of a chain by dynamic programming: the inner vertices in the order of their elimination."""
    names = list(edges)  # front to back: names[k] joins factors k and k + 1
    factors = [next(iter(edges[name].values())) for name in names]
    n = len(factors)
    product = {(k, k): factors[k] for k in range(n)}
    price = {(k, k): 0 for k in range(n)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for first in range(n - length):
            last = first + length
            options = []
            for middle in range(first, last):
                with counted(dry=True) as own:
                    joined = (product[middle + 1, last] @ product[first, middle]).merge()
                total = price[first, middle] + price[middle + 1, last] + own.multiplications
                options.append((total, middle, joined))
            price[first, last], split[first, last], product[first, last] = min(options, key=lambda option: option[:2])

    def order(first: int, last: int) -> list[str]:
        if first == last:
            return []
        middle = split[first, last]
        return [*order(first, middle), *order(middle + 1, last), names[middle]]

    return order(0, n - 1)
