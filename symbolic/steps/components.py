"""From whole arrays to components: an entry of W @ x is Σ_q W_iq x_q, an entry of tanh(z) is tanh(z_i)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from jacobians.claims.context import Context
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.graph import Graph
from symbolic.steps.sums import Product, names, put, renamed

Indices = tuple[t.Tree, ...]
#: Letters for indices, the usual ones first; a derivation takes those that name nothing else.
LETTERS = "i j p q r s u v m n d e h k l t a b c f g".split()


def taken(context: Context) -> set[str]:
    """The names that mean something in a context."""
    return {*context.names(), *context.labels, *context.sizes, *context.functions}


class Letters:
    """Index letters that name nothing in the context, each given out once."""

    def __init__(self, graph: Graph) -> None:
        calls = {p.function for e, _, _ in graph.equations.values() for p in e.walk() if isinstance(p, t.Call)}
        self._free = [x for x in LETTERS if x not in taken(graph.context) | calls]
        #: How many are taken; products that are added up may take the same ones.
        self.taken = 0

    def fresh(self) -> str:
        """The next letter."""
        if self.taken == len(self._free):
            raise InputError(
                "derivation: there are more indices than letters that name nothing; give quantities longer names, or "
                "take style='matrix'"
            )
        self.taken += 1
        return self._free[self.taken - 1]

    @property
    def left(self) -> int:
        """How many there are still."""
        return len(self._free) - self.taken

    def several(self, many: int) -> Indices:
        """As many letters as an array has axes."""
        return tuple(t.Name(self.fresh()) for _ in range(many))


class Components:
    """Components of the formulas of a graph."""

    def __init__(self, graph: Graph, letters: Letters) -> None:
        self.graph, self.letters = graph, letters

    def entry(self, tree: t.Tree, at: Indices) -> t.Tree:
        """The component of a formula at the given indices; a number stands for every entry."""
        handler = HANDLERS.get(type(tree))
        if handler is not None:
            return handler(self, tree, at)
        return self.whole(tree, at)

    def rank(self, tree: t.Tree) -> int:
        """The number of axes of a formula."""
        return self.graph.rank(tree)

    def whole(self, tree: t.Tree, at: Indices) -> t.Tree:
        """An entry of what has no components of its own here."""
        rank = self.rank(tree)
        return t.Index(tree, at[len(at) - rank :]) if rank else tree

    def definition(self, name: t.Name, at: Indices) -> t.Tree | None:
        """The right side of the equation of an entry; None of a leaf."""
        expression, letters = self.graph.equation(name), self.graph.entry_letters(name)
        if expression is None:
            return None
        expression = self.refreshed(expression)
        if not letters:
            return self.entry(expression, at)
        return self.entry(put(expression, dict(zip(letters, at, strict=True))), ())

    def refreshed(self, tree: t.Tree) -> t.Tree:
        """An equation with letters of this derivation under its own sums."""
        tree = rebuilt(tree, self.refreshed)
        if type(tree) is not c.Sum:
            return tree
        return renamed(tree, {x: self.letters.fresh() for x in tree.indices})

    def sum(self, tree: c.Sum, at: Indices) -> t.Tree:
        if type(tree) is not c.Sum or tree.lower or tree.upper or tree.condition:
            return self.whole(tree, at)
        return replace(tree, body=self.entry(tree.body, at))

    def name(self, tree: t.Name, at: Indices) -> t.Tree:
        return self.whole(self.graph.named(tree), at)

    def negative(self, tree: t.Negative, at: Indices) -> t.Tree:
        return t.Negative(self.entry(tree.operand, at))

    def transpose(self, tree: t.Transpose, at: Indices) -> t.Tree:
        return self.entry(tree.operand, at[::-1])

    def index(self, tree: t.Index, at: Indices) -> t.Tree:
        return t.Index(tree.array, (*tree.indices, *at))

    def binary(self, tree: t.Binary, at: Indices) -> t.Tree:
        left, right = tree.left, tree.right
        if tree.op == "^":
            return self.power(tree, at)
        if tree.op in "+-*/∘":
            one, other = (self.entry(x, self.beside(x, y, at)) for x, y in ((left, right), (right, left)))
            return t.Juxtaposition(one, other) if tree.op in "*∘" else t.Binary(tree.op, one, other)
        if tree.op == "⊗":
            many = self.rank(left)
            return t.Juxtaposition(self.entry(left, at[:many]), self.entry(right, at[many:]))
        return self.matmul(left, right, at)

    def beside(self, tree: t.Tree, other: t.Tree, at: Indices) -> Indices:
        """The indices of an operand: a column beside a matrix goes with every column of it, a row with every row."""
        if len(at) != 2 or self.rank(tree) != 1 or self.rank(other) != 2:
            return at
        rows = self.graph.context.settings.vectors == "rows"
        leaf = self.graph.context.leaves.get(tree.text) if isinstance(tree, t.Name) else None
        is_row = rows or (leaf is not None and leaf.row) or self.graph.shape(tree)[0] != self.graph.shape(other)[0]
        return at[1:] if is_row else at[:1]

    def juxtaposition(self, tree: t.Juxtaposition, at: Indices) -> t.Tree:
        return self.matmul(tree.left, tree.right, at)

    def power(self, tree: t.Binary, at: Indices) -> t.Tree:
        base = tree.left
        if isinstance(base, t.Call) and base.function == "norm" and len(base.args) == 1 and tree.right == t.Number("2"):
            return self.summed(base.args[0], lambda entry: t.Binary("^", entry, t.Number("2")))
        return t.Binary("^", self.entry(base, at), tree.right)

    def matmul(self, left: t.Tree, right: t.Tree, at: Indices) -> t.Tree:
        """Σ_q A_iq B_qj with as many axes as there are; numbers multiply, a column times a row is an outer product."""
        ranks = self.rank(left), self.rank(right)
        if 0 in ranks:
            return t.Juxtaposition(self.entry(left, at if ranks[0] else ()), self.entry(right, at if ranks[1] else ()))
        if ranks == (1, 1) and isinstance(right, t.Transpose) and not isinstance(left, t.Transpose):
            return t.Juxtaposition(self.entry(left, at[:1]), self.entry(right, at[1:]))
        q = self.letters.fresh()
        split = ranks[0] - 1
        inner = t.Name(q)
        product = t.Juxtaposition(self.entry(left, (*at[:split], inner)), self.entry(right, (inner, *at[split:])))
        return c.Sum((q,), product)

    def summed(self, tree: t.Tree, f: Callable[[t.Tree], t.Tree]) -> t.Tree:
        """The sum of f over all entries."""
        indices = self.letters.several(self.rank(tree))
        body = f(self.entry(tree, indices))
        letters = tuple(i.text for i in indices if isinstance(i, t.Name))
        return c.Sum(letters, body) if letters else body

    # ----- calls -----

    def call(self, tree: t.Call, at: Indices) -> t.Tree:
        if self.graph.is_elementwise(tree):
            return t.Call(tree.function, (self.entry(tree.args[0], at),), tree.primes, (), tree.label)
        write = CALLS.get(tree.function) if not (tree.primes or tree.keywords) else None
        made = write(self, tree.args, at) if write is not None else None
        return made if made is not None else self.whole(tree, at)

    def norm(self, args: Indices, at: Indices) -> t.Tree | None:
        if len(args) > 1:
            return None
        return t.Call("sqrt", (self.summed(args[0], lambda e: t.Binary("^", e, t.Number("2"))),))

    def total(self, args: Indices, at: Indices) -> t.Tree:
        return self.summed(args[0], lambda entry: entry)

    def mean(self, args: Indices, at: Indices) -> t.Tree:
        sizes = [self.graph.size(n) for n in self.graph.shape(args[0])]
        total = self.total(args, at)
        for size in sizes:
            total = t.Juxtaposition(t.Binary("/", t.Number("1"), size), total)
        return total

    def inner(self, args: Indices, at: Indices) -> t.Tree:
        return self.matmul(t.Transpose(args[0]), args[1], at)

    def outer(self, args: Indices, at: Indices) -> t.Tree:
        return self.binary(t.Binary("⊗", *args), at)

    def trace(self, args: Indices, at: Indices) -> t.Tree:
        (q,) = self.letters.several(1)
        assert isinstance(q, t.Name)
        return c.Sum((q.text,), self.entry(args[0], (q, q)))


HANDLERS: dict[type[t.Tree], Callable[..., t.Tree]] = {
    t.Number: lambda self, tree, at: tree,
    t.Name: Components.name,
    t.Negative: Components.negative,
    t.Transpose: Components.transpose,
    t.Index: Components.index,
    t.Binary: Components.binary,
    t.Juxtaposition: Components.juxtaposition,
    t.Call: Components.call,
    c.Sum: Components.sum,
}
#: Calls that are sums of products.
CALLS: dict[str, Callable[..., t.Tree | None]] = {
    "norm": Components.norm,
    "sum": Components.total,
    "mean": Components.mean,
    "inner": Components.inner,
    "outer": Components.outer,
    "trace": Components.trace,
    "tr": Components.trace,
}


def entry_of(array: t.Tree, at: Indices) -> t.Tree:
    """`z[i]`, or `L` where there are no indices."""
    return t.Index(array, at) if at else array


def without_totals(one: Product, is_distribution: Callable[[t.Tree], bool]) -> Product:
    """A product without Σ_q p_q where the entries of p along its last axis add up to 1."""
    for factor in one.factors:
        match indices(factor)[-1:]:
            case (t.Name(letter, None),) if letter in one.letters and is_distribution(array(factor)):
                rest = one.without(factor)
                if not any(letter in names(f) for f in (*rest.factors, *rest.below)):
                    letters = tuple(x for x in one.letters if x != letter)
                    return without_totals(replace(rest, letters=letters), is_distribution)
    return one


def array(tree: t.Tree) -> t.Tree:
    """W of W_ji."""
    return tree.array if isinstance(tree, t.Index) else tree


def indices(tree: t.Tree) -> tuple[t.Tree, ...]:
    """j and i of W_ji."""
    return tree.indices if isinstance(tree, t.Index) else ()
