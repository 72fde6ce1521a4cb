"""The style of differentials: dL = tr(A^T dW) says that ∇_W L = A.

Source: Magnus and Neudecker, "Matrix Differential Calculus"; Minka, "Old and New Matrix Algebra Useful for Statistics".
"""

from __future__ import annotations

from dataclasses import replace

from jacobians.claims.conventions import LAYOUTS
from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from jacobians.notation.rebuild import rebuilt
from symbolic.steps.arrays import NoMatrixFormError, matmul, no_matrix_form, plus, times
from symbolic.steps.derivation import Detail, Part, Reason, Step
from symbolic.steps.differentials import of_names
from symbolic.steps.index import signal_of
from symbolic.steps.pullbacks import coefficient, pulled, varies
from symbolic.steps.simplify import simplified
from symbolic.steps.whole_arrays import WholeArrays

#: What stands before the differential of each quantity in d of; every path to `of` leads through one of them.
Cut = dict[t.Name, t.Tree]


class DifferentialStyle(WholeArrays):
    """The derivation by differentials, back to front, until only that of the variable is left."""

    def parts(self) -> list[Part]:
        """For every quantity between what the differential becomes, and the gradient that can be seen in it.

        The lines hold where the variable is the one quantity that varies, see `Context.varying`.

        Raises:
            InputError: the derivative of a vector or a matrix by a matrix, which is no matrix.
        """
        self.check()
        graph, self.sought = self.graph, self.components.sought()
        if (part := self.trivial(graph.wrt)) is not None:
            return [part]
        made: list[Part] = []
        cut: Cut = {graph.of: self.unit(graph.of)}
        while (name := self.latest(cut)) != graph.wrt:
            try:
                if name != graph.of and name in self.sought and not graph.rank(graph.of):
                    if cut[name] != self.symbol(name):
                        made.append(self.identified(name, cut[name]))
                    cut = self.next_layers(name, {**cut, name: self.symbol(name)})
                    name = self.latest(cut)
                part, cut = self.replaced(name, cut)
                made.append(part)
            except NoMatrixFormError:
                rest = self.sought[self.sought.index(name) + 1 :] if name in self.sought else self.sought
                return made + [part for other in rest if (part := self.in_components(other)) is not None]
        return [*made, self.identified(name, cut[name])]

    def latest(self, cut: Cut) -> t.Name:
        """The quantity of a cut that stands nearest to `of`; z_(k+1) before the quantities of layer k."""
        return min(cut, key=self.place)

    def place(self, name: t.Name) -> int:
        """Where a quantity stands on the way back."""
        return self.sought.index(name) if name in self.sought else -1

    def next_layers(self, name: t.Name, cut: Cut) -> Cut:
        """Behind the last layer, layers in general: the cut is what uses the first quantity of layer k."""
        following = self.sought[self.sought.index(name) + 1]
        general = [x.label is not None and not self.graph.counted(x) for x in (name, following)]
        if general != [False, True]:
            return cut
        return {user: self.symbol(user) for user in self.graph.uses(following)}

    # ----- one step back -----

    def replaced(self, name: t.Name, cut: Cut) -> tuple[Part, Cut]:
        """d of with the differential of a quantity replaced by those of what it depends on.

        Raises:
            NoMatrixFormError: there is no rule for its equation.
        """
        if name == self.graph.of and self.graph.is_undefined(name):
            new = self.arguments(name)
            work = _Lines(self)
            work.add(self.written(new), Reason("differential"))
            return work.part(name), new
        differentials = of_names(self.arrays, self.sought)
        equation = self.equation(name)
        linear = differentials.of(equation)
        assert linear is not None
        rest = {other: value for other, value in cut.items() if other != name}
        below = [other for other in self.sought if varies(linear, other)]
        new = dict(rest)
        for other in below:
            found = plus(rest.get(other), self.pulled(name, cut[name], linear, other))
            assert found is not None
            new[other] = simplified(self.arrays, self.arrays.tidy(found))
        work = _Lines(self, self.summands(rest))
        if name != self.graph.of:
            work.add(self.written(cut), Reason("insertion"))
        work.extend(self.before(name, cut[name], c.Differential(equation)), Reason("definition", {"name": name}))
        line = self.arrays.tidy(self.with_traces(self.before(name, cut[name], linear)))
        rule = differentials.foremost
        if rule.rule == "derivative of an affine map":
            rule = Reason("constants", {"of": name})
        work.extend(line, rule)
        after = self.written(new)
        if after != work.steps[-1].line:
            matrices = not self.graph.rank(self.graph.of) and "matrix" in map(self.arrays.kind, below)
            if matrices and not any(isinstance(x, t.Call) and x.function == "trace" for x in line.walk()):
                work.extend(t.Call("trace", (line,)), Reason("trace"), "every step")
            work.add(after, Reason("cyclic trace" if matrices else "transposition"))
        return work.part(name), new

    def arguments(self, name: t.Name) -> Cut:
        """The quantities that a function which nobody defined is applied to, with the gradients by them."""
        call = self.graph.equation(name)
        assert isinstance(call, t.Call)
        moving = [x for x in call.args if any(part in self.sought for part in self.graph.names(x))]
        names = [self.graph.named(x) for x in moving if isinstance(x, t.Name)]
        if self.graph.rank(name) or len(names) < len(moving):
            raise no_matrix_form(call)
        return {x: self.symbol(x) for x in names}

    def with_traces(self, tree: t.Tree) -> t.Tree:
        """Inner products of matrices as traces."""
        tree = rebuilt(tree, self.with_traces)
        if isinstance(tree, t.Call) and tree.function == "inner":
            return t.Call("trace", (matmul(t.Transpose(tree.args[0]), tree.args[1]),))
        return tree

    # ----- products with differentials -----

    def before(self, name: t.Name, value: t.Tree, change: t.Tree) -> t.Tree:
        """<G, dZ> as G^T dz or tr(G^T dZ); of a vector J dz. The value belongs to a quantity, of which this is d."""
        if value == self.unit(self.graph.of):
            return change
        if self.graph.rank(self.graph.of):
            return times(change, value) if self.arrays.kind(change) == "number" else matmul(value, change)
        kind = self.arrays.kind(name)
        if kind == "number":
            return times(value, change)
        if kind == "row":
            return matmul(change, value)
        product = matmul(t.Transpose(value), change)
        return t.Call("trace", (product,)) if kind == "matrix" else product

    def summands(self, cut: Cut) -> list[t.Tree]:
        """What stands before each differential of a cut, times it; a trace for every summand of a matrix."""
        made = []
        for name in sorted(cut, key=self.place):
            several = self.arrays.kind(name) == "matrix"
            values = [self.arrays.write((x,)) for x in self.arrays.read(cut[name])] if several else [cut[name]]
            made += [self.arrays.tidy(self.before(name, value, c.Differential(name))) for value in values]
        return made

    def written(self, cut: Cut) -> t.Tree:
        """The sum over a cut."""
        return added(self.summands(cut))

    def pulled(self, name: t.Name, value: t.Tree, linear: t.Tree, other: t.Name) -> t.Tree | None:
        """What comes to stand before the differential of another quantity."""
        arrays = self.arrays
        if self.graph.rank(self.graph.of):
            local = coefficient(arrays, linear, other)
            if local is None:
                return None
            return times(local, value) if arrays.kind(local) == "number" else matmul(value, local)
        made = pulled(arrays, linear, arrays.natural(value, arrays.kind(name)), other)
        return arrays.natural(made, arrays.kind(other)) if made is not None else None

    # ----- what is seen -----

    def identified(self, name: t.Name, value: t.Tree) -> Part:
        """The gradient: what stands before the differential, transposed."""
        work = _Lines(self)
        if self.graph.rank(self.graph.of) and LAYOUTS[self.graph.context.settings.layout].inputs_first:
            value = self.arrays.tidy(t.Transpose(value))
        if signal_of(self.graph, name) is not None:
            work.add(self.derivative(name), Reason("definition of delta", {"name": name}))
        scalar = not self.graph.rank(self.graph.of) and self.graph.rank(name)
        factor = self.arrays.tidy(t.Transpose(value))
        if scalar and self.arrays.tidy(factor) != self.arrays.tidy(value) and isinstance(factor, t.Binary):
            work.add(t.Transpose(factor), Reason("identification"))
            work.add(value, Reason("transposition"))
        else:
            work.add(value, Reason("identification"))
        for final in (False, True) if name == self.graph.wrt else (False,):
            work.add(self.inserted(work.steps[-1].line, final), Reason("insertion"))
            work.add(simplified(self.arrays, work.steps[-1].line), Reason("simplification"))
        self.note(name, work.steps[-1].line)
        head = self.symbol(name)
        return replace(work.part(name), head=head, title=self.components.title(name, head))


