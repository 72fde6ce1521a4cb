"""Composite: an op that is a small graph of other ops, written as the equations of a textbook.

Its Jacobian is the product of the ops' Jacobians by the chain rule, so the closed form prints with the names that the
equations give: `δ_ii' o_i tanh'(c1)_i c_i sigmoid'(z_f)_i x_j`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from jacobians.jacobian import Jacobian
from jacobians.op import Op, Shape, Signature
from jacobians.terms import Array, Labels, Term, free_label

if TYPE_CHECKING:
    from jacobians.model import Model
    from jacobians.run import Run


class Composite(Op):
    """A subclass declares `inputs` and `output` as every op does, and gives `equations` in place of rules."""

    def equations(self) -> str:
        """The forward pass in the language of models, in the names of the inputs; the last equation is the output."""
        raise NotImplementedError

    def graph(self, shapes: dict[str, Shape]) -> Model:
        """The equations as a model for inputs of these shapes."""
        return _graph(self.equations(), tuple(shapes.items()))

    def compute(self, **inputs: Array) -> Array:
        model = self.graph({name: value.shape for name, value in inputs.items()})
        values = dict(inputs)
        for name, node in model.nodes.items():
            values[name] = node.op.compute(**{key: values[source] for key, source in node.sources.items()})
        return values[model.output]

    def run(self, arrays: dict[str, Array]) -> Run:
        """The forward pass of the graph with every value kept, and checked by the ops inside."""
        from jacobians.run import Run

        return Run(self.graph({name: value.shape for name, value in arrays.items()}), arrays)

    def kink_distance(self, **inputs: Array) -> float:
        """The smallest of the ops inside."""
        run = self.run(inputs)
        return min(run.kink_distance(name) for name in run.model.nodes)

    def _jacobian(self, wrt: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]) -> Jacobian:
        run = self.run(arrays)
        J = run.jacobian(run.model.output, wrt, order="backward")
        out, inp = signature.output, signature.inputs[wrt]
        return Jacobian(_labelled(J, out, inp), J.out_shape, J.in_shape, lambda: _shown(J, out, inp))

    def _second(
        self, wrt: str, other: str, arrays: dict[str, Array], signature: Signature, sizes: dict[str, int]
    ) -> Jacobian:
        from jacobians.curvature import second_derivative

        run = self.run(arrays)
        return second_derivative(run, run.model.output, wrt, other)

    def inner_names(self) -> tuple[str, ...]:
        """What the equations name on the way to the output."""
        return tuple(name for name in re.findall(r"^\s*(\w+)\s*=", self.equations(), re.M) if name != self.symbol)


def _shown(J: Jacobian, out: Labels, inp: Labels) -> Jacobian:
    return Jacobian(_labelled(J.shown, out, inp), J.out_shape, J.in_shape)


def _labelled(J: Jacobian, out: Labels, inp: Labels) -> list[Term]:
    """The terms with their axes called as the op declares them; hidden labels take what is free."""
    terms = []
    for t in J.terms:
        name: dict[str, str] = {}
        wanted = dict(zip((*t.inp[::-1], *t.out[::-1]), (*inp[::-1], *out[::-1]), strict=True))
        for a in dict.fromkeys((*t.out, *t.inp, *t.hidden)):
            name[a] = free_label(wanted.get(a, a), name.values())
        terms.append(t.relabel(name))
    return terms


@lru_cache(maxsize=256)
def _graph(equations: str, shapes: tuple[tuple[str, Shape], ...]) -> Model:
    from jacobians.equations import read_equations

    return read_equations(equations, dict(shapes))
