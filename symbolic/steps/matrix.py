"""The style of whole arrays: W^T δ ⊙ g'(z), δ a^T for gradients; products of Jacobian matrices for a vector."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jacobians.claims.conventions import LAYOUTS
from jacobians.errors import InputError
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from jacobians.notation.to_plain import to_plain
from symbolic.steps.arrays import ONE, NoMatrixFormError, length, matmul, no_matrix_form, times, total
from symbolic.steps.components import Letters
from symbolic.steps.derivation import Detail, Part, Reason, Step
from symbolic.steps.differentials import Differentials, of_names
from symbolic.steps.graph import Graph
from symbolic.steps.index import IndexStyle, signal_of
from symbolic.steps.normal_form import Arrays
from symbolic.steps.pullbacks import coefficient, pulled
from symbolic.steps.simplify import simplified

#: Earlier results are put into a line that has at most so many names and numbers then.
SHORT = 14


@dataclass
class MatrixStyle:
    """The derivation with whole vectors and matrices, back to front."""

    graph: Graph
    arrays: Arrays = field(init=False)
    #: What was found, by the sign that stands for it: ∇_a L, δ^(k), ∂L/∂μ.
    found: dict[t.Tree, t.Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.arrays = Arrays(self.graph)
        self.components = IndexStyle(self.graph)

    def parts(self) -> list[Part]:
        """A part for every quantity between, last before first; one without a matrix form has its components.

        Raises:
            InputError: the derivative of a vector or a matrix by a matrix, which is no matrix.
        """
        self.check()
        return [part for name in self.components.sought() if (part := self.part(name)) is not None]

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

    def part(self, name: t.Name) -> Part | None:
        """How the derivative by one quantity is found; None where nothing is to be said."""
        graph = self.graph
        users = graph.uses(name)
        if name == graph.of:
            return self._alone(name, self.arrays.tidy(self.unit(name)), "independent entries")
        if not users:
            zero = t.Number("0") if not graph.rank(name) else times(t.Number("0"), self.arrays.ones(name))
            return self._alone(name, zero, "no path")
        if users == [graph.of] and is_primitive(graph, graph.of):
            return None
        try:
            return self._whole(name, users)
        except NoMatrixFormError:
            if graph.rank(graph.of):
                raise
            part = self.components.part(name)
            facts = {"of": graph.of, "by": name}
            return replace(part, title=Reason("in components", facts)) if part is not None else None

    def _alone(self, name: t.Name, value: t.Tree, rule: str) -> Part:
        facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name, "name": name}
        return Part(self.symbol(name), (Step(value, Reason(rule, facts), "result"),), Reason("result", facts))

    def _whole(self, name: t.Name, users: list[t.Name]) -> Part:
        """The lines with whole arrays.

        Raises:
            NoMatrixFormError: there is no rule for one of the equations.
        """
        work = _Lines(self, name, users)
        work.lines()
        signal, derivative = signal_of(self.graph, name), self.derivative(name)
        head = derivative if signal is None else signal
        self.found[derivative] = self.found[head] = work.steps[-1].line
        if signal is not None:
            work.steps.insert(0, Step(derivative, Reason("definition of delta", {"name": name})))
        return Part(head, tuple(work.steps), self.components.title(name, users, head))

    # ----- signs -----

    def derivative(self, name: t.Name) -> t.Tree:
        """∇_W L, and ∂L/∂μ by a number; of a vector the Jacobian matrix."""
        graph = self.graph
        if graph.rank(graph.of) or not graph.rank(name):
            return c.Partial(graph.of, name)
        return c.Gradient(name, graph.of)

    def symbol(self, name: t.Name) -> t.Tree:
        """What stands for the derivative by a quantity: its error signal, if it has one."""
        return signal_of(self.graph, name) or self.derivative(name)

    def unit(self, name: t.Name) -> t.Tree:
        """The derivative of a quantity by itself."""
        return t.Call("Id", (self.arrays.size(name),)) if self.graph.rank(name) else ONE

    def equation(self, name: t.Name) -> t.Tree:
        """The right side of the equation of a quantity that has one for the whole array.

        Raises:
            NoMatrixFormError: it is written for entries, or nobody defined the function.
        """
        expression = self.graph.equation(name)
        if expression is None or self.graph.entry_letters(name) or is_primitive(self.graph, name):
            raise no_matrix_form(name)
        return expression

    # ----- results found before -----

    def inserted(self, tree: t.Tree, final: bool) -> t.Tree:
        """A line with what was found before in place of the signs for it; of error signals only at the end."""
        known = {s: r for s, r in self.found.items() if final or not isinstance(s, t.Name)}
        return self.arrays.tidy(put(tree, known))


class _Lines:
    """The lines of one part, as they come."""

    def __init__(self, style: MatrixStyle, name: t.Name, users: list[t.Name]) -> None:
        self.style, self.graph, self.arrays = style, style.graph, style.arrays
        self.name, self.users = name, users
        self.steps: list[Step] = []
        self.facts: dict[str, t.Tree] = {"of": self.graph.of, "by": name, "via": users[0], "name": name}
        self.layout = LAYOUTS[self.graph.context.settings.layout]
        self.transposed = not self.layout.inputs_first

    def add(self, line: t.Tree, reason: Reason, detail: Detail = "lecture") -> None:
        """The next line, unless it says the same as the one before."""
        if not self.steps or self.steps[-1].line != line:
            self.steps.append(Step(line, reason, detail))

    def lines(self) -> None:
        """The chain rule, the definitions, the rule for whole arrays, what was found before."""
        linear = [self.differential(user) for user in self.users]
        self.chained()
        line = total(self.contribution(user, work, d) for user, (work, d) in zip(self.users, linear, strict=True))
        assert line is not None
        rules = [work.foremost for work, _ in linear]
        foremost = min(rules, key=lambda r: rules.index(r))
        if len(self.users) > 1 and not self.steps:
            foremost = Reason(self.sum_rule(), self.facts)
        elif foremost.rule == "derivative of an affine map":
            foremost = Reason(foremost.rule, {"of": self.users[0], "by": self.name})
        self.add(self.arrays.tidy(line), foremost)
        self.insert()
        self.steps[-1] = replace(self.steps[-1], detail="result")

    def differential(self, user: t.Name) -> tuple[Differentials, t.Tree]:
        """d of a user's equation where only this quantity varies, with the rules that it needed."""
        work = of_names(self.arrays, (self.name,))
        made = work.of(self.style.equation(user))
        assert made is not None
        return work, made

    def sum_rule(self) -> str:
        return "shared weights" if self.graph.is_shared(self.name, self.users) else "sum over paths"

    # ----- the chain rule -----

    def chained(self) -> None:
        """The chain rule with the names of the users, then with their equations."""
        for rule, detail, as_equation in (("chain rule", "lecture", False), ("definition", "every step", True)):
            if self.users == [self.graph.of] and not as_equation:
                continue
            links = [self.link(user, self.style.equation(user) if as_equation else user) for user in self.users]
            line = total(links)
            if line is None or None in links:
                return
            facts = {"name": self.users[0]} if len(self.users) == 1 else {}
            several = rule == "chain rule" and len(self.users) > 1
            reason = Reason(self.sum_rule() if several else rule, facts if as_equation else self.facts)
            deep = any(isinstance(part, c.Sum) for part in line.walk())
            self.add(line, reason, "every step" if deep else detail)  # type: ignore[arg-type]

    def link(self, user: t.Name, of: t.Tree) -> t.Tree | None:
        """The way through one user, which stands as its name or as its equation; None where it has no short form.

        For vectors (∂u/∂v)^T ∇_u L, for matrices the sum of (∇_U L)_pq ∇_V U_pq.
        """
        graph, top = self.graph, self.graph.of
        ranks = graph.rank(user), graph.rank(self.name)
        slope: t.Tree = c.Partial(of, self.name)
        if graph.rank(top):
            before = c.Partial(top, user)
            return slope if user == top else matmul(*((before, slope) if self.transposed else (slope, before)))
        if ranks[1] and not ranks[0]:  # a gradient, where all that varies is what is sought
            if self.is_alone(user):
                slope = c.Gradient(self.name, of)
            elif ranks[1] > 1 or self.layout.gradient == "row":
                return None
        if user == top:
            return slope
        signal = self.style.symbol(user)
        if not ranks[0]:
            return times(signal, slope)
        if max(ranks) == 1:
            return matmul(t.Transpose(slope) if self.transposed else slope, signal)
        return self.entries(user, of, signal) if len(self.users) == 1 and self.is_alone(user) else None

    def entries(self, user: t.Name, of: t.Tree, signal: t.Tree) -> t.Tree:
        """Σ_pq (∇_U L)_pq ∇_V U_pq."""
        at = Letters(self.graph).several(self.graph.rank(user))
        slope = t.Index(of, at)
        inner = times(t.Index(signal, at), c.Gradient(self.name, slope) if self.graph.rank(self.name) else slope)
        return c.Sum(tuple(x.text for x in at if isinstance(x, t.Name)), inner)

    def is_alone(self, user: t.Name) -> bool:
        """Whether nothing else in the equation of a user depends on what is sought."""
        others = (part for part in self.graph.names(self.style.equation(user)) if part != self.name)
        return not any(self.graph.depends(part, self.name) for part in others)

    # ----- the rule -----

    def contribution(self, user: t.Name, work: Differentials, linear: t.Tree) -> t.Tree | None:
        """What one use adds to the derivative."""
        arrays, top = self.arrays, self.graph.of
        if not self.graph.rank(top):
            gradient = ONE if user == top else arrays.natural(self.style.symbol(user), arrays.kind(user))
            made = pulled(arrays, linear, gradient, self.name)
            return arrays.natural(made, arrays.kind(self.name)) if made is not None else None
        local = coefficient(arrays, linear, self.name)
        if local is None or user == top:
            return local
        before = self.style.symbol(user)
        return matmul(before, local) if arrays.kind(local) != "number" else times(local, before)

    def insert(self) -> None:
        """What was found before, while the line stays short."""
        final = self.name == self.graph.wrt
        line = self.steps[-1].line
        for signals in (False, True) if final else (False,):
            while (longer := self.style.inserted(line, signals)) != line and length(longer) <= SHORT:
                line = longer
                if not signals:
                    continue
            self.add(line, Reason("insertion"))
            line = simplified(self.arrays, line)
            self.add(line, Reason("simplification"))


def put(tree: t.Tree, known: dict[t.Tree, t.Tree]) -> t.Tree:
    """Other formulas in place of some."""
    if tree in known:
        return known[tree]
    return rebuilt(tree, lambda child: put(child, known))


def is_primitive(graph: Graph, name: t.Name) -> bool:
    """Whether the equation is a function of whole arrays that nobody defined."""
    expression = graph.equation(name)
    function = graph.context.functions.get(expression.function) if isinstance(expression, t.Call) else None
    return function is not None and function.kind in ("number", "vector")