class _Lines:
    """The lines of one part, as they come; the summands that stay as they are stand at the end of each."""

    def __init__(self, style: DifferentialStyle, rest: list[t.Tree] | None = None) -> None:
        self.style, self.rest = style, rest or []
        self.steps: list[Step] = []

    def add(self, line: t.Tree, reason: Reason, detail: Detail = "lecture") -> None:
        """The next line, unless it says the same as the one before."""
        if not self.steps or self.steps[-1].line != line:
            self.steps.append(Step(line, reason, detail))

    def extend(self, line: t.Tree, reason: Reason, detail: Detail = "lecture") -> None:
        """The next line, of which only the first summands are given."""
        self.add(added([line, *self.rest]), reason, detail)

    def part(self, name: t.Name) -> Part:
        """The lines under d of, in which the differential of a quantity is replaced; the last of them is the result."""
        of = self.style.graph.of
        steps = (*self.steps[:-1], replace(self.steps[-1], detail="result"))
        facts: dict[str, t.Tree] = {"of": of, "via": name} if name != of else {"of": of}
        return Part(c.Differential(of), steps, Reason("differential through", facts))


def added(trees: list[t.Tree]) -> t.Tree:
    """The sum, with a minus for what is negative."""
    made, *rest = trees
    for tree in rest:
        made = t.Binary("-", made, tree.operand) if isinstance(tree, t.Negative) else t.Binary("+", made, tree)
    return made
