"""The style of whole arrays: W^T δ ⊙ g'(z), δ a^T for gradients; products of Jacobian matrices for a vector."""

from __future__ import annotations

from dataclasses import replace

from jacobians.claims.conventions import LAYOUTS
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.arrays import ONE, NoMatrixFormError, matmul, times, total
from symbolic.steps.components import Letters
from symbolic.steps.derivation import Detail, Part, Reason, Step
from symbolic.steps.differentials import Differentials, of_names
from symbolic.steps.index import signal_of
from symbolic.steps.pullbacks import coefficient, pulled
from symbolic.steps.simplify import simplified
from symbolic.steps.whole_arrays import WholeArrays


class MatrixStyle(WholeArrays):
    """The derivation with whole vectors and matrices, back to front."""

    def parts(self) -> list[Part]:
        """A part for every quantity between, last before first; one without a matrix form has its components.

        Raises:
            InputError: the derivative of a vector or a matrix by a matrix, which is no matrix.
        """
        self.check()
        return [part for name in self.components.sought() if (part := self.part(name)) is not None]

    def part(self, name: t.Name) -> Part | None:
        """How the derivative by one quantity is found; None where nothing is to be said."""
        if (part := self.trivial(name)) is not None:
            return part
        users = self.graph.uses(name)
        if users == [self.graph.of] and self.graph.is_undefined(self.graph.of):
            return None
        try:
            return self._whole(name, users)
        except NoMatrixFormError:
            return self.in_components(name)

    def _whole(self, name: t.Name, users: list[t.Name]) -> Part:
        """The lines with whole arrays.

        Raises:
            NoMatrixFormError: there is no rule for one of the equations.
        """
        work = _Lines(self, name, users)
        work.lines()
        head = self.symbol(name)
        self.note(name, work.steps[-1].line)
        if signal_of(self.graph, name) is not None:
            work.steps.insert(0, Step(self.derivative(name), Reason("definition of delta", {"name": name})))
        return Part(head, tuple(work.steps), self.components.title(name, head))


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
        entry = t.Index(of, at)
        slope = c.Gradient(self.name, entry) if self.graph.rank(self.name) else c.Partial(entry, self.name)
        inner = times(t.Index(signal, at), slope)
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
        if local is None:
            return None
        if not self.transposed:  # the variable first
            local = t.Transpose(local)
        if user == top:
            return local
        before = self.style.symbol(user)
        if arrays.kind(local) == "number":
            return times(local, before)
        return matmul(before, local) if self.transposed else matmul(local, before)

    def insert(self) -> None:
        """What was found before, while the line stays short; then brackets multiplied out, where that is shorter."""
        for final in (False, True) if self.name == self.graph.wrt else (False,):
            self.add(self.style.inserted(self.steps[-1].line, final), Reason("insertion"))
            self.add(simplified(self.arrays, self.steps[-1].line), Reason("simplification"))
