"""What the styles of whole arrays have in common: their signs, the equations they know, what is no matrix."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from symbolic.steps.arrays import ONE, length, no_matrix_form, times
from symbolic.steps.derivation import Part, Reason, Step
from symbolic.steps.graph import Graph
from symbolic.steps.index import IndexStyle, is_general, signal_of
from symbolic.steps.normal_form import Arrays

#: Earlier results are put into a line that has at most so many names and numbers then.
SHORT = 14


@dataclass
class WholeArrays:
    """A graph, its formulas as whole arrays, and the derivatives that were found."""

    graph: Graph
    arrays: Arrays = field(init=False)
    #: What was found, by the sign that stands for it: ∇_a L, δ^(k), ∂L/∂μ.
    found: dict[t.Tree, t.Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arrays = Arrays(self.graph)
        self.components = IndexStyle(self.graph)

    def check(self) -> None:
        """That the derivative is a matrix or has the shape of its variable.

        Raises:
            InputError: it has more axes.
        """
        graph = self.graph
        ranks = graph.rank(graph.of), graph.rank(graph.wrt)
        if ranks[0] and (ranks[0] > 1 or ranks[1] > 1):
            words = ["a number", "a vector", "a matrix"]
            of, by = (words[rank] if rank < 3 else f"an array with {rank} axes" for rank in ranks)
            raise InputError(
                f"derivation: the derivative of {to_plain(graph.of)}, {of}, by {to_plain(graph.wrt)}, {by}, has "
                f"{sum(ranks)} axes, so it is no matrix; take style='tensor' or 'index'"
            )

    # ----- parts without a derivation -----

    def trivial(self, name: t.Name) -> Part | None:
        """The derivative of a quantity by itself, and by what has no influence on it; None of all others."""
        if name == self.graph.of:
            return self._alone(name, self.arrays.tidy(self.unit(name)), "independent entries")
        if self.graph.uses(name):
            return None
        zero = t.Number("0")
        return self._alone(name, times(zero, self.unit_of_shape(name)) if self.graph.rank(name) else zero, "no path")

    def unit_of_shape(self, name: t.Name) -> t.Tree:
        """Ones in the shape of the derivative by a quantity."""
        if not self.graph.rank(self.graph.of):
            return self.arrays.ones(name)
        return t.Call("ones", tuple(self.arrays.size(x) for x in (self.graph.of, name) if self.graph.rank(x)))

    def _alone(self, name: t.Name, value: t.Tree, rule: str) -> Part:
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name, "name": name}
        return Part(self.derivative(name), (Step(value, Reason(rule, facts), "result"),), Reason("result", facts))

    def in_components(self, name: t.Name) -> Part | None:
        """The part of a quantity whose derivative has no form with whole matrices."""
        part = self.components.part(name)
        return replace(part, title=Reason("in components", {"of": self.graph.of, "by": name})) if part else None

    # ----- signs -----

    def derivative(self, name: t.Name) -> t.Tree:
        """∇_W L, and ∂L/∂μ by a number; of a vector the Jacobian matrix."""
        graph = self.graph
        if graph.rank(graph.of) or not graph.rank(name):
            return c.Partial(graph.of, name)
        return c.Gradient(name, graph.of)

    def symbol(self, name: t.Name) -> t.Tree:
        """What stands for the derivative by a quantity: its error signal, if it has one."""
        signal, derivative = signal_of(self.graph, name), self.derivative(name)
        if signal is None:
            return derivative
        self.arrays.alike(signal, derivative)
        return signal

    def unit(self, name: t.Name) -> t.Tree:
        """The derivative of a quantity by itself."""
        return t.Call("Id", (self.arrays.size(name),)) if self.graph.rank(name) else ONE

    def equation(self, name: t.Name) -> t.Tree:
        """The right side of the equation of a quantity that has one for the whole array.

        Raises:
            NoMatrixFormError: it is written for entries, or nobody defined the function, or its arrays do not fit.
        """
        graph, expression = self.graph, self.graph.equation(name)
        if expression is None or graph.entry_letters(name) or graph.is_undefined(name):
            raise no_matrix_form(name)
        if graph.instances.shape_of(expression, (expression,)) is None:  # as X * v, where v goes with every row of X
            raise no_matrix_form(expression)
        return expression

    # ----- results found before -----

    def note(self, name: t.Name, value: t.Tree) -> None:
        """Remember a derivative by its sign."""
        self.found[self.derivative(name)] = self.found[self.symbol(name)] = value

    def inserted(self, tree: t.Tree, final: bool) -> t.Tree:
        """A line with what was found before in place of the signs for it, while it is short.

        Error signals stay, unless the line is the final one; for layers in general they are the answer.
        """
        signals = final and not is_general(self.graph.wrt)
        known = {sign: value for sign, value in self.found.items() if signals or not isinstance(sign, t.Name)}
        while (longer := self.arrays.tidy(put(tree, known))) != tree and length(longer) <= SHORT:
            tree = longer
        return tree


def put(tree: t.Tree, known: dict[t.Tree, t.Tree]) -> t.Tree:
    """Other formulas in place of some."""
    if tree in known:
        return known[tree]
    return rebuilt(tree, lambda child: put(child, known))
