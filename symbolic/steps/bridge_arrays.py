"""A way between two lines of whole arrays: transposes, diagonal matrices, products, traces, definitions."""

from __future__ import annotations

from collections.abc import Iterator

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import places
from symbolic.steps.bridge_keys import array_key, factors
from symbolic.steps.bridge_moves import definition
from symbolic.steps.bridge_search import Leg, Limits, Search, Trail, apart
from symbolic.steps.bridge_world import World
from symbolic.steps.derivation import Reason, Step

Rewritten = Iterator[tuple[t.Tree, Reason]]
#: The search among whole arrays is small: what it does not find is looked for in components.
MOST_FORMULAS, SHARE = 40, 0.3
#: Numbers that are written with whole arrays.
TRACES = ("tr", "trace", "inner", "norm")


class Arrays:
    """The search between two lines."""

    def __init__(self, world: World, one: t.Tree, other: t.Tree, limits: Limits) -> None:
        self.world, self.ends = world, (one, other)
        self.limits = Limits(SHARE * limits.seconds, min(MOST_FORMULAS, limits.formulas))

    def way(self) -> tuple[t.Tree, tuple[Step, ...]] | None:
        """The head and the lines; None where none was found."""
        one, other = self.ends
        try:
            if not any(self.world.ranks(*self.ends)) and not _has_arrays(one):
                return None
            legs = Search(self.trails, array_key, _distance, self.limits).way(one, other)
        except InputError:
            return None
        if legs is None:
            return None
        if len(legs) == 2 and legs[1].reason is None:
            legs[1] = Leg(other, Reason("order"))
        formulas = (*(leg.formula for leg in legs[1:-1]), other)
        reasons = (leg.said for leg in legs[1:])
        steps = tuple(Step(f, reason) for f, reason in zip(formulas, reasons, strict=True) if reason is not None)
        holds = (self.world.judge.link(one, step.line).status == "true" for step in steps)
        return (one, steps) if all(holds) else None

    # ----- moves -----

    def trails(self, tree: t.Tree) -> Iterator[Trail[t.Tree]]:
        """Every formula one rule away, as a search has them."""
        for move in self.moves(tree):
            yield (move,)

    def moves(self, tree: t.Tree) -> Rewritten:
        """Every formula that one rule makes of this one, at any place in it."""
        if isinstance(tree, t.Index | c.Sum | c.Partial | c.Gradient):
            return
        yield from self.here(tree)
        for child, put in places(tree):
            if not (isinstance(tree, t.Name) or (isinstance(tree, t.Call) and child is tree.label)):
                for made, reason in self.moves(child):
                    yield put(made), reason

    def here(self, tree: t.Tree) -> Rewritten:
        """Every formula that one rule makes of the whole of this one."""
        if isinstance(tree, t.Name):
            yield from self.name(tree)
        elif isinstance(tree, t.Transpose):
            yield from self.transposed(tree.operand)
        elif isinstance(tree, t.Call):
            yield from self.call(tree)
        elif isinstance(tree, t.Binary) and tree.op == "⊗" and self.ranks(tree.left, tree.right) == (1, 1):
            yield t.Juxtaposition(tree.left, t.Transpose(tree.right)), Reason("outer product")
        elif isinstance(tree, t.Binary) and tree.op == "^":
            yield from self.power(tree)
        yield from self.product(tree)

    def ranks(self, *trees: t.Tree) -> tuple[int, ...]:
        return tuple(self.world.entries.rank(tree) for tree in trees)

    def name(self, tree: t.Name) -> Rewritten:
        base = self.world.base
        rank = base.rank(base.named(tree)) if base.is_quantity(tree.text) else None
        if rank is None:
            letters = tuple(t.Name(f"_{k}") for k in range(3))
            for n in range(3):
                signal = self.world.signal(t.Index(tree, letters[:n]) if n else tree)
                if signal is not None:
                    by = signal.by.array if isinstance(signal.by, t.Index) else signal.by
                    yield c.Partial(signal.of, by), Reason("definition of delta", {"name": by})
            return
        expression = base.equation(base.named(tree))
        if expression is not None and not base.entry_letters(base.named(tree)):
            yield expression, definition(tree, expression)

    def transposed(self, inner: t.Tree) -> Rewritten:
        match inner:
            case t.Binary("+" | "-" as sign, left, right):
                yield t.Binary(sign, t.Transpose(left), t.Transpose(right)), Reason("transpose of a sum")
            case t.Call("diag" | "Id"):
                yield inner, Reason("symmetry")
            case t.Transpose(operand):
                yield operand, Reason("transpose of a product")
        parts = factors(inner)
        if len(parts) > 1:
            yield (
                _product([t.Transpose(f) if self.ranks(f)[0] else f for f in parts[::-1]]),
                Reason("transpose of a product"),
            )

    def call(self, tree: t.Call) -> Rewritten:
        match tree:
            case t.Call("inner", (u, v)):
                yield t.Juxtaposition(t.Transpose(u), v), Reason("inner product")
            case t.Call("outer", (u, v)) if self.ranks(u, v) == (1, 1):
                yield t.Juxtaposition(u, t.Transpose(v)), Reason("outer product")
            case t.Call("tr" | "trace", (inner,)):
                parts = factors(inner)
                for k in range(1, len(parts)):
                    moved = _product([*parts[k:], *parts[:k]])
                    yield t.Call(tree.function, (moved,)), Reason("cyclic trace")
                yield t.Call(tree.function, (t.Transpose(inner),)), Reason("trace of the transpose")

    def power(self, tree: t.Binary) -> Rewritten:
        match tree:
            case t.Binary("^", t.Call("norm", (v,)), t.Number("2")) if self.ranks(v) == (1,):
                yield t.Juxtaposition(t.Transpose(v), v), Reason("squared norm as product")

    def product(self, tree: t.Tree) -> Rewritten:
        """What two neighbouring factors of a product are, and a product with a sum."""
        parts = factors(tree)
        for k in range(len(parts) - 1):
            rest = _product(parts[k + 1 :])
            match parts[k]:
                case t.Call("diag", (u,)) if self.ranks(u, rest) == (1, 1):
                    yield _product([*parts[:k], t.Binary("*", u, rest, hadamard=True)]), Reason("diagonal matrix")
            for pair, reason in self.pair(parts[k], parts[k + 1]):
                yield _product([*parts[:k], pair, *parts[k + 2 :]]), reason
        for k, factor in enumerate(parts if len(parts) > 1 else ()):
            if isinstance(factor, t.Binary) and factor.op in "+-":
                left, right = (_product([*parts[:k], x, *parts[k + 1 :]]) for x in (factor.left, factor.right))
                yield t.Binary(factor.op, left, right), Reason("distribution")

    def pair(self, left: t.Tree, right: t.Tree) -> Rewritten:
        match left, right:
            case t.Call("diag", (u,)), t.Call("diag", (v,)) if self.ranks(u, v) == (1, 1):
                yield t.Call("diag", (t.Binary("*", u, v, hadamard=True),)), Reason("diagonal matrix")
            case t.Call("Id"), _:
                yield right, Reason("identity matrix")
            case _, t.Call("Id"):
                yield left, Reason("identity matrix")


def _product(parts: list[t.Tree]) -> t.Tree:
    made = parts[0]
    for part in parts[1:]:
        made = t.Juxtaposition(made, part)
    return made


def _distance(tree: t.Tree, goal: t.Tree) -> float:
    own, other = ([*x.walk()] for x in (tree, goal))
    named, wanted = ({p for p in parts if isinstance(p, t.Name)} for parts in (own, other))
    return apart(named, wanted, len(own))


def _has_arrays(tree: t.Tree) -> bool:
    """Whether a number is written with whole arrays: a trace, an inner product."""
    return any(isinstance(p, t.Transpose) or (isinstance(p, t.Call) and p.function in TRACES) for p in tree.walk())
