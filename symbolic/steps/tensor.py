"""The style of whole Jacobians: every local one as an array with all its axes, and their product along the network."""

from __future__ import annotations

from dataclasses import dataclass

from jacobians.notation import tree as t
from jacobians.notation import tree_calculus as c
from symbolic.steps.accumulation import BackwardStyle, is_general, local_reason, trivial
from symbolic.steps.derivation import Part, Reason, Step
from symbolic.steps.graph import Graph
from symbolic.steps.local import Jacobian, Jacobians
from symbolic.steps.paths import MOST, Paths
from symbolic.steps.rules import SALIENT
from symbolic.steps.sums import deltas, product_of, write
from symbolic.steps.ways import Lines, Ways, names_of


@dataclass
class TensorStyle:
    """The derivation by whole Jacobians."""

    graph: Graph

    def __post_init__(self) -> None:
        self.jacobians = Jacobians(self.graph)

    def parts(self) -> list[Part]:
        """A part for every local Jacobian on the way, then their product; for layers in general, the recursion."""
        graph, paths = self.graph, Paths(self.graph)
        if is_general(graph):
            return [*self.general(), *BackwardStyle(graph).parts()]
        if graph.of == graph.wrt or not paths.count:
            return [trivial(self.jacobians, graph.of, graph.wrt)]
        if paths.count > MOST:
            return BackwardStyle(graph).parts()
        ways = paths.ways(self.jacobians.local)
        if all(len(way) == 1 for way in ways):
            return [self.local(graph.of, graph.wrt, Reason("result", {"of": graph.of, "by": graph.wrt}))]
        return [*self.locals(ways), *self.product(paths, ways)]

    # ----- local Jacobians -----

    def locals(self, ways: Ways) -> list[Part]:
        """Every local Jacobian on a way, once."""
        return [self.local(of, by) for of, by in names_of(ways) if not self.graph.is_undefined(of)]

    def general(self) -> list[Part]:
        """Those of a layer that its letter tells."""
        graph = self.graph
        order = [name for name in graph.generic_order() if not graph.counted(name)]
        pairs = [(user, name) for name in order for user in graph.uses(name) if not graph.counted(user)]
        return [self.local(of, by) for of, by in pairs if not self.graph.is_undefined(of)]

    def local(self, of: t.Name, by: t.Name, title: Reason | None = None) -> Part:
        """Component by component, then as a whole: ∂a_i/∂W_jp = δ_ij x_p is Id_m ⊗ x."""
        work = self.jacobians
        lines = Lines(work, of, by)
        lines.write(lines.component, Reason("components", {"of": of, "by": by}))
        derived = list(work.rules(of, by, lines.out, lines.inp))
        found = work.made(of, by, lines.out, lines.inp, derived[-1].sums)
        last = write(found.sums)
        for step in derived:
            if write(step.sums) != last:
                lines.write(write(step.sums), step.reason, "every step")
        reason = Reason("contraction") if write(derived[-1].sums) != last else derived[-1].reason
        about: dict[str, t.Tree] = {"of": of, "by": by, "space": work.space(of, by)}
        lines.write(last, reason, "lecture", summary([step.reason for step in derived[1:]], about))
        if (cases := by_cases(found)) is not None:
            lines.write(cases, Reason("cases"))
        lines.conclude(found, Reason("whole arrays"))
        return lines.part(title or Reason("direct Jacobian" if work.is_split(of, by) else "local Jacobian", about))

    # ----- the product -----

    def product(self, paths: Paths, ways: Ways) -> list[Part]:
        """The chain rule in whole Jacobians, the local ones put in, multiplied out from the left.

        Where that needs indices, the components follow in a part of their own.
        """
        graph, work = self.graph, self.jacobians
        lines = Lines(work, graph.of, graph.wrt)
        facts: dict[str, t.Tree] = {"of": graph.of, "by": graph.wrt}
        quotients = paths.ways(work.unevaluated)
        rule = Reason("sum over paths" if len(ways) > 1 else "chain rule", facts)
        lines.add(quotients, rule)
        lines.add(ways, local_reason(ways, work))
        lines.multiply(ways)
        whole = lines.whole(quotients)
        if not lines.by_entries or whole is None:
            return [lines.part(Reason("result", facts))]
        chain = Part(c.Partial(graph.of, graph.wrt), (Step(whole, rule, "result"),), Reason("result", facts))
        return [chain, lines.part(Reason("product in components", facts))]


def summary(reasons: list[Reason], facts: dict[str, t.Tree]) -> Reason:
    """What several rules in a row are called: the derivative of an affine map, else the one that says most."""
    if {reason.rule for reason in reasons} <= {"linearity", "independent entries"}:
        return Reason("derivative of an affine map", facts)
    return min(reasons, key=lambda reason: SALIENT.index(reason.rule))


def by_cases(one: Jacobian) -> t.Tree | None:
    """What stands where the indices of its only delta are equal, and 0 elsewhere; None of a matrix and of others."""
    if len(one.sums) != 1 or len(one.out) + len(one.inp) < 3:
        return None
    (product,) = one.sums
    (*found,) = deltas(product)
    if len(found) != 1 or product.letters or product.below:
        return None
    rest = product_of(f for f in product.factors if f not in found)
    if rest is None or product.coefficient != 1:
        return None
    return c.Cases(((rest, t.Comparison(found[0].args, ("==",))), (t.Number("0"), None)))
